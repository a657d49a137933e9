"""Reading a story file whole: every row is checked, what is damaged is named and fenced off."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from zlib import crc32

from engine.story import revision as wordings
from engine.story import rows
from engine.story.journal import Journal
from engine.story.node import Kind, Node
from engine.story.packing import PackedReply, compact
from engine.story.revision import Revision
from engine.story.schema import TABLES, Table
from engine.story.spans import Spans, total
from engine.story.state import HEAD, State

TALLY = "SELECT rows, sum FROM tally WHERE id = 1"
SUM_BITS = 0xFFFF_FFFF_FFFF  # the tally adds checksums up modulo this plus one
_NAMES = {
    "node": "passages",
    "revision": "wordings of passages",
    "origin": "settings of replies",
    "reply": "details of replies",
    "top": "alternatives of replies",
    "value": "values such as title, memory or lore",
    "journal": "steps of undo",
    "draft": "drafts of a reply",
}


@dataclass(frozen=True, slots=True)
class Damage:
    """Something that could not be read: a sentence, and the passage it is about, if it is one."""

    sentence: str
    node: int | None = None


@dataclass(slots=True)
class Loaded:
    """What a file holds: the story's parts, checksums by (table, key), drafts, and the damage."""

    state: State = field(default_factory=State)
    journal: Journal = field(default_factory=Journal)
    origins: dict[str, int] = field(default_factory=dict)
    sums: dict[tuple[str, Any], int] = field(default_factory=dict)
    drafts: list[rows.Draft] = field(default_factory=list)
    damage: list[Damage] = field(default_factory=list)

    def hurt(self, sentence: str, node: int | None = None) -> None:
        """Note a damage."""
        self.damage.append(Damage(sentence, node))


def read(connection: sqlite3.Connection) -> Loaded:
    """Everything in a story file; never raises for damage inside the tables."""
    connection.text_factory = bytes
    loaded = Loaded()
    tables = {name: _rows(connection, name, loaded) for name in TABLES}
    _check_tally(connection, loaded)
    forms = _replies(tables, loaded)
    revisions, lost = _revisions(tables["revision"], loaded)
    _nodes(tables["node"], forms, revisions, lost, loaded)
    _values(tables["value"], loaded)
    _head(loaded)
    if loaded.damage:  # undo needs every step and every wording; the damaged file stays as it is
        loaded.journal = Journal()
    else:
        entries = list(_decoded(tables["journal"], rows.decode_entry, "steps of undo", loaded))
        if not loaded.damage:
            loaded.journal.load(entries)
    loaded.drafts = list(_decoded(tables["draft"], rows.decode_draft, "drafts", loaded))
    return loaded


def _rows(connection: sqlite3.Connection, name: str, loaded: Loaded) -> list[tuple[Any, ...]]:
    """The rows of a table whose checksum is right, oldest first."""
    table = TABLES[name]
    query = f"{table.select} ORDER BY rowid"
    try:
        found = connection.execute(query).fetchall()
    except (sqlite3.Error, ValueError, OverflowError):
        loaded.hurt(f"Some {_NAMES[name]} could not be read.")
        found = _from_both_ends(connection, query)
    columns = [row[:-1] for row in found]
    kept = [row[-1] for row in found]
    sums = _sums(table, columns)
    if sums != kept or None in sums:
        right = [n for n, crc in enumerate(sums) if crc is not None and crc == kept[n]]
        loaded.hurt(f"{len(found) - len(right)} of {len(found)} {_NAMES[name]} are damaged.")
        columns, sums = [columns[n] for n in right], [sums[n] for n in right]
    if name == "value":
        keys = [row[0].decode(errors="replace") for row in columns]
    else:
        keys = [row[0] if table.keys == 1 else row[:2] for row in columns]
    loaded.sums.update(((name, key), crc or 0) for key, crc in zip(keys, sums, strict=True))
    return columns


def _sums(table: Table, columns: list[tuple[Any, ...]]) -> list[int | None]:
    """The checksum of each row; None where a column is not of the type it should be."""
    form, seed = table.form, table.seed
    try:
        return [crc32(form % row, seed) for row in columns]
    except TypeError:
        return [crc32(form % row, seed) if _typed(form, row) else None for row in columns]


def _typed(form: bytes, row: tuple[Any, ...]) -> bool:
    try:
        return form % row is not None
    except TypeError:
        return False


def _from_both_ends(connection: sqlite3.Connection, query: str) -> list[tuple[Any, ...]]:
    """What can be read of a table with a hole in it: up to the hole from either side."""
    found: dict[tuple[Any, ...], None] = {}
    for order in ("ASC", "DESC"):
        part: list[tuple[Any, ...]] = []
        try:
            cursor = connection.execute(f"{query} {order}")
            while (row := cursor.fetchone()) is not None:
                part.append(row)
        except (sqlite3.Error, ValueError, OverflowError):
            pass
        found |= dict.fromkeys(part if order == "ASC" else reversed(part))
    return list(found)


def _check_tally(connection: sqlite3.Connection, loaded: Loaded) -> None:
    """Rows that are missing altogether, or came back from an older time, show in the tally."""
    try:
        tally = connection.execute(TALLY).fetchone()
    except (sqlite3.Error, ValueError, OverflowError):
        tally = None
    if tally != tally_of(loaded.sums.values()) and not loaded.damage:
        loaded.hurt("Something is missing from the file, or stands in it twice.")


def tally_of(sums: Any) -> tuple[int, int]:
    """Number of rows and sum of their checksums."""
    return len(sums), sum(sums) & SUM_BITS


def _decoded(
    found: list[tuple[Any, ...]],
    decode: Callable[[tuple[Any, ...]], Any],
    what: str,
    loaded: Loaded,
) -> Iterator[Any]:
    for row in found:
        try:
            yield decode(row)
        except (ValueError, TypeError):
            loaded.hurt(f"One of the {what} makes no sense.")


def _replies(tables: dict[str, list[tuple[Any, ...]]], loaded: Loaded) -> dict[int, PackedReply]:
    origins: dict[int, str] = {}
    for number, data in tables["origin"]:
        text = _json_text(data)
        if text is None:
            loaded.hurt("The settings of some replies make no sense.")
        else:
            origins[number] = text
            loaded.origins[text] = number
    tops: dict[int, bytes] = dict(tables["top"])
    forms = {}
    for node_id, origin, data in tables["reply"]:
        if origin in origins:
            forms[node_id] = PackedReply(origins[origin], data, tops.get(node_id, b""))
        elif not loaded.damage:
            loaded.hurt("How a reply came about is missing.", node_id)
    return forms


def _revisions(
    found: list[tuple[Any, ...]], loaded: Loaded
) -> tuple[dict[int, list[Revision]], set[tuple[int, int]]]:
    """Wordings by passage, and those of them that are missing or make no sense."""
    revisions: dict[int, list[Revision]] = {}
    lengths: dict[tuple[int, int], int] = {}
    lost: set[tuple[int, int]] = set()
    spans: dict[bytes, Spans] = {}
    gap = Revision("", (), 0.0)
    for row in sorted(found):
        node_id, number = row[:2]
        of_node = revisions.setdefault(node_id, [])
        if not 0 <= number - len(of_node) <= len(found):  # a number from outside of this world
            loaded.hurt("A wording of a passage makes no sense.", node_id)
            continue
        while len(of_node) < number:
            lost.add((node_id, len(of_node)))
            of_node.append(gap)
        try:
            revision = rows.decode_revision(row, spans)
            lengths[node_id, number] = _length(revision, node_id, lengths)
        except (ValueError, TypeError, KeyError, AttributeError):
            revision = gap
            lost.add((node_id, number))
        of_node.append(revision)
    return revisions, lost


def _length(revision: Revision, node_id: int, lengths: dict[tuple[int, int], int]) -> int:
    """Characters of a whole wording; KeyError or ValueError where it cannot be put together."""
    if total(revision.spans) != len(revision.text):
        raise ValueError("author spans do not cover the text")
    if revision.base == wordings.WHOLE:
        return len(revision.text)
    below = lengths[node_id, revision.base]
    if not 0 <= revision.start <= revision.stop <= below:
        raise ValueError("a change outside of the text")
    return below - (revision.stop - revision.start) + len(revision.text)


def _nodes(
    found: list[tuple[Any, ...]],
    forms: dict[int, PackedReply],
    revisions: dict[int, list[Revision]],
    lost: set[tuple[int, int]],
    loaded: Loaded,
) -> None:
    state = loaded.state
    nodes: dict[int, Node] = {}
    for row in found:
        node_id, number, deleted = row[0], row[4], row[5]
        of_node = revisions.setdefault(node_id, [])
        readable = 0 <= number < len(of_node) and not (lost and (node_id, number) in lost)
        if not readable:
            text, spans = "", ()
        elif (current := of_node[number]).base == wordings.WHOLE:
            text, spans = current.text, current.spans
        else:
            text, spans = wordings.rebuild(of_node, number)
        try:
            node = rows.decode_node(row, forms.get(node_id), text, spans)
        except (ValueError, TypeError):
            loaded.hurt(f"Passage {node_id} makes no sense.")
            continue
        if not readable:
            loaded.hurt(f"The text of passage {node_id} could not be read.", node_id)
            revisions[node_id] = [Revision("", (), node.created)]
            node = replace(node, revision=0, meta=None)
        nodes[node_id] = node
        if deleted:
            state.deleted.add(node_id)
    for missing in sorted({n.parent for n in nodes.values() if n.parent} - nodes.keys()):
        loaded.hurt(f"Passage {missing} is missing; what stood before it was guessed.", missing)
        before = max((i for i in nodes if i < missing), default=None)
        nodes[missing] = Node(missing, before, Kind.STORY, "", (), 0.0)
        revisions[missing] = [Revision("", (), 0.0)]
    for node_id in _in_circles(nodes):
        loaded.hurt(f"Passage {node_id} follows itself.", node_id)
        nodes[node_id] = replace(nodes[node_id], parent=None)
    for node_id in sorted(nodes):
        state.put(nodes[node_id], revisions[node_id])
    orphans = revisions.keys() - nodes.keys()
    if orphans:
        loaded.hurt(f"{len(orphans)} passages have lost their place in the story.")


def _in_circles(nodes: dict[int, Node]) -> list[int]:
    """Passages at which a line of parents would come back to itself."""
    fine: set[int] = set()
    found = []
    for start in nodes:
        walk: dict[int, None] = {}
        current: int | None = start
        while current is not None and current not in fine:
            if current in walk:
                found.append(current)
                break
            walk[current] = None
            current = nodes[current].parent
        fine.update(walk)
    return found


def _json_text(data: Any) -> str | None:
    """JSON as this program writes it; None for anything else."""
    try:
        return compact(json.loads(data))
    except (ValueError, TypeError, RecursionError):
        return None


def _values(found: list[tuple[Any, ...]], loaded: Loaded) -> None:
    for raw_key, data in found:
        key, text = raw_key.decode(errors="replace"), _json_text(data)
        if text is None or not loaded.state.fits(key, text):
            loaded.hurt(f"The value “{key}” makes no sense.")
        else:
            loaded.state.values[key] = text


def _head(loaded: Loaded) -> None:
    """Where the story is at; for a damaged file the newest passage if nothing better is known."""
    state = loaded.state
    if not loaded.damage or state.head is not None:
        return
    newest = next((n for n in sorted(state.nodes, reverse=True) if state.alive(n)), None)
    if newest is not None:
        loaded.hurt("Where the story was at is not known; its newest passage is shown.")
        state.values[HEAD] = str(newest)
