"""What became of a preset on its way between formats, and how numbers are read on that way."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.lm.knobs import KNOBS

_KNOBS = {knob.field: knob for knob in KNOBS}
MAX_NAMED = 12  # fields that are named in a sentence


@dataclass(slots=True)
class Report:
    """Sentences about what was changed, names of what was dropped; never the values of those."""

    format: str
    changed: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    def sentence(self) -> str:
        """All of it to read; "" where nothing was lost."""
        said = list(self.changed)
        if self.dropped:
            names = ", ".join(f"{name:.40}" for name in self.dropped[:MAX_NAMED])
            more = len(self.dropped) - MAX_NAMED
            rest = f" and {more} more" if more > 0 else ""
            said.append(f"Not taken over: {names}{rest}.")
        return "\n".join(said)


@dataclass(slots=True)
class Fields:
    """Values of a file from elsewhere, taken out one by one; what is left was not understood."""

    data: dict[str, Any]
    report: Report
    values: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Mapping[str, Any], report: Report) -> Fields:
        """All fields, none of them understood yet."""
        return cls({str(key): value for key, value in data.items()}, report)

    def pop(self, *names: str) -> Any:
        """The value of the first of some names that is there; all are understood by that."""
        found = [self.data.pop(name) for name in names if name in self.data]
        return found[0] if found else None

    def number(self, target: str, *names: str, off: tuple[float, ...] = ()) -> None:
        """Take a number over as a knob's value, within its range; those in ``off`` switch it off."""
        name = next((name for name in names if name in self.data), None)
        value = self.pop(*names)
        if name is None or value is None:
            return
        if not is_number(value):
            self.report.changed.append(f"{name} is no number and was left out.")
            return
        self.put(target, _KNOBS[target].off if value in off else value)

    def put(self, target: str, value: float) -> None:
        """Set a knob, as near as its range allows."""
        knob = _KNOBS[target]
        near = min(max(value, knob.low), knob.high)
        if knob.whole:
            near = round(near)
        if near != value:
            self.report.changed.append(f"{knob.label} was {value:.6g} and is {near:g} here.")
        self.values[target] = near

    def on(self, target: str) -> bool:
        """Whether a knob was set to something else than off."""
        return self.values.get(target, _KNOBS[target].off) != _KNOBS[target].off

    def off(self, target: str) -> None:
        """Switch a knob off."""
        self.values.pop(target, None)

    def done(self) -> None:
        """Name what is left as dropped."""
        self.report.dropped += sorted(name for name, value in self.data.items() if not empty(value))


def is_number(value: Any) -> bool:
    """Whether a value is a number that can be computed with."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer of hundreds of digits
        return False


def empty(value: Any) -> bool:
    """Whether a value says nothing."""
    return value is None or value is False or value in ("", [], {})


def texts(value: Any, longest: int, most: int) -> tuple[str, ...]:
    """The texts of a list, as far as they can be used."""
    if not isinstance(value, list):
        return ()
    good = [text for text in value if isinstance(text, str) and 0 < len(text) <= longest]
    return tuple(dict.fromkeys(good))[:most]
