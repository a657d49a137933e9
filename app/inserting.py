"""Writing in the middle: at the caret, after a selection, or instead of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Slot

from app.live import LiveTurn
from engine.errors import KnownError
from engine.story.adventure import ACTIONS
from engine.story.node import Author

if TYPE_CHECKING:
    from app.writer import Writer
    from engine.story.change import Change
    from engine.turn import Shown

STEP = 120  # ms between two insertions into the story
LEAST = 24  # tokens asked for, however short the words to replace


class Inserting(QObject):
    """Streams a text into the story at one place; all of it is one step of undo."""

    def __init__(self, writer: Writer) -> None:
        super().__init__(writer)
        self._writer = writer
        self._live: LiveTurn | None = None
        self._key = ""
        self._start = 0  # where the text goes, in code points of the branch
        self._there = ""  # what of it is in the story
        self._old = ""  # the words it replaces
        self._busy = False  # changing the story itself
        self._steps = QTimer(self)
        self._steps.setInterval(STEP)
        self._steps.timeout.connect(self._step)

    @property
    def active(self) -> bool:
        """Whether it writes."""
        return self._live is not None

    def start(self, start: int, end: int) -> None:
        """Write between the text before ``start`` and that after ``end``."""
        writer = self._writer
        story, model, builder = writer.story, writer.model, writer.builder
        if story is None or model is None or builder is None:
            writer.said.emit(self.tr("The model is not ready yet; try again in a moment."))
            return
        self._old = story.text[start:end]
        play = writer.play(story)
        if self._old:
            length = model.backend.tokenizer.count(self._old)
            play = replace(play, max_tokens=max(LEAST, min(play.max_tokens, length)))
        from engine.turn import prepare

        try:
            turn = prepare(story, model.backend, builder, play, writer.seed(), upto=start)
        except KnownError as error:
            writer.problem.emit(str(error))
            return
        self._key = f"insert/{start}/{writer.seed()}"
        self._start, self._there = start, ""
        self._live = LiveTurn(turn, model.backend, self)
        self._live.reading.connect(writer.reading)
        self._live.shown.connect(self._shown)
        self._live.ended.connect(self._ended)
        self._steps.start()
        self._live.start(writer.jobs)
        writer.state.emit()

    def stop(self) -> None:
        """Stop; what was written stays."""
        if self._live is not None:
            self._live.stop()

    def moved(self, change: Change) -> None:
        """The branch changed: follow the place."""
        splice = change.splice
        if self._live is None or self._busy or splice is None:
            return
        grown = len(splice.text) - (splice.stop - splice.start)
        if splice.stop <= self._start:
            self._start += grown
        elif splice.start < self._start + len(self._there):
            self._live.stop()  # somebody edits the very words: theirs win

    @Slot(object)
    def _shown(self, _shown: Shown) -> None:
        if self._live is not None:
            self._writer.writing.emit(self._live.tokens)

    @Slot()
    def _step(self) -> None:
        if self._live is not None:
            self._put(self._fitted(self._live.turn.rows[0].shown))

    def _fitted(self, text: str, live: LiveTurn | None = None) -> str:
        """The white space before the place is there already."""
        live = live or self._live
        return text.removeprefix(live.turn.context.stripped) if live is not None else text

    def _put(self, text: str) -> None:
        """Make what stands in the story be ``text``."""
        story = self._writer.story
        if story is None or text == self._there:
            return
        end = self._start + len(self._there or self._old)
        near = None
        if end == self._start:  # at a border, after an action: not into the action
            index, inside = story.locate(self._start)
            branch = story.branch()
            if branch[index].kind in ACTIONS and inside == len(branch[index].text):
                near = branch[index + 1].id if index + 1 < len(branch) else None
        self._busy = True
        try:
            story.replace(self._start, end, text, Author.MODEL, near=near, merge_key=self._key)
        finally:
            self._busy = False
        self._there, self._old = text, ""

    @Slot(object)
    def _ended(self, error: object) -> None:
        live, self._live = self._live, None
        self._steps.stop()
        writer = self._writer
        if live is None or writer.story is None:
            return
        reply = live.turn.reply()
        text = self._fitted(reply.trimmed.lead + reply.text, live) if reply.text else ""
        if text:
            self._put(text)
        writer.story.seal()
        live.deleteLater()
        if error is not None:
            writer.report(error)
        elif text:
            writer.wrote.emit(live.tokens)
        else:
            writer.said.emit(self.tr("The model had nothing to say here."))
        writer.ahead.later()
        writer.state.emit()
