"""What observers of a story are told: one value for each verb."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.story.node import Node
from engine.story.revision import difference
from engine.story.spans import tidy


@dataclass(frozen=True, slots=True)
class Splice:
    """Characters ``start`` to ``stop`` of the branch's text gave way to ``text`` (code points).

    In passages: ``removed`` ones from number ``index`` on gave way to ``added``.
    """

    start: int
    stop: int
    text: str
    index: int
    removed: int
    added: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One verb was done (or undone, or redone).

    ``splice`` is what happened to the branch, None where its passages are what they were. ``nodes``
    are passages that are new or different, anywhere in the tree; ``keys`` are the names of values
    that changed (``memory``, ``lore/3``, ``head`` ...).
    """

    verb: str
    splice: Splice | None
    nodes: frozenset[int]
    keys: frozenset[str]

    @property
    def head_moved(self) -> bool:
        """Whether the story is at another passage than before."""
        return "head" in self.keys


def compare(old: Sequence[Node], new: Sequence[Node]) -> Splice | None:
    """What turns the branch ``old`` into ``new``, as narrow as it can be said."""
    first, shortest = 0, min(len(old), len(new))
    while first < shortest and old[first] is new[first]:
        first += 1
    if first == len(old) == len(new):
        return None
    tail = 0
    while tail < shortest - first and old[-1 - tail] is new[-1 - tail]:
        tail += 1
    gone, added = old[first : len(old) - tail], new[first : len(new) - tail]
    before, after = (
        ("".join(node.text for node in nodes), tidy(s for node in nodes for s in node.spans))
        for nodes in (gone, added)
    )
    start, stop, new_stop = difference(*before, *after)
    base = sum(len(node.text) for node in old[:first])
    text = after[0][start:new_stop]
    return Splice(base + start, base + stop, text, first, len(gone), tuple(added))
