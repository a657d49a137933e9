"""A turn that streams: the engine's events reach it in the GUI thread, views hear what to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from app.jobs import Job, Jobs, Lane
from engine.lm.backend import Backend, Prefill, Token

if TYPE_CHECKING:
    from engine.turn import Turn


class LiveTurn(QObject):
    """Feeds a turn from a job of the engine's lane; ``stop`` takes effect at once.

    Signals:
        fed: an event of the backend, before anything is made of it.
        reading: tokens of the prompt read, and all of them.
        shown: a Shown.
        ended: None, or the exception; once, also after ``stop``.
    """

    fed = Signal(object)
    reading = Signal(int, int)
    shown = Signal(object)
    ended = Signal(object)

    def __init__(self, turn: Turn, backend: Backend, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.turn = turn
        self.backend = backend
        self.tokens = 0
        self.over = False
        self.stopped = False  # by a person
        self._job = Job(lambda: backend.generate(turn.request))
        self._job.yielded.connect(self._take)
        self._job.ended.connect(self._job_ended)

    def start(self, jobs: Jobs) -> None:
        """Queue it in the engine's lane."""
        jobs.start(self._job, Lane.ENGINE)

    def stop(self) -> None:
        """End now; what was written so far is the reply."""
        self.stopped = not self.over
        self._finish(None)

    @Slot(object)
    def _take(self, event: object) -> None:
        if self.over:
            return  # the token that was under way when it was stopped
        self.fed.emit(event)
        if isinstance(event, Prefill):
            self.reading.emit(event.done, event.total)
            return
        if isinstance(event, Token):
            self.tokens += 1
        shown = self.turn.feed(event)  # type: ignore[arg-type]
        if shown is not None:
            self.shown.emit(shown)
        if self.turn.done:
            self._finish(None)

    @Slot(object)
    def _job_ended(self, error: object) -> None:
        self._finish(error)

    def _finish(self, error: object) -> None:
        if self.over:
            return
        self.over = True
        self._job.cancel()
        self.ended.emit(error)
