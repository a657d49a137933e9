"""Quotation marks: straight or curly on screen, and the marks that a cut leaves open."""

from __future__ import annotations

import re

_STRAIGHT = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "‚": "'"})
_OPENS_AFTER = frozenset(" \t\n\r\f\v\u00a0([{<-–—/*_\"'“‘")
# Words that begin with an apostrophe, which is no opening quote.
_ELIDED = re.compile(
    r"'(?=(?:tis|twas|twere|twill|em|cause|til|till|bout|round|neath|n|\d\ds?)\b)", re.IGNORECASE
)


def straight(text: str) -> str:
    """``text`` with straight quotation marks. One character for one: every offset stays valid."""
    return text.translate(_STRAIGHT)


def curly(text: str) -> str:
    """``text`` with curly quotation marks. One character for one: every offset stays valid.

    A mark's direction depends on its neighbours alone, so a growing text keeps what it shows
    (but for its last character).
    """
    if '"' not in text and "'" not in text:
        return text
    elided = {match.start() for match in _ELIDED.finditer(text)}
    out = list(text)
    for at, mark in enumerate(text):
        if mark not in "\"'":
            continue
        before = out[at - 1] if at else " "
        after = text[at + 1] if at + 1 < len(text) else " "
        opens = before in _OPENS_AFTER and not after.isspace() and at not in elided
        if opens and before in "-–—*_\"'" and not (after.isalnum() or after in "\"'“‘*_([…."):
            opens = False
        if mark == '"':
            out[at] = "“" if opens else "”"
        else:
            out[at] = "‘" if opens else "’"
    return "".join(out)


def open_marks(text: str) -> str:
    """The closing marks that the last paragraph of ``text`` lacks, innermost first."""
    paragraph = text[text.rfind("\n") + 1 :]
    stack: list[str] = []
    for at, mark in enumerate(paragraph):
        before = paragraph[at - 1] if at else " "
        after = paragraph[at + 1] if at + 1 < len(paragraph) else " "
        if mark == '"':
            if mark in stack:
                _close(stack, mark)
            elif not after.isspace() and (before.isspace() or before in "([{-–—*_:,'"):
                stack.append(mark)  # any other one closes what an earlier text opened
        elif mark == "“":
            stack.append("”")
        elif mark == "(":
            stack.append(")")
        elif mark == "[":
            stack.append("]")
        elif mark == "*":
            if mark in stack and not before.isspace():
                _close(stack, mark)
            elif not after.isspace() and not before.isalnum():
                stack.append(mark)
        elif mark in "”)]" and mark in stack:
            _close(stack, mark)
    return "".join(reversed(stack))


def _close(stack: list[str], mark: str) -> None:
    """Close the innermost ``mark``, and with it what was opened inside."""
    del stack[len(stack) - 1 - stack[::-1].index(mark) :]
