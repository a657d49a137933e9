"""Several continuations side by side as they stream, to pick from; the others stay as branches."""

from __future__ import annotations

from PySide6.QtCore import QSize, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.docks.candidates_column import Column
from app.docks.parts import Parts
from app.introduction import Introduction
from app.style import pad
from engine.lm import presets
from engine.lm.backend import Token
from engine.lm.settings import SamplerSettings
from engine.story.node import Node
from engine.turn import Shown, Turn

FEWEST, MOST = 2, 5
SHOWN = 12  # versions of one passage that are shown at once


class CandidatesPanel(QWidget):
    """A row of columns: the versions of the last passage, or those that are being written."""

    def __init__(self, parts: Parts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self._writer = parts.writer
        self._turn: Turn | None = None
        self._tokens: list[int] = []
        self.columns: list[Column] = []
        self.count = QSpinBox(self)
        pad(self.count)
        self.count.setRange(FEWEST, MOST)
        self.count.setValue(3)
        self.count.setAccessibleName(self.tr("How many continuations"))
        self.own = QCheckBox(self.tr("Each with a preset of its own"), self)
        self.write = QPushButton(self.tr("Continue"), self)
        self.write.setToolTip(self.tr("Write what comes next, several times"))
        self.again = QPushButton(self.tr("More versions"), self)
        self.again.setToolTip(self.tr("Write the last passage again, several times"))
        self.stop = QPushButton(self.tr("Stop"), self)
        self.intro = Introduction(
            "candidates",
            self.tr(
                "Let the model write the next passage two to five times at once, side by side. Take "
                "the one you like: it goes on from there, and the others stay as branches."
            ),
            parts.preferences,
            self,
        )
        self.intro.setContentsMargins(12, 4, 8, 8)
        self._lay_out()
        self._connect()
        self.refresh()

    def _lay_out(self) -> None:
        self.setMinimumHeight(170)
        head = QHBoxLayout()
        head.setContentsMargins(12, 8, 12, 4)
        head.setSpacing(8)
        for widget in (self.count, self.write, self.again, self.own, self.stop):
            head.addWidget(widget)
        head.addStretch(1)
        self._row = QHBoxLayout()
        self._row.setContentsMargins(12, 0, 12, 10)
        self._row.setSpacing(10)
        inside = QWidget(self)
        inside.setLayout(self._row)
        self._scroll = QScrollArea(self)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        self._scroll.setWidget(inside)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(head)
        outer.addWidget(self.intro)
        outer.addWidget(self._scroll, 1)

    def _connect(self) -> None:
        writer = self._writer
        self.write.clicked.connect(self.go_on)
        self.again.clicked.connect(self.write_again)
        self.stop.clicked.connect(writer.stop)
        self.own.toggled.connect(self.refresh)
        self.count.valueChanged.connect(self.refresh)
        writer.turn_began.connect(self._began)
        writer.shown.connect(self._shown)
        writer.fed.connect(self._fed)
        writer.turn_ended.connect(self._ended)
        writer.opened.connect(self.refresh)
        writer.changed.connect(self.refresh)
        writer.model_changed.connect(self.refresh)
        writer.state.connect(self._enable)

    def sizeHint(self) -> QSize:
        """Room for a reply of usual length."""
        return QSize(640, 260)

    def showEvent(self, event: QShowEvent) -> None:
        """What changed while nobody looked."""
        super().showEvent(event)
        self.refresh()

    # Asking

    @Slot()
    def go_on(self) -> None:
        """Write what comes next, as often as is set; an action in the prompt line goes first."""
        line = self._parts.desk.prompt.text.strip()
        if line and self._writer.story is not None and not self._writer.streaming:
            self._writer.story.append(*self._writer.understood(self._parts.desk.prompt.mode, line))
            self._parts.desk.prompt.line.remember(line)
            self._parts.desk.prompt.line.clear()
        self._parts.desk.page.scroll_to_end()
        self._write(again=False)

    @Slot()
    def write_again(self) -> None:
        """Write the last passage again, as often as is set."""
        self._write(again=True)

    def _write(self, *, again: bool) -> None:
        each: tuple[SamplerSettings, ...] = ()
        if self.own.isChecked() and self.own.isEnabled():
            chosen = [column.preset.currentData() for column in self.columns[: self.count.value()]]
            each = tuple(preset.settings for preset in chosen)
        n = len(each) if each else self.count.value()
        self._writer.write_candidates(n, again=again, each=each)

    # Showing

    @Slot(object)
    def _began(self, turn: Turn) -> None:
        self._turn = turn if turn.request.n > 1 else None
        if self._turn is None:
            return
        self._tokens = [0] * turn.request.n
        self._set_columns(turn.request.n)
        for column in self.columns:
            column.words.clear()
            column.tell("")
            column.set_node(None, on_page=False)
        self.intro.set_only(on=False)

    @Slot(object)
    def _shown(self, shown: Shown) -> None:
        if self._turn is not None and shown.row < len(self.columns):
            self.columns[shown.row].words.add(shown.text, shown.back)

    @Slot(object)
    def _fed(self, event: object) -> None:
        if self._turn is not None and isinstance(event, Token) and event.row < len(self._tokens):
            self._tokens[event.row] += 1
            text = self.tr("%1 tokens").replace("%1", str(self._tokens[event.row]))
            self.columns[event.row].tell(text)

    @Slot(object)
    def _ended(self, _node: object) -> None:
        self._turn = None
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the versions of the last passage; while several are written, those."""
        if self._turn is not None or not self.isVisible():
            return
        versions, place = self._writer.versions_here()
        first = max(0, min(place - SHOWN // 2, len(versions) - SHOWN))
        shown = versions[first : first + SHOWN] if len(versions) > 1 else []
        wanted = max(len(shown), self.count.value() if self.own.isChecked() else 0)
        self._set_columns(wanted)
        for number, column in enumerate(self.columns):
            if number < len(shown):
                node = shown[number]
                column.set_text(node.body)
                column.tell(self._about(node))
                column.set_node(node.id, on_page=first + number == place)
            else:
                column.set_text("")
                column.tell("")
                column.set_node(None, on_page=False)
        self.intro.set_only(on=not shown)
        self._enable()

    def _about(self, node: Node) -> str:
        """How sure the model was of these words, on the whole."""
        logprobs = node.meta.logprobs if node.meta is not None else ()
        if not logprobs:
            return ""
        chance = 2.718281828 ** (sum(logprobs) / len(logprobs))
        text = self.tr("%1 tokens, each %2 % likely")
        return text.replace("%1", str(len(logprobs))).replace("%2", f"{100 * chance:.0f}")

    def _set_columns(self, count: int) -> None:
        while len(self.columns) > count:
            column = self.columns.pop()
            self._row.removeWidget(column)
            column.deleteLater()
        while len(self.columns) < count:
            column = Column(len(self.columns), self)
            column.picked.connect(self._pick)
            for preset in presets.builtin() + presets.user()[0]:
                column.preset.addItem(preset.name, preset)
            column.preset.setCurrentIndex(len(self.columns) % max(column.preset.count(), 1))
            self._row.addWidget(column, 1)
            self.columns.append(column)
        for number, column in enumerate(self.columns):
            wanted = self.own.isChecked() and number < self.count.value()
            column.preset.setVisible(wanted)
        self._scroll.setVisible(count > 0)

    @Slot()
    def _enable(self) -> None:
        writer = self._writer
        can = writer.story is not None and not writer.streaming
        model = writer.model
        able = model is None or model.backend.capabilities.candidates
        self.write.setEnabled(can and able)
        last = writer.story.last_reply() if writer.story is not None else None
        self.again.setEnabled(can and able and last is not None)
        self.stop.setVisible(writer.streaming)
        self.count.setEnabled(not writer.streaming)

    @Slot(int)
    def _pick(self, node: int) -> None:
        story = self._writer.story
        if story is not None and node in story and not self._writer.streaming:
            story.go_to(node)
            self._parts.desk.page.scroll_to_end()
            self._parts.desk.prompt.line.setFocus()  # the button that had it is off now
