"""Where memory, lore and note stand among the lines of the story."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.story.beside import Item, lore_lines
from engine.story.history import Line
from engine.story.ledger import Source
from engine.story.lorebook import Position
from engine.story.profile import Profile
from engine.story.window import Part, unit_part

HEAD = "top (the window's story is shorter than its depth)"
_ORDER = {Position.TOP: 0, Position.BEFORE_OPENING: 1, Position.AFTER_OPENING: 2, Position.DEPTH: 3}


@dataclass(frozen=True, slots=True)
class Placed:
    """A part of the window, the item it belongs to, and its place in words."""

    part: Part
    item: Item | None = None
    position: str = ""
    line: Line | None = None


def lay_out(
    lines: Sequence[Line], items: Sequence[Item], begin: str, cue: str, profile: Profile
) -> list[Placed]:
    """The window's parts in order."""
    stops: dict[int, list[Item]] = {}
    note_depth = next((item.depth for item in items if item.source is Source.NOTE), 1)
    for item in items:
        if item.source is not Source.MEMORY:
            stops.setdefault(_stop(item, lines, note_depth), []).append(item)
    out: list[Placed] = []
    if begin:
        out.append(Placed(Part(begin, Source.BEGIN), position="top"))
    memory = [item for item in items if item.source is Source.MEMORY]
    for item in memory:
        text = _lead(begin, "\n", item.line, first=not out) + item.line
        out.append(Placed(Part(text, item.source), item, "top"))
    out.extend(_beside(stops.get(0, []), out, begin, "\n", profile, HEAD))
    for index, line in enumerate(lines):
        if index and index in stops:
            place = _before_last(sum(one.paragraph for one in lines[index:]))
            out.extend(_beside(stops[index], out, begin, profile.paragraph, profile, place))
        out.append(_placed(line, out, begin, profile, first=not index))
    if cue:
        out.append(Placed(Part(cue if out else cue.strip(), Source.CUE), position="end"))
    return out


def _placed(
    line: Line, out: Sequence[Placed], begin: str, profile: Profile, *, first: bool
) -> Placed:
    """A line of the story behind what is there already."""
    body = line.shortened or line.unit.body
    lead: str | None = None
    if first:
        only_begin = len(out) == 1 and out[0].part.source is Source.BEGIN
        lead = _lead(begin if only_begin else "", profile.head_end, body, first=not out)
    elif line.gap or line.shortened:
        lead = profile.paragraph
    if line.shortened:
        text = (lead or "") + body
        return Placed(Part(text, line.unit.source, node=line.unit.node), line=line)
    return Placed(unit_part(line.unit, line.origins, lead), line=line)


def _lead(begin: str, white: str, body: str, *, first: bool) -> str:
    """White space between the beginning of text and what follows it: none where ids allow it.

    The border of a letter and another character is one of tokens too, but for an apostrophe.
    """
    if first:
        return ""
    if begin and body[:1].isalnum() and not begin[-1].isalnum() and begin[-1] not in "'’":
        return ""
    return white


def _stop(item: Item, lines: Sequence[Line], note_depth: int) -> int:
    """The index of the line before which an item stands; 0 is the head."""
    if item.source is Source.NOTE:
        return _at_depth(lines, note_depth)
    if item.position is Position.AFTER_NOTE:
        return _at_depth(lines, note_depth)
    if item.position is Position.DEPTH:
        return _at_depth(lines, item.depth)
    if item.position is Position.AFTER_OPENING:
        after = [at + 1 for at, line in enumerate(lines) if line.unit.source is Source.OPENING]
        for at in range(after[-1] if after else len(lines), len(lines)):
            if lines[at].paragraph:
                return at
    return 0


def _at_depth(lines: Sequence[Line], depth: int) -> int:
    """The line before which the last ``depth`` paragraphs begin."""
    starts = [at for at, line in enumerate(lines) if line.paragraph and at]
    if depth > len(starts):
        return 0
    at = starts[-depth]
    if lines[at - 1].unit.source is Source.ACTION and lines[at].unit.source is not Source.ACTION:
        return at - 1  # never between an action and its reply
    return at


def _beside(
    items: list[Item],
    before: Sequence[Placed],
    begin: str,
    lead: str,
    profile: Profile,
    place: str,
) -> list[Placed]:
    """The items of one place: lore by order, the note, and lore that follows it."""
    lore = sorted(
        (item for item in items if item.position in _ORDER and item.source is Source.LORE),
        key=lambda item: (_ORDER[item.position], item.order),
    )
    after = sorted(
        (item for item in items if item.position is Position.AFTER_NOTE),
        key=lambda item: item.order,
    )
    out: list[Placed] = []

    def add(group: list[tuple[Item, str]]) -> None:
        for item, text in group:
            if not before and not out:
                text = text.lstrip()
            elif len(before) == 1 and before[0].part.source is Source.BEGIN and not out:
                body = text.lstrip()
                text = _lead(begin, lead, body, first=False) + body
            out.append(Placed(Part(text, item.source, item.key), item, _words(item, place)))

    add(lore_lines(lore, profile, lead))
    add([(item, lead + item.line) for item in items if item.source is Source.NOTE])
    add(lore_lines(after, profile, lead))
    return out


def _before_last(paragraphs: int) -> str:
    return (
        f"before the last {paragraphs} paragraphs"
        if paragraphs > 1
        else "before the last paragraph"
    )


def _words(item: Item, place: str) -> str:
    """A place in words."""
    if item.source is Source.LORE and item.position is not Position.DEPTH:
        return str(item.position)
    return place
