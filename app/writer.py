"""The controller: what a person wants done becomes a change of the story, a job, a change of the page."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from app.ahead import ReadAhead
from app.inserting import Inserting
from app.suggesting import Suggesting
from app.turns import Turns
from engine.errors import KnownError
from engine.story.change import Change
from engine.story.node import Author, Kind, Node
from engine.story.trim import Mode

if TYPE_CHECKING:
    from app.jobs import Jobs
    from app.models import Model
    from app.page import Page
    from app.page_text import Edit
    from engine.lm.settings import SamplerSettings
    from engine.story.context import ContextBuilder
    from engine.story.store import Store
    from engine.story.tree import Story
    from engine.turn import Play

TYPING = "typing"


class Writer(QObject):
    """One open story, the model, and the verbs a person has. Views lay out and report to it.

    Signals:
        opened: the Story that is worked on from now on, or None.
        changed: a Change of the story, also when a reply was committed.
        model_changed: the Model that writes from now on.
        turn_began: the Turn (its window and request) that is written now.
        turn_ended: the passage that came of it, or None.
        fed: an event of the backend, as it streams.
        shown: what a view does for a candidate that streams (a Shown).
        reading: tokens of the window read, and all of them.
        writing: tokens written so far.
        wrote: tokens of a passage that is complete.
        window: tokens of the window in use, and its length.
        versions: which version of the last passage is shown (from 1), and how many there are.
        state: something that enables or disables actions changed.
        suggested: a list of actions to offer.
        returned: kind and text of an action that waited and was not sent.
        said: a sentence about what was done.
        problem: a sentence about what could not be done.
        fault: an exception that is a bug.
    """

    opened = Signal(object)
    changed = Signal(object)
    model_changed = Signal(object)
    turn_began = Signal(object)
    turn_ended = Signal(object)
    fed = Signal(object)
    shown = Signal(object)
    reading = Signal(int, int)
    writing = Signal(int)
    wrote = Signal(int)
    window = Signal(int, int)
    versions = Signal(int, int)
    state = Signal()
    suggested = Signal(list)
    returned = Signal(object, str)
    said = Signal(str)
    problem = Signal(str)
    fault = Signal(object)

    def __init__(
        self,
        page: Page,
        jobs: Jobs,
        parent: QObject | None = None,
        *,
        play: Callable[[Story], Play],
        seeds: Callable[[], int] | None = None,
    ) -> None:
        super().__init__(parent)
        self.page = page
        self.jobs = jobs
        self.story: Story | None = None
        self.store: Store | None = None
        self.model: Model | None = None
        self.builder: ContextBuilder | None = None
        self.play = play
        self.waiting: tuple[Kind, str] | None = None  # an action that is sent after the passage
        self._seeds = seeds or (lambda: random.SystemRandom().getrandbits(32))
        self._unwatch: Callable[[], None] = lambda: None
        self._turns = Turns(self)
        self.ahead = ReadAhead(self)
        self._inserting = Inserting(self)
        self._suggesting = Suggesting(self)
        page.edited.connect(self._edited)
        page.edited_many.connect(self._edited_many)
        page.undo_requested.connect(self.undo)
        page.redo_requested.connect(self.redo)

    # The story and the model

    def open(self, story: Story, store: Store | None) -> None:
        """Work on a story from now on; the page shows it."""
        self.close()
        self.story, self.store = story, store
        self._unwatch = story.watch(self._changed)
        self.page.show_branch(story.branch())
        self.opened.emit(story)
        self.announce()
        self.ahead.later()

    def close(self) -> None:
        """Stop, keep what was written, and let go of the story (its file is the owner's)."""
        self.stop()
        self.ahead.cancel()
        self._unwatch()
        self._unwatch = lambda: None
        was_open = self.story is not None
        self.story = self.store = None
        if was_open:
            self.opened.emit(None)
        self.state.emit()

    def set_model(self, model: Model) -> None:
        """Write with this model from now on."""
        wanted = self._turns.wanted
        if not wanted:
            self.stop()
        self.model = model
        from engine.story.context import ContextBuilder

        self.builder = ContextBuilder(model.backend.tokenizer, model.profile)
        self.model_changed.emit(model)
        if wanted:
            self._turns.start()
        else:
            self.ahead.later()

    def lose_model(self) -> None:
        """Another model is on its way: what is asked for meanwhile waits for it."""
        wanted = self._turns.wanted
        if not wanted:
            self.stop()
        self.ahead.cancel()
        self.model = self.builder = None

    def set_habits(self, *, read_ahead: bool, suggestions: int) -> None:
        """Whether to read ahead, and how many actions to suggest."""
        self.ahead.enabled = read_ahead
        self._suggesting.wanted = suggestions
        self.ahead.later()  # what changed may change the window

    @property
    def streaming(self) -> bool:
        """Whether something is being written, or will be as soon as the model is there."""
        return self._turns.active or self._inserting.active

    def seed(self) -> int:
        """The seed of the next reply."""
        return self._seeds()

    # Playing

    @Slot(object, str)
    def submit(self, kind: Kind, text: str) -> None:
        """Take an action (an empty one: go on); while the model writes it waits for its turn."""
        if self.story is None:
            return
        if self.streaming:
            if text.strip():
                self.waiting = (kind, text)
                self.said.emit(self.tr("Your action is sent when the passage is finished."))
                self.state.emit()
            return
        if text.strip():
            self.story.append(*self.understood(kind, text.strip()))
            self.page.scroll_to_end()
        self._turns.start()

    def understood(self, kind: Kind, text: str) -> tuple[Kind, str]:
        """What a line of the prompt is: in an adventure quotes are spoken, ! begins the story's own."""
        from engine.story.actions import interpret

        if self.story is None or self.play(self.story).mode is not Mode.ADVENTURE:
            return Kind.STORY, text
        return interpret(kind, text)

    @Slot()
    def go_on(self) -> None:
        """Let the story go on by itself."""
        self.submit(Kind.DO, "")

    @Slot()
    def retry(self) -> None:
        """Write the last passage anew, beside the one there is."""
        if self.story is None:
            return
        self.stop()
        self._turns.start(again=True)

    def write_candidates(
        self, n: int, *, again: bool = False, each: tuple[SamplerSettings, ...] = ()
    ) -> None:
        """Write several continuations side by side; ``again``: beside the last passage."""
        if self.story is not None and not self.streaming:
            self._turns.start(again=again, n=n, each=each)

    def branch_with(self, node: int, at: int, text: str) -> None:
        """Branch inside a passage: its first ``at`` characters, then ``text``; the model goes on."""
        story = self.story
        if story is None or node not in story or self.streaming:
            return
        story.fork(node, story.node(node).text[:at] + text, Author.MODEL)
        self.page.scroll_to_end()
        self._turns.start()

    @Slot()
    def stop(self) -> None:
        """Stop at once; what was written stays, and an action that waits is given back."""
        waiting, self.waiting = self.waiting, None
        if waiting is not None:
            self.returned.emit(*waiting)
        self._suggesting.stop()
        self._inserting.stop()
        self._turns.stop()
        self.state.emit()

    @Slot()
    def back(self) -> None:
        """Go back before the last action; nothing is lost."""
        if self.story is None:
            return
        self.stop()
        if not self.story.back():
            self.said.emit(self.tr("This is where the story begins."))
        self.page.scroll_to_end()

    @Slot()
    def undo(self) -> None:
        """Take back the last change of any kind."""
        if self.story is None:
            return
        self.stop()
        if self.story.undo() is None:
            self.said.emit(self.tr("There is nothing left to undo."))

    @Slot()
    def redo(self) -> None:
        """Do again what was undone."""
        if self.story is None:
            return
        self.stop()
        if self.story.redo() is None:
            self.said.emit(self.tr("There is nothing to redo."))

    def leaf(self, step: int) -> None:
        """Show the version of the last passage ``step`` places on."""
        if self.story is None:
            return
        self.stop()
        versions, place = self.versions_here()
        if 0 <= place + step < len(versions):
            self.story.go_to(versions[place + step].id)

    @Slot()
    def previous_version(self) -> None:
        """The version before this one."""
        self.leaf(-1)

    @Slot()
    def next_version(self) -> None:
        """The version after this one."""
        self.leaf(1)

    @Slot()
    def suggest(self) -> None:
        """Offer a few things to do next."""
        if self.story is not None and not self.streaming:
            self._suggesting.start()

    # Writing

    @Slot()
    def insert(self) -> None:
        """Let the model write at the caret."""
        if self.story is None or self.streaming:
            return
        caret = self.page.selection()[1]
        if caret >= self.story.length:
            self._turns.start()
        else:
            self._inserting.start(caret, caret)

    @Slot()
    def rewrite_selection(self) -> None:
        """Let the model write the selected words anew."""
        start, end = self.page.selection()
        if self.story is not None and start < end and not self.streaming:
            self._inserting.start(start, end)

    @Slot(int, int, str, int)
    def _edited(self, start: int, end: int, text: str, node: int) -> None:
        if self.story is None:
            return
        near = node if node and self.story.place(node) is not None else None
        self.story.replace(start, end, text, near=near, merge_key=TYPING)
        self.page.update_branch(self.story.branch())

    @Slot(object)
    def _edited_many(self, edits: list[Edit]) -> None:
        if self.story is None:
            return
        with self.story.verb(self.tr("replace all")):
            for edit in reversed(edits):
                near = edit.node if edit.node and self.story.place(edit.node) is not None else None
                self.story.replace(edit.start, edit.end, edit.text, near=near)
        self.page.update_branch(self.story.branch())

    # Errors

    def report(self, error: object) -> None:
        """Word an error that a job ended with."""
        if isinstance(error, KnownError):
            self.problem.emit(str(error))
        else:
            self.fault.emit(error)

    # Telling the views

    def _changed(self, change: Change) -> None:
        if self.story is None:
            return
        if self._turns.committing:
            self.changed.emit(change)
            return
        self.page.update_branch(self.story.branch())
        self._inserting.moved(change)
        if not self.streaming:
            self.ahead.later()
        self.changed.emit(change)
        self.announce()

    def versions_here(self) -> tuple[list[Node], int]:
        """The replies beside the last passage, and which of them it is."""
        story = self.story
        reply = story.last_reply() if story is not None else None
        if story is None or reply is None:
            return [], 0
        replies = [node for node in story.siblings(reply.id) if node.kind is Kind.REPLY]
        ids = [node.id for node in replies]
        return replies, ids.index(reply.id)

    def announce(self) -> None:
        """Tell the views which version is shown and what can be done."""
        versions, place = self.versions_here()
        self.versions.emit(place + 1 if versions else 0, len(versions))
        self.state.emit()
