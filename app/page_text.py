"""What the page shows, as plain values: passages, the paragraphs they make, and how both change.

No Qt in here: positions are code points of the branch's text. The page's document follows what
this class answers (``Patch``), and reports what a person did to it as the new block texts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.page_layout import Offsets, Paragraph, breaks_before, shown, split
from app.words import count_words
from engine.story.node import Author, Kind, Node
from engine.story.revision import common_suffix
from engine.story.spans import whole
from engine.tokens import common_prefix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.story.change import Splice

DRAFT_ID = -1  # the passage that is being streamed and is no node yet


@dataclass(frozen=True, slots=True)
class Patch:
    """Blocks ``first`` up to ``last`` give way to ``paragraphs``; ``dress`` more are only redrawn.

    ``redraw`` is a range of paragraphs (after the change) whose look may have changed.
    """

    first: int
    last: int
    paragraphs: list[Paragraph]
    redraw: range


@dataclass(frozen=True, slots=True)
class Edit:
    """A person's change, in code points of the branch: ``start`` up to ``end`` became ``text``.

    ``node`` is the passage the caret was in (it tells which side of a border was meant; 0: none).
    """

    start: int
    end: int
    text: str
    node: int


class PageText:
    """The paragraphs of one branch and the passages behind them."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.paragraphs: list[Paragraph] = [Paragraph("", "")]
        self.draft: Node | None = None
        self._node_starts = Offsets()
        self._starts = Offsets([0])

    @property
    def length(self) -> int:
        """Code points of the page's text, a streaming draft included."""
        return self._starts.total

    @property
    def agreed(self) -> bool:
        """Whether page and passages are equally long: false while an edit awaits its answer."""
        return self.length == self._node_starts.total

    def text(self, start: int = 0, end: int | None = None) -> str:
        """The page's text from ``start`` to ``end``."""
        end = self.length if end is None else end
        if start >= end:
            return ""
        first, last = self.index_at(start), self.index_at(end)
        joined = "".join([p.sep + p.text for p in self.paragraphs[first : last + 1]])
        base = self._starts.start(first)
        return joined[start - base : end - base]

    def load(self, nodes: Sequence[Node]) -> None:
        """Show these passages; the document is to be filled anew."""
        self.nodes, self.draft = list(nodes), None
        self._node_starts = Offsets(len(node.text) for node in self.nodes)
        text = "".join(node.text for node in self.nodes)
        self.paragraphs = split(text, self._breaks(0, len(text)))
        self._starts = Offsets(len(p) for p in self.paragraphs)

    def word_count(self, limit: int) -> int | None:
        """Words on the page, or None where more than ``limit`` characters are new since last time.

        Each paragraph is counted once; asked again, it goes on where it stopped.
        """
        total = 0
        for paragraph in self.paragraphs:
            if paragraph.words < 0:
                if limit <= 0:
                    return None
                limit -= len(paragraph.text)
                paragraph.words = count_words(paragraph.text)
            total += paragraph.words
        return total

    # Places

    def index_at(self, offset: int) -> int:
        """The paragraph a code point is in; the white space before a paragraph belongs to it."""
        return max(0, self._starts.find(offset))

    def content_start(self, index: int) -> int:
        """The offset of the first visible character of a paragraph."""
        return self._starts.start(index) + len(self.paragraphs[index].sep)

    def content_end(self, index: int) -> int:
        """The offset after the last character of a paragraph."""
        return self._starts.start(index) + len(self.paragraphs[index])

    def place(self, offset: int) -> tuple[int, int]:
        """``(paragraph, column)`` of an offset; one that is swallowed goes to the nearer side."""
        offset = max(0, min(offset, self.length))
        index = self.index_at(offset)
        column = offset - self.content_start(index)
        if column < 0 and index and offset == self._starts.start(index):
            return index - 1, len(self.paragraphs[index - 1].text)
        return index, max(0, column)

    def node_at(self, offset: int) -> int:
        """The number of the passage that holds the character at ``offset`` (-1: there is none)."""
        found = self._node_starts.find(min(offset, self._node_starts.total - 1))
        while found >= 0 and not self.passage(found).text:
            found -= 1
        return max(found, 0) if self.nodes or self.draft else -1

    def node_start(self, number: int) -> int:
        """The offset at which passage ``number`` begins."""
        return self._node_starts.start(number)

    def owner(self, index: int, column: int) -> Node | None:
        """The passage a caret in a paragraph belongs to: that of the character before it."""
        offset = self.content_start(index) + column
        number = self.node_at(offset - 1 if column else offset)
        return None if number < 0 else self.passage(number)

    @property
    def passage_count(self) -> int:
        """How many passages there are, a streaming draft included."""
        return len(self.nodes) + (self.draft is not None)

    def passage(self, number: int) -> Node:
        """Passage ``number``; the last one may be the streaming draft."""
        return self.draft if self.draft and number == len(self.nodes) else self.nodes[number]

    def _breaks(self, start: int, end: int) -> list[int]:
        """Where passages force a paragraph between ``start`` and ``end``, relative to ``start``."""
        passages = [*self.nodes, self.draft] if self.draft else self.nodes
        if len(passages) < 2:
            return []
        first = max(1, self._node_starts.find(start))
        out = []
        for number in range(first, len(passages)):
            offset = self._node_starts.start(number)
            if offset > end:
                break
            if offset >= start and self._breaks_before(number):
                out.append(offset - start)
        return out

    def _breaks_before(self, number: int) -> bool:
        previous = number - 1
        while previous > 0 and not self.passage(previous).text:
            previous -= 1
        return breaks_before(self.passage(previous), self.passage(number))

    # Changes of the story

    def update(self, nodes: Sequence[Node]) -> Patch | None:
        """Take over the branch as it is now; what must be drawn, or None when nothing changed.

        Passages are values: those that are the same object are not looked at.
        """
        old, new = self.nodes, list(nodes)
        shortest = min(len(old), len(new))
        first = 0
        while first < shortest and old[first] is new[first]:
            first += 1
        tail = 0
        while tail < shortest - first and old[-1 - tail] is new[-1 - tail]:
            tail += 1
        if first == len(old) == len(new) and self.agreed:
            return None
        return self._swap(first, len(old) - tail, new[first : len(new) - tail])

    def splice(self, splice: Splice) -> Patch:
        """Take over what one verb did to the branch."""
        return self._swap(splice.index, splice.index + splice.removed, splice.added)

    def _swap(self, first: int, last: int, fresh: Sequence[Node]) -> Patch:
        """Passages ``first`` up to ``last`` give way to ``fresh``."""
        start = self._node_starts.start(first)
        rest = self._node_starts.total - self._node_starts.start(last)
        end = max(start, self.length - rest)
        self.nodes[first:last] = fresh
        self._node_starts.splice(first, last, [len(node.text) for node in fresh])
        patch = self._rewrite(start, end, "".join(node.text for node in fresh))
        if first <= 1 and self.nodes:  # whether the opening stands apart depends on what follows it
            low, high = self._around(0, len(self.nodes[0].text)), patch.redraw
            patch = replace(patch, redraw=range(max(low.stop, high.stop)))
        return patch

    def _rewrite(self, start: int, end: int, text: str) -> Patch:
        """Make the page's text from ``start`` to ``end`` read ``text``."""
        old = self.text(start, end)
        if old == text and self._broken_right(start, end):
            return Patch(0, 0, [], self._around(start, end))
        head = common_prefix(old, text)
        tail = min(common_suffix(old, text), min(len(old), len(text)) - head)
        new = text[head : len(text) - tail]
        if old == text:  # only the breaks differ
            return self._lay(start, end, text)
        return self._lay(start + head, end - tail, new)

    def _lay(self, start: int, end: int, text: str) -> Patch:
        """Replace ``start`` to ``end`` by ``text`` and set the paragraphs around it anew."""
        first = max(0, self.index_at(start) - 1)
        last = min(len(self.paragraphs) - 1, self.index_at(end) + 1)
        low = self.content_start(first) if first else 0
        high = self.content_end(last)
        whole_text = self.text(low, start) + text + self.text(end, high)
        fresh = split(whole_text, self._breaks(low, low + len(whole_text)), leading=not first)
        if first:
            fresh[0].sep = self.paragraphs[first].sep
        stale = self.paragraphs[first : last + 1]
        head = tail = 0
        shortest = min(len(stale), len(fresh))
        while head < shortest and stale[head].same(fresh[head]):
            head += 1
        while tail < shortest - head and stale[-1 - tail].same(fresh[-1 - tail]):
            tail += 1
        fresh = fresh[head : len(fresh) - tail]
        return self._put(first + head, last + 1 - tail, fresh)

    def _put(self, first: int, last: int, fresh: list[Paragraph]) -> Patch:
        self.paragraphs[first:last] = fresh
        self._starts.splice(first, last, [len(p) for p in fresh])
        redraw = range(max(0, first - 1), min(len(self.paragraphs), first + len(fresh) + 1))
        return Patch(first, last, fresh, redraw)

    def _around(self, start: int, end: int) -> range:
        return range(self.index_at(start), self.index_at(end) + 1)

    def _broken_right(self, start: int, end: int) -> bool:
        """Whether every passage between that must begin a paragraph does."""
        for relative in self._breaks(start, end):
            offset = start + relative
            index = self.index_at(offset)
            if self._starts.start(index) <= offset <= self.content_start(index):
                continue
            if offset != self.content_end(index):
                return False
            if index + 1 == len(self.paragraphs) and offset < self.length:
                return False
        return True

    # Streaming

    def begin(self) -> None:
        """Open an empty draft after the last passage."""
        self.draft = Node(DRAFT_ID, None, Kind.REPLY, "", (), 0.0)
        self._node_starts.splice(len(self.nodes), len(self.nodes), [0])

    def extend(self, text: str) -> Patch:
        """The draft goes on with ``text``: blocks to set anew, from the last paragraph on."""
        draft = self.draft
        if draft is None:
            raise ValueError("nothing is being streamed")
        grown = draft.text + text
        self.draft = Node(DRAFT_ID, None, Kind.REPLY, grown, whole(len(grown), Author.MODEL), 0.0)
        self._node_starts.splice(len(self.nodes), len(self.nodes) + 1, [len(grown)])
        end = self.length
        last = len(self.paragraphs) - 1
        tail = self.paragraphs[last]
        low = self.content_start(last)
        leading = not tail.text
        body = tail.text + text
        if leading:  # more line ends join those that are swallowed already
            low, body = end - len(tail.sep), tail.sep + text
        fresh = split(body, self._breaks(low, low + len(body)), leading=leading)
        if not leading:
            fresh[0].sep = tail.sep
        return self._put(last, last + 1, fresh)

    def retract(self, characters: int) -> Patch | None:
        """Take back the last characters of the draft."""
        if self.draft is None or characters <= 0:
            return None
        kept = self.draft.text[: max(0, len(self.draft.text) - characters)]
        gone = len(self.draft.text) - len(kept)
        self.draft = Node(DRAFT_ID, None, Kind.REPLY, kept, whole(len(kept), Author.MODEL), 0.0)
        self._node_starts.splice(len(self.nodes), len(self.nodes) + 1, [len(kept)])
        end = self.length
        return self._lay(end - gone, end, "")

    def close(self, nodes: Sequence[Node]) -> Patch | None:
        """The draft has become part of ``nodes`` or is dropped."""
        if self.draft is not None:
            self.draft = None
            self._node_starts.splice(len(self.nodes), len(self.nodes) + 1, [])
        return self.update(nodes)

    # Changes by a person

    def typed(
        self, first: int, last: int, texts: list[str], caret: int, line_end: str
    ) -> Edit | None:
        """Paragraphs ``first`` up to ``last`` now read ``texts``: the edit that explains it.

        ``caret`` is where the caret stands after it, in code points of ``texts`` joined by one
        character each; it decides between equally short explanations. None: nothing changed.
        """
        stale = self.paragraphs[first:last]
        true = "\n".join(p.text for p in stale)
        old = shown(true)
        new = "\n".join(texts)
        if old == new:
            return None
        shortest = min(len(old), len(new))
        tail = min(common_suffix(old, new), shortest)
        if 0 <= caret <= len(new):
            tail = min(tail, len(new) - caret)
        head = min(common_prefix(old, new), shortest - tail)
        middle = new[head : len(new) - tail]
        before, after = old[:head].count("\n"), old[len(old) - tail :].count("\n") if tail else 0
        start = self._joined_offset(first, head)
        end = self._joined_offset(first, len(old) - tail)
        column = head - (old.rfind("\n", 0, head) + 1)
        owner = self.owner(first + before, column)
        seps = [p.sep for p in stale]
        seps = [
            *seps[: 1 + before],
            *[line_end] * middle.count("\n"),
            *seps[len(seps) - after :][:after],
        ]
        texts = (true[:head] + middle + true[len(true) - tail :]).split("\n")
        fresh = [Paragraph(sep, text) for sep, text in zip(seps, texts, strict=True)]
        self._put(first, last, fresh)
        text = middle.replace("\n", line_end)
        return Edit(start, end, text, owner.id if owner else 0)

    def _joined_offset(self, first: int, at: int) -> int:
        """Where character ``at`` of the paragraphs from ``first``, joined by one each, stands."""
        for index in range(first, len(self.paragraphs)):
            size = len(self.paragraphs[index].text)
            if at <= size:
                return self.content_start(index) + at
            at -= size + 1
        return self.length

    def writable(self, edit: Edit) -> bool:
        """Whether an edit leaves a streaming draft alone."""
        if self.draft is None:
            return True
        start = self._node_starts.start(len(self.nodes))
        return edit.end <= start and edit.node != DRAFT_ID

    def restore(self) -> Patch:
        """Nobody took the last edit: show the passages as they are."""
        passages = [*self.nodes, self.draft] if self.draft else self.nodes
        return self._rewrite(0, self.length, "".join(node.text for node in passages))

    def relay(self, first: int, last: int) -> Patch:
        """Set paragraphs ``first`` up to ``last`` anew although their text is right."""
        start, end = self._starts.start(first), self.content_end(max(first, last - 1))
        return self._lay(start, end, self.text(start, end))
