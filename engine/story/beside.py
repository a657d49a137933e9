"""Memory, lore and author's note: what they cost, what of them fits, and where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.story.fitting import CHARACTERS, Render, Request, fit
from engine.story.forms import clean, lore_form, memory_form, note_form
from engine.story.ledger import LedgerEntry, Source
from engine.story.lorebook import Cut, Entry, Position, Trim
from engine.story.pieces import Pieces
from engine.story.profile import Profile
from engine.story.triggers import Decision

MEMORY_PRIORITY, NOTE_PRIORITY = 800, -400
NOTE_RESERVE = 2048
NOTE_DEPTH = 2  # late, so that a turn changes little of what was read
NOTE_SHARE = 4  # the note's reservation is at most a fourth of the window


@dataclass(frozen=True, slots=True)
class Note:
    """The author's note: ``depth`` paragraphs from the end; ``template`` None is the profile's."""

    text: str = ""
    depth: int = NOTE_DEPTH
    template: str | None = None


@dataclass(slots=True)
class Item:
    """Something beside the story that wants to be in the window.

    ``text`` is what is left of it; ``line`` its form. ``position`` is AUTO for nothing but memory
    and note, which have places of their own.
    """

    source: Source
    name: str
    reason: str
    text: str
    line: str
    request: Request
    position: Position = Position.AUTO
    depth: int = 0
    order: int = 0
    key: str = ""
    trimmed: bool = False
    leaving: bool = False

    def row(self, n_tokens: int, position: str) -> LedgerEntry:
        """Its line in the ledger."""
        included = bool(self.line)
        reason = self.reason
        if self.trimmed and self.request.displaced:
            verb = "shortened to what was left beside" if included else "no room beside"
            reason = f"{reason}; {verb} {self.request.displaced}"
        elif self.trimmed:
            reason = f"{reason}; shortened to its own budget"
        return LedgerEntry(
            self.source,
            self.name,
            reason,
            n_tokens=n_tokens if included else 0,
            included=included,
            trimmed=included and self.trimmed,
            position=position if included else "",
            key=self.key,
            wanted=self.request.cost,
            leaving=included and self.leaving,
        )


class Shelf:
    """Makes items for one model and one window of ``room`` tokens."""

    def __init__(self, profile: Profile, pieces: Pieces, room: int) -> None:
        self._profile = profile
        self._pieces = pieces
        self._room = room
        self._opened: set[tuple[Position, int]] = set()

    def memory(self, text: str) -> Item | None:
        """The memory, unless it is empty."""
        text = clean(text, self._profile)
        if not text or not self._profile.memory:
            return None
        return self._plain(
            Source.MEMORY, "Memory", "always sent", text, MEMORY_PRIORITY, 0,
            lambda part: "\n" + memory_form(part, self._profile),
        )  # fmt: skip

    def note(self, note: Note) -> Item | None:
        """The author's note, unless it is empty."""
        text = clean(note.text, self._profile)
        if not text or not (self._profile.note or note.template):
            return None
        item = self._plain(
            Source.NOTE, "Author's note", "always sent", text, NOTE_PRIORITY,
            min(NOTE_RESERVE, self._room // NOTE_SHARE),
            lambda part: self._profile.paragraph + note_form(part, note.template, self._profile),
        )  # fmt: skip
        item.depth = max(note.depth, 1)
        return item

    def lore(self, decision: Decision) -> Item:
        """An entry that fired."""
        entry = decision.entry
        position, depth = place(entry)
        text = clean(entry.text, self._profile)
        most = self._room * CHARACTERS
        cost = self._lore_size(entry, text) if len(text) < most else most
        cost += self._opener_size()
        name = entry.name or entry.id
        request = Request(name, entry.priority, cost, entry.reserve, _all)
        item = Item(
            Source.LORE, name, decision.reason, text, "", request, position, depth, entry.order,
            entry.id, leaving=decision.leaving,
        )  # fmt: skip
        own = self._own_budget(entry)

        def shrink(most: int) -> int:
            opener = 0 if (position, depth) in self._opened else self._opener_size()
            part, item.trimmed = fit(
                text, lambda kept: self._longest_form(entry, kept), min(most, own) - opener,
                self._pieces, trim=entry.trim, finest=entry.finest,
            )  # fmt: skip
            item.text, item.line = part, lore_form(entry, part, self._profile)
            if not item.line:
                return 0
            self._opened.add((position, depth))
            return opener + self._lore_size(entry, part)

        item.request.shrink = shrink
        return item

    def _plain(
        self,
        source: Source,
        name: str,
        reason: str,
        text: str,
        priority: int,
        reserve: int,
        render: Render,
    ) -> Item:
        most = self._room * CHARACTERS
        cost = self._pieces.count(render(text)) if len(text) < most else most
        item = Item(source, name, reason, text, "", Request(name, priority, cost, reserve, _all))

        def shrink(most: int) -> int:
            part, item.trimmed = fit(
                text, render, most, self._pieces, trim=Trim.BOTTOM, finest=Cut.WORD
            )
            item.text, item.line = part, render(part).strip() if part else ""
            return self._pieces.count(render(part)) if part else 0

        item.request.shrink = shrink
        return item

    def _own_budget(self, entry: Entry) -> int:
        if entry.budget <= 0:
            return self._room
        share = entry.budget * self._room if entry.budget <= 1 else entry.budget
        return int(min(share, self._room))

    def _opener_size(self) -> int:
        profile = self._profile
        return self._pieces.count(profile.paragraph + profile.lore_open) if profile.lore_open else 0

    def _lore_size(self, entry: Entry, part: str) -> int:
        return self._pieces.count(self._longest_form(entry, part)) if part else 0

    def _longest_form(self, entry: Entry, part: str) -> str:
        """The form with the neighbours that take the most tokens."""
        profile = self._profile
        line = lore_form(entry, part, profile)
        lead = profile.lore_lead if profile.lore_open else profile.paragraph
        forms = {lead + line + profile.lore_join, lead + line + profile.lore_close}
        return max(forms, key=self._pieces.count)


def place(entry: Entry) -> tuple[Position, int]:
    """Where an entry stands: what changes each turn stands late."""
    position = entry.position
    if position is Position.AUTO:
        position = Position.TOP if entry.constant else Position.DEPTH
    return position, max(entry.depth, 1) if position is Position.DEPTH else 0


def lore_lines(items: Sequence[Item], profile: Profile, lead: str) -> list[tuple[Item, str]]:
    """The texts of entries that stand together, each with its white space and joints."""
    out: list[tuple[Item, str]] = []
    for index, item in enumerate(items):
        last = index == len(items) - 1
        line = item.line + (profile.lore_close if last else profile.lore_join)
        if profile.lore_open:
            start = lead + profile.lore_open if index == 0 else ""
            line = start + profile.lore_lead + line
        else:
            line = (lead if index == 0 else profile.lore_lead) + line
        out.append((item, line))
    return out


def _all(most: int) -> int:
    return most
