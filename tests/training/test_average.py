"""Averages of weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine.lm.checkpoint import load_model
from tests.helpers.tiny_model import TINY, tiny_gpt, write_model
from training.average import main


def test_the_mean_is_weighted(tmp_path: Path) -> None:
    folders = [write_model(tmp_path / str(seed), seed=seed) for seed in (0, 1)]
    assert main([f"{folders[0]}=3", f"{folders[1]}", "-o", str(tmp_path / "mean")]) == 0
    found = load_model(tmp_path / "mean", dtype="float32", device="cpu")
    one, two = tiny_gpt(seed=0), tiny_gpt(seed=1)
    for mean, a, b in zip(found.parameters(), one.parameters(), two.parameters(), strict=True):
        assert torch.allclose(mean, 0.75 * a + 0.25 * b, atol=2e-3)  # stored in half precision


def test_models_of_two_shapes_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = write_model(tmp_path / "one")
    two = write_model(tmp_path / "two", replace(TINY, n_layer=1))
    assert main([str(one), str(two), "-o", str(tmp_path / "mean")]) == 2
    assert "one shape" in capsys.readouterr().err
    assert not (tmp_path / "mean").exists()
