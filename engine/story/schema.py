"""The tables of a story file, how they came about, and the checksum that every row carries."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from zlib import crc32

APPLICATION_ID = 0x42724C6E  # "BrLn"
EXTENSION = ".story"

# Each version's statements, in order; a new file runs them all. Never change one that was released.
MIGRATIONS: dict[int, tuple[str, ...]] = {
    1: (
        """CREATE TABLE node (
  id INTEGER PRIMARY KEY, parent INTEGER NOT NULL, kind TEXT NOT NULL, created INTEGER NOT NULL,
  revision INTEGER NOT NULL, deleted INTEGER NOT NULL, sum INTEGER NOT NULL)""",
        """CREATE TABLE revision (
  node INTEGER NOT NULL, number INTEGER NOT NULL, base INTEGER NOT NULL, start INTEGER NOT NULL,
  stop INTEGER NOT NULL, created INTEGER NOT NULL, spans TEXT NOT NULL, text TEXT NOT NULL,
  sum INTEGER NOT NULL, PRIMARY KEY (node, number))""",
        """CREATE TABLE origin (
  id INTEGER PRIMARY KEY, data TEXT NOT NULL, sum INTEGER NOT NULL)""",
        """CREATE TABLE reply (
  node INTEGER PRIMARY KEY, origin INTEGER NOT NULL, data BLOB NOT NULL, sum INTEGER NOT NULL)""",
        """CREATE TABLE top (
  node INTEGER PRIMARY KEY, data BLOB NOT NULL, sum INTEGER NOT NULL)""",
        """CREATE TABLE value (
  key TEXT PRIMARY KEY, data TEXT NOT NULL, sum INTEGER NOT NULL)""",
        """CREATE TABLE journal (
  number INTEGER PRIMARY KEY, place INTEGER NOT NULL, touched INTEGER NOT NULL, verb TEXT NOT NULL,
  deltas TEXT NOT NULL, sum INTEGER NOT NULL)""",
        """CREATE TABLE draft (
  row INTEGER PRIMARY KEY, parent INTEGER NOT NULL, created INTEGER NOT NULL, kind TEXT NOT NULL,
  text TEXT NOT NULL, origin TEXT NOT NULL, data BLOB NOT NULL, sum INTEGER NOT NULL)""",
        """CREATE TABLE tally (
  id INTEGER PRIMARY KEY, rows INTEGER NOT NULL, sum INTEGER NOT NULL)""",
    ),
}


class Table(NamedTuple):
    """A table's columns (the first ``keys`` of them tell rows apart) and how they are summed."""

    name: str
    columns: tuple[str, ...]
    keys: int
    form: bytes  # what the checksum is taken of, after the table's name

    @property
    def select(self) -> str:
        """All rows, each ending in its checksum."""
        return f"SELECT {', '.join(self.columns)}, sum FROM {self.name}"  # noqa: S608 - constants

    @property
    def insert(self) -> str:
        """Put one row, given as its columns and its checksum."""
        marks = ", ".join("?" * (len(self.columns) + 1))
        return f"INSERT OR REPLACE INTO {self.name} VALUES ({marks})"  # noqa: S608 - constants

    @property
    def delete(self) -> str:
        """Take one row out, given its key."""
        where = " AND ".join(f"{column} = ?" for column in self.columns[: self.keys])
        return f"DELETE FROM {self.name} WHERE {where}"  # noqa: S608 - constants

    @property
    def seed(self) -> int:
        """What checksums of this table begin with."""
        return crc32(self.name.encode())


def _table(name: str, columns: str, keys: int, form: str) -> Table:
    return Table(name, tuple(columns.split()), keys, form.encode())


TABLES = {
    table.name: table
    for table in (
        _table("node", "id parent kind created revision deleted", 1, "%d,%d,%b,%d,%d,%d"),
        _table(
            "revision",
            "node number base start stop created spans text",
            2,
            "%d,%d,%d,%d,%d,%d,%b,%b",
        ),
        _table("origin", "id data", 1, "%d,%b"),
        _table("reply", "node origin data", 1, "%d,%d,%b"),
        _table("top", "node data", 1, "%d,%b"),
        _table("value", "key data", 1, "%b,%b"),
        _table("journal", "number place touched verb deltas", 1, "%d,%d,%d,%b,%b"),
        _table("draft", "row parent created kind text origin data", 1, "%d,%d,%d,%b,%b,%b,%b"),
    )
}


def checksum(table: Table, row: Sequence[Any]) -> int:
    """CRC-32 over a row's columns; TypeError where one is not of the type it should be."""
    columns = tuple([v.encode() if isinstance(v, str) else v for v in row])
    return crc32(table.form % columns, table.seed)


def version_of(connection: sqlite3.Connection) -> int:
    """The version of the tables in a file."""
    return connection.execute("PRAGMA user_version").fetchone()[0]


def newest() -> int:
    """The version of the tables that this program writes."""
    return max(MIGRATIONS)


def migrate(connection: sqlite3.Connection, to: int | None = None) -> None:
    """Bring a file's tables up to date, all in one transaction; a new file gets them all."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        have, want = version_of(connection), newest() if to is None else to
        for version in range(have + 1, want + 1):
            for statement in MIGRATIONS[version]:
                connection.execute(statement)
        if have == 0:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {want}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def layout(connection: sqlite3.Connection) -> frozenset[tuple[str, str]]:
    """Every object in a file that has an SQL text, as (type, text): what could run is in here."""
    rows: Iterable[tuple[Any, Any]] = connection.execute(
        "SELECT type, sql FROM sqlite_master WHERE sql IS NOT NULL"
    )
    return frozenset((_text(kind), _text(sql)) for kind, sql in rows)


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


@lru_cache
def expected_layout(version: int) -> frozenset[tuple[str, str]]:
    """What ``layout`` of an undamaged file of that version is."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(connection, version)
        return layout(connection)
    finally:
        connection.close()
