"""Reading ahead: while a person reads, the engine reads what the next turn will need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Slot

from app.jobs import Job, Lane
from engine.errors import KnownError

if TYPE_CHECKING:
    from app.writer import Writer

PAUSE = 400  # ms without a change


class ReadAhead(QObject):
    """Warms the engine's cache a moment after the last change; gives way to everything else."""

    def __init__(self, writer: Writer) -> None:
        super().__init__(writer)
        self.enabled = True
        self._writer = writer
        self._job: Job | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE)
        self._pause.timeout.connect(self._start)

    def later(self) -> None:
        """Read ahead once nothing changes any more."""
        self._pause.start()

    def cancel(self) -> None:
        """Not now."""
        self._pause.stop()
        if self._job is not None:
            self._job.cancel()
            self._job = None

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
            return  # it is said when the turn is played
        tokens, backend = turn.request.tokens, model.backend
        writer.window.emit(len(tokens), backend.n_ctx)
        if not self.enabled or not backend.capabilities.warm:
            return
        self.cancel()
        self._job = Job(lambda: backend.warm(tokens))
        self._job.ended.connect(self._ended)
        writer.jobs.start(self._job, Lane.ENGINE, idle=True)

    @Slot(object)
    def _ended(self, error: object) -> None:
        self._job = None
        if error is not None and not isinstance(error, KnownError):
            self._writer.fault.emit(error)
