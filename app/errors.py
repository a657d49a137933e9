"""What happens when the program has a bug: the story is safe, and there is a report to copy."""

from __future__ import annotations

import logging
import platform
import re
import sys
import traceback
from pathlib import Path
from types import TracebackType

import PySide6
from PySide6.QtCore import QObject, Signal, Slot, qVersion
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from app import NAME, VERSION
from engine.errors import KnownError
from engine.paths import assets

MAX_REPORT = 20_000
log = logging.getLogger(__name__)


def report(error: BaseException) -> str:
    """Versions and the traceback, without this machine's folders or the user's name."""
    lines = [
        f"{NAME} {VERSION}",
        f"Python {platform.python_version()}, Qt {qVersion()}, PySide6 {PySide6.__version__}",
        f"{platform.system()} {platform.release()} {platform.machine()}",
        "",
        "".join(traceback.format_exception(error)),
    ]
    return without_paths("\n".join(lines))[-MAX_REPORT:]


def without_paths(text: str) -> str:
    """``text`` with folders cut off: what stays of a path is what lies below a known root."""
    roots = {str(assets().parent): "", str(Path.home()): "~"}
    for entry in sorted((e for e in sys.path if e), key=len, reverse=True):
        roots.setdefault(str(Path(entry).resolve()), "")
    for root in sorted(roots, key=len, reverse=True):
        if len(root) > 1:
            text = text.replace(root + "/", "").replace(root + "\\", "").replace(root, roots[root])
    # Whatever absolute path is left: its last two parts.
    return re.sub(
        r"(?<![\w~])(?:[A-Za-z]:)?[\\/](?:[^\s\\/\"']+[\\/])+(?=[^\s\\/\"']+)", "…/", text
    )


class CrashDialog(QDialog):
    """Says that it is our fault, that the story is safe, and offers the report."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Something went wrong"))
        self.setMinimumSize(620, 420)
        words = QLabel(
            self.tr(
                "This is a fault of the program, not yours. Your story is saved up to the last "
                "word that was finished. You can go on; if things look odd, start the program "
                "again.\n\nThis report helps to mend it. It names no folders of yours and holds "
                "nothing of your story."
            ),
            self,
        )
        words.setWordWrap(True)
        self.text = QPlainTextEdit(text, self)
        self.text.setReadOnly(True)
        self.text.setAccessibleName(self.tr("Report"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        copy = buttons.addButton(self.tr("Copy the report"), QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(self._copy)
        buttons.rejected.connect(self.reject)
        lines = QVBoxLayout(self)
        lines.setSpacing(12)
        lines.setContentsMargins(20, 18, 20, 16)
        lines.addWidget(words)
        lines.addWidget(self.text, 1)
        lines.addWidget(buttons)

    @Slot()
    def _copy(self) -> None:
        QApplication.clipboard().setText(self.text.toPlainText())


class Faults(QObject):
    """Takes every exception that nobody caught, from any thread, to the GUI thread and shows it.

    Signals:
        known: the sentence of a KnownError that came this far.
        fault: the report of a bug.
    """

    known = Signal(str)
    fault = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._dialog: CrashDialog | None = None
        self._previous = sys.excepthook
        self.fault.connect(self.show_fault)

    def install(self) -> None:
        """Be Python's excepthook from now on."""
        self._previous = sys.excepthook
        sys.excepthook = self.caught

    def uninstall(self) -> None:
        """Put the hook back that was there before."""
        sys.excepthook = self._previous

    def caught(
        self,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
    ) -> None:
        """An exception that nobody caught."""
        if issubclass(kind, KeyboardInterrupt):
            self._previous(kind, error, trace)
            app = QApplication.instance()
            if app is not None:
                app.quit()
        elif isinstance(error, KnownError):
            self.known.emit(str(error))
        else:
            log.info("fault", exc_info=(kind, error, trace))
            self.fault.emit(report(error))

    def failed(self, error: BaseException) -> None:
        """The error a job ended with."""
        self.caught(type(error), error, error.__traceback__)

    @Slot(str)
    def show_fault(self, text: str) -> None:
        """Show a report; while one is open, later faults are left to the log."""
        if self._dialog is not None:
            return
        parent = QApplication.activeWindow()
        self._dialog = CrashDialog(text, parent)
        self._dialog.finished.connect(self._closed)
        self._dialog.open()

    @Slot()
    def _closed(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None
