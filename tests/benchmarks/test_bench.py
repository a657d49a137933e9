"""``make bench``: a tiny run of this engine and transformers, its table, its history."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks import bench, bench_history
from benchmarks.bench_engines import KINDS, Kind, Run, Stopwatch
from benchmarks.bench_model import BASE, SHAPES, make_model, merges
from benchmarks.bench_report import marks, medians_of, table
from benchmarks.bench_tasks import ATTEMPTS, TASKS, Sizes, prompt, whole_run
from benchmarks.bench_worker import Worker
from engine.lm.tokenizer import load_tokenizer

pytest.importorskip("transformers")

SMALL = Sizes(
    n_vocab=SHAPES["tiny"].n_vocab,
    prefill=(24,),
    context=16,
    decode=6,
    each=5,
    window=60,
    turn=10,
    head=8,
    written=3,
    greedy=8,
)
FIGURES = {
    "prefill": {"prefill_24"},
    "decode": {"decode"},
    "candidates": {"candidates"},
    "turn": {"turn_fresh", "turn_grown", "turn_retry", "turn_evicted", "retry_share"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("bench") / "tiny", "tiny")


@pytest.mark.parametrize("name", ["here-float32", "transformers"])
def test_every_task_gives_its_figures(name: str, folder: Path) -> None:
    kind = KINDS[name]
    engine = kind.make(folder, kind.dtype, 1)
    for task, names in FIGURES.items():
        figures = TASKS[task](engine, SMALL, random.Random(0))
        assert set(figures) == names
        assert all(value > 0 for value in figures.values())


def test_engines_agree_on_the_likeliest_tokens(folder: Path) -> None:
    ids = prompt(random.Random(0), 20, SMALL)
    here, there = (
        KINDS[name].make(folder, "float32", 1).greedy(ids, 8)
        for name in ("here-float32", "transformers")
    )
    assert here == there
    assert len(here) == 8


@pytest.mark.slow  # a process that loads torch
def test_an_engine_that_fails_says_so(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="here-float32 failed"):
        Worker("here-float32", tmp_path / "nothing", 1, SMALL).close()
    assert "nothing" in capfd.readouterr().err


def test_the_vocabulary_is_as_large_as_the_real_one() -> None:
    tokens = {a + b for a, b in merges(50257 - BASE)}
    assert len(tokens) == 50257 - BASE


def test_tokens_of_the_made_up_vocabulary_are_text(folder: Path) -> None:
    tokenizer = load_tokenizer(folder)
    assert tokenizer.n_vocab == SHAPES["tiny"].n_vocab
    assert tokenizer.decode(tokenizer.encode(" ab cd")) == " ab cd"


def test_loud_channels_are_in_the_files(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    plain, loud = (
        load_file(make_model(tmp_path / str(loud), "tiny", loud=loud) / "model.safetensors")
        for loud in (False, True)
    )
    name = "transformer.h.0.ln_1.weight"
    assert loud[name].max() == 20 * plain[name].max()


class Brief:
    """An engine that ends early ``times`` times."""

    def __init__(self, times: int) -> None:
        self.times = times

    def run(self, prompt: Sequence[int], new: int, rows: int = 1, seed: int = 0) -> Run:
        short = seed < self.times
        return Run(1.0, 2.0, new * rows - short)

    def greedy(self, prompt: Sequence[int], new: int) -> list[int]:
        return [0] * new


def test_a_run_that_ends_early_is_done_again() -> None:
    assert whole_run(Brief(2), [1], 5, 3).tokens == 15
    with pytest.raises(RuntimeError, match="before 5 tokens"):
        whole_run(Brief(ATTEMPTS), [1], 5)


def test_the_stopwatch_counts_tokens() -> None:
    watch = Stopwatch()
    for _ in range(3):
        watch.token()
    run = watch.run()
    assert run.tokens == 3
    assert 0 < run.first < run.last
    assert run.decoding == run.last - run.first


SAMPLES = {
    "here-int8": {"decode": [90.0, 500.0, 100.0], "load": [1.0], "retry_share": [3.0]},
    "transformers": {"decode": [20.0], "load": [2.0], "retry_share": [100.0]},
}


def test_the_table_has_medians_and_ratios() -> None:
    lines = table(medians_of(SAMPLES))
    assert lines[0].split() == ["here", "int8", "transformers", "f32"]
    assert lines[1].split() == ["decode,", "tokens/s", "100", "(5.0x)", "20"]
    assert any(line.split() == ["load,", "s", "1.00", "(2.0x)", "2.00"] for line in lines)
    assert len({len(line) for line in lines}) == 1


def test_marks_that_can_be_judged_are() -> None:
    assert marks(medians_of(SAMPLES)) == [
        "met    decode: 5.00 x transformers f32 (at least 4.5)",
        "met    retry, % of unread: 3.00 (at most 5)",
    ]
    slower = {**SAMPLES, "here-int8": {"decode": [80.0]}}
    assert marks(medians_of(slower)) == ["missed decode: 4.00 x transformers f32 (at least 4.5)"]


def a_run(speed: float, **changes: Any) -> dict[str, Any]:
    medians = {"here-int8": {"decode": speed, "load": 100 / speed}, "transformers": {"decode": 20}}
    run = {"machine": {"cpu": "a"}, "shape": "124M", "threads": 2, "loud": False}
    return {**run, "medians": medians, **changes}


def test_what_became_worse_is_told_and_what_did_not_is_not() -> None:
    earlier = [a_run(100.0), a_run(110.0), a_run(90.0)]
    assert bench_history.compare(a_run(90.0), earlier) == []
    assert bench_history.compare(a_run(200.0), earlier) == []
    assert bench_history.compare(a_run(80.0), earlier) == [
        "here-int8: decode, tokens/s is 25 % worse than in 3 earlier runs (transformers: +0 %)",
        "here-int8: load, s is 25 % worse than in 3 earlier runs (transformers: +0 %)",
    ]


@pytest.mark.parametrize(
    "other", [{"machine": {"cpu": "b"}}, {"shape": "355M"}, {"threads": 4}, {"loud": True}]
)
def test_only_equal_runs_are_compared(other: dict[str, Any]) -> None:
    assert bench_history.compare(a_run(50.0), [a_run(100.0, **other)]) == []


def test_history_survives_a_damaged_line(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    assert bench_history.read(file) == []
    bench_history.append(file, a_run(100.0))
    with file.open("a") as out:
        out.write("{half a li\n[1]\n")
    bench_history.append(file, a_run(90.0))
    assert bench_history.read(file) == [a_run(100.0), a_run(90.0)]


def test_a_machine_is_known_by_its_kind_alone() -> None:
    machine = bench_history.machine()
    assert set(machine) == {"system", "cpu", "cores", "memory_gb"}
    assert machine["cores"]
    assert Path.home().name not in json.dumps(machine).split()
    assert bench_history.versions()["torch"]


def test_what_is_not_installed_is_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = KINDS["here-int8"]
    gone = Kind("Gone", here.make, "int8", "gone", ("no_such_package",))
    monkeypatch.setattr(bench, "KINDS", {"here": here, "gone": gone})
    assert bench.chosen(None) == ["here"]
    assert "Gone is left out: no_such_package is not installed." in capsys.readouterr().err


def test_a_whole_run_prints_a_table_and_keeps_numbers(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(bench, "FILES", folder.parent)
    history, out = tmp_path / "history.jsonl", tmp_path / "deep" / "bench.json"
    options = "--shape tiny --engines here-float32 --tasks turn --rounds 1 --loads 1 --threads 1"
    arguments = [*options.split(), "--history", str(history), "--json", str(out)]
    assert bench.main(arguments) == 0
    said = capsys.readouterr().out
    assert "retry, % of unread" in said
    assert "memory at most, MB" in said
    (kept,) = bench_history.read(history)
    (run,) = json.loads(out.read_text())
    assert kept["medians"] == run["medians"]
    assert "samples" not in kept
    assert len(run["samples"]["here-float32"]["turn_retry"]) == 1
