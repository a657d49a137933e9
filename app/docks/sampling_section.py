"""A part of the sampling panel that can be folded away; folded, it says what is on in it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget


class Section(QWidget):
    """A heading to fold and unfold by, and what stands under it.

    Signals:
        unfolded: it was opened.
    """

    unfolded = Signal()

    def __init__(self, title: str, parent: QWidget | None = None, *, opened: bool = False) -> None:
        super().__init__(parent)
        self.title = title
        self.button = QToolButton(self)
        self.button.setObjectName("section")
        self.button.setText(title)
        self.button.setCheckable(True)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        heavy = self.button.font()
        heavy.setBold(True)
        self.button.setFont(heavy)
        self.summary = QLabel(self)
        self.summary.setProperty("quiet", "true")
        self.summary.setWordWrap(True)
        self.summary.setContentsMargins(22, 0, 0, 4)
        self.body = QWidget(self)
        self.rows = QVBoxLayout(self.body)
        self.rows.setContentsMargins(4, 0, 0, 6)
        self.rows.setSpacing(0)
        lines = QVBoxLayout(self)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(0)
        lines.addWidget(self.button)
        lines.addWidget(self.summary)
        lines.addWidget(self.body)
        self.button.toggled.connect(self._toggled)
        self.button.setChecked(opened)
        self._toggled(on=opened)

    def set_summary(self, text: str) -> None:
        """What is said under the heading while the section is folded."""
        self.summary.setText(text)
        self.summary.setVisible(bool(text) and not self.button.isChecked())

    @Slot(bool)
    def _toggled(self, on: bool) -> None:  # noqa: FBT001  a Qt slot
        self.button.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self.body.setVisible(on)
        self.summary.setVisible(bool(self.summary.text()) and not on)
        if on:
            self.unfolded.emit()
