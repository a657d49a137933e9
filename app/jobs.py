"""Runs iterators off the GUI thread, in lanes of one worker each; to cancel is to stop iterating."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot


class Lane(StrEnum):
    """Where a job waits for its turn."""

    ENGINE = "engine"  # one model: calls in order
    IO = "io"  # search, lists, backups
    FETCH = "fetch"  # models on their way in, which takes minutes
    ASK = "ask"  # short questions: to a server, to the keyring, of this machine
    LOOK = "look"  # short looks at the open story, which never wait for a download


class Job(QObject):
    """One run of an iterator; lives in the GUI thread, only its signals cross over.

    Signals:
        yielded: an item of the iterator.
        ended: None, or the exception that ended it. Comes once, also after ``cancel``.
    """

    yielded = Signal(object)
    ended = Signal(object)

    def __init__(self, make: Callable[[], Iterable[Any]]) -> None:
        super().__init__()
        self._make = make
        self._cancelled = threading.Event()
        self.done = False

    @property
    def cancelled(self) -> bool:
        """Whether ``cancel`` was called."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Stop after the item that is being made; what was yielded before stays."""
        self._cancelled.set()

    def work(self) -> None:
        """Iterate; the one method that runs in the lane's thread."""
        error: BaseException | None = None
        try:
            self._iterate()
        except Exception as exception:  # noqa: BLE001  every error is the receiver's to word
            error = exception
        self.ended.emit(error)

    def _iterate(self) -> None:
        if self.cancelled:
            return
        items = iter(self._make())
        try:
            for item in items:
                if self.cancelled:
                    return
                self.yielded.emit(item)
                if self.cancelled:
                    return
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()


class Jobs(QObject):
    """Owns every job until it has ended, so that none is collected while it runs.

    Connect a job's signals before ``start``: what is emitted with no receiver is lost. An ``idle``
    job (reading ahead) is cancelled as soon as one that is not idle wants its lane.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pools = {
            lane: ThreadPoolExecutor(max_workers=1, thread_name_prefix=lane) for lane in Lane
        }
        self._running: dict[Job, tuple[Lane, bool]] = {}
        self._open = True

    def start(self, job: Job, lane: Lane = Lane.ENGINE, *, idle: bool = False) -> Job:
        """Queue a job in its lane."""
        if not self._open:
            job.cancel()
            return job
        for other, (its_lane, its_idle) in self._running.items():
            if its_lane == lane and its_idle and not idle:
                other.cancel()
        self._running[job] = (lane, idle)
        job.ended.connect(self._ended)
        self._pools[lane].submit(job.work)
        return job

    @property
    def busy(self) -> bool:
        """Whether any job is queued or running."""
        return bool(self._running)

    def shutdown(self) -> None:
        """Cancel everything and wait for the threads; nothing starts afterwards."""
        self._open = False
        for job in self._running:
            job.cancel()
        for pool in self._pools.values():
            pool.shutdown(wait=True, cancel_futures=True)
        self._running.clear()

    @Slot(object)
    def _ended(self, _error: object) -> None:
        job = self.sender()
        if isinstance(job, Job):
            job.done = True
            self._running.pop(job, None)


def once(work: Callable[[], Any]) -> Callable[[], Iterator[Any]]:
    """A plain function as an iterator of one item, for ``Job``."""

    def make() -> Iterator[Any]:
        yield work()

    return make
