"""Qt counts text in UTF-16 units, Python in code points: the one place that converts."""

from __future__ import annotations


def units(text: str) -> int:
    """How many UTF-16 units Qt counts in ``text``."""
    if text.isascii():
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def to_units(text: str, points: int) -> int:
    """The UTF-16 unit at which the code point number ``points`` of ``text`` begins."""
    return units(text[:points])


def to_points(text: str, unit: int) -> int:
    """The code point that holds UTF-16 unit number ``unit``; inside a pair, the pair's own."""
    if text.isascii():
        return max(0, min(unit, len(text)))
    seen = 0
    for index, character in enumerate(text):
        seen += 2 if character > "\uffff" else 1
        if seen > unit:
            return index
    return len(text)
