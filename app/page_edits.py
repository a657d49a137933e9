"""What a person does to the page's document, told to the story as edits of its text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Slot

from app.page_text import Edit
from app.units import to_points
from engine.story.normalize import normalize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QDropEvent

    from app.page import Page
    from app.page_canvas import Canvas


class Edits(QObject):
    """Lets Qt edit the document, then finds out what changed and asks the story to follow.

    Typing, deleting, dragging, input methods and assistive tools all end in the same change of the
    document, so that one place sees them all. ``answer`` is called when the story has followed.
    """

    def __init__(self, page: Page, canvas: Canvas) -> None:
        super().__init__(page)
        self._page = page
        self._canvas = canvas
        self._model = canvas.page
        self._dirty: tuple[int, int] | None = None  # first block, blocks after the last
        self._answered = False
        self.line_end = ""  # what the key being handled writes; empty: as the page is set
        canvas.document.contentsChange.connect(self._note_change)
        page.textChanged.connect(self._reconcile)

    @property
    def pending(self) -> bool:
        """Whether the document is ahead of the page's text."""
        return self._dirty is not None

    def answer(self) -> None:
        """The story has followed."""
        self._answered = True

    def forget(self) -> None:
        """The document is filled anew."""
        self._dirty = None

    @Slot(int, int, int)
    def _note_change(self, position: int, _removed: int, added: int) -> None:
        if self._canvas.drawing:
            return
        document = self._canvas.document
        first = document.findBlock(position).blockNumber()
        end = document.findBlock(min(position + added, document.characterCount() - 1))
        after = document.blockCount() - 1 - end.blockNumber()
        if self._dirty:
            first, after = min(first, self._dirty[0]), min(after, self._dirty[1])
        self._dirty = first, after

    @Slot()
    def _reconcile(self) -> None:
        if self._dirty is None or self._canvas.drawing:
            return
        (first, after), self._dirty = self._dirty, None
        canvas, model = self._canvas, self._model
        last = canvas.document.blockCount() - after
        texts = [canvas.block(number).text() for number in range(first, last)]
        low, high = canvas.hidden + first, len(model.paragraphs) - after
        line_end = self.line_end or canvas.mode.line_end
        edit = model.typed(low, high, texts, self._caret_in(first, texts), line_end)
        if edit is None:
            return
        if edit.start == edit.end and not edit.text:  # a border that is not in the text
            self._page.draw(model.relay(low, low + len(texts)))
        elif not self._ask(edit):
            self._page.draw(model.restore())
            self._page.set_caret(min(edit.start, model.length))
        canvas.redraw(range(low, low + max(len(texts), high - low)))

    def _ask(self, edit: Edit) -> bool:
        """Report an edit; whether the story took it."""
        self._answered = False
        if self._model.writable(edit):
            self._page.edited.emit(edit.start, edit.end, edit.text, edit.node)
        return self._answered and self._model.agreed

    def _caret_in(self, first: int, texts: list[str]) -> int:
        """The caret in code points of ``texts`` joined by one character; -1 when it is elsewhere."""
        cursor = self._page.textCursor()
        number = cursor.blockNumber() - first
        if not 0 <= number < len(texts):
            return -1
        column = to_points(texts[number], cursor.positionInBlock())
        return sum(len(text) + 1 for text in texts[:number]) + column

    def replace(self, start: int, end: int, text: str) -> bool:
        """Replace a range as if the person had typed it; false when the story did not take it."""
        edit = self.edit(start, end, text)
        if not self._ask(edit):
            return False
        self._page.set_caret(start + len(edit.text))
        return True

    def replace_many(self, edits: Sequence[Edit]) -> bool:
        """Replace several ranges as one verb; false when the story did not take it."""
        self._answered = False
        if edits and all(self._model.writable(edit) for edit in edits):
            self._page.edited_many.emit(list(edits))
        return self._answered

    def edit(self, start: int, end: int, text: str) -> Edit:
        """The edit that puts ``text`` in place of a range, with the passage it belongs to."""
        index, column = self._model.place(start)
        owner = self._model.owner(index, column)
        return Edit(start, end, normalize(text), owner.id if owner else 0)

    def drop(self, event: QDropEvent) -> None:
        """Take dropped text where it falls; what was dragged from the page itself moves there.

        Qt's own way would take it out and put it in within one change of the document.
        """
        cursor = self._page.cursorForPosition(event.position().toPoint())
        at = self._page.places.offset_at(cursor.position())
        start, end = self._page.selection()
        if event.source() in (self._page, self._page.viewport()):
            text = self._model.text(start, end)
            moves = [self.edit(start, end, ""), self.edit(at, at, text)]
            if not start <= at <= end and self.replace_many(sorted(moves, key=lambda e: e.start)):
                landed = at - (end - start) if at > end else at
                self._page.select(landed, landed + len(text))
        else:
            self.replace(at, at, event.mimeData().text())
        event.setDropAction(Qt.DropAction.CopyAction)  # nothing is left to take away at the source
        event.accept()
