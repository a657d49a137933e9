"""What is painted beside and over the page's text: signs of actions and authors, and the dimming."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from app.page_formats import Marks
from app.page_look import Look, Role
from app.units import units
from engine.story.node import Author

if TYPE_CHECKING:
    from PySide6.QtGui import QTextBlock
    from PySide6.QtWidgets import QTextEdit

    from app.page_canvas import Canvas
    from app.page_formats import Formats

VEIL = 175  # opacity of the paper over what is not being written, of 255


def paint_margin(edit: QTextEdit, canvas: Canvas, *, focused: bool) -> None:
    """Paint over the viewport of ``edit`` after the text."""
    painter = QPainter(edit.viewport())
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    layout = edit.document().documentLayout()
    scrolled = edit.verticalScrollBar().value()
    bottom = edit.viewport().height()
    current = edit.textCursor().blockNumber()
    veil = QColor(canvas.formats.theme.color("paper"))
    veil.setAlpha(VEIL)
    block = edit.cursorForPosition(edit.viewport().rect().topLeft()).block()
    if block.previous().isValid():
        block = block.previous()
    while block.isValid():
        box = layout.blockBoundingRect(block).translated(0, -scrolled)
        if box.top() > bottom:
            break
        look = _look(canvas, block)
        if look is not None:
            if look.role is Role.ACTION:
                _chevron(painter, canvas, block, box)
            elif canvas.formats.marks is not Marks.NONE:
                _bars(painter, canvas, block, box, look)
        if focused and block.blockNumber() != current:
            painter.fillRect(QRectF(0, box.top(), edit.viewport().width(), box.height()), veil)
        block = block.next()
    painter.end()


def _look(canvas: Canvas, block: QTextBlock) -> Look | None:
    index = canvas.hidden + block.blockNumber()
    if index >= len(canvas.page.paragraphs):
        return None
    look = canvas.page.paragraphs[index].look
    return look if isinstance(look, Look) else None


def _chevron(painter: QPainter, canvas: Canvas, block: QTextBlock, box: QRectF) -> None:
    """The lantern-coloured sign before what the player does."""
    formats = canvas.formats
    line = block.layout().lineAt(0)
    if not line.isValid():
        return
    size = formats.size
    baseline = box.top() + line.y() + line.ascent()
    middle = baseline - 0.27 * size
    x = box.left() - 1.0 * size
    pen = QPen(formats.theme.color("action"), max(1.4, 0.105 * size))
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    half, depth = 0.25 * size, 0.26 * size
    painter.drawPolyline(
        QPolygonF(
            [QPointF(x, middle - half), QPointF(x + depth, middle), QPointF(x, middle + half)]
        )
    )


def _bars(painter: QPainter, canvas: Canvas, block: QTextBlock, box: QRectF, look: Look) -> None:
    """A bar beside lines with a person's words; a dotted one where they changed the model's."""
    if look.role in {Role.CHAPTER, Role.SCENE} or not look.signed:
        return
    formats, layout = canvas.formats, block.layout()
    x = box.left() - 0.8 * formats.size
    bar: tuple[Author, float, float] | None = None
    for number in range(layout.lineCount()):
        line = layout.lineAt(number)
        found = _authors(block, look, line.textStart(), line.textStart() + line.textLength())
        author = _first(found)
        if author is None:
            _bar(painter, formats, x, bar)
            bar = None
            continue
        top = box.top() + line.y()
        if number == 0 and look.gap:  # lines that follow each other closely share one bar
            top += 0.12 * formats.line
        last = number + 1 == layout.lineCount()
        bottom = box.bottom() + 1 if last else box.top() + line.y() + line.height()
        if bar and bar[0] is author:
            bar = (author, bar[1], bottom)
            continue
        _bar(painter, formats, x, bar)
        bar = (author, top, bottom)
    _bar(painter, formats, x, bar)


def _bar(
    painter: QPainter, formats: Formats, x: float, bar: tuple[Author, float, float] | None
) -> None:
    if bar is None:
        return
    author, top, bottom = bar
    color = formats.theme.color(author.value)
    color.setAlpha(150)
    pen = QPen(color, max(1.5, 0.09 * formats.size))
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    if author is Author.EDITED:
        pen.setStyle(Qt.PenStyle.DotLine)
    painter.setPen(pen)
    painter.drawLine(QPointF(x, top), QPointF(x, bottom))


def _first(authors: set[Author]) -> Author | None:
    """Whose bar a line gets."""
    return next((a for a in (Author.HUMAN, Author.EDITED) if a in authors), None)


def _authors(block: QTextBlock, look: Look, start: int, end: int) -> set[Author]:
    """Who wrote the letters of a block from UTF-16 unit ``start`` to ``end``."""
    text, at, point, found = block.text(), 0, 0, set()
    for run in look.runs:
        stop = at + units(text[point : point + run.length])
        if stop > start and at < end:
            found.add(run.author)
        at, point = stop, point + run.length
    return found
