"""Windows and ledgers of three hand-made stories, as a person can check them by reading.

After a wanted change ``python -m tests.engine.story.test_context_golden`` writes them anew.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.story.context import Context, ContextBuilder, Note, Sources
from engine.story.lorebook import Entry, Logic, LoreSettings, Position
from engine.story.node import Kind
from engine.story.profile import DUNGEON, EMBER, GPT2
from tests.engine.story.stories import branch, ember

GOLDEN = Path(__file__).parent / "golden"


def lighthouse() -> Context:
    """Everything fits: memory, constant and triggered lore, a note, hidden words."""
    nodes = branch(
        (
            Kind.OPENING,
            "The lamp of the lighthouse has gone out. <|Mara hid the wick.|> You climb the stair.",
        ),
        (Kind.DO, "open the door"),
        (Kind.REPLY, "The door is stiff. Behind it you hear Mara humming."),
        (Kind.SAY, "is that you, Mara?"),
        (Kind.REPLY, '"Who else?" she says. “Mind the broken step…”\n\nA bell rings below.'),
        (Kind.DO, "look at the lamp"),
    )
    lore = [
        Entry("1", "the lighthouse", "an old tower of white stone on Gull Rock", constant=True),
        Entry("2", "Mara", "the keeper's daughter, who fears the dark", keys=("Mara",)),
        Entry("3", "the bell", "a warning that a ship is near", keys=("/bells?/i",), depth=2),
        Entry("4", "the wick", "hidden in a teapot", keys=("wick",)),
        Entry("5", "the storm", "coming from the west", keys=("lamp",), secondary=("thunder",)),
        Entry("6", "the fog", "thick", keys=("lamp",), enabled=False),
    ]
    sources = Sources(nodes, "You are Ned, the new keeper.", Note("Quiet and eerie.", 3), lore)
    return ContextBuilder(ember(), EMBER).build(sources, 400)


def market() -> Context:
    """Too little room: lore by priority, a long memory, the beginning of the story out of reach."""
    turns = [
        (
            "buy a fish",
            "The fishwife wraps a herring in paper. You pay two pennies. It smells of the sea.",
        ),
        (
            "ask about the thief",
            "She points at the well. A boy in a red cap sits there. He is eating a plum.",
        ),
        (
            "walk to the well",
            "The boy looks up. He has a silver ring on every finger. He grins at you.",
        ),
        (
            "ask him for the ring",
            "He laughs and runs. A guard shouts behind you. Pigeons fly up all around.",
        ),
    ]
    passages: list[tuple] = [
        (Kind.OPENING, "It is market day in Marrow. Somebody stole the mayor's ring.")
    ]
    for action, reply in turns:
        passages += [(Kind.DO, action), (Kind.REPLY, reply)]
    passages.append((Kind.DO, "run after the boy"))
    lore = [
        Entry("1", "the boy", "Pip, a quick thief of nine years. " * 4, keys=("boy",), priority=500),
        Entry("2", "the guard", "Sergeant Oll, slow and proud", keys=("guard",), priority=300, reserve=30),
        Entry("3", "the mayor", "The mayor is vain. " * 8, constant=True, priority=200),
        Entry("4", "the fishwife", "Old Nan", keys=("fishwife",), scan_depth=3),
    ]  # fmt: skip
    sources = Sources(branch(*passages), "You are a spy. You must not be seen. " * 3, lore=lore)
    return ContextBuilder(ember(), DUNGEON).build(sources, 170, block=0.2)


def letter() -> Context:
    """A co-written story in prose: a pinned opening, splits in mid-sentence, turns of phrase."""
    nodes = branch(
        (Kind.OPENING, "Dear Ada,\n\nthe house is colder than we feared."),
        (Kind.STORY, " Every morning the well is fro"),
        (Kind.STORY, "zen, and I break the ice with a spade."),
        (
            Kind.REPLY,
            " The dog will not go near it.\n\nLast night I heard somebody draw water. I lay still.",
        ),
        (
            Kind.STORY,
            "\n\nIn the morning the rope was wet. The well was shut. I have told nobody, Ada. ",
        ),
        (Kind.REPLY, "Come before the snow does."),
    )
    lore = [
        Entry("1", "", "The well was dug by monks.", keys=("well",), secondary=("church",), logic=Logic.NOT_ANY, position=Position.AFTER_OPENING),
        Entry("2", "", "Ada lives in Leeds.", keys=("Ada",), probability=0),
    ]  # fmt: skip
    sources = Sources(
        nodes, "A letter from a lonely house.", Note("Plain words.", 1), lore, LoreSettings(seed=5),
        pin_opening=True,
    )  # fmt: skip
    return ContextBuilder(ember(), GPT2).build(sources, 98)


STORIES = {build.__name__: build for build in (lighthouse, market, letter)}


def page(context: Context) -> str:
    """A window and its ledger as text."""
    lines = [context.text, "", "-" * 80, f"{len(context.tokens)} of {context.budget} tokens", ""]
    for row in context.ledger:
        state = ("in" + (", shortened" if row.trimmed else "")) if row.included else "out"
        where = f" [{row.position}]" if row.position else ""
        soon = " (the next turn is likely to evict it)" if row.leaving else ""
        lines.append(
            f"{row.n_tokens:4} {state:13} {row.source}: {row.name}{where}: {row.reason}{soon}"
        )
    return "\n".join([*lines, "", *context.notices]).rstrip() + "\n"


@pytest.mark.parametrize("name", STORIES)
def test_golden_ledgers(name: str) -> None:
    context = STORIES[name]()
    assert page(context) == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
    assert sum(row.n_tokens for row in context.ledger) == len(context.tokens)


if __name__ == "__main__":
    for name, build in STORIES.items():
        (GOLDEN / f"{name}.txt").write_text(page(build()), encoding="utf-8")
