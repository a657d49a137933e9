"""The picked model: what it is, whether it fits, how far it has come, what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.dialogs.model_entries import Entry, Section
from app.dialogs.model_fit import FitView
from app.fetching import Fetch, State, Task
from app.flow import Flow
from app.theme import book_font
from engine.lm.progress import say_bytes

if TYPE_CHECKING:
    from engine.lm.fits import Report

# What a button asks for: the names that ``wanted`` carries.
USE, GET, PAUSE, RESUME, DISCARD, VERIFY, SHOW, DELETE, PAGE = (
    "use", "get", "pause", "resume", "discard", "verify", "show", "delete", "page",
)  # fmt: skip


class ModelDetail(QScrollArea):
    """Shows one model; reports what is pressed.

    Signals:
        wanted: what is to be done with the model.
    """

    wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("detail")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget(self)
        self.setWidget(inside)
        self.title = self._label(inside)
        self.title.setFont(book_font(points=self.font().pointSizeF() * 1.7))
        self.facts = self._label(inside)
        self.facts.setProperty("quiet", "true")
        self.words = self._label(inside)
        self.note = self._label(inside)
        self.note.setProperty("quiet", "true")
        self.problem = self._label(inside)
        self.problem.setProperty("warning", "true")
        self.bar = QProgressBar(inside)
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("How much of it is done"))
        self.state = self._label(inside)
        self.fit = FitView(inside)
        self.buttons = self._buttons(inside)
        row = QWidget(inside)
        flow = Flow(row, gap=8)
        for button in self.buttons.values():
            flow.addWidget(button)
        lines = QVBoxLayout(inside)
        lines.setContentsMargins(18, 12, 16, 12)
        lines.setSpacing(8)
        for widget in (
            self.title, self.facts, self.words, self.problem, self.bar, self.state, row,
        ):  # fmt: skip
            lines.addWidget(widget)
        lines.addSpacing(6)
        lines.addWidget(self.fit)
        lines.addWidget(self.note)
        lines.addStretch(1)

    def _label(self, parent: QWidget) -> QLabel:
        label = QLabel(parent)
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label

    def _buttons(self, parent: QWidget) -> dict[str, QPushButton]:
        texts = {
            USE: self.tr("Use it"),
            GET: self.tr("Download"),
            PAUSE: self.tr("Pause"),
            RESUME: self.tr("Go on"),
            DISCARD: self.tr("Throw away"),
            VERIFY: self.tr("Verify"),
            SHOW: self.tr("Show folder"),
            DELETE: self.tr("Delete…"),
            PAGE: self.tr("Its page"),
        }
        tips = {
            USE: self.tr("Let this model write from now on; the story stays as it is"),
            PAUSE: self.tr("What has arrived is kept"),
            DISCARD: self.tr("Stop, and delete what has arrived"),
            VERIFY: self.tr("Compare every file with its checksum"),
            PAGE: self.tr("Open its page on the Hub in the browser"),
        }
        made: dict[str, QPushButton] = {}
        for name, text in texts.items():
            button = QPushButton(text, parent)
            button.setObjectName(f"model_{name}")
            button.setAutoDefault(False)
            button.setToolTip(tips.get(name, ""))
            if name in (USE, GET, RESUME):
                button.setProperty("primary", "true")
            button.clicked.connect(lambda _checked=False, wanted=name: self.wanted.emit(wanted))
            made[name] = button
        return made

    def show_model(
        self,
        entry: Entry,
        fetch: Fetch | None,
        *,
        sentence: str,
        in_use: bool,
        loading: bool,
    ) -> None:
        """Show a model; ``fetch`` is the last work on it, ``sentence`` how that stands."""
        self.title.setText(entry.title)
        facts = [*entry.facts]
        if entry.nbytes:
            facts.append(say_bytes(entry.nbytes))
        _say(self.facts, " · ".join(facts))
        _say(self.words, entry.words)
        _say(self.note, entry.note)
        _say(self.problem, entry.problem)
        self.show_fetch(entry, fetch, sentence)
        active = fetch is not None and fetch.active
        here = entry.section is Section.HERE
        waits = entry.section is Section.COMING or (fetch is not None and _halted(fetch))
        use = self.buttons[USE]
        use.setText(self.tr("In use") if in_use else self.tr("Use it"))
        if loading:
            use.setText(self.tr("Waking up…"))
        use.setEnabled(not (in_use or loading or entry.problem or active))
        get = self.buttons[GET]
        size = say_bytes(entry.nbytes) if entry.nbytes else ""
        get.setText(self.tr("Download %1").replace("%1", size).strip())
        own = here and not entry.built_in
        visible = {
            USE: here,
            GET: entry.section is Section.THERE and not active and not waits,
            PAUSE: active and fetch is not None and fetch.task is Task.DOWNLOAD,
            RESUME: waits and not active and not here,
            DISCARD: (waits or active) and not here,
            VERIFY: own and not active,
            SHOW: here,
            DELETE: own and not active,
            PAGE: bool(entry.repo),
        }
        stopping = fetch is not None and fetch.state is State.STOPPING
        self.buttons[PAUSE].setEnabled(not stopping)
        self.buttons[DELETE].setEnabled(not in_use)
        self.buttons[DELETE].setToolTip(self.tr("It is in use") if in_use else "")
        for name, button in self.buttons.items():
            button.setVisible(visible[name])

    def show_fetch(self, entry: Entry, fetch: Fetch | None, sentence: str) -> None:
        """Show how far the work on the model has come; ten times a second while it runs."""
        active = fetch is not None and fetch.active
        failed = fetch is not None and fetch.state is State.FAILED
        if fetch is None and entry.section is Section.COMING:
            sentence = self.tr(
                "Begun some time ago, and not finished. It goes on where it stopped."
            )
        _say(self.state, sentence)
        if self.state.property("warning") != ("true" if failed else "false"):
            self.state.setProperty("warning", "true" if failed else "false")
            self.state.style().polish(self.state)
        progress = fetch.progress if fetch is not None else None
        halted = fetch is not None and _halted(fetch) and progress is not None
        self.bar.setVisible(active or bool(halted))
        self.bar.setRange(0, 1000 if progress is not None and progress.total else 0)
        if fetch is not None and progress is not None and progress.total:
            self.bar.setValue(round(1000 * fetch.share))

    def show_report(self, report: Report | None, *, measuring: bool, note: str) -> None:
        """Show whether it fits."""
        self.fit.show_report(report, measuring=measuring, note=note)


def _halted(fetch: Fetch) -> bool:
    return fetch.task is not Task.VERIFY and fetch.state in (State.PAUSED, State.FAILED)


def _say(label: QLabel, text: str) -> None:
    label.setText(text)
    label.setVisible(bool(text))
