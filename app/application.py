"""Starts the window: one per user, painted first, the model after it."""

from __future__ import annotations

import logging
import signal
import socket
import sys
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QObject, QSocketNotifier, Qt, QTimer, Slot
from PySide6.QtWidgets import QApplication

from app import IDENTIFIER, NAME, VERSION
from app.errors import Faults
from app.jobs import Jobs
from app.models import Model, Models, load_local
from app.settings import Preferences
from app.single import FirstWindow, hand_over
from app.theme import load_fonts
from app.window import Window


class Application(QObject):
    """What lives as long as the program: settings, threads, the window."""

    def __init__(self, *, listen: bool = True, load: Callable[[str], Model] = load_local) -> None:
        super().__init__()
        self.preferences = Preferences()
        self.faults = Faults(self)
        self.jobs = Jobs(self)
        self.models = Models(self.jobs, self, load=load)
        self.first = FirstWindow(self) if listen else None
        self.window = Window(self.preferences, self.jobs, self.models, self.faults)
        if self.first is not None:
            self.first.listen()
            self.first.asked.connect(self.asked)

    def start(self, file: str = "") -> None:
        """Show the window, then load the model; open ``file`` if there is one."""
        self.window.show()
        if file:
            self.window.librarian.open(file)
        QApplication.processEvents()  # the first frame, before anything is read
        self.window.librarian.refresh()
        for problem in self.preferences.problems:
            self.window.show_problem(problem)
        QTimer.singleShot(0, self, self.wake)  # once the first frame is on the screen

    @Slot()
    def wake(self) -> None:
        """Load the model in the background."""
        self.models.load(self.preferences.value.model)

    @Slot(str)
    def asked(self, file: str) -> None:
        """A second start came: come to the front, and open its file."""
        self.window.setWindowState(self.window.windowState() & ~Qt.WindowState.WindowMinimized)
        self.window.raise_()
        self.window.activateWindow()
        if file:
            self.window.librarian.open(file)


class Signals(QObject):
    """Ctrl-C in the terminal and the end of the session close the window in good order."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
        self._ours, self._theirs = socket.socketpair()
        self._theirs.setblocking(False)  # noqa: FBT003
        self._notifier = QSocketNotifier(self._ours.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._came)
        signal.set_wakeup_fd(self._theirs.fileno())
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _noted)

    def close(self) -> None:
        """Let go of the signals."""
        signal.set_wakeup_fd(-1)
        self._ours.close()
        self._theirs.close()

    @Slot()
    def _came(self) -> None:
        self._ours.recv(64)
        self._window.close()


def _noted(_number: int, _frame: object) -> None:
    """The notifier does the work: Python runs no handler while Qt waits."""


def make_qt(arguments: list[str]) -> QApplication:
    """Qt's own application object, with the names a desktop wants."""
    QCoreApplication.setApplicationName(NAME)
    QCoreApplication.setApplicationVersion(VERSION)
    QApplication.setDesktopFileName(IDENTIFIER)
    app = QApplication(arguments)
    load_fonts()
    return app


def run(file: str = "") -> int:
    """Run until the window is closed; the exit code."""
    logging.basicConfig(level=logging.WARNING)
    qt = make_qt(sys.argv[:1])
    if hand_over(file):
        return 0
    application = Application()
    signals = Signals(application.window)
    application.faults.install()
    application.start(file)
    try:
        return qt.exec()
    finally:
        application.faults.uninstall()
        signals.close()
