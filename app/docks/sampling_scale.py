"""Where a number of a sampler stands on its slider, and how it is written."""

from __future__ import annotations

from dataclasses import dataclass

from engine.lm.knobs import Knob

POSITIONS = 1000  # of a slider, from end to end

# Above 1: more of the slider for the small values, where these matter.
_BEND = {
    "temperature": 1.6,
    "top_k": 2.5,
    "min_p": 1.6,
    "repetition_penalty": 1.6,
    "repetition_range": 2.0,
    "repetition_slope": 1.6,
    "dry_range": 2.0,
    "dynatemp_range": 1.6,
    "smoothing_factor": 2.5,
    "smoothing_curve": 1.6,
    "epsilon": 2.5,
    "eta": 2.5,
}
# What a sampler is switched on at.
_USUAL = {
    "temperature": 0.8,
    "top_k": 40,
    "top_p": 0.95,
    "min_p": 0.05,
    "repetition_penalty": 1.1,
    "repetition_slope": 0.7,
    "presence_penalty": 0.3,
    "frequency_penalty": 0.1,
    "no_repeat_ngram": 4,
    "dry_multiplier": 0.8,
    "dynatemp_range": 0.3,
    "smoothing_factor": 0.2,
    "typical_p": 0.95,
    "top_a": 0.1,
    "tfs": 0.95,
    "top_n_sigma": 1.0,
    "epsilon": 0.0005,
    "eta": 0.0005,
    "xtc_probability": 0.5,
    "mirostat": 2,
    "adaptive_p": 0.3,
    "guidance": 1.5,
}


@dataclass(frozen=True, slots=True)
class Scale:
    """One knob's slider."""

    knob: Knob

    @property
    def switchable(self) -> bool:
        """Whether the knob can be off by itself, and does not just go with another."""
        return self.knob.field in _USUAL

    @property
    def usual(self) -> float:
        """What it is switched on at."""
        return _USUAL.get(self.knob.field, self.knob.off)

    @property
    def decimals(self) -> int:
        """Digits behind the point that the knob's step needs."""
        return next(n for n in range(7) if round(self.knob.step, n) == self.knob.step)

    def position(self, value: float) -> int:
        """Where a value stands, from 0 to ``POSITIONS``."""
        knob = self.knob
        share = (value - knob.low) / (knob.high - knob.low)
        return round(POSITIONS * min(max(share, 0.0), 1.0) ** (1 / self._bend))

    def value(self, position: int) -> float:
        """The value at a position, on the knob's steps."""
        knob = self.knob
        share = (position / POSITIONS) ** self._bend
        return self.fit(knob.low + (knob.high - knob.low) * share)

    def fit(self, value: float) -> float:
        """The nearest value that the knob can have; whole numbers come as int."""
        knob = self.knob
        steps = round((value - knob.low) / knob.step)
        near = min(max(knob.low + steps * knob.step, knob.low), knob.high)
        return round(near) if knob.whole else round(near, self.decimals)

    @property
    def _bend(self) -> float:
        return _BEND.get(self.knob.field, 1.0)
