"""Where the window and its panels stood, kept from one start to the next."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings
from PySide6.QtWidgets import QMainWindow

FILE_NAME = "window.ini"
LAYOUT = 1  # raise it when panels change so that old layouts no longer fit


class WindowState:
    """The state of one window, in a file of the settings' folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME

    def _file(self) -> QSettings:
        return QSettings(str(self._path), QSettings.Format.IniFormat)

    def place(self, window: QMainWindow) -> None:
        """Put the window where it stood."""
        geometry = self._file().value("geometry")
        if isinstance(geometry, QByteArray):
            window.restoreGeometry(geometry)

    def lay_out(self, window: QMainWindow) -> None:
        """Put the panels where they stood; they must be there already."""
        panels = self._file().value("panels")
        if isinstance(panels, QByteArray):
            window.restoreState(panels, LAYOUT)

    def keep(self, window: QMainWindow) -> None:
        """Write down how the window stands."""
        file = self._file()
        file.setValue("geometry", window.saveGeometry())
        file.setValue("panels", window.saveState(LAYOUT))
