"""A shorter window, made of a longer one, for a server that finds it too long."""

from __future__ import annotations

ENDS = ("\n\n", "\n", ". ", " ")  # where history may begin, best first
NEAR = 400  # characters within which a better place is looked for


def shrink(text: str, keep: int, share: float) -> str:
    """``share`` of ``text``: its first ``keep`` characters (memory) and as much of its end as fits.

    The rest of the story begins at a paragraph, else at a line, a sentence or a word.
    """
    most = max(int(len(text) * share), 1)
    keep = keep if keep <= most // 2 else 0
    head, story = text[:keep], text[keep:]
    start = len(story) - (most - keep)
    if start <= 0:
        return text
    for mark in ENDS:
        at = story.find(mark, start, start + NEAR)
        if at >= 0:
            at += len(mark) - 1 if mark == ". " else 0  # the white space stays in front
            rest = story[at:]
            return head + rest if head else rest.lstrip()
    return head + story[start:]
