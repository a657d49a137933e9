"""A list of rows with a title and a line about it, in sections; for models and servers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPalette
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from app.theme import blend

AnyIndex = QModelIndex | QPersistentModelIndex
_ROLE = Qt.ItemDataRole.UserRole
_PAD = 10


@dataclass(frozen=True, slots=True)
class Row:
    """One row; with an empty ``key`` it heads a section. ``share`` is drawn as a thin bar, if any."""

    key: str
    title: str
    about: str = ""
    share: float | None = None
    marked: bool = False  # the one in use


class RowPainter(QStyledItemDelegate):
    """Draws the rows."""

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        """Two lines and their margins, one for a section's head."""
        row = index.data(_ROLE)
        line = option.fontMetrics.lineSpacing()
        return QSize(120, line * 2 + 18 if row.key else line + 16)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """Draw one row."""
        row: Row = index.data(_ROLE)
        palette = option.palette
        ink = palette.color(QPalette.ColorRole.WindowText)
        dim = palette.color(QPalette.ColorRole.PlaceholderText)
        accent = palette.color(QPalette.ColorRole.Accent)
        ground = palette.color(QPalette.ColorRole.Window)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(option.rect).adjusted(2, 2, -4, -2)
        small = QFont(option.font)
        small.setPointSizeF(option.font.pointSizeF() * 0.9)
        if not row.key:
            small.setWeight(QFont.Weight.DemiBold)
            painter.setPen(dim)
            _line(painter, small, row.title, box.adjusted(_PAD, 6, -_PAD, 0))
            painter.restore()
            return
        state = QStyle.StateFlag
        if option.state & state.State_Selected:
            focus = bool(option.state & state.State_HasFocus)
            painter.setPen(accent if focus else Qt.GlobalColor.transparent)
            painter.setBrush(blend(accent, ground, 0.18))
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        elif option.state & state.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(blend(ink, ground, 0.06))
            painter.drawRoundedRect(box, 8, 8)
        inner = box.adjusted(_PAD, 5, -_PAD, -5)
        height = option.fontMetrics.lineSpacing()
        bold = QFont(option.font)
        bold.setWeight(QFont.Weight.DemiBold)
        first = QRectF(inner.left(), inner.top(), inner.width(), height)
        if row.marked:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(accent)
            painter.drawEllipse(QRectF(first.right() - 8, first.center().y() - 3.5, 7, 7))
            first.setRight(first.right() - 14)
        painter.setPen(ink)
        _line(painter, bold, row.title, first)
        painter.setPen(dim)
        _line(
            painter,
            small,
            row.about,
            QRectF(inner.left(), first.bottom() + 1, inner.width(), height),
        )
        if row.share is not None:
            bar = QRectF(inner.left(), box.bottom() - 4, inner.width(), 2)
            painter.fillRect(bar, blend(ink, ground, 0.16))
            bar.setWidth(bar.width() * min(max(row.share, 0.0), 1.0))
            painter.fillRect(bar, accent)
        painter.restore()


def _line(painter: QPainter, font: QFont, text: str, box: QRectF) -> None:
    painter.setFont(font)
    short = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, short)


class RowList(QListWidget):
    """The list; one row is picked at a time.

    Signals:
        picked: the key of the row that is picked now.
    """

    picked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rows")
        self.setItemDelegate(RowPainter(self))
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.currentItemChanged.connect(self._moved)
        self._filling = False

    @property
    def key(self) -> str:
        """The key of the picked row; empty where none is."""
        item = self.currentItem()
        return item.data(_ROLE).key if item is not None else ""

    @property
    def rows(self) -> list[Row]:
        """What is listed, the heads of sections too."""
        return [self.item(number).data(_ROLE) for number in range(self.count())]

    def fill(self, rows: Sequence[Row], key: str = "") -> None:
        """List these rows; pick the one of ``key``, else the one that was picked, else the first."""
        wanted = key or self.key
        self._filling = True
        same = [row.key for row in rows] == [row.key for row in self.rows]
        if not same:
            self.clear()
        for number, row in enumerate(rows):
            item = self.item(number) if same else QListWidgetItem(self)
            item.setData(_ROLE, row)
            words = ", ".join(part for part in (row.title, row.about) if part)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, words)
            item.setToolTip(words if row.key else "")
            if not row.key:
                item.setFlags(Qt.ItemFlag.NoItemFlags)
        self._filling = False
        keys = [row.key for row in rows]
        if wanted and wanted in keys:
            self.setCurrentRow(keys.index(wanted))
        elif any(keys):
            self.setCurrentRow(next(n for n, one in enumerate(keys) if one))
        if not same:
            self.picked.emit(self.key)

    def pick(self, key: str) -> None:
        """Pick the row of a key, if it is listed."""
        for number, row in enumerate(self.rows):
            if row.key == key:
                self.setCurrentRow(number)
                return

    def _moved(self) -> None:
        if not self._filling:
            self.picked.emit(self.key)
