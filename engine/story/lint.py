"""What is wrong with lore entries, in sentences: keys that never fire, or fire too often; length."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic

from engine.story.lines import ActionLines
from engine.story.lore_keys import (
    LONGEST_KEY,
    BadKeyError,
    KeyFinder,
    Texts,
    compile_key,
    is_pattern,
)
from engine.story.lorebook import Entry, Logic, LoreSettings, Trim
from engine.story.node import Node
from engine.story.scan import paragraphs_before

STORY_RESERVE = 512  # tokens kept for the story, at most half of the window, as in context.py
PATTERN_SECONDS = 3.0  # for all patterns of a lorebook in the whole story
_PARAGRAPHS = 1_000_000
_LOOKS = 50  # places of a key that are looked at
_WORD = re.compile(r"\w+")


class Flaw(StrEnum):
    """A kind of finding."""

    NO_TEXT = "no text"
    NO_KEY = "no key"
    EMPTY_KEY = "empty key"
    BAD_KEY = "bad key"
    NO_CHANCE = "no chance"
    NEVER = "never fires"
    ONLY_INSIDE = "only inside other words"
    INSIDE = "inside other words"
    TOO_LONG = "too long"
    SAME_NAME = "same name"
    SAME_KEY = "same key"


GRAVE = frozenset({Flaw.NO_TEXT, Flaw.NO_KEY, Flaw.BAD_KEY, Flaw.NO_CHANCE})


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at in an entry: a sentence, and the field of ``Entry`` it is about."""

    flaw: Flaw
    text: str
    field: str

    @property
    def grave(self) -> bool:
        """Whether the entry cannot work like this; else it is only worth a look."""
        return self.flaw in GRAVE


def lint(
    entries: Sequence[Entry],
    settings: LoreSettings,
    branch: Sequence[Node],
    *,
    size: Callable[[str], int] | None = None,
    room: int = 0,
    finder: KeyFinder | None = None,
    lines: ActionLines | None = None,
) -> Iterator[tuple[Entry, tuple[Finding, ...]]]:
    """The findings for each entry, one after the other; entries that are off have none.

    ``size`` counts the tokens of a text and ``room`` is how many the window has for everything
    before the answer; without them nothing is said about length.
    """
    look = _Look(entries, settings, branch, finder or KeyFinder(), lines or ActionLines())
    for entry in entries:
        found = tuple(_findings(entry, look, size, room)) if entry.enabled else ()
        yield entry, found


def _findings(
    entry: Entry, look: _Look, size: Callable[[str], int] | None, room: int
) -> Iterator[Finding]:
    if not entry.text.strip():
        yield Finding(
            Flaw.NO_TEXT, "It has no text, so there is nothing to tell the model.", "text"
        )
    if entry.probability <= 0:
        yield Finding(Flaw.NO_CHANCE, "Its chance is 0 %, so it never fires.", "probability")
    if not entry.constant:
        yield from _keys(entry, look)
    if size is not None and room > 0 and entry.text.strip():
        yield from _length(entry, size(entry.text.strip()), room)
    yield from look.doubles(entry)


def _keys(entry: Entry, look: _Look) -> Iterator[Finding]:
    usable = []
    for field, keys in (("keys", entry.keys), ("secondary", entry.secondary)):
        for key in keys:
            why = _unusable(key) if key.strip() else ""
            if why:
                yield Finding(Flaw.BAD_KEY, f"The key {key[:60]} {why}.", field)
            elif key.strip() and field == "keys":
                usable.append(key)
    if not any(key.strip() for key in entry.keys):
        yield Finding(
            Flaw.NO_KEY,
            "It has no key, so it never fires: add one, or let it be always on.",
            "keys",
        )
    elif not all(key.strip() for key in (*entry.keys, *entry.secondary)):
        yield Finding(Flaw.EMPTY_KEY, "One of its keys is empty and is passed over.", "keys")
    if usable and look.any_story:
        yield from _in_story(entry, usable, look)


def _in_story(entry: Entry, keys: list[str], look: _Look) -> Iterator[Finding]:
    """What the story says about keys that can be used."""
    there = [key for key in keys if look.has(entry, key, whole_word=entry.whole_word)]
    if not entry.whole_word:
        for key in there:
            word = look.grown(entry, key)
            if word:
                yield Finding(
                    Flaw.INSIDE,
                    f"“{key.strip()[:40]}” also fires inside “{word}”: let it match whole words only.",
                    "whole_word",
                )
                break
    if there:
        missing = _secondary_missing(entry, look)
        if missing:
            yield Finding(Flaw.NEVER, missing, "secondary")
        return
    for key in keys if entry.whole_word else ():
        word = look.grown(entry, key)
        if word:
            yield Finding(
                Flaw.ONLY_INSIDE,
                f"“{key.strip()[:40]}” stands in this story only inside other words (“{word}”): add "
                "that word as a key, or do not ask for whole words.",
                "keys",
            )
            return
    if not look.through_others(entry, keys):
        text = "None of its keys has come up in this story so far."
        if len(keys) == 1:
            text = f"Its key, “{keys[0].strip()[:40]}”, has not come up in this story so far."
        yield Finding(Flaw.NEVER, text, "keys")


def _secondary_missing(entry: Entry, look: _Look) -> str:
    """Why secondary keys never let it fire, as far as that is certain."""
    keys = [key for key in entry.secondary if key.strip() and not _unusable(key)]
    if not keys or entry.logic not in (Logic.AND_ANY, Logic.AND_ALL):
        return ""
    missing = [key for key in keys if not look.has(entry, key, whole_word=entry.whole_word)]
    if entry.logic is Logic.AND_ALL and missing:
        return (
            f"Its secondary key “{missing[0].strip()[:40]}” has not come up in this story so far."
        )
    if len(missing) == len(keys):
        return "None of its secondary keys has come up in this story so far."
    return ""


def _length(entry: Entry, tokens: int, room: int) -> Iterator[Finding]:
    kept = {
        Trim.BOTTOM: "only its beginning is sent",
        Trim.TOP: "only its end is sent",
        Trim.NONE: "it is left out",
    }[entry.trim]
    most = room - min(STORY_RESERVE, room // 2)
    own = int(entry.budget * room if entry.budget <= 1 else entry.budget)
    if 0 < own < tokens:
        yield Finding(
            Flaw.TOO_LONG,
            f"Its text takes {tokens} tokens and its limit is {own}: {kept}.",
            "budget",
        )
    elif tokens > most:
        yield Finding(
            Flaw.TOO_LONG,
            f"Its text takes {tokens} tokens, and beside the story the window has no more than "
            f"{most}: {kept}.",
            "text",
        )


def _unusable(key: str) -> str:
    """Why a key cannot be used, in words that follow its name; "" if it can."""
    if is_pattern(key):
        try:
            compile_key(key)
        except BadKeyError as error:
            return str(error)
    elif len(key.strip()) > LONGEST_KEY:
        return f"is longer than {LONGEST_KEY} characters"
    return ""


class _Look:
    """The story and the lorebook, made ready for looking things up in them."""

    def __init__(
        self,
        entries: Sequence[Entry],
        settings: LoreSettings,
        branch: Sequence[Node],
        finder: KeyFinder,
        lines: ActionLines,
    ) -> None:
        self._settings = settings
        self._finder = finder
        self._story = Texts(paragraphs_before(branch, len(branch), _PARAGRAPHS, lines))
        self._vocabulary = frozenset(_WORD.findall(self._story.all_folded))
        self._words = "\n".join(self._vocabulary)
        self._lore: Texts | None = None
        self._entries = entries
        self._until = monotonic() + PATTERN_SECONDS
        self._names: dict[str, list[Entry]] = {}
        self._keys: dict[str, list[Entry]] = {}
        for entry in entries:
            if not entry.enabled:
                continue
            name = entry.name.strip().casefold()
            if name:
                self._names.setdefault(name, []).append(entry)
            for key in () if entry.constant else {_alike(key) for key in entry.keys}:
                if key:
                    self._keys.setdefault(key, []).append(entry)

    @property
    def any_story(self) -> bool:
        """Whether there are words to look for keys in."""
        return bool(self._words)

    def has(self, entry: Entry, key: str, *, whole_word: bool) -> bool:
        """Whether a key is anywhere in the story; where that cannot be told in time, it is."""
        if not is_pattern(key):
            if not self._may_be(key):
                return False
            plain = _alike(key)
            if whole_word and not entry.match_case and _WORD.fullmatch(plain):
                return plain in self._vocabulary
        return self._find(key, self._story, entry, whole_word=whole_word)

    def _may_be(self, key: str) -> bool:
        """False where a plain key cannot be in the story: one look at its words tells."""
        return all(part in self._words for part in _WORD.findall(_alike(key)))

    def _find(self, key: str, texts: Texts, entry: Entry, *, whole_word: bool) -> bool:
        if is_pattern(key) and monotonic() > self._until:
            return True
        self._finder.start()
        try:
            hit = self._finder.find(
                key, texts, len(texts.raw), whole_word=whole_word, match_case=entry.match_case
            )
        except BadKeyError:
            return True
        return hit is not None

    def grown(self, entry: Entry, key: str) -> str:
        """A word of the story that a plain key is only a part of, or ""."""
        form = Texts((key.strip(),))
        plain = form.all_raw if entry.match_case else form.all_folded
        text = self._story.all_raw if entry.match_case else self._story.all_folded
        if is_pattern(key) or not plain or not self._may_be(key):
            return ""
        at = -1
        for _ in range(_LOOKS):
            at = text.find(plain, at + 1)
            if at < 0:
                return ""
            start, end = at, at + len(plain)
            while start > 0 and _is_word(text[start - 1]) and _is_word(plain[0]):
                start -= 1
            while end < len(text) and _is_word(text[end]) and _is_word(plain[-1]):
                end += 1
            if end - start > len(plain):
                return text[start:end][:40]
        return ""

    def through_others(self, entry: Entry, keys: list[str]) -> bool:
        """Whether the texts of other entries may fire it."""
        if not self._settings.recursion or not entry.recursable:
            return False
        if self._lore is None:
            able = [one for one in self._entries if one.enabled and one.recursive]
            self._lore = Texts([one.text for one in able])
        return any(self._find(key, self._lore, entry, whole_word=entry.whole_word) for key in keys)

    def doubles(self, entry: Entry) -> Iterator[Finding]:
        """Other entries with the same name or the same key."""
        for other in self._names.get(entry.name.strip().casefold(), ()):
            if other is not entry:
                yield Finding(Flaw.SAME_NAME, "Another entry has the same name.", "name")
                break
        for key in () if entry.constant else entry.keys:
            for other in self._keys.get(_alike(key), ()):
                if other is not entry and not (entry.group and entry.group == other.group):
                    name = other.name.strip()[:40] or other.id
                    yield Finding(
                        Flaw.SAME_KEY, f"“{key.strip()[:40]}” is a key of {name} too.", "keys"
                    )
                    return


def _alike(key: str) -> str:
    """What keys that find the same have in common."""
    return key.strip() if is_pattern(key) else Texts((key.strip(),)).all_folded


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
