"""Where things are: document positions (UTF-16 units), branch offsets (code points), passages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QTextCursor

from app.units import to_points, to_units

if TYPE_CHECKING:
    from PySide6.QtWidgets import QTextEdit

    from app.page_canvas import Canvas


class Places:
    """Converts between a document's positions and the branch's offsets, and moves the caret."""

    def __init__(self, edit: QTextEdit, canvas: Canvas) -> None:
        self._edit = edit
        self._canvas = canvas
        self._model = canvas.page

    def offset_at(self, position: int) -> int:
        """The branch's offset of a document position."""
        block = self._edit.document().findBlock(position)
        index = self._canvas.hidden + block.blockNumber()
        if index >= len(self._model.paragraphs):  # while Qt is in the middle of a change
            return self._model.length
        column = to_points(block.text(), position - block.position())
        return self._model.content_start(index) + column

    def position_at(self, offset: int) -> int:
        """The document position of a branch's offset; loads what is missing for it."""
        index, column = self._model.place(offset)
        if index < self._canvas.hidden:
            self._canvas.fill_all()
        block = self._canvas.block(index - self._canvas.hidden)
        return block.position() + to_units(block.text(), column)

    def node_at(self, offset: int) -> tuple[int, int]:
        """``(node id, offset in the node)`` of a branch's offset; (0, 0) on an empty page."""
        number = self._model.node_at(offset)
        if number < 0:
            return 0, 0
        return self._model.passage(number).id, offset - self._model.node_start(number)

    def offset_of(self, node_id: int, offset: int = 0) -> int:
        """The branch's offset of a place in a node; ValueError when it is not on the page."""
        for number, node in enumerate(self._model.nodes):
            if node.id == node_id:
                return self._model.node_start(number) + offset
        raise ValueError(f"passage {node_id} is not on the page")

    def selection(self) -> tuple[int, int]:
        """The selected range; both equal the caret without one."""
        cursor = self._edit.textCursor()
        return self.offset_at(cursor.selectionStart()), self.offset_at(cursor.selectionEnd())

    def caret(self) -> int:
        """Where the caret is."""
        return self.offset_at(self._edit.textCursor().position())

    def select(self, start: int, end: int) -> None:
        """Select a range and show it; the caret is at ``end``."""
        self.put(self.position_at(start), self.position_at(end))
        self._edit.ensureCursorVisible()

    def put(self, anchor: int, position: int) -> None:
        """Set the document's cursor, without scrolling."""
        cursor, end = self._edit.textCursor(), self._edit.document().characterCount() - 1
        cursor.setPosition(min(anchor, end))
        cursor.setPosition(min(position, end), QTextCursor.MoveMode.KeepAnchor)
        self._edit.setTextCursor(cursor)

    def top(self) -> int:
        """The offset of the first character in view."""
        corner = self._edit.viewport().rect().topLeft()
        return self.offset_at(self._edit.cursorForPosition(corner).position())

    def scroll_to(self, offset: int) -> None:
        """Bring the paragraph of an offset to the top of the view."""
        document = self._edit.document()
        block = document.findBlock(self.position_at(offset))
        box = document.documentLayout().blockBoundingRect(block)
        self._edit.verticalScrollBar().setValue(round(box.top()))
