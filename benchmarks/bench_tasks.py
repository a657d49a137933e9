"""What ``bench.py`` measures, the same for every engine."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.bench_engines import Engine, Run

ATTEMPTS = 5  # runs until one writes as many tokens as it was asked for


@dataclass(frozen=True, slots=True)
class Sizes:
    """Lengths in tokens; of candidates, the number."""

    n_vocab: int = 50257
    prefill: tuple[int, ...] = (512, 900)
    context: int = 512
    decode: int = 128
    candidates: int = 3
    each: int = 100  # tokens of a candidate
    window: int = 924  # what of 1,024 tokens is left beside the room for an answer
    turn: int = 50  # what is new in a window since the last reply
    written: int = 20
    head: int = 100  # memory and lore, which stay when history is evicted
    evicted: float = 0.4  # the largest share of history that leaves at once
    greedy: int = 32


Figures = dict[str, float]
Task = Callable[[Engine, Sizes, random.Random], Figures]


def prefill(engine: Engine, sizes: Sizes, rng: random.Random) -> Figures:
    """Tokens of an unknown prompt read a second, up to the first token after it."""
    return {f"prefill_{n}": n / engine.run(prompt(rng, n, sizes), 1).first for n in sizes.prefill}


def decode(engine: Engine, sizes: Sizes, rng: random.Random) -> Figures:
    """Tokens written a second after the first."""
    run = whole_run(engine, prompt(rng, sizes.context, sizes), sizes.decode)
    return {"decode": (run.tokens - 1) / run.decoding}


def candidates(engine: Engine, sizes: Sizes, rng: random.Random) -> Figures:
    """How many times as long decoding several candidates takes as decoding one."""
    ids = prompt(rng, sizes.context, sizes)
    one = whole_run(engine, ids, sizes.each).decoding
    return {"candidates": whole_run(engine, ids, sizes.each, sizes.candidates).decoding / one}


def turn(engine: Engine, sizes: Sizes, rng: random.Random) -> Figures:
    """Milliseconds to the first token of a reply when the window is full, turn after turn."""
    before = prompt(rng, sizes.window - sizes.turn, sizes)
    window = before + prompt(rng, sizes.turn, sizes)
    other = prompt(rng, sizes.window, sizes)
    history = window[sizes.head :]
    evicted = window[: sizes.head] + history[int(len(history) * sizes.evicted) :]
    fresh = engine.run(other, 1).first
    engine.run(before, 1)
    grown = engine.run(window, sizes.written, seed=1).first
    retry = engine.run(window, 1, seed=2).first
    cut = engine.run(evicted, 1, seed=3).first
    seconds = {"fresh": fresh, "grown": grown, "retry": retry, "evicted": cut}
    figures = {f"turn_{name}": 1000 * value for name, value in seconds.items()}
    return figures | {"retry_share": 100 * retry / fresh}


TASKS: Mapping[str, Task] = {
    "prefill": prefill,
    "decode": decode,
    "candidates": candidates,
    "turn": turn,
}


def prompt(rng: random.Random, n: int, sizes: Sizes) -> list[int]:
    """Ids of ordinary tokens; the end of text, the last id, is not among them."""
    return [rng.randrange(sizes.n_vocab - 1) for _ in range(n)]


def whole_run(engine: Engine, ids: list[int], new: int, rows: int = 1) -> Run:
    """A run of all the tokens that were asked for: chance may end one early.

    Raises:
        RuntimeError: it always did.
    """
    for seed in range(ATTEMPTS):
        run = engine.run(ids, new, rows, seed)
        if run.tokens >= new * rows:
            return run
    raise RuntimeError(f"{ATTEMPTS} runs in a row ended before {new} tokens")
