"""Where a model runs and in which number type."""

from __future__ import annotations

from functools import cache

import torch

from engine.errors import KnownError
from engine.lm.config import GPTConfig
from engine.lm.quantize import SMALLEST, faster_than_float

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def choose_device(name: str = "auto") -> torch.device:
    """The device of that name; ``auto`` is CUDA, else MPS, else the CPU.

    Raises:
        KnownError: no such device, or this machine (or this torch) does not have it.
    """
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if name == "auto":
        return torch.device("cuda" if cuda else "mps" if mps else "cpu")
    kind, _, index = name.partition(":")
    if kind not in ("cpu", "cuda", "mps") or (index and not (index.isdecimal() and kind == "cuda")):
        raise KnownError(f"There is no device '{name[:40]}'; use auto, cpu, cuda, cuda:1 or mps.")
    if (kind == "cuda" and not cuda) or (kind == "mps" and not mps):
        raise KnownError(f"This machine's torch finds no {kind} device; use cpu or auto.")
    if index and int(index) >= torch.cuda.device_count():
        raise KnownError(f"There is no {name[:40]}; this machine has {torch.cuda.device_count()}.")
    return torch.device(name)


@cache
def usual_threads() -> int:
    """How many threads torch takes by itself; asked before any other number was set."""
    return torch.get_num_threads()


def use_threads(n: int) -> None:
    """Calculate with ``n`` threads on the CPU from now on, in this thread; 0: the usual number."""
    usual = usual_threads()
    if torch.get_num_threads() != (n or usual):
        torch.set_num_threads(n or usual)


def choose_dtype(name: str, device: torch.device) -> torch.dtype:
    """The number type of that name; ``auto`` is float32 on the CPU, half precision elsewhere.

    Raises:
        KnownError: no such type, or one that the device has no arithmetic for.
    """
    if name == "auto":
        if device.type == "cpu":
            return torch.float32
        bf16 = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if bf16 else torch.float16
    if name not in DTYPES:
        known = ", ".join(DTYPES)
        raise KnownError(f"There is no number type '{name[:40]}'; use auto, {known} or int8.")
    if name == "float16" and device.type == "cpu":
        raise KnownError("float16 needs a GPU; on the CPU use float32 or bfloat16.")
    return DTYPES[name]


def wants_int8(name: str, device: torch.device, config: GPTConfig) -> bool:
    """Whether a model's weights are to be 8-bit: when asked for, or on a CPU when that is faster.

    The answer to ``auto`` depends on the machine and the model's size alone.

    Raises:
        KnownError: asked for on a GPU.
    """
    if name == "int8" and device.type != "cpu":
        raise KnownError("int8 is for the CPU; on a GPU use float16 or bfloat16.")
    if name != "auto" or device.type != "cpu":
        return name == "int8"
    return config.n_params >= SMALLEST and faster_than_float()
