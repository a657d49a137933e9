"""The panels of a window: where they stand, and the actions that show and hide them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QTabBar

from app.actions import plain
from app.docks.dock import Dock, Place
from app.docks.parts import Parts

_LEFT = Qt.DockWidgetArea.LeftDockWidgetArea
_RIGHT = Qt.DockWidgetArea.RightDockWidgetArea
_BELOW = Qt.DockWidgetArea.BottomDockWidgetArea

PLACES: tuple[Place, ...] = (
    Place("dock_memory", _LEFT, "app.docks.memory", "MemoryPanel"),
    Place("dock_branches", _LEFT, "app.docks.branches", "BranchesPanel"),
    Place("dock_sampling", _RIGHT, "app.docks.sampling", "SamplingPanel"),
    Place("dock_context", _RIGHT, "app.docks.context", "ContextPanel"),
    Place("dock_candidates", _BELOW, "app.docks.candidates", "CandidatesPanel"),
)


class Docks(QObject):
    """Makes the frames, hidden; the contents come when they are first opened."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts.window)
        self.parts = parts
        self._docks: dict[str, Dock] = {}
        self._narrowest = parts.window.minimumWidth()  # without panels
        first: dict[Qt.DockWidgetArea, Dock] = {}
        for place in PLACES:
            action = parts.actions[place.id]
            dock = Dock(place, plain(action.text()), parts)
            parts.window.addDockWidget(place.area, dock)
            if place.area in first:
                parts.window.tabifyDockWidget(first[place.area], dock)
            else:
                first[place.area] = dock
            dock.hide()
            dock.toggleViewAction().toggled.connect(action.setChecked)
            dock.visibilityChanged.connect(self._make_room)
            self._docks[place.id] = dock
        self._name_tabs()

    def __getitem__(self, name: str) -> Dock:
        """The panel of an action's id."""
        return self._docks[name]

    def slots(self) -> Mapping[str, Callable[[], None]]:
        """What the actions of the panels do."""
        return {name: self._toggler(name) for name in self._docks}

    def show(self, name: str) -> Dock:
        """Open a panel and bring it to the front of its side."""
        dock = self._docks[name]
        dock.show()
        dock.raise_()
        self._name_tabs()
        self.parts.actions[name].setChecked(True)
        return dock

    def set_visible(self, *, on: bool) -> None:
        """Hide the open panels for a while (focus mode), or show those again."""
        for dock in self._docks.values():
            if not on:
                dock.setProperty("was_open", not dock.isHidden())
                dock.hide()
            elif dock.property("was_open"):
                dock.show()

    def _name_tabs(self) -> None:
        """Say what Qt's own tabs are for, to those who hear the window."""
        for tabs in self.parts.window.findChildren(QTabBar):
            if not tabs.accessibleName():
                tabs.setAccessibleName(self.tr("Panels"))

    @Slot()
    def _make_room(self) -> None:
        """Let the window be no narrower than the page and the open panels can be, side by side."""
        window, sides = self.parts.window, {_LEFT: 0, _RIGHT: 0}
        for dock in self._docks.values():
            side = window.dockWidgetArea(dock)
            if side in sides and not dock.isHidden() and not dock.isFloating():
                sides[side] = max(sides[side], dock.minimumSizeHint().width())
        page = self.parts.desk.minimumSizeHint().width()
        wanted = max(self._narrowest, page + sum(sides.values()) if any(sides.values()) else 0)
        screen = window.screen().availableGeometry().width()
        window.setMinimumWidth(min(wanted, max(screen, self._narrowest)))

    def _toggler(self, name: str) -> Callable[[], None]:
        def toggle() -> None:
            dock = self._docks[name]
            if dock.isHidden():
                self.show(name)
            else:
                dock.hide()

        return toggle
