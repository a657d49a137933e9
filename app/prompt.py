"""The prompt line: what to do, say or tell next; it stays usable while the model writes."""

from __future__ import annotations

from enum import Enum, auto

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QResizeEvent, QTextCursor
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.flow import Flow
from app.prompt_line import Line
from app.reply_length import ReplyLength
from app.segments import Segments
from engine.story.node import Kind

MODES = (Kind.DO, Kind.SAY, Kind.STORY)
NARROW = 500


class Sending(Enum):
    """What the button at the end of the line does."""

    SEND = auto()
    CONTINUE = auto()
    STOP = auto()
    QUEUE = auto()


class Prompt(QWidget):
    """Do / Say / Story, the line, how long a reply may be, and a button that sends or stops.

    Signals:
        submitted: kind and text; an empty text means: go on.
        stopped: Esc, or the button while the model writes.
        mode_changed: the kind that will be sent.
        length_changed: tokens a reply may have.
    """

    submitted = Signal(object, str)
    stopped = Signal()
    mode_changed = Signal(object)
    length_changed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("prompt")
        self.line = Line(self)
        self.line.setObjectName("prompt_line")
        self.line.setAccessibleName(self.tr("Your next action"))
        self.length = ReplyLength(self)
        self._modes = Segments(
            (self.tr("Do"), self.tr("Say"), self.tr("Story")),
            self,
            tips=(
                self.tr("What you do: “open the door”"),
                self.tr("What you say: “good evening”"),
                self.tr("The story's own words, as you write them"),
            ),
        )
        self._send = QPushButton(self)
        self._send.setObjectName("send")
        self._suggestions = Flow()
        self._adventure = True
        self._streaming = False
        self._waiting = False
        self._lay_out()
        self._modes.picked.connect(self._mode_clicked)
        self.line.entered.connect(self.submit)
        self.line.escaped.connect(self.stopped)
        self.line.textChanged.connect(self._update)
        self._send.clicked.connect(self._send_clicked)
        self.length.changed.connect(self.length_changed)
        self.set_mode(Kind.DO)

    def _lay_out(self) -> None:
        for button in self._modes.buttons:
            button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
            button.setMinimumWidth(button.sizeHint().width())
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._modes)
        row.addWidget(self.line, 1)
        row.addWidget(self.length)
        row.addWidget(self._send)
        self._send.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.length.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(12, 6, 12, 6)
        outer.setSpacing(6)
        outer.addLayout(self._suggestions)
        outer.addLayout(row)

    @property
    def mode(self) -> Kind:
        """What will be sent: do, say or story."""
        return MODES[self._modes.number]

    @property
    def text(self) -> str:
        """What stands in the line."""
        return self.line.toPlainText()

    def set_mode(self, mode: Kind) -> None:
        """Choose do, say or story."""
        self._modes.choose(MODES.index(mode))
        self._hint()
        self._update()

    def _hint(self) -> None:
        """Say what the line is for, in as many words as there is room for."""
        hints = {
            Kind.DO: (
                self.tr("What do you do? An empty line lets the story go on."),
                self.tr("What do you do?"),
            ),
            Kind.SAY: (self.tr("What do you say?"), self.tr("Say…")),
            Kind.STORY: (self.tr("Write the story on in your own words."), self.tr("Write on…")),
        }
        long, short = hints[self.mode]
        if not self._adventure:
            long = self.tr("Write on, or press Enter and let the model go on.")
        room = self.line.viewport().width() - 2 * round(self.line.document().documentMargin())
        fits = self.line.fontMetrics().horizontalAdvance(long) < room
        self.line.setPlaceholderText(long if fits else short)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow line has a short hint, and no room for the length of replies."""
        super().resizeEvent(event)
        self.length.setVisible(self.width() >= NARROW)
        self._hint()

    def set_adventure(self, *, on: bool) -> None:
        """Outside of an adventure there is nothing to do or to say, only to write on."""
        self._adventure = on
        self._modes.setVisible(on)
        self.set_mode(self.mode if on else Kind.STORY)
        self.line.setAccessibleName(self.tr("Your next action") if on else self.tr("Write on"))

    def set_state(self, *, streaming: bool, waiting: bool) -> None:
        """Show whether the model writes, and whether an action already waits for its turn."""
        self._streaming, self._waiting = streaming, waiting
        self._update()

    def set_text(self, text: str) -> None:
        """Put a text into the line."""
        self.line.setPlainText(text)
        self.line.moveCursor(QTextCursor.MoveOperation.End)

    @Slot(object, str)
    def give_back(self, _kind: Kind, text: str) -> None:
        """An action that waited was not sent: it stands in the line again, if that is free."""
        if not self.text.strip():
            self.set_text(text)

    def show_suggestions(self, actions: list[str]) -> None:
        """Offer actions above the line; an empty list takes them away."""
        self._suggestions.clear()
        for text in actions:
            button = QPushButton(text, self)
            button.setProperty("segment", "alone")
            button.setAccessibleName(self.tr("Suggested action: %1").replace("%1", text))
            button.clicked.connect(self._suggestion_clicked)
            self._suggestions.addWidget(button)

    @Slot()
    def submit(self) -> None:
        """Send the line (empty: go on)."""
        text = self.text
        self.line.remember(text)
        self.line.clear()
        self.show_suggestions([])
        self.submitted.emit(self.mode, text)

    @Slot()
    def _send_clicked(self) -> None:
        if self._sending is Sending.STOP:
            self.stopped.emit()
        else:
            self.submit()
        self.line.setFocus()

    @Slot(int)
    def _mode_clicked(self, number: int) -> None:
        self.set_mode(MODES[number])
        self.mode_changed.emit(MODES[number])
        self.line.setFocus()

    @Slot()
    def _suggestion_clicked(self) -> None:
        button = self.sender()
        if isinstance(button, QPushButton):
            self.set_mode(Kind.DO)
            self.mode_changed.emit(Kind.DO)
            self.set_text(button.text())
            self.show_suggestions([])
            self.line.setFocus()

    @property
    def _sending(self) -> Sending:
        written = bool(self.text.strip())
        if self._streaming:
            return Sending.QUEUE if written else Sending.STOP
        return Sending.SEND if written else Sending.CONTINUE

    @Slot()
    def _update(self) -> None:
        words = {
            Sending.SEND: (self.tr("Send"), self.tr("Send what you wrote (Enter)")),
            Sending.CONTINUE: (self.tr("Continue"), self.tr("Let the story go on (Enter)")),
            Sending.STOP: (self.tr("Stop"), self.tr("Stop writing; what is there stays (Esc)")),
            Sending.QUEUE: (
                self.tr("Next") if not self._waiting else self.tr("Replace"),
                self.tr("Send it as soon as the passage is finished (Enter)"),
            ),
        }
        text, tip = words[self._sending]
        self._send.setText(text)
        self._send.setToolTip(tip)
        self._send.setAccessibleName(text)
        width = max(self._send.fontMetrics().horizontalAdvance(w) for w, _ in words.values())
        self._send.setMinimumWidth(width + 28)
