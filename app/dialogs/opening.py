"""Opens the dialogs that the menus name; each is made when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QDialog, QInputDialog

if TYPE_CHECKING:
    from app.dialogs.models import ModelsDialog
    from app.dialogs.settings_dialog import SettingsDialog
    from app.docks.parts import Parts
    from app.fetching import Fetching
    from app.status import Status
    from app.switching import Switching


class Dialogs(QObject):
    """Makes and shows dialogs, and keeps what goes on while they are closed."""

    def __init__(self, parts: Parts, switching: Switching, status: Status) -> None:
        super().__init__(parts.window)
        self._parts, self._switching, self._status = parts, switching, status
        self.fetching: Fetching | None = None
        self._models: ModelsDialog | None = None
        self._settings: SettingsDialog | None = None

    def slots(self) -> Mapping[str, Callable[[], object]]:
        """What the actions of the dialogs do."""
        return {
            "models": self.models, "settings": self.settings,
            "target": self.target, "keys": self.keys, "about": self.about,
        }  # fmt: skip

    @Slot()
    def models(self) -> ModelsDialog:
        """Show the models; the dialog stays beside the story."""
        if self._models is None:
            from app.dialogs.models import ModelsDialog
            from app.fetching import Fetching
            from app.fitting import Fitting

            self.fetching = Fetching(self._parts.jobs, self)
            self.fetching.changed.connect(self._tell)
            self.fetching.finished.connect(self._arrived)
            fitting = Fitting(self._parts.jobs, self)
            self._models = ModelsDialog(self._parts, self._switching, self.fetching, fitting)
        _show(self._models)
        return self._models

    @Slot()
    def settings(self) -> SettingsDialog:
        """Show the settings; what is changed shows in the window at once."""
        if self._settings is None:
            from app.dialogs.settings_dialog import SettingsDialog

            self._settings = SettingsDialog(self._parts, self._switching, self.busy)
        _show(self._settings)
        return self._settings

    def busy(self) -> bool:
        """Whether models are on their way."""
        return self.fetching is not None and bool(self.fetching.active)

    @Slot()
    def target(self) -> None:
        """Ask how many words are meant to be written in this sitting."""
        preferences = self._parts.preferences
        words, given = QInputDialog.getInt(
            self._parts.window, self.tr("Session target"),
            self.tr("Words you mean to write in this sitting (0: no target):"),
            preferences.value.session_target, 0, 100_000, 50,
        )  # fmt: skip
        if given:
            preferences.update(session_target=words)

    @Slot()
    def keys(self) -> None:
        """Show all keys on one page."""
        from app.help import KeysDialog

        KeysDialog(self._parts.actions, self._parts.window).open()

    @Slot()
    def about(self) -> None:
        """Say what this program is, and where things lie."""
        from app.help import AboutDialog
        from engine import paths

        stories = str(self._parts.preferences.value.stories_folder)
        AboutDialog(stories, str(paths.models()), self._parts.window).open()

    @Slot()
    def _tell(self) -> None:
        if self.fetching is not None:
            self._status.set_fetching(self.fetching.headline())

    @Slot(str)
    def _arrived(self, name: str) -> None:
        text = self.tr("%1 is on this machine now.").replace("%1", name)
        self._status.say(text, important=True)


def _show(dialog: QDialog) -> None:
    if dialog.isVisible():
        dialog.raise_()
    dialog.show()
    dialog.activateWindow()
