"""One panel: a frame that is made with the window, and contents that are made when it is opened."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDockWidget

if TYPE_CHECKING:
    from app.docks.parts import Parts


@dataclass(frozen=True, slots=True)
class Place:
    """Where a panel is found: its action's id, its first side, and the class of its contents.

    The contents are a ``QWidget`` made as ``Class(parts, parent)``. They are made once, on first
    showing, and are told of stories by the writer's signals; a story may be open already.
    """

    id: str
    area: Qt.DockWidgetArea
    module: str
    cls: str


class Dock(QDockWidget):
    """The frame of a panel."""

    def __init__(self, place: Place, title: str, parts: Parts) -> None:
        super().__init__(title, parts.window)
        self.setObjectName(place.id)
        self.place = place
        self._parts = parts
        self.contents: Any = None  # a panel, of the class that the place names

    def showEvent(self, event: QShowEvent) -> None:
        """Make the contents when somebody looks."""
        if self.contents is None:
            cls = getattr(import_module(self.place.module), self.place.cls)
            self.contents = cls(self._parts, self)
            self.setWidget(self.contents)
        super().showEvent(event)
