"""The X-ray: how likely the next tokens are, and what the samplers make of that, as they move."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.docks.xray_plot import XrayPlot
from app.docks.xray_source import XraySource
from app.docks.xray_steps import XraySteps
from app.segments import Segments
from engine.errors import KnownError
from engine.lm.sampling import Chain
from engine.lm.xray import Xray, perplexity, show, xray

if TYPE_CHECKING:
    from app.docks.parts import Parts
    from app.docks.sampling_choice import Chooser

FRAME = 16  # ms between two pictures, at least
TAIL = 60  # characters of the text before the place


class XrayPane(QWidget):
    """Shows the place that the next token will stand at; settings come from the chooser."""

    def __init__(self, parts: Parts, chooser: Chooser, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chooser = chooser
        self._writer = parts.writer
        self.source = XraySource(parts, self)
        self.picture: Xray | None = None
        self._chain: tuple[Any, Chain] | None = None
        self._cost = 0.0  # ms of the last picture
        self._frame = QTimer(self)
        self._frame.setSingleShot(True)
        self._frame.timeout.connect(self._draw)
        self._make()
        self._lay_out()
        chooser.changed.connect(self.later)
        self.source.changed.connect(self.later)
        self.read.clicked.connect(self.source.read)
        self.views.picked.connect(self._turn_over)

    def _make(self) -> None:
        self.title = QLabel(self.tr("Next word"), self)
        heavy = self.title.font()
        heavy.setBold(True)
        self.title.setFont(heavy)
        self.views = Segments(
            (self.tr("Words"), self.tr("Steps")),
            self,
            tips=(self.tr("The likeliest tokens"), self.tr("What each sampler did")),
        )
        self.words, self.stages = self.views.buttons
        self.place = QLabel(self)
        self.place.setTextFormat(Qt.TextFormat.PlainText)
        self.place.setWordWrap(True)
        self.numbers = QLabel(self)
        self.numbers.setWordWrap(True)
        self.numbers.setToolTip(
            self.tr(
                "How undecided the choice is, before and after the samplers: its entropy, and "
                "between how many equally likely tokens one would be as undecided (perplexity)."
            )
        )
        self.remark = QLabel(self)
        self.remark.setWordWrap(True)
        self.empty = QLabel(self)
        self.empty.setWordWrap(True)
        for label in (self.place, self.numbers, self.remark, self.empty):
            label.setProperty("quiet", "true")
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.read = QPushButton(self.tr("Read the page"), self)
        self.read.setToolTip(self.tr("Let the model read up to the end of the story"))
        self.plot = XrayPlot(self)
        self.steps = XraySteps(self)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 6, 0)
        head.setSpacing(0)
        head.addWidget(self.title, 1)
        head.addWidget(self.views)
        self.pictures = QWidget(self)
        inner = QVBoxLayout(self.pictures)
        inner.setContentsMargins(0, 0, 6, 0)
        inner.setSpacing(6)
        for part in (self.place, self.numbers, self.plot, self.steps, self.remark):
            inner.addWidget(part)
        inner.addStretch(1)
        self.area = QScrollArea(self)
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(self.pictures)
        self.area.setAccessibleName(self.tr("Picture of the next word"))
        lines = QVBoxLayout(self)
        lines.setContentsMargins(10, 8, 4, 4)
        lines.setSpacing(6)
        lines.addLayout(head)
        lines.addWidget(self.empty)
        lines.addWidget(self.read, 0, Qt.AlignmentFlag.AlignLeft)
        lines.addWidget(self.area, 1000)
        lines.addStretch(1)  # where there is no picture the sentence stands at the top
        self._draw()

    # Looking and drawing

    def showEvent(self, event: QShowEvent) -> None:
        """Look only while somebody can see it."""
        super().showEvent(event)
        self.source.watch(on=True)
        self.later()

    def hideEvent(self, event: QHideEvent) -> None:
        """Rest."""
        super().hideEvent(event)
        self.source.watch(on=False)

    @Slot()
    def later(self) -> None:
        """Draw with the next frame; a slow machine gets fewer of them."""
        if self.isVisible() and not self._frame.isActive():
            self._frame.start(max(FRAME, round(2 * self._cost)))

    @Slot()
    def _draw(self) -> None:
        began = time.perf_counter()
        look = self.source.look
        problem = self.source.problem
        self.picture = None
        if look is not None:
            try:
                self.picture = xray(self._chain_now(), look.logits, look.ids, look.tokenizer)
            except KnownError as error:
                problem = str(error)
        if self.picture is not None and look is not None:
            self.plot.show_xray(self.picture)
            self.steps.show_xray(self.picture)
            before = look.tokenizer.decode(look.ids[-TAIL:])[-TAIL:]
            words = " ".join(show(before.replace(" ", "\0")).replace("‹U+0000›", " ").split())
            self.place.setText(self.tr("After “…%1”").replace("%1", words))
            self.numbers.setText(self._numbers(self.picture))
            self.remark.setText(self._remark())
        self.empty.setText(problem)
        self._show_parts()
        self._cost = (time.perf_counter() - began) * 1000

    def _show_parts(self) -> None:
        there = self.picture is not None
        self.area.setVisible(there)
        self.views.setVisible(there)
        self.empty.setVisible(not there)
        self.read.setVisible(self.source.readable)
        self.plot.setVisible(self.words.isChecked())
        self.steps.setVisible(self.stages.isChecked())
        self.remark.setVisible(bool(self.remark.text()))

    @Slot()
    def _turn_over(self) -> None:
        self._show_parts()

    def _chain_now(self) -> Chain:
        """The chain of the settings that are shown; made anew only when they change."""
        look = self.source.look
        assert look is not None
        key = (self._chooser.sampling, look.digest)
        if self._chain is None or self._chain[0] != key:
            self._chain = (key, Chain(self._chooser.sampling, look.tokenizer))
        return self._chain[1]

    def _numbers(self, picture: Xray) -> str:
        text = self.tr("%1 → %3 bits: a choice of %2 → %4 words")
        for n, step in enumerate((picture.before, picture.after)):
            text = text.replace(f"%{2 * n + 1}", f"{step.entropy:.1f}")
            text = text.replace(f"%{2 * n + 2}", _round(perplexity(step.entropy)))
        return text

    def _remark(self) -> str:
        """What the picture cannot show."""
        now, remarks = self._chooser.sampling, []
        if now.guidance != 1:
            remarks.append(self.tr("Guidance needs a second reading and is not in the picture."))
        if now.xtc_probability and not now.greedy:
            share = f"{now.xtc_probability:.0%}"
            text = self.tr("XTC strikes in %1 of all draws; here it is shown striking.")
            remarks.append(text.replace("%1", share))
        if (now.mirostat or now.adaptive_p) and not now.greedy:
            remarks.append(self.tr("Steering is shown as at the first word of a reply."))
        if now.banned:
            remarks.append(self.tr("A banned phrase is taken back when it is complete."))
        return " ".join(remarks)


def _round(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"
