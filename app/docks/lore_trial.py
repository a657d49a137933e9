"""Would this text fire it? The engine's own decision about a text that is tried out, entry by entry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QFont, QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.docks.lore_book import Book
from app.docks.memory_fields import StoryText, quiet
from app.docks.parts import Parts
from app.docks.sources import COLORS
from app.jobs import Job, Lane
from app.theme import blend
from engine.story.ledger import Source
from engine.story.lines import ActionLines
from engine.story.lore_keys import KeyFinder
from engine.story.lorebook import Entry, LoreSettings
from engine.story.node import Node
from engine.story.rehearsal import try_text
from engine.story.triggers import Decision, decide

PAUSE = 120  # ms after the last key
_DECISION = Qt.ItemDataRole.UserRole
_MARGIN = 5


class Decisions(QAbstractListModel):
    """What fires comes first, then what does not."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.all: list[Decision] = []

    def show(self, decisions: Sequence[Decision]) -> None:
        """Show others."""
        self.beginResetModel()
        self.all = sorted(decisions, key=lambda one: not one.fires)
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:  # type: ignore[override]
        """One for each entry."""
        return 0 if parent is not None and parent.isValid() else len(self.all)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:  # type: ignore[override]
        """A decision, as text or as it is."""
        one = self.all[index.row()]
        if role == _DECISION:
            return one
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return f"{self.name(one)}: {self.verdict(one)}; {one.reason}"
        return None

    def name(self, one: Decision) -> str:
        """What an entry is called."""
        return one.entry.name or ", ".join(one.entry.keys[:2]) or self.tr("Unnamed")

    def verdict(self, one: Decision) -> str:
        """Whether it fires."""
        return self.tr("fires") if one.fires else self.tr("does not")


class _Painter(QStyledItemDelegate):
    """The name and the verdict; below them the reason."""

    def sizeHint(self, option: QStyleOptionViewItem, _index: QModelIndex) -> QSize:  # type: ignore[override]
        """Two lines."""
        return QSize(160, option.fontMetrics.height() * 2 + 2 * _MARGIN)  # type: ignore[attr-defined]

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:  # type: ignore[override]
        """Draw one decision."""
        one: Decision = index.data(_DECISION)
        model = index.model()
        assert isinstance(model, Decisions)
        rect: QRect = option.rect  # type: ignore[attr-defined]
        palette: QPalette = option.palette  # type: ignore[attr-defined]
        role = QPalette.ColorRole
        ink, dim = palette.color(role.Text), palette.color(role.PlaceholderText)
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:  # type: ignore[attr-defined]
            tint = blend(palette.color(role.Accent), palette.color(role.Base), 0.18)
            painter.fillRect(rect, tint)
        line = option.fontMetrics.height()  # type: ignore[attr-defined]
        box = QRect(rect.left() + 12, rect.top() + _MARGIN, rect.width() - 24, line)
        flags, elide = Qt.AlignmentFlag.AlignVCenter, Qt.TextElideMode.ElideRight
        verdict = model.verdict(one)
        painter.setPen(blend(QColor(COLORS[Source.LORE]), ink, 0.7) if one.fires else dim)
        painter.drawText(box, flags | Qt.AlignmentFlag.AlignRight, verdict)
        taken = painter.fontMetrics().horizontalAdvance(verdict) + 2 * _MARGIN
        bold = QFont(option.font)  # type: ignore[attr-defined]
        bold.setWeight(QFont.Weight.DemiBold)
        painter.setFont(bold)
        painter.setPen(ink if one.fires else dim)
        name = painter.fontMetrics().elidedText(model.name(one), elide, box.width() - taken)
        painter.drawText(box, flags, name)
        painter.setFont(option.font)  # type: ignore[attr-defined]
        painter.setPen(dim)
        why = painter.fontMetrics().elidedText(one.reason, elide, box.width())
        painter.drawText(box.translated(0, line), flags, why)
        painter.restore()


class Trial(QWidget):
    """A text to try out, and what the engine decides; without a text, what fires now.

    Signals:
        closed: back to the list.
        entered: the id of an entry to open.
    """

    closed = Signal()
    entered = Signal(int)

    def __init__(self, parts: Parts, book: Book, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self._book = book
        self._job: Job | None = None
        self._finder = KeyFinder()  # of the lane's one thread
        self.back = QToolButton(self)
        self.back.setText(self.tr("‹ All entries"))
        self.back.setProperty("flat", "true")
        self.text = StoryText(self, lines=(3, 8))
        self.text.setUndoRedoEnabled(True)  # it is no part of the story
        self.text.removeEventFilter(self.text.of_story)
        self.text.setAccessibleName(self.tr("A text to try out"))
        self.text.setPlaceholderText(self.tr("The keeper lights a lamp…"))
        self.verdict = QLabel(self)
        self.verdict.setWordWrap(True)
        self.rows = Decisions(self)
        self.list = QListView(self)
        self.list.setModel(self.rows)
        self.list.setItemDelegate(_Painter(self.list))
        self.list.setFrameShape(QListView.Shape.NoFrame)
        self.list.setUniformItemSizes(True)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName(self.tr("What fires, and why"))
        self._lay_out()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE)
        self._pause.timeout.connect(self._start)
        self.back.clicked.connect(self.closed)
        self.text.textChanged.connect(self.later)
        self.list.activated.connect(self._activated)
        for signal in (book.rebuilt, book.changed, book.settings_changed, parts.writer.changed):
            signal.connect(self.later)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(8, 4, 8, 2)
        head.addWidget(self.back)
        head.addStretch(1)
        top = QVBoxLayout()
        top.setContentsMargins(12, 2, 12, 6)
        top.setSpacing(6)
        top.addWidget(
            quiet(
                self.tr(
                    "Would this text fire it? Type or paste something: what would come up, by which "
                    "key, and what would not. Empty, it tells what the story itself brings up now."
                ),
                self,
            )
        )
        top.addWidget(self.text)
        top.addWidget(self.verdict)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(head)
        outer.addLayout(top)
        outer.addWidget(self.list, 1)

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return self._pause.isActive() or self._job is not None

    def open(self) -> None:
        """Show it, and what fires now."""
        self.text.setFocus()
        self.later()

    @Slot()
    def later(self) -> None:
        """Try again, a little later."""
        if self.isVisible():
            self._pause.start()

    @Slot()
    def _start(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None
        story = self._book.story
        if story is None:
            return
        text, entries = self.text.text, tuple(self._book.entries.values())
        settings, branch, finder = self._book.settings, story.branch(), self._finder
        job = Job(lambda: _decide(text, entries, settings, branch, finder))
        job.yielded.connect(self._told)
        job.ended.connect(self._ended)
        self._job = job
        self._parts.jobs.start(job, Lane.LOOK)

    @Slot(object)
    def _told(self, decisions: list[Decision]) -> None:
        if self.sender() is not self._job:
            return
        self.rows.show(decisions)
        fired = sum(one.fires for one in decisions)
        text = (
            self.tr("This text fires %1 of %2.")
            if self.text.text.strip()
            else self.tr("For the next turn %1 of %2 fire.")
        )
        self.verdict.setText(text.replace("%1", str(fired)).replace("%2", str(len(decisions))))

    @Slot(object)
    def _ended(self, error: object) -> None:
        if self.sender() is self._job:
            self._job = None
            if error is not None:
                self._parts.writer.report(error)

    @Slot(QModelIndex)
    def _activated(self, index: QModelIndex) -> None:
        self.entered.emit(int(self.rows.all[index.row()].entry.id))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape goes back to the list."""
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)


def _decide(
    text: str,
    entries: Sequence[Entry],
    settings: LoreSettings,
    branch: Sequence[Node],
    finder: KeyFinder,
) -> Iterator[list[Decision]]:
    lines = ActionLines()
    if text.strip():
        yield try_text(text, entries, settings, finder, lines)
    else:
        yield decide(entries, settings, branch, finder, lines)
