"""The undo journal: what each verb changed, so that the last one can be taken back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from typing import Any, NamedTuple

from engine.story.packing import compact


class Place(IntEnum):
    """Where an entry stands: in effect, undone (can be redone), or undone and passed over."""

    DONE = 0
    UNDONE = 1
    DROPPED = 2


class Delta(NamedTuple):
    """One thing that changed.

    ``what`` is ``value`` (key: its name; JSON text or None), ``revision`` (key: node; number),
    ``deleted`` (key: node; bool) or ``parent`` (key: node; node or None).
    """

    what: str
    key: Any
    before: Any
    after: Any


class Entry(NamedTuple):
    """One verb: its name for people, what it changed, and the key later ones may merge by."""

    number: int
    verb: str
    merge_key: str
    touched: float
    packed: str  # JSON of the deltas: unpacked for the few entries that are ever undone

    @property
    def deltas(self) -> list[Delta]:
        """What the verb changed, in order."""
        return [Delta(*delta) for delta in json.loads(self.packed)]


def pack_deltas(deltas: Iterable[Delta]) -> str:
    """Deltas as JSON."""
    return compact([list(delta) for delta in deltas])


def condense(deltas: Iterable[Delta]) -> list[Delta]:
    """At most one delta for each thing, from its first ``before`` to its last ``after``."""
    merged: dict[tuple[str, Any], Delta] = {}
    for delta in deltas:
        key = (delta.what, delta.key)
        first = merged.get(key, delta)
        merged[key] = delta._replace(before=first.before)
    return [delta for delta in merged.values() if delta.before != delta.after]


class Journal:
    """All entries: those in effect, those undone, and those a newer verb passed over.

    Entries that were passed over are kept: they may hold the only copy of a wording of the
    memory or a lore entry.
    """

    def __init__(self) -> None:
        self.done: list[Entry] = []
        self.undone: list[Entry] = []  # the next to redo is the last
        self.dropped: list[Entry] = []
        self.touched: set[int] = set()  # numbers whose row must be written or removed
        self._next = 1

    def load(self, entries: Iterable[tuple[Place, Entry]]) -> None:
        """Take over stored entries, in the order of their numbers."""
        for place, entry in entries:
            (self.done, self.undone, self.dropped)[place].append(entry)
            self._next = entry.number + 1
        self.undone.reverse()

    def placed(self) -> Iterator[tuple[Place, Entry]]:
        """Every entry with where it stands."""
        for place, entries in zip(Place, (self.done, self.undone, self.dropped), strict=True):
            for entry in entries:
                yield place, entry

    def add(self, verb: str, merge_key: str, now: float, deltas: list[Delta]) -> None:
        """A verb was done; what was undone before it can no longer be redone."""
        last = self.mergeable(merge_key)
        if last is not None:
            deltas = condense([*last.deltas, *deltas])
            self.done.pop()
            self.touched.add(last.number)
            if deltas:
                self.done.append(Entry(last.number, verb, merge_key, now, pack_deltas(deltas)))
            return
        self.touched.update(entry.number for entry in self.undone)
        self.dropped.extend(reversed(self.undone))
        self.undone.clear()
        self.done.append(Entry(self._next, verb, merge_key, now, pack_deltas(deltas)))
        self.touched.add(self._next)
        self._next += 1

    def touch(self, now: float) -> None:
        """The last verb goes on without a new delta (typing within one revision)."""
        last = self.done[-1]
        self.done[-1] = Entry(last.number, last.verb, last.merge_key, now, last.packed)

    def mergeable(self, merge_key: str) -> Entry | None:
        """The entry that a verb with ``merge_key`` would become part of."""
        if not merge_key or not self.done or self.undone:
            return None
        return self.done[-1] if self.done[-1].merge_key == merge_key else None

    def seal(self) -> None:
        """Nothing merges into the last entry any more."""
        if self.done and self.done[-1].merge_key:
            last = self.done[-1]
            self.done[-1] = Entry(last.number, last.verb, "", last.touched, last.packed)

    def undo(self) -> Entry:
        """Move the last entry to the undone ones and return it; the caller inverts it."""
        self.seal()
        entry = self.done.pop()
        self.undone.append(entry)
        self.touched.add(entry.number)
        return entry

    def redo(self) -> Entry:
        """Move the last undone entry back and return it; the caller applies it."""
        entry = self.undone.pop()
        self.done.append(entry)
        self.touched.add(entry.number)
        return entry

    def rewrite(self, change: Callable[[Delta], Delta | None]) -> None:
        """Pass every delta through ``change``; entries that change nothing any more are removed."""
        for entries in (self.done, self.undone, self.dropped):
            kept = []
            for entry in entries:
                deltas = entry.deltas
                mapped = [new for delta in deltas if (new := change(delta)) is not None]
                mapped = [delta for delta in mapped if delta.before != delta.after]
                if mapped != deltas:
                    self.touched.add(entry.number)
                    packed = pack_deltas(mapped)
                    entry = Entry(entry.number, entry.verb, "", entry.touched, packed)
                if mapped:
                    kept.append(entry)
            entries[:] = kept
