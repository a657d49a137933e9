"""Where sentences end in English prose: abbreviations, ellipses, quotes of both kinds, brackets."""

from __future__ import annotations

import re

from engine.story.words import word_set

# Before a name: a full stop after them never ends a sentence.
_TITLES = word_set(
    "Mr Mrs Ms Mx Dr St Prof Capt Lt Col Gen Sgt Cpl Cmdr Rev Hon Mt Messrs Mme Mlle Gov mr mrs ms dr"
)
_ABBREVIATIONS = word_set("vs approx e.g i.e cf viz") | _TITLES
CLOSERS = "\"'”’)]}*_"
_END = re.compile(r"[.!?…]+[\"'”’)\]}*_]*")
_WORD_BEFORE = re.compile(r"(?:^|[\s(\[\"'“‘*])((?:[A-Za-z]\.)*[A-Za-z]+)$")


def _is_abbreviation(text: str, stop: int) -> bool:
    """Whether the single full stop at ``text[stop]`` belongs to the word before it."""
    match = _WORD_BEFORE.search(text[max(0, stop - 24) : stop])
    if match is None:
        return False
    word = match[1]
    if "." in word and text[stop + 1 : stop + 3].strip(" ")[:1].islower():
        return True  # "B.T. might know", "at 5 p.m. the bell rings"
    if word in _ABBREVIATIONS:
        return True
    # An initial ("J. Smith"), but not the pronoun at a sentence's end ("It is I.").
    return len(word) == 1 and word.isupper() and word != "I"


def sentence_ends(text: str) -> list[int]:
    """Offsets just behind each complete sentence of ``text``, closing quotes and brackets included."""
    ends: list[int] = []
    for match in _END.finditer(text):
        start, end = match.span()
        run = re.match(r"[.!?…]+", match[0])
        marks = run[0] if run else match[0]
        following = text[end : end + 1]
        if following and not following.isspace() and following not in "“‘":
            continue  # 3.5, www.example, "..." inside a word, an interruption that goes on
        single = marks == "." and end - start == len(marks)
        if single and _is_abbreviation(text, start):
            continue
        if marks.startswith("..") or marks == "…":  # a pause, unless something new begins
            rest = text[end : end + 40].lstrip(" \t")
            if end - start == len(marks) and rest[:1].islower():
                continue
        ends.append(end)
    return ends


def split_sentences(text: str) -> list[str]:
    """The sentences of ``text`` without the white space around them; an unfinished one comes last."""
    out: list[str] = []
    start = 0
    for end in sentence_ends(text):
        out.append(text[start:end].strip())
        start = end
    out.append(text[start:].strip())
    return [sentence for sentence in out if sentence]


def ends_sentence(text: str) -> bool:
    """Whether ``text`` ends with a complete sentence."""
    text = text.rstrip()
    ends = sentence_ends(text)
    return bool(ends) and ends[-1] == len(text)
