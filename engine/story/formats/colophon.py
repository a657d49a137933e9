"""Who wrote a story, in a line at its end, so that readers of an exported text know it."""

from __future__ import annotations

import re
from collections import Counter

from engine.story.node import Author
from engine.story.tree import Story

_LINE = re.compile(r"(\*?)Made with Brass Lantern: [^\n]{1,400}\.\1")


def shares(story: Story) -> dict[Author, float]:
    """The share of the branch's letters by each author, adding up to 1; empty for an empty story."""
    count: Counter[Author] = Counter()
    for node in story.branch():
        at = 0
        for span in node.spans:
            piece = node.text[at : at + span.length]
            count[span.author] += sum(not letter.isspace() for letter in piece)
            at += span.length
    total = sum(count.values())
    return {author: count[author] / total for author in Author if count[author]} if total else {}


def colophon(story: Story) -> str:
    """One sentence: how much a person wrote, how much which models; "" where no model took part."""
    by = shares(story)
    machine = by.get(Author.MODEL, 0.0)
    edited = by.get(Author.EDITED, 0.0)
    if not machine and not edited:
        return ""
    models = sorted({node.meta.model for node in story.branch() if node.meta and node.meta.model})
    who = f" ({', '.join(models)})" if models else ""
    parts = [f"{_percent(by.get(Author.HUMAN, 0.0))} written by a person"]
    if edited:
        parts.append(f"{_percent(edited)} by a person between a model's words")
    parts.append(f"{_percent(machine)} by a language model{who}")
    return f"Made with Brass Lantern: {', '.join(parts)}."


def without_colophon(text: str) -> tuple[str, bool]:
    """A text without such a line at its end, and whether there was one."""
    rest, _, last = text.rstrip().rpartition("\n")
    if not _LINE.fullmatch(last):
        return text, False
    return rest.rstrip("\n"), True


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 or not share else "under 1 %"
