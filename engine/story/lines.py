"""Actions as the lines they become, remembered: reading what was typed costs more than the rest."""

from __future__ import annotations

from engine.story.actions import act
from engine.story.node import Kind, Node
from engine.story.visible import shown

LONGEST = 4000  # characters of an action that are looked at
_MOST = 8192


class ActionLines:
    """The line of an action without hidden comments, on one line, as the story has its letters."""

    def __init__(self) -> None:
        self._lines: dict[tuple[Kind, str], str] = {}

    def __call__(self, node: Node) -> str:
        """The line of ``node``; "" if nothing was typed."""
        key = (node.kind, node.text[-LONGEST:])
        line = self._lines.get(key)
        if line is None:
            if len(self._lines) >= _MOST:
                self._lines.clear()
            text = act(node.kind, shown(key[1]))
            line = self._lines[key] = " ".join(shown(text).split())
        return line
