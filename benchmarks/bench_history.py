"""Earlier runs of ``bench.py``: a line of JSON each, and what has become worse since.

A machine is known by its kind alone: no names, no paths.
"""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.bench_report import BASELINE, NEITHER, ROWS, Medians

WORSE = 0.15  # the part by which a figure may be worse before it is worth a line
RECENT = 5  # earlier runs whose median is compared with
PACKAGES = ("torch", "transformers", "llama-cpp-python", "ctranslate2")


def machine() -> dict[str, Any]:
    """What kind of machine this is."""
    return {
        "system": platform.system(),
        "cpu": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": _memory(),
    }


def versions() -> dict[str, str]:
    """The versions of the engines that are installed, and Python's."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def read(file: Path) -> list[dict[str, Any]]:
    """Earlier runs, oldest first; a line that cannot be read is left out."""
    runs: list[dict[str, Any]] = []
    with suppress(FileNotFoundError):
        for line in file.read_text(encoding="utf-8").splitlines():
            with suppress(ValueError):
                run = json.loads(line)
                if isinstance(run, dict):
                    runs.append(run)
    return runs


def append(file: Path, run: Mapping[str, Any]) -> None:
    """Add a run."""
    with file.open("a", encoding="utf-8") as out:
        out.write(json.dumps(run, sort_keys=True) + "\n")


def compare(run: Mapping[str, Any], earlier: list[dict[str, Any]]) -> list[str]:
    """A line for every figure of ours that is worse than it was on an equal machine."""
    same = ("machine", "shape", "threads", "loud")
    equal = [old for old in earlier if all(old.get(key) == run[key] for key in same)][-RECENT:]
    lines: list[str] = []
    for engine, figures in run["medians"].items():
        if not engine.startswith("here"):
            continue
        for figure in figures:
            if ROWS[figure].better == NEITHER:
                continue
            if (by := _worse(run["medians"], equal, engine, figure)) > WORSE:
                other = _worse(run["medians"], equal, BASELINE, figure)
                lines.append(
                    f"{engine}: {ROWS[figure].label.strip()} is {100 * by:.0f} % worse than in "
                    f"{len(equal)} earlier runs ({BASELINE}: {100 * other:+.0f} %)"
                )
    return lines


def _worse(medians: Medians, earlier: list[dict[str, Any]], engine: str, figure: str) -> float:
    """By which part a figure is worse than the median of earlier ones; 0 if that is not known."""
    before = [
        value
        for old in earlier
        if (value := old["medians"].get(engine, {}).get(figure)) is not None
    ]
    now = medians.get(engine, {}).get(figure)
    if not before or not now or not (usual := statistics.median(before)):
        return 0.0
    return (usual / now if ROWS[figure].better == "more" else now / usual) - 1


def _processor() -> str:
    with suppress(OSError):  # Linux
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
        if found:
            return found[1].strip()
    if sys.platform == "darwin":
        command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        said = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
        if said:
            return said
    return platform.processor() or platform.machine()


def _memory() -> int | None:
    with suppress(AttributeError, ValueError, OSError):
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    return None
