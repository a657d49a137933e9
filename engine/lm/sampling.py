"""Settings into a chain of samplers over one row of logits (numpy only)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.lm.draws import Draw
from engine.lm.samplers.guidance import guide, unwanted_prompt
from engine.lm.samplers.history import History, Moment, State, as_ids
from engine.lm.samplers.penalties import Frequency, Presence, Repetition, Used
from engine.lm.samplers.repeats import Dry, NoRepeatNgram
from engine.lm.samplers.row import Candidates, Floats, Ids, Row, entropy
from engine.lm.samplers.steering import AdaptiveP, Mirostat1, Mirostat2, Steering
from engine.lm.samplers.tails import Epsilon, Eta, TailFree, TopA, TopNSigma, Xtc
from engine.lm.samplers.temperature import Smoothing, Temperature
from engine.lm.samplers.truncation import MinP, TopK, TopP, Typical
from engine.lm.samplers.words import Bans, Bias, Breakers, Forbid, Pieces, variants
from engine.lm.settings import SamplerSettings
from engine.tokens import Tokenizer

_MARGIN = 1e-3  # nats, for rounding: min-p itself draws the exact border

__all__ = [
    "Candidates",
    "Chain",
    "History",
    "Stage",
    "StageReport",
    "State",
    "guide",
    "unwanted_prompt",
]


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


Maker = Callable[[SamplerSettings, Tokenizer | None], Stage | None]


def _repetition(s: SamplerSettings, _: Tokenizer | None) -> Stage | None:
    if s.repetition_penalty == 1:
        return None
    return Repetition(
        s.repetition_penalty, int(s.repetition_range), s.repetition_slope, s.repetition_raw
    )


def _dry(s: SamplerSettings, tokenizer: Tokenizer | None) -> Stage | None:
    if s.dry_multiplier == 0:
        return None
    if tokenizer is None:
        breakers = Breakers((), lambda _: b"")
    else:
        breakers = Breakers(s.dry_breakers, Pieces(tokenizer))
    return Dry(
        s.dry_multiplier,
        s.dry_base,
        int(s.dry_allowed),
        int(s.dry_range),
        breakers.unbroken,
        breakers.breaks,
    )


def _xtc(s: SamplerSettings, tokenizer: Tokenizer | None) -> Stage | None:
    if s.xtc_probability == 0:
        return None
    spared = []
    if tokenizer is not None:
        spared = tokenizer.encode("\n")
        if tokenizer.end_of_text is not None:
            spared.append(tokenizer.end_of_text)
    return Xtc(s.xtc_threshold, s.xtc_probability, np.array(spared, np.int64))


# What changes scores for the sake of the text; the rest cuts and shapes.
REWEIGH: dict[str, Maker] = {
    "repetition": _repetition,
    "presence": lambda s, _: (
        Presence(s.presence_penalty, int(s.repetition_range)) if s.presence_penalty else None
    ),
    "frequency": lambda s, _: (
        Frequency(s.frequency_penalty, int(s.repetition_range)) if s.frequency_penalty else None
    ),
    "no_repeat_ngram": lambda s, _: (
        NoRepeatNgram(int(s.no_repeat_ngram)) if s.no_repeat_ngram else None
    ),
    "dry": _dry,
}
CUT: dict[str, Maker] = {
    "top_n_sigma": lambda s, _: TopNSigma(s.top_n_sigma) if s.top_n_sigma else None,
    "top_k": lambda s, _: TopK(int(s.top_k)) if s.top_k else None,
    "top_a": lambda s, _: TopA(s.top_a) if s.top_a else None,
    "tfs": lambda s, _: TailFree(s.tfs) if s.tfs < 1 else None,
    "typical": lambda s, _: Typical(s.typical_p) if s.typical_p < 1 else None,
    "top_p": lambda s, _: TopP(s.top_p) if s.top_p < 1 else None,
    "min_p": lambda s, _: MinP(s.min_p) if s.min_p else None,
    "epsilon": lambda s, _: Epsilon(s.epsilon) if s.epsilon else None,
    "eta": lambda s, _: Eta(s.eta) if s.eta else None,
    "xtc": _xtc,
}
SHAPE: dict[str, Maker] = {
    "temperature": lambda s, _: (
        Temperature(s.temperature, s.dynatemp_range, s.dynatemp_exponent)
        if s.temperature != 1 or s.dynatemp_range
        else None
    ),
    "smoothing": lambda s, _: (
        Smoothing(s.smoothing_factor, s.smoothing_curve) if s.smoothing_factor else None
    ),
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
    """The stages of some settings, in their order; what is off is not there.

    Word biases and bans come first, then the order, then mirostat or adaptive-p. Mirostat stands in
    for every cut; greedy decoding (temperature 0) leaves out cuts and shapes alike. Without a
    tokenizer there are no biases, no bans and no DRY breakers.
    """

    def __init__(self, settings: SamplerSettings, tokenizer: Tokenizer | None = None) -> None:
        self.settings = settings
        self._bans: Bans | None = None
        self._steering = None if settings.greedy else _steering(settings)
        stages: list[Stage | None] = []
        if tokenizer is not None:
            stages += self._words(settings, tokenizer)
        makers = REWEIGH
        if not settings.greedy:
            makers = REWEIGH | SHAPE | ({} if settings.mirostat else CUT)
        stages += [makers[n](settings, tokenizer) for n in settings.order if n in makers]
        stages.append(Greedy() if settings.greedy else self._steering)
        self.stages: tuple[Stage, ...] = tuple(stage for stage in stages if stage is not None)
        self._stages = _hastened(self.stages)

    def _words(self, settings: SamplerSettings, tokenizer: Tokenizer) -> list[Stage | None]:
        stages: list[Stage | None] = []
        if settings.logit_bias:
            biases = [
                (ids, bias)
                for word, bias in settings.logit_bias
                for ids in variants(tokenizer, word)
            ]
            stages.append(Bias(biases))
        if settings.banned:
            self._bans = Bans(settings.banned, Pieces(tokenizer))
            stages.append(Forbid())
        return stages

    def state(self, start: int) -> State:
        """What to remember during one generation of one row after ``start`` ids of prompt."""
        return State(start, self._steering.first if self._steering else 0.0)

    def distribution(
        self,
        logits: Floats,
        history: History | Sequence[int] | Ids,
        draw: Draw | None = None,
        state: State | None = None,
    ) -> Candidates:
        """What may follow ``history``, given the model's ``logits`` [V] (left untouched)."""
        row, moment = Row(logits), Moment(as_ids(history), draw, state)
        for stage in self._stages:
            stage(row, moment)
        return row.candidates()

    def sample(
        self,
        logits: Floats | Row,
        history: History | Sequence[int] | Ids,
        draw: Draw,
        state: State | None = None,
    ) -> int:
        """The id that ``draw`` picks from the distribution; ``state`` learns from it.

        A ``Row`` of logits is used up; what was worked out of it already need not be again.
        """
        row = logits if isinstance(logits, Row) else Row(logits)
        moment = Moment(as_ids(history), draw, state)
        steering = self._steering if state is not None else None
        before: Row | None = None
        for stage in self._stages:
            if stage is steering:
                before = row.before()
            stage(row, moment)
        token = row.pick(draw.uniform())
        if steering is not None and state is not None and before is not None:
            place = len(moment.history)
            offered = partial(before.prob, token)
            learnt = steering.learn(state.recall(place), row.prob(token), offered)
            state.remember(place, learnt)
        return token

    def take_back(self, history: History, state: State, *, ended: bool = False) -> int:
        """After a token was appended: how many to take back because a banned phrase is complete.

        They are gone from ``history`` on return, and the phrase's first id is forbidden at its
        place in ``state``. ``ended`` says that nothing follows, so that a last word is complete.
        """
        return self._bans.take_back(history, state, ended=ended) if self._bans else 0

    def trace(
        self,
        logits: Floats,
        history: History | Sequence[int] | Ids,
        draw: Draw | None = None,
        state: State | None = None,
    ) -> list[StageReport]:
        """Every stage's report, the model's own distribution first; the last is the chain's."""
        row, moment = Row(logits), Moment(as_ids(history), draw, state)
        now = row.candidates()
        reports = [StageReport("model", now.ids, now.probs, now.probs, 0)]
        for stage in self.stages:
            stage(row, moment)
            then, now = now, row.candidates()
            cut = len(then.ids) - len(now.ids)
            before = then.probs[np.searchsorted(then.ids, now.ids)] if cut else then.probs
            reports.append(StageReport(stage.name, now.ids, before, now.probs, cut))
        return reports


def _hastened(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """Stages with the same result in less time."""
    out: list[Stage] = []
    for stage in stages:
        before = out[-1] if out else None
        if isinstance(before, TopP) and isinstance(stage, MinP):
            # A nucleus need not look below what min-p leaves.
            out[-1] = replace(before, floor=math.log(stage.p) - _MARGIN)
        if (
            isinstance(before, Presence)
            and isinstance(stage, Frequency)
            and before.span == stage.span
        ):
            out[-1] = Used(before, stage)
        else:
            out.append(stage)
    return tuple(out)


def _steering(s: SamplerSettings) -> Steering | None:
    if s.mirostat:
        kind = Mirostat1 if s.mirostat == 1 else Mirostat2
        return kind(s.mirostat_tau, s.mirostat_eta)
    return AdaptiveP(s.adaptive_p, s.adaptive_decay) if s.adaptive_p else None
