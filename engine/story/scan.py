"""The paragraphs of a branch that are searched for lore keys."""

from __future__ import annotations

from collections.abc import Sequence

from engine.story.lines import ActionLines
from engine.story.node import Kind, Node
from engine.story.visible import shown

LONGEST = 20_000  # characters of one passage that are searched


def paragraphs_before(branch: Sequence[Node], end: int, most: int, lines: ActionLines) -> list[str]:
    """The last ``most`` paragraphs of ``branch[:end]``, newest first; an action is one.

    A passage that goes on in the middle of a paragraph belongs to it. Hidden comments are left out,
    letters are as the story has them.
    """
    found: list[str] = []
    joined = ""  # the newest text whose paragraph may begin in an earlier passage
    for index in range(end - 1, -1, -1):
        node = branch[index]
        if node.kind in (Kind.DO, Kind.SAY):
            found.extend(_lines(joined))
            joined = ""
            line = lines(node)
            found.extend([line] if line else [])
        else:
            text = shown(node.text[-LONGEST:]) + joined
            head, newline, _ = text.partition("\n")
            if newline:
                found.extend(_lines(text[len(head) :]))
                joined = head
            else:
                joined = text
        if len(found) >= most or len(joined) > LONGEST:
            break
    found.extend(_lines(joined))
    return found[:most]


def _lines(text: str) -> list[str]:
    """The paragraphs of a text, newest first."""
    return [line for line in map(str.strip, reversed(text.split("\n"))) if line]
