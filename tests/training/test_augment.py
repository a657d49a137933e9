"""Augmentation is honest: what it says of an adventure is true of it, and names stay one name."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest

import training
from training.adventures_file import Adventure, parse_adventure, read_adventures, window_text
from training.augment import style_note, variant
from training.names import FEMALE, MALE, OTHER
from training.rename import proper_names, rename, swap_gender

FOLDER = Path(training.__file__).parent / "adventures"
TEXT = """title: The Lamp
genre: castle
memory: You are Oto. You have a broom.
lore: Ruby = the dragon, shy and red | the king = he says no
---
Ruby sits in the yard. "Sorry," she says.

> You look at Ruby.

You look at Ruby. She hides her face, and then she looks back at her tail.

"I am sad," says Ruby.

> You wave to Ruby.

You wave, and Ruby waves at you.

Then it rains.
"""


@pytest.fixture(scope="module")
def adventures() -> list[Adventure]:
    return read_adventures(FOLDER / "simple_a_1.txt")


@pytest.fixture(scope="module")
def names(adventures: list[Adventure]) -> frozenset[str]:
    return proper_names(f"{a.memory} {a.body}" for a in adventures)


def test_an_adventure_is_parsed() -> None:
    adventure = parse_adventure(TEXT)
    assert adventure.lore == (("Ruby", "the dragon, shy and red"), ("the king", "he says no"))
    turns = list(adventure.turns())
    assert [action for _, action, _ in turns] == ["> You look at Ruby.", "> You wave to Ruby."]
    assert turns[0][0] == 'Ruby sits in the yard. "Sorry," she says.'
    assert turns[0][2].endswith('"I am sad," says Ruby.')
    assert turns[1][0].endswith(turns[0][2])


def test_every_adventure_is_whole() -> None:
    for path in sorted(FOLDER.glob("*.txt")):
        if path.name.startswith("README"):
            continue
        for adventure in read_adventures(path):
            assert adventure.memory, adventure.title
            assert len(list(adventure.turns())) >= 8, adventure.title
            assert adventure.title.isascii()
            assert adventure.body.isascii()


def test_no_validation_adventure_is_trained_on() -> None:
    held = {a.title for a in read_adventures(FOLDER / "validation.txt")}
    trained = {
        a.title
        for path in FOLDER.glob("*.txt")
        if path.stem != "validation"
        for a in read_adventures(path)
    }
    assert held
    assert not held & trained


def test_the_window_is_in_embers_form() -> None:
    adventure = parse_adventure(TEXT)
    text = window_text("You wake.", memory=adventure.memory, lore=adventure.lore, note="Short.")
    assert text == (
        "[Memory: You are Oto. You have a broom.]\n"
        "[Lore: Ruby is the dragon, shy and red; the king is he says no]\n"
        "[Note: Short.]\n\nYou wake."
    )
    assert window_text("You wake.") == "You wake."


def test_a_name_is_exchanged_everywhere_or_nowhere(names: frozenset[str]) -> None:
    text = "You see Ruby. The cook tells Ruby a tale, and Ruby laughs. She thanks Ruby's cook."
    changed = rename(text, frozenset({*names, "ruby"}), Random(1))
    new = re.findall(r"You see (\w+)\.", changed)[0]
    assert new != "Ruby"
    assert changed == text.replace("Ruby", new)
    assert new in {*FEMALE, *MALE, *OTHER}


def test_words_and_places_are_no_names(adventures: list[Adventure]) -> None:
    found = proper_names(f"{a.memory} {a.body}" for a in adventures)
    assert "ruby" in found
    assert not found & {"you", "the", "she", "goose", "milk", "friday"}


def test_he_and_she_are_exchanged() -> None:
    text = "He gave his hat to her. Her brother saw him, and the king took her home himself."
    assert swap_gender(text) == (
        "She gave her hat to him. His sister saw her, and the queen took him home herself."
    )


def test_variants_keep_the_form(adventures: list[Adventure], names: frozenset[str]) -> None:
    random = Random(0)
    texts = [variant(a, names, random) for a in adventures for _ in range(40)]
    line = re.compile(r"\[(?:Memory|Lore|Note): [^\n]+\]")
    for text in texts:
        blocks = text.split("\n\n")
        assert all(line.fullmatch(row) for b in blocks if b[0] == "[" for row in b.splitlines())
        assert not re.search(r"\n{3}|> \n", text)
    assert len(set(texts)) > 0.95 * len(texts)
    for part in ("[Memory: ", "[Lore: ", "[Note: ", "\n\n[Note: ", "\u201c", "\n\n> You "):
        assert any(part in text for text in texts), part
    assert any(not text.startswith("[") for text in texts)


def test_the_same_seed_makes_the_same_variants(
    adventures: list[Adventure], names: frozenset[str]
) -> None:
    one, two = ([variant(a, names, Random(4)) for a in adventures] for _ in range(2))
    assert one == two


def test_notes_are_true(adventures: list[Adventure]) -> None:
    random = Random(0)
    for adventure in adventures:
        blocks = adventure.blocks
        replies = [block for block in blocks if not block.startswith("> ")]
        words = sum(len(block.split()) for block in replies) / len(replies)
        notes = {style_note(adventure, blocks, random) for _ in range(30)}
        assert (words < 28) >= ("Short replies." in notes)
        assert (words > 48) >= ("Long replies." in notes)
        assert f"Genre: {adventure.genre}." in notes
