"""Greedy ``complete`` of a folder on disk gives the ids that transformers gives for that folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.cli import main
from engine.lm.config import GPTConfig
from tests.helpers.tiny_model import TINY, Layout, write_model

transformers = pytest.importorskip("transformers")

FOLDERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "sharded": {"layout": "sharded"},
    "pickle": {"layout": "bin"},
    "without prefix": {"prefix": ""},
    "untied": {"config": replace(TINY, tie_word_embeddings=False)},
    "more ids than tokens": {"config": replace(TINY, n_vocab=TINY.n_vocab + 7)},
    "n_inner": {"config": replace(TINY, n_inner=40)},
    "relu": {"config": replace(TINY, activation_function="relu")},
    "epsilon": {"config": replace(TINY, layer_norm_epsilon=1e-3)},
    "scaled by layer": {"config": replace(TINY, scale_attn_by_inverse_layer_idx=True)},
    "upcast": {"config": replace(TINY, reorder_and_upcast_attn=True)},
}
PROMPT = "You open the chest."


def ours(capsys: pytest.CaptureFixture[str], folder: Path, tokens: int) -> dict[str, Any]:
    words = ("complete", "--model", str(folder), "--prompt", PROMPT, "--temperature", "0")
    assert main([*words, "--max-tokens", str(tokens), "--dtype", "float32", "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@torch.inference_mode()
def theirs(folder: Path, prompt: list[int], tokens: int) -> list[int]:
    """What transformers writes after ``prompt``, never an id that the tokenizer lacks."""
    model = transformers.GPT2LMHeadModel.from_pretrained(folder, attn_implementation="eager")
    model = model.eval().float()
    ids = torch.tensor([prompt])
    out = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=tokens,
        do_sample=False,
        eos_token_id=None,
        pad_token_id=0,
        suppress_tokens=list(range(TINY.n_vocab - 1, model.config.vocab_size)),
    )
    return out[0, len(prompt) :].tolist()


@pytest.mark.parametrize("how", FOLDERS.values(), ids=FOLDERS.keys())
def test_greedy_text_is_the_references(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, how: dict[str, Any]
) -> None:
    layout: Layout = how.get("layout", "safetensors")
    config = how.get("config", TINY)
    folder = write_model(
        tmp_path / "m", config, layout=layout, prefix=how.get("prefix", "transformer.")
    )
    answer = ours(capsys, folder, 30)
    mine = answer["candidates"][0]
    if mine["finish"] == "end":  # it wanted to end the text, which the reference was not let do
        assert theirs(folder, answer["prompt_ids"], 30)[: len(mine["ids"])] == mine["ids"]
    else:
        assert theirs(folder, answer["prompt_ids"], 30) == mine["ids"]
        assert len(mine["ids"]) == 30


@pytest.mark.slow
def test_greedy_text_of_124m_shapes_is_the_references(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = GPTConfig(n_vocab=TINY.n_vocab)
    folder = write_model(tmp_path / "m", config)
    answer = ours(capsys, folder, 24)
    mine = answer["candidates"][0]["ids"]
    assert mine
    assert theirs(folder, answer["prompt_ids"], 24)[: len(mine)] == mine
