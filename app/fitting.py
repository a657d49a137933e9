"""Asks whether models fit this machine, and how fast they would be, off the GUI thread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from app.jobs import Job, Jobs, Lane
from engine.errors import KnownError

if TYPE_CHECKING:
    from engine.lm.fits import Report


class Fitting(QObject):
    """Remembers the report of each model.

    Signals:
        changed: the name of a model whose report is another now.
        measured: the name of a model whose measuring has ended, and whether it came to a result.
    """

    changed = Signal(str)
    measured = Signal(str, bool)

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._reports: dict[str, Report] = {}
        self._measure: Job | None = None
        self.measuring = ""  # the name of the model that is measured
        self._came = False  # to a result

    def __getitem__(self, name: str) -> Report | None:
        """What is known about a model."""
        return self._reports.get(name)

    def look(self, names: Sequence[str]) -> None:
        """Compare the memory that these models need with what is free now."""
        job = Job(lambda: _reports(names))
        job.yielded.connect(self._seen)
        job.ended.connect(self._raise)
        self._jobs.start(job, Lane.ASK)

    def measure(self, name: str) -> None:
        """Measure how fast a model would be: two seconds of the engine's lane, when it is idle."""
        self.stop()

        def work() -> Iterator[Report | None]:
            from engine.lm.fits import judging

            return judging(name)

        self._measure, self.measuring, self._came = Job(work), name, False
        self._measure.yielded.connect(self._timed)
        self._measure.ended.connect(self._over)
        self._jobs.start(self._measure, Lane.ENGINE, idle=True)
        self.changed.emit(name)

    def stop(self) -> None:
        """Measure no more."""
        if self._measure is not None:
            self._measure.cancel()
            name, self.measuring, self._measure = self.measuring, "", None
            self.measured.emit(name, False)  # noqa: FBT003

    @Slot(object)
    def _seen(self, report: Report) -> None:
        old = self._reports.get(report.name)
        if old is not None and any(choice.writing for choice in old.choices):
            return  # what was measured is worth more
        self._reports[report.name] = report
        self.changed.emit(report.name)

    @Slot(object)
    def _timed(self, report: Report | None) -> None:
        if report is not None and self.sender() is self._measure:
            self._reports[report.name] = report
            self._came = True

    @Slot(object)
    def _over(self, error: object) -> None:
        if self.sender() is not self._measure:
            return
        name, self.measuring, self._measure = self.measuring, "", None
        self.measured.emit(name, self._came)
        self.changed.emit(name)
        self._raise(error)

    @Slot(object)
    def _raise(self, error: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, KnownError):
            raise error


def _reports(names: Sequence[str]) -> Iterator[Report]:
    from engine.lm.fits import advise, config_of
    from engine.lm.machine import this_machine

    machine = this_machine()
    for name in names:
        try:
            yield advise(name, config_of(name), machine, [])
        except KnownError:
            continue  # its files say what is wrong elsewhere
