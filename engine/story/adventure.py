"""Playing: what an action becomes, when a streaming reply must stop, and what is kept of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.story.actions import act
from engine.story.endings import Ending, ending
from engine.story.loops import Loop, LoopDetector, echoes, repeated_sentence
from engine.story.node import Kind, Node
from engine.story.trim import Mode, Trimmed, player_turn, trim

ACTIONS = frozenset({Kind.DO, Kind.SAY})


def line(node: Node) -> str:
    """A passage as it reads in the story: an action as its line, anything else as it is."""
    return act(node.kind, node.text) if node.kind in ACTIONS else node.text


class Halt(StrEnum):
    """Why a reply should stop streaming."""

    TURN = "turn"  # the model began to play the player's turn
    LOOP = "loop"  # it repeats itself


@dataclass(frozen=True, slots=True)
class Stop:
    """A reply should stop now; ``keep`` characters of what was streamed are good."""

    why: Halt
    keep: int


class ReplyWatch:
    """Follows one streaming reply token by token and says when to stop.

    Feed it every token with the text it completed. After a ``Stop`` the text up to ``keep`` is
    handed to ``finish``; the rest stays in the passage's ``cut``.
    """

    def __init__(self, mode: Mode = Mode.ADVENTURE) -> None:
        self._mode = mode
        self._ids = LoopDetector(least=14 if mode is not Mode.POEM else 40)
        self._texts: list[str] = []
        self._text = ""

    @property
    def text(self) -> str:
        """What was streamed so far."""
        return self._text

    def feed(self, token: int, text: str) -> Stop | None:
        """Take one token; a reason to stop, if there is one."""
        loop = self._ids.feed(token)
        self._texts.append(text)
        self._text += text
        if loop:
            start = sum(len(part) for part in self._texts[: loop.start])
            return Stop(Halt.LOOP, len(self._text[:start].rstrip()))
        if not text:
            return None
        turn = player_turn(self._text, self._mode)
        if turn is not None:
            return Stop(Halt.TURN, turn)
        if self._mode is not Mode.POEM and any(mark in text for mark in ".!?…"):
            again: Loop | None = repeated_sentence(self._text)
            if again:
                return Stop(Halt.LOOP, len(self._text[: again.start].rstrip()))
        return None

    def retract(self, count: int) -> None:
        """Take the last ``count`` tokens back."""
        if count > 0:
            self._ids.retract(count)
            del self._texts[-count:]
            self._text = "".join(self._texts)


@dataclass(frozen=True, slots=True)
class Reply:
    """A finished reply: its text and what was cut, how the story ended, whether it says anything new."""

    trimmed: Trimmed
    ending: Ending | None
    stale: bool

    @property
    def text(self) -> str:
        """The passage."""
        return self.trimmed.text


def finish(
    raw: str,
    mode: Mode = Mode.ADVENTURE,
    *,
    stop: Stop | None = None,
    finished: bool = False,
    earlier: Sequence[str] = (),
) -> Reply:
    """The passage that a streamed text becomes, in the light of the ``earlier`` replies."""
    kept = raw if stop is None else raw[: stop.keep]
    turned = stop is not None and stop.why is Halt.TURN
    trimmed = trim(kept, mode, finished=finished or turned)
    if stop is not None:
        trimmed = Trimmed(
            trimmed.text,
            trimmed.lead,
            trimmed.cut + raw[stop.keep :],
            trimmed.added,
            trimmed.complete,
        )
    over = ending(trimmed.text) if mode is Mode.ADVENTURE else None
    return Reply(trimmed, over, echoes(trimmed.text, earlier))
