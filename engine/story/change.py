"""What observers of a story are told: one value for each verb."""

from __future__ import annotations

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


def compare(
    old: tuple[Node, ...], new: tuple[Node, ...], starts: list[int], same: int, same_tail: int
) -> Splice | None:
    """What turns the branch ``old`` into ``new``, as narrow as it can be said.

    The first ``same`` and the last ``same_tail`` passages are known to be equal; ``starts`` tells
    where the first passages begin, at least for some of those that are equal.
    """
    shortest = min(len(old), len(new))
    first = min(same, shortest)
    while first < shortest and old[first] is new[first]:
        first += 1
    if first == len(old) == len(new):
        return None
    tail = min(same_tail, shortest - first)
    while tail < shortest - first and old[-1 - tail] is new[-1 - tail]:
        tail += 1
    gone, added = old[first : len(old) - tail], new[first : len(new) - tail]
    before, after = (
        ("".join(node.text for node in nodes), tidy(s for node in nodes for s in node.spans))
        for nodes in (gone, added)
    )
    start, stop, new_stop = difference(*before, *after)
    known = min(first, same, len(starts) - 1)
    base = starts[known] + sum([len(node.text) for node in old[known:first]])
    text = after[0][start:new_stop]
    return Splice(base + start, base + stop, text, first, len(gone), tuple(added))
