"""Model folders of every layout give the same network, within the memory of the model."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.testing import assert_close

from engine import paths
from engine.errors import KnownError
from engine.lm import checkpoint
from engine.lm.checkpoint import digest, load_model
from engine.lm.config import GPTConfig
from engine.lm.device import choose_device, choose_dtype
from engine.lm.gpt import GPT
from tests.helpers.tiny_model import (
    TINY,
    Layout,
    checkpoint_tensors,
    tiny_gpt,
    write_model,
    write_weights,
)

UNTIED = replace(TINY, tie_word_embeddings=False)


def logits(model: GPT) -> torch.Tensor:
    ids = torch.arange(40).reshape(2, 20) * 7 % model.config.n_vocab
    with torch.inference_mode():
        return model(ids)


def load(folder: Path, dtype: str = "float32") -> GPT:
    return load_model(folder, dtype=dtype, device="cpu")


def rewrite(folder: Path, **change: torch.Tensor | None) -> None:
    """Replace, add or (None) remove tensors of a folder's weights."""
    path = folder / "model.safetensors"
    tensors = load_file(path) | {name.replace("__", "."): value for name, value in change.items()}
    save_file({name: value for name, value in tensors.items() if value is not None}, path)


@pytest.mark.parametrize("layout", ["safetensors", "sharded", "bin"])
@pytest.mark.parametrize("prefix", ["transformer.", ""])
@pytest.mark.parametrize("config", [TINY, UNTIED], ids=["tied", "untied"])
def test_every_layout_gives_the_same_network(
    tmp_path: Path, layout: Layout, prefix: str, config: GPTConfig
) -> None:
    model = load(write_model(tmp_path, config, prefix=prefix, layout=layout))
    assert torch.equal(logits(model), logits(tiny_gpt(config)))
    assert not model.training
    assert not any(weight.requires_grad for weight in model.parameters())
    assert (model.lm_head.weight is model.wte.weight) == config.tie_word_embeddings


def test_a_folder_that_transformers_wrote_gives_its_logits(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=101, n_positions=32, n_embd=24, n_layer=2, n_head=3, n_inner=40
    )
    other = transformers.GPT2LMHeadModel(config).eval()
    other.resize_token_embeddings(107)
    other.save_pretrained(tmp_path)
    model = load(tmp_path)
    ids = torch.arange(30).reshape(2, 15) * 3
    with torch.inference_mode():
        assert_close(model(ids), other(ids).logits, atol=1e-5, rtol=1e-5)


def test_buffers_and_other_heads_are_ignored(tmp_path: Path) -> None:
    write_model(tmp_path)
    mask = torch.ones(1, 1, 64, 64, dtype=torch.uint8).tril()
    rewrite(
        tmp_path,
        transformer__h__0__attn__bias=mask,
        transformer__h__1__attn__masked_bias=torch.tensor(-1e4),
        multiple_choice_head__summary__weight=torch.zeros(1, 32),
    )
    assert torch.equal(logits(load(tmp_path)), logits(tiny_gpt()))


def test_a_tied_head_written_out_is_read_once(tmp_path: Path) -> None:
    write_model(tmp_path)
    wte = load_file(tmp_path / "model.safetensors")["transformer.wte.weight"]
    rewrite(tmp_path, lm_head__weight=wte.clone())
    model = load(tmp_path)
    assert model.lm_head.weight is model.wte.weight
    rewrite(tmp_path, transformer__wte__weight=None)  # saved under the head's name alone
    assert torch.equal(logits(load(tmp_path)), logits(model))


def test_a_head_trained_apart_is_kept_apart(tmp_path: Path) -> None:
    write_model(tmp_path)
    head = tiny_gpt(UNTIED, seed=5).lm_head.weight.data
    rewrite(tmp_path, lm_head__weight=head)
    model = load(tmp_path)
    assert torch.equal(model.lm_head.weight, head)
    assert not model.config.tie_word_embeddings


def test_number_types(tmp_path: Path) -> None:
    write_model(tmp_path)
    model = load(tmp_path, "bfloat16")
    assert model.dtype == torch.bfloat16
    assert_close(logits(model).float(), logits(load(tmp_path)), atol=0.2, rtol=0.1)
    halves = {name: t.half() for name, t in checkpoint_tensors(tiny_gpt()).items()}
    write_weights(tmp_path, halves)
    assert load(tmp_path).dtype == torch.float32
    doubles = {name: t.double() for name, t in checkpoint_tensors(tiny_gpt()).items()}
    write_weights(tmp_path, doubles)
    assert torch.equal(logits(load(tmp_path)), logits(tiny_gpt()))


@pytest.mark.parametrize("dtype", ["float16", "int3", "", "x" * 1000])
def test_a_type_the_cpu_does_not_have_is_refused(tmp_path: Path, dtype: str) -> None:
    with pytest.raises(KnownError, match=r"use auto|use float32"):
        load(write_model(tmp_path), dtype)


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "cpu:1", "mps:0", "cuda:99", "é"])
def test_an_unknown_device_is_refused(name: str) -> None:
    with pytest.raises(KnownError):
        choose_device(name)


def test_device_auto_prefers_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device().type == "mps"
    assert choose_dtype("auto", choose_device()) == torch.float16
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device().type == "cuda"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device().type == "cpu"


@pytest.mark.parametrize("dtype", ["auto", "float16"])
def test_a_full_gpu_falls_back_to_the_cpu_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: str
) -> None:
    empty = torch.empty

    def full(*args: object, device: object = None, **kwargs: object) -> torch.Tensor:
        if isinstance(device, torch.device) and device.type == "cuda":
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return empty(*args, device=device, **kwargs)  # pyright: ignore[reportCallIssue, reportArgumentType]

    write_model(tmp_path)
    monkeypatch.setattr(checkpoint, "choose_device", lambda _: torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: True)
    monkeypatch.setattr(checkpoint.torch, "empty", full)
    notices: list[str] = []
    model = load_model(tmp_path, dtype=dtype, notice=notices.append)
    assert model.device.type == "cpu"
    assert model.dtype == torch.float32
    assert len(notices) == 1
    assert "CPU" in notices[0]


def test_too_little_memory_everywhere_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **kwargs: object) -> torch.Tensor:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate")

    write_model(tmp_path)
    monkeypatch.setattr(checkpoint.torch, "empty", full)
    with pytest.raises(KnownError, match="smaller model"):
        load(tmp_path)


def test_each_part_can_be_converted_while_loading(tmp_path: Path) -> None:
    seen: list[str] = []

    def convert(model: GPT, name: str) -> None:
        seen.append(name)
        part = model.get_submodule(name)
        assert not any(weight.is_meta for weight in part.parameters())
        later = [model.h[i] for i in range(TINY.n_layer) if f"h.{i}" not in seen]
        assert all(weight.is_meta for block in later for weight in block.parameters())
        if name == "lm_head":
            model.lm_head = nn.Sequential(part)  # type: ignore[assignment]

    write_model(tmp_path)
    model = load_model(tmp_path, dtype="float32", device="cpu", convert=convert)
    assert seen == ["wte", "wpe", "h.0", "h.1", "ln_f", "lm_head"]
    assert isinstance(model.lm_head, nn.Sequential)
    assert torch.equal(logits(model), logits(tiny_gpt()))


def test_the_digest_tells_weights_apart_and_survives_renaming(tmp_path: Path) -> None:
    one, same, other = (
        digest(write_model(tmp_path / name, seed=seed))
        for name, seed in (("one", 0), ("same", 0), ("other", 1))
    )
    assert one == same != other
    assert len(one) == 16


def test_a_large_file_is_sampled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "_WHOLE", 1000)
    monkeypatch.setattr(checkpoint, "_BLOCK", 100)
    before = digest(write_model(tmp_path))
    path = tmp_path / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert digest(tmp_path) != before


def test_ember_loads() -> None:
    folder = paths.assets() / "models" / "ember"
    model = load(folder)
    assert model.config.n_ctx == 1024
    assert logits(model).isfinite().all()


def test_loading_imports_no_compiler() -> None:
    code = (
        "import sys, torch; from engine.paths import assets; from engine.lm.checkpoint import load_model;"
        "load_model(assets() / 'models' / 'ember'); print('torch._dynamo' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == "False"


PEAK = """
import sys
from pathlib import Path
import torch
from engine.lm.checkpoint import load_model
from engine.lm.config import GPTConfig
from engine.lm.gpt import GPT
with torch.device("meta"):
    GPT(GPTConfig(n_layer=1))  # what torch imports at first use is not the model's
def peak_kb():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
before = peak_kb()
model = load_model(Path(sys.argv[1]), dtype=sys.argv[2], device="cpu")
print((peak_kb() - before) * 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_loading_takes_the_model_and_one_tensor(tmp_path: Path, dtype: str) -> None:
    config = GPTConfig(n_ctx=256, n_vocab=20_000, n_layer=12, n_head=8, n_embd=768)
    model = GPT(config)
    model.init_weights(torch.Generator().manual_seed(0))
    tensors = checkpoint_tensors(model)
    write_weights(tmp_path, tensors)
    (tmp_path / "config.json").write_text(json.dumps(config.to_json()))
    largest = max(tensor.nbytes for tensor in tensors.values())
    need = config.n_params * (4 if dtype == "float32" else 2)
    room = need + largest + (24 << 20)  # code that runs for the first time
    assert [peak for _ in range(3) if (peak := _peak(tmp_path, dtype)) >= room] == []


def _peak(folder: Path, dtype: str) -> int:
    """Bytes that loading took at its height, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(folder), dtype],
        capture_output=True,
        check=True,
        timeout=100,
        cwd=paths.assets().parent,
    )
    return int(done.stdout)
