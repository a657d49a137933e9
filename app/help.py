"""The page of keys, and the one that says what this program is."""

from __future__ import annotations

import platform

import PySide6
from PySide6.QtCore import Qt, qVersion
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app import NAME, VERSION
from app.actions import QT_TRANSLATE_NOOP, Actions
from app.icons import lantern
from app.theme import book_font

# Keys that are no action's: those of the prompt line and the page.
BESIDE: tuple[tuple[str, str], ...] = (
    (QT_TRANSLATE_NOOP("KeysDialog", "Enter"), QT_TRANSLATE_NOOP("KeysDialog", "Send the line; an empty one lets the story go on")),
    (QT_TRANSLATE_NOOP("KeysDialog", "Shift+Enter"), QT_TRANSLATE_NOOP("KeysDialog", "A new line in the prompt line")),
    (QT_TRANSLATE_NOOP("KeysDialog", "Up, Down"), QT_TRANSLATE_NOOP("KeysDialog", "What was typed before")),
    (QT_TRANSLATE_NOOP("KeysDialog", "Esc"), QT_TRANSLATE_NOOP("KeysDialog", "Stop writing")),
    (QT_TRANSLATE_NOOP("KeysDialog", "Ctrl+wheel"), QT_TRANSLATE_NOOP("KeysDialog", "Larger or smaller letters")),
)  # fmt: skip


class KeysDialog(QDialog):
    """Every action with its key, in two columns, as the menus order them."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keyboard"))
        self.resize(780, 720)
        body = QWidget(self)
        columns = QHBoxLayout(body)
        columns.setSpacing(28)
        sides = [QVBoxLayout(), QVBoxLayout()]
        for side in sides:
            side.setSpacing(14)
            columns.addLayout(side, 1)
        more = [(self.tr(keys), self.tr(what), "") for keys, what in BESIDE]
        sections = [*actions.cheat_sheet(), (self.tr("Prompt line and page"), more)]
        heights = [0, 0]
        for title, rows in sections:
            shorter = heights.index(min(heights))
            sides[shorter].addWidget(self._section(title, rows))
            heights[shorter] += len(rows) + 3
        for side in sides:
            side.addStretch(1)
        scroll = QScrollArea(self)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setWidget(body)
        scroll.setAccessibleName(self.tr("All keys"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        lines = QVBoxLayout(self)
        lines.setContentsMargins(20, 18, 20, 16)
        lines.addWidget(scroll, 1)
        lines.addWidget(buttons)

    def _section(self, title: str, rows: list[tuple[str, str, str]]) -> QWidget:
        box = QWidget(self)
        grid = QGridLayout(box)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(3)
        heading = QLabel(title, box)
        heading.setFont(book_font(points=self.font().pointSizeF() * 1.3))
        grid.addWidget(heading, 0, 0, 1, 2)
        for number, (keys, name, tip) in enumerate(rows, 1):
            key = QLabel(keys, box)
            key.setProperty("quiet", "true")
            what = QLabel(name, box)
            what.setToolTip(tip)
            what.setWordWrap(True)
            grid.addWidget(key, number, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(what, number, 1)
        grid.setColumnMinimumWidth(0, self.fontMetrics().horizontalAdvance("Ctrl+Shift+Return "))
        grid.setColumnStretch(1, 1)
        return box


class AboutDialog(QDialog):
    """What this is, by whom it is licensed, where things lie."""

    def __init__(self, stories: str, models: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("About %1").replace("%1", NAME))
        self.setMinimumWidth(460)
        picture = QLabel(self)
        picture.setPixmap(lantern().pixmap(64, 64))
        picture.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        name = QLabel(f"{NAME} {VERSION}", self)
        name.setFont(book_font(points=self.font().pointSizeF() * 1.7))
        name.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        text = self.tr(
            "A desktop home for text adventures and co-written stories, played with GPT-2 on your "
            "own machine. Free software under the MIT licence.\n\n"
            "The book face is Vollkorn by Friedrich Althausen, under the SIL Open Font License.\n\n"
            "Your stories: %1\nModels: %2\n\nPython %3, Qt %4, PySide6 %5"
        )
        values = (stories, models, platform.python_version(), qVersion(), PySide6.__version__)
        for number, value in enumerate(values, 1):
            text = text.replace(f"%{number}", value)
        words = QLabel(text, self)
        words.setWordWrap(True)
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        lines = QVBoxLayout(self)
        lines.setContentsMargins(24, 22, 24, 16)
        lines.setSpacing(12)
        for widget in (picture, name, words, buttons):
            lines.addWidget(widget)
        # A dialog asks a wrapping label for its height before it knows its width.
        margins = lines.contentsMargins()
        room = self.minimumWidth() - margins.left() - margins.right()
        words.setMinimumHeight(words.heightForWidth(room))
