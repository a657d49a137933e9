"""Keys as the one text that a person edits."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.story.key_list import format_keys, parse_keys


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", ()),
        ("cat", ("cat",)),
        (" cat , old dog,\nbird ", ("cat", "old dog", "bird")),
        ("cat,,", ("cat",)),
        ("/drag(on|ons)/i, cat", ("/drag(on|ons)/i", "cat")),
        ("/a{1,3}/, b", ("/a{1,3}/", "b")),
        (r"/a\/b, c/i", (r"/a\/b, c/i",)),
        ("and/or, /cat", ("and/or", "/cat")),
        ('"Smith, John", Ana', ("Smith, John", "Ana")),
        ('"say ""no""", "half', ('say "no"', '"half')),
    ],
)
def test_what_is_typed_becomes_keys(text: str, keys: tuple[str, ...]) -> None:
    assert parse_keys(text) == keys


PIECES = st.text(st.sampled_from('a/\\", \n{}i') | st.characters(codec="utf-8"), max_size=12)


@given(st.lists(PIECES, max_size=6))
def test_no_key_is_lost_or_changed_on_the_way(keys: list[str]) -> None:
    assert parse_keys(format_keys(keys)) == tuple(keys)


@pytest.mark.parametrize("piece", ["/1,", '"a,', "/\\", "/a/b,", '""'])
def test_hostile_texts_are_read_in_time(piece: str) -> None:
    start = time.process_time()
    parse_keys(piece * 40_000)
    assert time.process_time() - start < 4
