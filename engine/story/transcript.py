"""The end of a branch as the model reads it: one text, in units that can be left out one by one."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import NamedTuple

from engine.sentences import ends_sentence, sentence_ends
from engine.story.ledger import Source
from engine.story.lines import ActionLines
from engine.story.node import Kind, Node
from engine.story.pieces import Pieces, Sampled
from engine.story.profile import SLOT, Profile
from engine.story.visible import Run, Visible, opens_comment, shown, visible
from engine.tokens import common_prefix

ACTIONS = frozenset({Kind.DO, Kind.SAY})
LONGEST = 600  # characters of a unit; a longer sentence is parted at words
_PARAGRAPH = re.compile(r"\S[^\n]*")
_WORD_GAP = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Origin:
    """``text[start:end]`` of a transcript comes from ``[first:last)`` of a passage's text."""

    start: int
    end: int
    node: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence, or an action: it begins with its white space and ends with another character.

    ``start`` is where it stands in the transcript, ``lead`` the length of its white space, ``node``
    and ``offset`` where its first character was written, ``paragraph`` whether it begins one.
    ``ids`` are those the model sampled for exactly this text, or None.
    """

    text: str
    start: int
    lead: int
    source: Source
    node: int
    offset: int
    paragraph: bool
    ids: tuple[int, ...] | None = None

    @property
    def body(self) -> str:
        """The text without its white space."""
        return self.text[self.lead :]


@dataclass(frozen=True, slots=True)
class Transcript:
    """The text of the newest passages; ``whole`` if none is missing at the beginning."""

    text: str
    origins: tuple[Origin, ...]
    units: tuple[Unit, ...]
    whole: bool
    stripped: str


def newest(branch: Sequence[Node], characters: int) -> tuple[list[Node], bool]:
    """The last passages with at least so many characters, in order, and whether those are all."""
    total = 0
    first = len(branch)
    while first > 0 and total < characters:
        first -= 1
        total += len(branch[first].text)
    return [node for node in branch[first:] if node.text], first == 0


def transcribe(
    branch: Sequence[Node],
    characters: int,
    profile: Profile,
    pieces: Pieces,
    lines: ActionLines,
) -> Transcript:
    """The transcript of at least the last ``characters`` of a branch, where there are so many."""
    nodes, whole = newest(branch, characters)
    writer = _Writer(profile, pieces, lines, characters)
    hidden = False
    for index, node in enumerate(nodes):
        if node.kind in ACTIONS:
            writer.action(node)
            hidden = False
            continue
        opens = opens_comment(node.text, hidden=hidden)
        closed = opens and _closes(nodes, index + 1)
        writer.prose(node, hidden=hidden, to_end=closed)
        hidden = closed
    return writer.transcript(whole=whole and not writer.clipped)


def _closes(nodes: Sequence[Node], index: int) -> bool:
    """Whether a comment that is open before ``nodes[index]`` ends before the next action."""
    for node in nodes[index:]:
        if node.kind in ACTIONS:
            return False
        if "|>" in node.text:
            return True
    return False


class _Reply(NamedTuple):
    """Sampled ids are good for the transcript's [start:end); their text begins at ``base``."""

    start: int
    end: int
    base: int
    ids: tuple[int, ...]
    sampled: Sampled


class _Writer:
    """Joins passages: white space is held back until something follows it."""

    def __init__(self, profile: Profile, pieces: Pieces, lines: ActionLines, limit: int) -> None:
        self._profile = profile
        self._pieces = pieces
        self._lines = lines
        self._limit = limit
        self._ascii = profile.normalize == "ascii"
        self._out: list[str] = []
        self._length = 0
        self._pending = ""
        self._after_action = False
        self._origins: list[Origin] = []
        self._kinds: list[tuple[int, int, Source]] = []  # (start, end, source) of actions, opening
        self._replies: list[_Reply] = []
        self._last = ""
        self.clipped = False

    def action(self, node: Node) -> None:
        """Write an action in the profile's form."""
        line = " ".join(shown(self._lines(node), ascii_only=self._ascii).split())
        if not line:
            return
        before, _, after = self._profile.action.partition(SLOT)
        self._white(self._profile.action_lead)
        start = self._length
        self._write(before)
        at = self._length
        self._write(line + after)
        self._origins.append(Origin(at, at + len(line), node.id, 0, len(node.text)))
        self._kinds.append((start, self._length, Source.ACTION))
        self._pending = ""
        self._after_action = True

    def prose(self, node: Node, *, hidden: bool, to_end: bool) -> None:
        """Write a passage of prose; ``to_end`` says that its last comment goes on after it."""
        text, before = node.text, 0
        if len(text) > 8 * self._limit:  # a novel in one passage: only its end is looked at
            before = len(text) - 8 * self._limit
            hidden = opens_comment(text[:before], hidden=hidden)
            text = text[before:]
            self.clipped = True
        if to_end:
            text = (
                text[: max(text.rfind("<|"), 0)].rstrip(" \t") if not hidden or "|>" in text else ""
            )
        seen = visible(text, ascii_only=self._ascii, hidden=hidden)
        body = seen.text.strip()
        if not body:
            if not self._after_action:
                self._pending += seen.text
            return
        head = seen.text[: len(seen.text) - len(seen.text.lstrip())]
        tail = seen.text[len(seen.text.rstrip()) :]
        sampled = self._sampled(node)
        lead = self._lead(node, head, body, sampled)
        if sampled is not None and not hidden:
            raw = text.strip()
            if sampled.text.lstrip().startswith(raw) and shown(raw) == raw:
                first = text.find(raw)
                body, seen = raw, visible(text)  # what the model wrote stays as it wrote it
                head = text[:first]
        body, skipped = self._clip(body)
        self._white(lead)
        start = self._length
        self._write(body)
        self._map(node.id, seen, len(head) + skipped, start, before)
        if node.kind is Kind.OPENING:
            self._kinds.append((start, self._length, Source.OPENING))
        if sampled is not None and node.meta is not None and not skipped:
            self._fit(start, lead, body, node.meta.ids, sampled)
        self._pending = tail
        self._after_action = False

    def transcript(self, *, whole: bool) -> Transcript:
        """What was written, in units."""
        text = "".join(self._out)
        units = self._units(text)
        if not whole and len(units) > 1 and not units[0].lead:
            units = units[1:]  # the end of a word whose beginning was not looked at
        return Transcript(text, tuple(self._origins), tuple(units), whole, self._pending)

    def _sampled(self, node: Node) -> Sampled | None:
        if node.meta is None or not node.meta.ids:
            return None
        sampled = self._pieces.sampled(node.meta.ids)
        return sampled if sampled.text.strip() else None

    def _lead(self, node: Node, head: str, body: str, sampled: Sampled | None) -> str:
        """The white space before a passage: its own, what the model wrote, or the profile's."""
        wrote = ""
        if sampled is not None:
            wrote = sampled.text[: len(sampled.text) - len(sampled.text.lstrip())]
        if self._after_action:
            # The model's own, where it is a break between paragraphs and not a slip.
            return (
                wrote
                if "\n" in wrote and "\n" in self._profile.reply_lead
                else self._profile.reply_lead
            )
        lead = self._pending + head
        if lead or not self._out:
            return lead
        if node.revision == 0 and wrote:
            return wrote
        starts = body.lstrip("\"“‘'*(_")[:1]
        if node.kind is not Kind.OPENING and starts.isupper() and ends_sentence(self._last):
            return self._profile.paragraph  # two passages that were never one text
        return ""

    def _clip(self, body: str) -> tuple[str, int]:
        """The end of a very long passage: the rest could not be in the window."""
        if len(body) <= self._limit:
            return body, 0
        self.clipped = True
        self._out, self._length, self._pending = [], 0, ""
        self._origins, self._kinds, self._replies = [], [], []
        at = len(body) - self._limit
        gap = _WORD_GAP.search(body, at, at + 1000)
        at = gap.end() if gap else at
        return body[at:], at

    def _map(self, node: int, seen: Visible, skip: int, start: int, before: int) -> None:
        """Note where the written text stands in the passage."""
        end = self._length
        for run in seen.runs:
            if run.end <= skip:
                continue
            origin = _shifted(run, skip, start, node, before)
            if origin.start >= end:
                break
            if origin.end > end:
                cut = origin.end - end
                last = origin.last - cut if _identical(run) else origin.last
                origin = Origin(origin.start, end, node, origin.first, last)
            self._origins.append(origin)

    def _fit(
        self, start: int, lead: str, body: str, ids: tuple[int, ...], sampled: Sampled
    ) -> None:
        """Note how far the sampled ids agree with what was written."""
        wrote = sampled.text[: len(sampled.text) - len(sampled.text.lstrip())]
        same = common_prefix(sampled.text[len(wrote) :], body)
        # Where only the white space differs, all but the first sentence still fits.
        begin = start - len(lead) if lead == wrote else start
        self._replies.append(_Reply(begin, start + same, start - len(wrote), ids, sampled))

    def _white(self, text: str) -> None:
        """White space, unless it would be the first thing."""
        if self._out:
            self._write(text)

    def _write(self, text: str) -> None:
        if text:
            self._out.append(text)
            self._length += len(text)
            self._last = (self._last + text)[-200:]

    def _units(self, text: str) -> list[Unit]:
        """Part the text at paragraphs, sentences and, where those are endless, words."""
        units: list[Unit] = []
        start = 0
        for match in _PARAGRAPH.finditer(text):
            paragraph = match[0].rstrip()
            first = True
            begin, end = match.start(), match.start() + len(paragraph)
            source = self._source(begin)
            for stop in [end] if source is Source.ACTION else _stops(text, begin, end):
                units.append(self._unit(text, start, stop, paragraph=first))
                start, first = stop, False
        return units

    def _unit(self, text: str, start: int, stop: int, *, paragraph: bool) -> Unit:
        piece = text[start:stop]
        lead = len(piece) - len(piece.lstrip())
        at = start + lead
        node, offset = self._where(at)
        return Unit(
            piece, start, lead, self._source(at), node, offset, paragraph, self._ids(start, stop)
        )

    def _source(self, at: int) -> Source:
        index = bisect_right(self._kinds, at, key=itemgetter(0)) - 1
        if index >= 0 and at < self._kinds[index][1]:
            return self._kinds[index][2]
        return Source.HISTORY

    def _where(self, at: int) -> tuple[int, int]:
        """The passage and offset that the character at ``at`` comes from."""
        index = bisect_right(self._origins, at, key=attrgetter("end"))
        origin = self._origins[min(index, len(self._origins) - 1)]
        inside = max(at - origin.start, 0)
        return origin.node, min(origin.first + inside, origin.last)

    def _ids(self, start: int, stop: int) -> tuple[int, ...] | None:
        index = bisect_right(self._replies, start, key=attrgetter("start")) - 1
        if index < 0 or stop > self._replies[index].end:
            return None
        reply = self._replies[index]
        first = reply.sampled.places.get(start - reply.base)
        last = reply.sampled.places.get(stop - reply.base)
        return None if first is None or last is None else reply.ids[first:last]


def _identical(run: Run) -> bool:
    return run.end - run.start == run.last - run.first


def _shifted(run: Run, skip: int, start: int, node: int, before: int) -> Origin:
    """A run of the visible text, from ``skip`` on, where it stands in the transcript."""
    begin = max(run.start, skip)
    first = run.first + (begin - run.start) if _identical(run) else run.first
    end = start + run.end - skip
    return Origin(start + begin - skip, end, node, before + first, before + run.last)


def _stops(text: str, begin: int, end: int) -> list[int]:
    """Where the units of one paragraph end."""
    ends = [begin + at for at in sentence_ends(text[begin:end])]
    out: list[int] = []
    for stop in [*[at for at in ends if at < end and text[at].isspace()], end]:
        while stop - begin > LONGEST:
            gap = _last_gap(text, begin + 1, begin + LONGEST)
            if gap is None:
                break
            out.append(gap)
            begin = gap
        out.append(stop)
        begin = stop
    return out


def _last_gap(text: str, begin: int, end: int) -> int | None:
    """Where the last white space of ``text[begin:end]`` begins, words on both sides."""
    for at in range(end - 1, begin, -1):
        if text[at].isspace() and not text[at - 1].isspace():
            return at
    return None
