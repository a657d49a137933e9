"""A story's parts as rows of its file's tables, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from engine.story.journal import Entry, Journal, Place
from engine.story.node import Author, Kind, Node, ReplyMeta, Span
from engine.story.packing import PackedReply, packed
from engine.story.revision import Revision
from engine.story.spans import Spans
from engine.story.state import Row, State

Written = tuple[str, Any, tuple[Any, ...] | None]  # table, key, columns; None: the row goes

_LETTERS = {Author.HUMAN: "h", Author.MODEL: "m", Author.EDITED: "e"}
_AUTHORS = {letter.encode(): author for author, letter in _LETTERS.items()}
_KINDS = {kind.value.encode(): kind for kind in Kind}
_SPAN = re.compile(rb"([hme])(\d{1,9})")
_PLACES = tuple(Place)


def millis(seconds: float) -> int:
    """Seconds as the file holds them."""
    return round(seconds * 1000)


def pack_spans(spans: Spans) -> str:
    """Author spans as text: ``h12m340`` is twelve characters by a person, then 340 by a model."""
    return "".join([f"{_LETTERS[span.author]}{span.length}" for span in spans])


def unpack_spans(data: bytes) -> Spans:
    """The spans that ``pack_spans`` wrote; ValueError for anything else."""
    if _SPAN.sub(b"", data):
        raise ValueError("author spans that make no sense")
    return tuple([Span(int(length), _AUTHORS[who]) for who, length in _SPAN.findall(data)])


class Draft(NamedTuple):
    """A reply that was being streamed; ``parent`` 0: at the very beginning."""

    parent: int
    kind: Kind
    text: str
    form: PackedReply | None


class Encoder:
    """Turns changed parts of a story into rows; knows which origins the file has already."""

    def __init__(self, state: State, journal: Journal, origins: dict[str, int]) -> None:
        self._state = state
        self._journal = journal
        self._origins = origins

    def everything(self) -> list[Written]:
        """All rows of the story."""
        state = self._state
        rows: set[Row] = {("value", key) for key in state.values}
        for node in state.nodes.values():
            rows.add(("node", node.id))
            rows |= {("revision", (node.id, n)) for n in range(len(state.revisions[node.id]))}
            if node.meta is not None:
                rows |= {("reply", node.id), ("top", node.id)}
        return self.encode(rows, {entry.number for _, entry in self._journal.placed()})

    def encode(self, rows: Iterable[Row], entries: set[int]) -> list[Written]:
        """The rows to write or remove."""
        written: list[Written] = []
        for table, key in rows:
            if table == "reply":
                written.extend(self._reply(key))
            else:
                written.append((table, key, getattr(self, f"_{table}")(key)))
        if entries:
            placed = {}
            journal = self._journal
            last = (journal.done[-1:], journal.undone[-1:])
            if len(entries) == 1 and not journal.dropped[-1:]:
                placed = {e.number: (p, e) for p, es in zip(Place, last, strict=False) for e in es}
            if not entries <= placed.keys():
                placed = {entry.number: (place, entry) for place, entry in journal.placed()}
            nothing = (None, None)
            written.extend(("journal", n, _entry(*placed.get(n, nothing))) for n in entries)
        return written

    def _node(self, node_id: int) -> tuple[Any, ...] | None:
        node = self._state.nodes.get(node_id)
        if node is None:
            return None
        deleted = int(node_id in self._state.deleted)
        created = millis(node.created)
        return (node_id, node.parent or 0, node.kind.value, created, node.revision, deleted)

    def _revision(self, key: tuple[int, int]) -> tuple[Any, ...] | None:
        revisions = self._state.revisions.get(key[0])
        if revisions is None:
            return None
        r = revisions[key[1]]
        spans = pack_spans(r.spans)
        return (*key, r.base, r.start, r.stop, millis(r.created), spans, r.text)

    def _reply(self, node_id: int) -> list[Written]:
        form = self._form(node_id)
        if form is None:
            return [("reply", node_id, None)]
        written: list[Written] = []
        origin = self._origins.get(form.origin)
        if origin is None:
            origin = self._origins[form.origin] = max(self._origins.values(), default=0) + 1
            written.append(("origin", origin, (origin, form.origin)))
        return [*written, ("reply", node_id, (node_id, origin, form.data))]

    def _top(self, node_id: int) -> tuple[Any, ...] | None:
        form = self._form(node_id)
        return (node_id, form.top) if form is not None and form.top else None

    def _form(self, node_id: int) -> PackedReply | None:
        node = self._state.nodes.get(node_id)
        return None if node is None or node.meta is None else packed(node.meta)

    def _value(self, key: str) -> tuple[Any, ...] | None:
        value = self._state.values.get(key)
        return None if value is None else (key, value)


def _entry(place: Place | None, entry: Entry | None) -> tuple[Any, ...] | None:
    if place is None or entry is None:
        return None
    return (entry.number, int(place), millis(entry.touched), entry.verb, entry.packed)


def decode_node(row: tuple[Any, ...], form: PackedReply | None, text: str, spans: Spans) -> Node:
    """A passage; ValueError if it makes no sense."""
    node_id, parent, kind, created, revision, _ = row
    if node_id < 1 or kind not in _KINDS:
        raise ValueError("a passage that makes no sense")
    meta = None if form is None else ReplyMeta.of(form)
    return Node(node_id, parent or None, _KINDS[kind], text, spans, created / 1000, revision, meta)


def decode_revision(row: tuple[Any, ...], known: dict[bytes, Spans]) -> Revision:
    """One wording; ValueError if it makes no sense. ``known`` remembers spans seen before."""
    _, _, base, start, stop, created, packed_spans, text = row
    spans = known.get(packed_spans)
    if spans is None:
        spans = known[packed_spans] = unpack_spans(packed_spans)
    return Revision(text.decode(), spans, created / 1000, base, start, stop)


def decode_draft(row: tuple[Any, ...]) -> Draft:
    """A draft; ValueError if it makes no sense."""
    _, parent, _, kind, text, origin, data = row
    if kind not in _KINDS:
        raise ValueError("a draft that makes no sense")
    form = PackedReply(origin.decode(), data, b"") if data else None
    return Draft(parent, _KINDS[kind], text.decode(), form)


def decode_entry(row: tuple[Any, ...]) -> tuple[Place, Entry]:
    """One step of undo; ValueError if it makes no sense."""
    number, place, touched, verb, deltas = row
    if not 0 <= place < len(_PLACES):
        raise ValueError("a step of undo that makes no sense")
    return _PLACES[place], Entry(number, verb.decode(), "", touched / 1000, deltas.decode())
