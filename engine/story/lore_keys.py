"""Finding lore keys in a text: plain words and ``/regex/flags``, in bounded time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from time import monotonic
from typing import NamedTuple

import regex

LONGEST_KEY = 400  # characters
LONGEST_TEXT = 20_000  # characters of one paragraph that are searched
KEY_SECONDS = 0.05  # for one pattern in one paragraph
SEARCH_SECONDS = 0.25  # for all patterns of one window
_MOST_PATTERNS = 4096
_MOST_KEYS = 16_384
# A pattern with anchors or conditions may be in a paragraph though it is not in the whole.
_SENSITIVE = re.compile(r"[\^$]|\\[AZzGK]|\(\?|\(\*|[*+?}]\+")

_QUOTES = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"'})
_FLAGS = {"i": regex.IGNORECASE, "m": regex.MULTILINE, "s": regex.DOTALL, "x": regex.VERBOSE}
_IGNORED_FLAGS = "gyuvd"  # of JavaScript, without meaning here


class Match(NamedTuple):
    """A key and where it was found: the place of the text in the row."""

    key: str
    place: int


class BadKeyError(ValueError):
    """A key that cannot be used; ``str()`` says why, in words that follow its name."""


class Texts:
    """Texts to be searched, newest first, in the forms that plain keys are compared in."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.raw = [text[-LONGEST_TEXT:].translate(_QUOTES) for text in texts]
        self.folded = [text.casefold() for text in self.raw]
        self.all_raw = "\n".join(self.raw)  # most keys are nowhere, which one look tells
        self.all_folded = "\n".join(self.folded)


class KeyFinder:
    """Finds keys; ``start`` begins a new window and its allowance of time for patterns."""

    def __init__(self) -> None:
        self._patterns: dict[str, regex.Pattern[str] | str] = {}
        self._plain: dict[tuple[str, bool], str] = {}
        self._until = 0.0

    def start(self) -> None:
        """Begin a new window."""
        self._until = monotonic() + SEARCH_SECONDS

    def find(
        self, key: str, texts: Texts, depth: int, *, whole_word: bool, match_case: bool
    ) -> Match | None:
        """The newest of the first ``depth`` texts that holds ``key``; BadKeyError if it is unusable."""
        if is_pattern(key):
            return self._find_pattern(key, texts, depth)
        plain = self._plain.get((key, match_case))
        if plain is None:
            plain = self._prepared(key, match_case=match_case)
        if not plain or plain not in (texts.all_raw if match_case else texts.all_folded):
            return None
        for index, text in enumerate((texts.raw if match_case else texts.folded)[:depth]):
            if plain in text and (not whole_word or _stands_alone(plain, text)):
                return Match(key, index)
        return None

    def _prepared(self, key: str, *, match_case: bool) -> str:
        """A plain key in the form it is compared in."""
        plain = key.strip().translate(_QUOTES)
        if len(plain) > LONGEST_KEY:
            raise BadKeyError(f"is longer than {LONGEST_KEY} characters")
        if len(self._plain) >= _MOST_KEYS:
            self._plain.clear()
        plain = self._plain[key, match_case] = plain if match_case else plain.casefold()
        return plain

    def _find_pattern(self, key: str, texts: Texts, depth: int) -> Match | None:
        pattern = self._compiled(key)
        if not _SENSITIVE.search(key) and not self._search(pattern, texts.all_raw):
            return None
        for index, text in enumerate(texts.raw[:depth]):
            if self._search(pattern, text):
                return Match(key, index)
        return None

    def _search(self, pattern: regex.Pattern[str], text: str) -> bool:
        left = self._until - monotonic()
        if left <= 0:
            raise BadKeyError("was not tried: the patterns together took too long")
        try:
            return pattern.search(text, timeout=min(left, KEY_SECONDS)) is not None
        except TimeoutError:
            raise BadKeyError("took too long and was given up") from None

    def _compiled(self, key: str) -> regex.Pattern[str]:
        known = self._patterns.get(key)
        if known is None:
            if len(self._patterns) >= _MOST_PATTERNS:
                self._patterns.clear()
            try:
                known = compile_key(key)
            except BadKeyError as error:
                known = str(error)
            self._patterns[key] = known
        if isinstance(known, str):
            raise BadKeyError(known)
        return known


def is_pattern(key: str) -> bool:
    """Whether a key is ``/regex/flags`` rather than plain text."""
    end = key.rfind("/")
    return key.startswith("/") and end > 1 and (not key[end + 1 :] or key[end + 1 :].isalpha())


def compile_key(key: str) -> regex.Pattern[str]:
    """The pattern of a ``/regex/flags`` key; BadKeyError if it has none."""
    end = key.rfind("/")
    source, letters = key[1:end].replace("\\/", "/"), key[end + 1 :]
    if len(source) > LONGEST_KEY:
        raise BadKeyError(f"is longer than {LONGEST_KEY} characters")
    flags = regex.VERSION0
    for letter in letters:
        if letter not in _FLAGS and letter not in _IGNORED_FLAGS:
            raise BadKeyError(f"has an unknown flag, {letter}")
        flags |= _FLAGS.get(letter, 0)
    if _explodes(source):
        raise BadKeyError("repeats too much")
    try:
        pattern = regex.compile(source, flags, cache_pattern=False)
        empty = pattern.search("", timeout=KEY_SECONDS)
    except (regex.error, ValueError, OverflowError, RecursionError, MemoryError) as error:
        raise BadKeyError(f"is not a valid pattern: {str(error)[:100]}") from None
    except TimeoutError:
        raise BadKeyError("took too long and was given up") from None
    if empty:
        raise BadKeyError("matches nothing at all, so it would always fire")
    return pattern


def _explodes(source: str) -> bool:
    """Whether counted repeats multiply to more than a compiler can be asked for."""
    product = 1
    for count in regex.findall(r"\{(\d*),?(\d*)\}", source):
        product *= max((1, *(int(number[:9]) for number in count if number)))
    return product > 100_000


def _stands_alone(key: str, text: str) -> bool:
    """Whether ``key`` is somewhere in ``text`` with no letter, digit or underscore grown to it."""
    at = text.find(key)
    while at >= 0:
        end = at + len(key)
        before = at > 0 and _is_word(key[0]) and _is_word(text[at - 1])
        after = end < len(text) and _is_word(key[-1]) and _is_word(text[end])
        if not before and not after:
            return True
        at = text.find(key, at + 1)
    return False


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
