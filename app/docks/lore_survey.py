"""Looks through the lorebook off the GUI thread: what fires, how long it is, what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.docks.lore_book import Book
from app.docks.parts import Parts
from app.jobs import Job, Lane
from engine.story.lines import ActionLines
from engine.story.lint import Finding, lint
from engine.story.lore_keys import KeyFinder
from engine.story.lorebook import Entry, LoreSettings
from engine.story.node import Node
from engine.story.rehearsal import look_back
from engine.turn import answer_room

PAUSE = 250  # ms after the last change
SHOWN = 60  # ms between two times that facts are shown
BATCH = 500  # entries that are told of at once
_MOST_SIZES = 50_000  # texts whose length is remembered


@dataclass(slots=True)
class Facts:
    """What is known about an entry; ``ago`` counts turns back to when it fired (0: the next turn).

    None is not known yet; ``ago`` -1 is never, as far as was looked back.
    """

    tokens: int | None = None
    ago: int | None = None
    reason: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(slots=True)
class News:
    """What was found out, by the ids of entries."""

    now: dict[int, str] = field(default_factory=dict)  # the reasons of all, as of the next turn
    ago: dict[int, int] = field(default_factory=dict)
    tokens: dict[int, int] = field(default_factory=dict)
    findings: dict[int, tuple[Finding, ...]] = field(default_factory=dict)


class Survey(QObject):
    """Keeps ``facts`` about the entries of a book up to date while somebody looks.

    Signals:
        found: facts have changed.
    """

    found = Signal()

    def __init__(self, parts: Parts, book: Book, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self._book = book
        self._wanted = False
        self._job: Job | None = None
        self._finder, self._lines = KeyFinder(), ActionLines()  # of the lane's one thread
        self._sizes: dict[str, int] = {}
        self._tokenizer: object = None
        self.facts: dict[int, Facts] = {}
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE)
        self._pause.timeout.connect(self._start)
        self._show = QTimer(self)
        self._show.setSingleShot(True)
        self._show.setInterval(SHOWN)
        self._show.timeout.connect(self.found)
        for signal in (book.rebuilt, book.changed, book.settings_changed):
            signal.connect(self.later)
        for signal in (parts.writer.changed, parts.writer.model_changed):
            signal.connect(self.later)
        parts.writer.opened.connect(self._opened)

    def of(self, lore_id: int) -> Facts:
        """What is known about an entry."""
        return self.facts.get(lore_id) or Facts()

    @property
    def flawed(self) -> int:
        """How many entries have findings."""
        return sum(bool(fact.findings) for fact in self.facts.values())

    @property
    def busy(self) -> bool:
        """Whether something is still to be found out."""
        return self._pause.isActive() or self._job is not None

    def want(self, *, on: bool) -> None:
        """Whether somebody looks."""
        self._wanted = on
        if on:
            self.later()
        else:
            self._pause.stop()
            self._cancel()

    @Slot()
    def later(self) -> None:
        """Look again, a little later."""
        if self._wanted:
            self._pause.start()

    @Slot(object)
    def _opened(self, _story: object) -> None:
        self._cancel()
        self.facts = {}
        self._lines = ActionLines()
        self.later()

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None

    @Slot()
    def _start(self) -> None:
        self._cancel()
        story, writer = self._book.story, self._parts.writer
        self.facts = {key: fact for key, fact in self.facts.items() if key in self._book.entries}
        if story is None or not self._book.entries:
            self.found.emit()
            return
        count, room = None, 0
        if writer.model is not None:
            backend = writer.model.backend
            if backend.tokenizer is not self._tokenizer or not backend.tokenizer.exact:
                self._tokenizer, self._sizes = backend.tokenizer, {}
            count = _counter(backend.tokenizer.encode, self._sizes)
            room = backend.n_ctx - answer_room(writer.play(story), backend.n_ctx)
        entries, settings = tuple(self._book.entries.values()), self._book.settings
        branch, finder, lines = story.branch(), self._finder, self._lines
        job = Job(lambda: _look(entries, settings, branch, finder, lines, count, room))
        job.yielded.connect(self._told)
        job.ended.connect(self._ended)
        self._job = job
        self._parts.jobs.start(job, Lane.LOOK)

    @Slot(object)
    def _told(self, news: News) -> None:
        if self.sender() is not self._job:
            return
        facts, there = self.facts, self._book.entries
        for lore_id, reason in news.now.items():
            if lore_id in there:
                fact = facts.setdefault(lore_id, Facts())
                fact.reason = reason
                if fact.ago == 0:
                    fact.ago = None
        for name, values in (
            ("ago", news.ago), ("tokens", news.tokens), ("findings", news.findings)
        ):  # fmt: skip
            for lore_id, value in values.items():
                if lore_id in there:
                    setattr(facts.setdefault(lore_id, Facts()), name, value)
        if not self._show.isActive():
            self._show.start()

    @Slot(object)
    def _ended(self, error: object) -> None:
        if self.sender() is self._job:
            self._job = None
            if error is not None:
                self._parts.writer.report(error)
            self._show.stop()
            self.found.emit()


def _counter(encode: Callable[[str], list[int]], known: dict[str, int]) -> Callable[[str], int]:
    """Counts tokens, each text once."""

    def count(text: str) -> int:
        size = known.get(text)
        if size is None:
            if len(known) >= _MOST_SIZES:
                known.clear()
            size = known[text] = len(encode(" " + " ".join(text.split()))) if text.strip() else 0
        return size

    return count


def _look(
    entries: Sequence[Entry],
    settings: LoreSettings,
    branch: Sequence[Node],
    finder: KeyFinder,
    lines: ActionLines,
    count: Callable[[str], int] | None,
    room: int,
) -> Iterator[News]:
    """What is to be known, most urgent first."""
    unseen = {int(entry.id) for entry in entries}
    past = look_back(entries, settings, branch, finder, lines)
    for ago, decisions in past:
        fired = {int(one.entry.id) for one in decisions if one.fires} & unseen
        unseen -= fired
        news = News(ago=dict.fromkeys(fired, ago))
        if ago == 0:
            news.now = {int(one.entry.id): one.reason for one in decisions}
            yield news
            yield from _count(entries, count)
        elif fired:
            yield news
        else:
            yield News()  # a place to stop at
    yield News(ago=dict.fromkeys(unseen, -1))
    found = lint(entries, settings, branch, size=count, room=room, finder=finder, lines=lines)
    while batch := list(islice(found, BATCH)):
        yield News(findings={int(entry.id): findings for entry, findings in batch})


def _count(entries: Sequence[Entry], count: Callable[[str], int] | None) -> Iterator[News]:
    if count is not None:
        for at in range(0, len(entries), BATCH):
            yield News(tokens={int(one.id): count(one.text) for one in entries[at : at + BATCH]})
