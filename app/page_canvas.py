"""Puts paragraphs into a QTextDocument and keeps it equal to them, block by block."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from PySide6.QtGui import QTextCursor

from app.page_layout import Mode, shown
from app.page_look import Look, look
from app.units import units
from engine.story.revision import common_suffix
from engine.tokens import common_prefix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QTextBlock, QTextCharFormat, QTextDocument

    from app.page_formats import Formats
    from app.page_layout import Paragraph
    from app.page_text import PageText, Patch


class Canvas:
    """One document that shows the paragraphs of a ``PageText``.

    ``hidden`` paragraphs at the beginning are not in the document yet (tail-first loading): block
    number ``b`` is paragraph ``hidden + b``. ``drawing`` is true while the document is changed from
    here, so that the page can tell it from a person's change.
    """

    def __init__(self, document: QTextDocument, page: PageText, formats: Formats) -> None:
        self.document = document
        self.page = page
        self.formats = formats
        self.mode = Mode.PROSE
        self.hidden = 0
        self.drawing = False

    @contextmanager
    def edit(self) -> Iterator[QTextCursor]:
        """A cursor whose changes are one edit block of ours."""
        was, self.drawing = self.drawing, True
        cursor = QTextCursor(self.document)
        cursor.beginEditBlock()
        try:
            yield cursor
        finally:
            cursor.endEditBlock()
            self.drawing = was

    # Filling

    def fill(self, characters: int) -> None:
        """Fill the document anew with the end of the page, at least ``characters`` of it."""
        paragraphs = self.page.paragraphs
        first, size = len(paragraphs) - 1, 0
        while first and size < characters:
            first -= 1
            size += len(paragraphs[first].text) + 1
        for paragraph in paragraphs:
            paragraph.look = None
        self.hidden = first
        was, self.drawing = self.drawing, True
        self.document.clear()
        self.formats.frame(self.document.rootFrame())
        self.drawing = was
        with self.edit() as cursor:
            self._first(cursor, first)
            self._following(cursor, first + 1, len(paragraphs))

    def back_fill(self, characters: int) -> None:
        """Put about ``characters`` more above what the document shows."""
        paragraphs = self.page.paragraphs
        first, size = self.hidden, 0
        while first and size < characters:
            first -= 1
            size += len(paragraphs[first].text) + 1
        if first == self.hidden:
            return
        with self.edit() as cursor:
            self._above(cursor, first, self.hidden)
        self.hidden = first

    def fill_all(self) -> None:
        """Put all that is missing above into the document at once."""
        if self.hidden:
            self.back_fill(self.page.length + len(self.page.paragraphs))

    def _above(self, cursor: QTextCursor, first: int, last: int) -> None:
        """Paragraphs ``first`` up to ``last`` above the first block."""
        cursor.movePosition(QTextCursor.MoveOperation.Start)
        below = cursor.blockFormat()
        cursor.insertBlock(below)
        cursor.movePosition(QTextCursor.MoveOperation.Start)
        self._first(cursor, first)
        self._following(cursor, first + 1, last)

    def _first(self, cursor: QTextCursor, index: int) -> None:
        """Paragraph ``index`` into the empty block the cursor is in."""
        paragraph = self.page.paragraphs[index]
        paragraph.look = drawn = look(self.page, index, self.mode)
        cursor.setBlockFormat(self.formats.block(drawn))
        self._runs(cursor, paragraph, drawn)

    def _following(self, cursor: QTextCursor, first: int, last: int) -> None:
        """Paragraphs as new blocks after the cursor's."""
        for index in range(first, last):
            paragraph = self.page.paragraphs[index]
            paragraph.look = drawn = look(self.page, index, self.mode)
            cursor.insertBlock(self.formats.block(drawn), self.formats.plain(drawn))
            self._runs(cursor, paragraph, drawn)

    def _runs(self, cursor: QTextCursor, paragraph: Paragraph, drawn: Look) -> None:
        text, at = shown(paragraph.text), 0
        for run in drawn.runs:
            cursor.insertText(text[at : at + run.length], self.formats.run(drawn, run))
            at += run.length

    # Changing

    def patch(self, patch: Patch) -> None:
        """Make the document follow a change of the page."""
        first, last, fresh = patch.first, patch.last, patch.paragraphs
        end = first + len(fresh)  # in the page as it is now
        if last <= self.hidden and (first < self.hidden or last < self.hidden):
            self.hidden += len(fresh) - (last - first)
        else:
            skip = max(0, self.hidden - first)
            self.hidden = min(self.hidden, first)
            if last > first or fresh:
                with self.edit() as cursor:
                    low, high = first - self.hidden, last - self.hidden - skip
                    self._replace(cursor, first, end, low, high)
        around = range(max(0, first - 1), end + 2) if last > first or fresh else patch.redraw
        todo = patch.redraw or around
        self.redraw(range(min(todo.start, around.start), max(todo.stop, around.stop)))

    def _replace(self, cursor: QTextCursor, first: int, end: int, low: int, high: int) -> None:
        """Blocks ``low`` up to ``high`` become paragraphs ``first`` up to ``end``."""
        reuse = min(end - first, high - low)
        for step in range(reuse):
            self._rewrite(cursor, self.block(low + step), first + step)
        if high - low > reuse:
            self._remove(cursor, low + reuse, high)
        elif end - first > reuse:
            if low + reuse == 0:
                self._above(cursor, first, end)
            else:
                self._to_end(cursor, self.block(low + reuse - 1))
                self._following(cursor, first + reuse, end)

    def _rewrite(self, cursor: QTextCursor, block: QTextBlock, index: int) -> None:
        """One block takes the text of paragraph ``index``; only what differs is touched."""
        old, new = block.text(), shown(self.page.paragraphs[index].text)
        if old == new:
            return
        head = common_prefix(old, new)
        tail = min(common_suffix(old, new), min(len(old), len(new)) - head)
        start = block.position() + units(old[:head])
        cursor.setPosition(start)
        if tail + head < len(old):
            cursor.setPosition(
                start + units(old[head : len(old) - tail]), QTextCursor.MoveMode.KeepAnchor
            )
            cursor.removeSelectedText()
        middle = new[head : len(new) - tail]
        if middle:
            drawn = look(self.page, index, self.mode)
            cursor.insertText(middle, self.formats.plain(drawn))
        self.page.paragraphs[index].look = None

    def _remove(self, cursor: QTextCursor, low: int, high: int) -> None:
        """Blocks ``low`` up to ``high`` go."""
        if low:
            self._to_end(cursor, self.block(low - 1))
            self._to_end(cursor, self.block(high - 1), QTextCursor.MoveMode.KeepAnchor)
        else:
            cursor.setPosition(0)
            cursor.setPosition(self.block(high).position(), QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        keeps = self.hidden + max(0, low - 1)  # Qt may have kept the other block's format
        for index in (keeps, keeps + 1):
            if index < len(self.page.paragraphs):
                self.page.paragraphs[index].look = None

    def redraw(self, indices: range) -> None:
        """Give these paragraphs the look they should have.

        What stands there already is left alone: Qt lays out anew what is set, if only to the same.
        """
        todo = []
        for index in indices:
            if self.hidden <= index < len(self.page.paragraphs):
                fresh = look(self.page, index, self.mode)
                if fresh != self.page.paragraphs[index].look:
                    todo.append((index, fresh))
        if not todo:
            return
        with self.edit() as cursor:
            for index, fresh in todo:
                self._dress(cursor, index, fresh)

    def _dress(self, cursor: QTextCursor, index: int, fresh: Look) -> None:
        paragraph, block = self.page.paragraphs[index], self.block(index - self.hidden)
        whole, plain = self.formats.block(fresh), self.formats.plain(fresh)
        if block.blockFormat() != whole or block.charFormat() != plain:
            cursor.setPosition(block.position())
            cursor.setBlockFormat(whole)
            cursor.setBlockCharFormat(plain)
        standing = _formats(block)
        text, at, position = shown(paragraph.text), 0, block.position()
        for run in fresh.runs:
            end, wanted = position + units(text[at : at + run.length]), self.formats.run(fresh, run)
            at += run.length
            if any(low < end and position < high and f != wanted for low, high, f in standing):
                cursor.setPosition(position)
                cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
                cursor.setCharFormat(wanted)
            position = end
        paragraph.look = fresh

    # Places

    def block(self, number: int) -> QTextBlock:
        """A block of the document by number."""
        return self.document.findBlockByNumber(number)

    def _to_end(
        self,
        cursor: QTextCursor,
        block: QTextBlock,
        mode: QTextCursor.MoveMode = QTextCursor.MoveMode.MoveAnchor,
    ) -> None:
        cursor.setPosition(block.position() + block.length() - 1, mode)


def _formats(block: QTextBlock) -> list[tuple[int, int, QTextCharFormat]]:
    """The formats a block's letters have, by document positions: each is laid out anew if set."""
    found, iterator = [], block.begin()
    while not iterator.atEnd():
        fragment = iterator.fragment()
        start = fragment.position()
        found.append((start, start + fragment.length(), fragment.charFormat()))
        iterator += 1
    return found
