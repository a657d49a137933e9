"""What sampling costs per token on a GPT-2 vocabulary, beside transformers' processors, in one run.

python -m benchmarks.bench_sampling [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from transformers.generation import logits_process as reference

from engine.lm import presets
from engine.lm.draws import At
from engine.lm.sampling import Chain, History
from engine.lm.scripted import ByteTokenizer
from engine.lm.settings import KNOBS, SamplerSettings

V, HISTORY, TOKENS = 50_257, 900, 200
IDS = np.random.default_rng(0).integers(0, V, HISTORY)


def rows(n: int) -> list[NDArray[np.float32]]:
    """Rows shaped like a language model's: noise far below a power law over random ids."""
    rng = np.random.default_rng(1)
    made = []
    for _ in range(n):
        z = rng.normal(-88, 1.5, V)
        peaks = rng.permutation(V)[:5000]
        z[peaks] = (
            -70 - rng.uniform(1.0, 2.2) * np.log(np.arange(1, 5001)) + rng.normal(0, 0.3, 5000)
        )
        made.append(z.astype(np.float32))
    return made


def microseconds(step: Callable[[int], object]) -> float:
    """The median time of ``step`` over TOKENS calls after a few for warmth."""
    taken = []
    for n in range(TOKENS + 10):
        start = time.perf_counter()
        step(n)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[10:]) * 1e6


def ours(settings: SamplerSettings, logits: list[NDArray[np.float32]]) -> float:
    """One token with this project's chain, draw included."""
    chain, history = Chain(settings, ByteTokenizer()), History(IDS)
    state = chain.state(HISTORY)
    return microseconds(
        lambda n: chain.sample(logits[n % len(logits)], history, At(0, 0, n), state)
    )


def theirs(processors: list[reference.LogitsProcessor], logits: list[NDArray[np.float32]]) -> float:
    """One token with transformers' processors, softmax and multinomial included."""
    ids = cast(torch.LongTensor, torch.tensor(IDS)[None])

    def step(n: int) -> object:
        scores = cast(torch.FloatTensor, torch.from_numpy(logits[n % len(logits)])[None])
        for processor in processors:
            scores = processor(ids, scores)
        return torch.multinomial(torch.softmax(scores, -1), 1).item()

    with torch.inference_mode():
        return microseconds(step)


def pairs() -> dict[str, tuple[SamplerSettings, list[reference.LogitsProcessor]]]:
    """The same sampling twice; the order is the one that transformers applies."""
    r, off = reference, SamplerSettings()
    order = ("repetition", "temperature", "top_k", "top_p", "min_p", "typical", "eta", "epsilon")
    return {
        "nothing": (off, []),
        "temperature": (off.with_(temperature=0.8), [r.TemperatureLogitsWarper(0.8)]),
        "top-k": (off.with_(top_k=40), [r.TopKLogitsWarper(40)]),
        "top-p": (off.with_(top_p=0.95), [r.TopPLogitsWarper(0.95)]),
        "min-p": (off.with_(min_p=0.03), [r.MinPLogitsWarper(0.03)]),
        "typical": (off.with_(typical_p=0.95), [r.TypicalLogitsWarper(0.95)]),
        "eta": (off.with_(eta=0.0003), [r.EtaLogitsWarper(0.0003)]),
        "no repeated run": (off.with_(no_repeat_ngram=3), [r.NoRepeatNGramLogitsProcessor(3)]),
        "usual mix": (
            off.with_(
                temperature=0.8, top_p=0.95, min_p=0.03, repetition_penalty=1.15, order=order
            ),
            [
                r.RepetitionPenaltyLogitsProcessor(1.15),
                r.TemperatureLogitsWarper(0.8),
                r.TopPLogitsWarper(0.95),
                r.MinPLogitsWarper(0.03),
            ],
        ),
    }


def main() -> None:
    """Print the table, and write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    options = parser.parse_args()
    torch.set_num_threads(1)
    # A program that has loaded a model has had large blocks to free, and malloc then keeps its heap.
    np.ones(3_900_000).sum()
    logits = rows(16)
    found: dict[str, dict[str, float]] = {}
    print(f"microseconds a token, vocabulary {V}, history {HISTORY}, one thread")
    print(f"{'':24}{'ours':>8}{'transformers':>14}{'ratio':>8}")
    for name, (settings, processors) in pairs().items():
        a, b = ours(settings, logits), theirs(processors, logits)
        found[name] = {"ours": a, "transformers": b}
        print(f"{name:24}{a:8.0f}{b:14.0f}{b / a:8.1f}")
    for preset in presets.builtin():
        a = ours(preset.settings, logits)
        found[f"preset {preset.id}"] = {"ours": a}
        print(f"{'preset ' + preset.name:24}{a:8.0f}")
    for knob in KNOBS:
        if not knob.needs and knob.field not in ("repetition_range", "guidance"):
            middle = round((knob.low + knob.high) / 2, 3) or knob.high
            turned = SamplerSettings.from_json({knob.field: middle})
            a = ours(turned, logits)
            found[f"{knob.field} {middle:g}"] = {"ours": a}
            print(f"{f'{knob.field} {middle:g}':24}{a:8.0f}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
