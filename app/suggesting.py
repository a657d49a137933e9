"""Suggested actions: a few short continuations of "> You"."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from app.live import LiveTurn
from engine.errors import KnownError
from engine.story.node import Kind
from engine.story.suggest import suggestions

if TYPE_CHECKING:
    from app.writer import Writer

CUE = "\n\n> You"
TOKENS = 24
SPARE = 3  # candidates beyond those wanted: some are of no use
RECENT = 4  # actions that are not suggested again


class Suggesting(QObject):
    """Asks the model for several continuations at once and makes actions of them."""

    def __init__(self, writer: Writer) -> None:
        super().__init__(writer)
        self._writer = writer
        self._live: LiveTurn | None = None
        self.wanted = 3

    @property
    def active(self) -> bool:
        """Whether it thinks."""
        return self._live is not None

    def start(self) -> None:
        """Ask."""
        writer = self._writer
        story, model, builder = writer.story, writer.model, writer.builder
        if story is None or self._live is not None:
            return
        if model is None or builder is None:
            writer.said.emit(self.tr("The model is not ready yet; try again in a moment."))
            return
        play = replace(
            writer.play(story),
            max_tokens=TOKENS,
            finish_sentence=0,
            stop=("\n",),
            top=0,
            n=self.wanted + SPARE if model.backend.capabilities.candidates else 1,
        )
        from engine.turn import prepare

        try:
            turn = prepare(story, model.backend, builder, play, writer.seed(), cue=CUE)
        except KnownError as error:
            writer.problem.emit(str(error))
            return
        self._live = LiveTurn(turn, model.backend, self)
        self._live.reading.connect(writer.reading)
        self._live.ended.connect(self._ended)
        writer.said.emit(self.tr("Thinking of actions…"))
        self._live.start(writer.jobs)

    def stop(self) -> None:
        """Never mind."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()
            live.deleteLater()
            self._writer.ahead.later()

    @Slot(object)
    def _ended(self, error: object) -> None:
        live, self._live = self._live, None
        if live is None:
            return
        live.deleteLater()
        writer = self._writer
        writer.ahead.later()  # the engine stands elsewhere now
        if error is not None:
            writer.report(error)
            return
        story = writer.story
        if story is None:
            return
        actions = [node.text for node in story.branch() if node.kind is Kind.DO]
        # The stop string took the line's end away, which is what makes a line a whole action.
        texts = [row.raw + "\n" if row.ended == "stop" else row.raw for row in live.turn.rows]
        found = suggestions(
            texts,
            last_action=actions[-1] if actions else "",
            recent=actions[-RECENT:],
            limit=self.wanted,
        )
        writer.suggested.emit(found)
        writer.said.emit(
            "" if found else self.tr("Nothing came to mind. Ask again, or write on yourself.")
        )
