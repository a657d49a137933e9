"""Cards to begin from: a button that shows a title, a genre and a few lines; a grid of them."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPalette, QTextLayout
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from app.flow import Flow
from app.theme import blend, book_font

RADIUS = 10
PADDING = 14


@dataclass(frozen=True, slots=True)
class Card:
    """What a card shows; ``id`` is what comes back when it is chosen."""

    id: str
    title: str
    genre: str
    text: str


class CardButton(QAbstractButton):
    """A card: its genre small, its title in the book's letters, its text as far as there is room."""

    def __init__(self, card: Card, parent: QWidget | None = None, *, lines: int = 3) -> None:
        super().__init__(parent)
        self.card = card
        self._lines = lines
        self.setText(card.title)
        self.setAccessibleName(f"{card.title}, {card.genre}" if card.genre else card.title)
        self.setAccessibleDescription(card.text)
        self.setToolTip(card.text)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def _title_font(self) -> QFont:
        font = book_font(points=self.font().pointSizeF() * 1.35)
        font.setWeight(QFont.Weight.DemiBold)
        return font

    def _small_font(self) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 0.82)
        font.setCapitalization(QFont.Capitalization.AllUppercase)
        font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, 0.8)
        return font

    def sizeHint(self) -> QSize:
        """Room for genre, title and ``lines`` lines."""
        height = 2 * PADDING + self.fontMetrics().lineSpacing() * (self._lines + 1) + 12
        return QSize(230, height + round(self.fontMetrics().lineSpacing() * 1.5))

    def minimumSizeHint(self) -> QSize:
        """Narrow enough for two beside each other in a small window."""
        return QSize(180, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Frame, genre, title, text."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        paper = palette.color(QPalette.ColorRole.Base)
        ink = palette.color(QPalette.ColorRole.Text)
        accent = palette.color(QPalette.ColorRole.Accent)
        dim = palette.color(QPalette.ColorRole.PlaceholderText)
        hover = self.underMouse() or self.hasFocus()
        ground = blend(palette.color(QPalette.ColorRole.Window), paper, 0.55)
        if self.isDown():
            ground = blend(accent, ground, 0.18)
        elif hover:
            ground = blend(accent, ground, 0.07)
        edge = accent if hover else palette.color(QPalette.ColorRole.Mid)
        painter.setPen(edge)
        painter.setBrush(ground)
        width = 2.0 if self.hasFocus() else 1.0
        pen = painter.pen()
        pen.setWidthF(width)
        painter.setPen(pen)
        half = width / 2
        painter.drawRoundedRect(
            QRectF(self.rect()).adjusted(half, half, -half, -half), RADIUS, RADIUS
        )
        inner = QRectF(self.rect()).adjusted(PADDING, PADDING, -PADDING, -PADDING)
        top = inner.top()
        if self.card.genre:
            painter.setFont(self._small_font())
            painter.setPen(accent)
            metrics = painter.fontMetrics()
            painter.drawText(QPointF(inner.left(), top + metrics.ascent()), self.card.genre)
            top += metrics.lineSpacing() + 4
        painter.setFont(self._title_font())
        painter.setPen(ink)
        metrics = painter.fontMetrics()
        title = metrics.elidedText(
            self.card.title, Qt.TextElideMode.ElideRight, round(inner.width())
        )
        painter.drawText(QPointF(inner.left(), top + metrics.ascent()), title)
        top += metrics.height() + 4
        painter.setPen(blend(ink, dim, 0.55))
        inner.setTop(top)
        draw_lines(painter, self.font(), self.card.text, inner)
        painter.end()


def draw_lines(painter: QPainter, font: QFont, text: str, box: QRectF) -> None:
    """Wrap ``text`` into ``box``; the last line that fits ends in an ellipsis if more would follow."""
    painter.setFont(font)
    metrics = painter.fontMetrics()
    text = " ".join(text.split())
    layout = QTextLayout(text, font)
    layout.beginLayout()
    top = box.top()
    while (line := layout.createLine()).isValid():
        line.setLineWidth(box.width())
        last = top + 2 * metrics.lineSpacing() > box.bottom() + 1
        rest = text[line.textStart() :] if last else ""
        shown = text[line.textStart() : line.textStart() + line.textLength()]
        if last:
            shown = metrics.elidedText(rest, Qt.TextElideMode.ElideRight, int(box.width()))
        painter.drawText(QPointF(box.left(), top + metrics.ascent()), shown.strip())
        top += metrics.lineSpacing()
        if last:
            break
    layout.endLayout()


class CardGrid(QWidget):
    """Cards in as many columns as there is room for.

    Signals:
        chosen: the id of a card.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None, *, column: int = 250) -> None:
        super().__init__(parent)
        self._buttons: list[CardButton] = []
        self._flow = Flow(self, gap=12, column=column)

    @property
    def buttons(self) -> list[CardButton]:
        """The cards, as they are ordered."""
        return list(self._buttons)

    def set_cards(self, cards: list[Card]) -> None:
        """Show these cards instead."""
        self._flow.clear()
        self._buttons = [CardButton(card, self) for card in cards]
        for button in self._buttons:
            button.clicked.connect(self._clicked)
            self._flow.addWidget(button)
            button.show()

    @Slot()
    def _clicked(self) -> None:
        button = self.sender()
        if isinstance(button, CardButton):
            self.chosen.emit(button.card.id)
