"""The rows of the lorebook as a view: a switch, the name, the keys, tokens, when it fired, a mark."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QPointF, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPalette, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOption,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from app.docks.lore_model import ROLE, LoreModel, Row
from app.docks.sources import COLORS
from app.theme import blend
from engine.story.ledger import Source

_MARGIN = 5
_MOST_KEPT = 200  # entries that stay selected when the list is made anew
GRAVE = "#d55e00"


class _Painter(QStyledItemDelegate):
    """Two lines for an entry, one for a folder."""

    def sizeHint(self, option: QStyleOptionViewItem, _index: QModelIndex) -> QSize:  # type: ignore[override]
        """All rows are as high, so that ten thousand need not be measured."""
        return QSize(160, option.fontMetrics.height() * 2 + 2 * _MARGIN)  # type: ignore[attr-defined]

    def box(self, option: QStyleOptionViewItem) -> QRect:
        """Where the switch is."""
        style = option.widget.style()  # type: ignore[attr-defined]
        side = style.pixelMetric(QStyle.PixelMetric.PM_IndicatorWidth)
        rect: QRect = option.rect  # type: ignore[attr-defined]
        return QRect(rect.left() + _MARGIN, rect.center().y() - side // 2, side, side)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:  # type: ignore[override]
        """Draw one row."""
        row: Row = index.data(ROLE)
        model = index.model()
        assert isinstance(model, LoreModel)
        rect, palette = option.rect, option.palette  # type: ignore[attr-defined]
        role = QPalette.ColorRole
        ink, dim = palette.color(role.Text), palette.color(role.PlaceholderText)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:  # type: ignore[attr-defined]
            tint = blend(palette.color(role.Accent), palette.color(role.Base), 0.18)
            painter.fillRect(rect, tint)
        box = self.box(option)
        self._switch(painter, box, palette, on=row.on)
        left, right = box.right() + 2 * _MARGIN, rect.right() - _MARGIN
        working = row.on and not row.off_by
        amount, when = model.state(row)
        second = model.keys(row)
        line = option.fontMetrics.height()  # type: ignore[attr-defined]
        one_line = row.entry is None and not second
        top = rect.center().y() - line // 2 if one_line else rect.top() + _MARGIN
        bold = QFont(option.font)  # type: ignore[attr-defined]
        bold.setWeight(QFont.Weight.DemiBold)
        self._line(painter, QRect(left, top, right - left, line), row.name, amount, bold,
                   ink if working else dim, dim)  # fmt: skip
        if row.facts is not None and row.facts.findings:
            grave = any(finding.grave for finding in row.facts.findings)
            right = self._mark(painter, right, top + line, line, palette, grave=grave)
        fires = working and row.facts is not None and row.facts.ago == 0
        color = blend(QColor(COLORS[Source.LORE]), ink, 0.7) if fires else dim
        self._line(painter, QRect(left, top + line, right - left, line), second, when,
                   option.font, dim, color)  # type: ignore[attr-defined]  # fmt: skip
        painter.restore()

    def _line(
        self, painter: QPainter, box: QRect, text: str, end: str, font: QFont, ink: QColor,
        end_ink: QColor,
    ) -> None:  # fmt: skip
        plain = QFont(font)
        plain.setWeight(QFont.Weight.Normal)
        painter.setFont(plain)
        painter.setPen(end_ink)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(box, middle | Qt.AlignmentFlag.AlignRight, end)
        taken = painter.fontMetrics().horizontalAdvance(end) + 2 * _MARGIN if end else 0
        painter.setFont(font)
        painter.setPen(ink)
        width = max(box.width() - taken, 0)
        words = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, width)
        painter.drawText(QRect(box.left(), box.top(), width, box.height()), middle, words)

    def _mark(
        self, painter: QPainter, right: int, top: int, line: int, palette: QPalette, *, grave: bool
    ) -> int:
        """A small round mark; where the entry cannot work it is filled."""
        side = line - 4.0
        box = QRectF(right - side, top + 2, side, side)
        color = QColor(GRAVE) if grave else palette.color(QPalette.ColorRole.PlaceholderText)
        painter.setPen(color)
        painter.setBrush(color if grave else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(box)
        font = painter.font()
        font.setPixelSize(max(8, round(side * 0.72)))
        font.setWeight(QFont.Weight.Bold)
        painter.setFont(font)
        painter.setPen(QColor("#1b1712") if grave else color)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "!" if grave else "?")
        return round(box.left()) - _MARGIN

    def _switch(self, painter: QPainter, box: QRect, palette: QPalette, *, on: bool) -> None:
        """The same square as in the forms, with a tick."""
        role = QPalette.ColorRole
        color = palette.color(role.Link if on else role.PlaceholderText)
        painter.setPen(color)
        painter.setBrush(color if on else palette.color(role.Base))
        painter.drawRoundedRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        if on:
            painter.setPen(QPen(palette.color(role.Base), 1.8))
            at, side = QRectF(box), box.width()
            tick = ((0.25, 0.52), (0.43, 0.70), (0.76, 0.32))
            painter.drawPolyline(
                [QPointF(at.left() + x * side, at.top() + y * side) for x, y in tick]
            )

    def editorEvent(self, event: QEvent, model, option: QStyleOptionViewItem, index) -> bool:  # type: ignore[override]
        """A click on the switch turns it."""
        kinds = (QEvent.Type.MouseButtonRelease, QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick)  # fmt: skip
        if event.type() not in kinds or not isinstance(event, QMouseEvent):
            return False
        around = self.box(option).adjusted(-_MARGIN, -_MARGIN, _MARGIN, _MARGIN)
        if not around.contains(event.position().toPoint()):
            return False
        if event.type() is QEvent.Type.MouseButtonRelease:
            on = index.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
            state = Qt.CheckState.Unchecked if on else Qt.CheckState.Checked
            model.setData(index, state, Qt.ItemDataRole.CheckStateRole)
        return True


class LoreView(QTreeView):
    """The view.

    Signals:
        chosen: the current row is another one.
        entered: the id of an entry that was double-clicked, or chosen with Enter.
        pressed_key: a key that is a verb (Insert, Delete, Ctrl+D as ``D``).
    """

    chosen = Signal()
    entered = Signal(int)
    pressed_key = Signal(object)

    def __init__(self, rows: LoreModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = rows
        self.setModel(rows)
        self.setItemDelegate(_Painter(self))
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setIndentation(14)
        self.setFrameShape(QTreeView.Shape.NoFrame)
        self.setExpandsOnDoubleClick(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setAccessibleName(self.tr("Lore entries"))
        self._folded: set[str] = set()
        self._setting = False
        self.collapsed.connect(lambda index: self._fold(index, on=True))
        self.expanded.connect(lambda index: self._fold(index, on=False))
        self.activated.connect(self._activated)
        self.selectionModel().currentChanged.connect(self._moved)

    def rebuild(self) -> None:
        """Read the book anew; what was folded, selected and in view stays so."""
        ids, place = self.chosen_ids(), self.verticalScrollBar().value()
        current, folder = self.rows.lore_id(self.currentIndex()), self.current_folder()
        at = self.rows.order.index(current) if current in self.rows.order else 0
        self._setting = True
        self.rows.rebuild()
        for number, (name, _) in enumerate(self.rows.folders):
            if name not in self._folded or self.rows.needle:
                self.expand(self.rows.index(number, 0))
        order = self.rows.order
        if current is not None and current not in order and order:
            current = order[min(at, len(order) - 1)]  # it is gone: the next one
        index = self.rows.index_of(current) if current is not None else QModelIndex()
        if folder is not None:
            index = self.rows.index_of_folder(folder)
        flags = self.selectionModel().SelectionFlag
        self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        for lore_id in ids if 1 < len(ids) <= _MOST_KEPT else ():
            self.selectionModel().select(self.rows.index_of(lore_id), flags.Select | flags.Rows)
        self.verticalScrollBar().setValue(place)
        self._setting = False
        self.chosen.emit()

    def select(self, lore_id: int) -> None:
        """Make an entry the current row."""
        index = self.rows.index_of(lore_id)
        if index.isValid():  # not by the view, which looks at the keys that are held
            flags = self.selectionModel().SelectionFlag
            self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
            self.scrollTo(index)

    def current_folder(self) -> str | None:
        """The folder that is the current row."""
        return self.rows.folder(self.currentIndex())

    def chosen_ids(self) -> list[int]:
        """The entries that are selected; those of folders that are, too."""
        out: dict[int, None] = {}
        for index in self.selectionModel().selectedRows():
            folder, lore_id = self.rows.folder(index), self.rows.lore_id(index)
            if folder is not None:
                out |= dict.fromkeys(self.rows.folders[index.row()][1])
            elif lore_id is not None:
                out[lore_id] = None
        return list(out)

    def _fold(self, index: QModelIndex, *, on: bool) -> None:
        name = self.rows.folder(index)
        if name is not None and not self._setting:
            (self._folded.add if on else self._folded.discard)(name)

    @Slot(QModelIndex)
    def _activated(self, index: QModelIndex) -> None:
        lore_id = self.rows.lore_id(index)
        if lore_id is not None:
            self.entered.emit(lore_id)
        elif self.rows.folder(index) is not None:
            self.setExpanded(index, not self.isExpanded(index))

    @Slot()
    def _moved(self) -> None:
        if not self._setting:
            self.chosen.emit()

    def drawBranches(self, painter: QPainter, rect: QRect, index: QModelIndex) -> None:  # type: ignore[override]
        """The selection reaches to the edge; folders have an arrow."""
        palette = self.palette()
        if self.selectionModel().isSelected(index):
            role = QPalette.ColorRole
            painter.fillRect(
                rect, blend(palette.color(role.Accent), palette.color(role.Base), 0.18)
            )
        if self.rows.folder(index) is not None:
            arrow = QStyleOption()
            arrow.initFrom(self)
            side = self.indentation()
            arrow.rect = QRect(rect.right() - side, rect.center().y() - side // 2, side, side)  # type: ignore[attr-defined]
            kind = QStyle.PrimitiveElement
            shape = (
                kind.PE_IndicatorArrowDown
                if self.isExpanded(index)
                else kind.PE_IndicatorArrowRight
            )
            self.style().drawPrimitive(shape, arrow, painter, self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space switches, Enter opens, Insert adds, Delete takes out."""
        index = self.currentIndex()
        if event.key() == Qt.Key.Key_Space and index.isValid():
            on = index.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
            state = Qt.CheckState.Unchecked if on else Qt.CheckState.Checked
            self.rows.setData(index, state, Qt.ItemDataRole.CheckStateRole)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and index.isValid():
            self._activated(index)
        elif event.key() in (Qt.Key.Key_Insert, Qt.Key.Key_Delete):
            self.pressed_key.emit(Qt.Key(event.key()))
        elif (
            event.key() == Qt.Key.Key_D and event.modifiers() & Qt.KeyboardModifier.ControlModifier
        ):
            self.pressed_key.emit(Qt.Key.Key_D)
        else:
            super().keyPressEvent(event)
