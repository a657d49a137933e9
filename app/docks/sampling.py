"""The sampling panel: how the next word is chosen, and a picture of it that moves along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QPushButton,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from app.docks.sampling_choice import Chooser, Scope
from app.docks.sampling_knobs import Knobs
from app.docks.sampling_look import SHEET
from app.docks.sampling_order import OrderEditor
from app.docks.sampling_presets import PresetBar
from app.docks.sampling_section import Section
from app.docks.sampling_seed import SeedEditor, StopEditor
from app.docks.xray import XrayPane
from app.introduction import Introduction
from app.segments import Segments

if TYPE_CHECKING:
    from app.docks.parts import Parts

NARROWEST, USUAL = 264, 340  # pixels


class SamplingPanel(QWidget):
    """The X-ray above, the controls below; every change is the chooser's to make."""

    def __init__(self, parts: Parts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.chooser = Chooser(parts, self)
        self.xray = XrayPane(parts, self.chooser, self)
        self.intro = Introduction(
            "sampling",
            self.tr(
                "The model gives every word a chance; here you decide how one is picked. Choose a "
                "preset, or move a slider and watch the picture."
            ),
            parts.preferences,
            self,
        )
        self.scopes = Segments(
            (self.tr("This story"), self.tr("All stories")),
            self,
            tips=(
                self.tr("What you change holds in this story, and can be undone"),
                self.tr("What you change holds in all stories without their own"),
            ),
        )
        self.story, self.all = self.scopes.buttons
        self.notice = QLabel(self)
        self.notice.setWordWrap(True)
        self.notice.setProperty("quiet", "true")
        self.drop = QPushButton(self)
        self.drop.setAutoDefault(False)
        self.presets = PresetBar(self.chooser, self)
        self.knobs = Knobs(self.chooser, self)
        self.order = OrderEditor(self.chooser, self)
        self.seed = SeedEditor(self.chooser, parts.writer, self)
        self.stop = StopEditor(self.chooser, self)
        self.setStyleSheet(SHEET)
        self._lay_out()
        self.scopes.picked.connect(self._scoped)
        self.drop.clicked.connect(self._dropped)
        self.chooser.changed.connect(self.show_scope)
        self.chooser.problem.connect(parts.window.show_problem)
        self.presets.problem.connect(parts.window.show_problem)
        self.presets.said.connect(parts.window.status.say)
        self.show_scope()

    def _lay_out(self) -> None:
        order = Section(self.tr("Order"), self)
        order.rows.addWidget(self.order)
        chance = Section(self.tr("Seed and stop strings"), self)
        chance.rows.addWidget(self.seed)
        chance.rows.addWidget(self.stop)
        inside = QWidget(self)
        lines = QVBoxLayout(inside)
        lines.setContentsMargins(10, 8, 10, 10)
        lines.setSpacing(8)
        lines.addWidget(self.scopes)
        lines.addWidget(self.notice)
        lines.addWidget(self.drop, 0, Qt.AlignmentFlag.AlignLeft)
        for part in (self.presets, self.knobs, order, chance):
            lines.addWidget(part)
        lines.addStretch(1)
        self.area = QScrollArea(self)
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(inside)
        self.area.setAccessibleName(self.tr("Controls of sampling"))
        self.split = QSplitter(Qt.Orientation.Vertical, self)
        self.split.addWidget(self.xray)
        self.split.addWidget(self.area)
        self.split.setStretchFactor(0, 2)
        self.split.setStretchFactor(1, 3)
        self.split.setSizes([300, 420])
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        self.intro.setContentsMargins(10, 10, 8, 0)
        outer.addWidget(self.intro)
        outer.addWidget(self.split, 1)
        self.setMinimumWidth(NARROWEST)

    def sizeHint(self) -> QSize:
        """Wide enough for numbers and a picture beside each other, and no wider."""
        return QSize(USUAL, 640)

    @Slot()
    def show_scope(self) -> None:
        """Show whose settings are changed, and what else there is to know about that."""
        chooser = self.chooser
        self.story.setEnabled(chooser.has_story)
        of_story = chooser.scope is Scope.STORY
        self.scopes.choose(0 if of_story else 1)
        text, button = "", ""
        if chooser.overridden:
            text = self.tr("The open story has settings of its own, which hold there.")
            button = self.tr("Let the story use these")
        elif of_story and chooser.story_has_own:
            button = self.tr("Back to those of all stories")
        elif of_story:
            text = self.tr("As in all stories, until you change something.")
        elif chooser.common_says:
            button = self.tr("Back to what suits the model")
        self.notice.setText(text)
        self.notice.setVisible(bool(text))
        self.drop.setText(button)
        self.drop.setVisible(bool(button))

    def hideEvent(self, event: QHideEvent) -> None:
        """Leave nothing unsaved."""
        super().hideEvent(event)
        self.chooser.flush()

    @Slot()
    def _scoped(self) -> None:
        self.chooser.set_scope(Scope.STORY if self.story.isChecked() else Scope.ALL)

    @Slot()
    def _dropped(self) -> None:
        if self.chooser.overridden:
            self.chooser.drop_own()
        else:
            self.chooser.let_go()
