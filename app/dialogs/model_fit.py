"""Whether a model fits this machine: a small table, and what is recommended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.lm.progress import say_bytes

if TYPE_CHECKING:
    from engine.lm.fits import Choice, Report


class FitView(QWidget):
    """Memory per number type against what is free, expected speed, a recommendation.

    Signals:
        measure_wanted: measure how fast it would be.
        stop_wanted: measure no more.
    """

    measure_wanted = Signal()
    stop_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heading = _wrapped(QLabel(self))
        bold = self.font()
        bold.setWeight(QFont.Weight.DemiBold)
        self.heading.setFont(bold)
        self._table = QWidget(self)
        self._grid = QGridLayout(self._table)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(2)
        self.advice = _wrapped(QLabel(self))
        self.warning = _wrapped(QLabel(self))
        self.warning.setProperty("warning", "true")
        self.measure = QPushButton(self.tr("Measure its speed"), self)
        self.measure.setToolTip(
            self.tr("Two seconds of arithmetic in its shape; nothing is loaded")
        )
        self.measure.setAutoDefault(False)
        self.measure.clicked.connect(self._pressed)
        self._measuring = False
        self._labels: list[QLabel] = []
        self._free = 0  # bytes, where all choices share them
        self.working = QProgressBar(self)
        self.working.setRange(0, 0)
        self.working.setTextVisible(False)
        self.working.setAccessibleName(self.tr("Measuring"))
        row = QHBoxLayout()
        row.addWidget(self.measure)
        row.addWidget(self.working, 1)
        row.addStretch(1)
        lines = QVBoxLayout(self)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(6)
        for widget in (self.heading, self._table, self.advice, self.warning):
            lines.addWidget(widget)
        lines.addLayout(row)

    @property
    def text(self) -> str:
        """All that it says, line by line."""
        labels = (self.heading, *self._labels, self.advice, self.warning)
        return "\n".join(label.text() for label in labels)

    def show_report(self, report: Report | None, *, measuring: bool, note: str = "") -> None:
        """Show what is known; ``note`` says why nothing is, or that measuring was cut short."""
        for label in self._labels:
            self._grid.removeWidget(label)
            label.hide()
            label.deleteLater()
        self._labels = []
        free = {choice.free for choice in report.choices} if report is not None else set()
        self._free = free.pop() if len(free) == 1 else 0
        head = self.tr("What it needs here")
        if self._free:
            head = self.tr("What it needs here: %1 of memory are free")
        self.heading.setText(head.replace("%1", say_bytes(self._free)))
        self._table.setVisible(report is not None)
        if report is not None:
            heads = (self.tr("Numbers"), self.tr("Where"), self.tr("Memory"), self.tr("Speed"))
            for column, head in enumerate(heads):
                self._put(head, 0, column, quiet=True)
            for number, choice in enumerate(report.choices, 1):
                self._put_choice(choice, number, best=choice is report.best)
        self.advice.setText(report.recommendation if report is not None else note)
        warning = report.warning if report is not None else ""
        if report is not None and note:
            warning = f"{warning} {note}".strip()
        self.warning.setText(warning)
        self.warning.setVisible(bool(warning))
        self.advice.setVisible(bool(self.advice.text()))
        self.measure.setVisible(report is not None and report.best is not None)
        measured = report is not None and any(choice.writing for choice in report.choices)
        text = self.tr("Measure again") if measured else self.tr("Measure its speed")
        self.measure.setText(self.tr("Stop measuring") if measuring else text)
        self._measuring = measuring
        self.working.setVisible(measuring)

    def _pressed(self) -> None:
        (self.stop_wanted if self._measuring else self.measure_wanted).emit()

    def _put_choice(self, choice: Choice, row: int, *, best: bool) -> None:
        places = {
            "cpu": self.tr("processor"),
            "cuda": self.tr("graphics card"),
            "mps": self.tr("graphics card"),
        }
        memory = say_bytes(choice.needs)
        if choice.free and choice.free != self._free:
            text = self.tr("%1 of %2").replace("%1", memory)
            memory = text.replace("%2", say_bytes(choice.free))
        speed = self.tr("%1 tokens/s").replace("%1", f"{choice.writing:.0f}")
        if not choice.fits:
            speed = self.tr("too large")
        elif not choice.writing:
            speed = "–"
        cells = (choice.dtype, places.get(choice.device, choice.device), memory, speed)
        for column, text in enumerate(cells):
            label = self._put(text, row, column, quiet=not choice.fits)
            if best:
                font = label.font()
                font.setWeight(QFont.Weight.DemiBold)
                label.setFont(font)

    def _put(self, text: str, row: int, column: int, *, quiet: bool) -> QLabel:
        label = QLabel(text, self._table)
        self._labels.append(label)
        if quiet:
            label.setProperty("quiet", "true")
        self._grid.addWidget(label, row, column)
        self._grid.setColumnStretch(column, 1 if column == 3 else 0)
        return label


def _wrapped(label: QLabel) -> QLabel:
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
