"""Stages that reshape the distribution without cutting."""

from __future__ import annotations

from dataclasses import dataclass

from engine.lm.samplers.row import Moment, Row


@dataclass(frozen=True, slots=True)
class Temperature:
    """Divides the logits; above 0 (0 is greedy, which the chain handles)."""

    temperature: float
    name: str = "temperature"

    def __call__(self, row: Row, moment: Moment) -> None:  # noqa: ARG002
        """z / T, from the top down, so that no quotient overflows."""
        top = row.z.dtype.type(row.top())
        row.replace((row.z - top) / row.z.dtype.type(self.temperature))
