"""Where the X-ray looks: the ids the model has read, and its scores for what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from engine.tokens import Tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from app.docks.parts import Parts
    from engine.turn import Turn

IDLE, STREAMING = 200, 50  # ms between two looks


@dataclass(frozen=True, slots=True)
class Look:
    """One place: the ids before it and the logits [V] after them."""

    ids: tuple[int, ...]
    logits: NDArray[np.float32]
    tokenizer: Tokenizer
    digest: str  # of the model


class XraySource(QObject):
    """Looks at the engine now and then, without asking it for anything.

    While a reply streams every token is a place; else it is the end of what the next turn reads,
    which those who read ahead find out.

    Signals:
        changed: there is another place to look at, or none.
    """

    changed = Signal()

    def __init__(self, parts: Parts, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._writer = parts.writer
        self.look: Look | None = None
        self._wanted: tuple[int, ...] | None = None  # what the next turn will read, once known
        self._prompt: tuple[int, ...] | None = None  # of the turn that streams
        self._watching = False
        self._poll = QTimer(self)
        self._poll.timeout.connect(self._peek)
        writer = parts.writer
        writer.opened.connect(self._opened)
        writer.model_changed.connect(self._opened)
        writer.ahead.prepared.connect(self._prepared)
        writer.ahead.rested.connect(self._rested)
        writer.turn_began.connect(self._began)
        writer.turn_ended.connect(self._ended)

    def watch(self, *, on: bool) -> None:
        """Look, or rest."""
        self._watching = on
        if on:
            self._poll.start(STREAMING if self._prompt is not None else IDLE)
            self._peek()
            self._writer.ahead.now()
        else:
            self._poll.stop()

    @property
    def problem(self) -> str:
        """Why there is nothing to see."""
        model = self._writer.model
        if self._writer.story is None:
            return self.tr("Open a story to see which words the model expects next.")
        if model is None:
            return self.tr("The model is waking up…")
        if self._glance() is None:
            return self.tr("This model does not show its scores: it runs on a server.")
        if self._writer.ahead.reading or self._writer.streaming:
            return self.tr("The model is reading…")
        if self._wanted == ():
            return self.tr("Write a few words first: there is nothing to read yet.")
        return self.tr("The model has not read to the end of the page yet.")

    @property
    def fresh(self) -> bool:
        """Whether this is the place where the next turn goes on."""
        return self.look is not None and self.look.ids == self._wanted

    @property
    def readable(self) -> bool:
        """Whether the page should be read so that there is something to see."""
        writer = self._writer
        if writer.story is None or self._glance() is None or writer.streaming:
            return False
        return bool(self._wanted) and not self.fresh and not writer.ahead.reading

    def _glance(self) -> Callable[[], tuple[tuple[int, ...], Any] | None] | None:
        """What looks into the backend; None for one that keeps its scores to itself."""
        model = self._writer.model
        if model is None or not model.backend.capabilities.logits:
            return None
        return getattr(model.backend, "glance", None)

    @Slot()
    def read(self) -> None:
        """Let the model read what the next turn will, now."""
        self._writer.ahead.now(asked=True)
        self.changed.emit()

    @Slot(object)
    def _prepared(self, ids: tuple[int, ...]) -> None:
        self._wanted = ids
        self._rested()

    @Slot()
    def _rested(self) -> None:
        if self._watching:
            self._peek()
            self.changed.emit()

    @Slot()
    def _peek(self) -> None:
        glance, model = self._glance(), self._writer.model
        seen = glance() if glance is not None else None
        if seen is None or model is None or self._writer.story is None:
            return
        ids, logits = seen
        if self._prompt is not None:
            if ids[: len(self._prompt)] != self._prompt:
                return
        elif ids != self._wanted:
            return
        digest = model.backend.identity.digest
        if self.look is not None and self.look.ids == ids and self.look.digest == digest:
            return
        self.look = Look(ids, logits, model.backend.tokenizer, digest)
        self.changed.emit()

    @Slot(object)
    def _opened(self, _what: object) -> None:
        self.look, self._wanted, self._prompt = None, None, None
        self.changed.emit()

    @Slot(object)
    def _began(self, turn: Turn) -> None:
        self._prompt = turn.request.tokens
        if self._watching:
            self._poll.start(STREAMING)

    @Slot(object)
    def _ended(self, _node: object) -> None:
        self._peek()
        self._prompt = None
        if self._watching:
            self._poll.start(IDLE)
