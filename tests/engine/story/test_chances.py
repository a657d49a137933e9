"""Tokens as ranges of text, words as groups of tokens."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from engine.lm.scripted import ByteTokenizer
from engine.story.chances import Chance, Other, of_reply, of_window, ranges, words
from engine.story.context import ContextBuilder, Sources
from engine.story.node import Author, Kind, ReplyMeta
from engine.story.profile import EMBER
from engine.story.tree import Story

BYTES = ByteTokenizer()


def replied(text: str, said: str | None = None) -> Story:
    ids = tuple(BYTES.encode(said if said is not None else text))
    meta = ReplyMeta(
        "m", "d", 1, ids=ids, logprobs=tuple(-0.5 for _ in ids),
        top=tuple(((i, -0.5), (33, -2.0)) for i in ids),
    )  # fmt: skip
    story = Story()
    story.append(Kind.OPENING, "Once.")
    story.append(Kind.REPLY, text, Author.MODEL, meta=meta, join=True)
    return story


@given(st.text(max_size=60))
def test_ranges_cover_every_character_once(text: str) -> None:
    ids = BYTES.encode(text)
    back, places = ranges(ids, BYTES)
    assert back == text.encode("utf-8", "replace").decode()
    assert len(places) == len(ids)
    at = 0
    for start, end in places:
        assert start == at
        at = end
    assert at == len(back)


@given(st.text(alphabet="ab \né😀.", min_size=1, max_size=40))
def test_an_unchanged_reply_has_a_chance_for_every_word(text: str) -> None:
    story = replied("\n\n" + text)
    node = story.branch()[-1]
    chances = of_reply(node, BYTES)
    covered = {i for one in chances for i in range(one.start, one.end)}
    assert covered >= {i for i, c in enumerate(node.text) if not c.isspace()}
    for word in words(node.text, chances):
        assert node.text[word.start : word.end].split() == [node.text[word.start : word.end]]
        assert word.probability == math.exp(sum(one.logprob for one in word.tokens))


def test_trimming_and_swallowed_white_space_do_not_shift_it() -> None:
    story = replied("\n\nYou open it.", said=" \n You open it. And then")
    node = story.branch()[-1]
    found = words(node.text, of_reply(node, BYTES))
    assert [node.text[w.start : w.end] for w in found] == ["You", "open", "it."]
    assert found[0].tokens[0].others == (Other("Y", -0.5), Other("!", -2.0))


def test_words_changed_by_a_person_have_none_and_the_others_keep_theirs() -> None:
    story = replied("\n\nYou open the old chest.")
    at = story.text.index("old")
    story.replace(at, at + 3, "golden")
    node = story.branch()[-1]
    found = {node.text[w.start : w.end] for w in words(node.text, of_reply(node, BYTES))}
    assert {"You", "open", "the", "chest."} <= found
    assert "golden" not in found


def test_a_window_gives_chances_to_passages_but_not_to_wrappers() -> None:
    story = replied("\n\nYou see a door.")
    story.append(Kind.DO, "open the door")
    story.append(Kind.STORY, "It creaks.")
    builder = ContextBuilder(BYTES, EMBER)
    context = builder.build(Sources(story.branch(), memory="You are Ana."), 400)
    scores = [(None if i == 0 else -0.1 * (i % 7), ()) for i in range(len(context.tokens))]
    by_node = of_window(context, scores, BYTES)
    for node in story.branch():
        texts = [node.text[w.start : w.end] for w in words(node.text, by_node.get(node.id, []))]
        if node.kind is Kind.DO:
            assert texts == [] or set(texts) <= set(node.text.split())
        else:
            assert texts == node.text.split()


def test_ids_of_another_vocabulary_are_left_alone() -> None:
    meta = ReplyMeta("m", "d", 1, ids=(9000, 1), logprobs=(-1.0, -1.0))
    story = Story()
    story.append(Kind.REPLY, "Hm.", Author.MODEL, meta=meta, join=True)
    assert of_reply(story.branch()[-1], BYTES) == []


def test_a_token_that_ends_one_word_and_begins_the_next_stays_with_its_word() -> None:
    found = words("to be", [Chance(0, 2, -1.0), Chance(2, 5, -2.0)])
    assert [(w.start, w.end, w.logprob) for w in found] == [(0, 2, -1.0), (3, 5, -2.0)]
