"""Weights in 8 bits: what they stand for, and how far off that is."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.lm import rounding
from engine.lm.rounding import round_weights


@given(
    seed=st.integers(0, 2**31),
    shape=st.tuples(st.integers(1, 40), st.integers(1, 60)),
    spread=st.floats(0, 4),
)
@settings(max_examples=60, deadline=None)
def test_weights_are_within_half_a_step(seed: int, shape: tuple[int, int], spread: float) -> None:
    draw = torch.Generator().manual_seed(seed)
    loudness = torch.exp(spread * torch.randn(shape[1], generator=draw))
    weight = torch.randn(shape, generator=draw) * loudness
    found = round_weights(weight)
    assert found.rounded.dtype == torch.int8
    steps = found.scales[:, None] * found.columns
    assert ((found.rounded * steps - weight).abs() <= 0.5001 * steps + 1e-12).all()
    exact = weight / found.columns
    lost = found.rounded * found.scales[:, None] - exact
    assert np.isclose(found.noise, float(lost.norm() / exact.norm()), rtol=1e-3, atol=1e-6)


def test_slices_and_threads_change_nothing(monkeypatch) -> None:
    weight = torch.randn(300, 70, generator=torch.Generator().manual_seed(1))
    whole = round_weights(weight)
    monkeypatch.setattr(rounding, "SLICE", 70 * 7)
    parts = round_weights(weight)
    assert torch.equal(parts.rounded, whole.rounded)
    assert torch.equal(parts.scales, whole.scales)
    assert torch.equal(parts.columns, whole.columns)


def test_zeros_stay_zeros() -> None:
    found = round_weights(torch.zeros(3, 4))
    assert not found.rounded.any()
    assert found.noise == 0
