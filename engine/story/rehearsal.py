"""What lore would do: for a text that is tried out, now, and in the turns that were."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from time import monotonic

from engine.story.lines import ActionLines
from engine.story.lore_keys import KeyFinder
from engine.story.lorebook import Entry, LoreSettings
from engine.story.node import Author, Kind, Node
from engine.story.normalize import normalize
from engine.story.spans import whole
from engine.story.triggers import Decision, decide

SECONDS = 1.5  # that looking back may take
_TRIED = 40_000  # characters of a text that is tried out


def try_text(
    text: str,
    entries: Sequence[Entry],
    settings: LoreSettings,
    finder: KeyFinder,
    lines: ActionLines,
) -> list[Decision]:
    """What a story of nothing but ``text`` would fire: one decision per entry, in their order."""
    text = normalize(text)[-_TRIED:]
    node = Node(1, None, Kind.STORY, text, whole(len(text), Author.HUMAN), 0.0)
    return decide(entries, settings, (node,), finder, lines)


def look_back(
    entries: Sequence[Entry],
    settings: LoreSettings,
    branch: Sequence[Node],
    finder: KeyFinder,
    lines: ActionLines,
    *,
    seconds: float = SECONDS,
    clock: Callable[[], float] = monotonic,
) -> Iterator[tuple[int, list[Decision]]]:
    """What fires for the next turn (0), what fired for the last one (1), and so on back in time.

    With the entries as they are now. Entries that have fired are left out of earlier turns where
    they have no say; it ends when all have fired, at the first turn, or after ``seconds``.
    """
    until = clock() + seconds
    ends = [len(branch)]
    ends += [at for at in range(len(branch) - 1, -1, -1) if branch[at].kind is Kind.REPLY]
    left = list(entries)
    waiting = {entry.id for entry in entries}
    for ago, end in enumerate(ends):
        decisions = decide(left, settings, branch[:end], finder, lines)
        yield ago, decisions
        waiting -= {one.entry.id for one in decisions if one.fires}
        if not waiting or clock() > until:
            return
        if not settings.recursion:
            left = [entry for entry in left if entry.group or entry.id in waiting]
