"""Which file of a model folder holds which weight: safetensors, its shards, or a pickle of tensors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from engine.errors import KnownError
from engine.lm.config import read_json
from engine.lm.safetensors_file import AGAIN, read_header

MAX_INDEX_BYTES = 16 << 20
# Buffers and heads of other tasks that GPT-2 checkpoints carry and text generation has no use for.
IGNORED = re.compile(r"h\.\d+\.attn\.(masked_)?bias|multiple_choice_head\..*")
_UNSAFE_GLOBAL = re.compile(r"GLOBAL ([\w.]+)")


class Stored(Protocol):
    """A tensor that is still in its file."""

    @property
    def path(self) -> Path:
        """The file."""
        ...

    @property
    def name(self) -> str:
        """Its name there."""
        ...

    @property
    def dtype(self) -> torch.dtype:
        """Its number type there."""
        ...

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape there."""
        ...

    @property
    def nbytes(self) -> int:
        """Its size there."""
        ...

    def read(self, scratch: Tensor | None = None) -> Tensor:
        """The tensor itself, in ``scratch`` (bytes) where it has to be copied."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """A weight by its name in ``GPT`` (``plain``) and the tensor in a file that holds it."""

    plain: str
    stored: Stored

    @property
    def path(self) -> Path:
        """The file."""
        return self.stored.path

    @property
    def name(self) -> str:
        """Its name there."""
        return self.stored.name

    @property
    def dtype(self) -> torch.dtype:
        """Its number type there."""
        return self.stored.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape there."""
        return self.stored.shape

    @property
    def nbytes(self) -> int:
        """Its size there."""
        return self.stored.nbytes

    def read(self, scratch: Tensor | None = None) -> Tensor:
        """The tensor as it is stored."""
        return self.stored.read(scratch)


@dataclass(frozen=True, slots=True)
class PickledTensor:
    """A tensor of a loaded ``.bin`` file (memory-mapped where its format allows)."""

    path: Path
    name: str
    tensor: Tensor

    @property
    def dtype(self) -> torch.dtype:
        """Its number type."""
        return self.tensor.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return tuple(self.tensor.shape)

    @property
    def nbytes(self) -> int:
        """Nothing needs copying: it is in memory."""
        return 0

    def read(self, scratch: Tensor | None = None) -> Tensor:  # noqa: ARG002
        """The tensor itself."""
        return self.tensor


def weight_files(folder: Path) -> list[Path]:
    """The files that hold a folder's weights, safetensors before pickles, one before shards.

    Raises:
        KnownError: there are none, or an index names files that are not there.
    """
    for single in ("model.safetensors", "pytorch_model.bin"):
        index = folder / f"{single}.index.json"
        if (folder / single).is_file():
            return [folder / single]
        if index.is_file():
            return _read_index(index)
    raise KnownError(f"model.safetensors is missing from the model folder {folder.name}; {AGAIN}")


def find_weights(folder: Path) -> dict[str, Source]:
    """Every weight by its name in ``GPT``, without the ``transformer.`` prefix and unused buffers.

    Raises:
        KnownError: a file is missing or damaged, or holds something else than tensors.
    """
    found: dict[str, Source] = {}
    for path in weight_files(folder):
        for stored in _read_file(path).values():
            plain = stored.name.removeprefix("transformer.")
            if IGNORED.fullmatch(plain):
                continue
            if plain in found:
                raise KnownError(f"{path.name} holds {stored.name[:80]} a second time; {AGAIN}")
            found[plain] = Source(plain, stored)
    return found


def _read_index(index: Path) -> list[Path]:
    """The shards that an index names, each a file of its own folder."""
    table = read_json(index, MAX_INDEX_BYTES).get("weight_map")
    if not isinstance(table, dict) or not table:
        raise KnownError(f"{index.name} lists no tensors; {AGAIN}")
    suffix = ".safetensors" if "safetensors" in index.name else ".bin"
    files = sorted(set(map(str, table.values())))
    for file in files:
        if re.fullmatch(r"\w[\w.-]*", file) is None or not file.endswith(suffix):
            raise KnownError(
                f"{index.name} names '{file[:60]}', which is no {suffix} file of this folder; {AGAIN}"
            )
        if not (index.parent / file).is_file():
            raise KnownError(
                f"{file} is missing from the model folder {index.parent.name}; {AGAIN}"
            )
    return [index.parent / file for file in files]


def _read_file(path: Path) -> dict[str, Stored]:
    if path.suffix == ".safetensors":
        return {**read_header(path)}
    return {name: PickledTensor(path, name, tensor) for name, tensor in _unpickle(path).items()}


def _unpickle(path: Path) -> dict[str, Tensor]:
    """The tensors of a ``.bin`` file; code in it is never run."""
    try:
        try:
            data = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        except RuntimeError as error:
            if "mmap" not in str(error):
                raise
            data = torch.load(path, map_location="cpu", weights_only=True)  # torch < 1.6's format
    except OSError as error:
        raise KnownError(f"{path.name} cannot be read: {error.strerror}.") from None
    except Exception as error:  # noqa: BLE001  a damaged pickle may raise anything
        if culprit := _UNSAFE_GLOBAL.search(str(error)):
            raise KnownError(
                f"{path.name} holds {culprit[1]}, which is not a plain tensor and could run code; use "
                "the model's safetensors file."
            ) from None
        raise KnownError(f"{path.name} is damaged or no file of weights; {AGAIN}") from None
    if not isinstance(data, dict):
        raise KnownError(f"{path.name} holds no table of tensors; use the original model file.")
    for name, value in data.items():
        plain = isinstance(value, Tensor) and value.layout == torch.strided
        if not (isinstance(name, str) and plain and not value.is_quantized and not value.is_meta):
            raise KnownError(
                f"{path.name} holds '{str(name)[:60]}', a {type(value).__name__}, which is not a plain "
                "tensor; use the model's original file."
            )
    return data
