"""A GPT-2 folder as a GGUF file, for llama.cpp. Runs where ``gguf`` and ``safetensors`` are installed.

    python tests/helpers/gguf_file.py FOLDER FILE

The names are those of llama.cpp's GPT-2 architecture. Linear layers stand transposed in GPT-2's own
files; vectors and positions are written as float32, matrices as float16.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import gguf  # pyright: ignore[reportMissingImports]
import numpy as np
from safetensors.numpy import load_file

NORMAL, CONTROL = 1, 3  # kinds of tokens
END = "<|endoftext|>"
BLOCK = {
    "ln_1": "attn_norm",
    "attn.c_attn": "attn_qkv",
    "attn.c_proj": "attn_output",
    "ln_2": "ffn_norm",
    "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down",
}
LINEAR = ("attn_qkv", "attn_output", "ffn_up", "ffn_down")


def names(n_layer: int) -> dict[str, str]:
    """GPT-2's names of modules -> those in the file."""
    out = {"wte": "token_embd", "wpe": "position_embd", "ln_f": "output_norm"}
    for n in range(n_layer):
        out |= {f"h.{n}.{ours}": f"blk.{n}.{theirs}" for ours, theirs in BLOCK.items()}
    return out


def write(folder: Path, file: Path) -> None:
    """Write the model in ``folder`` to ``file``."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    lines = (folder / "merges.txt").read_text(encoding="utf-8").splitlines()
    out = gguf.GGUFWriter(str(file), "gpt2")
    out.add_name(folder.name)
    out.add_context_length(config["n_positions"])
    out.add_embedding_length(config["n_embd"])
    out.add_feed_forward_length(config["n_inner"] or 4 * config["n_embd"])
    out.add_block_count(config["n_layer"])
    out.add_head_count(config["n_head"])
    out.add_layer_norm_eps(config["layer_norm_epsilon"])
    out.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    tokens = sorted(vocabulary, key=vocabulary.__getitem__)
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre("gpt-2")
    out.add_token_list(tokens)
    out.add_token_types([CONTROL if token == END else NORMAL for token in tokens])
    out.add_token_merges([line for line in lines if line and not line.startswith("#version")])
    out.add_bos_token_id(vocabulary[END])
    out.add_eos_token_id(vocabulary[END])
    out.add_add_bos_token(value=False)  # prompts bring their own
    known = names(config["n_layer"])
    for name, tensor in load_file(folder / "model.safetensors").items():
        module, _, kind = name.removeprefix("transformer.").rpartition(".")
        if module not in known:
            continue
        theirs = known[module]
        if kind == "weight" and theirs.endswith(LINEAR):
            tensor = tensor.T
        whole = tensor.ndim == 1 or module == "wpe"
        data = np.ascontiguousarray(tensor, np.float32 if whole else np.float16)
        out.add_tensor(f"{theirs}.{kind}", data)
        if module == "wte":  # tied to the output
            out.add_tensor("output.weight", data)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
