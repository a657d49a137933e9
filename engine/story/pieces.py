"""Text to ids for the parts of a window, cached; and where a reply's sampled ids fit its text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from engine.tokens import Tokenizer

_MOST = 16_384  # texts kept; a window has a few hundred parts


class Sampled(NamedTuple):
    """Decoded ids: ``places`` maps offsets in ``text`` to the index of the id that begins there."""

    text: str
    places: dict[int, int]


class Pieces:
    """The ids of texts that begin with white space and end without: they may be joined freely.

    In GPT-2's pre-tokenization a token never goes on from another character into white space, so
    the ids of such parts in a row are the ids of the whole.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._ids: dict[str, tuple[int, ...]] = {}
        self._sampled: dict[tuple[int, ...], Sampled] = {}

    def ids(self, text: str) -> tuple[int, ...]:
        """The ids of ``text``."""
        ids = self._ids.get(text)
        if ids is None:
            if not self._tokenizer.exact:  # an estimate today may be a count tomorrow
                return tuple(self._tokenizer.encode(text))
            if len(self._ids) >= _MOST:
                self._ids.clear()
            ids = self._ids[text] = tuple(self._tokenizer.encode(text))
        return ids

    def count(self, text: str) -> int:
        """How many ids ``text`` has."""
        return len(self.ids(text)) if text else 0

    def sampled(self, ids: tuple[int, ...]) -> Sampled:
        """The text of sampled ids, up to the first that stands for no text, and where each begins."""
        known = self._sampled.get(ids)
        if known is None:
            if len(self._sampled) >= _MOST // 8:
                self._sampled.clear()
            known = self._sampled[ids] = self._decode(ids)
        return known

    def _decode(self, ids: Sequence[int]) -> Sampled:
        parts: list[bytes] = []
        for token in ids:
            if not 0 <= token < self._tokenizer.n_vocab or self._tokenizer.is_special(token):
                break
            parts.append(self._tokenizer.decode_bytes([token]))
        raw = b"".join(parts)
        text = raw.decode("utf-8", "replace")
        if text.encode("utf-8") != raw:
            return Sampled("", {})  # half a character somewhere: nothing to fit
        offsets = dict(zip(_offsets(text), range(len(text) + 1), strict=True))
        places: dict[int, int] = {}
        at = 0
        for index, part in enumerate([*parts, b""]):
            if at in offsets:
                places.setdefault(offsets[at], index)
            at += len(part)
        return Sampled(text, places)

    def last(self, text: str, most: int) -> str:
        """The longest end of ``text`` of at most ``most`` ids, from a word on where one fits."""
        if most <= 0:
            return ""
        text = text[-most * 32 :]
        starts = [
            at for at in range(1, len(text)) if text[at].isspace() and not text[at - 1].isspace()
        ]
        return self._longest(text, starts, most) or self._characters(text, most)

    def first(self, text: str, most: int) -> str:
        """The longest beginning of ``text`` of at most ``most`` ids, up to a word's end."""
        if most <= 0:
            return ""
        text = text[: most * 32]
        ends = [
            at for at in range(1, len(text)) if text[at].isspace() and not text[at - 1].isspace()
        ]
        low, high = 0, len(ends)
        while low < high:  # ends[:low] fit
            middle = (low + high) // 2
            if self.count(text[: ends[middle]]) <= most:
                low = middle + 1
            else:
                high = middle
        return text[: ends[low - 1]] if low else ""

    def _longest(self, text: str, starts: list[int], most: int) -> str:
        low, high = 0, len(starts)
        while low < high:  # starts[high:] fit
            middle = (low + high) // 2
            if self.count(text[starts[middle] :].lstrip()) <= most:
                high = middle
            else:
                low = middle + 1
        return text[starts[high] :].lstrip() if high < len(starts) else ""

    def _characters(self, text: str, most: int) -> str:
        """As many characters of the end as fit: for one endless word."""
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            if self.count(text[-middle:].lstrip()) <= most:
                low = middle
            else:
                high = middle - 1
        return text[-low:].lstrip() if low else ""


def _offsets(text: str) -> list[int]:
    """The byte offset of every character of ``text`` in UTF-8, and of its end."""
    if text.isascii():
        return list(range(len(text) + 1))
    out = [0]
    for character in text:
        code = ord(character)
        out.append(
            out[-1] + (1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4)
        )
    return out
