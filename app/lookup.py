"""The stories of a folder as rows of the list; runs in the lane for files."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QDate, QDateTime, QLocale

from app.story_list import StoryRow
from engine.errors import KnownError
from engine.story.shelf import Card, Shelf, read_story

TAIL = 220  # characters
_CHAPTER = re.compile(r"^\s*#{1,3} +")


@dataclass(frozen=True, slots=True)
class Found:
    """The rows, whether they answer a search, whether there is any story, which one to go on with."""

    rows: list[StoryRow]
    searched: bool
    any_at_all: bool
    featured: StoryRow | None = None


def last_words(path: Path) -> str:
    """How far a story has come; empty where it cannot be read."""
    try:
        state = read_story(path).state
    except KnownError:
        return ""
    text = " ".join("".join(node.text for node in state.path(state.head)[-6:]).split())
    return text if len(text) <= TAIL else "…" + text[-TAIL:].split(" ", 1)[-1]


def look_up(folder: Path, text: str, last: str = "") -> Found:
    """The stories in which ``text`` stands, with the place; all of them if it is empty.

    ``last`` is the story to go on with; its end is found as well.

    Raises:
        KnownError: the folder cannot be read.
    """
    with Shelf(folder) as shelf:
        cards = shelf.cards()
        if not text:
            rows = [row_of(card, card.opening) for card in cards]
            first = next((card for card in cards if str(card.path) == last), None)
            first = first or next(iter(cards), None)
            featured = row_of(first, last_words(first.path)) if first is not None else None
            return Found(rows, searched=False, any_at_all=bool(cards), featured=featured)
        snippets: dict[Path, str] = {}
        for match in shelf.search(text, refresh=False):
            plain = match.snippet.replace("\x02", "").replace("\x03", "")
            snippets.setdefault(match.path, plain)
        words = text.casefold().split()
        for card in cards:
            if all(word in card.title.casefold() for word in words):
                snippets.setdefault(card.path, card.opening)
        rows = [row_of(card, snippets[card.path]) for card in cards if card.path in snippets]
        return Found(rows, searched=True, any_at_all=bool(cards))


def row_of(card: Card, text: str) -> StoryRow:
    """A story as a row, with ``text`` as its line; what is wrong with it instead, if so."""
    text = _CHAPTER.sub("", card.trouble or text)
    return StoryRow(str(card.path), card.title, text, when(card.played), card.words)


def when(moment: float, now: float | None = None) -> str:
    """A moment as people say it: today, yesterday, a date."""
    here = QDateTime.fromSecsSinceEpoch(int(moment)).date()
    today = QDateTime.fromSecsSinceEpoch(int(time.time() if now is None else now)).date()
    days = here.daysTo(today)
    if days == 0:
        return QCoreApplication.translate("Stories", "today")
    if days == 1:
        return QCoreApplication.translate("Stories", "yesterday")
    if 1 < days < 7:
        return QLocale().dayName(here.dayOfWeek())
    form = QLocale.FormatType.ShortFormat if here.year() != QDate(today).year() else "d MMMM"
    return QLocale().toString(here, form)
