"""A story file on disk: looking at it before touching it, connecting, and writing a new one."""

from __future__ import annotations

import gc
import os
import sqlite3
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from engine.errors import KnownError
from engine.story import reading, schema
from engine.story.rows import Written

_MAGIC = b"SQLite format 3\0"
_HEADER = struct.Struct(">16sHBBBBBBIIIIIIIIIIII")  # https://sqlite.org/fileformat2.html, 1.3
_LARGEST_VALUE = 256 << 20  # bytes of one text or blob


def sniff(path: Path) -> None:
    """KnownError unless the first bytes are those of a story file this program can read.

    Opens and closes the file, so it is only for files that nobody has open in this process.
    """
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except FileNotFoundError:
        raise KnownError(f"There is no file {path.name} here any more.") from None
    except OSError as error:
        raise KnownError(f"{path.name} cannot be read: {error.strerror}.") from None
    if not head:
        raise KnownError(f"{path.name} is empty. If it held a story, open one of its backups.")
    if len(head) < 100 or not head.startswith(_MAGIC):
        raise KnownError(f"{path.name} is not a Brass Lantern story. To bring it in, import it.")
    fields = _HEADER.unpack_from(head)
    writing, reads = fields[2:4]
    version, application = fields[17], fields[19]
    if application != schema.APPLICATION_ID:
        raise KnownError(f"{path.name} is a database of another program, not a story.")
    if version > schema.newest():
        raise KnownError(
            f"{path.name} was written by a newer version of Brass Lantern. Update to open it."
        )
    if (writing, reads) != (1, 1) or version < 1:
        raise KnownError(f"{path.name} is damaged at its very beginning. Open one of its backups.")


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Connect to a file (``ro``, ``rw`` or ``rwc``) with what hostile or damaged files call for."""
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, check_same_thread=False, timeout=2.0
    )
    try:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST_VALUE)
        for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "cache_size = -16000"):
            connection.execute(f"PRAGMA {pragma}")
        if mode != "ro":
            # FULL: an acknowledged verb survives a power cut. TRUNCATE: one file between verbs.
            for pragma in (
                "journal_mode = TRUNCATE",
                "synchronous = FULL",
                "fullfsync = ON",
                "secure_delete = ON",
            ):
                connection.execute(f"PRAGMA {pragma}").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def journal_of(path: Path) -> Path:
    """The file in which SQLite keeps what a transaction replaces."""
    return path.with_name(f"{path.name}-journal")


def recovering(path: Path) -> bool:
    """Whether a crash left a transaction half-way, which SQLite takes back on connecting."""
    try:
        return journal_of(path).stat().st_size > 0
    except OSError:
        return False


def check_layout(connection: sqlite3.Connection, name: str) -> int:
    """The version of the tables; KnownError where there are others than this program makes."""
    version = schema.version_of(connection)
    if version not in schema.MIGRATIONS:
        raise KnownError(f"{name} is damaged at its very beginning. Open one of its backups.")
    if schema.layout(connection) != schema.expected_layout(version):
        raise KnownError(f"{name} does not hold the tables of a story. Open one of its backups.")
    return version


def load(path: Path) -> reading.Loaded:
    """Read a sniffed file whole, without writing to it unless a crash left it half-way."""
    try:
        connection = connect(path, "rw" if recovering(path) else "ro")
    except (sqlite3.Error, UnicodeDecodeError) as error:  # SQLite quotes damage in its messages
        raise KnownError(f"{path.name} cannot be opened: {reason(error)}.") from None
    try:
        version = check_layout(connection, path.name)
        with _no_collecting():
            loaded = reading.read(connection)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise KnownError(
            f"{path.name} is too damaged to be opened ({reason(error)}). Open one of its backups."
        ) from None
    finally:
        connection.close()
    if version < schema.newest() and loaded.damage:
        loaded.hurt("The file is of an older version and was not brought up to date.")
    return loaded


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Tens of thousands of new objects, none of them garbage: collecting would double the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def write_rows(
    connection: sqlite3.Connection, written: Iterable[Written]
) -> dict[tuple[str, Any], int | None]:
    """Put rows in place as part of the open transaction; their checksums, None for those gone."""
    sums: dict[tuple[str, Any], int | None] = {}
    for name, key, row in written:
        table = schema.TABLES[name]
        if row is None:
            connection.execute(table.delete, key if isinstance(key, tuple) else (key,))
            sums[name, key] = None
        else:
            sums[name, key] = crc = schema.checksum(table, row)
            connection.execute(table.insert, (*row, crc))
    return sums


def write_tally(connection: sqlite3.Connection, tally: tuple[int, int]) -> None:
    """Put the number of rows and the sum of their checksums in place."""
    connection.execute("INSERT OR REPLACE INTO tally VALUES (1, ?, ?)", tally)


def write_new(path: Path, written: Iterable[Written]) -> None:
    """Write a whole story file; ``path`` appears complete or not at all.

    KnownError where it exists already or cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        if path.exists():
            raise KnownError(f"There is a file {path.name} already. Choose another name.")
        path.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        journal_of(part).unlink(missing_ok=True)
        connection = connect(part, "rwc")
        try:
            schema.migrate(connection)
            connection.execute("BEGIN IMMEDIATE")
            sums = write_rows(connection, written)
            write_tally(connection, reading.tally_of([s for s in sums.values() if s is not None]))
            connection.execute("COMMIT")
            connection.execute("PRAGMA journal_mode = DELETE").fetchall()
        finally:
            connection.close()
        os.replace(part, path)  # noqa: PTH105 - Path.replace says nothing of its atomicity
        sync_folder(path.parent)
    except (sqlite3.Error, OSError) as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise KnownError(f"{path.name} cannot be written here: {reason(error)}.") from None


def sync_folder(folder: Path) -> None:
    """Make a new or renamed file's name durable where the system offers it."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


_REASONS = {
    "SQLITE_FULL": "the disk is full",
    "SQLITE_READONLY": "the file or its folder is read-only",
    "SQLITE_CANTOPEN": "the file or its folder cannot be opened for writing",
    "SQLITE_IOERR": "the disk reports an error",
    "SQLITE_BUSY": "another program holds the file",
    "SQLITE_CORRUPT": "its contents are damaged",
    "SQLITE_NOTADB": "its contents are damaged",
    "SQLITE_PERM": "you may not write to it",
}


def reason(error: BaseException) -> str:
    """Why a file could not be read or written, in words that end a sentence."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    name = getattr(error, "sqlite_errorname", "") or ""
    for prefix, words in _REASONS.items():
        if name.startswith(prefix):
            return words
    if isinstance(error, UnicodeDecodeError):
        return "its contents are damaged"
    return str(error) or type(error).__name__
