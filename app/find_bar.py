"""The bar that finds and replaces in the page."""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent, QTextCharFormat
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QTextEdit,
    QToolButton,
    QWidget,
)

from app.find import MOST, Match, Query, find_all
from engine.errors import KnownError

if TYPE_CHECKING:
    from app.page import Page

SEARCH_MS = 150  # rest after the last key before the story is searched


class FindBar(QWidget):
    """Finds as one types; the matches in view are marked, the current one is selected."""

    closed = Signal()

    def __init__(self, page: Page, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("find_bar")
        self._page = page
        self._matches: list[Match] = []
        self._build()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SEARCH_MS)
        self._timer.timeout.connect(self.search)
        page.verticalScrollBar().valueChanged.connect(self._mark)
        page.textChanged.connect(self._text_changed)
        self.hide()

    def _build(self) -> None:
        self.needle, self.new = QLineEdit(self), QLineEdit(self)
        for field, name in ((self.needle, self.tr("Find")), (self.new, self.tr("Replace with"))):
            field.setPlaceholderText(name)
            field.setAccessibleName(name)
            field.setClearButtonEnabled(True)
        self.case = self._button(self.tr("Match &case"), "first", toggles=True)
        self.words = self._button(self.tr("Whole &words"), "middle", toggles=True)
        self.regex = self._button(self.tr("Regular e&xpression"), "last", toggles=True)
        self.found = QLabel(self)
        self.found.setAccessibleName(self.tr("Matches"))
        self.found.setTextFormat(Qt.TextFormat.PlainText)
        previous = self._button(self.tr("&Previous"), "first")
        following = self._button(self.tr("&Next"), "last")
        one = self._button(self.tr("&Replace"), "first")
        every = self._button(self.tr("Replace &all"), "last")
        close = QToolButton(self)
        close.setText("✕")
        close.setAutoRaise(True)
        close.setAccessibleName(self.tr("Close the find bar"))
        close.setToolTip(close.accessibleName())
        options = QHBoxLayout()
        options.setSpacing(0)
        for box in self._toggles():
            options.addWidget(box)
        options.addStretch(1)
        options.addWidget(self.found)
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 8, 12, 8)
        grid.setHorizontalSpacing(0)
        grid.setColumnMinimumWidth(1, 8)
        rows = ((self.needle, previous, following, close), (self.new, one, every))
        for row, widgets in enumerate(rows):
            for column, widget in zip((0, 2, 3, 4), widgets, strict=False):
                grid.addWidget(widget, row, column)
        grid.addLayout(options, 2, 0, 1, 5)
        grid.setColumnStretch(0, 1)
        self.needle.textChanged.connect(self._search_soon)
        for box in self._toggles():
            box.toggled.connect(self.search)
        previous.clicked.connect(self.find_previous)
        following.clicked.connect(self.find_next)
        one.clicked.connect(self.replace_one)
        every.clicked.connect(self.replace_all)
        close.clicked.connect(self.dismiss)
        order = (self.needle, self.new, previous, following, one, every, *self._toggles(), close)
        for before, after in itertools.pairwise(order):
            QWidget.setTabOrder(before, after)

    def _button(self, text: str, segment: str, *, toggles: bool = False) -> QPushButton:
        button = QPushButton(text, self)
        button.setProperty("segment", segment)
        button.setCheckable(toggles)
        button.setAutoDefault(False)
        return button

    def _toggles(self) -> tuple[QPushButton, ...]:
        return self.case, self.words, self.regex

    @property
    def query(self) -> Query:
        """What the fields ask for."""
        return Query(
            self.needle.text(),
            self.case.isChecked(),
            self.words.isChecked(),
            self.regex.isChecked(),
        )

    @property
    def matches(self) -> list[Match]:
        """Where the page matches."""
        return self._matches

    def open_with_selection(self) -> None:
        """Show the bar; a short selection is what is looked for."""
        start, end = self._page.selection()
        if 0 < end - start <= 200:
            chosen = self._page.model.text(start, end)
            if "\n" not in chosen:
                self.needle.setText(chosen)
        self.show()
        self.needle.setFocus()
        self.needle.selectAll()
        self.search()

    @Slot()
    def dismiss(self) -> None:
        """Hide the bar and go back to the page."""
        self.hide()
        self._timer.stop()
        self._matches = []
        self._page.layers.set("find", [])
        self._page.setFocus()
        self.closed.emit()

    @Slot()
    def _search_soon(self) -> None:
        self._timer.start()

    @Slot()
    def _text_changed(self) -> None:
        if self.isVisible():
            self._timer.start()

    @Slot()
    def search(self) -> None:
        """Look for it in the whole story."""
        self._timer.stop()
        if self.isVisible():
            self._matches = self._find(None)
            self._mark()

    def _find(self, replacement: str | None) -> list[Match]:
        try:
            matches = find_all(self._page.text(), self.query, replacement)
        except KnownError as error:
            self.found.setText(str(error))
            return []
        count = len(matches)
        more = "+" if count == MOST else ""
        texts = {0: self.tr("Nothing found"), 1: self.tr("1 match")}
        many = self.tr("{count} matches").format(count=f"{count:,}{more}")
        self.found.setText(texts.get(count, many) if self.needle.text() else "")
        return matches

    @Slot()
    def find_next(self) -> None:
        """Select the next match after the caret, from the beginning after the last one."""
        self._fresh()
        start, end = self._page.selection()
        after = max(start, end)
        index = bisect_left([m.start for m in self._matches], after)
        self._choose(index % max(1, len(self._matches)))

    @Slot()
    def find_previous(self) -> None:
        """Select the match before the caret, from the end before the first one."""
        self._fresh()
        index = bisect_right([m.end for m in self._matches], self._page.selection()[0]) - 1
        self._choose(index % max(1, len(self._matches)))

    def _fresh(self) -> None:
        if self._timer.isActive() or not self._matches:
            self.search()

    def _choose(self, index: int) -> None:
        if self._matches:
            match = self._matches[index]
            self._page.select(match.start, match.end)
            self.found.setText(
                self.tr("{number} of {count}").format(
                    number=f"{index + 1:,}", count=f"{len(self._matches):,}"
                )
            )
            self._mark()

    @Slot()
    def replace_one(self) -> None:
        """Replace the selected match and go to the next; without one, just go there."""
        matches = {(m.start, m.end): m for m in self._find(self.new.text())}
        match = matches.get(self._page.selection())
        if match is not None:
            self._page.replace(match.start, match.end, match.replacement)
        self.search()
        self.find_next()

    @Slot()
    def replace_all(self) -> None:
        """Replace every match, as one step of undo."""
        matches = self._find(self.new.text())
        if not matches:
            return
        edit = self._page.edits.edit
        done = self._page.replace_many([edit(m.start, m.end, m.replacement) for m in matches])
        self.search()
        if done:
            count = f"{len(matches):,}"
            self.found.setText(self.tr("{count} replaced").format(count=count))
        else:
            self.found.setText(self.tr("The story cannot be changed there just now"))

    @Slot()
    def _mark(self) -> None:
        """Mark the matches in view."""
        if not self.isVisible():
            return
        page = self._page
        view = page.viewport().rect()
        top = page.places.top()
        bottom = page.places.offset_at(page.cursorForPosition(view.bottomRight()).position())
        first = bisect_left([m.end for m in self._matches], top)
        theme, marks = page.setting.theme, []
        for match in self._matches[first:]:
            if match.start > bottom:
                break
            mark = QTextEdit.ExtraSelection()
            cursor = page.textCursor()
            cursor.setPosition(page.places.position_at(match.start))
            cursor.setPosition(page.places.position_at(match.end), cursor.MoveMode.KeepAnchor)
            look = QTextCharFormat()
            look.setBackground(theme.color("find"))
            look.setForeground(theme.color("ink"))
            mark.cursor, mark.format = cursor, look  # type: ignore[misc]
            marks.append(mark)
        page.layers.set("find", marks)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter goes on, Shift+Enter back, Esc closes."""
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self.find_previous()
            else:
                self.find_next()
        else:
            super().keyPressEvent(event)
