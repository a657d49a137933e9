"""The look of the window's sources: a letter, a name and a tint that keeps apart for all eyes."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPalette

from app.theme import blend, contrast
from engine.story.ledger import Source

# Okabe and Ito's colours for colour-blind eyes; the letter says the same once more.
COLORS = {
    Source.BEGIN: "#7f7f7f",
    Source.MEMORY: "#0072b2",
    Source.LORE: "#009e73",
    Source.NOTE: "#cc79a7",
    Source.OPENING: "#e69f00",
    Source.HISTORY: "#b9a98c",
    Source.ACTION: "#d55e00",
    Source.CUE: "#56b4e9",
}


def name(source: Source) -> str:
    """What a source is called."""
    names = {
        Source.BEGIN: "Beginning",
        Source.MEMORY: "Memory",
        Source.LORE: "Lore",
        Source.NOTE: "Author's note",
        Source.OPENING: "Opening",
        Source.HISTORY: "Story",
        Source.ACTION: "Last action",
        Source.CUE: "Cue",
    }
    return QCoreApplication.translate("Sources", names[source])


def letter(source: Source) -> str:
    """The mark of a source."""
    return name(source)[:1].upper()


def tint(source: Source, palette: QPalette) -> QColor:
    """The background of a source's words: strong enough to tell, weak enough to read on."""
    paper = palette.color(QPalette.ColorRole.Base)
    share = 0.13 if source is Source.HISTORY else 0.27
    return blend(QColor(COLORS[source]), paper, share)


def paint_chip(painter: QPainter, box: QRectF, source: Source, *, faint: bool = False) -> None:
    """A round square with the source's letter."""
    color = QColor(COLORS[source])
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if faint:
        painter.setOpacity(0.5)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawRoundedRect(box, 4, 4)
    dark, light = QColor("#1b1712"), QColor("#ffffff")
    painter.setPen(dark if contrast(dark, color) >= contrast(light, color) else light)
    font = painter.font()
    font.setWeight(QFont.Weight.DemiBold)
    font.setPixelSize(max(8, round(box.height() * 0.68)))
    painter.setFont(font)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, letter(source))
    painter.restore()
