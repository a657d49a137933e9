"""What holds for the whole lorebook."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from app.docks.lore_book import Book
from app.docks.lore_fields import SETTINGS
from app.docks.lore_rows import FieldRow


class LoreSettingsPage(QWidget):
    """A row for each setting.

    Signals:
        closed: back to the list.
    """

    closed = Signal()

    def __init__(self, book: Book, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._book = book
        self.back = QToolButton(self)
        self.back.setText(self.tr("‹ All entries"))
        self.back.setProperty("flat", "true")
        self.back.clicked.connect(self.closed)
        self.rows = {of.name: FieldRow(of, self) for of in SETTINGS}
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 4, 12, 12)
        column.addWidget(self.back, 0, Qt.AlignmentFlag.AlignLeft)
        for row in self.rows.values():
            row.changed.connect(book.set_setting)
            column.addWidget(row)
        column.addStretch(1)
        book.settings_changed.connect(self.refresh)
        self.refresh()

    def open(self) -> None:
        """Put the caret into the first field."""
        next(iter(self.rows.values())).editor.setFocus()

    @Slot()
    def refresh(self) -> None:
        """Show what holds."""
        for name, row in self.rows.items():
            row.show_value(getattr(self._book.settings, name))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape goes back to the list."""
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)
