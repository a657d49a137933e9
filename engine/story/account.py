"""The ledger of a window: a line for every part of it and for what stayed outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.story.beside import Item
from engine.story.history import History, Line
from engine.story.layout import Placed
from engine.story.ledger import LedgerEntry, Source
from engine.story.node import Kind, Node
from engine.story.pieces import Pieces
from engine.story.triggers import Decision

TURN_TOKENS = 80  # how much a turn adds, where there is none to go by


@dataclass(slots=True)
class _Tally:
    """What of one source is in the window."""

    n_tokens: int = 0
    position: str = ""
    lines: int = 0


def account(
    placed: Sequence[Placed],
    items: Sequence[Item],
    decisions: Sequence[Decision],
    history: History,
    branch: Sequence[Node],
    begin_tokens: int,
    pieces: Pieces,
    *,
    pinned: bool,
) -> tuple[LedgerEntry, ...]:
    """The ledger, in the order of the window; what is not in it comes last."""
    tallies: dict[object, _Tally] = {}
    if begin_tokens:
        tallies[Source.BEGIN] = _Tally(begin_tokens, "top")
    last = history.lines[-1] if history.lines else None
    for one in placed:
        key = _row_of(one, last)
        tally = tallies.setdefault(key, _Tally(position=one.position or "story"))
        tally.n_tokens += len(one.part.tokens(pieces))
        tally.lines += 1
    leaving = history.size + _growth(history.lines, pieces) > history.room
    story = _Story(history, branch, leaving=leaving, pinned=pinned)
    by_id = {id(item): item for item in items}
    rows: list[LedgerEntry] = []
    for key, tally in tallies.items():
        if isinstance(key, int):
            rows.append(by_id[key].row(tally.n_tokens, tally.position))
        else:
            rows.append(story.row(key, tally))
    rows.extend(story.missing())
    rows.extend(item.row(0, "") for item in items if not item.line)
    rows.extend(_silent(one) for one in decisions if not one.fires)
    return tuple(rows)


def _row_of(placed: Placed, last: Line | None) -> object:
    """What the row of a part is known by: an item's identity, or the source."""
    if placed.item is not None:
        return id(placed.item)
    if placed.line is not None and placed.part.source is Source.ACTION and placed.line is not last:
        return Source.HISTORY
    return placed.part.source


def _silent(decision: Decision) -> LedgerEntry:
    entry = decision.entry
    return LedgerEntry(
        Source.LORE, entry.name or entry.id, decision.reason, included=False, key=entry.id
    )


def _growth(lines: Sequence[Line], pieces: Pieces) -> int:
    """How many tokens the next turn is likely to add: as many as the last one did."""
    actions = [at for at, line in enumerate(lines) if line.unit.source is Source.ACTION]
    if len(actions) < 2:
        return TURN_TOKENS
    return sum(pieces.count(line.unit.text) for line in lines[actions[-2] : actions[-1]])


class _Story:
    """The rows of the story itself."""

    def __init__(
        self, history: History, branch: Sequence[Node], *, leaving: bool, pinned: bool
    ) -> None:
        self._history = history
        self._branch = branch
        self._leaving = leaving
        self._pinned = pinned
        root = branch[0] if branch else None
        self._opening = root if root and root.kind is Kind.OPENING and root.text.strip() else None
        self._shown = any(line.unit.source is Source.OPENING for line in history.lines)

    def row(self, source: object, tally: _Tally) -> LedgerEntry:
        """The row of one source."""
        if source is Source.BEGIN:
            return LedgerEntry(
                Source.BEGIN, "Beginning of text", "how this model's texts begin",
                tally.n_tokens, position="top",
            )  # fmt: skip
        if source is Source.CUE:
            return LedgerEntry(
                Source.CUE, "Cue", "the words to go on from", tally.n_tokens, position="end"
            )
        if source is Source.ACTION:
            cut = bool(self._history.lines and self._history.lines[-1].shortened)
            reason = "the last action is always sent" + (", here its end" if cut else "")
            return LedgerEntry(
                Source.ACTION, "Last action", reason, tally.n_tokens, trimmed=cut, position="end"
            )
        if source is Source.OPENING:
            return self._opening_row(tally)
        return self._history_row(tally)

    def _opening_row(self, tally: _Tally) -> LedgerEntry:
        cut = self._history.border is not None and not self._covers_opening()
        reason = "pinned" if self._pinned else "the story still reaches back to it"
        return LedgerEntry(
            Source.OPENING, "Opening", reason + (", in part" if cut else ""), tally.n_tokens,
            trimmed=cut, position="story", leaving=self._leaving and not self._pinned,
        )  # fmt: skip

    def _covers_opening(self) -> bool:
        """Whether all of the opening's text is in the window."""
        shown = [line for line in self._history.lines if line.unit.source is Source.OPENING]
        if not shown or self._opening is None:
            return False
        last = shown[-1]
        end = last.unit.start + len(last.unit.text)
        reached = max((one.last for one in last.origins if one.node == self._opening.id and one.start < end), default=0)  # fmt: skip
        whole = len(self._opening.text.rstrip())
        return shown[0].unit.lead == 0 and shown[0].unit.offset <= whole and reached >= whole

    def _history_row(self, tally: _Tally) -> LedgerEntry:
        border = self._history.border
        lines = [line for line in self._history.lines if line.unit.source is not Source.OPENING]
        passages = len({line.unit.node for line in lines})
        total = len(self._branch) - (self._opening is not None)
        cut = border is not None
        some = f"the newest {passages} of {total} passages; what came before did not fit"
        reason = (
            some
            if cut and passages < total
            else "the beginning did not fit"
            if cut
            else "all of it"
        )
        return LedgerEntry(
            Source.HISTORY, "Story", reason, tally.n_tokens, trimmed=cut, position="story",
            leaving=self._leaving and not (self._shown and not self._pinned),
        )  # fmt: skip

    def missing(self) -> list[LedgerEntry]:
        """The opening, where it has left the window."""
        if self._opening is None or self._shown:
            return []
        reason = "evicted: newer passages take the story's room"
        return [LedgerEntry(Source.OPENING, "Opening", reason, included=False)]
