"""How long a story of a million words takes to write, open, go on and type in.

    python benchmarks/bench_story.py [--words 1000000] [--json FILE]

Times are medians in milliseconds, of the clock and of this process's own work (the latter tells
more on a busy machine). ``durable`` is until the verb is on the disk, syncs included.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.story.node import Author, Kind, Prompt, ReplyMeta
from engine.story.store import Store, save_copy
from engine.story.tree import Story

Row = tuple[str, float, float]


def timed(name: str, work: Callable[[], Any], repeat: int = 1) -> Row:
    """The name, and medians of clock and process time in milliseconds."""
    clock, own = [], []
    for _ in range(repeat):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        clock.append(1e3 * (time.perf_counter() - wall))
        own.append(1e3 * (time.process_time() - cpu))
    return name, statistics.median(clock), statistics.median(own)


def long_story(n_words: int) -> Story:
    """A game of that many words: short actions, replies of 80 words with all their metadata."""
    rng = random.Random(0)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(rng.choices(letters, k=rng.randint(2, 8))) for _ in range(5000)]
    story = Story()
    story.append(Kind.OPENING, " ".join(rng.choices(words, k=120)))
    written = 120
    while written < n_words:
        story.append(Kind.DO, "You " + " ".join(rng.choices(words, k=8)))
        ids = tuple(rng.choices(range(50257), k=100))
        meta = ReplyMeta(
            "gpt2",
            "d" * 64,
            rng.randrange(2**32),
            {"temperature": 0.8, "top_p": 0.95, "order": ["top_k", "top_p", "temperature"]},
            ids,
            tuple(-4 * rng.random() for _ in ids),
            tuple(tuple((token + j, -1.0 - j) for j in range(5)) for token in ids),
            Prompt(800, tuple(rng.choices(range(50257), k=120))),
            (1, 0),
            "sentence",
        )
        text = "\n\n" + " ".join(rng.choices(words, k=80))
        story.append(Kind.REPLY, text, Author.MODEL, meta=meta)
        written += 89
    return story


def measure(n_words: int, folder: Path) -> tuple[list[Row], dict[str, float]]:
    """All rows of the table, and what the story was."""
    story = long_story(n_words)
    path = folder / "long.story"
    rows = [timed("write the whole file", lambda: save_copy(story, path))]
    facts = {
        "words": float(n_words),
        "passages": float(len(story.branch())),
        "characters": float(story.length),
        "file MB": path.stat().st_size / 1e6,
    }

    def open_and_close() -> None:
        Store.open(path).close()

    rows.append(timed("open, check every row, close", open_and_close, 5))
    with Store.open(path) as store:
        live = store.story
        stop = live.watch(lambda _: None)

        def append() -> None:
            live.append(Kind.DO, "You go on.")

        def durable() -> None:
            append()
            store.flush()

        at = [live.length // 2]

        def key() -> None:
            live.replace(at[0], at[0], "x", merge_key="typing")
            at[0] += 1

        rows.append(timed("append, in memory", append, 50))
        store.flush()
        rows.append(timed("append, durable", durable, 50))
        rows.append(timed("a key in the middle", key, 50))
        rows.append(timed("undo", live.undo, 20))
        rows.append(timed("redo", live.redo, 20))
        stop()
    return rows, facts


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--words", type=int, default=1_000_000)
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BRASS_LANTERN_HOME"] = folder
        rows, facts = measure(options.words, Path(folder))
    print("  ".join(f"{name}: {value:,.1f}".removesuffix(".0") for name, value in facts.items()))
    print(f"{'':32}{'clock ms':>12}{'own ms':>12}")
    for name, clock, own in rows:
        print(f"{name:32}{clock:12.2f}{own:12.2f}")
    if options.json:
        table = {name: {"clock_ms": clock, "own_ms": own} for name, clock, own in rows}
        options.json.write_text(json.dumps({"facts": facts, "times": table}, indent=2))


if __name__ == "__main__":
    main()
