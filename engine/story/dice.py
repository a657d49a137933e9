"""Fate for those who want it: a seeded die, a modifier, and the outcome as words in the action."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from enum import StrEnum

from engine.story.words import VERBS

MODIFIER_LIMIT = 20


class Outcome(StrEnum):
    """How an attempt went, in the words that end the action's line."""

    DISASTER = "but everything goes wrong"
    FAILURE = "but you fail"
    SUCCESS = "and you succeed"
    TRIUMPH = "and it goes better than you hoped"


@dataclass(frozen=True, slots=True)
class Roll:
    """A die that was thrown: what it shows, what was added, and the number to reach."""

    shown: int
    modifier: int
    difficulty: int
    outcome: Outcome

    @property
    def total(self) -> int:
        """What counts."""
        return self.shown + self.modifier

    def __str__(self) -> str:
        sign = f" {self.modifier:+d}" if self.modifier else ""
        return f"d20: {self.shown}{sign} against {self.difficulty}"


def roll(seed: int, *, modifier: int = 0, difficulty: int = 10) -> Roll:
    """Throw a d20; the same seed shows the same number. A natural 1 or 20 decides by itself."""
    modifier = max(-MODIFIER_LIMIT, min(MODIFIER_LIMIT, modifier))
    shown = random.Random(seed).randint(1, 20)
    if shown == 1:
        outcome = Outcome.DISASTER
    elif shown == 20:
        outcome = Outcome.TRIUMPH
    elif shown + modifier >= difficulty:
        outcome = Outcome.SUCCESS
    else:
        outcome = Outcome.FAILURE
    return Roll(shown, modifier, difficulty, outcome)


def attempt(line: str, result: Roll) -> str:
    """An action's line with how it went, as in "You try to open the door, but you fail".

    ``act`` leaves the result as it is, so it can be stored as what was typed.
    """
    body = line.rstrip(".!… ")
    if not body:
        return ""
    match = re.match(r"You (\w+)\b", body)
    if body.endswith(('"', "?")):
        return f"{line.rstrip()} {_sentence(result.outcome)}"
    if (
        match
        and match[1] in VERBS
        and match[1] not in {"try", "cannot", "never"}
        and ". " not in body
    ):
        body = f"You try to {body[4:]}"
    return f"{body}, {result.outcome.value}."


def _sentence(outcome: Outcome) -> str:
    """The outcome as a sentence of its own, after speech."""
    words = outcome.value.split(" ", 1)[1]
    return words[0].upper() + words[1:] + "."
