"""The heat map: the deeper a word's colour, the less the model expected it. Only what is in view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QTextEdit

from app.jobs import Job, Lane
from app.theme import blend
from engine.errors import KnownError
from engine.lm.backend import Scored
from engine.story.chances import Chance, Other, Word, of_window, words

if TYPE_CHECKING:
    from app.page import Page
    from app.writer import Writer
    from engine.story.ledger import Context
    from engine.story.node import Node

PAUSE = 250  # ms without scrolling or typing
TOP = 6  # alternatives kept for each token
# A word's probability at least, and how deep its colour is then.
STEPS = ((0.5, 0.0), (0.2, 0.09), (0.05, 0.18), (0.01, 0.28), (0.0, 0.40))


def depth(probability: float) -> float:
    """How deep the colour of a word is, 0 to 1."""
    return next(share for least, share in STEPS if probability >= least)


class HeatMap(QObject):
    """Scores the window that ends with what is in view, and lays colours over its words.

    Signals:
        scored: there are new chances in ``known``.
    """

    scored = Signal()

    def __init__(self, writer: Writer, page: Page) -> None:
        super().__init__(writer)
        self._writer, self._page = writer, page
        self.on = False
        self.known: dict[int, tuple[Node, list[Chance]]] = {}  # as the passage was when scored
        self._job: Job | None = None
        self._asked: tuple[int, ...] = ()  # the tokens of the last window that was scored
        self._context: Context | None = None
        self._scores: list[tuple[float | None, tuple[Other, ...]]] = []
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE)
        self._pause.timeout.connect(self._look)
        page.verticalScrollBar().valueChanged.connect(self._later)
        writer.changed.connect(self._later)
        writer.turn_ended.connect(self._later)
        writer.opened.connect(self.forget)
        writer.model_changed.connect(self.forget)

    def set_on(self, *, on: bool) -> None:
        """Show it or not."""
        self.on = on
        if on:
            self._pause.start(0)
        else:
            self._cancel()
            self._page.layers.set("heat", [])

    @Slot()
    def forget(self) -> None:
        """Another story, or another model: what was known no longer holds."""
        self._cancel()
        self.known, self._asked = {}, ()
        self._page.layers.set("heat", [])
        self._later()

    @Slot()
    def _later(self) -> None:
        if self.on:
            self._paint()
            self._pause.start()

    def _cancel(self) -> None:
        self._pause.stop()
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _view(self) -> tuple[int, int]:
        """The range of the branch's text that is in view."""
        page = self._page
        corner = page.viewport().rect().bottomRight()
        return page.places.top(), page.places.offset_at(page.cursorForPosition(corner).position())

    @Slot()
    def _look(self) -> None:
        """Score what is in view, unless it is known or something is being written."""
        writer = self._writer
        story, model, builder = writer.story, writer.model, writer.builder
        if not self.on or story is None or model is None or builder is None or writer.streaming:
            return
        backend = model.backend
        if not backend.capabilities.score:
            writer.said.emit(
                self.tr("%1 does not tell how likely words are.").replace("%1", backend.name)
            )
            return
        from engine.turn import sources

        _, bottom = self._view()
        try:
            made_of = sources(story, bottom if 0 < bottom < story.length else None)
            context = builder.build(made_of, backend.n_ctx)
        except KnownError:
            return
        if context.tokens == self._asked or not context.tokens:
            self._paint()
            return
        self._cancel()
        self._asked, self._context, self._scores = context.tokens, context, []
        tokens = context.tokens
        self._job = Job(lambda: backend.score(tokens, TOP))
        self._job.yielded.connect(self._take)
        self._job.ended.connect(self._ended)
        writer.jobs.start(self._job, Lane.ENGINE, idle=True)

    @Slot(object)
    def _take(self, event: object) -> None:
        if isinstance(event, Scored):
            others = tuple(Other(one.text, one.logprob) for one in event.top)
            self._scores.append((event.logprob, others))

    @Slot(object)
    def _ended(self, error: object) -> None:
        if self.sender() is not self._job:
            return  # one that was cancelled
        self._job = None
        story, builder, context = self._writer.story, self._writer.builder, self._context
        if error is not None:
            self._asked = ()
            self._writer.report(error)
        elif story is None or builder is None or context is None:
            return
        elif len(self._scores) < len(context.tokens):
            self._asked = ()  # the lane was wanted for something else
            self._pause.start()
        else:
            for node, chances in of_window(context, self._scores, builder.tokenizer).items():
                if node in story:
                    self.known[node] = (story.node(node), chances)
            self._paint()
            self.scored.emit()

    def words_of(self, node: Node) -> list[Word]:
        """The words of a passage whose chances are known, if it still reads as it did."""
        found = self.known.get(node.id)
        return words(node.text, found[1]) if found and found[0].text == node.text else []

    def _paint(self) -> None:
        page, story = self._page, self._writer.story
        marks: list[QTextEdit.ExtraSelection] = []
        if self.on and story is not None and not page.streaming:
            top, bottom = self._view()
            starts = story.starts
            for number, node in enumerate(story.branch()):
                if starts[number + 1] > top and starts[number] <= bottom:
                    marks += self._marks(self.words_of(node), starts[number], top, bottom)
        page.layers.set("heat", marks)

    def _marks(
        self, found: Sequence[Word], start: int, top: int, bottom: int
    ) -> list[QTextEdit.ExtraSelection]:
        page, theme = self._page, self._page.setting.theme
        out = []
        for word in found:
            deep = depth(word.probability)
            first, last = start + word.start, start + word.end
            if last < top or first > bottom:
                continue
            mark, look, cursor = QTextEdit.ExtraSelection(), QTextCharFormat(), page.textCursor()
            cursor.setPosition(page.places.position_at(first))
            cursor.setPosition(page.places.position_at(last), QTextCursor.MoveMode.KeepAnchor)
            if deep:
                look.setBackground(blend(theme.color("accent"), theme.color("paper"), deep))
            look.setForeground(theme.color("ink"))  # an author's own colour would not stand out
            mark.cursor, mark.format = cursor, look  # type: ignore[misc]
            out.append(mark)
        return out
