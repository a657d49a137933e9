"""The page of servers: a list, one entry to edit, a test of its connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QPushButton,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from app.dialogs import server_work as work
from app.dialogs.asking import sure
from app.dialogs.rows import Row, RowList
from app.dialogs.server_form import Draft, ServerForm, draft_of
from app.dialogs.server_work import Answer, Kept
from app.flow import Flow
from app.jobs import Job, Jobs, Lane
from engine.errors import KnownError
from engine.lm.remote.keys import Secret
from engine.lm.remote.servers import PREFIX, Server, load_servers

if TYPE_CHECKING:
    from app.switching import Switching

NEW = "\n"  # the key of a row whose entry is not kept yet: no server's name


class ServersPage(QWidget):
    """Lists the servers that were entered, and has done what is pressed.

    Signals:
        problem: a sentence about what could not be done; empty: that is over.
    """

    problem = Signal(str)

    def __init__(self, jobs: Jobs, switching: Switching, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs, self._switching = jobs, switching
        self._servers: dict[str, Server] = {}
        self._drafts: dict[str, Draft] = {}  # what was edited and not kept
        self._shown = ""  # the key of the entry in the form
        self._use_it = False  # when it has been kept
        self._job: Job | None = None
        self.list = RowList(self)
        self.list.setAccessibleName(self.tr("Servers"))
        self.add = QPushButton(self.tr("New server"), self)
        self.intro = QLabel(
            self.tr(
                "A server is another program or machine that writes: vLLM, llama.cpp, KoboldCpp, LM "
                "Studio, Ollama and others. Your story is sent to it while it writes. Enter its "
                "address, test the connection, use it."
            ),
            self,
        )
        self.form = ServerForm(self)
        self.result = QLabel(self)
        self.use = QPushButton(self.tr("Use it"), self)
        self.use.setProperty("primary", "true")
        self.test = QPushButton(self.tr("Test connection"), self)
        self.keep = QPushButton(self.tr("Save"), self)
        self.no_key = QPushButton(self.tr("Forget its key"), self)
        self.delete = QPushButton(self.tr("Delete…"), self)
        self._lay_out()
        self.list.picked.connect(self._picked)
        self.add.clicked.connect(self.begin)
        self.form.edited.connect(self._edited)
        self.use.clicked.connect(self._use)
        self.test.clicked.connect(self._test)
        self.keep.clicked.connect(self._keep)
        self.no_key.clicked.connect(self._forget_key)
        self.delete.clicked.connect(self._delete)
        switching.changed.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        for label in (self.intro, self.result):
            label.setWordWrap(True)
        self.intro.setProperty("quiet", "true")
        self.result.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._buttons = (self.use, self.test, self.keep, self.no_key, self.delete)
        pressed = QWidget(self)
        flow = Flow(pressed, gap=8)
        for button in (*self._buttons, self.add):
            button.setAutoDefault(False)
        for button in self._buttons:
            flow.addWidget(button)
        left = QWidget(self)
        column = QVBoxLayout(left)
        column.setContentsMargins(12, 12, 8, 12)
        column.setSpacing(8)
        column.addWidget(self.list, 1)
        column.addWidget(self.add)
        inside = QWidget(self)
        lines = QVBoxLayout(inside)
        lines.setContentsMargins(18, 12, 16, 12)
        lines.setSpacing(10)
        lines.addWidget(self.intro)
        lines.addWidget(self.form)
        lines.addWidget(self.result)
        lines.addWidget(pressed)
        lines.addStretch(1)
        scroll = QScrollArea(self)
        scroll.setObjectName("detail")
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inside)
        both = QSplitter(Qt.Orientation.Horizontal, self)
        both.setChildrenCollapsible(False)
        left.setMinimumWidth(160)
        scroll.setMinimumWidth(366)
        both.addWidget(left)
        both.addWidget(scroll)
        both.setStretchFactor(1, 1)
        both.setSizes([230, 500])
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(both)

    # Showing

    @Slot()
    def refresh(self) -> None:
        """Read the list anew."""
        servers, problems = load_servers()
        if problems:
            self.problem.emit(problems[0])
        self._servers = {server.name: server for server in servers}
        rows = []
        for server in servers:
            name = PREFIX + server.name
            about = server.place
            if name == self._switching.loading:
                about = self.tr("connecting…")
            elif name == self._switching.name:
                about += " · " + self.tr("in use")
            rows.append(Row(server.name, server.name, about, None, name == self._switching.name))
        if NEW in self._drafts or not rows:
            self._drafts.setdefault(NEW, Draft())
            about = self.tr("not saved yet")
            rows.append(Row(NEW, self._drafts[NEW].name or self.tr("A new one"), about))
        self.list.fill(rows)
        self._enable()

    @Slot()
    def begin(self) -> None:
        """Show an empty entry."""
        self._remember()
        self._drafts.setdefault(NEW, Draft())
        self.refresh()
        self.list.pick(NEW)
        self.form.name.setFocus()

    @Slot(str)
    def _picked(self, key: str) -> None:
        if key == self._shown and key in (*self._servers, NEW):
            return
        self._remember()
        self._shown = key
        saved = self._servers.get(key)
        self.form.show_draft(
            self._drafts.get(key) or (draft_of(saved) if saved is not None else Draft())
        )
        self.result.clear()
        self.result.hide()
        self._enable()

    def _remember(self) -> None:
        """Keep what is edited when another entry is shown."""
        if self._shown in (*self._servers, NEW) and self._dirty:
            self._drafts[self._shown] = self.form.draft

    @property
    def _dirty(self) -> bool:
        saved = self._servers.get(self._shown)
        return self.form.draft != (draft_of(saved) if saved is not None else Draft())

    @Slot()
    def _edited(self) -> None:
        self._remember()
        self._enable()

    def _enable(self) -> None:
        kept, busy = self._shown in self._servers, self._job is not None
        name = PREFIX + self._shown
        in_use = kept and name == self._switching.name
        waking = kept and name == self._switching.loading
        self.use.setText(self.tr("In use") if in_use and not self._dirty else self.tr("Use it"))
        self.use.setEnabled(not busy and not waking and (not in_use or self._dirty))
        self.test.setEnabled(not busy)
        self.keep.setEnabled(not busy and self._dirty)
        self.no_key.setVisible(kept)
        self.no_key.setEnabled(not busy)
        self.delete.setVisible(kept or NEW in self._drafts)
        self.delete.setText(self.tr("Delete…") if kept else self.tr("Throw away"))
        self.delete.setEnabled(not busy and not in_use and not waking)
        self.delete.setToolTip(self.tr("It is in use") if in_use else "")

    def _tell(self, text: str, *, bad: bool = False) -> None:
        self.result.setText(text)
        self.result.setVisible(bool(text))
        self.result.setProperty("warning", "true" if bad else "false")
        self.result.style().polish(self.result)

    # Doing

    def _entered(self) -> tuple[Server, Secret | None] | None:
        """The entry and its new key; None, and a sentence, if something is wrong with them."""
        draft = self.form.draft
        try:
            return draft.server(), Secret(draft.key) if draft.key.strip() else None
        except KnownError as error:
            self._tell(str(error), bad=True)
            return None

    def _start(self, job: Job) -> None:
        self._job = job
        job.yielded.connect(self._came)
        job.ended.connect(self._ended)
        self._jobs.start(job, Lane.ASK)
        self._enable()

    @Slot()
    def _test(self) -> None:
        entered = self._entered()
        if entered is not None:
            self._tell(self.tr("Asking…"))
            self._start(Job(work.test(*entered, self._shown if self._shown != NEW else "")))

    @Slot()
    def _keep(self) -> None:
        entered = self._entered()
        if entered is None:
            return
        server, key = entered
        was = self._shown if self._shown in self._servers else ""
        other = any(server.name.casefold() == name.casefold() for name in self._servers)
        if other and server.name.casefold() != was.casefold():
            text = self.tr("There is a server called %1 already; choose another name.")
            self._tell(text.replace("%1", server.name), bad=True)
            return
        self._start(Job(work.keep(server, key, was)))

    @Slot()
    def _use(self) -> None:
        if self._shown in self._servers and not self._dirty:
            self._switch(self._shown)
        else:
            self._use_it = True
            self._keep()
            self._use_it = self._job is not None

    def _switch(self, name: str) -> None:
        self.problem.emit("")
        self._switching.use(PREFIX + name)

    @Slot()
    def _forget_key(self) -> None:
        name = self._shown
        question = self.tr("Forget the key of %1?").replace("%1", name)
        about = self.tr("The server may refuse to write until it is entered again.")
        if sure(self, question, about, self.tr("Forget it")):
            self._start(Job(work.forget(name, key_only=True)))

    @Slot()
    def _delete(self) -> None:
        name = self._shown
        if name not in self._servers:
            self._drafts.pop(NEW, None)
            self._shown = ""
            self.form.show_draft(Draft())
            self.refresh()
            return
        question = self.tr("Take %1 off the list?").replace("%1", name)
        about = self.tr("Its key is forgotten too. Your stories stay as they are.")
        if sure(self, question, about, self.tr("Delete")):
            self._drafts.pop(name, None)
            self._start(Job(work.forget(name, key_only=False)))

    @Slot(object)
    def _came(self, result: object) -> None:
        if isinstance(result, Answer):
            self._tell(self._described(result))
            self.form.offer_models(result.facts.models)
        elif isinstance(result, Kept):
            self._was_kept(result)
        else:
            self._tell(self.tr("Done."))

    def _was_kept(self, kept: Kept) -> None:
        was, name = self._shown, kept.server.name
        self._drafts.pop(was, None)
        in_use = was != NEW and self._switching.name == PREFIX + was
        self._servers.pop(was, None)
        self._servers[name] = kept.server
        self._shown = name
        self.form.show_draft(draft_of(kept.server))
        self.refresh()
        self.list.pick(name)
        text = self.tr("Saved.")
        if kept.in_keyring is not None:
            safe = self.tr("The key is in this system's keyring.")
            file = self.tr("The key is in a file that only you can read: there is no keyring here.")
            text += " " + (safe if kept.in_keyring else file)
        self._tell(text)
        if self._use_it or in_use:
            self._use_it = False
            self._switch(name)

    def _described(self, answer: Answer) -> str:
        kind = self.form.kind.itemText(max(self.form.kind.findData(answer.facts.kind), 0))
        text = self.tr("It answers: %1, model %2, a window of %3 tokens.")
        text = text.replace("%1", kind).replace("%2", answer.facts.model or self.tr("unnamed"))
        text = text.replace("%3", str(answer.n_ctx))
        shown = self.form.warning.text()
        return " ".join([text, *(w for w in answer.warnings if w != shown)])

    @Slot(object)
    def _ended(self, error: object) -> None:
        self._job = None
        if error is not None:
            self._use_it = False
        if isinstance(error, KnownError):
            self._tell(str(error), bad=True)
        self.refresh()
        if isinstance(error, Exception) and not isinstance(error, KnownError):
            raise error
