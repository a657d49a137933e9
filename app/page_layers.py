"""Marks over the page's text (matches, likely words), in layers that do not know each other."""

from __future__ import annotations

from PySide6.QtWidgets import QTextEdit

Marks = list[QTextEdit.ExtraSelection]


class Layers:
    """Joins the layers into the one list that Qt has; later names lie above earlier ones."""

    def __init__(self, edit: QTextEdit) -> None:
        self._edit = edit
        self._layers: dict[str, Marks] = {}

    def set(self, name: str, marks: Marks) -> None:
        """Replace the marks of one layer."""
        if not marks and not self._layers.get(name):
            return
        self._layers[name] = marks
        joined = [mark for key in sorted(self._layers) for mark in self._layers[key]]
        self._edit.setExtraSelections(joined)
