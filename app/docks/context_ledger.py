"""The account of the window as a list: what is in it and why, what is not and why not."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from app.docks.sources import paint_chip
from app.theme import blend
from engine.story.ledger import LedgerEntry

_ENTRY = Qt.ItemDataRole.UserRole
_MARGIN = 6
_Index = QModelIndex | QPersistentModelIndex
_NONE = QModelIndex()


class LedgerModel(QAbstractListModel):
    """The ledger's lines: included ones in the order of the window, then the others."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entries: tuple[LedgerEntry, ...] = ()

    def set_entries(self, entries: tuple[LedgerEntry, ...]) -> None:
        """Show other lines; the list is only laid out anew when it changed in length."""
        entries = tuple(sorted(entries, key=lambda entry: not entry.included))
        if entries == self.entries:
            return
        if len(entries) != len(self.entries):
            self.beginResetModel()
            self.entries = entries
            self.endResetModel()
        else:
            self.entries = entries
            self.dataChanged.emit(self.index(0), self.index(len(entries) - 1))

    def rowCount(self, parent: _Index = _NONE) -> int:
        """Lines of the ledger."""
        return 0 if parent.isValid() else len(self.entries)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:  # type: ignore[override]
        """A line, as text or as it is."""
        entry = self.entries[index.row()]
        if role == _ENTRY:
            return entry
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{entry.name}, {self.amount(entry)}: {self.why(entry)}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{entry.name}: {self.why(entry)}"
        return None

    def amount(self, entry: LedgerEntry) -> str:
        """Tokens, of how many if it was shortened."""
        if not entry.included:
            return self.tr("out")
        if entry.trimmed and entry.wanted > entry.n_tokens:
            text = self.tr("%1 of %2")
            return text.replace("%1", str(entry.n_tokens)).replace("%2", str(entry.wanted))
        return str(entry.n_tokens)

    def why(self, entry: LedgerEntry) -> str:
        """The reason, and what else is to know."""
        parts = [entry.reason]
        if entry.included and entry.position and entry.position not in ("story", "end"):
            parts.append(entry.position)
        if entry.leaving:
            parts.append(self.tr("the next turn will likely take some of it out"))
        return "; ".join(parts)


class _Painter(QStyledItemDelegate):
    """A chip, the name and the tokens; below them the reason, as far as there is room."""

    def sizeHint(self, option: QStyleOptionViewItem, _index: _Index) -> QSize:  # type: ignore[override]
        """Two lines."""
        return QSize(160, option.fontMetrics.height() * 2 + 2 * _MARGIN)  # type: ignore[attr-defined]

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:  # type: ignore[override]
        """Draw one line of the ledger."""
        entry: LedgerEntry = index.data(_ENTRY)
        model = index.model()
        assert isinstance(model, LedgerModel)
        box, palette = option.rect, option.palette  # type: ignore[attr-defined]
        metrics, font = option.fontMetrics, option.font  # type: ignore[attr-defined]
        ink, paper = palette.color(QPalette.ColorRole.Text), palette.color(QPalette.ColorRole.Base)
        dim = palette.color(QPalette.ColorRole.PlaceholderText)
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:  # type: ignore[attr-defined]
            painter.fillRect(box, blend(palette.color(QPalette.ColorRole.Accent), paper, 0.16))
        line = metrics.height()
        size = float(line - 2)
        chip = QRectF(box.left() + _MARGIN, box.top() + _MARGIN + 1, size, size)
        paint_chip(painter, chip, entry.source, faint=not entry.included)
        left = round(chip.right()) + _MARGIN
        width = box.right() - _MARGIN - left
        amount = model.amount(entry)
        room = metrics.horizontalAdvance(amount) + _MARGIN
        bold = QFont(font)
        bold.setWeight(QFont.Weight.DemiBold)
        painter.setFont(bold)
        painter.setPen(ink if entry.included else dim)
        top = box.top() + _MARGIN
        elide = Qt.TextElideMode.ElideRight
        name = painter.fontMetrics().elidedText(entry.name, elide, width - room)
        flags = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(left, top, width - room, line), flags, name)
        painter.setFont(font)
        painter.drawText(
            QRectF(left, top, width, line), flags | Qt.AlignmentFlag.AlignRight, amount
        )
        painter.setPen(dim)
        why = metrics.elidedText(model.why(entry), elide, width)
        painter.drawText(QRectF(left, top + line, width, line), flags, why)
        painter.restore()


class Ledger(QListView):
    """The list itself.

    Signals:
        chosen: a lore entry's id, or the ``Source`` of another line.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lines = LedgerModel(self)
        self.setModel(self.lines)
        self.setItemDelegate(_Painter(self))
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("What is in the window, and why"))
        self.selectionModel().currentChanged.connect(self._moved)

    def _moved(self, current: QModelIndex, _before: QModelIndex) -> None:
        if current.isValid():
            entry = self.lines.entries[current.row()]
            self.chosen.emit(entry.key or entry.source)
