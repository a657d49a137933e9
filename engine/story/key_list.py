"""Lore keys as one text that a person edits: parted by commas or lines, nothing lost on the way."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable

_PART = re.compile(r"[,\n]")
_SPACE = re.compile(r"\s*")
_QUOTED = re.compile(r'"((?:[^"]|"")*)"\s*(?=[,\n]|\Z)')
_END = re.compile(r"(?<!\\)(?:\\\\)*/[A-Za-z]*(?=[^\S\n]*(?:[,\n]|\Z))")  # of a pattern
_AFTER = re.compile(r"[^\S\n]*")
LONGEST = 200_000  # characters that are looked at


def parse_keys(text: str) -> tuple[str, ...]:
    """The keys in a text: plain ones, ``/patterns, with commas/``, and ``"anything, quoted"``."""
    text = text[:LONGEST]
    ends = [match.end() for match in _END.finditer(text)]
    keys: list[str] = []
    at = 0
    while at < len(text):
        at = _match(_SPACE, text, at)
        quoted = _QUOTED.match(text, at)
        end = _pattern_end(text, at, ends) if not quoted else 0
        if quoted:
            keys.append(quoted[1].replace('""', '"'))
            at = quoted.end()
        elif end:
            keys.append(text[at:end])
            at = _match(_AFTER, text, end)
        else:
            stop = _PART.search(text, at)
            end = stop.start() if stop else len(text)
            plain = text[at:end].strip()
            if plain:
                keys.append(plain)
            at = end
        at += 1  # the comma
    return tuple(keys)


def _match(space: re.Pattern[str], text: str, at: int) -> int:
    found = space.match(text, at)
    return found.end() if found else at


def _pattern_end(text: str, at: int, ends: list[int]) -> int:
    """Where the ``/pattern/flags`` that begins here ends; 0 if none begins."""
    if not text.startswith("/", at):
        return 0
    first = bisect_right(ends, at + 1)
    for number in range(first, min(first + 2, len(ends))):
        end = ends[number]
        if text.rindex("/", at, end) > at + 1:
            return end
    return 0


def format_keys(keys: Iterable[str]) -> str:
    """The text that ``parse_keys`` reads as these keys."""
    return ", ".join(key if parse_keys(key) == (key,) else _quote(key) for key in keys)


def _quote(key: str) -> str:
    return '"' + key.replace('"', '""') + '"'
