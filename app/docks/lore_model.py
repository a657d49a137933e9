"""The lorebook as rows: folders with their entries, then the entries of no folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Slot

from app.docks.lore_book import Book
from app.docks.lore_survey import Facts, Survey
from engine.story.lorebook import Entry

ROLE = Qt.ItemDataRole.UserRole
_NONE = QModelIndex()
_Index = QModelIndex | QPersistentModelIndex
_SHOWN_KEYS = 12


@dataclass(frozen=True, slots=True)
class Row:
    """What a row shows: a folder (``entry`` None) or an entry."""

    name: str
    on: bool
    entry: Entry | None = None
    facts: Facts | None = None
    off_by: str = ""  # the folder that is switched off
    count: int = 0  # of a folder's entries


class LoreModel(QAbstractItemModel):
    """Rows by id: a top row has the internal id 0, an entry in folder number n has n + 1."""

    def __init__(self, book: Book, survey: Survey, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._book = book
        self._survey = survey
        self.needle = ""
        self.folders: list[tuple[str, list[int]]] = []
        self.loose: list[int] = []
        book.changed.connect(self._changed)
        book.settings_changed.connect(self._all_changed)

    def rebuild(self) -> None:
        """Read the book anew; only what the needle is in, if there is one."""
        self.beginResetModel()
        words = self.needle.casefold().split()
        inside: dict[str, list[int]] = {}
        for lore_id, entry in self._book.entries.items():
            if not words or _holds(entry, words):
                inside.setdefault(entry.folder, []).append(lore_id)
        self.loose = inside.pop("", [])
        self.folders = sorted(inside.items(), key=lambda item: item[0].casefold())
        self.endResetModel()

    @property
    def count(self) -> int:
        """Entries that are shown."""
        return len(self.loose) + sum(len(ids) for _, ids in self.folders)

    @property
    def order(self) -> list[int]:
        """The ids of entries as they stand under each other."""
        return [one for _, ids in self.folders for one in ids] + self.loose

    def lore_id(self, index: _Index) -> int | None:
        """The entry of a row; None for a folder."""
        if not index.isValid():
            return None
        above = index.internalId()
        if above:
            return self.folders[above - 1][1][index.row()]
        row = index.row() - len(self.folders)
        return self.loose[row] if row >= 0 else None

    def folder(self, index: _Index) -> str | None:
        """The folder that a row is, or None."""
        if not index.isValid() or index.internalId() or index.row() >= len(self.folders):
            return None
        return self.folders[index.row()][0]

    def index_of(self, lore_id: int) -> QModelIndex:
        """The row of an entry; an invalid index where it is not shown."""
        entry = self._book.entries.get(lore_id)
        if entry is None:
            return QModelIndex()
        for number, (name, ids) in enumerate(self.folders):
            if name == entry.folder and lore_id in ids:
                return self.createIndex(ids.index(lore_id), 0, number + 1)
        if not entry.folder and lore_id in self.loose:
            return self.createIndex(len(self.folders) + self.loose.index(lore_id), 0, 0)
        return QModelIndex()

    def index_of_folder(self, folder: str) -> QModelIndex:
        """The row of a folder."""
        names = [name for name, _ in self.folders]
        return self.createIndex(names.index(folder), 0, 0) if folder in names else QModelIndex()

    @Slot(object)
    def _changed(self, ids: frozenset[int]) -> None:
        if len(ids) > 50:
            self._all_changed()
            return
        for lore_id in ids:
            index = self.index_of(lore_id)
            if index.isValid():
                self.dataChanged.emit(index, index)

    @Slot()
    def _all_changed(self) -> None:
        rows = len(self.folders) + len(self.loose)
        if rows:
            self.dataChanged.emit(self.index(0, 0), self.index(rows - 1, 0))
        for number, (_, ids) in enumerate(self.folders):
            first = self.createIndex(0, 0, number + 1)
            self.dataChanged.emit(first, self.createIndex(len(ids) - 1, 0, number + 1))

    # What Qt asks

    def index(self, row: int, column: int, parent: _Index = _NONE) -> QModelIndex:
        """A row."""
        if row < 0 or row >= self.rowCount(parent):
            return QModelIndex()
        return self.createIndex(row, column, parent.row() + 1 if parent.isValid() else 0)

    def parent(self, index: _Index = _NONE) -> QModelIndex:  # type: ignore[override]
        """The folder that an entry is in."""
        above = index.internalId() if index.isValid() else 0
        return self.createIndex(above - 1, 0, 0) if above else QModelIndex()

    def rowCount(self, parent: _Index = _NONE) -> int:
        """How many rows stand under a row."""
        if not parent.isValid():
            return len(self.folders) + len(self.loose)
        if parent.internalId() or parent.row() >= len(self.folders):
            return 0
        return len(self.folders[parent.row()][1])

    def columnCount(self, parent: _Index = _NONE) -> int:
        """One."""
        del parent
        return 1

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """Every row can be selected and switched."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsUserCheckable if index.isValid() else flags

    def row_of(self, index: _Index) -> Row | None:
        """What a row shows."""
        folder = self.folder(index)
        if folder is not None:
            off = self._book.folder_off(folder)
            ids = self.folders[index.row()][1]
            return Row(folder, not off, off_by=off, count=len(ids))
        lore_id = self.lore_id(index)
        entry = self._book.entries.get(lore_id) if lore_id is not None else None
        if lore_id is None or entry is None:
            return None
        off = self._book.folder_off(entry.folder)
        name = entry.name or ", ".join(entry.keys[:2]) or self.tr("Unnamed")
        return Row(name, entry.enabled, entry, self._survey.of(lore_id), off)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A row's text, its switch, or its ``Row``."""
        row = self.row_of(index)
        if row is None:
            return None
        if role == ROLE:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return row.name
        if role == Qt.ItemDataRole.CheckStateRole:
            return Qt.CheckState.Checked if row.on else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(part for part in (row.name, self.keys(row), *self.state(row)) if part)
        if role == Qt.ItemDataRole.ToolTipRole and row.entry is not None and row.facts is not None:
            lines = [row.facts.reason, *(finding.text for finding in row.facts.findings)]
            return "\n".join(line for line in lines if line) or None
        return None

    def keys(self, row: Row) -> str:
        """The second line of a row."""
        if row.entry is None:
            if row.on:
                return ""
            return self.tr("switched off")
        if row.entry.constant:
            return self.tr("always on")
        return ", ".join(key.strip() for key in row.entry.keys[:_SHOWN_KEYS] if key.strip())

    def state(self, row: Row) -> tuple[str, str]:
        """What stands at the right: the tokens, and when it last fired."""
        if row.entry is None or row.facts is None:
            return str(row.count), ""
        tokens, ago = row.facts.tokens, row.facts.ago
        amount = self.tr("%1 tokens").replace("%1", str(tokens)) if tokens is not None else ""
        if not row.on or row.off_by:
            return amount, self.tr("off")
        if ago is None:
            return amount, ""
        if ago == 0:
            return amount, self.tr("fires now")
        if ago < 0:
            return amount, self.tr("not yet")
        if ago == 1:
            return amount, self.tr("last turn")
        return amount, self.tr("%1 turns ago").replace("%1", str(ago))

    def setData(self, index: _Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Switch a row on or off."""
        if role != Qt.ItemDataRole.CheckStateRole:
            return False
        on = Qt.CheckState(value) == Qt.CheckState.Checked
        folder, lore_id = self.folder(index), self.lore_id(index)
        if folder is not None:
            self._book.switch_folder(folder, on=on)
        elif lore_id is not None:
            self._book.set_fields(lore_id, {"enabled": on}, typing=False)
        return True


def _holds(entry: Entry, words: list[str]) -> bool:
    text = "\n".join((entry.name, entry.folder, *entry.keys, *entry.secondary, entry.text))
    text = text.casefold()
    return all(word in text for word in words)
