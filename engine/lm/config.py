"""The shape of a GPT-2 model, read from its ``config.json`` (torch-free)."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from engine.errors import KnownError

MAX_CONFIG_BYTES = 1 << 20
# Far above GPT-2 XL in every dimension; anything larger is a mistake or an attack.
LIMITS = {
    "n_ctx": 32_768,
    "n_vocab": 1_000_000,
    "n_layer": 256,
    "n_head": 256,
    "n_embd": 16_384,
    "n_inner": 65_536,
}
MAX_PARAMS = 10**11
ACTIVATIONS = frozenset(
    {
        "gelu_new",
        "gelu",
        "gelu_python",
        "gelu_fast",
        "gelu_python_tanh",
        "gelu_accurate",
        "gelu_pytorch_tanh",
        "quick_gelu",
        "relu",
        "relu6",
        "relu2",
        "leaky_relu",
        "silu",
        "swish",
        "mish",
        "sigmoid",
        "tanh",
    }
)
# Names GPT-2 checkpoints have used for the same number, newest first.
_ALIASES = {
    "n_ctx": ("n_positions", "n_ctx", "max_position_embeddings"),
    "n_vocab": ("vocab_size", "n_vocab"),
    "n_layer": ("n_layer", "num_hidden_layers"),
    "n_head": ("n_head", "num_attention_heads"),
    "n_embd": ("n_embd", "hidden_size"),
}


@dataclass(frozen=True, slots=True)
class GPTConfig:
    """GPT-2's hyperparameters, under the names of its paper and its checkpoints."""

    n_ctx: int = 1024
    n_vocab: int = 50257
    n_layer: int = 12
    n_head: int = 12
    n_embd: int = 768
    n_inner: int | None = None
    activation_function: str = "gelu_new"
    layer_norm_epsilon: float = 1e-5
    scale_attn_weights: bool = True
    scale_attn_by_inverse_layer_idx: bool = False
    reorder_and_upcast_attn: bool = False
    tie_word_embeddings: bool = True

    @property
    def d_head(self) -> int:
        """Width of one attention head."""
        return self.n_embd // self.n_head

    @property
    def d_inner(self) -> int:
        """Width of the feed-forward layer."""
        return self.n_inner or 4 * self.n_embd

    @property
    def n_params(self) -> int:
        """Number of weights, the tied head counted once."""
        c, f = self.n_embd, self.d_inner
        block = 2 * 2 * c + (c * 3 * c + 3 * c) + (c * c + c) + (c * f + f) + (f * c + c)
        head = 0 if self.tie_word_embeddings else self.n_vocab * c
        return (self.n_vocab + self.n_ctx) * c + self.n_layer * block + 2 * c + head

    def to_json(self) -> dict[str, Any]:
        """The ``config.json`` that transformers and this engine read."""
        return {
            "architectures": ["GPT2LMHeadModel"],
            "model_type": "gpt2",
            "vocab_size": self.n_vocab,
            "n_positions": self.n_ctx,
            "n_ctx": self.n_ctx,
            "n_embd": self.n_embd,
            "n_layer": self.n_layer,
            "n_head": self.n_head,
            "n_inner": self.n_inner,
            "activation_function": self.activation_function,
            "layer_norm_epsilon": self.layer_norm_epsilon,
            "scale_attn_weights": self.scale_attn_weights,
            "scale_attn_by_inverse_layer_idx": self.scale_attn_by_inverse_layer_idx,
            "reorder_and_upcast_attn": self.reorder_and_upcast_attn,
            "tie_word_embeddings": self.tie_word_embeddings,
            "resid_pdrop": 0.0,
            "embd_pdrop": 0.0,
            "attn_pdrop": 0.0,
        }


def read_json(path: Path, limit: int = MAX_CONFIG_BYTES) -> dict[str, Any]:
    """A JSON object from a file of the model's folder; KnownError if it is not one."""
    try:
        if path.exists() and not path.is_file():  # reading a pipe would never end
            raise KnownError(f"{path.name} is not a file; the model folder is damaged.")
        if path.stat().st_size > limit:
            raise KnownError(
                f"{path.name} is larger than any real one; the model folder is damaged."
            )
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise KnownError(
            f"{path.name} is missing from the model folder {path.parent.name}."
        ) from None
    except OSError as error:
        raise KnownError(f"{path.name} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise KnownError(
            f"{path.name} is not valid JSON; download or copy the model again."
        ) from None
    if not isinstance(data, dict):
        raise KnownError(f"{path.name} does not hold a JSON object; the model folder is damaged.")
    return data


def read_config(folder: Path, name: str = "config.json") -> GPTConfig:
    """The checked config of a model folder.

    Raises:
        KnownError: not GPT-2, a missing number, or a number no GPT-2 has.
    """
    raw = read_json(folder / name)
    kind = raw.get("model_type", "gpt2")
    if kind != "gpt2":
        raise KnownError(
            f"config.json says this is a '{str(kind)[:40]}' model; Brass Lantern plays GPT-2 models."
        )
    values: dict[str, Any] = {}
    for name, keys in _ALIASES.items():
        found = next((raw[key] for key in keys if raw.get(key) is not None), None)
        if found is None:
            raise KnownError(
                f"config.json does not say '{keys[0]}'; the model folder is incomplete."
            )
        values[name] = _whole(keys[0], found, LIMITS[name])
    if raw.get("n_inner") is not None:
        values["n_inner"] = _whole("n_inner", raw["n_inner"], LIMITS["n_inner"])
    activation = raw.get("activation_function", "gelu_new")
    if not isinstance(activation, str) or activation not in ACTIVATIONS:
        raise KnownError(f"config.json names an unknown activation '{str(activation)[:40]}'.")
    values["activation_function"] = activation
    epsilon = raw.get("layer_norm_epsilon", 1e-5)
    if isinstance(epsilon, bool) or not isinstance(epsilon, int | float) or not 0 < epsilon < 1:
        raise KnownError("config.json has a layer_norm_epsilon that is not between 0 and 1.")
    values["layer_norm_epsilon"] = float(epsilon)
    for field in fields(GPTConfig):
        if field.type == "bool":
            value = raw.get(field.name, field.default)
            if not isinstance(value, bool):
                raise KnownError(f"config.json has a '{field.name}' that is not true or false.")
            values[field.name] = value
    if raw.get("add_cross_attention"):
        raise KnownError("config.json asks for cross-attention, which no plain GPT-2 has.")
    config = GPTConfig(**values)
    if config.n_params > MAX_PARAMS:
        raise KnownError(
            f"config.json describes a model of {config.n_params / 1e9:.0f} billion weights, which no "
            "GPT-2 has; the model folder is damaged."
        )
    if config.n_embd % config.n_head:
        raise KnownError(
            f"config.json has n_embd {config.n_embd}, which {config.n_head} heads cannot share evenly."
        )
    return config


def _whole(name: str, value: object, limit: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= limit:
        raise KnownError(f"config.json has {name} = {str(value)[:40]}; expected 1 to {limit}.")
    return value
