"""What the model is about to see, and the account of how it came about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Source(StrEnum):
    """Where a part of the window comes from."""

    BEGIN = "begin"  # the profile's beginning of text
    MEMORY = "memory"
    LORE = "lore"
    NOTE = "note"
    OPENING = "opening"
    HISTORY = "history"
    ACTION = "action"  # the player's last line, which is always sent
    CUE = "cue"  # words put in the model's mouth by the caller, e.g. "> You"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One line of the account; the ``n_tokens`` of the included lines add up to the window.

    ``key`` is the id of the lore entry, else empty. ``position`` says in words where it stands.
    ``wanted`` is its length before trimming. ``leaving`` is True when the next turn is likely to
    lose it (or, for history, its oldest part).
    """

    source: Source
    name: str
    reason: str
    n_tokens: int = 0
    included: bool = True
    trimmed: bool = False
    position: str = ""
    key: str = ""
    wanted: int = 0
    leaving: bool = False

    def to_json(self) -> dict[str, Any]:
        """The line as plain JSON values."""
        return {
            "source": str(self.source),
            "name": self.name,
            "reason": self.reason,
            "n_tokens": self.n_tokens,
            "included": self.included,
            "trimmed": self.trimmed,
            "position": self.position,
            "key": self.key,
            "wanted": self.wanted,
            "leaving": self.leaving,
        }


@dataclass(frozen=True, slots=True)
class WindowSpan:
    """``Context.text[start:end]`` comes from ``source``: for a passage, from its text [first:last).

    ``node`` is the id of the passage or None; ``key`` the id of the lore entry or empty. Wrappers
    and white space of the profile have no node. Spans are in order and cover the whole text.
    """

    start: int
    end: int
    source: Source
    node: int | None = None
    first: int = 0
    last: int = 0
    key: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """The window: ``tokens`` are what a local model reads, ``text`` what a server reads.

    ``text`` leaves out the beginning-of-text id. ``border`` is where history begins (passage id and
    character offset in its text), to be stored with the reply and passed back with the next turn;
    None when the whole story is in the window. ``stripped`` is the white space taken off the end.
    ``notices`` are sentences for the person: what had to be shortened.
    """

    text: str
    tokens: tuple[int, ...]
    ledger: tuple[LedgerEntry, ...]
    border: tuple[int, int] | None
    spans: tuple[WindowSpan, ...] = ()
    budget: int = 0
    notices: tuple[str, ...] = ()
    stripped: str = ""

    @property
    def head(self) -> int:
        """Characters of ``text`` before the story begins: memory and what stands with it."""
        first = (Source.OPENING, Source.HISTORY, Source.ACTION)
        return next((span.start for span in self.spans if span.source in first), 0)

    def to_json(self) -> dict[str, Any]:
        """The window as the command line prints it."""
        return {
            "text": self.text,
            "n_tokens": len(self.tokens),
            "budget": self.budget,
            "ledger": [entry.to_json() for entry in self.ledger],
            "notices": list(self.notices),
        }
