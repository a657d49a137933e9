"""What truly leaves things out: destroying passages, and a copy of one branch alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from engine.story.journal import Delta, Journal
from engine.story.node import Node, ReplyMeta
from engine.story.packing import compact
from engine.story.state import HEAD, State

SHARED = frozenset({"title", "memory", "note", "settings", "tags", "next_lore"})


def purge(state: State, journal: Journal, node_id: int) -> None:
    """Destroy a passage with all below it, and rewrite the journal as if they had never been."""
    parent = state.nodes[node_id].parent
    order = list(state.subtree(node_id))
    doomed = frozenset(order)
    for key, value in list(state.values.items()):
        new = _without(key, value, doomed, parent)
        if new != value:
            state.apply(Delta("value", key, value, new), new)
    journal.rewrite(lambda delta: _purged(delta, doomed, parent))
    state.remove(reversed(order))


def clean_copy(state: State, branch: Sequence[Node]) -> State:
    """A state with one branch in its present wording, and what the person wrote about it.

    Replies keep the name of their model only: ids and prompts would spell what was edited out.
    """
    copy = State()
    parent = None
    for node in branch:
        if not node.text:
            continue
        meta = None if node.meta is None else ReplyMeta(node.meta.model, node.meta.digest, 0)
        new = replace(node, id=copy.next_id, parent=parent, revision=0, meta=meta)
        parent = copy.add(new).id
    for key, value in state.values.items():
        if key in SHARED or key.startswith("lore/"):
            copy.values[key] = value
    if parent is not None:
        copy.values[HEAD] = compact(parent)
    return copy


def _without(
    key: str, value: str | None, doomed: Collection[int], parent: int | None
) -> str | None:
    """A value after a purge: a head that is gone stands at ``parent``, a name of it is forgotten."""
    names_passage = key == HEAD or key.startswith(("branch/", "bookmark/"))
    if value is None or not names_passage or int(value) not in doomed:
        return value
    return compact(parent) if key == HEAD and parent is not None else None


def _purged(delta: Delta, doomed: Collection[int], parent: int | None) -> Delta | None:
    """A delta as if the purged passages had never been there, so that undo stays the inverse."""
    if delta.what == "value":
        before = _without(delta.key, delta.before, doomed, parent)
        return delta._replace(before=before, after=_without(delta.key, delta.after, doomed, parent))
    if delta.key in doomed:
        return None
    if delta.what == "parent":
        before, after = (parent if at in doomed else at for at in (delta.before, delta.after))
        return delta._replace(before=before, after=after)
    return delta
