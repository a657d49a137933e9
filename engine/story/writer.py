"""The thread that writes a story file: one transaction a verb, and patience with bad disks."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition, Thread
from typing import Any

from engine.story import backup, reading, storyfile
from engine.story.rows import Written

log = logging.getLogger(__name__)

RETRY = 2.0  # seconds between attempts while a file cannot be written
DRAFT = 1.0  # seconds between drafts of a streaming reply
BACKUP = 600.0  # seconds between backups of a story that changes


class StrandedError(Exception):
    """The file is not the one that was opened; nothing may be written to it."""


@dataclass(slots=True)
class Batch:
    """The rows of one verb, and who waits for them."""

    rows: list[Written]
    done: Future[None] = field(default_factory=Future)
    purge: bool = False


class Writer(Thread):
    """Owns the connection. ``trouble`` is why nothing can be written right now, if so.

    What cannot be written stays in memory, in order, and is tried again and again.
    """

    def __init__(
        self,
        path: Path,
        sums: dict[tuple[str, Any], int],
        on_trouble: Callable[[str | None], None],
    ) -> None:
        super().__init__(name=f"story {path.name}", daemon=True)
        self.path = path
        self.trouble: str | None = None
        self._sums = dict(sums)
        self._tally = reading.tally_of(self._sums.values())
        self._attempted = self._tally
        self._on_trouble = on_trouble
        self._wake = Condition()
        self._batches: list[Batch] = []
        self._drafts: dict[int, Written] = {}
        self._drafts_on_disk = {key for table, key in sums if table == "draft"}
        self._drafts_due = 0.0
        self._retry_at = 0.0
        self._closing = False
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = _identity(path)
        self._data_version = 0
        self._dirty = False
        self._backed_up = self._last_backup()

    # Called from the story's thread

    def submit(
        self, rows: list[Written], *, purge: bool = False, drop_drafts: bool = False
    ) -> Future[None]:
        """Queue the rows of one verb; the future resolves once they are durable."""
        with self._wake:
            if drop_drafts:
                rows = [*rows, *(("draft", row, None) for row in self._drafts_on_disk)]
                self._drafts.clear()
                self._drafts_on_disk.clear()
            batch = Batch(rows, purge=purge)
            self._batches.append(batch)
            self._wake.notify()
        return batch.done

    def draft(self, row: int, columns: tuple[Any, ...]) -> None:
        """Remember a draft; it is written about once a second, always in its newest form."""
        with self._wake:
            if not self._drafts:
                now = time.monotonic()
                self._drafts_due = max(now, self._drafts_due)
                self._wake.notify()
            self._drafts[row] = ("draft", row, columns)

    @property
    def has_drafts(self) -> bool:
        """Whether a draft is in memory or on disk."""
        with self._wake:
            return bool(self._drafts or self._drafts_on_disk)

    @property
    def pending(self) -> bool:
        """Whether something is not on disk yet."""
        with self._wake:
            return bool(self._batches or self._drafts)

    def stop(self, timeout: float) -> bool:
        """Write what can be written and end the thread; False if something could not be."""
        with self._wake:
            self._closing = True
            self._retry_at = 0.0
            self._wake.notify()
        self.join(timeout)
        return not self.is_alive() and not self.pending

    def resume(self) -> None:
        """Try again now."""
        with self._wake:
            self._retry_at = 0.0
            self._wake.notify()

    # The thread

    def run(self) -> None:
        """Write until told to stop."""
        try:
            while self._step():
                pass
        except BaseException as error:
            # A bug: whoever waits must hear of it, and the thread must not look alive.
            self._say(f"Saving has failed: {error}. Save a copy of the story and restart.")
            with self._wake:
                for batch in self._batches:
                    batch.done.set_exception(error)
            raise
        finally:
            self._disconnect()

    def _step(self) -> bool:
        with self._wake:
            while not self._closing and (wait := self._idle_for()) > 0:
                self._wake.wait(wait if wait < BACKUP else None)
            closing = self._closing
            batches, drafts = list(self._batches), []
            if self._drafts and (closing or time.monotonic() >= self._drafts_due):
                drafts = list(self._drafts.values())
                self._drafts_on_disk.update(self._drafts)  # or soon: whoever drops them must know
        if batches or drafts:
            self._attempt(batches, drafts)
        elif self._dirty and not closing:
            self._back_up()
        if closing and self._dirty:
            self._back_up()
        return not closing

    def _idle_for(self) -> float:
        """Seconds until there is something to do; BACKUP and more: until woken."""
        now = time.monotonic()
        if self.trouble is not None:
            return self._retry_at - now if self._batches or self._drafts else BACKUP
        if self._batches:
            return 0.0
        if self._drafts:
            return self._drafts_due - now
        return max(0.001, self._backed_up + BACKUP - time.time()) if self._dirty else BACKUP

    def _attempt(self, batches: list[Batch], drafts: list[Written]) -> None:
        try:
            self._commit(batches, drafts)
        except (sqlite3.Error, OSError, StrandedError) as error:
            self._disconnect()
            self._retry_at = time.monotonic() + RETRY
            self._say(self._sentence(error))
            return
        with self._wake:
            del self._batches[: len(batches)]
            for written in drafts:
                if self._drafts.get(written[1]) is written:
                    del self._drafts[written[1]]
            self._drafts_due = time.monotonic() + DRAFT
        self._say(None)
        for batch in batches:
            batch.done.set_result(None)

    def _commit(self, batches: list[Batch], drafts: list[Written]) -> None:
        """One transaction with all that waits: each verb is in it whole."""
        connection = self._connected()
        newest = {(w[0], w[1]): w for batch in batches for w in batch.rows}
        newest |= {(w[0], w[1]): w for w in drafts}
        connection.execute("BEGIN IMMEDIATE")
        try:
            if connection.execute("PRAGMA data_version").fetchone()[0] != self._data_version:
                raise StrandedError("was changed by another program")
            changes = storyfile.write_rows(connection, newest.values())
            self._attempted = tally = self._tally_after(changes)
            storyfile.write_tally(connection, tally)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self._tally = tally
        for key, crc in changes.items():
            if crc is None:
                self._sums.pop(key, None)
            else:
                self._sums[key] = crc
        self._dirty = True
        if any(batch.purge for batch in batches):
            self._forget_purged(connection)

    def _tally_after(self, changes: dict[tuple[str, Any], int | None]) -> tuple[int, int]:
        count, total = self._tally
        for key, crc in changes.items():
            old = self._sums.get(key)
            count += (crc is not None) - (old is not None)
            total += (crc or 0) - (old or 0)
        return count, total & reading.SUM_BITS

    def _connected(self) -> sqlite3.Connection:
        """The connection to the file that was opened; StrandedError if that is no longer there."""
        if _identity(self.path) != self._identity:
            raise StrandedError("has been moved or deleted, or its drive is gone")
        if self._connection is None:
            connection = storyfile.connect(self.path, "rw")
            try:
                found = connection.execute(reading.TALLY).fetchone()
                # A commit that failed may have reached the disk after all.
                if found not in (self._tally, self._attempted):
                    raise StrandedError("was changed by another program")
                self._data_version = connection.execute("PRAGMA data_version").fetchone()[0]
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _sentence(self, error: BaseException) -> str:
        """What the person is told."""
        name = self.path.name
        if isinstance(error, StrandedError):
            return f"{name} {error}. Your text is kept here; save a copy of the story elsewhere."
        why = storyfile.reason(error)
        return f"{name} cannot be saved: {why}. Your text is kept here until it can be."

    def _say(self, trouble: str | None) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            self._on_trouble(trouble)

    def _forget_purged(self, connection: sqlite3.Connection) -> None:
        """What was purged must not be found in free pages or in backups."""
        try:
            connection.execute("VACUUM")
            backup.forget(self.path)
            self._back_up()
        except (sqlite3.Error, OSError) as error:
            log.info("after a purge of %s: %s", self.path.name, error)

    def _back_up(self) -> None:
        self._dirty = False
        self._backed_up = time.time()
        if self._connection is None or self.trouble is not None:
            return
        try:
            backup.make(self._connection, self.path)
        except (sqlite3.Error, OSError) as error:
            log.info("no backup of %s: %s", self.path.name, error)

    def _last_backup(self) -> float:
        made = [backup.moment(path) for path in backup.listing(self.path)[:1]]
        return made[0] or 0.0 if made else 0.0

    def _disconnect(self) -> None:
        """Close the connection; the story's one file is all that stays."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            if _identity(self.path) == self._identity:
                connection.execute("PRAGMA journal_mode = DELETE").fetchall()
        except sqlite3.Error as error:
            log.info("closing %s: %s", self.path.name, error)
        finally:
            connection.close()


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file apart from another of the same name; None while it is not there."""
    try:
        status = os.stat(path)  # noqa: PTH116 - no file is opened
    except OSError:
        return None
    return status.st_dev, status.st_ino
