"""The page of models: what is here and what can be had, one of them in detail."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from app.dialogs import model_detail as detail
from app.dialogs.model_detail import ModelDetail
from app.dialogs.model_entries import Entry, Section, entries, typed
from app.dialogs.model_verbs import ModelVerbs
from app.dialogs.rows import Row, RowList
from app.fetching import State
from engine import paths
from engine.lm.progress import say_bytes

if TYPE_CHECKING:
    from app.fetching import Fetching
    from app.fitting import Fitting
    from app.settings import Preferences
    from app.switching import Switching


class ModelsPage(QWidget):
    """Lists models and shows one of them; what is done with them is ``ModelVerbs``' work.

    Signals:
        problem: a sentence about what could not be done; empty: that is over.
    """

    problem = Signal(str)

    def __init__(
        self,
        preferences: Preferences,
        switching: Switching,
        fetching: Fetching,
        fitting: Fitting,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._preferences, self._switching = preferences, switching
        self._fetching, self._fitting = fetching, fitting
        self._entries: dict[str, Entry] = {}
        self._typed: dict[str, Entry] = {}
        self._interrupted = ""  # the model whose measuring was cut short
        self.verbs = ModelVerbs(switching, fetching, fitting, self)
        self.filter = QLineEdit(self)
        self.filter.setPlaceholderText(self.tr("Filter"))
        self.filter.setAccessibleName(self.tr("Filter the models"))
        self.filter.setClearButtonEnabled(True)
        self.list = RowList(self)
        self.list.setAccessibleName(self.tr("Models"))
        self.empty = QLabel(self.tr("No model is called so."), self)
        self.empty.setProperty("quiet", "true")
        self.empty.setWordWrap(True)
        self.address = QLineEdit(self)
        self.address.setPlaceholderText(self.tr("owner/name"))
        self.address.setAccessibleName(self.tr("A model's id on the Hugging Face Hub"))
        self.address.setToolTip(
            self.tr("Any GPT-2 model of the Hugging Face Hub: owner/name, or its page's address")
        )
        self.get = QPushButton(self.tr("Get"), self)
        self.bring = QPushButton(self.tr("Import…"), self)
        self.detail = ModelDetail(self)
        self.space = QLabel(self)
        self.space.setProperty("quiet", "true")
        self.space.setWordWrap(True)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        for button in (self.get, self.bring):
            button.setAutoDefault(False)
        menu = QMenu(self.bring)
        menu.addAction(self.tr("A model's folder…"), self.verbs.import_folder)
        menu.addAction(self.tr("A .safetensors file…"), self.verbs.import_file)
        self.bring.setMenu(menu)
        self.bring.setToolTip(self.tr("Copy a model from this machine into the library"))
        more = QHBoxLayout()
        more.setSpacing(6)
        more.addWidget(self.address, 1)
        more.addWidget(self.get)
        left = QWidget(self)
        column = QVBoxLayout(left)
        column.setContentsMargins(12, 12, 8, 12)
        column.setSpacing(8)
        column.addWidget(self.filter)
        column.addWidget(self.empty)
        column.addWidget(self.list, 1)
        column.addLayout(more)
        column.addWidget(self.bring)
        both = QSplitter(Qt.Orientation.Horizontal, self)
        both.setChildrenCollapsible(False)
        left.setMinimumWidth(180)
        self.detail.setMinimumWidth(346)
        both.addWidget(left)
        both.addWidget(self.detail)
        both.setStretchFactor(1, 1)
        both.setSizes([250, 480])
        lines = QVBoxLayout(self)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(0)
        lines.addWidget(both, 1)

    def _connect(self) -> None:
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.timeout.connect(self.refresh)
        self.filter.textChanged.connect(self.refresh)
        self.list.picked.connect(self._show)
        self.list.itemActivated.connect(self._activated)
        self.address.returnPressed.connect(self.get_typed)
        self.get.clicked.connect(self.get_typed)
        self.detail.wanted.connect(self._do)
        self.verbs.problem.connect(self.problem)
        self.verbs.coming.connect(self._coming)
        self.verbs.done.connect(self.refresh)
        self.detail.fit.measure_wanted.connect(self._measure)
        self.detail.fit.stop_wanted.connect(self._fitting.stop)
        self._fetching.changed.connect(self._fetched)
        self._fetching.finished.connect(self._finished)
        self._fitting.changed.connect(self._fitted)
        self._fitting.measured.connect(self._measured)
        self._switching.changed.connect(self.refresh)
        self._switching.failed.connect(self.problem)
        self._preferences.changed.connect(self._settle.start)

    # Showing

    @property
    def entry(self) -> Entry | None:
        """The model that is shown."""
        return self._entries.get(self.list.key)

    def look(self) -> None:
        """Read again what there is, and ask what of it fits; for when the dialog opens."""
        self.refresh()
        self._fitting.look([e.name for e in self._entries.values() if not e.problem])
        self.list.setFocus()

    @Slot()
    def refresh(self) -> None:
        """List what there is now."""
        found = entries()
        names = {entry.name for entry in found}
        self._typed = {n: e for n, e in self._typed.items() if n not in names and self._fetching[n]}
        active = {fetch.name for fetch in self._fetching.active}
        here = [e for e in found if e.section is Section.HERE]
        there = [e for e in found if e.section is Section.THERE and e.name not in active]
        coming = [e for e in found if e not in here and e not in there]
        coming += self._typed.values()
        # While its folder is moved into the library, a model is in neither list for a moment.
        moved = (active & self._entries.keys()) - names - self._typed.keys()
        coming += [self._entries[name] for name in sorted(moved)]
        self._entries = {e.name: e for e in (*here, *coming, *there)}
        rows: list[Row] = []
        wanted = self.filter.text().strip()
        sections = (
            (self.tr("On this machine"), here),
            (self.tr("On their way"), coming),
            (self.tr("To be had"), there),
        )
        for heading, some in sections:
            shown = [self._row(entry) for entry in some if entry.matches(wanted)]
            if shown:
                rows += [Row("", heading), *shown]
        self.list.fill(rows)
        self.list.setVisible(bool(rows))
        self.empty.setVisible(not rows)
        self._show()
        self._tell_space(sum(e.nbytes for e in here if not e.built_in))

    def _row(self, entry: Entry) -> Row:
        fetch = self._fetching[entry.name]
        share = fetch.share if fetch is not None and fetch.active else None
        in_use = entry.name == self._switching.name
        parts = [say_bytes(entry.nbytes)] if entry.nbytes else []
        if share is not None:
            parts = [self.tr("%1 %").replace("%1", f"{100 * share:.0f}")]
        elif entry.name == self._switching.loading:
            parts.append(self.tr("waking up…"))
        elif in_use:
            parts.append(self.tr("in use"))
        elif entry.problem:
            parts.append(self.tr("cannot be played"))
        elif fetch is not None and fetch.state is State.FAILED:
            parts.append(self.tr("stopped"))
        elif entry.section is Section.COMING:
            parts = [self.tr("not finished")]
        else:
            report = self._fitting[entry.name]
            if report is not None:
                parts.append(self.tr("fits") if report.best is not None else self.tr("too large"))
        return Row(entry.name, entry.title, " · ".join(parts), share, in_use)

    @Slot()
    def _show(self) -> None:
        entry = self.entry
        self.detail.setVisible(entry is not None)
        if entry is None:
            return
        fetch = self._fetching[entry.name]
        self.detail.show_model(
            entry,
            fetch,
            sentence=self._fetching.sentence(fetch) if fetch is not None else "",
            in_use=entry.name == self._switching.name,
            loading=entry.name == self._switching.loading,
        )
        self._show_fit(entry)

    def _show_fit(self, entry: Entry) -> None:
        note = ""
        report = self._fitting[entry.name]
        if self._interrupted == entry.name:
            note = self.tr("Measuring made room for the story; try again when nothing is written.")
        elif report is None and entry.name in self._typed:
            note = self.tr("What it needs is known when its first files are here.")
        measuring = self._fitting.measuring == entry.name
        self.detail.show_report(report, measuring=measuring, note=note)
        self.detail.fit.setVisible(not entry.problem and (report is not None or bool(note)))

    def _tell_space(self, taken: int) -> None:
        folder = paths.models()
        text = self.tr("Models are kept in %2.")
        if taken:
            text = self.tr("Models take %1 in %2.").replace("%1", say_bytes(taken))
        there = next((one for one in (folder, *folder.parents) if one.is_dir()), None)
        if there is not None:
            free = say_bytes(shutil.disk_usage(there).free)
            text += " " + self.tr("%1 are free there.").replace("%1", free)
        self.space.setText(text.replace("%2", paths.shown(folder)))

    @Slot(str)
    def _fetched(self, name: str) -> None:
        fetch = self._fetching[name]
        entry = self._entries.get(name)
        if fetch is None or entry is None or not fetch.active or not self._was_active(name):
            self._settle.start()  # it is another section's now
            return
        rows = [self._row(entry) if row.key == name else row for row in self.list.rows]
        self.list.fill(rows)
        if self.list.key == name:
            self.detail.show_fetch(entry, fetch, self._fetching.sentence(fetch))

    def _was_active(self, name: str) -> bool:
        """Whether the list shows it as on its way already."""
        return any(row.key == name and row.share is not None for row in self.list.rows)

    @Slot(str)
    def _finished(self, name: str) -> None:
        self.refresh()
        self._fitting.look([name])  # after what is being looked at
        if not self.isVisible() or self.list.key == "":
            self.list.pick(name)

    @Slot(str)
    def _fitted(self, name: str) -> None:
        self.list.fill([
            self._row(self._entries[row.key]) if row.key == name else row for row in self.list.rows
        ])  # fmt: skip
        if self.list.key == name and name in self._entries:
            self._show_fit(self._entries[name])

    @Slot(str, bool)
    def _measured(self, name: str, whole: bool) -> None:  # noqa: FBT001  a signal's slot
        self._interrupted = "" if whole else name
        self._fitted(name)

    # Doing

    @Slot()
    def get_typed(self) -> None:
        """Download the model whose id was typed."""
        ask = self.address.text().strip()
        if ask and self.verbs.download(ask):
            self.address.clear()

    @Slot(str, str)
    def _coming(self, name: str, ask: str) -> None:
        """Show a model that is on its way."""
        if name not in self._entries:
            self._typed[name] = typed(name, ask)
        self.filter.clear()
        self.refresh()
        self.list.pick(name)

    @Slot()
    def _measure(self) -> None:
        entry = self.entry
        if entry is not None:
            self._interrupted = ""
            self._fitting.measure(entry.name)

    @Slot()
    def _activated(self) -> None:
        """Enter or a double click: use it, or go on with it; a download is begun by its button."""
        for name in (detail.USE, detail.RESUME):
            button = self.detail.buttons[name]
            if not button.isHidden() and button.isEnabled():
                button.click()
                return

    @Slot(str)
    def _do(self, what: str) -> None:
        if self.entry is not None:
            self.verbs.do(what, self.entry)
