"""The window: what the model sees of a story, built by a pure function and accounted for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.story.account import account
from engine.story.beside import Item, Note, Shelf
from engine.story.fitting import share_out
from engine.story.history import History, Storyteller
from engine.story.layout import lay_out
from engine.story.ledger import Context, Source
from engine.story.lines import ActionLines
from engine.story.lore_keys import KeyFinder
from engine.story.lorebook import Entry, LoreSettings
from engine.story.node import Node
from engine.story.pieces import Pieces
from engine.story.profile import Profile
from engine.story.triggers import decide
from engine.story.window import join
from engine.tokens import Tokenizer

__all__ = ["Context", "ContextBuilder", "Note", "Sources"]

STORY_RESERVE = 512  # tokens kept for the story, at most half of the window


@dataclass(frozen=True, slots=True)
class Sources:
    """What a window is made of: the branch from root to head, and what the person wrote about it.

    ``border`` is that of the window before, as stored with the last reply.
    """

    branch: Sequence[Node]
    memory: str = ""
    note: Note = field(default_factory=Note)
    lore: Sequence[Entry] = ()
    lore_settings: LoreSettings = field(default_factory=LoreSettings)
    pin_opening: bool = False
    border: tuple[int, int] | None = None


class ContextBuilder:
    """Builds windows for one model; keeps nothing but caches, so equal input gives equal windows."""

    def __init__(self, tokenizer: Tokenizer, profile: Profile) -> None:
        self.tokenizer = tokenizer
        self.profile = profile
        self._pieces = Pieces(tokenizer)
        self._finder = KeyFinder()
        self._lines = ActionLines()

    def build(self, sources: Sources, budget: int, *, block: float = 0.0, cue: str = "") -> Context:
        r"""The window of at most ``budget`` tokens (the model's n_ctx minus room for the answer).

        ``block`` is the share of history evicted at once when it no longer fits: 0 is sentence by
        sentence, at most 0.4. ``cue`` are words after the story, e.g. ``"\n\n> You"``.
        """
        build = _Build(self, sources, max(budget, 0), block, cue)
        return build.context()

    @property
    def lines(self) -> ActionLines:
        """The cache of actions."""
        return self._lines

    @property
    def pieces(self) -> Pieces:
        """The cache of ids."""
        return self._pieces

    @property
    def finder(self) -> KeyFinder:
        """The cache of patterns."""
        return self._finder


class _Build:
    """One window in the making."""

    def __init__(
        self, builder: ContextBuilder, sources: Sources, budget: int, block: float, cue: str
    ) -> None:
        self._pieces = builder.pieces
        self._profile = builder.profile
        self._sources = sources
        self._budget = budget
        self._block = block
        end = builder.tokenizer.end_of_text if self._profile.begin_token else None
        self._begin = (end,) if end is not None and budget > 1 else ()
        room = budget - len(self._begin)
        self._begin_text = self._affordable(self._profile.begin_text, room // 4)
        room -= self._pieces.count(self._begin_text)
        self._cue = self._affordable(_as_cue(cue), room // 2)
        self._room = room - self._pieces.count(self._cue)
        self._story = Storyteller(
            sources.branch, budget, self._profile, self._pieces, builder.lines
        )
        self._decisions = decide(
            sources.lore, sources.lore_settings, sources.branch, builder.finder, builder.lines
        )

    def _affordable(self, text: str, most: int) -> str:
        return text if self._pieces.count(text) <= most else ""

    def context(self) -> Context:
        """The finished window."""
        items = self._items()
        total = sum(self._story.sizes) + 2
        reserve = min(total, STORY_RESERVE, self._room // 2)
        reserve = max(reserve, min(self._story.least(), self._room))
        room = share_out([item.request for item in items], self._room, total, reserve)
        while True:
            kept = [item for item in items if item.line]
            history = self._choose(room, bare=not kept)
            placed = lay_out(history.lines, kept, self._begin_text, self._cue, self._profile)
            text, tokens, spans = join([one.part for one in placed], self._pieces)
            over = len(self._begin) + len(tokens) - self._budget
            if over <= 0 or not placed:
                break
            # A joint cost a token more than was foreseen: the story gives way, at last the rest.
            room -= over
            if room < self._story.least() and kept:
                kept[-1].line, kept[-1].trimmed = "", True
                room += kept[-1].request.used
        ledger = account(
            placed, items, self._decisions, history, self._sources.branch, len(self._begin),
            self._pieces, pinned=self._sources.pin_opening,
        )  # fmt: skip
        return Context(
            text, (*self._begin, *tokens), ledger, history.border, spans, self._budget,
            tuple(self._notices(items, history)), self._story.transcript.stripped,
        )  # fmt: skip

    def _items(self) -> list[Item]:
        """What stands beside the story, in the order in which it is served."""
        shelf = Shelf(self._profile, self._pieces, max(self._room, 0))
        fired = [one for one in self._decisions if one.fires]
        fired.sort(key=lambda one: (-one.entry.priority, -one.entry.order))
        memory, note = shelf.memory(self._sources.memory), shelf.note(self._sources.note)
        items = [memory, *(shelf.lore(one) for one in fired), note]
        return [item for item in items if item is not None]

    def _choose(self, room: int, *, bare: bool) -> History:
        lead = "" if bare and not self._begin_text else self._profile.head_end
        return self._story.choose(
            room, lead, pin=self._sources.pin_opening, previous=self._sources.border,
            block=self._block,
        )  # fmt: skip

    def _notices(self, items: list[Item], history: History) -> list[str]:
        """What the person should know: sentences about what had to be shortened."""
        out: list[str] = []
        short: list[str] = []
        for item in items:
            if not item.trimmed:
                continue
            if item.source is Source.LORE:
                short.append(item.name)
            elif item.line:
                out.append(f"{item.name} is too long for this window: only its beginning is sent.")
            else:
                out.append(f"{item.name} is not sent: this window has no room for it.")
        if short:
            names = ", ".join(short[:5]) + (f" and {len(short) - 5} more" if len(short) > 5 else "")
            out.append(f"Lore was shortened or left out for want of room: {names}.")
        if history.lines and history.lines[-1].shortened:
            out.append("The last passage is too long for this window: only its end is sent.")
        out.extend(
            f"Lore entry {one.entry.name or one.entry.id}: {one.warning}."
            for one in self._decisions
            if one.warning
        )
        return out


def _as_cue(cue: str) -> str:
    """A cue that begins with white space and ends without."""
    body = cue.strip()
    return (cue[: len(cue) - len(cue.lstrip())] or " ") + body if body else ""
