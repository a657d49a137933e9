"""The tree of a story as a map: time runs down, every line of passages has a lane."""

from __future__ import annotations

from bisect import bisect_left
from operator import attrgetter

from PySide6.QtCore import QPoint, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QAbstractScrollArea, QScrollArea, QToolTip, QWidget

from app.docks.branches_model import preview
from app.theme import blend
from engine.story.node import Kind
from engine.story.outline import Spot, chart
from engine.story.tree import Story

STEP = 22  # pixels from passage to passage
LANE = 26
RADIUS = 5
MARGIN = 18
_ACTIONS = frozenset({Kind.DO, Kind.SAY, Kind.STORY})


class _Chart(QWidget):
    """The drawing, as large as the tree; only what is in view is drawn.

    Signals:
        chosen: the id of a passage that was clicked.
        entered: the id of a passage that was double-clicked.
    """

    chosen = Signal(int)
    entered = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Map of the branches"))
        self.story: Story | None = None
        self.spots: list[Spot] = []
        self.by_id: dict[int, Spot] = {}
        self.node: int | None = None
        self._names: dict[int, list[str]] = {}

    def show_story(self, story: Story | None) -> None:
        """Lay the tree out anew."""
        self.story = story
        self.spots = chart(story) if story is not None else []
        self.by_id = {spot.node: spot for spot in self.spots}
        self._names = {}
        if story is not None:
            for names in (story.branches, story.bookmarks):
                for name, node in names.items():
                    self._names.setdefault(node, []).append(name)
        lanes = 1 + max((spot.lane for spot in self.spots), default=0)
        depth = 1 + max((spot.depth for spot in self.spots), default=0)
        names = max((self._width(node) for node in self._names), default=0)
        self.setFixedSize(QSize(2 * MARGIN + lanes * LANE + names, 2 * MARGIN + depth * STEP))
        self.update()

    def _width(self, node: int) -> int:
        return self.fontMetrics().horizontalAdvance(", ".join(self._names[node])) + MARGIN

    def place(self, spot: Spot) -> QPointF:
        """The middle of a spot."""
        return QPointF(MARGIN + spot.lane * LANE, MARGIN + spot.depth * STEP)

    def at(self, point: QPoint) -> Spot | None:
        """The spot at a point."""
        lane, depth = round((point.x() - MARGIN) / LANE), round((point.y() - MARGIN) / STEP)
        start = bisect_left(self.spots, depth, key=attrgetter("depth"))
        for spot in self.spots[start:]:
            if spot.depth > depth:
                break
            if spot.lane == lane:
                return spot
        return None

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what is in view."""
        story = self.story
        if story is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        top = (event.rect().top() - MARGIN) // STEP - 1
        bottom = (event.rect().bottom() - MARGIN) // STEP + 2
        start = bisect_left(self.spots, top, key=attrgetter("depth"))
        shown = []
        for spot in self.spots[start:]:
            if spot.depth > bottom:
                break
            shown.append(spot)
        for spot in shown:
            self._draw_way(painter, spot, on=story.place(spot.node) is not None)
        for spot in sorted(shown, key=lambda spot: spot.node not in self._names):
            self._draw_spot(painter, spot, story)  # names first: their lines run under the others

    def _draw_way(self, painter: QPainter, spot: Spot, *, on: bool) -> None:
        above = self.by_id.get(spot.parent) if spot.parent is not None else None
        if above is None:
            return
        start, end = self.place(above), self.place(spot)
        path = QPainterPath(start)
        if start.x() == end.x():
            path.lineTo(end)
        else:
            middle = end.y() - STEP / 2
            path.cubicTo(QPointF(start.x(), middle), QPointF(end.x(), start.y() + STEP / 2), end)
        role = QPalette.ColorRole
        color = self.palette().color(role.Accent if on else role.Mid)
        painter.setPen(QPen(color, 2.5 if on else 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)

    def _draw_spot(self, painter: QPainter, spot: Spot, story: Story) -> None:
        role, palette = QPalette.ColorRole, self.palette()
        accent, ink = palette.color(role.Accent), palette.color(role.Text)
        paper, dim = palette.color(role.Base), palette.color(role.PlaceholderText)
        node, middle = story.node(spot.node), self.place(spot)
        on = story.place(spot.node) is not None
        if spot.node == self.node:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(blend(accent, paper, 0.3))
            painter.drawEllipse(middle, RADIUS + 5, RADIUS + 5)
        painter.setPen(QPen(accent if on else dim, 1.5))
        painter.setBrush(accent if spot.node == story.head else paper)
        if node.kind in _ACTIONS:  # a person's turn is a square: not colour alone
            size = RADIUS - 0.5
            painter.drawRect(round(middle.x() - size), round(middle.y() - size), 9, 9)
        else:
            painter.drawEllipse(middle, RADIUS, RADIUS)
        if spot.node in self._names:
            last = MARGIN + self._last_lane(spot.depth) * LANE  # beside all that stands there
            at = QPointF(last + RADIUS + 8, middle.y() + painter.fontMetrics().ascent() / 2 - 1)
            if last > middle.x():
                painter.setPen(QPen(dim, 1, Qt.PenStyle.DotLine))
                start = QPointF(middle.x() + RADIUS + 2, middle.y())
                painter.drawLine(start, QPointF(at.x() - 3, middle.y()))
            text = ", ".join(self._names[spot.node])
            box = painter.fontMetrics().boundingRect(text).translated(at.toPoint())
            painter.fillRect(box.adjusted(-2, 0, 2, 0), paper)
            painter.setPen(ink)
            painter.drawText(at, text)

    def _last_lane(self, depth: int) -> int:
        start = bisect_left(self.spots, depth, key=attrgetter("depth"))
        end = bisect_left(self.spots, depth + 1, key=attrgetter("depth"))
        return max(spot.lane for spot in self.spots[start:end])

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose a passage."""
        spot = self.at(event.position().toPoint())
        if spot is not None:
            self.chosen.emit(spot.node)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Go to a passage."""
        spot = self.at(event.position().toPoint())
        if spot is not None:
            self.entered.emit(spot.node)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows walk over the tree, Enter goes."""
        spot = self.by_id.get(self.node) if self.node is not None else None
        steps = {
            Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1),
            Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0),
        }  # fmt: skip
        key = Qt.Key(event.key())
        if spot is not None and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit(spot.node)
        elif spot is not None and key in steps and self.story is not None:
            lane, depth = steps[key]
            if depth < 0 and spot.parent is not None:
                self.chosen.emit(spot.parent)
            elif depth > 0 and (after := self.story.children(spot.node)):
                inside = [node.id for node in after if self.by_id[node.id].lane == spot.lane]
                self.chosen.emit((inside or [after[0].id])[0])
            elif lane:
                row = [s for s in self.spots if s.depth == spot.depth]
                place = row.index(spot) + lane
                if 0 <= place < len(row):
                    self.chosen.emit(row[place].node)
        else:
            super().keyPressEvent(event)

    def event(self, event) -> bool:
        """Show a passage's words."""
        if isinstance(event, QHelpEvent) and self.story is not None:
            spot = self.at(event.pos())
            text = preview(self.story.node(spot.node)) if spot is not None else ""
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)


class Map(QScrollArea):
    """The map, scrolled.

    Signals:
        chosen, entered: as of the drawing.
    """

    chosen = Signal(int)
    entered = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.drawing = _Chart(self)
        self.setWidget(self.drawing)
        self.setFocusProxy(self.drawing)
        self.drawing.chosen.connect(self.chosen)
        self.drawing.entered.connect(self.entered)

    def show_story(self, story: Story | None, node: int | None) -> None:
        """Lay the tree out anew and mark a passage."""
        self.drawing.show_story(story)
        self.select(node)

    def select(self, node: int | None) -> None:
        """Mark a passage and bring it into view."""
        self.drawing.node = node
        spot = self.drawing.by_id.get(node) if node is not None else None
        if spot is not None:
            middle = self.drawing.place(spot).toPoint()
            self.ensureVisible(middle.x(), middle.y(), 60, 60)
        self.drawing.update(QRect(QPoint(), self.drawing.size()))
