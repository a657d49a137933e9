"""A story in the smallest form the page can be tested against: passages, and edits that fall in them."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate

from app.page import Page
from app.page_canvas import Canvas
from app.page_layout import shown
from app.page_look import look
from app.spans import block_spans
from engine.story.editing import cuts, reworded
from engine.story.node import Author, Kind, Node, Span
from engine.story.normalize import normalize
from engine.story.spans import cut, tidy, whole


def passage(node_id: int, kind: Kind, text: str, author: Author = Author.HUMAN) -> Node:
    """A passage by one author."""
    return Node(node_id, node_id - 1 or None, kind, text, whole(len(text), author), 0.0)


class Book:
    """Passages, and a page whose edits it takes as the story does."""

    def __init__(self, page: Page, nodes: list[Node] | None = None) -> None:
        self.page = page
        self.nodes = nodes or [passage(1, Kind.OPENING, "")]
        self.history: list[list[Node]] = []
        self.willing = True
        page.edited.connect(self.edit)
        page.edited_many.connect(self.edit_many)
        page.undo_requested.connect(self.undo)
        page.show_branch(self.nodes)

    @property
    def text(self) -> str:
        """The branch's text."""
        return "".join(node.text for node in self.nodes)

    def edit(self, start: int, end: int, text: str, node: int) -> None:
        """Take an edit of the page."""
        if self.willing:
            self._keep()
            self._cut(start, end, text, node)
            self.page.update_branch(self.nodes)

    def edit_many(self, edits: list) -> None:
        """Take several as one verb."""
        if self.willing:
            self._keep()
            for edit in reversed(edits):
                self._cut(edit.start, edit.end, edit.text, edit.node)
            self.page.update_branch(self.nodes)

    def _keep(self) -> None:
        self.history.append(self.nodes)

    def _cut(self, start: int, end: int, text: str, node: int) -> None:
        text = normalize(text)
        starts = list(accumulate([len(n.text) for n in self.nodes], initial=0))
        assert 0 <= start <= end <= starts[-1]
        near = next((i for i, n in enumerate(self.nodes) if n.id == node), None)
        nodes = list(self.nodes)
        for c in cuts(starts, start, end, text, near):
            wording = reworded(nodes[c.place], c, Author.HUMAN)
            nodes[c.place] = replace(nodes[c.place], text=wording.text, spans=wording.spans)
        self.nodes = nodes

    def append(self, node: Node) -> None:
        """A new passage; the page is not told."""
        self._keep()
        self.nodes = [*self.nodes, node]

    def undo(self) -> None:
        """Back to the passages before the last change."""
        if self.history:
            self.nodes = self.history.pop()
            self.page.update_branch(self.nodes)


def canvas_of(page: Page) -> Canvas:
    """The page's canvas, to look behind the scenes."""
    return page._canvas


def check(page: Page, text: str, nodes: list[Node]) -> None:
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


def span(length: int, author: Author) -> Span:
    """Short for tests."""
    return Span(length, author)
