"""Random GPT-2s for ``bench.py``: a folder of our kind, and the same weights in the peers' formats.

The tokenizer has as many tokens as the real one. Everything is made once and kept. Imported in every
engine's process, so nothing here loads torch before it is needed.
"""

from __future__ import annotations

import importlib
import itertools
import json
import string
from collections.abc import Iterator
from pathlib import Path

from engine.lm.config import GPTConfig

BASE = 257  # tokens of a vocabulary without merges: bytes and the end of text
SHAPES = {
    "tiny": GPTConfig(n_layer=2, n_head=2, n_embd=32, n_vocab=BASE + 700),
    "124M": GPTConfig(),
    "355M": GPTConfig(n_layer=24, n_head=16, n_embd=1024),
    "774M": GPTConfig(n_layer=36, n_head=20, n_embd=1280),
    "1.5B": GPTConfig(n_layer=48, n_head=25, n_embd=1600),
}
# Logits of GPT-2's initialisation are nearly equal. With this gain of ln_f their standard deviation
# is near 3, so that about as many tokens are left to draw from as after ordinary text.
HEAD_GAIN = 5.5
LOUD = 20.0  # by how much a few channels are louder than the others in a model that is ``loud``
SPACE = "\u0120"  # how GPT-2's vocabulary writes a leading space
GGML = {"q8_0": 7, "q4_0": 2}  # llama.cpp's numbers for types of files


def merges(n: int) -> Iterator[tuple[str, str]]:
    """The first ``n`` of 490,000 pairs of a byte-level BPE: two letters, three, four."""
    letters = string.ascii_lowercase
    pairs = [(a, b) for a in (SPACE, *letters) for b in letters]
    joined = [a + b for a, b in pairs]
    threes = itertools.product(joined, letters)
    fours = itertools.product(joined, [word for word in joined if SPACE not in word])
    return itertools.islice(itertools.chain(pairs, threes, fours), n)


def make_model(folder: Path, shape: str, *, loud: bool = False, seed: int = 0) -> Path:
    """A model folder with random weights, made unless it is there."""
    if (folder / "config.json").exists():
        return folder
    import torch
    from safetensors.torch import save_file

    from engine.lm.gpt import GPT
    from tests.helpers.outliers import make_outliers
    from tests.helpers.tiny_model import checkpoint_tensors, write_tokenizer

    config = SHAPES[shape]
    write_tokenizer(folder, merges(config.n_vocab - BASE))
    with torch.device("meta"):
        model = GPT(config)
    model = model.to_empty(device="cpu").requires_grad_(requires_grad=False)
    model.lm_head.weight = model.wte.weight
    model.init_weights(torch.Generator().manual_seed(seed))
    model.ln_f.weight.fill_(HEAD_GAIN)
    if loud:
        make_outliers(model, LOUD, undone=False)
    save_file(checkpoint_tensors(model), folder / "model.safetensors", metadata={"format": "pt"})
    text = json.dumps(config.to_json())
    (folder / "config.json").write_text(text, encoding="utf-8")  # last: now it is complete
    return folder


def gguf_of(folder: Path, kind: str) -> Path:
    """The model as llama.cpp reads it: ``f16``, ``q8_0`` or ``q4_0``, by llama.cpp's own hand."""
    whole = folder / "model.f16.gguf"
    if not whole.exists():
        helper = importlib.import_module("tests.helpers.gguf_file")
        part = whole.with_suffix(".part")
        helper.write(folder, part)
        part.replace(whole)
    file = folder / f"model.{kind}.gguf"
    if not file.exists():
        llama_cpp = importlib.import_module("llama_cpp")
        options = llama_cpp.llama_model_quantize_default_params()
        options.ftype = GGML[kind]
        part = file.with_suffix(".part")
        code = llama_cpp.llama_model_quantize(str(whole).encode(), str(part).encode(), options)
        if code:
            raise RuntimeError(f"llama.cpp could not write {file.name}: {code}")
        part.replace(file)
    return file


def ctranslate2_of(folder: Path, kind: str) -> Path:
    """The model as CTranslate2 reads it, with weights as ``int8`` or ``float32``."""
    out = folder / f"ctranslate2-{kind}"
    if not (out / "model.bin").exists():
        converters = importlib.import_module("ctranslate2.converters")
        converters.TransformersConverter(str(folder)).convert(
            str(out), quantization=None if kind == "float32" else kind, force=True
        )
    return out
