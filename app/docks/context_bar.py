"""The window as a bar: how much of it each source takes, what is free, what goes next."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPainterPath, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.docks.sources import COLORS, name
from engine.story.ledger import Context, Source


class ContextBar(QWidget):
    """Segments in the order of the window, as wide as their tokens."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._parts: list[tuple[Source, int]] = []
        self._room = 1

    def show_context(self, context: Context | None) -> None:
        """Show a window, or nothing."""
        sums: dict[Source, int] = {}
        for entry in context.ledger if context is not None else ():
            if entry.included and entry.n_tokens:
                sums[entry.source] = sums.get(entry.source, 0) + entry.n_tokens
        self._parts = list(sums.items())
        self._room = max(context.budget if context is not None else 1, 1)
        said = ", ".join(f"{name(source)} {count}" for source, count in self._parts)
        self.setAccessibleName(self.tr("Tokens by source"))
        self.setAccessibleDescription(said)
        self.update()

    @property
    def parts(self) -> list[tuple[Source, int]]:
        """Sources and their tokens."""
        return self._parts

    def sizeHint(self) -> QSize:
        """As high as small letters."""
        return QSize(200, max(10, self.fontMetrics().height() * 2 // 3))

    def _boxes(self) -> list[tuple[QRectF, Source, int]]:
        boxes, left = [], 0.0
        total = max(self._room, sum(count for _, count in self._parts))
        for source, count in self._parts:
            width = self.width() * count / total
            boxes.append((QRectF(left, 0, width, self.height()), source, count))
            left += width
        return boxes

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw groove and segments."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(self.rect()), 4, 4)
        painter.setClipPath(shape)
        groove = self.palette().color(QPalette.ColorRole.WindowText)
        groove.setAlphaF(0.12)
        painter.fillRect(self.rect(), groove)
        gap = self.palette().color(QPalette.ColorRole.Window)
        for box, source, _ in self._boxes():
            painter.fillRect(box, QColor(COLORS[source]))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.fillRect(QRectF(box.right() - 0.5, 0, 1, self.height()), gap)

    def event(self, event) -> bool:
        """Say what a segment is."""
        if isinstance(event, QHelpEvent):
            for box, source, count in self._boxes():
                if box.contains(event.pos()):
                    QToolTip.showText(event.globalPos(), f"{name(source)}: {count}", self)
                    return True
            free = self._room - sum(count for _, count in self._parts)
            QToolTip.showText(event.globalPos(), self.tr("Free: %1").replace("%1", str(free)), self)
            return True
        return super().event(event)
