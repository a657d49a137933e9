"""A story that a server wrote: what is kept of each reply, and that the file goes round."""

from __future__ import annotations

import json

import pytest

from engine.lm.remote.servers import Kind
from engine.story.chances import of_reply
from engine.story.context import ContextBuilder
from engine.story.formats import own
from engine.story.node import Kind as NodeKind
from engine.story.profile import GPT2
from engine.story.tree import Story
from engine.turn import Play, prepare
from tests.engine.lm.remote.conftest import Connect
from tests.helpers.model_server import ModelServer


@pytest.mark.parametrize("tells", [True, False], ids=["log-probabilities", "none"])
def test_a_reply_keeps_what_the_server_told_and_nothing_made_up(
    connect: Connect, server: ModelServer, *, tells: bool
) -> None:
    server.behaviour.logprobs = "columns" if tells else ""
    server.behaviour.words = lambda _body, _row: ("\n\n", "You", " open", " the chest.")
    backend = connect(Kind.VLLM)
    story = Story()
    story.append(NodeKind.OPENING, "You stand in a hall.")
    story.append(NodeKind.DO, "open the chest")
    turn = prepare(story, backend, ContextBuilder(backend.tokenizer, GPT2), Play(n=2), seed=5)
    for _ in turn.run(backend):
        pass
    node = turn.commit(story, backend.identity, row=1)
    assert node is not None
    assert node.text == "\n\nYou open the chest."
    assert node.meta is not None
    assert (node.meta.model, node.meta.seed) == ("tiny-model", 5)
    assert node.meta.logprobs == ((-0.5,) * 4 if tells else ())
    assert len(node.meta.ids) == len(node.meta.logprobs)
    chances = of_reply(node, backend.tokenizer)
    shown = [node.text[chance.start : chance.end] for chance in chances]
    assert shown == (["You", " open", " the chest."] if tells else [])
    text = json.dumps(own.to_json(story), allow_nan=False)
    again, report = own.from_json(text)
    assert again.text == story.text
    assert not report.dropped
