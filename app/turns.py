"""The turn that is being written: asked for, painted, kept as a draft, made a passage."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Slot

from app.live import LiveTurn
from engine.errors import KnownError

if TYPE_CHECKING:
    from app.writer import Writer
    from engine.lm.settings import SamplerSettings
    from engine.story.node import Node
    from engine.turn import Shown

DRAFT_MS = 1000
EMPTY_TRIES = 3  # how often an empty reply is asked for again


class Turns(QObject):
    """Runs one turn at a time for the writer."""

    def __init__(self, writer: Writer) -> None:
        super().__init__(writer)
        self._writer = writer
        self._live: LiveTurn | None = None
        self._key = ""  # of the retry that streams: going back and the reply are one step of undo
        self._old: int | None = None  # the reply that is retried
        self._tries = 0  # empty replies in a row
        self.wanted = False  # the model was not there yet
        self.committing = False  # the page is told by hand
        self._drafts = QTimer(self)
        self._drafts.setInterval(DRAFT_MS)
        self._drafts.timeout.connect(self._save_draft)

    @property
    def active(self) -> bool:
        """Whether a turn is written, or will be as soon as the model is there."""
        return self._live is not None or self.wanted

    def start(
        self, *, again: bool = False, n: int = 1, each: tuple[SamplerSettings, ...] = ()
    ) -> None:
        """Let the model write the next passage; ``again``: beside the last one.

        With ``n`` several are written side by side, perhaps with settings of their own; the first
        is on the page, and all of them stay.
        """
        writer = self._writer
        story, model, builder = writer.story, writer.model, writer.builder
        if story is None:
            return
        if model is None or builder is None:
            self.wanted = True
            writer.said.emit(self.tr("The model is waking up; the story goes on in a moment."))
            writer.state.emit()
            return
        self.wanted = False
        reply = story.last_reply() if again else None
        if reply is not None:
            self._key, self._old = f"retry/{reply.id}/{writer.seed()}", reply.id
            story.retry(merge_key=self._key)
        backend = model.backend
        from engine.turn import prepare

        try:
            play = replace(writer.play(story), n=n, each=each)
            turn = prepare(story, backend, builder, play, writer.seed())
        except KnownError as error:
            self._give_up()
            writer.problem.emit(str(error))
            return
        writer.ahead.cancel()
        self._live = LiveTurn(turn, backend, self)
        self._live.reading.connect(writer.reading)
        self._live.fed.connect(writer.fed)
        self._live.shown.connect(self._shown)
        self._live.ended.connect(self._ended)
        writer.page.begin_stream()
        writer.window.emit(len(turn.request.tokens), backend.n_ctx)
        for notice in turn.context.notices:
            writer.said.emit(notice)
        self._drafts.start()
        writer.turn_began.emit(turn)
        self._live.start(writer.jobs)
        writer.announce()

    def stop(self) -> None:
        """Stop at once; what was written is the passage."""
        self.wanted = False
        if self._live is not None:
            self._live.stop()

    @Slot(object)
    def _shown(self, shown: Shown) -> None:
        page = self._writer.page
        self._writer.shown.emit(shown)
        if shown.row:
            return
        if shown.back:
            page.retract(shown.back)
        if shown.text:
            page.stream(shown.text)
        if self._live is not None:
            self._writer.writing.emit(self._live.tokens)

    @Slot(object)
    def _ended(self, error: object) -> None:
        live, self._live = self._live, None
        self._drafts.stop()
        writer = self._writer
        if live is None or writer.story is None:
            return
        node = self._commit(live)
        writer.turn_ended.emit(node)
        live.deleteLater()
        self._tries = self._tries + 1 if node is None and not live.stopped else 0
        if error is None and 0 < self._tries < EMPTY_TRIES:
            self.start()
            return
        if node is None:
            self._give_up()
        self._key, self._old = "", None
        if error is not None:
            writer.report(error)
        else:
            self._tell(live, node)
        writer.announce()
        waiting, writer.waiting = writer.waiting, None
        if waiting is not None and error is None:
            writer.submit(*waiting)
        else:
            writer.ahead.later()

    def _tell(self, live: LiveTurn, node: Node | None) -> None:
        """Say what came of it."""
        writer, stop = self._writer, live.turn.rows[0].stop
        if node is not None:
            writer.wrote.emit(live.tokens)
        elif not live.stopped:
            text = self.tr("The model had nothing to say. Try again, or write on yourself.")
            writer.said.emit(text)
        self._tries = 0
        if stop is not None and stop.why == "loop":
            writer.said.emit(self.tr("The model began to repeat itself; that was left out."))
        elif node is not None and live.turn.reply().ending is not None:
            text = self.tr("This looks like an ending. Go on, go back a turn, or begin anew.")
            writer.said.emit(text)

    def _commit(self, live: LiveTurn) -> Node | None:
        """Put what was written into the story."""
        writer, turn = self._writer, live.turn
        story = writer.story
        if story is None:
            return None
        self.committing = True
        try:
            if turn.parent is not None and story.place(turn.parent) is not None:
                turn.parent = story.head  # words typed below meanwhile stay on the branch
            with story.verb("reply", self._key):
                made = [turn.commit(story, live.backend.identity, row.row) for row in turn.rows]
                node = next((one for one in made if one is not None), None)
                if node is not None and story.head != node.id:
                    story.go_to(node.id)  # the first is on the page, the others beside it
            if node is None and writer.store is not None:
                writer.store.end_draft()
        finally:
            self.committing = False
            writer.page.end_stream(story.branch())
        return node

    def _give_up(self) -> None:
        """Nothing came of a retry: the passage there was is shown again."""
        story = self._writer.story
        if self._old is not None and story is not None:
            with story.verb("retry", self._key):
                story.go_to(self._old)
        self._key, self._old = "", None

    @Slot()
    def _save_draft(self) -> None:
        """Keep what has been streamed so far: a crash loses about a second."""
        store = self._writer.store
        if self._live is None or store is None:
            return
        turn = self._live.turn
        if text := turn.draft():
            store.draft(turn.parent, text)
