"""From the first person to the second: "I take my lamp" is "You take your lamp"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.story.words import SPEECH_VERBS, word_set

# Quoted speech: straight, curly, or single quotes that stand outside words.
_QUOTED = re.compile(
    r"\"[^\"]*(?:\"|$)|“[^”]*(?:”|$)|(?<!\w)‘[^’]*(?:’(?!\w)|$)|(?<![\w'])'(?=\S)[^'\"]*(?:\w'\w[^'\"]*)*'(?!\w)"
)
_WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*")
_SENTENCE_START = re.compile(r"(?:^|[.!?…]['\")\]’”]*\s+|\n\s*)$")
_ADVERBS = word_set(
    """
    also just still always never really only now then almost already soon suddenly once too
    """
)
_CONTRACTIONS = {
    "i'm": "you're",
    "i've": "you've",
    "i'll": "you'll",
    "i'd": "you'd",
    "i's": "you're",
    "im": "you're",
    "ive": "you've",
}
_MISSING_APOSTROPHES = {
    word.replace("'", ""): word
    for word in [
        "don't",
        "can't",
        "didn't",
        "doesn't",
        "isn't",
        "wasn't",
        "couldn't",
        "wouldn't",
        "shouldn't",
        "haven't",
        "that's",
        "what's",
    ]
}
_SIGHT = 80  # how many characters on either side decide about a word
_NUMBERED = word_set(
    """
    part act chapter book volume war type class phase stage level mark
    """
)
_REGNAL = re.compile(r"\b(?:King|Queen|Pope|Emperor|Empress|Tsar|Czar|Kaiser)\s+[A-Z]\w+\s*$")
_BEFORE_MINE = word_set(
    """
    is are was were be been isn't aren't of than like not all still now became become into take
    takes keep use want eat finish share show draw raise
    """
)


def segments(text: str) -> Iterator[tuple[str, bool]]:
    """``text`` in pieces, each with whether it is quoted speech (its quotation marks included)."""
    start = 0
    for match in _QUOTED.finditer(text):
        if match.start() > start:
            yield text[start : match.start()], False
        yield match[0], True
        start = match.end()
    if start < len(text):
        yield text[start:], False


def _is_numeral(before: str, after: str) -> bool:
    """Whether a capital ``I`` is the number of a king, a war or a chapter."""
    words = before.split()
    if not words or not words[-1][:1].isupper():
        return False
    if words[-1].lower() in _NUMBERED:
        return True
    if _REGNAL.search(before):
        return True
    closed = re.match(r"\s*(?:$|[.,;:!?)]|['’]s\b)", after) is not None
    return closed and len(words) > 1


def _is_pronoun_mine(before: str, after: str) -> bool:
    """Whether ``mine`` is what belongs to me rather than a hole in the ground."""
    words = re.findall(r"[\w'’]+", before.lower())
    previous = words[-1] if words else ""
    nxt = re.match(r"\s*([\w']*)", after)
    following = nxt[1].lower() if nxt else ""
    if previous in _BEFORE_MINE or previous.endswith(("'s", "’s")):
        return True
    if previous in {"in", "to", "with"} and len(words) > 1:
        return words[-2] in {"hand", "hands", "next", "close", "similar", "equal", "compared"}
    return not words and following in {"is", "are", "was", "were"}


def _second(word: str, before: str, after: str) -> str | None:
    """The second-person form of ``word`` in its place, in lower case, or None to leave it."""
    low = word.lower().replace("’", "'")
    if low == "i":
        if word == "I" and _is_numeral(before, after):
            return None
        if word == "i" and re.match(r"\.e\b", after):
            return None
        return "you"
    if low in _CONTRACTIONS:
        if low == "im" and re.search(r"\w$", before):
            return None
        return _CONTRACTIONS[low]
    if low == "mine":
        return "yours" if _is_pronoun_mine(before, after) else None
    if low == "my" and re.match(r"\s+(?:lord|lady|liege|goodness|gosh)\b", after):
        return None
    simple = {"me": "you", "my": "your", "myself": "yourself"}.get(low)
    if simple:
        return simple
    if low == "am":
        return None if re.search(r"\d\s*$", before) else "are"
    if low in {"was", "wasn't"}:
        plural = low.replace("was", "were")
        words = re.findall(r"[\w'’]+", before)
        while words and words[-1].lower() in _ADVERBS:
            words.pop()
        if words and words[-1] in {"I", "i"} and not _is_numeral(" ".join(words[:-1]), " x"):
            return plural
        return plural if re.match(r"\s+[Ii]\b", after) else None
    if low in _MISSING_APOSTROPHES and word == low:
        return _MISSING_APOSTROPHES[low]
    return None


def second_person(text: str) -> str:
    """``text`` told to "you" instead of by "I", outside quotation marks; names and case are kept."""
    out: list[str] = []
    done = ""
    for piece, quoted in segments(text):
        if quoted:
            out.append(piece)
            done = (done + piece)[-_SIGHT:]
            continue

        def replace(match: re.Match[str], piece: str = piece, done: str = done) -> str:
            before = (done if match.start() < _SIGHT else "") + piece[
                max(0, match.start() - _SIGHT) : match.start()
            ]
            after = piece[match.end() : match.end() + _SIGHT]
            word = match[0]
            new = _second(word, before, after)
            if new is None:
                return word
            if "’" in word:
                new = new.replace("'", "’")
            if len(word) > 1 and word.isupper() and not word.startswith(("I'", "I’")):
                return new.upper()
            starts = _SENTENCE_START.search(before) is not None
            if starts and re.search(r"[!?…][\"”]\s*$", before):  # '"Stop!" I shout'
                tag = re.match(r"\s+([a-z]+)", after)
                starts = not (tag and tag[1] in SPEECH_VERBS)
            keeps_case = word[:1].isupper() and word[:2] not in {"I", "I'", "I’"}
            return new.capitalize() if starts or keeps_case else new

        out.append(_WORD.sub(replace, piece))
        done = (done + piece)[-_SIGHT:]
    return "".join(out)
