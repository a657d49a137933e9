"""Suggested actions: what a model wrote after ``> You``, made fit to be clicked on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from engine.sentences import sentence_ends
from engine.story.actions import act
from engine.story.node import Kind

LONGEST = 90  # characters; a longer suggestion is no button
_LETTERS = re.compile(r"\w+")


def suggestions(
    continuations: Iterable[str],
    *,
    last_action: str = "",
    recent: Iterable[str] = (),
    limit: int = 3,
) -> list[str]:
    """Up to ``limit`` different actions, as lines that ``act`` leaves unchanged, best first.

    A continuation is what came after ``> You``. It is cut at the end of its line, or else at its
    first sentence; one that has neither end, is empty, too long, or repeats itself, ``last_action`` or
    one of the ``recent`` lines is dropped. Different verbs come first.
    """
    seen = {_key(act(Kind.DO, line)) for line in (last_action, *recent)} | {""}
    verbs: set[str] = set()
    fresh: list[str] = []
    more: list[str] = []
    for raw in continuations:
        line = _line(raw)
        key = _key(line)
        if key in seen or _stutters(key):
            continue
        seen.add(key)
        verb = " ".join(key.split(" ")[1:2])
        (more if verb in verbs else fresh).append(line)
        verbs.add(verb)
    return (fresh + more)[:limit]


def _stutters(key: str) -> bool:
    """Whether an action says two or more words twice: "look at the man and look at the man"."""
    words = key.split(" ")
    pairs = list(pairwise(words))
    return len(set(pairs)) < len(pairs)


def _key(line: str) -> str:
    """What two suggestions have in common when they say the same."""
    words = _LETTERS.findall(line.lower())
    return " ".join(word for word in words if word not in {"the", "a", "an"})


def _line(raw: str) -> str:
    """One continuation as a whole action, or "" if nothing can be made of it."""
    text = raw.lstrip(" \t\n")
    first, newline, _ = text.partition("\n")
    first = first.split("<|", 1)[0].strip()
    if re.match(r"(?:> ?)?You\b", first):
        first = re.sub(r"^(?:> ?)?You\b\s*", "", first)
    if not re.match(r"[a-z][a-z'’]", first) or re.search(r"[<>\[\]{}|\ufffd]", first):
        return ""
    ends = sentence_ends(first)
    if ends:
        outside = [end for end in ends if first.count('"', 0, end) % 2 == 0]
        if outside:
            first = first[: outside[0]]
        elif not newline:
            return ""
    elif not newline:
        return ""  # stopped in the middle
    if first.count('"') % 2:
        return ""
    line = act(Kind.DO, f"You {first}")
    return line if 5 < len(line) <= LONGEST and line != "You." else ""
