"""What can be done with lore entries that are selected, and with a folder: a menu."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QInputDialog, QMenu, QWidget

from app.docks.lore_book import Book

MAX_NAME = 60


class LoreVerbs(QObject):
    """Asks what must be asked, then has the book do it."""

    def __init__(self, book: Book, view: QWidget) -> None:
        super().__init__(view)
        self._book = book
        self._view = view

    def fill(
        self, menu: QMenu, ids: list[int], folder: str | None, *, added: Callable[[int], None]
    ) -> None:
        """Add the verbs for entries and for a folder; ``added`` is told of a new entry."""
        book = self._book
        if folder is not None:
            self._add(menu, self.tr("Rename folder…"), lambda: self.rename(folder))
            self._add(menu, self.tr("Dissolve folder"), lambda: book.rename_folder(folder, ""))
            menu.addSeparator()
        if ids:
            if len(ids) == 1:
                self._add(menu, self.tr("Duplicate"), lambda: added(book.duplicate(ids[0])))
            self._add(menu, self.tr("Switch on"), lambda: book.set_all(ids, enabled=True))
            self._add(menu, self.tr("Switch off"), lambda: book.set_all(ids, enabled=False))
            self._folders(menu.addMenu(self.tr("Move to folder")), ids)
            menu.addSeparator()
            text = self.tr("Delete") if len(ids) == 1 else self.tr("Delete %1 entries")
            self._add(menu, text.replace("%1", str(len(ids))), lambda: book.delete(ids))
            menu.addSeparator()

    def _folders(self, menu: QMenu, ids: list[int]) -> None:
        book = self._book
        for name in book.folders:
            text = name.replace("&", "&&")
            self._add(menu, text, lambda name=name: book.set_all(ids, folder=name))
        if book.folders:
            menu.addSeparator()
        self._add(menu, self.tr("No folder"), lambda: book.set_all(ids, folder=""))
        self._add(menu, self.tr("New folder…"), lambda: self.move_to_new(ids))

    def _add(self, menu: QMenu, text: str, verb: Callable[[], object]) -> None:
        menu.addAction(text).triggered.connect(lambda _=False: verb())

    def move_to_new(self, ids: list[int]) -> None:
        """Ask for a folder's name and move entries there."""
        name = self._ask(self.tr("New folder"), "")
        if name:
            self._book.set_all(ids, folder=name)

    def rename(self, folder: str) -> None:
        """Ask for another name of a folder."""
        name = self._ask(self.tr("Rename folder"), folder)
        if name:
            self._book.rename_folder(folder, name)

    def _ask(self, title: str, text: str) -> str:
        text, given = QInputDialog.getText(self._view, title, self.tr("Name"), text=text)
        return " ".join(text.split())[:MAX_NAME] if given else ""
