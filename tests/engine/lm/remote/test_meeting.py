"""Getting to know a server: what it is, its window, its tokenizer; and streams cut anywhere."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import AsyncIterator
from itertools import pairwise

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.lm.backend import Token
from engine.lm.remote.remote_backend import ASSUMED_WINDOW, RemoteBackend
from engine.lm.remote.remote_tokenizer import RemoteTokenizer
from engine.lm.remote.servers import Kind, Server
from engine.lm.remote.shrink import shrink
from engine.lm.settings import SamplerSettings
from engine.opening import END_OF_TEXT, open_server
from engine.story.context import ContextBuilder, Sources
from engine.story.node import Kind as NodeKind
from engine.story.profile import EMBER
from engine.story.tree import Story
from tests.engine.lm.remote.asking import request, texts
from tests.engine.lm.remote.conftest import QUICK, Connect
from tests.helpers.model_server import WORDS, ModelServer


@pytest.mark.parametrize(
    ("behaviour", "kind", "n_ctx", "tokenizes"),
    [
        ({"owner": "vllm"}, Kind.VLLM, 512, True),
        ({"props": True}, Kind.LLAMACPP, 512, True),
        ({"owner": "me"}, Kind.LLAMA_PYTHON, ASSUMED_WINDOW, True),
        ({}, Kind.OPENAI, ASSUMED_WINDOW, False),
        ({"kobold": True}, Kind.KOBOLD, 512, True),
        ({"kobold": True, "streams": False}, Kind.KOBOLD, 512, False),
    ],
)
def test_a_server_is_recognised(
    connect: Connect,
    server: ModelServer,
    behaviour: dict[str, object],
    kind: Kind,
    n_ctx: int,
    *,
    tokenizes: bool,
) -> None:
    server.behaviour.n_ctx = 512
    for name, value in behaviour.items():
        setattr(server.behaviour, name, value)
    backend = connect()
    assert (backend.facts.kind, backend.n_ctx) == (kind, n_ctx)
    assert backend.facts.tokenizes == tokenizes
    assert backend.name == "tiny-model"
    assert texts(backend.generate(request(backend))) == ["".join(WORDS)]
    assert bool(backend.warnings) == (n_ctx == ASSUMED_WINDOW)
    assert not backend.capabilities.score
    assert backend.capabilities.unavailable


def test_an_entry_says_more_than_the_server(connect: Connect) -> None:
    backend = connect(Kind.OPENAI, n_ctx=3000, model="other")
    assert (backend.n_ctx, backend.name) == (3000, "other")
    assert backend.warnings == ()


def test_a_model_that_is_a_path_keeps_its_folders_to_itself(connect: Connect) -> None:
    for path in ("/home/bob/models/tale.gguf", "C:\\Users\\bob\\tale.gguf"):
        backend = connect(Kind.OPENAI, model=path)
        assert backend.name == "tale"
        assert "bob" not in str(backend.identity)


def test_counts_are_estimates_until_the_server_answered(
    connect: Connect, server: ModelServer
) -> None:
    server.behaviour.owner = "vllm"
    backend = connect()
    text = "one two three four"
    assert backend.tokenizer.count(text) > 4
    end = time.monotonic() + 5
    while not backend.tokenizer.knows(text) and time.monotonic() < end:
        time.sleep(0.01)
    assert backend.tokenizer.count(text) == 4
    asked = [told for told in server.requests if told.path == "/tokenize"]
    assert len(asked) == 1


def test_a_server_that_cannot_count_is_asked_again_later(connect: Connect) -> None:
    told: list[str] = []
    tokenizer = RemoteTokenizer(told.append)
    tokenizer.encode("hello")
    tokenizer.encode("hello")
    assert told == ["hello"]
    tokenizer.learn("hello", ())
    tokenizer.encode("hello")
    assert told == ["hello", "hello"]


@given(st.text(max_size=200))
def test_an_estimate_can_be_read_back_and_is_on_the_safe_side(text: str) -> None:
    tokenizer = RemoteTokenizer()
    ids = tokenizer.encode(text)
    raw = text.encode("utf-8", "replace")
    assert tokenizer.decode_bytes(ids) == raw
    assert len(ids) == -(-len(raw) // 3)
    assert all(0 <= i < tokenizer.n_vocab and not tokenizer.is_special(i) for i in ids)
    assert not tokenizer.exact
    assert tokenizer.is_special(7)
    tokenizer.remember(7, text)
    assert tokenizer.decode_bytes([7, *ids]) == raw + raw


def test_a_window_of_estimates_fits_and_holds_what_it_should() -> None:
    story = Story()
    story.append(NodeKind.OPENING, "You stand in a hall.")
    for n in range(60):
        story.append(NodeKind.DO, f"open door number {n}")
        story.append(NodeKind.REPLY, f"\n\nBehind door number {n} is a room like the others.")
    builder = ContextBuilder(RemoteTokenizer(), EMBER)
    window = builder.build(Sources(story.branch(), memory="The key is green."), 400)
    assert 300 < len(window.tokens) <= 400
    assert window.text.startswith("[Memory: The key is green.]")
    assert window.head == len("[Memory: The key is green.]")
    assert window.text.endswith("like the others.")


@pytest.mark.parametrize(("model", "begins"), [("Ember", True), ("tiny-model", False)])
def test_a_model_that_was_taught_so_gets_its_beginning_of_text(
    server: ModelServer, model: str, *, begins: bool
) -> None:
    server.behaviour.owner = "vllm"
    opened = open_server(Server("a", server.url, model=model))
    with contextlib.closing(opened.backend) as backend:
        list(backend.generate(request(backend, "Hello")))
    assert (opened.profile == EMBER) == begins
    assert server.written[0].body["prompt"] == (END_OF_TEXT + "Hello" if begins else "Hello")


def test_a_full_window_leaves_room_for_the_servers_own_tokens(
    connect: Connect, server: ModelServer
) -> None:
    backend = connect(Kind.OPENAI, n_ctx=100)
    list(backend.generate(request(backend, "abc" * 60, max_tokens=40)))
    assert server.written[0].body["max_tokens"] == 38


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.9])
def test_a_shorter_window_keeps_memory_and_the_newest(share: float) -> None:
    memory = "[Memory: x.]"
    text = memory + "".join(f"\n\nThis is paragraph {n}. It has an end." for n in range(100))
    short = shrink(text, len(memory), share)
    assert len(short) <= len(text) * share
    assert len(short) > len(text) * share / 2
    assert short.startswith(memory + "\n\nThis is paragraph")
    assert text.endswith(short[len(memory) :])


class Split(httpx2.AsyncByteStream):
    """A body that arrives in pieces of any size."""

    def __init__(self, body: bytes, cuts: list[int]) -> None:
        places = [0, *sorted({min(cut, len(body)) for cut in cuts}), len(body)]
        self._parts = [body[a:b] for a, b in pairwise(places)]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part


class Canned(httpx2.AsyncBaseTransport):
    """Answers every writing request with the next body, in pieces."""

    def __init__(self) -> None:
        self.bodies: list[Split] = []
        self.kobold = False

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answers = {
            "/v1/models": {"data": [{"id": "tiny", "max_model_len": 512, "owned_by": "x"}]},
            "/api/v1/model": {"result": "tiny"},
            "/api/extra/version": {"version": "1"},
        }
        if request.url.path in answers:
            return httpx2.Response(200, json=answers[request.url.path])
        if not request.url.path.endswith(("/completions", "/stream")):
            return httpx2.Response(404, json={})
        headers = {"Content-Type": "text/event-stream"}
        return httpx2.Response(200, headers=headers, stream=self.bodies.pop(0))


@pytest.fixture(scope="module", params=[Kind.OPENAI, Kind.KOBOLD])
def canned(request: pytest.FixtureRequest):
    transport = Canned()
    backend = RemoteBackend(
        Server("a", "http://h.example", request.param), patience=QUICK, transport=transport
    )
    yield request.param, transport, backend
    backend.close()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=6),
    cuts=st.lists(st.integers(0, 900), max_size=30),
    mark=st.sampled_from([b"\n", b"\r\n", b"\r"]),
    comments=st.booleans(),
)
def test_a_stream_cut_anywhere_gives_the_same_events(
    canned, words: list[str], cuts: list[int], mark: bytes, *, comments: bool
) -> None:
    kind, transport, backend = canned
    body = b""
    for n, word in enumerate([*words, ""]):
        finish = "stop" if n == len(words) else None
        value = (
            {"token": word, "finish_reason": finish}
            if kind is Kind.KOBOLD
            else {"choices": [{"index": 0, "text": word, "finish_reason": finish}]}
        )
        ping = b": still here" + mark * 2 if comments else b""
        data = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
        body += ping + b"event: message" + mark + b"data: " + data + mark * 2
    asked = request(backend, sampling=SamplerSettings())
    transport.bodies = [Split(body, []), Split(body, cuts)]
    whole = [event for event in backend.generate(asked) if not _waits(event)]
    split = [event for event in backend.generate(asked) if not _waits(event)]
    assert split == whole or str(split) == str(whole)  # nan is not equal to itself
    assert [e.text for e in whole if isinstance(e, Token)] == [w.replace("\0", "") for w in words]


def _waits(event: object) -> bool:
    return type(event).__name__ == "Prefill"
