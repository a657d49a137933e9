"""Sampler settings as a value (torch-free)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from engine.errors import KnownError
from engine.lm.knobs import ADVANCED, EVERYDAY, KNOBS, REPETITION, STAGES, SWITCHES, WORDS, Knob

__all__ = [
    "ADVANCED",
    "EVERYDAY",
    "KNOBS",
    "REPETITION",
    "STAGES",
    "SWITCHES",
    "WORDS",
    "Knob",
    "SamplerSettings",
]

MAX_WORDS = 1000  # entries of one list
MAX_WORD = 200  # characters of one entry
MAX_PROMPT = 20_000
MAX_BIAS = 100.0  # nats


@dataclass(frozen=True, slots=True)
class SamplerSettings:
    """What shapes the next token's distribution; every default is off."""

    temperature: float = 1.0
    dynatemp_range: float = 0.0
    dynatemp_exponent: float = 1.0
    smoothing_factor: float = 0.0
    smoothing_curve: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    typical_p: float = 1.0
    top_a: float = 0.0
    tfs: float = 1.0
    top_n_sigma: float = 0.0
    epsilon: float = 0.0
    eta: float = 0.0
    xtc_probability: float = 0.0
    xtc_threshold: float = 0.1
    mirostat: int = 0
    mirostat_tau: float = 5.0
    mirostat_eta: float = 0.1
    adaptive_p: float = 0.0
    adaptive_decay: float = 0.9
    repetition_penalty: float = 1.0
    repetition_range: int = 0
    repetition_slope: float = 0.0
    # True: KoboldAI's form on raw logits. False: on log-probabilities, whose scale does not drift.
    repetition_raw: bool = False
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    no_repeat_ngram: int = 0
    dry_multiplier: float = 0.0
    dry_base: float = 1.75
    dry_allowed: int = 2
    dry_range: int = 0
    dry_breakers: tuple[str, ...] = ("\n", ":", '"', "*")
    guidance: float = 1.0
    negative_prompt: str = ""
    logit_bias: tuple[tuple[str, float], ...] = ()
    banned: tuple[str, ...] = ()
    order: tuple[str, ...] = STAGES

    def __post_init__(self) -> None:
        """Refuse what is out of range, with a sentence that names it."""
        for knob in KNOBS:
            _check_number(knob, getattr(self, knob.field))
        for switch in SWITCHES:
            if not isinstance(getattr(self, switch.field), bool):
                raise KnownError(f"'{switch.label}' is neither on nor off.")
        if not isinstance(self.negative_prompt, str) or len(self.negative_prompt) > MAX_PROMPT:
            raise KnownError(f"The negative prompt is no text of up to {MAX_PROMPT} characters.")
        _check_words("DRY breakers", self.dry_breakers)
        _check_words("banned words", self.banned)
        _check_words("word biases", tuple(word for word, _ in self.logit_bias))
        for word, bias in self.logit_bias:
            if not _is_number(bias) or abs(bias) > MAX_BIAS:
                raise KnownError(
                    f"The bias of '{word}' goes from {-MAX_BIAS:g} to {MAX_BIAS:g}, "
                    f"not {bias!s:.40}."
                )
        unknown = [name for name in self.order if name not in STAGES]
        if unknown:
            raise KnownError(f"The sampler order names '{unknown[0]!s:.40}', which does not exist.")
        if len(set(self.order)) != len(self.order):
            raise KnownError("The sampler order names a stage twice.")

    @property
    def greedy(self) -> bool:
        """Whether the likeliest token is always taken."""
        return self.temperature == 0

    def with_(self, **changes: Any) -> SamplerSettings:
        """A copy with some fields changed."""
        return replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        """All fields as plain JSON values."""
        data = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}
        data["logit_bias"] = [list(pair) for pair in self.logit_bias]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SamplerSettings:
        """Settings from JSON values; unknown fields are ignored, stages missing from order join it.

        Raises:
            KnownError: a value of the wrong kind or out of range.
        """
        names = {field.name for field in fields(cls)}
        values = {key: value for key, value in data.items() if key in names}
        for key in ("order", "banned", "dry_breakers"):
            if key in values:
                values[key] = _texts(key, values[key])
        if "order" in values:
            values["order"] = complete(values["order"])
        if "logit_bias" in values:
            values["logit_bias"] = _biases(values["logit_bias"])
        for knob in KNOBS:  # 40.0 is how some files write a top-k of 40
            value = values.get(knob.field)
            if knob.whole and isinstance(value, float) and value.is_integer():
                values[knob.field] = int(value)
        return cls(**values)


def complete(order: Sequence[str]) -> tuple[str, ...]:
    """An order with the stages it lacks, each right behind the one that usually stands before it."""
    full = list(order)
    for n, stage in enumerate(STAGES):
        if stage not in full:
            full.insert(full.index(STAGES[n - 1]) + 1 if n else 0, stage)
    return tuple(full)


def _is_number(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _check_number(knob: Knob, value: Any) -> None:
    if not _is_number(value) or not knob.low <= value <= knob.high:
        raise KnownError(
            f"{knob.label} is {value!s:.40}; it goes from {knob.low:g} to {knob.high:g}."
        )
    if knob.whole and value != int(value):
        raise KnownError(f"{knob.label} is {value:g}; it takes whole numbers only.")


def _check_words(what: str, words: tuple[str, ...]) -> None:
    if len(words) > MAX_WORDS:
        raise KnownError(f"There are {len(words)} {what}; at most {MAX_WORDS} are possible.")
    for word in words:
        if not isinstance(word, str) or not word or len(word) > MAX_WORD:
            raise KnownError(
                f"'{word!s:.40}' in the {what} is not a text of 1 to {MAX_WORD} characters."
            )


def _texts(key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(text, str) for text in value):
        name = "sampler order" if key == "order" else f"setting '{key}'"
        raise KnownError(f"The {name} is not a list of texts.")
    return tuple(value)


def _biases(value: Any) -> tuple[tuple[str, float], ...]:
    pairs = list(value.items()) if isinstance(value, Mapping) else value
    if not isinstance(pairs, list | tuple) or not all(
        isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs
    ):
        raise KnownError("The word biases are not a list of pairs of a text and a number.")
    return tuple((word, bias) for word, bias in pairs)
