"""Chance or a fixed seed, and texts that end a reply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import QCheckBox, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.docks.sampling_knob import spread
from app.docks.sampling_words import WordTable
from engine.choice import MAX_SEED

if TYPE_CHECKING:
    from app.docks.sampling_choice import Chooser
    from app.writer import Writer


class SeedEditor(QWidget):
    """A switch, a number, and a way to take the last reply's."""

    def __init__(self, chooser: Chooser, writer: Writer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chooser = chooser
        self._writer = writer
        self.switch = QCheckBox(self.tr("Fixed seed"), self)
        self.field = QLineEdit(self)
        self.field.setAccessibleName(self.tr("Seed"))
        self.field.setValidator(QRegularExpressionValidator(r"\d{1,10}", self))
        self.field.setPlaceholderText(self.tr("by chance"))
        self.last = QPushButton(self.tr("Last reply's"), self)
        self.last.setToolTip(self.tr("Take over the seed of the last reply"))
        self.last.setAutoDefault(False)
        self._text = self.tr(
            "By chance every try reads differently. With a fixed seed the same words and settings "
            "give the same reply, and Retry writes it once more."
        )
        self.hint = QLabel(self._text, self)
        self.hint.setWordWrap(True)
        self.hint.setProperty("quiet", "true")
        lines = QVBoxLayout(self)
        lines.setContentsMargins(0, 4, 0, 8)
        lines.setSpacing(4)
        lines.addWidget(self.switch)
        lines.addLayout(spread(self.field, self.last))
        lines.addWidget(self.hint)
        self.switch.clicked.connect(self._switched)
        self.field.editingFinished.connect(self._typed)
        self.last.clicked.connect(self._take_last)
        chooser.changed.connect(self.show_all)
        writer.turn_ended.connect(self._show_last)
        self.show_all()

    @Slot()
    def show_all(self) -> None:
        """Show what holds."""
        seed = self._chooser.choice.seed
        self.switch.setChecked(seed is not None)
        text = "" if seed is None else str(seed)
        if self.field.text() != text:
            self.field.setText(text)
        reason = self._chooser.unavailable.get("seed", "")
        self.hint.setText(reason or self._text)
        self.switch.setEnabled(not reason)
        self.field.setEnabled(not reason)
        self._show_last()

    @Slot()
    def _show_last(self, _node: object = None) -> None:
        usable = "seed" not in self._chooser.unavailable
        self.last.setEnabled(usable and self._last_seed() is not None)

    def _last_seed(self) -> int | None:
        story = self._writer.story
        reply = story.last_reply() if story is not None else None
        seed = reply.meta.seed if reply is not None and reply.meta is not None else None
        return seed if seed is not None and 0 <= seed <= MAX_SEED else None

    @Slot(bool)
    def _switched(self, on: bool) -> None:  # noqa: FBT001  a Qt slot
        self._chooser.set_seed((self._last_seed() or 1) if on else None)

    @Slot()
    def _typed(self) -> None:
        text = self.field.text()
        self._chooser.set_seed(min(int(text), MAX_SEED) if text else None)

    @Slot()
    def _take_last(self) -> None:
        seed = self._last_seed()
        if seed is not None:
            self._chooser.set_seed(seed)


class StopEditor(QWidget):
    """Texts that end a reply where the model writes them."""

    def __init__(self, chooser: Chooser, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chooser = chooser
        label = QLabel(self.tr("Stop strings"), self)
        self.table = WordTable(self.tr("Stop strings"), chooser.ids, self, biased=False)
        label.setBuddy(self.table)
        text = self.tr(
            "A reply ends where the model writes one of these; it is not shown. Those of the "
            "model's own form always hold."
        )
        hint = QLabel(text, self)
        hint.setWordWrap(True)
        hint.setProperty("quiet", "true")
        lines = QVBoxLayout(self)
        lines.setContentsMargins(0, 4, 0, 8)
        lines.setSpacing(4)
        for widget in (label, self.table, hint):
            lines.addWidget(widget)
        self.table.edited.connect(self._edited)
        chooser.changed.connect(self.show_all)
        self.show_all()

    @Slot()
    def show_all(self) -> None:
        """Show what holds."""
        self.table.show_texts(self._chooser.choice.stop)
        self.table.show_ids(self._chooser.vocabulary)

    @Slot()
    def _edited(self) -> None:
        self._chooser.set_stop(self.table.texts())
