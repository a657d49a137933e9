"""Lore entries as values, and their keys in a text."""

from __future__ import annotations

import json
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import KnownError
from engine.story.lore_keys import BadKeyError, KeyFinder, Texts, compile_key, is_pattern
from engine.story.lorebook import Cut, Entry, Logic, LoreSettings, Position, Trim

ODD = Entry(
    "7", "Cinder", "a dragon", ("Cinder", "/drag.n/i"), ("gold",), Logic.NOT_ALL, constant=True,
    enabled=False, whole_word=False, match_case=True, scan_depth=3, position=Position.AFTER_NOTE,
    depth=2, order=-5, budget=0.25, reserve=40, priority=-400, trim=Trim.TOP, finest=Cut.WORD,
    probability=12.5, group="g", weight=3, sticky=1, cooldown=2, delay=3, recursable=False,
    recursive=False, folder="a/b", extra={"uid": 3},
)  # fmt: skip


def test_entries_and_settings_survive_json() -> None:
    assert Entry.from_json(json.loads(json.dumps(ODD.to_json()))) == ODD
    assert Entry("1").to_json() == {"id": "1"}
    settings = LoreSettings(3, 2, ("a",), 9)
    assert LoreSettings.from_json(json.loads(json.dumps(settings.to_json()))) == settings


def test_unknown_names_are_kept_for_the_way_out() -> None:
    entry = Entry.from_json({"id": "1", "vectorized": True, "extra": {"uid": 3}})
    assert entry.extra == {"uid": 3, "vectorized": True}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"id": 3},
        {"id": "1", "keys": "a,b"},
        {"id": "1", "keys": [1]},
        {"id": "1", "constant": "yes"},
        {"id": "1", "order": "high"},
        {"id": "1", "order": float("nan")},
        {"id": "1", "position": "nowhere"},
        {"id": "1", "extra": 3, "text": None},
    ],
)
def test_wrong_values_are_named(values: dict) -> None:
    with pytest.raises(KnownError, match=r"[Ll]ore"):
        Entry.from_json(values)


def test_a_damaged_entry_is_switched_off_and_kept() -> None:
    damaged = {"id": "1", "name": "Cinder", "keys": 3}
    entry = Entry.readable(damaged)
    assert (entry.name, entry.enabled, entry.extra) == ("Cinder", False, damaged)
    assert Entry.readable({"id": "1", "text": "x"}) == Entry("1", text="x")
    assert LoreSettings.readable({"scan_depth": "deep"}) == LoreSettings()
    assert LoreSettings.readable(None) == LoreSettings()
    assert LoreSettings.readable({"scan_depth": 3}) == LoreSettings(3)


def test_absurd_numbers_are_bounded() -> None:
    entry = Entry.from_json({"id": "1", "sticky": 10**9, "scan_depth": 10**9, "probability": 900})
    assert entry.sticky <= 1000
    assert entry.scan_depth is not None
    assert entry.scan_depth <= 1000
    assert entry.probability == 100


@given(st.dictionaries(st.sampled_from([*Entry.__dataclass_fields__]), st.none() | st.integers() | st.text() | st.lists(st.text()) | st.floats() | st.booleans()))  # fmt: skip
def test_any_json_is_an_entry_or_a_sentence(values: dict) -> None:
    with suppress(KnownError):
        Entry.from_json(values)


def found(key: str, text: str, *, whole_word: bool = True, match_case: bool = False) -> bool:
    finder = KeyFinder()
    finder.start()
    return (
        finder.find(key, Texts([text]), 1, whole_word=whole_word, match_case=match_case) is not None
    )


@pytest.mark.parametrize(
    ("key", "text", "hit"),
    [
        ("cat", "The Cat sat.", True),
        ("cat", "The caterpillar and the bobcat", False),
        ("cat", "caterpillar, cat", True),
        ("the king's", "the king’s horse", True),
        ("C++", "He wrote C++.", True),
        ("...", "Well...then", True),
        ("  seal ", "A seal.", True),
        ("", "anything", False),
        ("   ", "any thing", False),
        ("Straße", "Die STRASSE ist lang", True),
        ("Анна", "а Анна спит", True),
        ("/drag(on|oon)s?/i", "Dragoons", True),
        ("/Drag/", "dragon", False),
        ("/^cat/m", "a\ncat", True),
        ("/a.b/s", "a\nb", True),
    ],
)
def test_keys(key: str, text: str, hit: bool) -> None:
    assert found(key, text) is hit


def test_parts_of_words_and_case_where_asked_for() -> None:
    assert found("cat", "bobcats", whole_word=False)
    assert not found("Cat", "cat", match_case=True)
    assert found("Cat", "Cat", match_case=True)


@pytest.mark.parametrize("key", ["/[/", "/(/", "/a{99999999999}/", "/((a{99}){99}){99}/", "/x*/", "/a/q", "/" + "a" * 900 + "/", "/(?P<a>b)(?P=c)/"])  # fmt: skip
def test_unusable_patterns_are_named(key: str) -> None:
    assert is_pattern(key)
    with pytest.raises(BadKeyError):
        compile_key(key)


def test_a_pattern_that_never_ends_is_given_up() -> None:
    finder = KeyFinder()
    finder.start()
    began = time.monotonic()
    texts = Texts(["a" * 5000 + "!"] * 20)
    for number in range(50):
        with pytest.raises(BadKeyError, match="too long"):
            finder.find(f"/(a+)+{number}$/", texts, 20, whole_word=True, match_case=False)
    assert time.monotonic() - began < 3
