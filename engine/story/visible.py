"""What of a text the model may read: without hidden comments and stray controls, perhaps in ASCII."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

COMMENT_OPEN, COMMENT_CLOSE = "<|", "|>"

_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f]")  # \x1c to \x1f are white space to Python alone
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_FOLDS = str.maketrans(
    {
        "‘": "'",
        "’": "'",
        "‚": "'",
        "‛": "'",
        "′": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "‟": '"',
        "«": '"',
        "»": '"',
        "″": '"',
        "‹": "'",
        "›": "'",
        "–": "-",
        "—": "--",
        "―": "--",
        "‐": "-",
        "‑": "-",
        "−": "-",
        "•": "*",
        "·": "*",
        "×": "x",
        "ß": "ss",
        "Æ": "AE",
        "æ": "ae",
        "Œ": "OE",
        "œ": "oe",
        "Ø": "O",
        "ø": "o",
        "Ł": "L",
        "ł": "l",
        "Đ": "D",
        "đ": "d",
        "Þ": "Th",
        "þ": "th",
        "Ð": "D",
        "ð": "d",
        "ı": "i",
        "\u200b": "",
        "\u200c": "",
        "\u200d": "",
        "\u2060": "",
        "\ufeff": "",
        "\u00ad": "",
    }
)


class Run(NamedTuple):
    """``text[start:end]`` of what is shown comes from ``[first:last)`` of what is stored."""

    start: int
    end: int
    first: int
    last: int


class Visible(NamedTuple):
    """A text as the model may read it; ``runs`` are in order and cover it."""

    text: str
    runs: tuple[Run, ...]


def visible(text: str, *, ascii_only: bool = False, hidden: bool = False) -> Visible:
    """``text`` as the model may read it; ``hidden`` says that it begins inside a comment."""
    plain = not hidden and COMMENT_OPEN not in text and not _CONTROLS.search(text)
    if plain and (not ascii_only or text.isascii()):
        return Visible(text, (Run(0, len(text), 0, len(text)),) if text else ())
    out: list[str] = []
    runs: list[Run] = []
    at = 0
    for first, last in _kept(text, hidden=hidden):
        for piece, start, end in _pieces(text, first, last, ascii_only=ascii_only):
            if piece:
                out.append(piece)
                runs.append(Run(at, at + len(piece), start, end))
                at += len(piece)
    return Visible("".join(out), tuple(runs))


def shown(text: str, *, ascii_only: bool = False) -> str:
    """The text of ``visible``."""
    return visible(text, ascii_only=ascii_only).text


def opens_comment(text: str, *, hidden: bool = False) -> bool:
    """Whether ``text`` ends inside a comment that it or a passage before it opened."""
    at = 0
    if hidden:
        end = text.find(COMMENT_CLOSE)
        if end < 0:
            return True
        at = end + len(COMMENT_CLOSE)
    opening = text.rfind(COMMENT_OPEN, at)
    return opening >= 0 and text.find(COMMENT_CLOSE, opening + len(COMMENT_OPEN)) < 0


def fold(text: str) -> str:
    """``text`` in ASCII as far as there is a counterpart; other letters are kept."""
    folded = text.translate(_FOLDS)
    if folded.isascii():
        return folded
    out: list[str] = []
    for character in folded:
        if character.isascii():
            out.append(character)
            continue
        bare = "".join(
            part
            for part in unicodedata.normalize("NFKD", character)
            if not unicodedata.combining(part)
        )
        out.append(bare if bare.isascii() else character)
    return "".join(out)


def _kept(text: str, *, hidden: bool) -> list[tuple[int, int]]:
    """The stretches of ``text`` outside comments; a comment that is never closed is plain text."""
    kept: list[tuple[int, int]] = []
    at = 0
    if hidden:
        end = text.find(COMMENT_CLOSE)
        if end < 0:
            return []
        at = end + len(COMMENT_CLOSE)
    while True:
        start = text.find(COMMENT_OPEN, at)
        end = text.find(COMMENT_CLOSE, start + len(COMMENT_OPEN)) if start >= 0 else -1
        if start < 0 or end < 0:
            kept.append((at, len(text)))
            return [(first, last) for first, last in kept if first < last]
        last, following = start, end + len(COMMENT_CLOSE)
        # Of the white space on both sides of a comment only one side stays.
        if text[following : following + 1].isspace() or following == len(text):
            while last > at and text[last - 1] in " \t":
                last -= 1
        kept.append((at, last))
        if last == 0 or text[last - 1] == "\n":
            while following < len(text) and text[following] == "\n":
                following += 1
        at = following


def _pieces(text: str, first: int, last: int, *, ascii_only: bool) -> list[tuple[str, int, int]]:
    """``text[first:last]`` in pieces that are as stored or replaced as a whole."""
    pattern = _ODD if ascii_only else _CONTROLS
    out: list[tuple[str, int, int]] = []
    at = first
    for match in pattern.finditer(text, first, last):
        if match.start() > at:
            out.append((text[at : match.start()], at, match.start()))
        piece = match[0]
        out.append((fold(piece) if not piece.isascii() else "", match.start(), match.end()))
        at = match.end()
    if at < last:
        out.append((text[at:last], at, last))
    return out


_ODD = re.compile(f"{_NOT_ASCII.pattern}|{_CONTROLS.pattern}")
