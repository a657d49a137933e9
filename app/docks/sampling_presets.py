"""Presets in the sampling panel: chosen, saved, renamed, deleted, read from files and written to them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QInputDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QMessageBox,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.docks.sampling_choice import Chooser
from app.docks.sampling_knob import spread
from engine.errors import KnownError
from engine.lm import preset_formats, presets
from engine.lm.preset_formats import Report
from engine.lm.presets import MAX_NAME, Preset


class PresetBar(QWidget):
    """The list of presets, what the chosen one is good for, and a menu of what can be done.

    Signals:
        said: a sentence about what was done.
        problem: a sentence about what could not be done.
    """

    said = Signal(str)
    problem = Signal(str)

    def __init__(self, chooser: Chooser, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chooser = chooser
        self._presets: list[Preset] = []
        self.box = QComboBox(self)
        self.box.setAccessibleName(self.tr("Preset"))
        self.box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.box.setMinimumContentsLength(10)
        self.box.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.more = QToolButton(self)
        self.more.setObjectName("preset_menu")
        self.more.setText("⋯")
        self.more.setProperty("flat", "true")
        self.more.setAccessibleName(self.tr("What to do with presets"))
        self.more.setToolTip(self.tr("Save, rename, delete, import, export"))
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.note = QLabel(self)
        self.note.setWordWrap(True)
        self.note.setProperty("quiet", "true")
        self._menu = QMenu(self)
        self._make_menu()
        self.more.setMenu(self._menu)
        lines = QVBoxLayout(self)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(4)
        lines.addLayout(spread(self.box, self.more))
        lines.addWidget(self.note)
        self.box.activated.connect(self._chosen)
        chooser.changed.connect(self.show_all)
        self.reload()

    def _make_menu(self) -> None:
        self.save = self._action(self.tr("&Save"), self._save)
        self.save_as = self._action(self.tr("Save &as…"), self._save_as)
        self.rename = self._action(self.tr("&Rename…"), self._rename)
        self.delete = self._action(self.tr("&Delete…"), self._delete)
        self._menu.addSeparator()
        self.load = self._action(self.tr("&Import…"), self._import)
        self.export = self._action(self.tr("&Export…"), self._export)

    def _action(self, text: str, slot) -> QAction:
        action = self._menu.addAction(text)
        action.triggered.connect(slot)
        return action

    # Showing

    def reload(self) -> None:
        """Read the preset files anew."""
        own, notices = presets.user()
        names = {preset.name.casefold() for preset in own}
        shipped = presets.builtin()
        self._shipped = {preset.name.casefold() for preset in shipped}
        rest = [preset for preset in shipped if preset.name.casefold() not in names]
        self._presets = [*own, *rest]
        with QSignalBlocker(self.box):
            self.box.clear()
            for preset in own:
                self.box.addItem(preset.name, preset.id)
                self._tip(preset)
            if own:
                self.box.insertSeparator(self.box.count())
            for preset in rest:
                self.box.addItem(preset.name, preset.id)
                self._tip(preset)
        for notice in notices[:1]:
            self.problem.emit(notice)
        self.show_all()

    def _tip(self, preset: Preset) -> None:
        place = self.box.count() - 1
        self.box.setItemData(place, preset.description, Qt.ItemDataRole.ToolTipRole)

    @property
    def current(self) -> Preset | None:
        """The preset that the settings began as, if it is here."""
        wanted = self._chooser.choice.preset
        return next((preset for preset in self._presets if preset.id == wanted), None)

    @property
    def changed(self) -> bool:
        """Whether the settings are no longer those of the preset."""
        preset = self.current
        return preset is None or preset.settings != self._chooser.sampling

    @Slot()
    def show_all(self) -> None:
        """Show which preset holds, and whether it was changed."""
        preset = self.current
        place = self.box.findData(preset.id) if preset is not None else -1
        self.box.setCurrentIndex(place)
        self.box.setPlaceholderText(self.tr("Settings of its own"))
        note = preset.description if preset is not None else ""
        if preset is not None and self.changed:
            note = self.tr("Changed since it was chosen; save it to keep it. %1")
            note = note.replace("%1", preset.description)
        self.note.setText(note)
        self.note.setVisible(bool(note))
        mine = preset is not None and not preset.builtin
        resets = mine and preset is not None and preset.name.casefold() in self._shipped
        self.save.setEnabled(preset is not None and self.changed)
        self.rename.setEnabled(mine and not resets)
        self.delete.setEnabled(mine)
        self.delete.setText(
            self.tr("&Reset to the shipped one…") if resets else self.tr("&Delete…")
        )

    @Slot(int)
    def _chosen(self, _place: int) -> None:
        wanted = self.box.currentData()
        preset = next((preset for preset in self._presets if preset.id == wanted), None)
        if preset is not None:
            self._chooser.use(preset)

    # Own presets

    @Slot()
    def _save(self) -> None:
        preset = self.current
        if preset is not None:
            self._keep(preset.name, preset.description)

    @Slot()
    def _save_as(self) -> None:
        preset = self.current
        name = self._ask(self.tr("Save as a preset"), self._free(preset.name if preset else ""))
        if not name:
            return
        taken = self._named(name)
        if taken is not None and not self._sure(
            self.tr("There is a preset “%1” already. Replace it?").replace("%1", taken.name),
            self.tr("Replace"),
        ):
            return
        self._keep(taken.name if taken else name, "")

    def _keep(self, name: str, description: str) -> None:
        try:
            saved = presets.save(Preset(name, self._chooser.sampling, description))
        except KnownError as error:
            self.problem.emit(str(error))
            return
        self._taken(saved)
        self.said.emit(self.tr("Saved as “%1”.").replace("%1", saved.name))

    def _taken(self, saved: Preset) -> None:
        """Go on with a preset that was written."""
        self._chooser.presets_changed()
        self.reload()
        self._chooser.use(saved)

    @Slot()
    def _rename(self) -> None:
        preset = self.current
        if preset is None or preset.builtin:
            return
        name = self._ask(self.tr("Rename the preset"), preset.name)
        if not name or name == preset.name:
            return
        taken = self._named(name)
        if taken is not None and taken.id != preset.id:
            text = self.tr("There is a preset “%1” already; choose another name.")
            self.problem.emit(text.replace("%1", taken.name))
            return
        try:
            saved = presets.rename(preset, name)
        except KnownError as error:
            self.problem.emit(str(error))
            return
        self._chooser.presets_changed()
        self.reload()
        self._chooser.rename(saved.id)

    @Slot()
    def _delete(self) -> None:
        preset = self.current
        if preset is None or preset.builtin:
            return
        shipped = preset.name.casefold() in self._shipped
        text = (
            self.tr("Go back to “%1” as it came with the app? Your own version is removed.")
            if shipped
            else self.tr("Delete the preset “%1”? The settings in use stay as they are.")
        )
        if not self._sure(text.replace("%1", preset.name), self.tr("Remove")):
            return
        try:
            presets.delete(preset)
        except KnownError as error:
            self.problem.emit(str(error))
            return
        self._chooser.presets_changed()
        self.reload()
        original = self._named(preset.name)
        if shipped and original is not None:
            self._chooser.use(original)

    # Files

    @Slot()
    def _import(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, self.tr("Import a preset"), "", f"{preset_formats.OPEN_FILTER};;*"
        )
        if path:
            self.read(Path(path))

    def read(self, path: Path) -> None:
        """Take a preset file over, say what became of it, and use it."""
        try:
            found, report = preset_formats.read(path)
            free = Preset(self._free(found.name), found.settings, found.description)
            saved = presets.save(free)
        except KnownError as error:
            self.problem.emit(str(error))
            return
        self._taken(saved)
        self._tell(saved, report)

    def _tell(self, saved: Preset, report: Report) -> None:
        text = self.tr("“%1” was imported and is in use.").replace("%1", saved.name)
        if not report.changed and not report.dropped:
            self.said.emit(text)
            return
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.Information)
        box.setWindowTitle(self.tr("Import a preset"))
        box.setText(text)
        box.setInformativeText(report.sentence())
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    @Slot()
    def _export(self) -> None:
        preset = self.current
        name = preset.name if preset is not None else self.tr("Preset")
        path, chosen = QFileDialog.getSaveFileName(
            self,
            self.tr("Export the settings as a preset"),
            f"{presets.stem(name)}.toml",
            preset_formats.SAVE_FILTER,
        )
        if path:
            self.write(Path(path), name, chosen)

    def write(self, path: Path, name: str, chosen: str = "") -> None:
        """Write the settings as a preset file, in the form its name asks for."""
        try:
            preset = Preset(name, self._chooser.sampling)
            report = preset_formats.write(preset, preset_formats.with_suffix(path, chosen))
        except KnownError as error:
            self.problem.emit(str(error))
            return
        self.said.emit(report.sentence() or self.tr("The preset was written."))

    # Asking

    def _ask(self, title: str, name: str) -> str:
        text, given = QInputDialog.getText(
            self, title, self.tr("Name:"), QLineEdit.EchoMode.Normal, name
        )
        text = " ".join(text.split())
        if not given or not text:
            return ""
        if len(text) > MAX_NAME:
            longest = self.tr("A preset's name has at most %1 characters.")
            self.problem.emit(longest.replace("%1", str(MAX_NAME)))
            return ""
        return text

    def _sure(self, question: str, yes: str) -> bool:
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(self.tr("Presets"))
        box.setText(question)
        do_it = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.exec()
        return box.clickedButton() is do_it

    def _named(self, name: str) -> Preset | None:
        """The preset of that name, whatever its capitals."""
        return next((p for p in self._presets if p.name.casefold() == name.casefold()), None)

    def _free(self, name: str) -> str:
        """A name like this one that no preset has."""
        name = name or self.tr("My preset")
        if self._named(name) is None:
            return name
        stem = name[: MAX_NAME - 4].rstrip()
        names = (f"{stem} {n}" for n in range(2, 1000))
        return next(free for free in names if self._named(free) is None)
