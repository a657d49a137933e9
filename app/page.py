"""The page: the branch as a book page that is written in. A view: it lays out and reports.

What it is given
    ``show_branch(nodes)``      another branch or story: the page is filled anew, its end first
    ``update_branch(nodes)``    the branch as it is now; nodes are values, and only those that are
                                other objects than before are looked at and redrawn
    ``begin_stream() stream(text) retract(n) end_stream(nodes)``
                                a reply that arrives; painted once a frame below the last passage

What it reports
    ``edited(start, end, text, node)``
                                a person replaced ``start`` up to ``end`` (code points of the
                                branch's text, the concatenation of its passages) by ``text``;
                                ``node`` is the id of the passage the caret was in (it decides
                                at a border; 0 for none). The receiver changes the story and calls
                                ``update_branch`` before it returns; when it does not, the page
                                takes the edit back (a story that cannot be written to).
    ``edited_many(edits)``      the same for a list of ``Edit``, ascending, not overlapping, in
                                offsets of the text as it is: one verb (replace all)
    ``undo_requested() redo_requested()``
                                the keys; undo is the story's journal, the document keeps none
    ``caret_moved(start, end)`` caret or selection, in code points of the branch
    ``counted(words, selected)`` word counts, a moment after they changed
    ``menu_opened(menu, offset)`` before the context menu is shown: add to it
    ``zoomed(points)``          the font size after a zoom
    ``loaded()``                the whole branch is in the document
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QMimeData, QSize, Qt, Signal, Slot
from PySide6.QtGui import QDragLeaveEvent, QKeyEvent, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QTextEdit

from app.page_canvas import Canvas
from app.page_edits import Edits
from app.page_idle import Idle
from app.page_keys import build_menu, handle_key, is_history
from app.page_layers import Layers
from app.page_margin import paint_margin
from app.page_places import Places
from app.page_setting import PageSetting
from app.page_stream import Stream
from app.page_text import PageText
from app.theme import Theme, load_theme

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import (
        QContextMenuEvent,
        QDropEvent,
        QPaintEvent,
        QWheelEvent,
    )
    from PySide6.QtWidgets import QWidget

    from app.page_text import Edit, Patch
    from engine.story.change import Change
    from engine.story.node import Node


class Page(QTextEdit):
    """The story's text, set and edited; see the module's docstring for what goes in and out."""

    first_fill = 60_000  # characters in the document before the first paint
    back_fill = 60_000  # characters per step above them

    edited = Signal(int, int, str, int)
    edited_many = Signal(object)
    undo_requested = Signal()
    redo_requested = Signal()
    caret_moved = Signal(int, int)
    counted = Signal(int, int)
    menu_opened = Signal(object, int)
    zoomed = Signal(float)
    loaded = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Story"))
        self.setAccessibleDescription(self.tr("The text of the story; you can edit it anywhere."))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAutoFillBackground(True)  # paper beside the column too
        self.setUndoRedoEnabled(False)
        self.setAcceptRichText(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.model = PageText()
        self.focused = False
        self._setting = PageSetting(load_theme("light"))
        self._canvas = Canvas(self.document(), self.model, self._setting.formats())
        self.places = Places(self, self._canvas)
        self.edits = Edits(self, self._canvas)
        self._idle = Idle(self, self._canvas)
        self.layers = Layers(self)
        self.arriving = Stream(self)
        self.selectionChanged.connect(self._report_caret)
        self.cursorPositionChanged.connect(self._report_caret)
        self._dress()
        self._canvas.fill(0)

    # The branch

    def show_branch(self, nodes: Sequence[Node]) -> None:
        """Show another branch or story, its end first."""
        self.arriving.forget()
        self.model.load(nodes)
        self.edits.answer()
        self._refill()
        self.moveCursor(QTextCursor.MoveOperation.End)
        self.scroll_to_end()
        self._idle.count()

    def update_branch(self, nodes: Sequence[Node]) -> None:
        """Take over the branch as it is now, and redraw what became another."""
        self.edits.answer()
        self.draw(self.model.update(nodes))

    def apply(self, change: Change) -> None:
        """Take over what one verb did to the branch; the same as ``update_branch``, but at once."""
        self.edits.answer()
        if change.splice is not None:
            self.draw(self.model.splice(change.splice))

    def text(self) -> str:
        """The branch's text as the page has it, a streaming draft included."""
        return self.model.text()

    def begin_stream(self) -> None:
        """A reply is about to arrive below the last passage."""
        self.arriving.begin()

    @Slot(str)
    def stream(self, text: str) -> None:
        """The reply goes on; painted with the next frame."""
        self.arriving.add(text)

    def retract(self, characters: int) -> None:
        """Take back the last characters that were streamed."""
        self.arriving.retract(characters)

    def end_stream(self, nodes: Sequence[Node]) -> None:
        """The reply is part of ``nodes`` now, or was dropped."""
        self.arriving.end(nodes)

    @property
    def streaming(self) -> bool:
        """Whether a reply is arriving."""
        return self.model.draft is not None

    def draw(self, patch: Patch | None, *, follow: bool = False) -> None:
        """Make the document follow the page's text; with ``follow`` stay at the end if there."""
        if patch is None:
            return
        below = self.at_end()
        cursor = self.textCursor()
        anchor, position = cursor.anchor(), cursor.position()
        self._canvas.patch(patch)
        if follow:
            if self.textCursor().position() != position:  # it stood where the text was added
                self.places.put(anchor, position)
            if below:
                self.scroll_to_end()
        self.viewport().update()
        self._idle.count()

    # Loading

    def _refill(self) -> None:
        self.edits.forget()
        self._canvas.fill(self.first_fill)
        self._idle.fill()

    def load_all(self) -> None:
        """Put what is missing above into the document at once."""
        self._canvas.fill_all()

    # A person's changes

    def replace(self, start: int, end: int, text: str) -> bool:
        """Replace a range as if the person had typed it; false when the story did not take it."""
        return self.edits.replace(start, end, text)

    def replace_many(self, edits: Sequence[Edit]) -> bool:
        """Replace several ranges as one verb; false when the story did not take it."""
        return self.edits.replace_many(edits)

    def insert_text(self, text: str) -> bool:
        """Put text in place of the selection, as the person's own."""
        start, end = self.selection()
        return self.replace(start, end, text)

    # Places

    def selection(self) -> tuple[int, int]:
        """The selected range in code points of the branch; both equal the caret without one."""
        return self.places.selection()

    def caret(self) -> int:
        """The caret in code points of the branch."""
        return self.places.caret()

    def set_caret(self, offset: int) -> None:
        """Put the caret somewhere and show it."""
        self.places.select(offset, offset)

    def select(self, start: int, end: int) -> None:
        """Select a range and show it."""
        self.places.select(start, end)

    def at_end(self) -> bool:
        """Whether the last line is in view."""
        bar = self.verticalScrollBar()
        return bar.value() >= bar.maximum() - self._canvas.formats.line

    def scroll_to_end(self) -> None:
        """Bring the last line into view."""
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())

    @Slot()
    def _report_caret(self) -> None:
        if self._canvas.drawing or self.edits.pending:
            return
        self.caret_moved.emit(*self.selection())
        if self.focused:
            self.viewport().update()
        if self.textCursor().hasSelection():
            self._idle.count()

    # Appearance

    @property
    def setting(self) -> PageSetting:
        """The page's typography."""
        return self._setting

    def apply_setting(self, setting: PageSetting) -> None:
        """Set the page in another way; place and selection stay."""
        (start, end), top, below = self.selection(), self.places.top(), self.at_end()
        old, self._setting = self._setting, setting
        if replace(old, measure=setting.measure) == setting:
            self._fit()
            return
        self._canvas.mode = setting.mode
        self._dress()
        self._refill()
        self.places.put(self.places.position_at(start), self.places.position_at(end))
        if below:
            self.scroll_to_end()
        else:
            self.places.scroll_to(top)

    def set_theme(self, theme: Theme) -> None:
        """Other colours, nothing else."""
        self.apply_setting(replace(self._setting, theme=theme))

    def zoom(self, steps: int) -> None:
        """Larger or smaller letters; 0 is the size they are shipped with."""
        setting = self._setting.zoomed(steps)
        if setting != self._setting:
            self.apply_setting(setting)
            self.zoomed.emit(setting.points)

    def set_focus_mode(self, *, on: bool) -> None:
        """Dim all but the paragraph with the caret."""
        self.focused = on
        self.viewport().update()

    def _dress(self) -> None:
        self._canvas.formats = self._setting.formats()
        self.setPalette(self._setting.palette())
        self.viewport().setPalette(self.palette())  # a style sheet keeps it from being inherited
        self.document().setDefaultFont(self._setting.font)
        self.setCursorWidth(max(1, round(self._canvas.formats.size / 11)))
        self._fit()

    def _fit(self) -> None:
        """Centre a column of the measure."""
        room = self.width() - self.verticalScrollBar().sizeHint().width()
        margin = self._setting.margin(room, self._canvas.formats.gutter)
        self.setViewportMargins(margin, 0, margin, 0)
        if self.document().textWidth() not in {0.0, float(self.viewport().width())}:
            # While the page is being shown, Qt keeps the viewport's own event to itself.
            super().resizeEvent(QResizeEvent(self.viewport().size(), QSize()))

    # Qt's events

    def break_line(self, *, soft: bool) -> None:
        """A new paragraph, or with ``soft`` a new line, at the caret."""
        self.edits.line_end = "\n" if soft else ""
        try:
            self.textCursor().insertBlock()
        finally:
            self.edits.line_end = ""
        self.ensureCursorVisible()

    def select_all(self) -> None:
        """Select the whole story."""
        self.load_all()
        self.selectAll()

    def event(self, event: QEvent) -> bool:
        """Leave undo and redo to the window's actions; scroll from the margins too."""
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if is_history(event):
                event.ignore()
                return True
        elif event.type() is QEvent.Type.Wheel:
            self.wheelEvent(event)  # type: ignore[arg-type]
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Type, break lines, undo."""
        if handle_key(self, event):
            event.accept()
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """With Ctrl the wheel changes the size of the letters."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            steps = event.angleDelta().y()
            if steps:
                self.zoom(1 if steps > 0 else -1)
            event.accept()
        else:
            super().wheelEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The menu, with what the window adds to it."""
        menu = build_menu(self)
        cursor = self.cursorForPosition(self.viewport().mapFromGlobal(event.globalPos()))
        self.menu_opened.emit(menu, self.places.offset_at(cursor.position()))
        menu.exec(event.globalPos())
        menu.deleteLater()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the column in the middle, and the end in view."""
        below = self.at_end()
        super().resizeEvent(event)
        self._fit()
        if below:
            self.scroll_to_end()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The text, then the signs beside it."""
        super().paintEvent(event)
        paint_margin(self, self._canvas, focused=self.focused)

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        """Text of any kind."""
        return source.hasText()

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Paste plain text, as the person's own."""
        self.insert_text(source.text())
        self.ensureCursorVisible()

    def dropEvent(self, event: QDropEvent) -> None:
        """Take dropped text."""
        self.edits.drop(event)
        self.dragLeaveEvent(QDragLeaveEvent())  # takes Qt's drop caret away

    def createMimeDataFromSelection(self) -> QMimeData:
        """Copy the story's own text: line ends as it has them, no colours."""
        made = QMimeData()
        made.setText(self.model.text(*self.selection()))
        return made
