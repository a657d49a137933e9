"""Where a story is read and written: the page, a bar for the last passage, the prompt line."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.actions import Actions
from app.page import Page
from app.page_layout import Mode as Setting
from app.prompt import Prompt
from app.turn_bar import TurnBar
from engine.story.trim import Mode

if TYPE_CHECKING:
    from app.find_bar import FindBar

SETTINGS = {
    Mode.ADVENTURE: Setting.PROSE,
    Mode.STORY: Setting.PROSE,
    Mode.POEM: Setting.POEM,
    Mode.DIALOGUE: Setting.DIALOGUE,
    Mode.SCRIPT: Setting.SCRIPT,
}


class Desk(QWidget):
    """Lays the parts out; the writer connects them."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.page = Page(self)
        self._find_bar: FindBar | None = None
        self.turn_bar = TurnBar(actions, self)
        self.prompt = Prompt(self)
        self._mode = Mode.ADVENTURE
        self.lines = QVBoxLayout(self)
        self.lines.setContentsMargins(0, 0, 0, 0)
        self.lines.setSpacing(0)
        self.lines.addWidget(self.page, 1)
        self.lines.addWidget(self.turn_bar)
        self.lines.addWidget(self.prompt)
        self.setFocusProxy(self.prompt.line)

    def set_mode(self, mode: Mode) -> None:
        """Set page and prompt line for an adventure, a story, a poem, a dialogue or a script."""
        self._mode = mode
        self.page.apply_setting(replace(self.page.setting, mode=SETTINGS[mode]))
        self.prompt.set_adventure(on=mode is Mode.ADVENTURE)
        self.turn_bar.set_adventure(on=mode is Mode.ADVENTURE)

    @property
    def find_bar(self) -> FindBar:
        """The bar that finds and replaces, made when it is first wanted."""
        if self._find_bar is None:
            from app.find_bar import FindBar

            self._find_bar = FindBar(self.page, self)
            self.lines.insertWidget(0, self._find_bar)
        return self._find_bar

    @Slot()
    def show_find(self) -> None:
        """Show the bar that finds and replaces."""
        self.find_bar.open_with_selection()

    @Slot(bool)
    def set_focus_mode(self, on: bool) -> None:  # noqa: FBT001  a QAction's slot
        """Nothing but the page, and in an adventure the prompt line."""
        self.page.set_focus_mode(on=on)
        self.turn_bar.setVisible(not on)
        self.prompt.setVisible(not on or self._mode is Mode.ADVENTURE)
