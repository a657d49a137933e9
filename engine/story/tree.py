"""The story: a tree of passages in which nothing is lost, and the verbs that change it.

``text`` is the plain concatenation of the passages from a root to the head. Each passage carries
the white space that divides it from the one before, so that a reply may go on in mid-sentence.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from itertools import accumulate

from engine.errors import KnownError
from engine.story import editing, removal
from engine.story.journal import Delta
from engine.story.node import Author, Kind, Node, ReplyMeta
from engine.story.normalize import normalize
from engine.story.packing import compact
from engine.story.recorded import Recorded
from engine.story.revision import difference
from engine.story.spans import Spans, cut
from engine.story.state import HEAD, Wording

TRANSIENT = 32  # characters that may be typed and taken back within one revision
BURST = 2000  # characters after which typing makes a new revision even without a pause
ACTIONS = frozenset({Kind.DO, Kind.SAY, Kind.STORY})


class Story(Recorded):
    """A story in memory. One thread uses it; ``watch`` tells of each verb, ``store.py`` keeps it.

    Verbs given the same ``merge_key`` in a row are one step of undo: a slider drag, or typing. A
    pause in typing begins a new step by itself.
    """

    # Reading

    @property
    def head(self) -> int | None:
        """The id of the passage the story is at; None before the first."""
        return self._branch[-1].id if self._branch else None

    @property
    def root(self) -> int | None:
        """The id of the branch's first passage."""
        return self._branch[0].id if self._branch else None

    @property
    def text(self) -> str:
        """The branch's text: its passages joined by nothing."""
        if self._text is None:
            self._text = "".join([node.text for node in self._branch])
        return self._text

    @property
    def length(self) -> int:
        """Number of code points of ``text``."""
        return self.starts[-1]

    @property
    def starts(self) -> list[int]:
        """Where each passage of the branch begins in ``text``, and last where the text ends."""
        starts = self._starts
        if len(starts) <= len(self._branch):
            lengths = [len(node.text) for node in self._branch[len(starts) - 1 :]]
            starts.extend(list(accumulate(lengths, initial=starts[-1]))[1:])
        return starts

    def locate(self, offset: int) -> tuple[int, int]:
        """``(number of the passage on the branch, offset in it)``; a border belongs to the left."""
        if not self._branch or not 0 <= offset <= self.length:
            raise IndexError(offset)
        index = bisect_left(self.starts, offset, 1) - 1
        return index, offset - self.starts[index]

    def branch(self) -> tuple[Node, ...]:
        """The passages from the root to the head."""
        return self._branch

    def place(self, node_id: int) -> int | None:
        """The number of a passage on the branch; None if it is elsewhere."""
        return self._places.get(node_id)

    def path(self, node_id: int | None) -> tuple[Node, ...]:
        """The passages from the root to any passage."""
        return tuple(self.state.path(node_id))

    def node(self, node_id: int) -> Node:
        """A passage by its id, deleted or not; KeyError if there is none."""
        return self.state.nodes[node_id]

    def __contains__(self, node_id: object) -> bool:
        return node_id in self.state.nodes

    def children(self, node_id: int | None) -> list[Node]:
        """The passages after one, oldest first, without deleted ones; of None: the roots."""
        state = self.state
        return [state.nodes[i] for i in state.children.get(node_id, ()) if i not in state.deleted]

    def siblings(self, node_id: int) -> list[Node]:
        """All passages with the same parent, this one included, oldest first."""
        return self.children(self.node(node_id).parent)

    def leaf(self, node_id: int) -> int:
        """The end of the newest line of passages that leads on from one."""
        while after := self.children(node_id):
            node_id = after[-1].id
        return node_id

    def trash(self) -> list[Node]:
        """Passages that were deleted, or undone and not redone: ``restore`` brings them back."""
        return [self.state.nodes[node_id] for node_id in sorted(self.state.deleted)]

    def revisions(self, node_id: int) -> list[Wording]:
        """Every wording a passage has had, oldest first."""
        count = len(self.state.revisions[node_id])
        return [self.state.wording(node_id, number) for number in range(count)]

    def prompt(self, node_id: int) -> tuple[int, ...]:
        """The ids a reply was written after, put together from those of the replies before it."""
        return self.state.prompt(node_id)

    # Going on

    def append(
        self,
        kind: Kind,
        text: str,
        author: Author = Author.HUMAN,
        *,
        spans: Spans | None = None,
        meta: ReplyMeta | None = None,
        parent: int | None = None,
        join: bool = False,
        merge_key: str = "",
    ) -> Node:
        """Add a passage after the head (or ``parent``) and go to it.

        It begins a paragraph of its own: unless the text says so itself, line breaks are put
        before it. With ``join`` the text is taken as it is, to go on in mid-sentence.
        """
        parent = self.head if parent is None else self._alive(parent)
        return self._append(kind, text, author, spans, meta, parent, join=join, merge_key=merge_key)

    def append_root(
        self, kind: Kind, text: str, author: Author = Author.HUMAN, *, spans: Spans | None = None
    ) -> Node:
        """Begin again beside the first passage, and go there."""
        return self._append(kind, text, author, spans, None, None, join=True)

    def _append(
        self,
        kind: Kind,
        text: str,
        author: Author,
        spans: Spans | None,
        meta: ReplyMeta | None,
        parent: int | None,
        *,
        join: bool,
        merge_key: str = "",
    ) -> Node:
        text = normalize(text)
        spans = editing.fitted(text, spans, author)
        if not join:
            before = self.state.last_text(parent)
            led = editing.with_lead(before, text)
            extra = len(led) - len(text)
            if extra:
                first = spans[0]
                spans = (replace(first, length=first.length + extra), *spans[1:])
            text = led
        with self.verb(kind.value, merge_key, typing=True):
            now = round(self._clock(), 3)
            node = Node(self.state.next_id, parent, kind, text, spans, now, 0, meta)
            node = self.state.add(node)
            self._born(node)
            self._go(node.id)
        return node

    def _born(self, node: Node) -> None:
        """To undo a new passage is to delete it."""
        self.state.deleted.add(node.id)
        self._do(Delta("deleted", node.id, 1, 0))

    def _go(self, node_id: int | None) -> None:
        target = None if node_id is None else compact(node_id)
        self._do(Delta("value", HEAD, self.state.values.get(HEAD), target))

    def _alive(self, node_id: int) -> int:
        if not self.state.alive(node_id):
            raise KnownError(
                "That passage has been deleted. Bring it back from the deleted passages first."
            )
        return node_id

    def go_to(self, node_id: int | None) -> None:
        """Make a passage the end of the story; None goes before the first."""
        with self.verb("go to passage"):
            self._go(None if node_id is None else self._alive(node_id))

    def back(self) -> bool:
        """Go back a turn: past the reply and the action before it. False where there is none."""
        if self.head is None:
            return False
        node = self.node(self.head)
        if node.kind is Kind.OPENING:
            return False
        target = node.parent
        if node.kind is Kind.REPLY and target is not None and self.node(target).kind in ACTIONS:
            target = self.node(target).parent
        with self.verb("back"):
            self._go(target)
        return True

    def last_reply(self) -> Node | None:
        """The reply the story ends in; None if it ends in something else."""
        if self.head is None or self.node(self.head).kind is not Kind.REPLY:
            return None
        return self.node(self.head)

    def retry(self, *, merge_key: str = "") -> bool:
        """Go to before the last reply, so that another can be appended beside it.

        Given the ``merge_key`` of that append, both are one step of undo.
        """
        reply = self.last_reply()
        if reply is None:
            return False
        with self.verb("retry", merge_key):
            self._go(reply.parent)
        return True

    def fork(self, node_id: int, text: str, author: Author = Author.HUMAN) -> Node:
        """Branch from a passage: a sibling that reads ``text``, to which the story goes."""
        node, text = self.node(node_id), normalize(text)
        wording = editing.edited(node, text, author)
        kind, parent = node.kind, node.parent
        return self._append(kind, text, author, wording.spans, None, parent, join=True)

    # Changing words

    def edit(
        self,
        node_id: int,
        text: str,
        spans: Spans | None = None,
        author: Author = Author.HUMAN,
        *,
        merge_key: str = "",
    ) -> Node:
        """Give a passage a new wording; those before are kept.

        Without ``spans`` only what differs from the wording before is by ``author``.
        """
        text = normalize(text)
        with self.verb("edit", merge_key, typing=True):
            node = self.node(node_id)
            if spans is None:
                wording = editing.edited(node, text, author)
            else:
                wording = Wording(text, editing.fitted(text, spans, author))
            self._reword(node, wording)
        return self.node(node_id)

    def replace(
        self,
        start: int,
        end: int,
        text: str,
        author: Author = Author.HUMAN,
        *,
        near: int | None = None,
        merge_key: str = "",
    ) -> None:
        """Replace characters of the branch's text, across passages too.

        At a border an insertion goes to the passage before it, or to ``near`` (an id). After a
        reply that ends the story, a person's words begin a passage of their own.
        """
        text = normalize(text)
        if not 0 <= start <= end <= self.length:
            raise IndexError(f"{start} to {end} of {self.length}")
        with self.verb("edit", merge_key, typing=True):
            ends_in_reply = author is not Author.MODEL and self.last_reply() is not None
            if not self._branch or (ends_in_reply and start == end == self.length):
                if text:
                    self._append(Kind.STORY, text, author, None, None, self.head, join=True)
                return
            close = None if near is None else self.place(near)
            for cut_ in editing.cuts(self.starts, start, end, text, close):
                node = self._branch[cut_.place]
                self._reword(node, editing.reworded(node, cut_, author))

    def _reword(self, node: Node, new: Wording) -> None:
        """A further revision, or the one being typed."""
        if (node.text, node.spans) == new:
            return
        now = round(self._clock(), 3)
        start, stop, new_stop = difference(node.text, node.spans, *new)
        size = len(self.state.revisions[node.id][node.revision].text) + new_stop - start
        going_on = self._being_typed(node)
        typed = going_on and size <= BURST
        gone, fullest = self._taken_back.pop(node.id, (0, Wording(node.text, node.spans)))
        if typed and stop - start + gone > TRANSIENT:  # more than a slip: what was there stays
            self.state.reword(node.id, fullest, now)
            node, typed = self.node(node.id), False
        if typed:
            if stop > start:
                self._taken_back[node.id] = (gone + stop - start, fullest)
            self.state.reword(node.id, new, now)
        else:
            if going_on:  # enough for one step of undo, too
                self.journal.seal()
            self._record(self.state.add_revision(node.id, new, now))

    def _being_typed(self, node: Node) -> bool:
        """Whether the current wording was made by the verb that is still going on."""
        if self._open is None:
            return False
        last = self.journal.mergeable(self._open.merge_key)
        made = [*(last.deltas if last else ()), *self._open.deltas]
        if node.revision == 0:
            return node.meta is None and Delta("deleted", node.id, 1, 0) in made
        return any(
            delta.what == "revision" and delta.key == node.id and delta.after == node.revision
            for delta in made
        )

    def split(self, node_id: int, offset: int) -> Node:
        """Divide a passage in two; what followed it follows the second part, which is returned."""
        node = self.node(node_id)
        if not 0 < offset < len(node.text):
            raise IndexError(offset)
        kind = Kind.REPLY if node.kind is Kind.REPLY else Kind.STORY
        with self.verb("split"):
            spans = cut(node.spans, offset, len(node.text))
            now = round(self._clock(), 3)
            second = Node(self.state.next_id, node.id, kind, node.text[offset:], spans, now)
            followers = list(self.state.children.get(node.id, ()))
            second = self.state.add(second)
            self._born(second)
            for follower in followers:
                self._do(Delta("parent", follower, node.id, second.id))
            first = Wording(node.text[:offset], cut(node.spans, 0, offset))
            self._record(self.state.add_revision(node.id, first, now))
            mark = compact(node.id)
            for key, value in list(self.state.values.items()):
                if value == mark and (key == HEAD or key.startswith("branch/")):
                    self._do(Delta("value", key, mark, compact(second.id)))
        return self.node(second.id)

    def continue_from(self, offset: int) -> int | None:
        """Make a place in the branch's text the end of the story; what followed stays a branch."""
        if offset == 0:
            self.go_to(None)
            return None
        index, inside = self.locate(offset)
        node = self._branch[index]
        with self.verb("continue from here"):
            if inside < len(node.text):
                self.split(node.id, inside)
            self._go(node.id)
        return node.id

    # Taking away

    def delete_branch(self, node_id: int) -> None:
        """Take a passage and all that follows it out of sight; ``undo`` and ``restore`` bring back."""
        with self.verb("delete branch"):
            self._do(Delta("deleted", self._alive(node_id), 0, 1))
            head = self.state.head
            if head is not None and not self.state.alive(head):
                self._go(self.node(node_id).parent)

    def restore(self, node_id: int) -> None:
        """Bring a deleted passage back, with those before it, and go to it."""
        with self.verb("restore"):
            for node in self.path(node_id):
                self._do(Delta("deleted", node.id, int(node.id in self.state.deleted), 0))
            self._go(node_id)

    def purge(self, node_id: int) -> None:
        """Destroy a passage and all that follows it, wordings and all. This cannot be undone."""
        if self._open is not None:
            raise RuntimeError("a purge is no part of another verb")
        before = self._branch
        removal.purge(self.state, self.journal, node_id)
        self._tell("purge", before)

    def purge_trash(self) -> None:
        """Destroy all deleted passages. This cannot be undone."""
        for node in self.trash():
            if node.id in self:
                self.purge(node.id)

    def clean_copy(self) -> Story:
        """The current branch alone, for sharing: no other branch, wording or way back is in it."""
        return Story(removal.clean_copy(self.state, self._branch), clock=self._clock)
