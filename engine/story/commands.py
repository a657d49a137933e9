"""The clipped commands of classic adventures as whole sentences: "x lamp", "n", "put key in box"."""

from __future__ import annotations

import re
from itertools import pairwise

from engine.story.words import (
    BARE_OBJECTS,
    DETERMINERS,
    DIRECTIONS,
    INTRANSITIVE,
    MASSES,
    PERSONS,
    PLACES,
    PREPOSITIONS,
    TO_PERSONS,
    TRANSITIVE,
    VERBS,
)

_WHOLE = {
    "l": "look around",
    "look": "look around",
    "x": "look around",
    "nothing": "do nothing",
    "look round": "look around",
    "look about": "look around",
    "i": "check what you are carrying",
    "inv": "check what you are carrying",
    "inventory": "check what you are carrying",
    "check inventory": "check what you are carrying",
    "take inventory": "check what you are carrying",
    "z": "wait",
    "g": "do it again",
    "again": "do it again",
    "help": "call for help",
    "get all": "take everything",
    "take all": "take everything",
    "drop all": "drop everything",
    "x me": "look at yourself",
    "examine me": "look at yourself",
    "look at me": "look at yourself",
    "x self": "look at yourself",
    "examine self": "look at yourself",
    "exits": "look for a way out",
    "hint": "think about what to do",
}
_FIRST = {"x": "examine", "ex": "examine", "exam": "examine", "l": "look"}
_JOINT = re.compile(r"(,? and then |,? then |,? and |, )")
_PARTICLES = frozenset(["up", "down", "on", "off", "out", "away", "over"])
_LONGEST = 7  # words; longer commands are sentences already


def expand(command: str) -> str | None:
    """The verb phrase that a clipped ``command`` (no final punctuation) stands for, or None.

    ``"n"`` is ``"go north"``, ``"x lamp"`` is ``"examine the lamp"``; a phrase that needs nothing
    done to it is None.
    """
    text = " ".join(command.split())
    low = text.lower()
    if low in _WHOLE:
        return _WHOLE[low]
    if low in DIRECTIONS:
        return f"go {DIRECTIONS[low]}"
    several = _several(text)
    if several:
        return several
    words = text.split(" ")
    first = words[0].lower()
    if len(words) == 2 and first in {"go", "walk", "run", "head", "look"}:
        direction = DIRECTIONS.get(words[1].lower())
        if direction:
            return f"{first} {direction}"
    changed = first in _FIRST
    if changed:
        words[0] = first = _FIRST[first]
    if len(words) == 1 or len(words) > _LONGEST:
        return " ".join(words) if changed else None
    if first == "look" and words[1].lower() not in PREPOSITIONS | BARE_OBJECTS | {
        "away",
        "where",
        "how",
    }:
        return _with_articles([first, "at", *words[1:]])
    articled = _with_articles(words)
    return articled if changed or articled != text else None


def _several(text: str) -> str | None:
    """Several commands in one: "n then e", "open chest and take gold"."""
    parts = _JOINT.split(text)
    if len(parts) == 1 or len(parts) > 7:
        return None
    steps, joints = parts[::2], parts[1::2]
    if all(step.lower() in DIRECTIONS for step in steps):
        return "go " + ", then ".join(DIRECTIONS[step.lower()] for step in steps)
    if any(step.split(" ")[0].lower() not in TRANSITIVE | INTRANSITIVE for step in steps):
        return None
    whole = [(" " in step and expand(step)) or step for step in steps]
    if whole == steps:
        return None
    return whole[0] + "".join(joint + step for joint, step in zip(joints, whole[1:], strict=True))


def _with_articles(words: list[str]) -> str:
    """``words`` with "the" before each bare noun group, where the verb takes one."""
    verb = words[0].lower()
    if verb not in TRANSITIVE | INTRANSITIVE | TO_PERSONS:
        return " ".join(words)
    if any(not re.fullmatch(r"[A-Za-z]+(?:['-][A-Za-z]+)*", word) for word in words[1:]):
        return " ".join(words)  # numbers or punctuation: somebody wrote a sentence
    if any(word.lower() in DETERMINERS for word in words[1:]):
        return " ".join(words)
    if _has_infinitive(words):
        return " ".join(words)
    out = [words[0]]
    group: list[str] = []
    preposition = ""
    for word in words[1:]:
        if word in PREPOSITIONS or word in _PARTICLES:
            out += _article(verb, preposition, group, first=len(out) == 1)
            out.append(word)
            group, preposition = [], word
        else:
            group.append(word)
    out += _article(verb, preposition, group, first=len(out) == 1)
    return " ".join(out)


def _has_infinitive(words: list[str]) -> bool:
    """Whether a "to" begins an infinitive: "tell Gran to stop", "run to catch the bus"."""
    for at, (word, following) in enumerate(pairwise(words)):
        if word == "to" and following in VERBS:
            return words[0].lower() in {"ask", "tell", "help", "teach"} or at + 2 < len(words)
    return False


def _article(verb: str, preposition: str, group: list[str], *, first: bool) -> list[str]:
    """A noun group with its article, if it should have one."""
    if not group or len(group) > 3:
        return group
    head = group[0]
    if (
        head in BARE_OBJECTS
        or head[0].isupper()
        or (head.endswith("ly") and head not in {"fly", "jelly", "lily"})
    ):
        return group
    if group[-1].endswith(("ing", "'s")) or "'s" in head:
        return group
    if preposition == "for" and (group[-1].endswith("s") or head == "help"):
        return group  # "look for footprints", but "look for the key"
    if preposition in {"with", "of", "for"} and group[-1] in MASSES:
        return group
    if head in PLACES and preposition in {"to", "in", "from", "of", "for"}:
        return group
    if first and verb in INTRANSITIVE and verb not in TRANSITIVE:
        return group
    to_person = (first and verb in TO_PERSONS) or (
        preposition in {"to", "with", "at"}
        and verb in TO_PERSONS | {"give", "show", "wave", "smile", "bow", "shout", "whisper"}
    )
    if to_person and len(group) == 1 and head not in PERSONS:
        return group  # "talk to bob"
    return ["the", *group]
