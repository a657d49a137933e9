"""What can be done with models: got, imported, used, checked, deleted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QWidget

from app.dialogs import model_detail as detail
from app.dialogs.asking import sure
from app.dialogs.model_entries import Entry
from engine.errors import KnownError
from engine.lm import library
from engine.lm.progress import say_bytes

if TYPE_CHECKING:
    from app.fetching import Fetching
    from app.fitting import Fitting
    from app.switching import Switching

HUB = "https://huggingface.co/"


class ModelVerbs(QObject):
    """Has done what is pressed; asks first where it cannot be undone.

    Signals:
        problem: a sentence about what could not be done; empty: that is over.
        coming: the name of a model that is on its way now, and what it was asked for by.
        done: something else was done.
    """

    problem = Signal(str)
    coming = Signal(str, str)
    done = Signal()

    def __init__(
        self, switching: Switching, fetching: Fetching, fitting: Fitting, view: QWidget
    ) -> None:
        super().__init__(view)
        self._view = view
        self._switching, self._fetching, self._fitting = switching, fetching, fitting

    def download(self, ask: str) -> bool:
        """Download the model of an id or of the catalogue; False where that cannot be begun."""
        self.problem.emit("")
        try:
            name = self._fetching.download(ask)
        except KnownError as error:
            self.problem.emit(str(error))
            return False
        self.coming.emit(name, ask)
        return True

    @Slot()
    def import_folder(self) -> None:
        """Ask for a model's folder and copy it into the library."""
        path = QFileDialog.getExistingDirectory(self._view, self.tr("The folder of a model"))
        if path:
            self._import(Path(path))

    @Slot()
    def import_file(self) -> None:
        """Ask for a file of weights and copy it, with what lies beside it, into the library."""
        kind = self.tr("Weights (*.safetensors)")
        title = self.tr("The weights of a model")
        path, _ = QFileDialog.getOpenFileName(self._view, title, "", kind)
        if path:
            self._import(Path(path))

    def _import(self, source: Path) -> None:
        self.problem.emit("")
        self.coming.emit(self._fetching.bring(source), "")

    def do(self, what: str, entry: Entry) -> None:
        """Do what a button of the model's page says."""
        self.problem.emit("")
        try:
            self._do(what, entry)
        except KnownError as error:
            self.problem.emit(str(error))
        else:
            self.done.emit()

    def _do(self, what: str, entry: Entry) -> None:
        name = entry.name
        match what:
            case detail.USE:
                self._use(entry)
            case detail.GET:
                self.download(entry.ask)
            case detail.PAUSE:
                self._fetching.pause(name)
            case detail.RESUME:
                if self._fetching[name] is not None:
                    self._fetching.resume(name)
                else:
                    self.download(entry.ask)
            case detail.DISCARD:
                self._fetching.throw_away(name)
            case detail.VERIFY:
                self._fetching.verify(name)
            case detail.SHOW if entry.folder is not None:
                QDesktopServices.openUrl(QUrl.fromLocalFile(str(entry.folder)))
            case detail.PAGE:
                QDesktopServices.openUrl(QUrl(HUB + entry.repo))
            case detail.DELETE:
                self._delete(entry)

    def _use(self, entry: Entry) -> None:
        report = self._fitting[entry.name]
        if report is not None and report.best is None:
            question = self.tr("Load %1 all the same?").replace("%1", entry.title)
            about = f"{report.recommendation} {report.warning}"
            if not sure(self._view, question, about, self.tr("Load it")):
                return
        self._switching.use(entry.name)

    def _delete(self, entry: Entry) -> None:
        question = self.tr("Delete %1 from this machine?").replace("%1", entry.title)
        about = self.tr("%1 become free. Your stories stay as they are.")
        about = about.replace("%1", say_bytes(entry.nbytes))
        if sure(self._view, question, about, self.tr("Delete")):
            library.remove(entry.name)
            self._fetching.forget(entry.name)
