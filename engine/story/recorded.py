"""A state whose every change is a verb: observed, written down, and possible to take back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from engine.errors import KnownError
from engine.story.change import Change, compare
from engine.story.journal import Delta, Entry, Journal, condense
from engine.story.node import Node
from engine.story.normalize import normalize, normalize_json
from engine.story.packing import compact
from engine.story.state import Row, State, Wording

Sink = Callable[[set[Row], set[int]], None]  # rows and journal entries that changed

PAUSE = 2.0  # seconds without a key after which typing makes a new revision


@dataclass(slots=True)
class _Verb:
    name: str
    merge_key: str
    before: tuple[Node, ...]
    deltas: list[Delta] = field(default_factory=list)


class Recorded:
    """State, journal and the branch from root to head, kept in step; values by name."""

    def __init__(
        self,
        state: State | None = None,
        journal: Journal | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.state = state or State()
        self.journal = journal or Journal()
        self.sink: Sink | None = None  # the story file: told before the watchers
        self._clock = clock
        self._watchers: list[Callable[[Change], None]] = []
        self._open: _Verb | None = None
        self._settled: set[Row] = set()  # rows of the open verb that the branch has followed
        # Of passages being typed: characters just taken back, and the wording before that.
        self._taken_back: dict[int, tuple[int, Wording]] = {}
        self._branch = tuple(self.state.path(self.state.head))
        self._places = {node.id: i for i, node in enumerate(self._branch)}
        self._starts = [0]  # a valid beginning of ``starts``
        self._same = self._same_tail = len(self._branch)  # passages no verb has touched since
        self._text: str | None = None

    # Values by name: title, memory, note, settings, lore, names

    def get(self, key: str, default: Any = None) -> Any:
        """A value by its name, as a copy."""
        text = self.state.values.get(key)
        return default if text is None else json.loads(text)

    def group(self, prefix: str) -> dict[str, Any]:
        """The values whose names begin with ``prefix/``, by the rest of the name."""
        skip = len(prefix) + 1
        return {k[skip:]: self.get(k) for k in self.state.values if k.startswith(f"{prefix}/")}

    def set(self, key: str, value: Any, *, merge_key: str = "", verb: str = "") -> None:
        """Set a value by its name (JSON); None removes it. TypeError for what its name forbids."""
        key = normalize(key)
        text = None if value is None else compact(normalize_json(value))
        if text is not None and not self.state.fits(key, text):
            raise TypeError(f"{key} cannot be {text[:40]}")
        with self.verb(verb or f"change {key.partition('/')[0]}", merge_key):
            self._do(Delta("value", key, self.state.values.get(key), text))

    @property
    def title(self) -> str:
        """The story's title."""
        return self.get("title", "")

    @property
    def memory(self) -> str:
        """What the model always sees first."""
        return self.get("memory", "")

    @property
    def note(self) -> str:
        """The author's note; its depth and template are settings."""
        return self.get("note", "")

    @property
    def settings(self) -> dict[str, Any]:
        """The story's own settings."""
        return self.get("settings", {})

    @property
    def lore(self) -> dict[int, dict[str, Any]]:
        """Lorebook entries by their ids, oldest first."""
        return {int(k): v for k, v in sorted(self.group("lore").items(), key=lambda i: int(i[0]))}

    @property
    def branches(self) -> dict[str, int]:
        """Named branches: the id of the passage each ends in."""
        return self._names("branch")

    @property
    def bookmarks(self) -> dict[str, int]:
        """Bookmarks: the id of the passage each stands at."""
        return self._names("bookmark")

    def _names(self, prefix: str) -> dict[str, int]:
        return {name: at for name, at in self.group(prefix).items() if self.state.alive(at)}

    def put_lore(self, entry: Mapping[str, Any], lore_id: int = 0, *, merge_key: str = "") -> int:
        """Add a lorebook entry, or replace the one with ``lore_id``; returns its id."""
        used = [int(k.split("/")[1]) for k in self.state.values if k.startswith("lore/")]
        lore_id = lore_id or int(self.get("next_lore", 1 + max(used, default=0)))
        with self.verb("change lore", merge_key):
            self.set(f"lore/{lore_id}", dict(entry))
            if lore_id >= self.get("next_lore", 0):
                self.set("next_lore", lore_id + 1)
        return lore_id

    def delete_lore(self, lore_id: int) -> None:
        """Take a lorebook entry out."""
        self.set(f"lore/{lore_id}", None, verb="delete lore")

    def name_branch(self, name: str, node_id: int | None) -> None:
        """Name the branch that ends in a passage; None forgets the name."""
        self.set(f"branch/{name}", node_id, verb="name branch")

    def bookmark(self, name: str, node_id: int | None) -> None:
        """Put a bookmark at a passage; None takes it away."""
        self.set(f"bookmark/{name}", node_id, verb="bookmark")

    # Observers

    def watch(self, observer: Callable[[Change], None]) -> Callable[[], None]:
        """Tell ``observer`` of each verb, after it is done; call what is returned to stop."""
        self._watchers.append(observer)
        return lambda: self._watchers.remove(observer) if observer in self._watchers else None

    @contextmanager
    def verb(self, name: str, merge_key: str = "", *, typing: bool = False) -> Iterator[None]:
        """All that is done inside is one verb: one step of undo, one transaction, one Change."""
        if self._open is not None:
            try:
                yield
            finally:
                self._settle()
            return
        last = self.journal.mergeable(merge_key)
        if last is None or (typing and self._clock() - last.touched > PAUSE):
            self.journal.seal()
            self._taken_back.clear()
        self._open = _Verb(normalize(name), merge_key, self._branch)
        try:
            yield
        finally:
            # Also where an error ends the verb half-way: what was done is done and can be undone.
            done, self._open = self._open, None
            self._commit(done)

    def seal(self) -> None:
        """End the current step of undo: what comes next is a step of its own."""
        self.journal.seal()

    def _do(self, delta: Delta) -> None:
        """Apply a delta as part of the open verb."""
        if delta.before != delta.after:
            self.state.apply(delta, delta.after)
            self._record(delta)

    def _record(self, delta: Delta) -> None:
        """Make a delta that was applied part of the open verb."""
        if self._open is None:
            raise RuntimeError("a change outside of a verb")
        self._open.deltas.append(delta)

    def _commit(self, verb: _Verb) -> None:
        deltas = condense(verb.deltas)
        if deltas:
            self.journal.add(verb.name, verb.merge_key, self._clock(), deltas)
        elif (self._settled or self.state.changed) and self.journal.mergeable(verb.merge_key):
            self.journal.touch(self._clock())
        self._tell(verb.name, verb.before)

    def _tell(self, verb: str, before: tuple[Node, ...]) -> None:
        self._settle()
        rows, entries = self._settled, self.journal.touched
        if not rows and not entries:
            return
        self._settled, self.journal.touched = set(), set()
        same, tail = self._same, self._same_tail
        self._same = self._same_tail = len(self._branch)
        if self.sink is not None:
            self.sink(rows, entries)
        if not self._watchers:
            return
        splice = compare(before, self._branch, self._starts, same, tail)
        nodes = frozenset(key for table, key in rows if table == "node")
        keys = frozenset(key for table, key in rows if table == "value")
        change = Change(verb, splice, nodes, keys)
        for observer in tuple(self._watchers):
            observer(change)

    def _settle(self) -> None:
        """Follow what changed since the last time: a verb of many verbs looks at each row once."""
        if self.state.changed:
            rows, self.state.changed = self.state.changed, set()
            self._follow(rows)
            self._settled |= rows

    def _follow(self, rows: set[Row]) -> None:
        """Bring the branch up to date, reusing what did not change."""
        state, old = self.state, self._branch
        touched = {key for table, key in rows if table in {"node", "top"}}
        current, size = state.head, len(old)
        if not touched and current == (old[-1].id if old else None):
            return
        fresh: list[Node] = []
        while current is not None and (current not in self._places or current in touched):
            node = state.nodes[current]
            fresh.append(node)
            current = node.parent
        fresh.reverse()
        keep = same = 0 if current is None else self._places[current] + 1
        tail = 0 if fresh or keep < size else size
        prefix = list(old[:keep])
        moved = []
        for node_id in touched:
            place = self._places.get(node_id)
            if place is None or place >= keep:
                continue
            node = state.nodes.get(node_id)
            same, tail = min(same, place), min(tail, size - 1 - place)
            if node is None or node.parent != old[place].parent:
                prefix, fresh, same, tail = [], state.path(state.head), 0, 0  # one above was moved
                break
            moved.append((place, len(node.text) - len(old[place].text)))
            prefix[place] = node
        for node in old[len(prefix) :]:
            del self._places[node.id]
        for place, node in enumerate(fresh, len(prefix)):
            self._places[node.id] = place
        self._branch = (*prefix, *fresh)
        self._text = None
        self._same, self._same_tail = min(self._same, same), min(self._same_tail, tail)
        starts = self._starts
        if tail and len(moved) == 1:  # typing: the passages below only shift
            place, shift = moved[0]
            if shift:
                starts[place + 1 :] = [start + shift for start in starts[place + 1 :]]
        else:
            del starts[same + 1 :]

    # Undo

    @property
    def undo_verb(self) -> str | None:
        """The name of the verb that ``undo`` would take back."""
        return self.journal.done[-1].verb if self.journal.done else None

    @property
    def redo_verb(self) -> str | None:
        """The name of the verb that ``redo`` would do again."""
        return self.journal.undone[-1].verb if self.journal.undone else None

    def undo(self) -> str | None:
        """Take the last verb back, whatever it was; its name, None if there is none."""
        if not self.journal.done:
            return None
        deltas = self._checked(self.journal.done[-1])
        entry = self.journal.undo()
        for delta in reversed(deltas):
            self.state.apply(delta, delta.before)
        self._tell("undo", self._branch)
        return entry.verb

    def redo(self) -> str | None:
        """Do the verb again that was taken back last; its name, None if there is none."""
        if not self.journal.undone:
            return None
        deltas = self._checked(self.journal.undone[-1])
        entry = self.journal.redo()
        for delta in deltas:
            self.state.apply(delta, delta.after)
        self._tell("redo", self._branch)
        return entry.verb

    def _checked(self, entry: Entry) -> list[Delta]:
        """What an entry changed, looked at first: the file may come from anywhere."""
        try:
            deltas = entry.deltas
            sound = all(self.state.accepts(delta) for delta in deltas)
        except (ValueError, TypeError, KeyError, IndexError, RecursionError):
            sound, deltas = False, []
        if not sound:
            raise KnownError("This step cannot be undone or redone: its record makes no sense.")
        return deltas

    def history(self, key: str) -> list[Any]:
        """Every value that ``key`` has had, by the journal, each once: also those undone."""
        entries: list[Entry] = sorted(
            (entry for _, entry in self.journal.placed()), key=lambda entry: entry.number
        )
        found: dict[str, None] = {}
        for entry in entries:
            if key not in entry.packed:
                continue
            for delta in entry.deltas:
                if delta.what == "value" and delta.key == key:
                    found |= {text: None for text in (delta.before, delta.after) if text}
        return [json.loads(text) for text in found]
