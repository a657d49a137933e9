"""The settings: applied at once, taken back with Undo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QTabWidget,
    QVBoxLayout,
)

from app.dialogs.setting_fields import Choice, SettingField
from app.dialogs.settings_pages import laid_out, model_choices, pages
from app.settings import Settings
from engine.errors import KnownError

if TYPE_CHECKING:
    from app.docks.parts import Parts
    from app.switching import Switching

MODEL = ("model", "device", "dtype", "threads")  # what a model is loaded by
WAIT = 600  # ms after the last turn of a number that loads the model anew
SAME = 1500  # ms within which changes of one field are one step of undo
STEPS = 100


class SettingsDialog(QDialog):
    """Pages of fields. What a model is loaded by is kept once the model has been loaded so."""

    def __init__(self, parts: Parts, switching: Switching, busy: Callable[[], bool]) -> None:
        super().__init__(parts.window)
        self.setWindowTitle(self.tr("Settings"))
        self.setMinimumSize(480, 380)
        self.resize(620, 560)
        self._parts, self._switching, self._busy = parts, switching, busy
        self._preferences = parts.preferences
        self._undo: list[Settings] = []
        self._waiting: dict[str, Any] = {}
        self.fields: dict[str, SettingField] = {}
        self.tabs = QTabWidget(self)
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.tabBar().setAccessibleName(self.tr("Settings"))
        for title, fields in pages(self):
            self.tabs.addTab(laid_out(fields, self), title)
            for field in fields:
                self.fields[field.name] = field
                field.changed.connect(self._changed)
        self.said = QLabel(self)
        self.said.setWordWrap(True)
        self.said.setProperty("warning", "true")
        self.said.setContentsMargins(20, 6, 20, 0)
        self.said.hide()
        kind = QDialogButtonBox.ButtonRole
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        self.defaults = buttons.addButton(self.tr("Restore defaults"), kind.ResetRole)
        self.undo = buttons.addButton(self.tr("Undo"), kind.ActionRole)
        buttons.setContentsMargins(16, 10, 16, 12)
        for button in buttons.buttons():
            button.setProperty("autoDefault", False)  # noqa: FBT003  Enter belongs to the fields
        lines = QVBoxLayout(self)
        lines.setContentsMargins(0, 6, 0, 0)
        lines.setSpacing(0)
        lines.addWidget(self.tabs, 1)
        lines.addWidget(self.said)
        lines.addWidget(buttons)
        buttons.rejected.connect(self.reject)
        self.defaults.clicked.connect(self.restore)
        self.undo.clicked.connect(self.take_back)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(WAIT)
        self._settle.timeout.connect(self._load)
        self._last = ""  # the field that was changed last
        self._merge = QTimer(self)
        self._merge.setSingleShot(True)
        self._merge.setInterval(SAME)
        self._preferences.changed.connect(self.refresh)
        switching.changed.connect(self.refresh)
        switching.failed.connect(self._failed)
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """Other models may have come."""
        super().showEvent(event)
        self._say("")
        self.refresh()

    def done(self, result: int) -> None:
        """What waits is not forgotten."""
        if self._settle.isActive():
            self._settle.stop()
            self._load()
        super().done(result)

    # Showing

    @Slot()
    def refresh(self) -> None:
        """Show what holds now, and what is being tried."""
        models = self.fields["model"]
        if isinstance(models, Choice):
            models.set_choices(model_choices())
        for name, field in self.fields.items():
            field.show_value(self._waiting.get(name, getattr(self._preferences.value, name)))
        self.undo.setEnabled(bool(self._undo))

    def _say(self, text: str) -> None:
        self.said.setText(text)
        self.said.setVisible(bool(text))

    @Slot(str)
    def _failed(self, sentence: str) -> None:
        self._waiting.clear()
        if self._undo and self._undo[-1] == self._preferences.value:
            self._undo.pop()  # there is nothing to take back
        self._say(sentence)
        self.refresh()

    # Changing

    @Slot(str, object)
    def _changed(self, name: str, value: object) -> None:
        self._say("")
        try:
            self._check_folder(name, value)
        except KnownError as error:
            self._say(str(error))
            self.refresh()
            return
        if not (name == self._last and self._merge.isActive()):
            self._remember()
        self._last = name
        self._merge.start()
        self._set({name: value}, at_once=name != "threads")

    def _check_folder(self, name: str, value: object) -> None:
        if name == "models_folder" and self._busy():
            text = self.tr(
                "A model is on its way; wait for it, or pause it, then change the folder."
            )
            raise KnownError(text)
        if name in ("stories", "models_folder") and value:
            try:
                Path(str(value)).mkdir(parents=True, exist_ok=True)
            except OSError as error:
                text = self.tr("That folder cannot be used: %1.")
                raise KnownError(text.replace("%1", error.strerror or str(error))) from None

    def _remember(self) -> None:
        self._undo = [*self._undo, self._preferences.value][-STEPS:]

    def _set(self, values: dict[str, Any], *, at_once: bool = True) -> None:
        stories = self._preferences.value.stories
        try:
            plain = {name: value for name, value in values.items() if name not in MODEL}
            self._preferences.update(**plain)
        except KnownError as error:
            self._say(str(error))
        if self._preferences.value.stories != stories:
            self._parts.window.librarian.refresh()
        now = self._preferences.value
        self._waiting |= {name: values[name] for name in MODEL if name in values}
        self._waiting = {n: v for n, v in self._waiting.items() if v != getattr(now, n)}
        if self._waiting:
            self._settle.start(0 if at_once else WAIT)
        self.refresh()

    @Slot()
    def _load(self) -> None:
        wish, self._waiting = self._waiting, {}
        name = wish.pop("model", self._preferences.value.model)
        self._switching.use(name, **wish)

    @Slot()
    def take_back(self) -> None:
        """Undo the last change of a setting."""
        self._say("")
        if self._undo:
            self._last = ""
            before = self._undo.pop()
            self._set({name: getattr(before, name) for name in self.fields})

    @Slot()
    def restore(self) -> None:
        """Everything that stands in this dialog as it was at first; Undo takes that back."""
        self._say("")
        self._last = ""
        default = Settings()
        self._remember()
        values = {name: getattr(default, name) for name in self.fields}
        if self._busy():
            values.pop("models_folder")
        self._set(values)
