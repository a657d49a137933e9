"""Swap the names (and now and then he and she) of an adventure, the same way all through it."""

from __future__ import annotations

# ruff: noqa: SIM905 - word lists read better as text
import re
from collections import Counter
from collections.abc import Iterable
from random import Random

from training.names import FEMALE, MALE, OTHER

_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]+")
_CAPITAL = re.compile(r"(?<=[a-z,;] )([A-Z][a-z]{2,})\b")
_HE = re.compile(r"\b(?:he|him|his)\b", re.IGNORECASE)
_SHE = re.compile(r"\b(?:she|her|hers)\b", re.IGNORECASE)
_PLACE = re.compile(r"\b(?:in|at|to|from|of|near|for|over|into) (?:the )?$")
_PAIRS = (
    "he she|himself herself|man woman|men women|boy girl|boys girls|father mother|son daughter|"
    "brother sister|uncle aunt|king queen|prince princess|grandfather grandmother|lad lass|"
    "grandpa grandma|husband wife|sir madam|Mr Mrs|gentleman lady|gentlemen ladies"
)
_SWAP = {a: b for pair in _PAIRS.split("|") for a, b in (pair.split(), pair.split()[::-1])}
# "her" before one of these (or before a stop) is the person, not a possession.
_AFTER_OBJECT = frozenset(
    "a an the and or but to in on at by for from with of up down out off over into back away about "
    "as if when while that what how who where then so too again before after until you it this some "
    "one all go come know see not one's well alone home".split()
)


def proper_names(texts: Iterable[str]) -> frozenset[str]:
    """Words that a collection nearly always writes with a capital, and in mid-sentence too."""
    upper: Counter[str] = Counter()
    lower: Counter[str] = Counter()
    inside: Counter[str] = Counter()
    for text in texts:
        for word in _WORD.findall(text):
            (upper if word[0].isupper() else lower)[word.lower()] += 1
        inside.update(word.lower() for word in _CAPITAL.findall(text))
    found = {w for w, n in inside.items() if n >= 2 and lower[w] <= 0.02 * upper[w]}
    return frozenset(found - _NEVER)


_NEVER = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february april june july "
    "august september october november december christmas mrs miss english french latin german "
    "mister doctor captain lord lady sir madam".split()
)


def rename(text: str, names: frozenset[str], random: Random) -> str:
    """``text`` with the people's names exchanged for others of their kind."""
    found = Counter(word for word in _CAPITAL.findall(text) if word.lower() in names)
    used = set(_WORD.findall(text))
    table: dict[str, str] = {}
    for name, count in found.items():
        if count + len(re.findall(rf"\b{name}\b", text)) < 3 or random.random() < 0.1:
            continue
        if _is_place(name, text):
            continue
        pool = {"f": FEMALE, "m": MALE, "": OTHER}[_gender(name, text)]
        for _ in range(8):
            other = random.choice(pool)
            if other not in used:
                used.add(other)
                table[name] = other
                break
    return (
        re.sub("|".join(rf"\b{n}\b" for n in table), lambda m: table[m[0]], text) if table else text
    )


def _is_place(name: str, text: str) -> bool:
    before = [text[max(0, m.start() - 12) : m.start()] for m in re.finditer(rf"\b{name}\b", text)]
    places = sum(bool(_PLACE.search(piece)) for piece in before)
    return places > 0.7 * len(before)


def _gender(name: str, text: str) -> str:
    after = [text[m.end() : m.end() + 70] for m in re.finditer(rf"\b{name}\b", text)]
    he = sum(bool(_HE.search(piece)) for piece in after)
    she = sum(bool(_SHE.search(piece)) for piece in after)
    if he > 2 * she:
        return "m"
    return "f" if she > 2 * he else ""


def swap_gender(text: str) -> str:
    """He for she and she for he, with the nouns that go with them; names are left alone."""

    def change(match: re.Match[str]) -> str:
        word, rest = match[0], match.string[match.end() : match.end() + 24]
        low = word.lower()
        if low == "her":
            follow = re.match(r" ([a-z']+)", rest)
            person = not follow or follow[1] in _AFTER_OBJECT
            other = "him" if person else "his"
        elif low == "his":
            other = "her" if re.match(r" [a-z]", rest) else "hers"
        elif low in ("him", "hers"):
            other = {"him": "her", "hers": "his"}[low]
        else:
            other = _SWAP.get(low) or _SWAP[word]
        return other.capitalize() if word[0].isupper() else other

    return _GENDERED.sub(change, text)


_GENDERED = re.compile(
    r"\b(?:"
    + "|".join([*(w for w in _SWAP if w[0].islower()), "her", "hers", "his", "him"])
    + r")\b",
    re.IGNORECASE,
)
