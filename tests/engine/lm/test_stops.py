"""Stop strings across token borders."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.lm.backend import Token
from engine.lm.stops import Holdback, ends_sentence


def run(pieces: list[str], stop: tuple[str, ...]) -> tuple[str, bool]:
    hold = Holdback(stop)
    out = ""
    for n, piece in enumerate(pieces):
        out += "".join(t.text for t in hold.push(Token(0, n, piece, 0.0)))
        assert not any(s in out for s in stop)
        if hold.stopped:
            return out, True
    return out + "".join(t.text for t in hold.flush()), False


@given(
    pieces=st.lists(st.text("ab\n>", max_size=4), max_size=30),
    stop=st.lists(st.text("ab\n>", min_size=1, max_size=4), min_size=1, max_size=3),
)
def test_what_is_shown_is_the_text_before_the_first_stop(
    pieces: list[str], stop: list[str]
) -> None:
    text = "".join(pieces)
    shown, stopped = run(pieces, tuple(stop))
    assert stopped == any(s in text for s in stop)
    if not stopped:
        assert shown == text
    else:  # the text up to the stop string that was complete first
        ends = [i + len(s) for s in stop if (i := text.find(s)) >= 0]
        seen, length = "", 0
        for piece in pieces:
            seen += piece
            length += len(piece)
            if length >= min(ends):
                break
        assert shown == seen[: min(seen.find(s) for s in stop if s in seen)]


def test_tokens_keep_their_ids_and_nothing_is_held_without_need() -> None:
    hold = Holdback(("\n>",))
    assert [t.id for t in hold.push(Token(0, 1, "word", 0.0))] == [1]
    assert hold.push(Token(0, 2, "\n", 0.0)) == []
    assert [t.id for t in hold.push(Token(0, 3, "next", 0.0))] == [2, 3]


def test_an_end_that_is_refused_loses_nothing_that_was_held() -> None:
    hold = Holdback(("\n>",))
    assert hold.push(Token(0, 1, "\n", 0.0)) == []
    assert [t.id for t in hold.flush()] == [1]  # the text wanted to end
    hold.refuse()  # and was not let
    assert [t.id for t in hold.push(Token(0, 2, "word", 0.0))] == [1, 2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He ran.", True),
        ('"Stop!"', True),
        ("Who is there?\u201d", True),
        ("Wait\u2026", True),
        ("Mr.", False),
        ("said Dr.", False),
        ("the J.", False),
        ("and then", False),
        ("", False),
        ("(It was late.)", True),
    ],
)
def test_where_a_sentence_may_end(text: str, *, expected: bool) -> None:
    assert ends_sentence(text) is expected
