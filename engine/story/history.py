"""What of the story is in the window: from the border on, and perhaps a pinned opening."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.story.eviction import choose_border
from engine.story.ledger import Source
from engine.story.lines import ActionLines
from engine.story.node import Node
from engine.story.pieces import Pieces
from engine.story.profile import SLOT, Profile
from engine.story.transcript import Origin, Transcript, Unit, transcribe

PINNED_SHARE = 0.4  # of the story's room, for a pinned opening
_CHARACTERS = 6  # looked at per token of the window, to begin with
_MOST_CHARACTERS = 4096  # ... and at most: a token of so many there is not


@dataclass(frozen=True, slots=True)
class Line:
    """A unit of the story in the window; ``shortened`` is its text where not all of it fits."""

    unit: Unit
    origins: Sequence[Origin]
    gap: bool = False  # something between the unit before and this one is left out
    shortened: str = ""

    @property
    def paragraph(self) -> bool:
        """Whether it begins a paragraph in the window."""
        return self.unit.paragraph or self.gap


@dataclass(frozen=True, slots=True)
class History:
    """The lines in order; ``border`` is where they begin, None if nothing is left out."""

    lines: tuple[Line, ...]
    border: tuple[int, int] | None
    room: int
    size: int


class Storyteller:
    """Chooses history for one branch and one window."""

    def __init__(
        self,
        branch: Sequence[Node],
        budget: int,
        profile: Profile,
        pieces: Pieces,
        action_lines: ActionLines,
    ) -> None:
        self._branch = branch
        self._profile = profile
        self._pieces = pieces
        self._lines = action_lines
        self.transcript = self._transcribe(budget)
        self.sizes = [self.size(unit) for unit in self.transcript.units]

    def _transcribe(self, budget: int) -> Transcript:
        """As much of the story's end as could be in the window."""
        characters = budget * _CHARACTERS + 1000
        while True:
            story = transcribe(self._branch, characters, self._profile, self._pieces, self._lines)
            enough = characters > budget * _MOST_CHARACTERS
            if story.whole or enough or sum(map(self.size, story.units)) > budget:
                return story
            characters *= 4

    def size(self, unit: Unit) -> int:
        """Tokens of a unit in its place."""
        return len(unit.ids) if unit.ids is not None else self._pieces.count(unit.text)

    def least(self) -> int:
        """Tokens of the last unit, which is always sent."""
        units = self.transcript.units
        return self._first(units[-1], self._profile.head_end) if units else 0

    def _first(self, unit: Unit, lead: str) -> int:
        """Tokens of a unit that begins the history."""
        return self._pieces.count(lead + unit.body)

    def choose(
        self, room: int, lead: str, *, pin: bool, previous: tuple[int, int] | None, block: float
    ) -> History:
        """What fits ``room`` tokens; ``lead`` is the white space before the first line."""
        units, origins = list(self.transcript.units), self.transcript.origins
        sizes = self.sizes
        pinned: list[Line] = []
        if pin and not (self.transcript.whole and sum(sizes) + 2 <= room):
            pinned, used = self._pinned(int(room * PINNED_SHARE), lead)
            if pinned:
                sizes = [
                    size for size, unit in zip(sizes, units, strict=True)
                    if unit.source is not Source.OPENING
                ]  # fmt: skip
                units = [unit for unit in units if unit.source is not Source.OPENING]
                room -= used
                lead = self._profile.paragraph
        index = choose_border(
            sizes, room, lambda at: self._first(units[at], lead),
            previous=_at_border(units, previous), block=block,
        )  # fmt: skip
        if index == len(units):
            return self._shortest(units, origins, pinned, room, lead)
        chosen = units[index:]
        lines = [Line(unit, origins, gap=bool(pinned) and not at) for at, unit in enumerate(chosen)]
        size = self._first(chosen[0], lead) + sum(sizes[index + 1 :])
        everything = index == 0 and self.transcript.whole and not pinned
        border = None if everything else (chosen[0].node, chosen[0].offset)
        return History((*pinned, *lines), border, room, size)

    def _pinned(self, most: int, lead: str) -> tuple[list[Line], int]:
        """The beginning of the opening, as much as fits, and its tokens."""
        if not self._branch or most <= 0:
            return [], 0
        root = self._branch[0]
        node = replace(root, text=root.text[: most * _CHARACTERS * 2])
        opening = transcribe([node], len(node.text) + 1, self._profile, self._pieces, self._lines)
        lines: list[Line] = []
        used = 0
        for unit in opening.units:
            size = self.size(unit) if lines else self._first(unit, lead)
            if used + size > most or unit.source is not Source.OPENING:
                break
            used += size
            lines.append(Line(unit, opening.origins))
        return lines, used

    def _shortest(
        self,
        units: list[Unit],
        origins: Sequence[Origin],
        pinned: list[Line],
        room: int,
        lead: str,
    ) -> History:
        """The end of the last unit, where not even that fits."""
        if not units:
            return History(tuple(pinned), None, room, 0)
        unit = units[-1]
        mark = self._profile.action.partition(SLOT)[0] if unit.source is Source.ACTION else ""
        body = unit.body.removeprefix(mark)
        most = room
        while most > 0:
            text = self._pieces.last(body, most)
            if text and self._pieces.count(lead + mark + text) <= room:
                line = Line(unit, origins, gap=bool(pinned), shortened=mark + text)
                border = (unit.node, unit.offset)
                return History(
                    (*pinned, line), border, room, self._pieces.count(lead + mark + text)
                )
            most = min(most - 1, self._pieces.count(text) - 1 if text else most - 1)
        return History(tuple(pinned), None, room, 0)


def _at_border(units: Sequence[Unit], border: tuple[int, int] | None) -> int | None:
    """The unit at the border of the window before, if it is still there."""
    if border is None:
        return None
    inside = False
    for index, unit in enumerate(units):
        if unit.node == border[0]:
            inside = True
            if unit.offset >= border[1]:
                return index
        elif inside:
            return index
    return None
