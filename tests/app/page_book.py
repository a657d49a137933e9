"""A real story and the page that shows it: what a person does there is done to the story."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.page_layout import shown
from app.page_look import look
from app.spans import block_spans
from engine.story.node import Author, Kind, Node
from engine.story.spans import cut, tidy, whole
from engine.story.tree import Story

if TYPE_CHECKING:
    from app.page import Page
    from app.page_canvas import Canvas
    from app.page_text import Edit


def passage(node_id: int, kind: Kind, text: str, author: Author = Author.HUMAN) -> Node:
    """A passage by one author."""
    return Node(node_id, node_id - 1 or None, kind, text, whole(len(text), author), 0.0)


class Book:
    """A story behind a page, as the window's controller has it. ``willing`` lets the page edit."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.story = Story()
        self.willing = True
        self.by_change = False  # tell the page of each change, or of the branch afterwards
        self.story.watch(self._changed)
        page.edited.connect(self.edit)
        page.edited_many.connect(self.edit_many)
        page.undo_requested.connect(self.story.undo)
        page.redo_requested.connect(self.story.redo)
        page.show_branch(self.story.branch())

    @property
    def text(self) -> str:
        """The branch's text."""
        return self.story.text

    def edit(self, start: int, end: int, text: str, node: int) -> None:
        """Take an edit of the page."""
        if self.willing:
            near = node if node and self.story.place(node) is not None else None
            self.story.replace(start, end, text, near=near, merge_key="typing")
            self.page.update_branch(self.story.branch())

    def edit_many(self, edits: list[Edit]) -> None:
        """Take several, the last first, as one verb."""
        if self.willing:
            with self.story.verb("replace all"):
                for edit in reversed(edits):
                    self.story.replace(edit.start, edit.end, edit.text, near=edit.node)
            self.page.update_branch(self.story.branch())

    def _changed(self, change: object) -> None:
        if self.page.streaming:
            return  # the page learns of the reply when its stream ends
        if self.by_change:
            self.page.apply(change)  # type: ignore[arg-type]
        else:
            self.page.update_branch(self.story.branch())


def canvas_of(page: Page) -> Canvas:
    """The page's canvas, to look behind the scenes."""
    return page._canvas


def check(page: Page, text: str, nodes: tuple[Node, ...]) -> None:
    """The page, its document and the passages agree: letters, authors, looks."""
    canvas, model = canvas_of(page), page.model
    assert page.text() == text
    assert model.agreed
    paragraphs = model.paragraphs[canvas.hidden :]
    blocks = [canvas.block(n) for n in range(page.document().blockCount())]
    assert [b.text() for b in blocks] == [shown(p.text) for p in paragraphs]
    spans = tidy([s for n in [*nodes, *([model.draft] if model.draft else [])] for s in n.spans])
    for number, (block, paragraph) in enumerate(zip(blocks, paragraphs, strict=True)):
        index = canvas.hidden + number
        start = model.content_start(index)
        assert text[start : start + len(paragraph.text)] == paragraph.text
        fresh = look(model, index, canvas.mode)
        assert paragraph.look == fresh
        made = canvas.formats.block(fresh)
        assert block.blockFormat().topMargin() == made.topMargin()
        assert block.blockFormat().alignment() == made.alignment()
        assert block_spans(block) == cut(spans, start, start + len(paragraph.text))
    start, end = page.selection()
    assert 0 <= start <= end <= len(text)
