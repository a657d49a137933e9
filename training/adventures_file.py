"""The adventures' text form: header lines, ``---``, the opening, then actions and replies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

END = "<|endoftext|>"


@dataclass(frozen=True, slots=True)
class Adventure:
    """One adventure. ``body`` is the opening and all turns, blocks parted by an empty line."""

    title: str
    genre: str
    memory: str
    lore: tuple[tuple[str, str], ...]
    body: str

    @property
    def blocks(self) -> list[str]:
        """The paragraphs of the body; an action is a paragraph that starts with ``> ``."""
        return self.body.split("\n\n")

    def turns(self) -> Iterator[tuple[str, str, str]]:
        """Every (text before, action, reply) that has an action; blocks are stripped."""
        blocks = self.blocks
        starts = [i for i, block in enumerate(blocks) if block.startswith("> ")]
        for start, end in zip(starts, [*starts[1:], len(blocks)], strict=True):
            reply = "\n\n".join(blocks[start + 1 : end])
            if reply:
                yield "\n\n".join(blocks[:start]), blocks[start], reply


def parse_adventure(text: str) -> Adventure:
    """One adventure from its text.

    Raises:
        ValueError: no ``---`` line, or no title.
    """
    head, rule, body = text.strip().partition("\n---\n")
    if not rule:
        raise ValueError("an adventure without its --- line")
    fields = dict(line.split(":", 1) for line in head.splitlines() if ":" in line)
    lore = []
    for entry in fields.get("lore", "").split(" | "):
        name, equals, fact = entry.partition(" = ")
        if equals:
            lore.append((name.strip(), fact.strip()))
    return Adventure(
        title=fields["title"].strip(),
        genre=fields.get("genre", "").strip(),
        memory=fields.get("memory", "").strip(),
        lore=tuple(lore),
        body="\n\n".join(block.strip() for block in body.strip().split("\n\n") if block.strip()),
    )


def read_adventures(path: Path) -> list[Adventure]:
    """All adventures of one file."""
    texts = path.read_text(encoding="utf-8").split(END)
    return [parse_adventure(text) for text in texts if text.strip()]


def window_text(
    body: str, *, memory: str = "", lore: tuple[tuple[str, str], ...] = (), note: str = ""
) -> str:
    """Ember's form (without the end-of-text token in front): optional lines, empty line, body."""
    lines = []
    if memory:
        lines.append(f"[Memory: {memory}]")
    if lore:
        lines.append("[Lore: " + "; ".join(f"{name} is {fact}" for name, fact in lore) + "]")
    if note:
        lines.append(f"[Note: {note}]")
    return "\n".join(lines) + "\n\n" + body if lines else body
