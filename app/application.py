"""Starts the window: one per user, painted first, the model after it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject, QSocketNotifier, Qt, QTimer, Slot
from PySide6.QtWidgets import QApplication

from app import IDENTIFIER, NAME, VERSION
from app.settings import Preferences
from app.theme import load_fonts
from app.window import Window

if TYPE_CHECKING:
    from app.models import How, Model


class Application(QObject):
    """What lives as long as the program: settings, threads, the window."""

    def __init__(
        self, *, load: Callable[[str, How], Model] | None = None, at_once: bool = True
    ) -> None:
        super().__init__()
        self._load = load
        self.preferences = Preferences()
        self.window = Window(self.preferences)
        if at_once:
            self.furnish()

    def furnish(self) -> None:
        """Put everything into the window that its first frame does not need."""
        from app.errors import Faults
        from app.jobs import Jobs
        from app.models import Models, is_tight, load_local

        self.faults = Faults(self)
        self.jobs = Jobs(self)
        if self._load is None:
            self.models = Models(self.jobs, self, load=load_local, tight=is_tight)
        else:
            self.models = Models(self.jobs, self, load=self._load, tight=lambda _name, _how: False)
        self.window.furnish(self.jobs, self.models, self.faults)

    def listen(self) -> None:
        """Be the one window that later starts hand their files to."""
        from app.single import FirstWindow

        self._first = FirstWindow(self)
        self._first.listen()
        self._first.asked.connect(self.asked)

    def start(self, file: str = "") -> None:
        """Show the window, then load the model; open ``file`` if there is one."""
        self.window.show()
        QApplication.processEvents()  # the first frame, before anything else is read
        if not self.window.furnished:
            self.furnish()
            self.faults.install()
        if file:
            self.window.librarian.open(file)
        self.window.librarian.refresh()
        for problem in self.preferences.problems:
            self.window.show_problem(problem)
        QTimer.singleShot(0, self, self.wake)  # once the first frame is on the screen

    @Slot()
    def wake(self) -> None:
        """Load the model in the background."""
        self.window.switching.start()

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
        import signal
        import socket

        super().__init__(window)
        self._window = window
        self._signal = signal
        self._ours, self._theirs = socket.socketpair()
        self._theirs.setblocking(False)  # noqa: FBT003
        self._notifier = QSocketNotifier(self._ours.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._came)
        signal.set_wakeup_fd(self._theirs.fileno())
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _noted)

    def close(self) -> None:
        """Let go of the signals."""
        self._signal.set_wakeup_fd(-1)
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
    qt = make_qt(sys.argv[:1])
    from app.single import hand_over

    if hand_over(file):
        return 0
    application = Application(at_once=False)
    signals = Signals(application.window)
    application.start(file)
    application.listen()
    try:
        return qt.exec()
    finally:
        application.faults.uninstall()
        signals.close()
