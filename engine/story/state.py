"""What a story consists of, and the few ways in which it changes: every verb is made of these."""

from __future__ import annotations

import json
from bisect import insort
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from engine.story import revision as wordings
from engine.story.journal import Delta
from engine.story.node import Node, Prompt, ReplyMeta
from engine.story.packing import PackedReply, packed
from engine.story.revision import Revision
from engine.story.spans import Spans

HEAD = "head"
KEEP_TOP = 20  # replies whose alternatives are kept

TYPES = {
    "title": str,
    "memory": str,
    "note": str,
    "settings": dict,
    "tags": list,
    "lore": dict,
    "next_lore": int,
}

Row = tuple[str, Any]  # a table's name and the key of a row in it


class Wording(NamedTuple):
    """Text and who wrote it."""

    text: str
    spans: Spans


class State:
    """Passages, their wordings, and values by name; remembers which rows must be written.

    Passages are never removed but by ``remove``; a deleted one is only marked. Values are JSON
    texts, so that nobody can change one from outside.
    """

    def __init__(self) -> None:
        self.nodes: dict[int, Node] = {}
        self.revisions: dict[int, list[Revision]] = {}
        self.children: dict[int | None, list[int]] = {None: []}
        self.deleted: set[int] = set()
        self.values: dict[str, str] = {}
        self.with_top: list[int] = []
        self.changed: set[Row] = set()
        self.next_id = 1

    # Passages

    def add(self, node: Node) -> Node:
        """Take in a new passage; its first wording is revision 0. Its metadata is packed."""
        if node.meta is not None:
            node = replace(node, meta=ReplyMeta.of(packed(node.meta)))
        self.put(node, [Revision(node.text, node.spans, node.created)])
        self.changed |= {("node", node.id), ("revision", (node.id, 0))}
        if node.meta is not None:
            self.changed |= {("reply", node.id), ("top", node.id)}
            self._bound_alternatives()
        return node

    def put(self, node: Node, revisions: list[Revision]) -> None:
        """Put a passage in place without marking anything as changed."""
        self.nodes[node.id] = node
        self.revisions[node.id] = revisions
        siblings = self.children.setdefault(node.parent, [])
        if siblings and siblings[-1] > node.id:
            insort(siblings, node.id)
        else:
            siblings.append(node.id)
        self.next_id = max(self.next_id, node.id + 1)
        if node.meta is not None and _form(node).top:
            self.with_top.append(node.id)

    def _bound_alternatives(self) -> None:
        while len(self.with_top) > KEEP_TOP:
            old = self.nodes[self.with_top.pop(0)]
            form = _form(old)
            bare = ReplyMeta.of(PackedReply(form.origin, form.data, b""))
            self.nodes[old.id] = replace(old, meta=bare)
            self.changed.add(("top", old.id))

    def wording(self, node_id: int, number: int) -> Wording:
        """A passage's text and authorship as of one revision."""
        return Wording(*wordings.rebuild(self.revisions[node_id], number))

    def add_revision(self, node_id: int, new: Wording, created: float) -> Delta:
        """A further wording of a passage, which becomes the current one."""
        node, revisions = self.nodes[node_id], self.revisions[node_id]
        base = node.revision
        if wordings.chain_length(revisions, base) >= wordings.CHAIN:
            # The old wording becomes a whole text: the same words, stored differently.
            old = revisions[base]
            revisions[base] = Revision(node.text, node.spans, old.created)
            self.changed.add(("revision", (node_id, base)))
        revisions.append(wordings.make(base, (node.text, node.spans), new, created))
        number = len(revisions) - 1
        self.changed.add(("revision", (node_id, number)))
        self._show(node_id, number, new)
        return Delta("revision", node_id, base, number)

    def reword(self, node_id: int, new: Wording, created: float) -> None:
        """Change the current revision itself: typing goes on before a pause ends it."""
        node, revisions = self.nodes[node_id], self.revisions[node_id]
        base = revisions[node.revision].base
        if base == wordings.WHOLE:
            revisions[node.revision] = Revision(new.text, new.spans, created)
        else:
            old = self.wording(node_id, base)
            revisions[node.revision] = wordings.make(base, old, new, created)
        self.changed.add(("revision", (node_id, node.revision)))
        self._show(node_id, node.revision, new)

    def _show(self, node_id: int, number: int, new: Wording) -> None:
        node = self.nodes[node_id]
        self.nodes[node_id] = replace(node, text=new.text, spans=new.spans, revision=number)
        self.changed.add(("node", node_id))

    def remove(self, node_ids: Iterable[int]) -> None:
        """Take passages out for good, wordings and all; their children must be among them."""
        for node_id in node_ids:
            node = self.nodes.pop(node_id)
            self.children[node.parent].remove(node_id)
            self.children.pop(node_id, None)
            rows = [("revision", (node_id, n)) for n in range(len(self.revisions.pop(node_id)))]
            self.changed.update(rows)
            self.changed |= {("node", node_id), ("reply", node_id), ("top", node_id)}
            self.deleted.discard(node_id)
            if node_id in self.with_top:
                self.with_top.remove(node_id)

    # Deltas

    def apply(self, delta: Delta, value: Any) -> None:
        """Set what ``delta`` is about to ``value`` (its ``before`` or its ``after``)."""
        self._SETTERS[delta.what](self, delta.key, value)

    def accepts(self, delta: Delta) -> bool:
        """Whether a stored delta can be applied either way; may raise like any look-up."""
        what, key, *values = delta
        if what == "value":
            return all(value is None or self.fits(key, value) for value in values)
        if what == "revision":
            return all(isinstance(self.wording(key, value), Wording) for value in values)
        if what == "parent":
            below = set(self.subtree(key))
            return all(v is None or (v in self.nodes and v not in below) for v in values)
        return what == "deleted" and key in self.nodes

    def fits(self, key: str, text: str) -> bool:
        """Whether a value that came from a file is of the kind its name asks for."""
        group, _, rest = key.partition("/")
        value = json.loads(text)
        if group in {HEAD, "branch", "bookmark"}:
            return type(value) is int and value in self.nodes
        if group == "lore" and not rest.isdecimal():
            return False
        return isinstance(value, TYPES.get(group, object))

    def _set_value(self, key: str, value: str | None) -> None:
        if value is None:
            self.values.pop(key, None)
        else:
            self.values[key] = value
        self.changed.add(("value", key))

    def _set_revision(self, node_id: int, number: int) -> None:
        self._show(node_id, number, self.wording(node_id, number))

    def _set_deleted(self, node_id: int, value: object) -> None:
        if value:
            self.deleted.add(node_id)
        else:
            self.deleted.discard(node_id)
        self.changed.add(("node", node_id))

    def _set_parent(self, node_id: int, parent: int | None) -> None:
        node = self.nodes[node_id]
        self.children[node.parent].remove(node_id)
        self.nodes[node_id] = replace(node, parent=parent)
        insort(self.children.setdefault(parent, []), node_id)
        self.changed.add(("node", node_id))

    _SETTERS: dict[str, Callable[[State, Any, Any], None]] = {  # noqa: RUF012 - never changed
        "value": _set_value,
        "revision": _set_revision,
        "deleted": _set_deleted,
        "parent": _set_parent,
    }

    # Looking around

    @property
    def head(self) -> int | None:
        """The passage the story is at."""
        text = self.values.get(HEAD)
        return None if text is None else json.loads(text)

    def path(self, node_id: int | None) -> list[Node]:
        """The passages from a root to ``node_id``."""
        nodes = []
        while node_id is not None:
            node = self.nodes[node_id]
            nodes.append(node)
            node_id = node.parent
        nodes.reverse()
        return nodes

    def subtree(self, node_id: int) -> Iterator[int]:
        """``node_id`` and everything below it, deleted passages included; children last."""
        waiting = [node_id]
        while waiting:
            current = waiting.pop()
            yield current
            waiting.extend(self.children.get(current, ()))

    def last_text(self, node_id: int | None) -> str:
        """The last text before what follows a passage: empty passages are looked through."""
        while node_id is not None:
            node = self.nodes[node_id]
            if node.text:
                return node.text
            node_id = node.parent
        return ""

    def prompt(self, node_id: int) -> tuple[int, ...]:
        """The ids a reply was written after, put together from those of the replies before it."""
        parts: list[tuple[int, ...]] = []
        need: int | None = None
        current: int | None = node_id
        while current is not None and need != 0:
            node = self.nodes[current]
            if node.meta is not None:
                prompt: Prompt = node.meta.prompt
                room = None if need is None else max(0, need - prompt.shared)
                parts.append(prompt.rest[:room])
                need = prompt.shared if need is None else min(need, prompt.shared)
            current = node.parent
        return tuple(token for part in reversed(parts) for token in part)

    def alive(self, node_id: int) -> bool:
        """Whether a passage exists and neither it nor one above it is deleted."""
        current: int | None = node_id
        while current is not None:
            if current in self.deleted or current not in self.nodes:
                return False
            current = self.nodes[current].parent
        return True


def _form(node: Node) -> PackedReply:
    if node.meta is None:
        raise ValueError("a passage without reply metadata")
    return packed(node.meta)
