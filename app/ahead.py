"""Reading ahead: while a person reads, the engine reads what the next turn will need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.jobs import Job, Lane
from engine.errors import KnownError

if TYPE_CHECKING:
    from app.writer import Writer

PAUSE = 400  # ms without a change


class ReadAhead(QObject):
    """Warms the engine's cache a moment after the last change; gives way to everything else.

    Signals:
        prepared: the ids that the next turn will read; () where there is nothing to go on from.
        rested: nothing is read any more, to its end or not.
    """

    prepared = Signal(object)
    rested = Signal()

    def __init__(self, writer: Writer) -> None:
        super().__init__(writer)
        self.enabled = True
        self._writer = writer
        self._job: Job | None = None
        self._tokens: tuple[int, ...] = ()  # what the job reads
        self._asked = False  # for this once, whether it is enabled or not
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.timeout.connect(self._start)

    @property
    def reading(self) -> bool:
        """Whether it reads, or is about to."""
        return self._job is not None or (self._pause.isActive() and (self.enabled or self._asked))

    def later(self) -> None:
        """Read ahead once nothing changes any more."""
        self._pause.start(PAUSE)

    def now(self, *, asked: bool = False) -> None:
        """Read ahead at once; ``asked``: a person wants it, even where it is switched off."""
        self._asked = self._asked or asked
        self._pause.start(0)

    def cancel(self) -> None:
        """Not now."""
        self._pause.stop()
        self._asked = False
        if self._job is not None:
            self._job.cancel()
            self._job = None
            self.rested.emit()

    @Slot()
    def _start(self) -> None:
        writer = self._writer
        story, model, builder = writer.story, writer.model, writer.builder
        if story is None or model is None or builder is None or writer.streaming:
            return
        from engine.turn import prepare

        try:
            turn = prepare(story, model.backend, builder, writer.play(story), 0)
        except KnownError:
            self.prepared.emit(())  # it is said when the turn is played
            return
        tokens, backend = turn.request.tokens, model.backend
        wanted = (self.enabled or self._asked) and backend.capabilities.warm
        if wanted and (self._job is None or self._tokens != tokens):
            if self._job is not None:
                self._job.cancel()
            self._tokens = tokens
            self._job = Job(lambda: backend.warm(tokens))
            self._job.ended.connect(self._ended)
            writer.jobs.start(self._job, Lane.ENGINE, idle=True)
        self.prepared.emit(tokens)
        writer.window.emit(len(tokens), backend.n_ctx)

    @Slot(object)
    def _ended(self, error: object) -> None:
        job = self.sender()
        if job is not self._job:
            return  # one that was given up for another
        asked, self._asked, self._job = self._asked, False, None
        if error is not None and (asked or not isinstance(error, KnownError)):
            self._writer.report(error)
        elif error is None and isinstance(job, Job) and job.cancelled:
            self._asked = asked
            self._pause.start(PAUSE)  # the lane was wanted for something else
        self.rested.emit()
