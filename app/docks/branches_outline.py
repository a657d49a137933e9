"""The outline of branches as a view: one line of text for a passage, versions folded under it."""

from __future__ import annotations

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QFont, QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from app.docks.branches_model import ROLE, BranchesModel, Line
from app.theme import blend
from engine.story.node import Kind

_GAP = 5
_Index = QModelIndex | QPersistentModelIndex
_ACTIONS = frozenset({Kind.DO, Kind.SAY})


def _selected(palette: QPalette) -> QColor:
    role = QPalette.ColorRole
    return blend(palette.color(role.Accent), palette.color(role.Base), 0.18)


class _Painter(QStyledItemDelegate):
    """A mark (action or prose), the words, pills with names, how many versions there are."""

    def sizeHint(self, option: QStyleOptionViewItem, _index: _Index) -> QSize:  # type: ignore[override]
        """A line with air around it."""
        return QSize(120, round(option.fontMetrics.height() * 1.55))  # type: ignore[attr-defined]

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:  # type: ignore[override]
        """Draw one passage."""
        line: Line = index.data(ROLE)
        box, palette = QRectF(option.rect), option.palette  # type: ignore[attr-defined]
        role = QPalette.ColorRole
        ink, dim = palette.color(role.Text), palette.color(role.PlaceholderText)
        accent = palette.color(role.Accent)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:  # type: ignore[attr-defined]
            painter.fillRect(box, _selected(palette))
        font = QFont(option.font)  # type: ignore[attr-defined]
        font.setWeight(QFont.Weight.DemiBold if line.head else QFont.Weight.Normal)
        painter.setFont(font)
        metrics = painter.fontMetrics()
        left, right = box.left() + _GAP, box.right() - _GAP
        middle = box.center().y()
        painter.setPen(accent if line.kind in _ACTIONS else dim)
        mark = "›" if line.kind in _ACTIONS else "●" if line.head else "○" if line.current else "·"
        width = metrics.horizontalAdvance("●") + _GAP
        flags = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(left, box.top(), width, box.height()), flags, mark)
        left += width
        if line.versions > 1:
            right = self._pill(painter, right, middle, f"{line.versions}", dim, filled=False)
        for name in reversed(line.names):
            right = self._pill(painter, right, middle, name, accent, filled=True)
        for name in reversed(line.marks):
            right = self._pill(painter, right, middle, f"⚑ {name}", accent, filled=False)
        painter.setPen(ink if line.current else dim)
        words = metrics.elidedText(line.text, Qt.TextElideMode.ElideRight, round(right - left))
        painter.drawText(QRectF(left, box.top(), right - left, box.height()), flags, words)
        painter.restore()

    def _pill(
        self, painter, right: float, middle: float, text: str, color, *, filled: bool
    ) -> float:
        metrics = painter.fontMetrics()
        text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, 110)
        width = metrics.horizontalAdvance(text) + 3 * _GAP
        height = metrics.height() + 1
        box = QRectF(right - width, middle - height / 2, width, height)
        painter.setPen(color)
        if filled:
            back = blend(color, painter.background().color(), 0.0)
            back.setAlphaF(0.16)
            painter.setBrush(back)
        else:
            painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, height / 2, height / 2)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        return box.left() - _GAP


class Outline(QTreeView):
    """The view.

    Signals:
        chosen: the id of the passage the selection moved to.
        entered: the id of the passage that was double-clicked, or chosen with Enter.
    """

    chosen = Signal(int)
    entered = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = BranchesModel(self)
        self.setModel(self.rows)
        self.setItemDelegate(_Painter(self))
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setIndentation(16)
        self.setFrameShape(QTreeView.Shape.NoFrame)
        self.setExpandsOnDoubleClick(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Passages and their versions"))
        self.activated.connect(self._activated)
        self.selectionModel().currentChanged.connect(self._moved)
        self._setting = False

    def drawBranches(self, painter: QPainter, rect: QRect, index: _Index) -> None:
        """The arrow stands on the same ground as the row."""
        if self.selectionModel().isSelected(index):
            painter.fillRect(rect, _selected(self.palette()))
        super().drawBranches(painter, rect, index)

    @property
    def node(self) -> int | None:
        """The passage that is selected."""
        return self.rows.node(self.currentIndex())

    def show_story(self, story, node: int | None) -> None:
        """Read the tree anew, keep what was unfolded, select a passage."""
        opened = self._opened()
        self._setting = True
        self.rows.show(story)
        for each in opened:
            index = self.rows.index_of(each)
            if index.isValid():
                self.expand(index)
        self._setting = False
        self.select(node)

    def select(self, node: int | None) -> None:
        """Select a passage and unfold what it stands under."""
        index = self.rows.index_of(node) if node is not None else QModelIndex()
        self._setting = True
        self.setCurrentIndex(index)
        self._setting = False
        if index.isValid():
            self.scrollTo(index)

    def _opened(self) -> list[int]:
        """The passages whose versions are unfolded, upper ones first."""
        out: list[int] = []
        waiting = [QModelIndex()]
        while waiting:
            above = waiting.pop()
            if above.isValid() and not self.isExpanded(above):
                continue
            node = self.rows.node(above)
            if node is not None:
                out.append(node)
            for row in range(self.rows.rowCount(above)):
                index = self.rows.index(row, 0, above)
                if self.isExpanded(index):
                    waiting.append(index)
        return out

    @Slot(QModelIndex)
    def _activated(self, index: QModelIndex) -> None:
        node = self.rows.node(index)
        if node is not None:
            self.entered.emit(node)

    def _moved(self, current: QModelIndex, _before: QModelIndex) -> None:
        node = self.rows.node(current)
        if node is not None and not self._setting:
            self.chosen.emit(node)
