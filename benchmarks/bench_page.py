"""How long the window is held up by its page: loading, streaming, typing in very long stories.

    python benchmarks/bench_page.py [--words N ...] [--json]

A heartbeat timer of the GUI thread runs all the while; how late it comes is the stall a person
would feel ("cpu": the thread's own share of it, for busy machines). Without a screen it paints into memory, which is what costs time in a page of text.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.page import Page
from engine.story.node import Author, Kind
from engine.story.tree import Story

WORDS = (Path(__file__).parent.parent / "training" / "adventures" / "fantasy_1.txt").read_text(
    "utf-8"
).split()  # fmt: skip
BEAT_MS = 2


class Heartbeat:
    """Records how long the event loop was away: on the clock, and of the processor's time.

    The second is what counts where the machine is busy with other things.
    """

    def __init__(self) -> None:
        self._gaps: list[tuple[float, float]] = []
        self._last = (time.perf_counter(), time.thread_time())
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        now = (time.perf_counter(), time.thread_time())
        wall, cpu = (1000 * (after - before) for after, before in zip(now, self._last, strict=True))
        self._gaps.append((wall - BEAT_MS, cpu))
        self._last = now

    def take(self) -> dict[str, float]:
        """99th percentile and worst stall in milliseconds since the last call."""
        gaps, self._gaps = self._gaps or [(0.0, 0.0)], []
        wall, cpu = (sorted(max(0.0, gap[i]) for gap in gaps) for i in (0, 1))
        at = min(len(gaps) - 1, int(0.99 * len(gaps)))
        return {"p99": wall[at], "max": wall[-1], "p99 cpu": cpu[at], "max cpu": cpu[-1]}


def make_story(words: int) -> Story:
    """A story of about that many words: an action and a reply of two paragraphs, again and again."""
    rng, story, made = random.Random(1), Story(), 0
    story.append_root(Kind.OPENING, _paragraph(rng, 80))
    while made < words:
        story.append(Kind.DO, _paragraph(rng, 6))
        story.append(Kind.REPLY, f"{_paragraph(rng, 60)}\n\n{_paragraph(rng, 54)}", Author.MODEL)
        made += 120
    return story


def _paragraph(rng: random.Random, words: int) -> str:
    start = rng.randrange(len(WORDS) - words)
    return " ".join(WORDS[start : start + words])


def run_for(seconds: float) -> None:
    """Let the event loop run."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        QApplication.processEvents()
        time.sleep(0.0003)


def measure(words: int) -> dict[str, object]:
    """All numbers for one length."""
    story = make_story(words)
    page = Page()
    page.edited.connect(lambda start, end, text, near: _edit(page, story, start, end, text, near))
    page.resize(1100, 800)
    page.show()
    run_for(0.2)
    beat = Heartbeat()
    row: dict[str, object] = {"words": words, "characters": story.length}
    run_for(0.1)
    beat.take()
    start, cpu = time.perf_counter(), time.thread_time()
    page.show_branch(story.branch())
    page.repaint()
    row["first paint s"] = {"wall": time.perf_counter() - start, "cpu": time.thread_time() - cpu}
    finished: list[float] = []
    page.loaded.connect(lambda: finished.append(time.perf_counter()))
    QApplication.processEvents()
    beat.take()
    while not finished:
        QApplication.processEvents()
    row["all loaded s"] = {"wall": finished[0] - start, "cpu": time.thread_time() - cpu}
    row["back-fill stall ms"] = beat.take()
    run_for(1.5)
    row["count stall ms"] = beat.take()
    rng = random.Random(2)
    page.begin_stream()
    for _ in range(300):  # a token every 10 ms: 100 tokens a second
        page.stream(" " + rng.choice(WORDS) + ("\n\n" if rng.random() < 0.02 else ""))
        run_for(0.01)
    row["stream stall ms"] = beat.take()
    text = page.text()[story.length :]
    story.append(Kind.REPLY, text, Author.MODEL, join=True)
    page.end_stream(story.branch())
    run_for(0.1)
    beat.take()
    for name, share in (("end", 1.0), ("middle", 0.5), ("start", 0.001)):
        page.set_caret(round(share * story.length))
        run_for(0.3)
        beat.take()
        walls, cpus = [], []
        for key in "the lamp went out":
            before, cpu = time.perf_counter(), time.thread_time()
            QTest.keyClicks(page, key)
            page.repaint()
            walls.append(1000 * (time.perf_counter() - before))
            cpus.append(1000 * (time.thread_time() - cpu))
            run_for(0.02)
        row[f"key at {name} ms"] = {
            "p50": statistics.median(walls),
            "max": max(walls),
            "p50 cpu": statistics.median(cpus),
            "max cpu": max(cpus),
        }
    before = time.perf_counter()
    page.resize(700, 800)
    run_for(0.01)
    page.repaint()
    row["resize to a narrower column s"] = time.perf_counter() - before
    if page.text() != story.text:
        raise SystemExit("the page and the story differ")
    page.close()
    return row


def _edit(page: Page, story: Story, start: int, end: int, text: str, near: int) -> None:
    story.replace(start, end, text, near=near or None, merge_key="typing")
    page.update_branch(story.branch())


def main() -> None:
    """Measure each length and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--words", type=int, nargs="+", default=[300_000, 1_000_000])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    application = QApplication([])
    rows = [measure(words) for words in options.words]
    if options.json:
        print(json.dumps(rows))
        return
    for row in rows:
        for name, value in row.items():
            if isinstance(value, dict):
                value = "  ".join(f"{key} {number:.3g}" for key, number in value.items())
            print(f"{name:32} {value if not isinstance(value, float) else f'{value:.2f}'}")
        print()
    application.quit()


if __name__ == "__main__":
    main()
