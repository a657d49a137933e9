"""``train`` from a terminal: a model folder comes out, and a killed run goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from engine.cli import main
from engine.lm.checkpoint import load_model
from tests.helpers.tiny_model import SAMPLE, write_model

COMMON = ["--length", "32", "--rows", "4", "--dtype", "float32", "--threads", "1", "--json"]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model")


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "tales.txt"
    path.write_text("\n<|endoftext|>\n".join([SAMPLE * 2, SAMPLE, SAMPLE * 3]))
    return path


def train(capsys: pytest.CaptureFixture[str], *options: object) -> dict[str, object]:
    assert main(["train", *map(str, options), *COMMON]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("how", [[], ["--lora", "4"], ["--optimizer", "muon", "--recompute"]])
def test_fine_tuning_lowers_the_loss(
    tmp_path: Path, model: Path, text: Path, capsys: pytest.CaptureFixture[str], how: list[str]
) -> None:
    common = ["--data", text, "--validation", text, "--init", model, "--lr", 3e-3, *how]
    short = train(capsys, *common, "--steps", 1, "-o", tmp_path / "short")
    long = train(capsys, *common, "--steps", 25, "-o", tmp_path / "long")
    assert long["steps"] == 25
    assert long["validation"]["tales"] < 0.95 * short["validation"]["tales"]  # type: ignore[index]
    ids = torch.tensor([[1, 2, 3]])
    changed = load_model(tmp_path / "long", dtype="float32", device="cpu")
    before = load_model(model, dtype="float32", device="cpu")
    assert not torch.allclose(changed(ids), before(ids), atol=1e-2)
    assert (tmp_path / "long" / "vocab.json").read_bytes() == (model / "vocab.json").read_bytes()


def test_training_from_scratch_needs_a_config_and_a_tokenizer(
    tmp_path: Path, model: Path, text: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "small.json"
    config.write_text((model / "config.json").read_text())
    common = ["--data", text, "--init", config, "--steps", 3, "-o", tmp_path / "out"]
    result = train(capsys, *common, "--tokenizer", model)
    assert result["steps"] == 3
    more = [*common[:-1], tmp_path / "snaps", "--tokenizer", model, "--snapshot-steps", 2]
    train(capsys, *more)
    assert [p.name for p in (tmp_path / "snaps" / "snapshots").iterdir()] == ["000002"]
    assert main(["train", *map(str, common)]) == 2
    assert "--tokenizer" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "--minutes or --steps"),
        (["--steps", "3", "--rows", "0"], "above 0"),
        (["--steps", "3", "--length", "999"], "more than the model's"),
        (["--steps", "3", "--snapshot-steps", "2", "--lora", "2"], "whole models"),
        (["--steps", "3", "--warmup", "2"], "between 0 and 1"),
    ],
)
def test_bad_options_are_a_sentence(
    tmp_path: Path,
    model: Path,
    text: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    words: str,
) -> None:
    common = ["--data", str(text), "--init", str(model), "-o", str(tmp_path / "out")]
    assert main(["train", *common, *options]) == 2
    assert words in capsys.readouterr().err


def command(*options: object) -> list[str]:
    return [sys.executable, "-m", "engine", "train", *map(str, options), *COMMON]


@pytest.mark.slow
def test_a_run_killed_with_signal_9_ends_like_one_that_was_not(
    tmp_path: Path, model: Path, text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RANK", raising=False)
    common = ["--data", text, "--init", model, "--steps", 60, "--optimizer", "muon"]
    common += ["--save-seconds", 0]
    whole = subprocess.run(
        command(*common, "-o", tmp_path / "whole"), capture_output=True, check=True, timeout=100
    )
    with subprocess.Popen(
        command(*common, "-o", tmp_path / "cut"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        state = tmp_path / "cut" / "run" / "state.pt"
        until = time.monotonic() + 60
        while not state.exists() and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.2)
        os.kill(process.pid, signal.SIGKILL)
    assert not (tmp_path / "cut" / "model.safetensors").exists()
    again = subprocess.run(
        command(*common, "-o", tmp_path / "cut"), capture_output=True, check=True, timeout=100
    )
    assert json.loads(again.stdout)["loss"] == json.loads(whole.stdout)["loss"]
    files = [tmp_path / name / "model.safetensors" for name in ("whole", "cut")]
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.slow
def test_two_processes_agree_with_one(tmp_path: Path, model: Path, text: Path) -> None:
    common = ["--data", text, "--init", model, "--steps", 12, "--optimizer", "muon"]
    common += ["--device", "cpu"]
    single = subprocess.run(
        command(*common, "-o", tmp_path / "one"), capture_output=True, check=True, timeout=100
    )
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    pair = subprocess.run(
        [*launcher, "--nproc-per-node", "2", *command(*common, "-o", tmp_path / "two")[1:]],
        capture_output=True,
        check=True,
        timeout=100,
    )
    assert json.loads(pair.stdout)["loss"] == pytest.approx(
        json.loads(single.stdout)["loss"], rel=1e-3
    )
    one, two = (load_model(tmp_path / n, dtype="float32", device="cpu") for n in ("one", "two"))
    for a, b in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.allclose(a, b, atol=5e-3)
