"""Scenarios: the format, its blanks, hostile files, and the ones that come with the program."""

from __future__ import annotations

import difflib
import random
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import KnownError
from engine.sentences import ends_sentence, sentence_ends
from engine.story import placeholders
from engine.story.lorebook import Entry
from engine.story.placeholders import Placeholder, find_placeholders, surprise_values
from engine.story.scenario import (
    MAX_FILE,
    Scenario,
    find_scenario,
    load_folder,
    load_scenario,
    parse_scenario,
    surprise,
)
from engine.story.trim import Mode

SCENARIOS, PROBLEMS = load_folder()


def filled(text: str, **values: str) -> str:
    return placeholders.fill(text, find_placeholders([text]), values)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("You are ${name|Mina|Who?}.", "You are Mina."),
        ("${a|x}${a}${a|y}", "xxx"),
        ("${a} and ${a|late}", "late and late"),
        ("${pet|cat/dog|Pet?}", "cat"),
        (r"${thing|half\/whole}", "half/whole"),
        ("${inn|${town|Dunmere}'s inn}", "Dunmere's inn"),
        ("$${not} a blank", "${not} a blank"),
        ("${open without end", "${open without end"),
        ("${}", "${}"),
        ("${ my  name |x}", "x"),
        ("costs $5 {here}", "costs $5 {here}"),
        ("${unknown}", ""),
        ("${q|a|Who | what?}", "a"),
    ],
)
def test_defaults(text: str, plain: str) -> None:
    assert filled(text) == plain


def test_answers() -> None:
    text = "${hero|Mina|Who?} meets ${pet|a cat/a dog|Pet?}. ${hero} waves."
    assert filled(text, hero="Bo") == "Bo meets a cat. Bo waves."
    assert filled(text, hero="  ", pet="a\nnewt ") == "Mina meets a newt. Mina waves."
    assert filled(text, hero="${pet}") == "${pet} meets a cat. ${pet} waves."
    assert filled(text, other="x") == "Mina meets a cat. Mina waves."
    assert len(filled("${a}", a="x" * 5000)) == placeholders.MAX_ANSWER


def test_the_same_name_is_asked_once() -> None:
    found = find_placeholders(["${a}", "${a|x/y|Which?} ${b|c}", "${a|other}"])
    assert found == (Placeholder("a", "x", "Which?", ("x", "y")), Placeholder("b", "c"))
    assert [item.label for item in found] == ["Which?", "B"]


def test_circles_and_floods_are_refused() -> None:
    with pytest.raises(KnownError, match="circle: a -> b -> a"):
        find_placeholders(["${a|${b}} ${b|${a}}"])
    with pytest.raises(KnownError, match="more than 50"):
        find_placeholders([" ".join(f"${{n{at}}}" for at in range(60))])
    doubling = (
        " ".join(f"${{n{at}|${{n{at + 1}}}${{n{at + 1}}}}}" for at in range(40)) + " ${n40|x}"
    )
    assert len(filled(doubling)) < 40 * 300
    assert "${" in filled("${a|" * 50 + "x" + "}" * 50)


@given(st.text(alphabet="$ {}|/ab\\", max_size=40))
def test_any_text_can_be_filled(text: str) -> None:
    try:
        found = find_placeholders([text])
    except KnownError:
        return
    placeholders.fill(text, found, {item.name: "v" for item in found})


def test_a_scenario_is_filled_everywhere() -> None:
    scenario = parse_scenario(
        {
            "title": "The ${pet|cat}",
            "opening": "A ${pet} sits here.",
            "memory": "You have a ${pet}.",
            "note": "${pet}!",
            "lore": [{"name": "${pet}", "keys": ["${pet}", "animal"], "text": "a ${pet}"}],
        },
        where="It",
    )
    done = scenario.fill({"pet": "newt"})
    assert (done.title, done.opening, done.memory, done.note) == (
        "The newt",
        "A newt sits here.",
        "You have a newt.",
        "newt!",
    )
    assert done.lore[0]["keys"] == ("newt", "animal")
    assert done.placeholders == ()
    assert scenario.fill().title == "The cat"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "has no title"),
        ("title = 5", "title must be text"),
        ('title = "x"\nkind = "song"', "kind must be one of"),
        ('title = "x"\ncolour = 1', "unknown key 'colour'"),
        ('title = "x"\nlore = 1', "lore must be"),
        ('title = "x"\n[[lore]]\nname = "n"', "lore 1 has no text"),
        ('title = "x"\n[[lore]]\ntext = "n"', "lore 1 has no keys"),
        ('title = "x"\n[[lore]]\ntext = "n"\nkeys = [1]', "lore 1: keys must be text"),
        ('title = "x"\n[[lore]]\ntext = "n"\nkeys = "k"', "keys must be a list"),
        ('title = "x"\n[[lore]]\ntext = "n"\nconstant = 1', "constant must be"),
        ('title = "x"\nsettings = 3', "settings must be a table"),
        ('title = "x"\n[settings]\na = [1]', "the setting a must be"),
        ('title = "x\\u0000"', "control character"),
        ("title = ", "no valid TOML"),
        (f'title = "{"x" * 200}"', "longer than 120"),
        ("x" * (MAX_FILE + 1), "larger than 256 KB"),
    ],
)
def test_bad_files_are_named(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(KnownError, match=message) as caught:
        load_scenario(path)
    assert "bad.toml" in str(caught.value)


def test_hostile_bytes_give_a_sentence_or_a_scenario(tmp_path: Path) -> None:
    draw = random.Random(1)
    good = b'title = "A ${b|c/d|E?}"\n[settings]\na = 1\n[[lore]]\ntext = "x"\nkeys = ["k"]\n'
    path = tmp_path / "x.toml"
    for _ in range(300):
        data = bytearray(good)
        for _ in range(draw.randint(1, 4)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        path.write_bytes(bytes(data[: draw.randint(1, len(data))]))
        found, problems = load_folder(tmp_path)
        assert len(found) + len(problems) == 1
        assert all("x.toml" in str(problem) for problem in problems)


def test_one_bad_file_hides_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('title = "A"', encoding="utf-8")
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe")
    found, problems = load_folder(tmp_path)
    assert [item.title for item in found] == ["A"]
    assert ["b.toml" in str(problem) for problem in problems] == [True]
    assert load_folder(tmp_path / "nowhere") == ([], [])


def test_finding_one_by_name() -> None:
    assert find_scenario("castle-gray", SCENARIOS).title == "Under Castle Gray"
    assert find_scenario(" under castle GRAY ", SCENARIOS).name == "castle-gray"
    with pytest.raises(KnownError, match="perhaps 'castle-gray'"):
        find_scenario("castle grey", SCENARIOS)


def test_surprises_are_repeatable_and_various() -> None:
    drawn = [surprise(SCENARIOS, seed) for seed in range(60)]
    assert drawn == [surprise(SCENARIOS, seed) for seed in range(60)]
    assert len({item.title for item in drawn}) > 20
    assert all(item.kind is Mode.ADVENTURE and "${" not in str(item) for item in drawn)
    own = find_scenario("your-own", SCENARIOS)
    answers = [surprise_values(own.placeholders, seed)["place"] for seed in range(40)]
    assert len(set(answers)) == 4
    with pytest.raises(KnownError):
        surprise([], 1)


def test_the_bundled_ones_are_enough_and_all_load() -> None:
    assert PROBLEMS == []
    adventures = [item for item in SCENARIOS if item.kind is Mode.ADVENTURE]
    assert len(adventures) >= 24
    assert len({item.genre for item in adventures}) >= 8
    assert sum(bool(item.placeholders) for item in adventures) >= 10
    blanks = {item.kind for item in SCENARIOS if item.genre == "Blank page"}
    assert blanks == {Mode.STORY, Mode.POEM, Mode.DIALOGUE, Mode.SCRIPT}
    assert len({item.title for item in SCENARIOS}) == len(SCENARIOS)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda item: item.name)
def test_each_suits_a_small_model_and_a_card(scenario: Scenario) -> None:
    done = scenario.fill()
    texts = [done.title, done.opening, done.memory, done.note]
    texts += [
        part for entry in done.lore for part in (entry["name"], entry["text"], *entry["keys"])
    ]
    assert all(text.isascii() and "${" not in text for text in texts)
    assert 20 <= len(done.description) <= 120
    assert done.genre
    for item in scenario.placeholders:
        assert item.default
        assert item.question
    for entry in done.lore:
        assert Entry.from_json({"id": "x", **entry}).text == entry["text"]
        name, text = entry["name"], entry["text"]  # "Name is text", or a sentence with the name
        assert name in text or (text[0].islower() and name.casefold() not in text.casefold())
    if done.kind is Mode.ADVENTURE:
        assert done.memory.startswith("You are ")
        assert "you" in done.opening.lower()
        assert 35 <= len(done.opening.split()) <= 80
        assert len(sentence_ends(done.opening)) >= 4
        assert len(done.memory.split()) <= 55
        assert ends_sentence(done.opening)


def test_no_two_are_alike() -> None:
    for one, other in combinations((item.fill() for item in SCENARIOS if item.opening), 2):
        words, others = one.opening.lower().split(), other.opening.lower().split()
        assert difflib.SequenceMatcher(None, words, others).ratio() < 0.5, (one.name, other.name)
