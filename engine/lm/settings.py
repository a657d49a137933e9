"""Sampler settings as a value (torch-free), and the table of knobs that every front end reads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from engine.errors import KnownError


@dataclass(frozen=True, slots=True)
class Knob:
    """One number a person can turn: its range, where it is off, and a sentence of help."""

    field: str
    label: str
    low: float
    high: float
    step: float
    off: float
    group: str
    help: str

    @property
    def whole(self) -> bool:
        """Whether only whole numbers make sense."""
        return float(self.step).is_integer()


EVERYDAY, REPETITION, ADVANCED = "everyday", "repetition", "advanced"

KNOBS: tuple[Knob, ...] = (
    Knob("temperature", "Temperature", 0.0, 5.0, 0.01, 1.0, EVERYDAY,
         "Below 1 the likely words win more often, above 1 the unlikely ones get a chance; 0 always takes the likeliest."),
    Knob("top_k", "Top-k", 0, 1000, 1, 0, EVERYDAY,
         "Keeps only this many of the likeliest tokens; 0 keeps all."),
    Knob("top_p", "Top-p", 0.0, 1.0, 0.01, 1.0, EVERYDAY,
         "Keeps the likeliest tokens until together they reach this probability; 1 keeps all."),
    Knob("min_p", "Min-p", 0.0, 1.0, 0.005, 0.0, EVERYDAY,
         "Drops tokens less likely than this fraction of the likeliest one; 0 drops none."),
    Knob("typical_p", "Typical", 0.0, 1.0, 0.01, 1.0, ADVANCED,
         "Keeps tokens that are about as surprising as the model expects, up to this probability; 1 keeps all."),
    Knob("repetition_penalty", "Repetition penalty", 1.0, 3.0, 0.01, 1.0, REPETITION,
         "Makes tokens that were already used less likely; 1 changes nothing."),
    Knob("repetition_range", "Repetition range", 0, 4096, 1, 0, REPETITION,
         "How many of the last tokens the penalties look at; 0 means the whole window."),
    Knob("repetition_slope", "Repetition slope", 0.0, 10.0, 0.05, 0.0, REPETITION,
         "Above 0 the newest tokens are penalised most and the oldest least; 0 treats all alike."),
    Knob("presence_penalty", "Presence penalty", -2.0, 2.0, 0.05, 0.0, REPETITION,
         "Takes this much off the score of every token already used, once."),
    Knob("frequency_penalty", "Frequency penalty", -2.0, 2.0, 0.05, 0.0, REPETITION,
         "Takes this much off the score of a token for each time it was used."),
)  # fmt: skip

# Penalties first and temperature last, as KoboldAI orders them; the user may reorder.
STAGES = (
    "repetition", "presence", "frequency", "top_k", "typical", "top_p", "min_p", "temperature",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SamplerSettings:
    """What shapes the next token's distribution; every default is off."""

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    typical_p: float = 1.0
    repetition_penalty: float = 1.0
    repetition_range: int = 0
    repetition_slope: float = 0.0
    # True: KoboldAI's form on raw logits. False: on log-probabilities, whose scale does not drift.
    repetition_raw: bool = False
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    order: tuple[str, ...] = STAGES

    def __post_init__(self) -> None:
        """Refuse numbers outside the knobs' ranges and orders with unknown or repeated stages."""
        for knob in KNOBS:
            value = getattr(self, knob.field)
            bad = isinstance(value, bool) or not isinstance(value, int | float)
            if bad or not math.isfinite(value) or not knob.low <= value <= knob.high:
                raise KnownError(
                    f"{knob.label} is {value!s:.40}; it goes from {knob.low:g} to {knob.high:g}."
                )
            if knob.whole and value != int(value):
                raise KnownError(f"{knob.label} is {value:g}; it takes whole numbers only.")
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
        return {**asdict(self), "order": list(self.order)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SamplerSettings:
        """Settings from JSON values; unknown fields are ignored, stages missing from order follow.

        Raises:
            KnownError: a value of the wrong kind or out of range.
        """
        names = {field.name for field in fields(cls)}
        values = {key: value for key, value in data.items() if key in names}
        order = values.get("order", STAGES)
        if not isinstance(order, list | tuple) or not all(isinstance(o, str) for o in order):
            raise KnownError("The sampler order is not a list of names.")
        known = tuple(order)
        values["order"] = known + tuple(stage for stage in STAGES if stage not in known)
        if not isinstance(values.get("repetition_raw", False), bool):
            raise KnownError("'repetition_raw' is neither true nor false.")
        return cls(**values)
