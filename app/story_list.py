"""The list of stories beside the home page, with a field that searches all of them."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QCoreApplication,
    QLocale,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QFont, QPainter, QPalette
from PySide6.QtWidgets import (
    QLabel,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.cards import draw_lines
from app.theme import blend, book_font

WIDTH = 280
SEARCH_PAUSE = 200  # ms after the last key


@dataclass(frozen=True, slots=True)
class StoryRow:
    """A story in the list: its file, title, a line of text (opening or place found), when, how long."""

    path: str
    title: str
    text: str
    when: str
    words: int

    @property
    def about(self) -> str:
        """When it was played last, and how long it is."""
        words = QLocale().toString(self.words)
        text = QCoreApplication.translate("Stories", "%1 · %2 words")
        return text.replace("%1", self.when).replace("%2", words)


AnyIndex = QModelIndex | QPersistentModelIndex


class Rows(QAbstractListModel):
    """The rows as Qt asks for them."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows: list[StoryRow] = []

    def set_rows(self, rows: list[StoryRow]) -> None:
        """Replace all rows."""
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: AnyIndex | None = None) -> int:
        """Number of stories."""
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Title and text, also for screen readers; the row itself under UserRole."""
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.UserRole:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return row.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{row.title}\n{row.text}"
        if role in (
            Qt.ItemDataRole.AccessibleTextRole,
            Qt.ItemDataRole.AccessibleDescriptionRole,
        ):
            return f"{row.title}, {row.when}"
        return None


class RowPainter(QStyledItemDelegate):
    """Title in the book's letters, a line of text, when and how long in small letters."""

    def sizeHint(self, option: QStyleOptionViewItem, _index: AnyIndex) -> QSize:
        """Three lines and their margins."""
        return QSize(WIDTH - 20, round(option.fontMetrics.lineSpacing() * 3.5) + 16)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """Draw one row."""
        row = index.data(Qt.ItemDataRole.UserRole)
        palette = option.palette
        ink = palette.color(QPalette.ColorRole.WindowText)
        dim = palette.color(QPalette.ColorRole.PlaceholderText)
        accent = palette.color(QPalette.ColorRole.Accent)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(option.rect).adjusted(0, 2, -1, -2)
        state = QStyle.StateFlag
        ground = palette.color(QPalette.ColorRole.Window)
        if option.state & state.State_Selected and option.state & state.State_HasFocus:
            painter.setPen(accent)
            painter.setBrush(blend(accent, ground, 0.16))
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        elif option.state & (state.State_MouseOver | state.State_Selected):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(blend(ink, ground, 0.06))
            painter.drawRoundedRect(box, 8, 8)
        inner = box.adjusted(10, 5, -10, -5)
        points = option.font.pointSizeF()
        font = book_font(points=points * 1.15)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setPen(ink)
        line = QRectF(inner)
        line.setHeight(option.fontMetrics.lineSpacing() * 1.25)
        draw_lines(painter, font, row.title, line)
        line.translate(0, line.height())
        painter.setPen(blend(ink, dim, 0.4))
        line.setHeight(option.fontMetrics.lineSpacing())
        draw_lines(painter, option.font, row.text, line)
        line.translate(0, line.height())
        small = QFont(option.font)
        small.setPointSizeF(points * 0.88)
        painter.setPen(dim)
        draw_lines(painter, small, row.about, line)
        painter.restore()


class StoryList(QWidget):
    """Your stories, newest first, and a search over their whole text.

    Signals:
        chosen: the path of a story's file.
        searched: what to look for, once typing pauses; empty for all.
    """

    chosen = Signal(str)
    searched = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("shelf")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(WIDTH)
        self.heading = QLabel(self.tr("Your stories"), self)
        self.field = QLineEdit(self)
        self.field.setPlaceholderText(self.tr("Search all stories"))
        self.field.setAccessibleName(self.tr("Search all stories"))
        self.field.setClearButtonEnabled(True)
        self.view = QListView(self)
        self.view.setObjectName("story_list")
        self.view.setAccessibleName(self.tr("Your stories"))
        self.view.setMouseTracking(True)
        self.view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setItemDelegate(RowPainter(self.view))
        self._rows = Rows(self)
        self.view.setModel(self._rows)
        self.empty = QLabel(self.tr("Nothing found."), self)
        self.empty.setProperty("quiet", "true")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.hide()
        lines = QVBoxLayout(self)
        lines.setContentsMargins(12, 28, 12, 8)
        lines.setSpacing(10)
        lines.addWidget(self.heading)
        lines.addWidget(self.field)
        lines.addWidget(self.empty)
        lines.addWidget(self.view, 1)
        font = book_font(points=self.font().pointSizeF() * 1.45)
        font.setWeight(QFont.Weight.DemiBold)
        self.heading.setFont(font)
        self.heading.setIndent(10)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(SEARCH_PAUSE)
        self._pause.timeout.connect(self._search)
        self.field.textChanged.connect(self._pause.start)
        self.field.returnPressed.connect(self._first)
        self.view.activated.connect(self._activated)
        self.view.clicked.connect(self._activated)

    @property
    def rows(self) -> list[StoryRow]:
        """What is listed."""
        return self._rows.rows

    def set_rows(self, rows: list[StoryRow]) -> None:
        """List these stories."""
        self._rows.set_rows(rows)
        self.empty.setVisible(not rows)
        self.view.setVisible(bool(rows))

    @Slot()
    def _search(self) -> None:
        self.searched.emit(self.field.text().strip())

    @Slot()
    def _first(self) -> None:
        if self.rows:
            self.view.setCurrentIndex(self._rows.index(0))
            self.view.setFocus()

    @Slot(QModelIndex)
    def _activated(self, index: QModelIndex) -> None:
        row = index.data(Qt.ItemDataRole.UserRole)
        if isinstance(row, StoryRow):
            self.chosen.emit(row.path)
