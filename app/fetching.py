"""Models on their way in: downloads, imports and checks of files, whether or not anybody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from app.jobs import Job, Jobs, Lane
from engine.errors import KnownError
from engine.lm import catalogue, library
from engine.lm.library import Installed, Progress, Stage, Verified
from engine.lm.progress import say_bytes, say_seconds


class State(StrEnum):
    """Where a piece of work on a model stands."""

    QUEUED = "queued"  # another one is before it
    RUNNING = "running"
    STOPPING = "stopping"  # until the line lets go
    PAUSED = "paused"
    FAILED = "failed"
    DONE = "done"


class Task(StrEnum):
    """What is done with a model."""

    DOWNLOAD = "download"
    IMPORT = "import"
    VERIFY = "verify"


ACTIVE = frozenset({State.QUEUED, State.RUNNING, State.STOPPING})


@dataclass(frozen=True, slots=True)
class Fetch:
    """One piece of work: ``what`` asks for it again; ``said`` is a fault's or a result's sentence."""

    name: str
    task: Task
    what: str
    state: State = State.QUEUED
    progress: Progress | None = None
    said: str = ""

    @property
    def active(self) -> bool:
        """Whether it waits for its turn or runs."""
        return self.state in ACTIVE

    @property
    def share(self) -> float:
        """How much of it is done, 0 to 1."""
        p = self.progress
        return p.done / p.total if p is not None and p.total else 0.0


class Fetching(QObject):
    """Does one piece of work at a time, in a lane of its own, and remembers how each one went.

    Signals:
        changed: the name of a model whose work stands elsewhere now.
        finished: the name of a model that is in the library now.
    """

    changed = Signal(str)
    finished = Signal(str)

    def __init__(
        self,
        jobs: Jobs,
        parent: QObject | None = None,
        *,
        patience: library.Patience | None = None,
    ) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._patience = patience
        self._fetches: dict[str, Fetch] = {}
        self._running: dict[str, Job] = {}
        self._discard: set[str] = set()  # thrown away as soon as their work has ended

    def __getitem__(self, name: str) -> Fetch | None:
        """The last work on a model, if there was any in this session."""
        return self._fetches.get(name)

    @property
    def active(self) -> list[Fetch]:
        """What runs or waits, in its order."""
        return [self._fetches[name] for name in self._running]

    # Asking for it

    def download(self, what: str) -> str:
        """Get a model: a name of the catalogue, ``owner/name`` or an address; its name here.

        Raises:
            KnownError: it cannot be the name of a model.
        """
        wanted = catalogue.wanted(what)
        if wanted.verified or any(wanted.name == one.name for one in catalogue.catalogue()):
            what = wanted.name
        self._start(
            Fetch(wanted.name, Task.DOWNLOAD, what),
            lambda: library.download(what, self._patience),
        )
        return wanted.name

    def bring(self, source: Path) -> str:
        """Copy a folder or file into the library; the name the work is listed under."""
        name = source.parent.name if source.is_file() else source.name
        self._start(Fetch(name, Task.IMPORT, str(source)), lambda: library.add(source))
        return name

    def verify(self, name: str) -> None:
        """Compare the files of a model with their checksums."""
        self._start(Fetch(name, Task.VERIFY, name), lambda: library.verify(name))

    def resume(self, name: str) -> None:
        """Go on with what was paused or failed."""
        fetch = self._fetches.get(name)
        if fetch is None or fetch.active:
            return
        if fetch.task is Task.DOWNLOAD:
            self.download(fetch.what)
        elif fetch.task is Task.IMPORT:
            self.bring(Path(fetch.what))
        else:
            self.verify(name)

    def pause(self, name: str) -> None:
        """Stop; what has arrived is kept, and ``resume`` goes on from there."""
        job = self._running.get(name)
        if job is not None:
            job.cancel()
            self._set(name, state=State.STOPPING)

    def throw_away(self, name: str) -> None:
        """Stop, and delete what has arrived.

        Raises:
            KnownError: the files are in use.
        """
        if name in self._running:
            self._discard.add(name)
            self.pause(name)
            return
        self._fetches.pop(name, None)
        if any(one.name == name for one in library.unfinished()):
            library.remove(name)
        self.changed.emit(name)

    def forget(self, name: str) -> None:
        """The last sentence was read, or its model is gone."""
        if name not in self._running and self._fetches.pop(name, None) is not None:
            self.changed.emit(name)

    # Doing it

    def _start(self, fetch: Fetch, make: Callable[[], Iterator[Any]]) -> None:
        name = fetch.name
        if name in self._running:
            return
        job = Job(make)
        job.setObjectName(name)
        job.yielded.connect(self._came)
        job.ended.connect(self._ended)
        self._fetches[name], self._running[name] = fetch, job
        self._jobs.start(job, Lane.FETCH)
        self.changed.emit(name)

    def _set(self, name: str, **changes: Any) -> None:
        self._fetches[name] = replace(self._fetches[name], **changes)
        self.changed.emit(name)

    @Slot(object)
    def _came(self, event: object) -> None:
        name = self.sender().objectName()
        fetch = self._fetches.get(name)
        if fetch is None or fetch.state is State.STOPPING:
            return
        if isinstance(event, Progress):
            self._set(name, state=State.RUNNING, progress=event)
        elif isinstance(event, Installed):
            said = self.tr("%1 is here, whole and checked.").replace("%1", event.model.name)
            self._set(name, state=State.DONE, said=said)
            self.finished.emit(event.model.name)
        elif isinstance(event, Verified):
            self._set(name, state=State.DONE, said=self._verdict(event))

    @Slot(object)
    def _ended(self, error: object) -> None:
        name = self.sender().objectName()
        self._running.pop(name, None)
        if name in self._discard:
            self._discard.discard(name)
            try:
                self.throw_away(name)
            except KnownError as fault:
                self._set(name, state=State.FAILED, said=str(fault))
        elif isinstance(error, KnownError):
            self._set(name, state=State.FAILED, said=str(error))
        elif isinstance(error, Exception):
            self._set(
                name, state=State.FAILED, said=self.tr("Something went wrong in the program.")
            )
            raise error  # a bug, and told as one
        elif self._fetches[name].state is State.DONE:
            self.changed.emit(name)  # it is no longer among those that are active
        else:
            self._set(name, state=State.PAUSED)

    def _verdict(self, result: Verified) -> str:
        if not result.checked:
            return self.tr(
                "Its files belong together. There are no checksums for a model that was put here by "
                "hand."
            )
        if result.sound:
            return self.tr("Every file is as it was when it arrived.")
        bad = ", ".join((*result.damaged, *result.missing))
        text = self.tr("Damaged or gone: %1. Delete the model and get it again.")
        return text.replace("%1", bad)

    # Wording it

    def sentence(self, fetch: Fetch) -> str:
        """Where the work stands, for people."""
        if fetch.state is State.QUEUED:
            return self.tr("Waits until the one before it is here.")
        if fetch.state is State.STOPPING:
            return self.tr("Stopping…")
        if fetch.state in (State.DONE, State.FAILED):
            return fetch.said
        progress = fetch.progress
        size = self._amount(progress)
        if fetch.state is State.PAUSED:
            return " ".join((self.tr("Paused."), size)).strip()
        if progress is None or progress.stage is Stage.ASKING:
            return self.tr("Asking for the list of its files…")
        if progress.stage is Stage.WAITING:
            return progress.reason
        if progress.stage is Stage.CHECKING:
            return " ".join((self.tr("Checking."), size)).strip()
        parts = [size]
        if progress.speed > 0:
            parts.append(self.tr("%1 a second").replace("%1", say_bytes(progress.speed)))
        if progress.seconds_left is not None:
            left = say_seconds(progress.seconds_left)
            parts.append(self.tr("%1 left").replace("%1", left))
        return ", ".join(part for part in parts if part)

    def _amount(self, progress: Progress | None) -> str:
        if progress is None or not progress.total:
            return ""
        text = self.tr("%1 of %2").replace("%1", say_bytes(progress.done))
        return text.replace("%2", say_bytes(progress.total))

    def headline(self) -> str:
        """A few words for the live line; empty while nothing is on its way."""
        running = self.active
        if not running:
            return ""
        first = running[0]
        text = f"{first.name} {100 * first.share:.0f} %"
        progress = first.progress
        if progress is not None and progress.stage is Stage.WAITING:
            text = self.tr("%1: waiting").replace("%1", first.name)
        elif progress is not None and progress.seconds_left is not None:
            text += ", " + self.tr("%1 left").replace("%1", say_seconds(progress.seconds_left))
        return text + (f" (+{len(running) - 1})" if len(running) > 1 else "")
