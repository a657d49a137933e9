"""Finding in a text: plain words or a regular expression, without ever hanging. No widgets."""

from __future__ import annotations

import time
from dataclasses import dataclass

import regex

from engine.errors import KnownError

SECONDS = 0.7  # of this processor, after which a pattern is given up
MOST = 20_000  # matches that are listed
LONGEST = 10_000  # characters of a pattern


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for."""

    pattern: str
    case: bool = False
    words: bool = False
    is_regex: bool = False

    def compiled(self) -> regex.Pattern[str]:
        """The query as a regular expression; KnownError says what is wrong with one."""
        if len(self.pattern) > LONGEST:
            raise KnownError("That is too long to search for.")
        source = self.pattern if self.is_regex else regex.escape(self.pattern, literal_spaces=True)
        if self.words:
            source = rf"(?<!\w)(?:{source})(?!\w)"
        flags = regex.MULTILINE | (0 if self.case else regex.IGNORECASE)
        try:
            return regex.compile(source, flags)
        except (regex.error, RecursionError, OverflowError, MemoryError) as error:
            raise KnownError(f"This is not a regular expression: {error}.") from error


@dataclass(frozen=True, slots=True)
class Match:
    """A place that matches, in code points, and what a replacement makes of it."""

    start: int
    end: int
    replacement: str = ""


def find_all(text: str, query: Query, replacement: str | None = None) -> list[Match]:
    r"""Every match, at most ``MOST``, none of them empty.

    In a ``replacement`` of a regular expression ``\1`` and ``\g<name>`` are groups. KnownError for
    a pattern that is wrong, or that takes longer than ``SECONDS``.
    """
    if not query.pattern:
        return []
    pattern = query.compiled()
    matches: list[Match] = []
    deadline = time.monotonic() + SECONDS
    try:
        for found in pattern.finditer(text, timeout=SECONDS):
            if found.end() == found.start():
                continue
            new = replacement or ""
            if query.is_regex and replacement:
                new = found.expand(replacement)
            matches.append(Match(found.start(), found.end(), new))
            if len(matches) >= MOST or time.monotonic() > deadline:
                break
    except TimeoutError as error:
        raise KnownError(
            f"This expression takes longer than {SECONDS:g} seconds. Make it simpler."
        ) from error
    except (regex.error, IndexError) as error:
        raise KnownError(f"This replacement cannot be used: {error}.") from error
    return matches
