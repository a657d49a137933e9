"""The stories of a folder as rows of the list; runs in the lane for files."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QDate, QDateTime, QLocale

from app.story_list import StoryRow
from engine.story.shelf import Card, Shelf

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Found:
    """The rows, whether they answer a search, and whether the folder has any story."""

    rows: list[StoryRow]
    searched: bool
    any_at_all: bool


def look_up(folder: Path, text: str) -> Found:
    """The stories in which ``text`` stands, with the place; all of them if it is empty.

    Raises:
        KnownError: the folder cannot be read.
    """
    with Shelf(folder) as shelf:
        cards = shelf.cards()
        if not text:
            return Found(
                [row_of(card, card.opening) for card in cards],
                searched=False,
                any_at_all=bool(cards),
            )
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
    return StoryRow(str(card.path), card.title, card.trouble or text, when(card.played), card.words)


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
