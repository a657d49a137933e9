"""How many tokens a text takes, in words and as a thin bar of the window."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from app.docks.sources import COLORS
from engine.story.ledger import Context, Source


class _Bar(QWidget):
    """The share of the window that is taken."""

    def __init__(self, source: Source, parent: QWidget) -> None:
        super().__init__(parent)
        self._color = QColor(COLORS[source])
        self.share = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """A thin line."""
        return QSize(120, 5)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the groove and what is taken."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        groove = self.palette().color(QPalette.ColorRole.WindowText)
        groove.setAlphaF(0.14)
        box = QRectF(self.rect())
        painter.setPen(QColor(0, 0, 0, 0))
        painter.setBrush(groove)
        painter.drawRoundedRect(box, 2.5, 2.5)
        if self.share > 0:
            box.setWidth(max(box.width() * min(self.share, 1.0), 4))
            painter.setBrush(self._color)
            painter.drawRoundedRect(box, 2.5, 2.5)


class Meter(QWidget):
    """Shows the tokens of one part of the window, and says when not all of it fits."""

    def __init__(self, source: Source, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.source = source
        self.tokens = 0
        self.label = QLabel(self)
        self.label.setProperty("quiet", "true")
        self.label.setWordWrap(True)
        self._bar = _Bar(source, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addWidget(self._bar)
        column.addWidget(self.label)

    def show_source(self, context: Context | None) -> None:
        """What the source takes of a window; None: there is no model yet that could tell."""
        row = None
        if context is not None:
            row = next((row for row in context.ledger if row.source is self.source), None)
        self.tokens = row.n_tokens if row is not None else 0
        self._bar.share = self.tokens / context.budget if context and context.budget else 0.0
        self._bar.update()
        if context is None:
            self.label.setText(self.tr("Its tokens are counted as soon as the model is there."))
            return
        share = f"{100 * self._bar.share:.0f}"
        text = self.tr("%1 tokens, %3 % of the window's %2")
        text = text.replace("%1", str(self.tokens)).replace("%2", str(context.budget))
        text = text.replace("%3", share)
        if row is not None and (row.trimmed or not row.included):
            text += ". " + self.tr("Not all of it fits: it would take %1.").replace(
                "%1", str(row.wanted)
            )
        self.label.setText(text)
