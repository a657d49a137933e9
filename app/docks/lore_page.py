"""The lorebook in its panel: the list, the editor of one entry, the trial, what holds for all."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QMenu, QStackedWidget, QVBoxLayout, QWidget

from app.docks.lore_book import EXAMPLE, Book
from app.docks.lore_entry import EntryEditor
from app.docks.lore_list import LoreList
from app.docks.lore_settings import LoreSettingsPage
from app.docks.lore_survey import Survey
from app.docks.lore_trial import Trial
from app.docks.lore_verbs import LoreVerbs
from app.docks.parts import Parts
from engine.story.lorebook import Entry

SEARCH_PAUSE = 120  # ms


class LorePage(QWidget):
    """One of four views at a time; the list is where the others lead back to.

    Signals:
        undone: undo (True) or redo (False) was asked for.
    """

    undone = Signal(bool)

    def __init__(self, parts: Parts, book: Book, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.book = book
        self.survey = Survey(parts, book, self)
        self.verbs = LoreVerbs(book, self)
        self.list = LoreList(book, self.survey, parts.preferences, self)
        self.editor = EntryEditor(book, self.survey, self)
        self.trial = Trial(parts, book, self)
        self.settings = LoreSettingsPage(book, self)
        self.views = QStackedWidget(self)
        for view in (self.list, self.editor, self.trial, self.settings):
            self.views.addWidget(view)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.views)
        self._search_pause = QTimer(self)
        self._search_pause.setSingleShot(True)
        self._search_pause.setInterval(SEARCH_PAUSE)
        self._search_pause.timeout.connect(self._search)
        self._connect(parts)

    def _connect(self, parts: Parts) -> None:
        listed = self.list
        listed.add.clicked.connect(self.add)
        listed.example.clicked.connect(self._add_example)
        listed.edit.clicked.connect(self._edit)
        listed.trial.clicked.connect(self.show_trial)
        listed.search.textChanged.connect(self._search_pause.start)
        listed.view.entered.connect(self.open)
        listed.view.pressed_key.connect(self._key)
        listed.view.customContextMenuRequested.connect(self._popup)
        listed.menu.aboutToShow.connect(lambda: self._fill(listed.menu))
        self.book.rebuilt.connect(listed.rebuild)
        parts.writer.opened.connect(self._opened)
        for view in (self.editor, self.trial, self.settings):
            view.closed.connect(self.show_list)
        self.editor.undone.connect(self.undone)
        self.trial.entered.connect(self.open)

    def showEvent(self, event: QShowEvent) -> None:
        """Look through the book while somebody looks at it."""
        super().showEvent(event)
        self.book.read()
        self.survey.want(on=True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks."""
        super().hideEvent(event)
        self.survey.want(on=False)

    # Views

    @Slot()
    def show_list(self) -> None:
        """Go back to the list."""
        self.views.setCurrentWidget(self.list)
        self.list.view.setFocus()

    @Slot(int)
    def open(self, lore_id: int, field: str = "") -> None:
        """Edit an entry."""
        self.list.view.select(lore_id)
        self.views.setCurrentWidget(self.editor)
        self.editor.open(lore_id, field)

    @Slot()
    def show_trial(self) -> None:
        """Try a text out."""
        self.views.setCurrentWidget(self.trial)
        self.trial.open()

    @Slot()
    def show_settings(self) -> None:
        """Show what holds for the whole lorebook."""
        self.views.setCurrentWidget(self.settings)
        self.settings.open()

    @Slot(object)
    def _opened(self, _story: object) -> None:
        if self.isVisible():
            self.book.read()
        self.views.setCurrentWidget(self.list)

    # Verbs

    @Slot()
    def add(self) -> None:
        """Add an entry where the selection is, and edit it."""
        folder = self.list.view.current_folder()
        current = self.list.view.rows.lore_id(self.list.view.currentIndex())
        if folder is None and current is not None:
            folder = self.book.entries[current].folder
        self.list.search.clear()
        self._search()
        lore_id = self.book.add(Entry("", folder=folder or ""))
        if lore_id:
            self.open(lore_id, "name")

    @Slot()
    def _add_example(self) -> None:
        lore_id = self.book.add(EXAMPLE)
        self.list.view.select(lore_id)
        self.list.view.setFocus()

    @Slot()
    def _edit(self) -> None:
        lore_id = self.list.view.rows.lore_id(self.list.view.currentIndex())
        if lore_id is not None:
            self.open(lore_id)

    @Slot()
    def _search(self) -> None:
        self._search_pause.stop()
        rows = self.list.view.rows
        if rows.needle != self.list.search.text():
            rows.needle = self.list.search.text()
            self.list.rebuild()

    @Slot(object)
    def _key(self, key: Qt.Key) -> None:
        ids = self.list.view.chosen_ids()
        if key == Qt.Key.Key_Insert:
            self.add()
        elif key == Qt.Key.Key_Delete and ids:
            self.book.delete(ids)
        elif key == Qt.Key.Key_D and len(ids) == 1:
            self.list.view.select(self.book.duplicate(ids[0]))

    @Slot(QPoint)
    def _popup(self, point: QPoint) -> None:
        menu = QMenu(self)
        self._fill(menu)
        menu.exec(self.list.view.viewport().mapToGlobal(point))
        menu.deleteLater()

    def _fill(self, menu: QMenu) -> None:
        """What can be done with the selection, and with all."""
        menu.clear()
        view = self.list.view
        self.verbs.fill(menu, view.chosen_ids(), view.current_folder(), added=view.select)
        menu.addAction(self.tr("For the whole lorebook…")).triggered.connect(self.show_settings)
