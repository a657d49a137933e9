"""Which entries fire, and the reason that is given."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from engine.story.lines import ActionLines
from engine.story.lore_keys import KeyFinder
from engine.story.lorebook import Entry, Logic, LoreSettings
from engine.story.node import Kind, Node
from engine.story.scan import paragraphs_before
from engine.story.triggers import Decision, decide, draw
from tests.engine.story.stories import branch

STORY = branch(
    (Kind.OPENING, "A dragon sleeps on gold.\n\nThe hall is dark."),
    (Kind.DO, "wake the dragon"),
    (Kind.REPLY, "It opens an eye. <|the sword is fake|>\nIt yawns."),
    (Kind.DO, "draw my sword"),
)


def run(nodes: Sequence[Node], *entries: Entry, **settings) -> list[Decision]:
    return decide(entries, LoreSettings(**settings), nodes, KeyFinder(), ActionLines())


def one(entry: Entry, nodes: Sequence[Node] = STORY, **settings) -> Decision:
    return run(nodes, entry, **settings)[0]


def test_paragraphs_are_counted_from_the_end() -> None:
    lines = ActionLines()
    assert paragraphs_before(STORY, len(STORY), 9, lines) == [
        "You draw your sword.", "It yawns.", "It opens an eye.", "You wake the dragon.",
        "The hall is dark.", "A dragon sleeps on gold.",
    ]  # fmt: skip
    split = branch(
        (Kind.STORY, "The dra"), (Kind.STORY, "gon wakes.\nIt is"), (Kind.REPLY, " old.")
    )
    assert paragraphs_before(split, 3, 9, lines) == ["It is old.", "The dragon wakes."]
    assert one(Entry("1", text="x", keys=("dragon",)), split).fires


@pytest.mark.parametrize(
    ("depth", "fires", "reason"),
    [
        (1, False, "none of its keys is in the last paragraph"),
        (3, False, "none of its keys is in the last 3 paragraphs"),
        (4, True, 'key "dragon" in paragraph 4 from the end'),
    ],
)
def test_scan_depth_and_the_place_of_the_key(depth: int, fires: bool, reason: str) -> None:
    entry = Entry("1", text="x", keys=("dragon",), scan_depth=depth)
    assert (one(entry).fires, one(entry).reason) == (fires, reason)


def test_the_next_turn_is_foretold() -> None:
    assert one(Entry("1", text="x", keys=("dragon",)), scan_depth=4).leaving
    assert not one(Entry("1", text="x", keys=("dragon",)), scan_depth=6).leaving


@pytest.mark.parametrize(
    ("logic", "secondary", "fires"),
    [
        (Logic.AND_ANY, ("gold", "silver"), True),
        (Logic.AND_ANY, ("silver",), False),
        (Logic.AND_ANY, (), True),
        (Logic.AND_ANY, ("", " "), True),
        (Logic.AND_ALL, ("gold", "hall"), True),
        (Logic.AND_ALL, ("gold", "silver"), False),
        (Logic.NOT_ANY, ("silver",), True),
        (Logic.NOT_ANY, ("gold", "silver"), False),
        (Logic.NOT_ALL, ("gold", "silver"), True),
        (Logic.NOT_ALL, ("gold", "hall"), False),
    ],
)
def test_secondary_keys(logic: Logic, secondary: tuple[str, ...], fires: bool) -> None:
    decision = one(Entry("1", text="x", keys=("dragon",), secondary=secondary, logic=logic))
    assert decision.fires is fires
    assert fires or ", but " in decision.reason


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (Entry("1", text="x", keys=("dragon",), enabled=False), "switched off"),
        (Entry("1", text="x", keys=("dragon",), folder="a/b"), "its folder, a, is switched off"),
        (Entry("1", text=" ", constant=True), "it has no text"),
        (Entry("1", text="x", keys=("", " ")), "it has no key"),
        (Entry("1", text="x", keys=("dragon",), delay=2), "waits until turn 2; this is turn 1"),
        (
            Entry("1", text="x", constant=True, probability=0),
            "always on, but the draw (0 %) was lost",
        ),
        (Entry("1", text="x", keys=("fake",)), "none of its keys is in the last 8 paragraphs"),
    ],
)
def test_why_not(entry: Entry, reason: str) -> None:
    decision = one(entry, folders_off=("a",))
    assert (decision.fires, decision.reason) == (False, reason)


def test_a_pattern_that_cannot_be_used_is_named() -> None:
    decision = one(Entry("1", text="x", keys=("/[/", "dragon")))
    assert decision.fires
    assert "/[/" in decision.warning
    assert "/[/" in one(Entry("1", text="x", keys=("/[/",))).reason


def test_draws_depend_on_seed_entry_and_turn_alone() -> None:
    values = [draw(seed, name, turn) for seed in range(10) for name in "abc" for turn in range(50)]
    assert all(0 <= value < 100 for value in values)
    assert 45 < sum(values) / len(values) < 55
    entry = Entry("1", text="x", constant=True, probability=50)
    outcomes = {one(entry, seed=seed).fires for seed in range(20)}
    assert outcomes == {True, False}
    assert len({one(entry, seed=3).fires for _ in range(5)}) == 1


def test_one_of_a_group_fires_by_weight() -> None:
    entries = [
        Entry("a", "A", "x", constant=True, group="g", weight=0),
        Entry("b", "B", "x", constant=True, group="g", weight=90),
        Entry("c", "C", "x", constant=True, group="g", weight=10),
    ]
    wins = {"a": 0, "b": 0, "c": 0}
    for seed in range(200):
        fired = [decision for decision in run(STORY, *entries, seed=seed) if decision.fires]
        assert len(fired) == 1
        wins[fired[0].entry.id] += 1
    assert wins["a"] == 0
    assert wins["b"] > 3 * wins["c"] > 0
    lost = next(decision for decision in run(STORY, *entries) if not decision.fires)
    assert "was drawn from the group g" in lost.reason


def test_recursion_is_bounded_and_can_be_refused() -> None:
    chain = [
        Entry("1", "One", "It guards the crown.", keys=("dragon",)),
        Entry("2", "Two", "The crown is of iron from the mine.", keys=("crown",)),
        Entry("3", "Three", "The mine is deep. A dragon lives there.", keys=("mine",)),
    ]
    assert [one.fires for one in run(STORY, *chain)] == [True, False, False]
    assert [one.fires for one in run(STORY, *chain, recursion=1)] == [True, True, False]
    decisions = run(STORY, *chain, recursion=5)
    assert [one.fires for one in decisions] == [True, True, True]
    assert decisions[1].reason == 'key "crown" in the lore entry One'
    shut = [chain[0], Entry("2", "Two", "x", keys=("crown",), recursable=False)]
    assert [one.fires for one in run(STORY, *shut, recursion=5)] == [True, False]
    mute = [Entry("1", "One", "the crown", keys=("dragon",), recursive=False), chain[1]]
    assert [one.fires for one in run(STORY, *mute, recursion=5)] == [True, False]


def turns(*words: str) -> list[list[Node]]:
    """The branch at each turn of a game in which these words were typed."""
    passages: list[tuple[Kind, str]] = [(Kind.OPENING, "It begins.")]
    out: list[list[Node]] = []
    for word in words:
        passages.append((Kind.STORY, word))
        out.append(branch(*passages))
        passages.append((Kind.REPLY, "\nSo be it.\n"))
    return out


def test_sticky_and_cooldown_follow_the_branch() -> None:
    entry = Entry("1", text="x", keys=("seal",), scan_depth=1, sticky=2, cooldown=2)
    words = ["no", "seal", "no", "seal", "seal", "seal", "seal", "no"]
    told = [one(entry, nodes) for nodes in turns(*words)]
    assert [decision.fires for decision in told] == [
        False, True, True, True, False, False, True, True,
    ]  # fmt: skip
    assert told[2].reason == "stays for 2 more turns after it fired"
    assert told[3].leaving
    assert told[5].reason == "rests for this turn after it fired"
    plain = Entry("1", text="x", keys=("seal",), scan_depth=1)
    assert [one(plain, nodes).fires for nodes in turns(*words)] == [
        word == "seal" for word in words
    ]


def test_a_long_game_keeps_its_rhythm() -> None:
    entry = Entry("1", text="x", keys=("seal",), scan_depth=1, cooldown=2)
    fires = [one(entry, nodes).fires for nodes in turns(*["seal"] * 60)]
    assert fires == [turn % 3 == 0 for turn in range(60)]
