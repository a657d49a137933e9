"""Settings into a chain of samplers over one row of logits (numpy only)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.lm.draws import Draw
from engine.lm.samplers.penalties import Frequency, Presence, Repetition
from engine.lm.samplers.row import Candidates, Floats, History, Ids, Moment, Row, as_ids, entropy
from engine.lm.samplers.temperature import Temperature
from engine.lm.samplers.truncation import MinP, TopK, TopP, Typical
from engine.lm.settings import SamplerSettings

__all__ = ["Candidates", "Chain", "History", "Stage", "StageReport"]


class Stage(Protocol):
    """One sampler: changes the row it is handed."""

    @property
    def name(self) -> str:
        """As in the order of the settings."""
        ...

    def __call__(self, row: Row, moment: Moment) -> None:
        """Reweigh or cut; at least one token stays."""
        ...


@dataclass(frozen=True, slots=True)
class StageReport:
    """What one stage did: the ids it kept, with their probabilities before and after it."""

    name: str
    ids: Ids
    before: NDArray[np.float64]
    after: NDArray[np.float64]
    cut: int

    @property
    def entropy(self) -> float:
        """Entropy after the stage, in nats."""
        return entropy(self.after)

    @property
    def mass(self) -> float:
        """The share of the probability before the stage that it kept."""
        return float(self.before.sum())


Maker = Callable[[SamplerSettings], Stage | None]


def _repetition(s: SamplerSettings) -> Stage | None:
    if s.repetition_penalty == 1:
        return None
    return Repetition(
        s.repetition_penalty, s.repetition_range, s.repetition_slope, s.repetition_raw
    )


def _presence(s: SamplerSettings) -> Stage | None:
    return Presence(s.presence_penalty, s.repetition_range) if s.presence_penalty else None


def _frequency(s: SamplerSettings) -> Stage | None:
    return Frequency(s.frequency_penalty, s.repetition_range) if s.frequency_penalty else None


REWEIGH: dict[str, Maker] = {
    "repetition": _repetition,
    "presence": _presence,
    "frequency": _frequency,
}
# What greedy decoding leaves out: the likeliest token needs no cutting and no shaping.
SHAPE: dict[str, Maker] = {
    "top_k": lambda s: TopK(s.top_k) if s.top_k else None,
    "typical": lambda s: Typical(s.typical_p) if s.typical_p < 1 else None,
    "top_p": lambda s: TopP(s.top_p) if s.top_p < 1 else None,
    "min_p": lambda s: MinP(s.min_p) if s.min_p > 0 else None,
    "temperature": lambda s: Temperature(s.temperature) if s.temperature != 1 else None,
}


@dataclass(frozen=True, slots=True)
class Greedy:
    """Keeps the likeliest token alone; of equals the one with the lowest id."""

    name: str = "temperature"

    def __call__(self, row: Row, moment: Moment) -> None:  # noqa: ARG002
        """Temperature 0."""
        row.top()
        row.keep(np.array([int(row.z.argmax())]))


class Chain:
    """The stages of some settings, in their order; what is off is not there."""

    def __init__(self, settings: SamplerSettings) -> None:
        self.settings = settings
        makers = REWEIGH if settings.greedy else REWEIGH | SHAPE
        made = [makers[name](settings) for name in settings.order if name in makers]
        self.stages: tuple[Stage, ...] = tuple(stage for stage in made if stage is not None)
        if settings.greedy:
            self.stages += (Greedy(),)

    def distribution(self, logits: Floats, history: History | Sequence[int] | Ids) -> Candidates:
        """What may follow ``history``, given the model's ``logits`` [V] (left untouched)."""
        row, moment = Row(logits), Moment(as_ids(history))
        for stage in self.stages:
            stage(row, moment)
        return row.candidates()

    def sample(self, logits: Floats, history: History | Sequence[int] | Ids, draw: Draw) -> int:
        """The id that ``draw`` picks from the distribution."""
        candidates = self.distribution(logits, history)
        return (
            int(candidates.ids[0]) if len(candidates.ids) == 1 else candidates.pick(draw.uniform())
        )

    def trace(self, logits: Floats, history: History | Sequence[int] | Ids) -> list[StageReport]:
        """Every stage's report, the model's own distribution first; the last is the chain's."""
        row, moment = Row(logits), Moment(as_ids(history))
        now = row.candidates()
        reports = [StageReport("model", now.ids, now.probs, now.probs, 0)]
        for stage in self.stages:
            stage(row, moment)
            then, now = now, row.candidates()
            before = then.probs[np.searchsorted(then.ids, now.ids)]
            cut = len(then.ids) - len(now.ids)
            reports.append(StageReport(stage.name, now.ids, before, now.probs, cut))
        return reports
