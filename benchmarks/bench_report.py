"""Samples of ``bench.py`` -> medians, a table with ratios, and whether the marks are met."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.bench_engines import KINDS

BASELINE = "transformers"
Samples = Mapping[str, Mapping[str, Sequence[float]]]  # engine -> figure -> one number a round
Medians = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of the table: which way is better, and whether it is compared with the baseline."""

    label: str
    better: str = "more"
    digits: int = 0
    ratio: bool = True


NEITHER = "neither"  # a number that says nothing about speed: rounding decides it
ROWS = {
    "prefill_512": Row("prefill 512, tokens/s"),
    "prefill_900": Row("prefill 900, tokens/s"),
    "decode": Row("decode, tokens/s"),
    "candidates": Row("3 candidates, times one", "less", 2, ratio=False),
    "turn_fresh": Row("full window, unread, ms", "less"),
    "turn_grown": Row("  50 new tokens, ms", "less"),
    "turn_evicted": Row("  after eviction, ms", "less"),
    "turn_retry": Row("  retry, ms", "less"),
    "retry_share": Row("  retry, % of unread", "less", 1, ratio=False),
    "load": Row("load, s", "less", 2),
    "memory_load": Row("memory while loading, MB", "less"),
    "memory_peak": Row("memory at most, MB", "less"),
    "memory_libraries": Row("  of it libraries, MB", "less", ratio=False),
    "agreement": Row("same greedy tokens, %", NEITHER, ratio=False),
}


@dataclass(frozen=True, slots=True)
class Mark:
    """What int8 here is to reach: a figure of it as a multiple of a peer's, or as it is."""

    figure: str
    bound: float
    peer: str = ""

    def judge(self, medians: Medians) -> str:
        """A line that says how it stands, or nothing where a number is missing."""
        mine = medians.get("here-int8", {}).get(self.figure)
        theirs = medians.get(self.peer, {}).get(self.figure) if self.peer else 1.0
        if mine is None or not theirs:
            return ""
        row = ROWS[self.figure]
        value, most = mine / theirs, row.better == "less"
        met = value <= self.bound if most else value >= self.bound
        whose = f" x {KINDS[self.peer].label}" if self.peer else ""
        bound = f"{'at most' if most else 'at least'} {self.bound:g}"
        label = row.label.strip().partition(", tokens")[0]
        return f"{'met   ' if met else 'missed'} {label}: {value:.2f}{whose} ({bound})"


MARKS = (
    Mark("decode", 4.5, "transformers"),
    Mark("decode", 0.9, "llama-q8_0"),
    Mark("prefill_512", 1.5, "transformers"),
    Mark("prefill_512", 1.5, "llama-q8_0"),
    Mark("prefill_900", 1.5, "transformers"),
    Mark("prefill_900", 1.5, "llama-q8_0"),
    Mark("retry_share", 5.0),
    Mark("candidates", 1.8),
)


def medians_of(samples: Samples) -> dict[str, dict[str, float]]:
    """The median of every figure."""
    return {
        engine: {figure: statistics.median(values) for figure, values in figures.items() if values}
        for engine, figures in samples.items()
    }


def table(medians: Medians) -> list[str]:
    """Lines of a table, engines beside each other; in brackets how many times as good as the baseline."""
    engines = list(medians)
    head = ["", *(KINDS[name].label for name in engines)]
    body = [
        [row.label, *(_cell(medians, name, figure, row) for name in engines)]
        for figure, row in ROWS.items()
        if any(figure in medians[name] for name in engines)
    ]
    widths = [max(len(line[i]) for line in [head, *body]) for i in range(len(head))]
    return [_line(head, widths), *(_line(line, widths) for line in body)]


def marks(medians: Medians) -> list[str]:
    """How the marks stand that can be judged."""
    return [line for mark in MARKS if (line := mark.judge(medians))]


def _cell(medians: Medians, engine: str, figure: str, row: Row) -> str:
    value = medians[engine].get(figure)
    if value is None:
        return "-"
    text = f"{value:,.{row.digits}f}"
    base = medians.get(BASELINE, {}).get(figure)
    if not row.ratio or not base or not value or engine == BASELINE:
        return text
    ratio = value / base if row.better == "more" else base / value
    return f"{text} ({ratio:.1f}x)" if ratio < 100 else f"{text} ({ratio:.0f}x)"


def _line(cells: Iterable[str], widths: Sequence[int]) -> str:
    first, *rest = zip(cells, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)])
