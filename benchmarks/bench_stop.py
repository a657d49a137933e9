"""How soon work can be stopped: the longest wait between two events of the engine.

    python -m benchmarks.bench_stop [124M|355M|774M|1558M] [float32|bfloat16]

Random weights in GPT-2's real shapes; a prompt of 900 tokens is read and 20 tokens are written.
"""

from __future__ import annotations

import json
import sys
import time

import torch

from engine.lm.backend import Identity, Prefill, Request
from engine.lm.config import GPTConfig
from engine.lm.gpt import GPT
from engine.lm.local import LocalBackend
from engine.lm.scripted import ByteTokenizer
from engine.lm.settings import SamplerSettings

SHAPES = {
    "124M": GPTConfig(),
    "355M": GPTConfig(n_layer=24, n_head=16, n_embd=1024),
    "774M": GPTConfig(n_layer=36, n_head=20, n_embd=1280),
    "1558M": GPTConfig(n_layer=48, n_head=25, n_embd=1600),
}


def random_backend(config: GPTConfig, dtype: torch.dtype) -> LocalBackend:
    """A backend whose network says nothing sensible at its real speed."""
    with torch.device("meta"):
        model = GPT(config)
    model = model.to(dtype).to_empty(device="cpu")
    if config.tie_word_embeddings:
        model.lm_head.weight = model.wte.weight
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.uniform_(-0.02, 0.02)
    model.eval().requires_grad_(requires_grad=False)
    return LocalBackend(model, ByteTokenizer(), Identity("random", "0"))


def main() -> None:
    """Measure one shape and print it as JSON."""
    name = sys.argv[1] if len(sys.argv) > 1 else "774M"
    kind = sys.argv[2] if len(sys.argv) > 2 else "float32"
    backend = random_backend(SHAPES[name], getattr(torch, kind))
    tokens = tuple(i * 7 % 256 for i in range(900))
    request = Request("", tokens, max_tokens=20, sampling=SamplerSettings(top_k=40))
    waits: dict[str, list[float]] = {"prefill": [], "decode": []}
    begun = clock = time.perf_counter()
    read = 0.0
    for event in backend.generate(request):
        now = time.perf_counter()
        phase = "prefill" if isinstance(event, Prefill) else "decode"
        waits[phase].append(1000 * (now - clock))
        if phase == "prefill":
            read = now - begun
        clock = now
    print(
        json.dumps(
            {
                "shape": name,
                "dtype": kind,
                "prefill_seconds": round(read, 2),
                **{
                    f"{phase}_wait_ms": {
                        "median": round(sorted(w)[len(w) // 2], 1),
                        "max": round(max(w), 1),
                    }
                    for phase, w in waits.items()
                },
            }
        )
    )


if __name__ == "__main__":
    main()
