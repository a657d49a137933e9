"""The order of the samplers: a list to drag, or to move with Alt and the arrows."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QDropEvent, QKeyEvent, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.docks.sampling_choice import Chooser
from app.docks.sampling_names import is_on, stage_label
from app.flow import Flow
from engine.lm.knobs import STAGES

_STAGE = Qt.ItemDataRole.UserRole


class OrderList(QListWidget):
    """The stages from first to last.

    Signals:
        moved: a person has moved one.
    """

    moved = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Order of the samplers"))

    def order(self) -> tuple[str, ...]:
        """The stages as they stand."""
        return tuple(self.item(row).data(_STAGE) for row in range(self.count()))

    def shift(self, steps: int) -> None:
        """Move the chosen stage up or down."""
        row = self.currentRow()
        target = row + steps
        if row >= 0 and 0 <= target < self.count():
            item = self.takeItem(row)
            self.insertItem(target, item)
            self.setCurrentRow(target)
            self.moved.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Alt with an arrow moves the stage."""
        if event.modifiers() & Qt.KeyboardModifier.AltModifier:
            steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
            if steps:
                self.shift(steps)
                return
        super().keyPressEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """A stage was dropped at another place."""
        before = self.order()
        super().dropEvent(event)
        if self.order() != before:
            self.moved.emit()


class OrderEditor(QWidget):
    """The list with its sentence and buttons."""

    def __init__(self, chooser: Chooser, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chooser = chooser
        self._shown: object = None
        self.list = OrderList(self)
        self._text = self.tr(
            "From the first to the last; drag, or hold Alt and press an arrow. A cut before the "
            "temperature judges the model's own chances, one after it those the temperature made."
        )
        self.hint = QLabel(self._text, self)
        self.hint.setWordWrap(True)
        self.hint.setProperty("quiet", "true")
        self.up = QPushButton(self.tr("Up"), self)
        self.down = QPushButton(self.tr("Down"), self)
        self.usual = QPushButton(self.tr("Usual order"), self)
        buttons = Flow()
        for button in (self.up, self.down, self.usual):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        lines = QVBoxLayout(self)
        lines.setContentsMargins(0, 4, 0, 8)
        lines.setSpacing(6)
        for part in (self.hint, self.list):
            lines.addWidget(part)
        lines.addLayout(buttons)
        self.list.moved.connect(self._moved)
        self.up.clicked.connect(self._up)
        self.down.clicked.connect(self._down)
        self.usual.clicked.connect(self._usual)
        chooser.changed.connect(self.show_all)
        self.show_all()

    def changeEvent(self, event: QEvent) -> None:
        """Other colours, other shades."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and self._shown is not None:
            self._shown = None
            self.show_all()

    @Slot()
    def show_all(self) -> None:
        """Show the order that holds; what is off is dimmed and says so."""
        now = self._chooser.sampling
        reason = self._chooser.unavailable.get("order", "")
        state = (now.order, tuple(is_on(name, now) for name in now.order), reason)
        if state == self._shown:
            return
        self._shown = state
        if self.list.order() != now.order:
            chosen = self.list.currentItem()
            stage = chosen.data(_STAGE) if chosen is not None else None
            self.list.clear()
            for name in now.order:
                item = QListWidgetItem(self.list)
                item.setData(_STAGE, name)
                if name == stage:
                    self.list.setCurrentItem(item)
        shades = self.palette()
        dim = shades.brush(QPalette.ColorRole.PlaceholderText)
        for row in range(self.list.count()):
            item = self.list.item(row)
            name = item.data(_STAGE)
            on = is_on(name, now)
            label = stage_label(name)
            item.setText(label if on else self.tr("%1 · off").replace("%1", label))
            item.setForeground(shades.brush(QPalette.ColorRole.Text) if on else dim)
            font = self.font()
            font.setBold(on)
            item.setFont(font)
        height = self.list.sizeHintForRow(0) * self.list.count() + 2 * self.list.frameWidth()
        self.list.setFixedHeight(max(height, 40))
        self.hint.setText(reason or self._text)
        for part in (self.list, self.up, self.down):
            part.setEnabled(not reason)
        self.usual.setEnabled(now.order != STAGES and not reason)

    @Slot()
    def _moved(self) -> None:
        self._chooser.release()  # every move is a step of undo of its own
        self._chooser.set("order", self.list.order())

    @Slot()
    def _up(self) -> None:
        self.list.shift(-1)

    @Slot()
    def _down(self) -> None:
        self.list.shift(1)

    @Slot()
    def _usual(self) -> None:
        self._chooser.set("order", STAGES)
