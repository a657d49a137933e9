"""Hidden comments and folding: what is shown, and where it stands in the text."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.story.visible import fold, opens_comment, shown, visible

marked = st.lists(st.sampled_from(["<|", "|>", " ", "\n", "a", "é", "—", "\x1c", "x y"])).map(
    "".join
)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain", "plain"),
        ("One <|hidden|> two", "One two"),
        ("One<|hidden|>two", "Onetwo"),
        ("A\n\n<|a note|>\n\nB", "A\n\nB"),
        ("<|first|>A", "A"),
        ("A <|last|>", "A"),
        ("<|a|><|b|>", ""),
        ("A <|b c", "A <|b c"),
        ("A |> b", "A |> b"),
        ("a\x00b\x1cc", "abc"),
    ],
)
def test_comments_and_controls_are_not_shown(text: str, seen: str) -> None:
    assert shown(text) == seen


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("“Café” — l’été…", '"Cafe" -- l\'ete...'),
        ("Œuvre, Straße, Łódź", "OEuvre, Strasse, Lodz"),
        ("e\u0301", "e"),
        ("a\xa0b\u2003c", "a b c"),
        ("Привет 🐉", "Привет 🐉"),
    ],
)
def test_folding_keeps_what_has_no_counterpart(text: str, folded: str) -> None:
    assert fold(text) == folded
    assert shown(text, ascii_only=True) == folded


@given(text=marked | st.text(), ascii_only=st.booleans(), hidden=st.booleans())
def test_runs_cover_what_is_shown_in_order(text: str, ascii_only: bool, hidden: bool) -> None:
    seen = visible(text, ascii_only=ascii_only, hidden=hidden)
    at = before = 0
    for run in seen.runs:
        assert run.start == at
        assert run.end > at
        assert before <= run.first < run.last <= len(text)
        if run.end - run.start == run.last - run.first:
            part = text[run.first : run.last]
            assert seen.text[run.start : run.end] in (part, fold(part))
        at, before = run.end, run.last
    assert at == len(seen.text)


@given(st.lists(marked, max_size=4))
def test_a_comment_is_followed_through_passages(parts: list[str]) -> None:
    hidden = False
    for part in parts:
        hidden = opens_comment(part, hidden=hidden)
    assert hidden == opens_comment("".join(parts)) or any(
        a.endswith(("<", "|")) and b.startswith(("|", ">")) for a, b in pairwise(parts)
    )


def test_a_text_of_nothing_but_openings_is_read_once() -> None:
    began = time.monotonic()
    shown("<|" * 500_000)
    shown("<|a|>" * 100_000)
    assert time.monotonic() - began < 3
