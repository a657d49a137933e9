"""Write a GPT as a model folder in Hugging Face layout, which transformers loads too."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from engine.lm.config import read_json
from engine.lm.gpt import GPT
from engine.lm.vocabulary import END_OF_TEXT

TOKENIZER_FILES = ("vocab.json", "merges.txt", "tokenizer.json", "added_tokens.json")
MAX_VOCAB_BYTES = 64 << 20
CARRIED_FILES = (*TOKENIZER_FILES, "profile.toml")
# GPT-2's published files keep these matrices as [in, out]; torch's Linear is [out, in].
_TRANSPOSED = ("c_attn.weight", "c_proj.weight", "c_fc.weight")


def published_weights(model: GPT, dtype: torch.dtype = torch.float16) -> dict[str, Tensor]:
    """The weights under GPT-2's published names and shapes, on the CPU."""
    weights = {}
    for name, value in model.state_dict().items():
        if name == "lm_head.weight":
            if model.config.tie_word_embeddings:
                continue
            published = name
        else:
            published = f"transformer.{name}"
        turned = value.t() if name.endswith(_TRANSPOSED) else value
        weights[published] = turned.detach().to("cpu", dtype).contiguous()
    return weights


def save_model(
    model: GPT, folder: Path, *, tokenizer: Path, dtype: torch.dtype = torch.float16
) -> None:
    """Write config, weights and the files of ``tokenizer``'s folder; a file appears when whole."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in CARRIED_FILES:
        if (tokenizer / name).is_file() and tokenizer.resolve() != folder.resolve():
            shutil.copyfile(tokenizer / name, folder / name)
    end = _end_of_text(tokenizer)
    config = model.config.to_json() | {"bos_token_id": end, "eos_token_id": end}
    config |= {"dtype": str(dtype).removeprefix("torch.")}
    part = folder / "config.json.part"
    part.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    part.replace(folder / "config.json")
    part = folder / "model.safetensors.part"
    save_file(published_weights(model, dtype), part, metadata={"format": "pt"})
    part.chmod((folder / "config.json").stat().st_mode)  # safetensors writes for the owner alone
    part.replace(folder / "model.safetensors")


def _end_of_text(tokenizer: Path) -> int | None:
    path = tokenizer / "vocab.json"
    return read_json(path, MAX_VOCAB_BYTES).get(END_OF_TEXT) if path.is_file() else None
