"""Trimming a reply: stop before the player's turn, end with a sentence or a line, lose nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from engine.sentences import CLOSERS, sentence_ends
from engine.story.quotes import open_marks


class Mode(StrEnum):
    """What is written, which decides where a reply may end."""

    ADVENTURE = "adventure"
    STORY = "story"
    POEM = "poem"
    DIALOGUE = "dialogue"
    SCRIPT = "script"

    @property
    def by_lines(self) -> bool:
        """Whether a reply ends at lines rather than at sentences."""
        return self in {Mode.POEM, Mode.DIALOGUE, Mode.SCRIPT}


@dataclass(frozen=True, slots=True)
class Trimmed:
    """A reply and what was taken off it: what the model wrote is ``lead + text - added + cut``.

    ``lead`` is the white space before it, ``added`` the closing marks that balance ``text`` and
    with which it ends, ``cut`` what came after. ``complete`` is false where no end was found to
    cut back to.
    """

    text: str
    lead: str = ""
    cut: str = ""
    added: str = ""
    complete: bool = True

    @property
    def raw(self) -> str:
        """What the model wrote."""
        return self.lead + self.text[: len(self.text) - len(self.added)] + self.cut


# The wrapper of an action, the header of another adventure, the end of the text.
_TURN = re.compile(r"(?:^|\n)[ \t]*>|(?:^|\n)\[(?:Memory|Lore|Note|Genre)\b|<\|\w+\|>")
_END_OF_TEXT = re.compile(r"<\|\w+\|>")
_DANGLING = re.compile(r"(?:(?<=\s)|^)[\"“‘(\[*_]+$")


def player_turn(text: str, mode: Mode = Mode.ADVENTURE) -> int | None:
    """Where in a streamed reply the model begins to play the player's turn, white space included.

    Everything from there on is not part of the reply; generation can stop as soon as this is set.
    """
    match = (_TURN if mode is Mode.ADVENTURE else _END_OF_TEXT).search(text)
    return len(text[: match.start()].rstrip()) if match else None


def trim(raw: str, mode: Mode = Mode.ADVENTURE, *, finished: bool = False) -> Trimmed:
    """The part of ``raw`` that becomes the passage.

    ``finished`` says that the model ended by itself (a stop string, the end of the text), so that
    only the player's turn is cut. Trimming a trimmed text changes nothing.
    """
    turn = player_turn(raw, mode)
    body = raw if turn is None else raw[:turn]
    lead = body[: len(body) - len(body.lstrip())]
    body = body[len(lead) :]
    if turn is not None:
        finished = True
    end, complete = len(body.rstrip()), True
    if not finished:
        end, complete = _last_line(body) if mode.by_lines else _last_sentence(body)
    text = body[:end].rstrip()
    while (dangling := _DANGLING.search(text)) and text[: dangling.start()].strip():
        text = text[: dangling.start()].rstrip()
    added = open_marks(text) if complete and mode is not Mode.POEM else ""
    return Trimmed(text + added, lead, raw[len(lead) + len(text) :], added, complete)


def _last_sentence(body: str) -> tuple[int, bool]:
    """Where the last complete sentence ends, or everything where there is none."""
    ends = sentence_ends(body)
    if ends:
        return ends[-1], True
    return len(body.rstrip()), False


def _last_line(body: str) -> tuple[int, bool]:
    """Where the last complete line ends: one that is closed or ends with a mark."""
    end = len(body.rstrip())
    if "\n" in body[end:]:
        return end, True
    if body[:end].rstrip(CLOSERS)[-1:] in {".", "!", "?", "…", ",", ";", ":", "—", "–"}:
        return end, True
    newline = body.rfind("\n", 0, end)
    if newline < 0:
        return end, False
    return len(body[:newline].rstrip()), True


def recover(trimmed: Trimmed) -> str:
    """The text with what was cut, up to the player's turn: for "show the rest"."""
    return trimmed.raw.strip()
