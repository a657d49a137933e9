"""Short ways to ask a backend and to look at what came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from engine.errors import KnownError
from engine.lm.backend import Backend, End, Event, Finish, Request, Retract, Token

TEXT = "You stand in a hall.\n\n> You open the chest."


def request(backend: Backend, text: str = TEXT, **options: Any) -> Request:
    return Request(text, tuple(backend.tokenizer.encode(text)), **options)


def texts(events: Iterable[Event], n: int = 1) -> list[str]:
    """The texts of the candidates as a view would have them in the end."""
    rows: list[list[str]] = [[] for _ in range(n)]
    for event in events:
        if isinstance(event, Token):
            rows[event.row].append(event.text)
        elif isinstance(event, Retract):
            row = rows[event.row]
            del row[len(row) - event.n :]
    return ["".join(row) for row in rows]


def ends(events: Iterable[Event]) -> dict[int, Finish]:
    return {event.row: event.reason for event in events if isinstance(event, End)}


def until_fault(events: Iterator[Event]) -> tuple[list[Event], str]:
    """What came before a KnownError, and its sentence; the sentence is empty if there was none."""
    seen: list[Event] = []
    try:
        for event in events:
            seen.append(event)  # noqa: PERF402  what came before the fault counts
    except KnownError as error:
        return seen, str(error)
    return seen, ""
