"""How long a window takes to build: ``python -m benchmarks.bench_context`` (milliseconds, median)."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from engine.lm.tokenizer import load_tokenizer
from engine.story.context import ContextBuilder, Note, Sources
from engine.story.lorebook import Entry
from engine.story.node import Kind, Node
from engine.story.profile import EMBER

MODEL = Path(__file__).resolve().parents[1] / "assets" / "models" / "ember"
BUDGET = 944
REPEATS = 20


def story(passages: int, text: str = "") -> list[Node]:
    """A branch of actions and replies, no two alike."""
    nodes = [Node(1, None, Kind.OPENING, "You wake in an old house by the sea.", (), 0.0)]
    for index in range(1, passages):
        kind = Kind.DO if index % 2 and not text else Kind.REPLY
        words = f"look for lamp number {index}" if kind is Kind.DO else (
            f"You search room {index} for a long time, and the wind sings in the chimney. At last you"
            f" find lamp {index} under a loose board.\n\nSomebody laughs on the stairs. You wait."
        )  # fmt: skip
        nodes.append(Node(index + 1, index, kind, text or words, (), 0.0))
    return nodes


def lorebook(entries: int, *, timed: bool = False) -> list[Entry]:
    """Entries of which a few fire."""
    return [
        Entry(
            str(index), f"Thing {index}", f"a thing with the number {index}, old and strange",
            (f"thing {index}", f"/room {index}\\b/", "chimney" if index < 4 else f"relic{index}"),
            sticky=3 if timed else 0, cooldown=5 if timed else 0,
        )
        for index in range(entries)
    ]  # fmt: skip


def median(work: Callable[[int], object]) -> float:
    """The median time of ``work(i)`` in milliseconds."""
    times: list[float] = []
    for index in range(REPEATS):
        began = time.perf_counter()
        work(index)
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def main() -> None:
    """Print one line per case: everything new (cold), and one more turn (warm)."""
    tokenizer = load_tokenizer(MODEL)
    cases: list[tuple[str, Sources]] = []
    nodes = story(10_000)
    note = Note("Slow and eerie.")
    memory = "You are a guest here. " * 10
    cases.append(("100 passages", Sources(story(100), memory, note)))
    cases.append(("10,000 passages", Sources(nodes, memory, note)))
    cases.append(("... 200 lore entries", Sources(nodes, memory, note, lorebook(200))))
    cases.append(("... 2,000 lore entries", Sources(nodes, memory, note, lorebook(2000))))
    cases.append(("... 20 timed entries", Sources(nodes, memory, note, lorebook(20, timed=True))))
    cases.append(("10,000 passages of a word", Sources(story(10_000, " so"), memory, note)))
    novel = Node(1, None, Kind.STORY, "He went on and on without an end. " * 300_000, (), 0.0)
    cases.append(("one passage of 10 MB", Sources([novel], memory, note)))
    print(f"{'':28}{'cold':>9}{'turn':>9}  ms")
    for name, sources in cases:
        cold = median(lambda _, one=sources: ContextBuilder(tokenizer, EMBER).build(one, BUDGET))
        builder = ContextBuilder(tokenizer, EMBER)
        builder.build(sources, BUDGET)
        branch = list(sources.branch)

        def turn(index: int, branch: list[Node] = branch, one: Sources = sources,
                 builder: ContextBuilder = builder) -> None:  # fmt: skip
            branch.append(Node(20_000 + index, None, Kind.DO, f"open door {index}", (), 0.0))
            more = Sources(branch, one.memory, one.note, one.lore)
            builder.build(more, BUDGET)

        print(f"{name:28}{cold:9.2f}{median(turn):9.2f}")


if __name__ == "__main__":
    main()
