"""Tiny random GPT-2 folders in Hugging Face layout, made in milliseconds without transformers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import save_file
from torch import Tensor

from engine.lm.config import GPTConfig
from engine.lm.gpt import GPT
from engine.lm.vocabulary import END_OF_TEXT, byte_alphabet

SAMPLE = (
    "You open the chest. Inside lies a brass lantern, and the light of the lantern shows a door. "
    "You take the lantern and walk to the door. The old woman says that the forest is near. "
)
N_MERGES = 80
N_VOCAB = 256 + N_MERGES + 1
TINY = GPTConfig(n_ctx=64, n_vocab=N_VOCAB, n_layer=2, n_head=2, n_embd=32)
Layout = Literal["safetensors", "sharded", "bin"]


@cache
def tiny_merges(n: int = N_MERGES) -> tuple[tuple[str, str], ...]:
    """A byte-level BPE learned from one paragraph."""
    alphabet = {byte: character for character, byte in byte_alphabet().items()}
    words = Counter(" " + word for word in SAMPLE.split())
    split = {word: [alphabet[byte] for byte in word.encode()] for word in words}
    merges: list[tuple[str, str]] = []
    for _ in range(n):
        pairs: Counter[tuple[str, str]] = Counter()
        for word, parts in split.items():
            for pair in pairwise(parts):
                pairs[pair] += words[word]
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        for word, parts in split.items():
            split[word] = _join(parts, best)
    return tuple(merges)


def _join(parts: list[str], pair: tuple[str, str]) -> list[str]:
    joined: list[str] = []
    i = 0
    while i < len(parts):
        if tuple(parts[i : i + 2]) == pair:
            joined.append(parts[i] + parts[i + 1])
            i += 2
        else:
            joined.append(parts[i])
            i += 1
    return joined


def write_tokenizer(
    folder: Path,
    merges: Iterable[tuple[str, str]] | None = None,
    *,
    end_first: bool = False,
) -> Path:
    """``vocab.json`` and ``merges.txt``; the end of text is the first id (Ember) or last (GPT-2)."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = list(tiny_merges() if merges is None else merges)
    tokens = [*byte_alphabet(), *dict.fromkeys(a + b for a, b in pairs)]
    tokens = [END_OF_TEXT, *tokens] if end_first else [*tokens, END_OF_TEXT]
    vocab = {token: number for number, token in enumerate(tokens)}
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False), encoding="utf-8")
    lines = ["#version: 0.2", *(f"{a} {b}" for a, b in pairs)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def tiny_gpt(config: GPTConfig = TINY, seed: int = 0) -> GPT:
    """A network with random weights, biases and gains included, so that each of them counts."""
    generator = torch.Generator().manual_seed(seed)
    model = GPT(config).eval()
    model.init_weights(generator)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.add_(noise, alpha=0.1)
    return model.requires_grad_(requires_grad=False)


def checkpoint_tensors(model: GPT, prefix: str = "transformer.") -> dict[str, Tensor]:
    """The weights under the names and in the shapes that GPT-2's checkpoints have."""
    tensors: dict[str, Tensor] = {}
    for name, weight in model.named_parameters():
        conv1d = name.endswith(("c_attn.weight", "c_proj.weight", "c_fc.weight"))
        full = name if name.startswith("lm_head") else prefix + name
        tensors[full] = (weight.T if conv1d else weight).detach().contiguous()
    return tensors


def write_weights(
    folder: Path, tensors: dict[str, Tensor], layout: Layout = "safetensors", shards: int = 2
) -> None:
    """The weights of a folder in one of the layouts that the Hub has."""
    if layout == "bin":
        torch.save(tensors, folder / "pytorch_model.bin")
    elif layout == "safetensors":
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    else:
        table: dict[str, str] = {}
        for i in range(shards):
            name = f"model-{i + 1:05d}-of-{shards:05d}.safetensors"
            part = dict(list(tensors.items())[i::shards])
            save_file(part, folder / name, metadata={"format": "pt"})
            table |= dict.fromkeys(part, name)
        index = {"metadata": {}, "weight_map": table}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")


def write_model(
    folder: Path,
    config: GPTConfig = TINY,
    *,
    seed: int = 0,
    prefix: str = "transformer.",
    layout: Layout = "safetensors",
    end_first: bool = False,
) -> Path:
    """A whole model folder: config, weights and a tokenizer of ``N_VOCAB`` tokens."""
    write_tokenizer(folder, end_first=end_first)
    config = replace(config, n_vocab=max(config.n_vocab, N_VOCAB))
    (folder / "config.json").write_text(json.dumps(config.to_json()), encoding="utf-8")
    write_weights(folder, checkpoint_tensors(tiny_gpt(config, seed), prefix), layout)
    return folder
