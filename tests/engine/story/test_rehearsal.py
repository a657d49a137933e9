"""Trying a text out, and looking back at what fired: the engine's own decisions."""

from __future__ import annotations

from engine.story.lines import ActionLines
from engine.story.lore_keys import KeyFinder
from engine.story.lorebook import Entry, LoreSettings
from engine.story.node import Kind
from engine.story.rehearsal import look_back, try_text
from engine.story.triggers import decide
from tests.engine.story.stories import branch, game

BOOK = [
    Entry("1", "Lamp", "bright", ("lamp",)),
    Entry("2", "Dragon", "asleep", ("dragon",)),
    Entry("3", "World", "wide", constant=True),
]


def ago(entries: list[Entry], story, **options) -> dict[str, int]:
    found: dict[str, int] = {}
    rules = options.pop("rules", LoreSettings())
    for turns, decisions in look_back(entries, rules, story, KeyFinder(), ActionLines(), **options):
        for one in decisions:
            if one.fires:
                found.setdefault(one.entry.id, turns)
    return found


def test_a_text_is_decided_as_a_story_would_be() -> None:
    tried = try_text("The dragon\r\nsleeps.", BOOK, LoreSettings(), KeyFinder(), ActionLines())
    assert [one.fires for one in tried] == [False, True, True]
    assert '"dragon"' in tried[1].reason
    assert tried[0].reason.startswith("none of its keys")
    story = branch((Kind.STORY, "The dragon\nsleeps."))
    assert tried == decide(BOOK, LoreSettings(), story, KeyFinder(), ActionLines())


def test_turns_are_counted_back_to_when_it_fired() -> None:
    story = game(9)  # the lamp is looked for in turn 0 alone
    rules = LoreSettings(scan_depth=2)
    found = ago(BOOK, story, rules=rules)
    assert found["3"] == 0
    assert "2" not in found
    for turn in range(9):
        end = [n for n, node in enumerate(story) if node.kind is Kind.REPLY][-turn] if turn else 99
        fires = decide(BOOK[:1], rules, story[:end], KeyFinder(), ActionLines())[0].fires
        assert fires == (turn == found["1"]) or turn > found["1"]


def test_looking_back_ends_in_time_and_when_all_is_known() -> None:
    story = game(30)
    ticks = iter(range(1000))
    turns = list(
        look_back(
            BOOK,
            LoreSettings(),
            story,
            KeyFinder(),
            ActionLines(),
            seconds=5,
            clock=lambda: float(next(ticks)),
        )
    )
    assert len(turns) < 10
    turns = list(look_back(BOOK[2:], LoreSettings(), story, KeyFinder(), ActionLines()))
    assert [turn for turn, _ in turns] == [0]


def test_members_of_a_group_have_their_say_in_every_turn() -> None:
    rivals = [Entry(str(n), f"R{n}", "x", ("search",), group="g") for n in range(4)]
    story = game(12)
    found = ago(rivals, story)
    for turn, decisions in look_back(rivals, LoreSettings(), story, KeyFinder(), ActionLines()):
        fired = [one.entry.id for one in decisions if one.fires]
        assert len(fired) == 1
        assert found[fired[0]] <= turn
