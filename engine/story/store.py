"""A story and its file: every verb becomes one transaction, written in the background."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import replace
from pathlib import Path
from typing import Self

import filelock

from engine import paths
from engine.errors import KnownError
from engine.story import backup, rows, schema, storyfile
from engine.story.node import Author, Kind, ReplyMeta
from engine.story.normalize import normalize
from engine.story.packing import PackedReply, pack
from engine.story.reading import Damage, Loaded
from engine.story.rows import Encoder
from engine.story.state import Row
from engine.story.tree import Story
from engine.story.writer import Writer

TROUBLED_WAIT = 2.0  # seconds to wait at the end for a disk that is known to be unwell
LOCK_WAIT = 1.0  # seconds: a library that is just reading the file lets go of it by then


class Store:
    """An open story file. Use ``create`` or ``open``, and ``close`` it in the end.

    ``damage`` names what could not be read. A damaged file is never written to: the story can be
    read and changed in memory, and ``save_as`` makes a sound file of it.
    """

    def __init__(self, path: Path, lock: filelock.BaseFileLock, loaded: Loaded) -> None:
        self.path = path
        self.damage: Sequence[Damage] = tuple(loaded.damage)
        self.recovered = 0
        self.on_trouble: Callable[[str | None], None] | None = None  # from the writer's thread
        self.story = Story(loaded.state, loaded.journal)
        self._lock = lock
        self._encoder = Encoder(loaded.state, loaded.journal, loaded.origins)
        self._last: Future[None] = Future()
        self._last.set_result(None)
        self._writer: Writer | None = None
        self._unsaved = False
        self.story.sink = self._write
        if not self.damage:
            self._writer = Writer(path, loaded.sums, self._report)
            self._writer.start()
            try:
                self._recover(loaded.drafts)
            except BaseException:
                self._writer.stop(TROUBLED_WAIT)
                raise

    # Opening

    @classmethod
    def create(cls, path: Path, story: Story | None = None) -> Store:
        """Write a new file, of a given story or an empty one, and open it.

        KnownError where there is a file already or none can be made.
        """
        save_copy(story or Story(), path)
        return cls.open(path)

    @classmethod
    def open(cls, path: Path) -> Store:
        """Open a story file; KnownError where it is open elsewhere, foreign, or beyond reading."""
        path = path.absolute()
        lock = lock_of(path)
        try:
            lock.acquire(timeout=LOCK_WAIT)
        except filelock.Timeout:
            raise KnownError(f"{path.name} is open in another window already.") from None
        except OSError as error:
            raise KnownError(f"{path.name} cannot be locked: {storyfile.reason(error)}.") from None
        try:
            storyfile.sniff(path)
            loaded = storyfile.load(path)
            if not loaded.damage:
                _bring_up_to_date(path)
            return cls(path, lock, loaded)
        except BaseException:
            lock.release()
            raise

    def _recover(self, drafts: list[rows.Draft]) -> None:
        """Make replies of what was streaming when the program ended."""
        if not drafts:
            return
        story = self.story
        with story.verb("recover reply"):
            head = story.state.head
            for parent, kind, text, form in drafts:
                if not text or (parent and parent not in story):
                    continue
                if parent and not story.state.alive(parent):
                    story.restore(parent)
                meta = None if form is None else ReplyMeta.of(form)
                if meta is not None:
                    meta = replace(meta, finish="interrupted")
                at = parent or None
                if at is None and story.state.head is not None:
                    node = story.append_root(kind, text, Author.MODEL)
                else:
                    node = story.append(kind, text, Author.MODEL, meta=meta, parent=at, join=True)
                self.recovered += 1
                head = node.id if at == head else head
            if head is not None and head != story.state.head:
                story.go_to(head)
        self.end_draft()

    # Saving

    @property
    def trouble(self) -> str | None:
        """Why the story cannot be saved right now, as a sentence; None while all is well."""
        if self.damage:
            return f"{self.path.name} is damaged and is left as it is. Save a copy to go on."
        return self._writer.trouble if self._writer else None

    @property
    def saved(self) -> Future[None]:
        """Resolves once the last verb is durable."""
        return self._last

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until every verb is durable; False if that could not be in time."""
        return self._written(timeout) and not self._unsaved

    def _written(self, timeout: float) -> bool:
        try:
            self._last.result(timeout)
        except FutureTimeoutError:
            return False
        return True

    def retry(self) -> None:
        """Try to save again now, after trouble."""
        if self._writer:
            self._writer.resume()

    def _report(self, trouble: str | None) -> None:
        if self.on_trouble is not None:
            self.on_trouble(trouble)

    def _write(self, changed: set[Row], entries: set[int]) -> None:
        if self._writer is None:
            self._unsaved = True
            return
        state = self.story.state
        written = self._encoder.encode(changed, entries)
        nodes = [state.nodes.get(key) for table, key in changed if table == "node"]
        arrived = any(table == "revision" and key[1] == 0 for table, key in changed)
        replied = arrived and any(node and node.kind is Kind.REPLY for node in nodes)
        purge = None in nodes
        self._last = self._writer.submit(written, purge=purge, drop_drafts=bool(replied))

    # A reply that is being written

    def draft(
        self,
        parent: int | None,
        text: str,
        meta: ReplyMeta | None = None,
        *,
        row: int = 0,
        kind: Kind = Kind.REPLY,
    ) -> None:
        """Keep what has been streamed so far, about once a second; any thread may call this.

        ``row`` tells candidates apart. It becomes a passage after ``parent`` if the program ends;
        appending a reply does away with it.
        """
        if self._writer is None:
            return
        form = PackedReply("{}", b"", b"") if meta is None else pack(meta)
        now = rows.millis(time.time())
        columns = (row, parent or 0, now, kind.value, normalize(text), form.origin, form.data)
        self._writer.draft(row, columns)

    def end_draft(self) -> None:
        """Forget the draft: nothing of it is to be kept."""
        if self._writer is not None and self._writer.has_drafts:
            self._last = self._writer.submit([], drop_drafts=True)

    # Elsewhere

    def save_as(self, path: Path) -> None:
        """Write the whole story, way back included, into another file."""
        save_copy(self.story, path)

    def save_clean_copy(self, path: Path) -> None:
        """Write the current branch alone into another file, for sharing."""
        save_copy(self.story.clean_copy(), path)

    def close(self, timeout: float = 10.0, *, discard: bool = False) -> None:
        """Write what is left, and let go of the file.

        KnownError, with the story still open, where something could not be written; ``discard``
        gives that up.
        """
        self.retry()
        patience = timeout if self.trouble is None else min(timeout, TROUBLED_WAIT)
        if not discard and (self._unsaved or not self._written(patience)):
            raise KnownError(self.trouble or f"{self.path.name} is still being saved.")
        if self._writer is not None:
            self._writer.stop(timeout)
        self.story.sink = None
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def lock_of(path: Path) -> filelock.BaseFileLock:
    """The lock of a story file, in a folder of ours; it ends with the process that holds it."""
    folder = paths.locks()
    folder.mkdir(parents=True, exist_ok=True)
    place = os.path.normcase(path.resolve())
    name = hashlib.sha256(os.fsencode(place)).hexdigest()[:24]
    return filelock.FileLock(folder / f"{name}.lock", thread_local=False)


def save_copy(story: Story, path: Path) -> None:
    """Write a story into a new file; KnownError where there is one already or none can be made."""
    encoder = Encoder(story.state, story.journal, {})
    storyfile.write_new(path.absolute(), encoder.everything())


def _bring_up_to_date(path: Path) -> None:
    """Migrate a file of an older version, after a copy of it was put among its backups."""
    connection = storyfile.connect(path, "ro")
    try:
        version = schema.version_of(connection)
    finally:
        connection.close()
    if version == schema.newest():
        return
    connection = storyfile.connect(path, "rw")
    try:
        backup.make(connection, path)
        schema.migrate(connection)
    finally:
        connection.close()
