"""Speed and memory of this engine and its peers, in one run.

    python -m benchmarks.bench [--shape 124M 355M 774M 1.5B] [--engines here-int8 transformers ...]

Random weights in GPT-2's real shapes. Every engine has a process of its own; they take turns, so that
whatever else the machine does meets all of them, and medians are shown. This engine runs as the app
uses it (preset Balanced, five alternatives a token, stop strings, stream decoder); the peers choose
the likeliest token. What is not installed is left out (``make bench-peers`` installs it).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import bench_history
from benchmarks.bench_engines import KINDS
from benchmarks.bench_model import SHAPES, make_model
from benchmarks.bench_report import BASELINE, Samples, marks, medians_of, table
from benchmarks.bench_tasks import TASKS, Sizes
from benchmarks.bench_worker import ROOT, Worker

FILES = ROOT / "build" / "bench"
HISTORY = Path(__file__).with_name("history.jsonl")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, keep the numbers."""
    options = parser().parse_args(arguments)
    engines = chosen(options.engines)
    runs = []
    for shape in options.shape:
        run = bench(shape, engines, options)
        runs.append(run)
        earlier = bench_history.read(options.history)
        print("\n".join(["", *table(run["medians"]), "", *marks(run["medians"])]))
        print("\n".join(bench_history.compare(run, earlier)))
        if not options.no_history:
            kept = {key: value for key, value in run.items() if key != "samples"}
            bench_history.append(options.history, kept)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(runs, indent=1), encoding="utf-8")
    print(f"All samples: {options.json}")
    return 0


def parser() -> argparse.ArgumentParser:
    """What can be asked for."""
    out = argparse.ArgumentParser(
        prog="python -m benchmarks.bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    out.add_argument("--shape", nargs="+", choices=list(SHAPES), default=["124M"])
    out.add_argument("--engines", nargs="+", choices=list(KINDS), help="default: the usual ones")
    out.add_argument("--tasks", nargs="+", choices=list(TASKS), default=list(TASKS))
    out.add_argument("--rounds", type=int, default=5, help="how often each engine does each task")
    out.add_argument("--loads", type=int, default=3, help="how often each engine is loaded")
    out.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    out.add_argument(
        "--loud", action="store_true", help="a few channels far louder than the others"
    )
    out.add_argument("--json", type=Path, default=FILES / "bench.json", help="where samples go")
    out.add_argument("--history", type=Path, default=HISTORY, help="what to compare with")
    out.add_argument("--no-history", action="store_true", help="do not add this run to it")
    return out


def chosen(names: Sequence[str] | None) -> list[str]:
    """The engines to measure; for those that cannot be, a line that says what is missing."""
    wanted = names or [name for name, kind in KINDS.items() if kind.usual]
    found = []
    for name in wanted:
        if missing := KINDS[name].missing:
            print(f"{KINDS[name].label} is left out: {missing} is not installed.", file=sys.stderr)
        else:
            found.append(name)
    return found


def bench(shape: str, engines: Sequence[str], options: argparse.Namespace) -> dict[str, Any]:
    """One shape measured with every engine."""
    folder = FILES / (f"{shape}-loud" if options.loud else shape)
    make_model(folder, shape, loud=options.loud)
    for name in engines:
        kind = KINDS[name]
        if kind.file is not None:
            kind.file(folder, kind.dtype)
    sizes = Sizes(n_vocab=SHAPES[shape].n_vocab)
    before = load_average()
    samples = measure(folder, engines, sizes, options)
    return {
        "shape": shape,
        "loud": options.loud,
        "threads": options.threads,
        "rounds": options.rounds,
        "machine": bench_history.machine(),
        "versions": bench_history.versions(),
        "load_average": [before, load_average()],
        "medians": medians_of(samples),
        "samples": samples,
    }


def measure(
    folder: Path, engines: Sequence[str], sizes: Sizes, options: argparse.Namespace
) -> Samples:
    """Every engine in its own process does every task in turn, as often as there are rounds."""
    samples: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in engines}

    def note(name: str, figures: dict[str, float]) -> None:
        for figure, value in figures.items():
            samples[name][figure].append(value)

    for again in range(1, options.loads):
        for name in engines:
            progress(f"load {again}: {name}")
            worker = Worker(name, folder, options.threads, sizes)
            worker.close()
            note(name, worker.loaded)
    with ExitStack() as stack:
        workers: list[Worker] = []
        for name in engines:
            progress(f"load {options.loads}: {name}")
            worker = Worker(name, folder, options.threads, sizes)
            stack.callback(worker.close)
            workers.append(worker)
            note(name, worker.loaded)
        for turn in range(options.rounds):
            for task in options.tasks:
                for worker in workers:
                    progress(f"round {turn + 1} of {options.rounds}: {task}, {worker.name}")
                    note(worker.name, worker.measure(task, 1000 * turn + len(task)))
        note_agreement(workers, samples)
        for worker in workers:
            note(worker.name, worker.memory())
    progress("")
    return samples


def note_agreement(workers: Sequence[Worker], samples: dict[str, dict[str, list[float]]]) -> None:
    """How many of the baseline's greedy tokens every engine writes before it writes another."""
    ids = {worker.name: worker.greedy(seed=0) for worker in workers}
    right = ids.get(BASELINE, [])
    for name, found in ids.items():
        if right and name != BASELINE:
            pairs = zip(right, found, strict=True)
            same = next((i for i, (a, b) in enumerate(pairs) if a != b), len(right))
            samples[name]["agreement"].append(100 * same / len(right))


def load_average() -> float | None:
    """How many processes wanted to run over the last minute, where the system counts."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def progress(text: str) -> None:
    """What is being done, on one line of a terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
