"""The likeliest next tokens as pairs of bars: what the model expects, and what is drawn from."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QFont, QHelpEvent, QPainter, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.docks.sampling_names import stage_label
from engine.lm.xray import Bar, Xray

LABEL_SHARE = 0.34  # of the width, at most
SPOKEN = 5  # tokens that are read out
CLEAR = 1.1  # a change by less than this factor is not marked


class Brushes:
    """The palette's colours as this picture uses them; patterns tell the bars apart, too."""

    def __init__(self, palette: QPalette) -> None:
        role = QPalette.ColorRole
        self.ink = palette.color(role.Text)
        self.dim = palette.color(role.PlaceholderText)
        self.line = palette.color(role.Mid)
        self.accent = palette.color(role.Link)

    def hatched(self, painter: QPainter, rect: QRectF) -> None:
        """A bar of what was there before."""
        if rect.width() < 1:
            return
        painter.setPen(QPen(self.dim, 1))
        painter.setBrush(QBrush(self.dim, Qt.BrushStyle.BDiagPattern))
        painter.drawRect(rect)

    def solid(self, painter: QPainter, rect: QRectF) -> None:
        """A bar of what is left."""
        if rect.width() < 0.5:
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.accent)
        painter.drawRect(rect)


class XrayPlot(QWidget):
    """Rows of tokens, the model's likeliest first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bars: tuple[Bar, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(200)
        self.setAccessibleName(self.tr("The likeliest next tokens"))

    def show_xray(self, picture: Xray) -> None:
        """Show another place, or the same one under other settings."""
        if len(picture.bars) != len(self._bars):
            self.updateGeometry()
        self._bars = picture.bars
        self.setFixedHeight(self.sizeHint().height())
        self.setAccessibleDescription("; ".join(tell(bar) for bar in self._bars[:SPOKEN]))
        self.update()

    @property
    def row_height(self) -> int:
        """Pixels of one token."""
        return self.fontMetrics().height() + 5

    def sizeHint(self) -> QSize:
        """A legend and a row for each token."""
        return QSize(280, self.row_height * (len(self._bars) + 1) + 6)

    def paintEvent(self, _event) -> None:
        """Draw the legend and the bars."""
        painter = QPainter(self)
        brushes = Brushes(self.palette())
        fine = self.fontMetrics()
        number = fine.horizontalAdvance("▲ 00.0 %")
        widest = max((fine.horizontalAdvance(bar.text) for bar in self._bars), default=0)
        label = min(widest + 2, int(self.width() * LABEL_SHARE))
        left = label + 8
        room = self.width() - left - number - 8
        self._draw_legend(painter, brushes)
        most = max((max(bar.before, bar.after) for bar in self._bars), default=1.0) or 1.0
        for n, bar in enumerate(self._bars):
            top = (n + 1) * self.row_height + 4
            self._draw_label(painter, brushes, bar, QRectF(0, top, label, self.row_height))
            half = (self.row_height - 5) / 2
            brushes.hatched(painter, QRectF(left, top + 1.5, room * bar.before / most, half - 1))
            brushes.solid(painter, QRectF(left, top + half + 2, room * bar.after / most, half))
            place = QRectF(self.width() - number - 2, top, number + 2, self.row_height)
            self._draw_number(painter, brushes, bar, place)

    def _draw_legend(self, painter: QPainter, brushes: Brushes) -> None:
        fine, size = self.fontMetrics(), self.row_height
        x, block = 0.0, 16.0
        for draw, text in (
            (brushes.hatched, self.tr("the model")),
            (brushes.solid, self.tr("after sampling")),
        ):
            draw(painter, QRectF(x + 0.5, size / 2 - 4, block, 8))
            width = fine.horizontalAdvance(text)
            painter.setPen(brushes.dim)
            painter.drawText(
                QRectF(x + block + 5, 0, width + 4, size), Qt.AlignmentFlag.AlignVCenter, text
            )
            x += block + width + 18

    def _draw_label(self, painter: QPainter, brushes: Brushes, bar: Bar, rect: QRectF) -> None:
        font = QFont(self.font())
        font.setStrikeOut(bool(bar.cut_by))
        painter.setFont(font)
        painter.setPen(brushes.dim if bar.cut_by else brushes.ink)
        text = self.fontMetrics().elidedText(
            bar.text, Qt.TextElideMode.ElideRight, int(rect.width())
        )
        painter.drawText(rect, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        painter.setFont(self.font())

    def _draw_number(self, painter: QPainter, brushes: Brushes, bar: Bar, rect: QRectF) -> None:
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.setPen(brushes.dim if bar.cut_by else brushes.ink)
        if bar.cut_by:
            text = stage_label(bar.cut_by)
            text = self.fontMetrics().elidedText(
                text, Qt.TextElideMode.ElideRight, int(rect.width()) - 14
            )
            painter.drawText(rect, right, f"✕ {text}")
        else:
            painter.drawText(rect, right, f"{_sign(bar)}{percent(bar.after)}")

    def event(self, event: QEvent) -> bool:
        """Exact numbers of the row under the pointer."""
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            row = (event.pos().y() - 4) // self.row_height - 1
            if 0 <= row < len(self._bars):
                QToolTip.showText(event.globalPos(), tell(self._bars[row]), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)


def tell(bar: Bar) -> str:
    """One token in words."""
    after = f"cut by {stage_label(bar.cut_by)}" if bar.cut_by else percent(bar.after)
    return f"{bar.text}: {percent(bar.before)}, then {after} (id {bar.id})"


def percent(share: float) -> str:
    """A probability, with as many digits as can be told apart."""
    value = share * 100
    if value >= 99.95 or value == 0:
        return f"{value:.0f} %"
    return f"{value:.1f} %" if value >= 0.1 else "< 0.1 %"


def _sign(bar: Bar) -> str:
    if bar.after > bar.before * CLEAR:
        return "▲ "
    return "▼ " if bar.after * CLEAR < bar.before else ""
