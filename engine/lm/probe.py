"""How fast a model would be on this machine: a second or two of arithmetic of its shapes.

A few of its layers, with the head's rows that make 64 MB, stand for all of it: decoding reads every
weight once a token, so time grows with layers and bytes. The layers are the engine's own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

from engine.lm.config import GPTConfig

if TYPE_CHECKING:
    from engine.lm.gpt import GPT

SECONDS = 2.0  # for all number types together
SAMPLE_BYTES = 64 << 20  # past the caches of most processors; smaller models are measured whole
OTHER_SECONDS = 4e-4  # a token's sampling and bookkeeping
PROMPT = 128  # tokens read at once to measure reading
_ROUNDS = 200


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens a second when writing, and when reading a prompt, in one number type on one device."""

    dtype: str
    device: str
    writing: float
    reading: float


def measure(
    config: GPTConfig, kinds: list[tuple[str, str]], seconds: float = SECONDS
) -> Iterator[Speed | None]:
    """The speed in each of ``kinds`` (number type, device), and None while one is being measured.

    To cancel, stop iterating; no wait between two events is longer than a few tenths of a second.
    A kind that this machine cannot do is left out.
    """
    for dtype, device in kinds:
        try:
            yield from _measure(config, dtype, device, seconds / len(kinds))
        except (RuntimeError, MemoryError):  # no such arithmetic here, or no memory for a sample
            continue


def _measure(config: GPTConfig, dtype: str, device: str, seconds: float) -> Iterator[Speed | None]:
    import torch

    from engine.lm.device import DTYPES
    from engine.lm.gpt import GPT

    kind = DTYPES.get(dtype, torch.float32)  # int8's layers stand between float ones
    per_layer = 4 * config.n_embd**2 + 2 * config.n_embd * config.d_inner
    width = 1 if dtype == "int8" else kind.itemsize
    n = min(max(SAMPLE_BYTES // (per_layer * width), 1), config.n_layer)
    rows = min(max(SAMPLE_BYTES // (config.n_embd * width), 1), config.n_vocab)
    with torch.device("meta"):
        model = GPT(replace(config, n_layer=n, n_vocab=rows, tie_word_embeddings=False))
    model = model.to_empty(device=device).to(kind).eval()
    with torch.inference_mode():
        for parameter in model.parameters():
            parameter.uniform_(-0.02, 0.02)  # zeros would all be one page of memory
            yield None
        if dtype == "int8":
            yield from _quantize(model)
        cache = model.cache()
        cache.kv.zero_()
        half = config.n_ctx // 2
        one = torch.zeros(1, 1, dtype=torch.long, device=device)
        many = torch.zeros(1, min(PROMPT, half), dtype=torch.long, device=device)
        state = torch.zeros(1, config.n_embd, dtype=kind, device=device)

        def token() -> None:
            cache.length = half
            model.hidden(one, cache)

        def prompt() -> None:
            cache.length = 0
            model.hidden(many, cache)

        wait = torch.cuda.synchronize if device.startswith("cuda") else _nothing
        times = []
        for work in (token, lambda: model.lm_head(state), prompt):
            taken = yield from _time(work, wait, seconds / 4)
            times.append(taken)
    layers = config.n_layer / n
    head = times[1] * config.n_vocab / rows
    writing = 1.0 / (times[0] * layers + head + OTHER_SECONDS)
    yield Speed(dtype, device, writing, many.shape[1] / (times[2] * layers + head))


def _time(work: Callable[[], object], wait: Callable[[], None], seconds: float) -> Iterator[None]:
    """The median time of one call; at least three calls after the first."""
    work()
    wait()
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while len(taken) < 3 or (time.perf_counter() < end and len(taken) < _ROUNDS):
        clock = time.perf_counter()
        work()
        wait()
        taken.append(time.perf_counter() - clock)
        yield None
    return median(taken)


def _quantize(model: GPT) -> Iterator[None]:
    from torch import float16, nn

    from engine.lm.quantize import Int8Linear, usable_top

    top = usable_top()
    if top is None:
        raise RuntimeError("no int8 here")
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear):
            owner, _, child = name.rpartition(".")
            int8 = Int8Linear(module, zero=(top + 1) // 2, top=top)
            setattr(model.get_submodule(owner), child, int8)
            yield None
    model.kv_dtype = float16


def _nothing() -> None:
    return
