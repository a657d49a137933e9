"""Recognising that an adventure is over: a death, a victory, "THE END"."""

from __future__ import annotations

import re
from enum import StrEnum

from engine.sentences import split_sentences
from engine.story.person import segments


class Ending(StrEnum):
    """How an adventure ended."""

    DEATH = "death"
    VICTORY = "victory"
    END = "end"


_TAIL = r"(?: (?:here|now|instantly|at once|at last|alone|peacefully|together))?"
_FIGURES = (
    r"(?!.*\b(?:dreams?|laughter|laughing|boredom|shame|curiosity|envy|embarrassment|nightmares?)$)"
)
_CAUSE = r"(?: (?:by|from|of|in|under|at) (?:\w+[ '-]?){1,6})?"
_PATTERNS: tuple[tuple[Ending, re.Pattern[str]], ...] = (
    (
        Ending.DEATH,
        re.compile(
            rf"{_FIGURES}(?:and |then |so )?you (?:(?:have )?(?:died|perished|drowned)|die|perish|drown|are dead"
            r"|are no more|are killed|have been killed|have been slain|are slain"
            r"|(?:bleed|starve|freeze|burn|choke|fall|plunge|are crushed|are burned|are eaten"
            rf"|are torn|are beaten|are stabbed) to (?:your )?death){_TAIL}{_CAUSE}",
            re.IGNORECASE,
        ),
    ),
    (
        Ending.VICTORY,
        re.compile(
            r"(?:and |then |so |congratulations,? )?you(?: have|'ve|’ve)? (?:win|won)"
            r"(?: the (?:game|adventure))?(?: at last)?"
            r"|you(?: all)? live happily ever after"
            r"|(?:and )?(?:they|you)(?: all)? lived happily ever after",
            re.IGNORECASE,
        ),
    ),
    (Ending.END, re.compile(r"\W*(?:the end|game over|fin)\W*", re.IGNORECASE)),
)
_EPILOGUE = re.compile(
    r"\W*(?:the end|game over|fin|congratulations|try again|rest in peace"
    r"|your (?:story|adventure) (?:ends|is over)(?: here)?"
    r"|(?:your )?(?:final )?score:?.{0,40})\W*",
    re.IGNORECASE,
)


def ending(text: str) -> Ending | None:
    """How the story ends with ``text``, if it does.

    The sentence must stand alone in the narration, not in speech, and nothing but an epilogue
    ("THE END") may follow: "You have died a hundred deaths in your dreams" and "You die. Then you
    wake up" end nothing.
    """
    narration = "".join("“”" if quoted else piece for piece, quoted in segments(text[-2000:]))
    lines = [line for line in narration.splitlines() if line.strip()]
    sentences = [sentence for line in lines for sentence in split_sentences(line)]
    found: Ending | None = None
    for sentence in reversed(sentences[-4:]):
        kind = _kind(sentence)
        if kind is not None and kind is not Ending.END:
            return kind
        found = kind or found
        if _EPILOGUE.fullmatch(sentence) is None:
            break
    return found


def _kind(sentence: str) -> Ending | None:
    """The ending that a whole sentence states."""
    bare = sentence.strip(" \t.!?*_…-~\"'“”()")
    if sentence.rstrip().endswith("?") or sentence.strip() == "“”":
        return None
    if bare.lower() in {
        "the end",
        "fin",
    }:  # "the end" within a line is written in capitals or alone
        return Ending.END
    for kind, pattern in _PATTERNS:
        if pattern.fullmatch(bare):
            return kind
    return None
