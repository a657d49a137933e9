"""All knobs of the sampling panel in their groups, built from the engine's tables."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.docks.sampling_choice import Chooser
from app.docks.sampling_knob import KnobRow, SwitchRow
from app.docks.sampling_scale import Scale
from app.docks.sampling_section import Section
from app.docks.sampling_words import WordsRow, words_row
from engine.lm.knobs import ADVANCED, EVERYDAY, KNOBS, REPETITION, SWITCHES, WORDS, Knob
from engine.lm.settings import SamplerSettings

_CUTS = {
    "top_k", "top_p", "min_p", "typical_p", "top_a", "tfs", "top_n_sigma", "epsilon", "eta",
    "xtc_probability",
}  # fmt: skip
_SHAPES = {"dynatemp_range", "smoothing_factor", "mirostat", "adaptive_p"}
_BY_FIELD = {knob.field: knob for knob in KNOBS}
_COUNTED = {"banned", "logit_bias"}  # words that do something by themselves


class Knobs(QWidget):
    """Three sections of rows; each row is told what holds and tells what is changed."""

    def __init__(self, chooser: Chooser, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chooser = chooser
        self.rows: dict[str, KnobRow] = {}
        self.switches: dict[str, SwitchRow] = {}
        self.words: dict[str, WordsRow] = {}
        self.sections = {
            EVERYDAY: Section(self.tr("Everyday"), self, opened=True),
            REPETITION: Section(self.tr("Repetition"), self),
            ADVANCED: Section(self.tr("Advanced"), self),
        }
        lines = QVBoxLayout(self)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(2)
        self._fill(EVERYDAY)
        for section in self.sections.values():
            lines.addWidget(section)
            section.unfolded.connect(self._unfolded)
        chooser.changed.connect(self.show_all)
        self.show_all()

    @Slot()
    def _unfolded(self) -> None:
        """Make the rows of a section when somebody looks."""
        group = next(name for name, section in self.sections.items() if section is self.sender())
        if self._fill(group):
            self.show_all()

    def _fill(self, group: str) -> bool:
        section = self.sections[group]
        if section.rows.count():
            return False
        for knob in KNOBS:
            if knob.group == group:
                row = KnobRow(knob, section.body)
                row.changed.connect(self._chooser.set)
                row.gripped.connect(self._chooser.grip)
                row.let_go.connect(self._chooser.release)
                self.rows[knob.field] = row
                section.rows.addWidget(row)
        for switch in SWITCHES:
            if switch.group == group:
                box = SwitchRow(switch, section.body)
                box.changed.connect(self._chooser.set)
                self.switches[switch.field] = box
                section.rows.addWidget(box)
        for words in WORDS:
            if words.group == group:
                row = words_row(words, self._chooser, section.body)
                self.words[words.field] = row
                section.rows.addWidget(row)
        return True

    @Slot()
    def show_all(self) -> None:
        """Show what holds in every row."""
        now, base = self._chooser.sampling, self._chooser.base
        missing = self._chooser.unavailable
        for field, row in self.rows.items():
            row.show_value(getattr(now, field), getattr(base, field))
            self._explain(row, now, missing.get(field, ""))
        for field, box in self.switches.items():
            box.show_value(on=getattr(now, field))
            box.set_reason(missing.get(field, ""))
        for field, words in self.words.items():
            words.show_value(getattr(now, field))
            words.set_reason(missing.get(field, ""))
        for group, section in self.sections.items():
            section.set_summary(self._summary(group))

    def _explain(self, row: KnobRow, now: SamplerSettings, reason: str) -> None:
        """Why a knob cannot be used, or has no effect as things are."""
        knob, usable = row.knob, not reason
        needed = _BY_FIELD.get(knob.needs)
        if not reason and needed is not None and not is_turned(needed, now):
            reason = self.tr("Goes with “%1”, which is off.").replace("%1", needed.label)
            usable = False
        elif not reason and row.on and now.greedy and knob.field in _CUTS | _SHAPES:
            reason = self.tr("No effect while the temperature is 0: the likeliest is taken.")
        elif not reason and row.on and now.mirostat and knob.field in _CUTS:
            reason = self.tr("No effect while Mirostat is on: it stands in for all cuts.")
        row.set_reason(reason, usable=usable)

    def _summary(self, group: str) -> str:
        """What is on in a group, for when it is folded."""
        now = self._chooser.sampling
        parts = [
            f"{knob.label} {getattr(now, knob.field):g}"
            for knob in KNOBS
            if knob.group == group and is_turned(knob, now) and Scale(knob).switchable
        ]
        parts += [
            words.label
            for words in WORDS
            if words.group == group and words.field in _COUNTED and getattr(now, words.field)
        ]
        return ", ".join(parts) or self.tr("all off")


def is_turned(knob: Knob, now: SamplerSettings) -> bool:
    """Whether a knob stands anywhere but at "off"."""
    return getattr(now, knob.field) != knob.off
