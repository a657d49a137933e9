"""Damaged, foreign and hostile model folders end in a sentence, before memory is taken."""

from __future__ import annotations

import json
import os
import pickle
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from engine.errors import KnownError
from engine.lm import checkpoint
from engine.lm.checkpoint import digest, load_model
from engine.lm.config import read_config
from engine.lm.safetensors_file import StoredTensor, read_header
from tests.helpers.tiny_model import TINY, checkpoint_tensors, tiny_gpt, write_model


def refused(folder: Path) -> str:
    with pytest.raises(KnownError) as caught:
        load_model(folder, dtype="float32", device="cpu")
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert len(sentence) < 400
    return sentence


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    write_model(tmp_path)
    (tmp_path / name).unlink()
    assert name in refused(tmp_path)


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    write_model(tmp_path, layout="sharded")
    (tmp_path / "model-00002-of-00002.safetensors").unlink()
    assert "model-00002-of-00002.safetensors" in refused(tmp_path)
    with pytest.raises(KnownError):
        digest(tmp_path)


@pytest.mark.parametrize(
    "name",
    ["../model.safetensors", "/etc/passwd", "a/b.safetensors", "..", "", "x.bin", "c:\\x", "."],
)
def test_an_index_reaches_no_other_folder(tmp_path: Path, name: str) -> None:
    folder = write_model(tmp_path / "inner", layout="sharded")
    write_model(tmp_path)
    table = {"weight_map": {"transformer.wte.weight": name}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(table))
    assert "no .safetensors file of this folder" in refused(folder)


@pytest.mark.parametrize("table", [[], {}, {"weight_map": []}, {"weight_map": {}}])
def test_an_index_without_tensors_is_refused(tmp_path: Path, table: Any) -> None:
    write_model(tmp_path, layout="sharded")
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(table))
    refused(tmp_path)


@pytest.mark.parametrize("layout", ["safetensors", "bin", "sharded"])
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, layout: Any) -> None:
    write_model(tmp_path, replace(TINY, n_layer=1), layout=layout)
    path = max(tmp_path.iterdir(), key=lambda path: path.stat().st_size)
    data = path.read_bytes()
    for size in [*range(0, 40, 3), *range(100, len(data), len(data) // 30), len(data) - 1]:
        path.write_bytes(data[:size])
        assert path.name in refused(tmp_path)
    path.write_bytes(data + b"x")
    if layout == "safetensors":
        assert "longer" in refused(tmp_path)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors.index.json"])
def test_a_cut_json_file_is_refused(tmp_path: Path, name: str) -> None:
    write_model(tmp_path, layout="sharded")
    data = (tmp_path / name).read_bytes()
    for size in range(0, len(data) - 1, len(data) // 20):
        (tmp_path / name).write_bytes(data[:size])
        assert name in refused(tmp_path)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("name", ["transformer.h.1.mlp.c_fc.weight", "transformer.ln_f.bias"])
def test_numbers_that_are_none_are_refused(tmp_path: Path, name: str, value: float) -> None:
    write_model(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    tensors[name].view(-1)[-1] = value
    save_file(tensors, tmp_path / "model.safetensors")
    sentence = refused(tmp_path)
    assert name in sentence
    assert "model.safetensors" in sentence


def test_sums_that_overflow_are_no_fault(tmp_path: Path) -> None:
    write_model(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    tensors["transformer.ln_f.bias"].fill_(3e38)
    save_file(tensors, tmp_path / "model.safetensors")
    load_model(tmp_path, dtype="float32", device="cpu")


@pytest.mark.parametrize("name", sorted(checkpoint_tensors(tiny_gpt(replace(TINY, n_layer=1)))))
def test_every_tensor_is_missed_and_measured(tmp_path: Path, name: str) -> None:
    write_model(tmp_path, replace(TINY, n_layer=1))
    path = tmp_path / "model.safetensors"
    tensors = load_file(path)
    weight = tensors.pop(name)
    save_file(tensors, path)
    assert name.removeprefix("transformer.") in refused(tmp_path)
    for wrong in (weight[:-1], weight[None], weight.to(torch.int8)):
        save_file(tensors | {name: wrong.contiguous()}, path)
        assert name in refused(tmp_path)


def test_a_foreign_tensor_is_named(tmp_path: Path) -> None:
    write_model(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    save_file(tensors | {"model.layers.0.q_proj": torch.ones(2)}, tmp_path / "model.safetensors")
    assert "model.layers.0.q_proj" in refused(tmp_path)
    double = {"wte.weight": tensors["transformer.wte.weight"].clone()}
    save_file(tensors | double, tmp_path / "model.safetensors")
    assert "second time" in refused(tmp_path)


class Evil:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("legacy", [True, False])
def test_code_in_a_pickle_is_named_and_never_run(tmp_path: Path, legacy: bool) -> None:
    write_model(tmp_path, layout="bin")
    path = tmp_path / "pytorch_model.bin"
    torch.save({"x": Evil(tmp_path / "ran")}, path, _use_new_zipfile_serialization=not legacy)
    assert "mkdir" in refused(tmp_path)
    path.write_bytes(pickle.dumps(Evil(tmp_path / "ran")))
    refused(tmp_path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "extra",
    [{"epoch": 3}, {"optimizer": {"lr": 1.0}}, {1: torch.ones(2)}, {"s": torch.eye(3).to_sparse()}],
    ids=["number", "table", "unnamed", "sparse"],
)
def test_what_is_no_plain_tensor_is_named(tmp_path: Path, extra: dict[Any, Any]) -> None:
    write_model(tmp_path, layout="bin")
    torch.save(checkpoint_tensors(tiny_gpt()) | extra, tmp_path / "pytorch_model.bin")
    assert str(next(iter(extra))) in refused(tmp_path)


def test_an_old_pickle_loads(tmp_path: Path) -> None:
    write_model(tmp_path, layout="bin")
    tensors = checkpoint_tensors(tiny_gpt())
    torch.save(tensors, tmp_path / "pytorch_model.bin", _use_new_zipfile_serialization=False)
    model = load_model(tmp_path, dtype="float32", device="cpu")
    assert torch.equal(model.wpe.weight, tensors["transformer.wpe.weight"])


ABSURD: list[dict[str, Any]] = [
    *({name: value} for name in ("n_layer", "n_embd", "n_head", "vocab_size", "n_positions")
      for value in (0, -1, 10**12, 1.5, "12", None, True, [], 10**4000)),
    *({"layer_norm_epsilon": value} for value in (0, -1, 2, "x", float("nan"), float("inf"), [])),
    *({"activation_function": value} for value in ("magic", None, 3, [], {})),
    {"n_inner": 0}, {"n_inner": 10**9}, {"n_head": 5}, {"tie_word_embeddings": "yes"},
    {"model_type": "llama"}, {"model_type": None}, {"model_type": ["gpt2"]},
    {"add_cross_attention": True},
    {"n_layer": 256, "n_embd": 16384, "n_head": 256, "n_inner": 65536},
]  # fmt: skip


@pytest.mark.parametrize("change", ABSURD, ids=lambda change: str(change)[:40])
def test_an_absurd_config_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    write_model(tmp_path)
    raw = json.loads((tmp_path / "config.json").read_text())
    if any(isinstance(value, int) and value > 10**100 for value in change.values()):
        text = json.dumps(raw)[:-1] + f', "{next(iter(change))}": 1{"0" * 4000}}}'
    else:
        text = json.dumps(raw | change)
    for alias in ("n_ctx",):
        text = text.replace(f'"{alias}": 64', f'"{alias}": null')
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(KnownError) as caught:
        read_config(tmp_path)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("change", [{"n_layer": 200}, {"n_embd": 8192}, {"n_layer": 1}])
def test_a_config_of_another_size_is_refused_before_memory_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, int]
) -> None:
    write_model(tmp_path)
    raw = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(raw | change))
    monkeypatch.setattr(checkpoint, "_read", None)
    monkeypatch.setattr(StoredTensor, "read", None)
    assert "config.json" in refused(tmp_path)


def header(**change: Any) -> dict[str, Any]:
    return {"x": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]} | change}


HEADERS: dict[str, Any] = {
    "a list": [],
    "no entry": {"x": 3},
    "unknown type": header(dtype="F8_E4M3"),
    "huge shape": header(shape=[10**9, 10**9]),
    "huge offset": header(shape=[1 << 36], data_offsets=[0, 1 << 38]),
    "negative": header(shape=[-2, -2]),
    "fraction": header(shape=[2.0, 2.0]),
    "true": header(shape=[True, 4]),
    "wrong product": header(shape=[3, 2]),
    "reversed": header(data_offsets=[16, 0]),
    "three offsets": header(data_offsets=[0, 8, 16]),
    "gap": header(data_offsets=[4, 20]),
    "overlap": header() | {"y": header()["x"]},
    "past the end": header() | {"y": header(data_offsets=[16, 32])["x"]},
    "many dimensions": header(shape=[1] * 1000 + [4]),
}


@pytest.mark.parametrize("table", HEADERS.values(), ids=HEADERS.keys())
def test_a_header_that_lies_is_refused(tmp_path: Path, table: Any) -> None:
    data = json.dumps(table).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(data)) + data + bytes(16))
    with pytest.raises(KnownError, match=r"model\.safetensors"):
        read_header(path)


@settings(max_examples=200)
@given(st.data())
def test_flipped_header_bytes_never_crash(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = write_model(tmp_path_factory.mktemp("flip"), replace(TINY, n_layer=1))
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, 1500))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        load_model(folder, dtype="float32", device="cpu")
    except KnownError as error:
        message = str(error)
    else:
        return
    assert len(message) < 500


def test_a_pipe_as_a_file_does_not_hang(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes in folders here")
    write_model(tmp_path)
    (tmp_path / "config.json").unlink()
    os.mkfifo(tmp_path / "config.json")
    assert "config.json" in refused(tmp_path)
