"""The library of stories: a folder of story files, and an index to list and search them.

The index is a convenience in the app's data folder, rebuilt when it is missing or stale; the
stories themselves are only ever read, and only through SQLite.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import filelock

from engine import paths
from engine.errors import KnownError
from engine.story import reading, schema, storyfile
from engine.story.node import Node
from engine.story.reading import Loaded
from engine.story.store import lock_of

T = TypeVar("T")

VERSION = 1  # of the index; another one is thrown away and built anew
OPENING = 300  # characters of a story's beginning that the list shows
MATCHES = 200
_SCHEMA = """
CREATE TABLE story (
  id INTEGER PRIMARY KEY, path TEXT UNIQUE NOT NULL, stamp TEXT NOT NULL, title TEXT NOT NULL,
  opening TEXT NOT NULL, words INTEGER NOT NULL, played REAL NOT NULL, tags TEXT NOT NULL,
  model TEXT NOT NULL, trouble TEXT NOT NULL);
CREATE VIRTUAL TABLE passage USING fts5(
  text, story UNINDEXED, node UNINDEXED, tokenize = 'unicode61 remove_diacritics 2');
"""
_FORBIDDEN = re.compile(r'[\x00-\x1f<>:"/\\|?*]+')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Card:
    """What the list shows of one story; ``trouble`` is why it cannot be opened, if so.

    ``played`` is seconds since the epoch; ``words`` counts the current branch.
    """

    path: Path
    title: str
    opening: str
    words: int
    played: float
    tags: tuple[str, ...]
    model: str
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """A place where what was searched for stands: characters 2 and 3 mark it in ``snippet``."""

    path: Path
    title: str
    node: int
    snippet: str


class Shelf:
    """The stories in one folder. Any thread may use it, one at a time."""

    def __init__(self, folder: Path | None = None, index: Path | None = None) -> None:
        self.folder = folder or paths.stories()
        self._index_path = index or paths.data_home() / "library.sqlite"
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None

    def close(self) -> None:
        """Let go of the index."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def __enter__(self) -> Shelf:  # noqa: PYI034 - not made to be inherited from
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Listing

    def cards(self, *, refresh: bool = True) -> list[Card]:
        """All stories, last played first; KnownError where the folder cannot be read."""

        def ask() -> list[tuple[Any, ...]]:
            if refresh:
                self._refresh()
            return self._query(
                "SELECT path, title, opening, words, played, tags, model, trouble FROM story"
                " ORDER BY played DESC, path",
            )

        rows = self._healing(ask)
        return [
            Card(self.folder / path, title, opening, words, played, tuple(json.loads(tags)), *rest)
            for path, title, opening, words, played, tags, *rest in rows
            if self._below(path)
        ]

    def refresh(self) -> int:
        """Read stories that are new or changed into the index; how many there were."""
        return self._healing(self._refresh)

    def rebuild(self) -> None:
        """Throw the index away and read every story anew."""
        with self._lock:
            self._discard()
            self.refresh()

    def _refresh(self) -> int:
        found = self._files()
        known = dict(self._query("SELECT path, stamp FROM story"))
        for gone in known.keys() - found.keys():
            self._forget(gone)
        changed = [name for name, stamp in found.items() if known.get(name) != stamp]
        for name in changed:
            self._read(name, found[name])
        return len(changed)

    def _healing(self, ask: Callable[[], T]) -> T:
        """What ``ask`` answers; if the index is damaged it is built anew first."""
        with self._lock:
            try:
                return ask()
            except sqlite3.DatabaseError as error:
                if getattr(error, "sqlite_errorname", "") in {"SQLITE_BUSY", "SQLITE_LOCKED"}:
                    raise KnownError(
                        "The list of stories is in use by another program. Try again in a moment."
                    ) from None
            self._discard()
            try:
                return ask()
            except sqlite3.DatabaseError as error:
                raise KnownError(
                    f"The list of stories cannot be made: {storyfile.reason(error)}."
                ) from None

    def _discard(self) -> None:
        self.close()
        with suppress(OSError):
            self._index_path.unlink(missing_ok=True)

    def _files(self) -> dict[str, str]:
        """Story files by name, each with what changes when it is written to."""
        found = {}
        try:
            with os.scandir(self.folder) as entries:
                for entry in entries:
                    if not entry.name.endswith(schema.EXTENSION) or entry.name.startswith("."):
                        continue
                    with suppress(OSError):
                        if entry.is_file():
                            status = entry.stat()
                            found[entry.name] = f"{status.st_mtime_ns} {status.st_size}"
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise KnownError(
                f"The stories' folder {self.folder} cannot be read: {storyfile.reason(error)}."
            ) from None
        return found

    def _below(self, name: str) -> bool:
        return Path(name).name == name

    # Searching

    def search(self, text: str, *, refresh: bool = True) -> list[Match]:
        """Passages in which all words of ``text`` stand; the last may be a word's beginning."""
        words = _WORD.findall(text)
        if not words:
            return []
        query = " ".join(f'"{word}"' for word in words) + "*"

        def ask() -> list[tuple[Any, ...]]:
            if refresh:
                self._refresh()
            return self._query(
                "SELECT s.path, s.title, p.node, snippet(passage, 0, char(2), char(3), '…', 24)"
                " FROM passage p JOIN story s ON s.id = p.story"
                " WHERE passage MATCH ? ORDER BY rank LIMIT ?",
                query,
                MATCHES,
            )

        rows = self._healing(ask)
        return [
            Match(self.folder / path, title, node, " ".join(snippet.split()))
            for path, title, node, snippet in rows
        ]

    # Names

    def path_for(self, title: str) -> Path:
        """A free file name for a new story of that title, good on every system."""
        stem = _FORBIDDEN.sub(" ", title).strip(" .")[:80].strip(" .") or "Story"
        if _RESERVED.match(stem):
            stem = f"Story {stem}"
        taken = {name.casefold() for name in self._files()}
        number, name = 1, f"{stem}{schema.EXTENSION}"
        while name.casefold() in taken or (self.folder / name).exists():
            number += 1
            name = f"{stem} {number}{schema.EXTENSION}"
        return self.folder / name

    # The index

    def _query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._index().execute(sql, values).fetchall()

    def _index(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                self._connection = self._open_index(self._index_path)
            except (sqlite3.DatabaseError, OSError):
                # Damaged or nowhere to write: what can be rebuilt is not worth a complaint.
                with suppress(OSError):
                    self._index_path.unlink(missing_ok=True)
                try:
                    self._connection = self._open_index(self._index_path)
                except (sqlite3.DatabaseError, OSError):
                    self._connection = self._open_index(None)
        return self._connection

    def _open_index(self, path: Path | None) -> sqlite3.Connection:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            path or ":memory:", isolation_level=None, check_same_thread=False, timeout=5.0
        )
        try:
            connection.execute("PRAGMA synchronous = NORMAL")
            stamp = f"{VERSION} {self.folder.absolute()}"
            made = connection.execute(
                "SELECT name FROM sqlite_master WHERE name IN ('story', 'passage', 'about')"
            ).fetchall()
            about = None
            if len(made) == 3:
                about = connection.execute("SELECT stamp FROM about").fetchone()
                connection.execute("SELECT count(*) FROM story").fetchone()
            if about is None or about[0] != stamp:
                for (name,) in made:
                    connection.execute(f"DROP TABLE {name}")
                connection.executescript(_SCHEMA)
                connection.execute("CREATE TABLE about (stamp TEXT)")
                connection.execute("INSERT INTO about VALUES (?)", (stamp,))
        except BaseException:
            connection.close()
            raise
        return connection

    def _forget(self, name: str) -> None:
        index = self._index()
        index.execute("BEGIN")
        index.execute(
            "DELETE FROM passage WHERE story IN (SELECT id FROM story WHERE path = ?)", (name,)
        )
        index.execute("DELETE FROM story WHERE path = ?", (name,))
        index.execute("COMMIT")

    def _read(self, name: str, stamp: str) -> None:
        """Put one story into the index, or the reason why it cannot be read."""
        path = self.folder / name
        trouble, loaded = "", Loaded()
        try:
            loaded = read_story(path)
            if loaded.damage:
                trouble = f"{name} is damaged: {loaded.damage[0].sentence}"
        except KnownError as error:
            trouble = str(error)
        state = loaded.state
        branch = state.path(state.head)
        title = json.loads(state.values.get("title", '""')) or path.stem
        opening = " ".join("".join(n.text for n in branch[:8])[: 2 * OPENING].split())[:OPENING]
        words = sum(len(node.text.split()) for node in branch)
        tags = [t for t in json.loads(state.values.get("tags", "[]")) if isinstance(t, str)]
        model = next((n.meta.model for n in reversed(branch) if n.meta is not None), "")
        played = int(stamp.partition(" ")[0]) / 1e9
        index = self._index()
        index.execute("BEGIN")
        index.execute(
            "DELETE FROM passage WHERE story IN (SELECT id FROM story WHERE path = ?)", (name,)
        )
        number = index.execute(
            "INSERT OR REPLACE INTO story VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (name, stamp, title, opening, words, played, json.dumps(tags), model, trouble),
        ).lastrowid
        index.executemany(
            "INSERT INTO passage VALUES (?, ?, ?)",
            ((node.text, number, node.id) for node in _visible(loaded)),
        )
        index.execute("COMMIT")


def _visible(loaded: Loaded) -> Iterator[Node]:
    """Passages on any branch that is not deleted."""
    state = loaded.state
    waiting = [i for i in state.children[None] if i not in state.deleted]
    while waiting:
        node = state.nodes[waiting.pop()]
        if node.text:
            yield node
        waiting.extend(i for i in state.children.get(node.id, ()) if i not in state.deleted)


def read_story(path: Path) -> Loaded:
    """A story file's contents, for looking only; also of one that is open at the moment.

    KnownError where it is no story or beyond reading.
    """
    lock = lock_of(path)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        # Somebody has it open, perhaps this very process: only SQLite may touch it, and whoever
        # opened it has looked at its header.
        return _read_live(path)
    try:
        storyfile.sniff(path)
        return storyfile.load(path)
    finally:
        lock.release()


def _read_live(path: Path) -> Loaded:
    try:
        with closing(storyfile.connect(path, "ro")) as connection:
            storyfile.check_layout(connection, path.name)
            connection.execute("BEGIN")  # one moment's state over all tables
            return reading.read(connection)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise KnownError(
            f"{path.name} cannot be read just now: {storyfile.reason(error)}."
        ) from None
