"""One engine in a process of its own, for ``bench.py``: a clean state, and memory that is its own.

Questions and answers are lines of JSON on the child's standard input and output.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from benchmarks.bench_engines import KINDS
from benchmarks.bench_tasks import TASKS, Figures, Sizes, prompt

ROOT = Path(__file__).resolve().parent.parent


class Worker:
    """The parent's side: an engine that is loaded and waits; ``loaded`` has time and memory."""

    def __init__(self, name: str, folder: Path, threads: int, sizes: Sizes) -> None:
        self.name = name
        environment = os.environ | {"OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.bench_worker", name, str(folder), str(threads)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.loaded: Figures = self._ask(asdict(sizes))

    def measure(self, task: str, seed: int) -> Figures:
        """One task done once."""
        return self._ask({"task": task, "seed": seed})

    def greedy(self, seed: int) -> list[int]:
        """The likeliest tokens after a prompt."""
        return self._ask({"task": "greedy", "seed": seed})

    def memory(self) -> Figures:
        """The most memory it ever had."""
        return self._ask({"task": "memory", "seed": 0})

    def close(self) -> None:
        """End the process."""
        stdin, stdout = self._pipes()
        with contextlib.suppress(BrokenPipeError):  # it went first
            stdin.close()
        self._process.wait()
        stdout.close()

    def _ask(self, question: dict[str, Any]) -> Any:
        stdin, stdout = self._pipes()
        with contextlib.suppress(BrokenPipeError):  # then there is no answer either
            stdin.write(json.dumps(question) + "\n")
            stdin.flush()
        line = stdout.readline()
        if not line:
            self.close()
            raise RuntimeError(f"{self.name} failed; what it said stands above")
        return json.loads(line)

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("the process has no pipes")
        return stdin, stdout


def main(arguments: Sequence[str]) -> None:
    """The child's side: load, then answer until there is nothing more to answer."""
    name, folder, threads = arguments
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is no answer
    fields = json.loads(sys.stdin.readline())
    sizes = Sizes(**fields | {"prefill": tuple(fields["prefill"])})
    kind = KINDS[name]
    importlib.import_module(kind.module)
    loaded = _peak("memory_libraries")
    begun = time.perf_counter()
    engine = kind.make(Path(folder), kind.dtype, int(threads))
    loaded |= {"load": time.perf_counter() - begun} | _peak("memory_load")
    rng = random.Random(0)
    engine.run(prompt(rng, 100, sizes), 10)  # first uses of anything are slower
    _answer(answers, loaded)
    for line in sys.stdin:
        question = json.loads(line)
        rng = random.Random(question["seed"])
        match question["task"]:
            case "greedy":
                _answer(answers, engine.greedy(prompt(rng, 100, sizes), sizes.greedy))
            case "memory":
                _answer(answers, _peak("memory_peak"))
            case task:
                _answer(answers, TASKS[task](engine, sizes, rng))


def _answer(answers: IO[str], value: object) -> None:
    answers.write(json.dumps(value) + "\n")
    answers.flush()


def _peak(name: str) -> Figures:
    """The largest resident memory of this process so far, MB; nothing where no one says."""
    try:
        import resource
    except ImportError:
        return {}
    with contextlib.suppress(OSError):  # Linux: its rusage would begin with that of the parent
        found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
        if found:
            return {name: int(found[1]) / 1024}
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {name: most / (1 << 20 if sys.platform == "darwin" else 1 << 10)}


if __name__ == "__main__":
    main(sys.argv[1:])
