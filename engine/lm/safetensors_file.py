"""One safetensors file: its header, checked before anything is allocated, and its tensors.

Read with plain reads instead of a memory map: a drive that vanishes is then an error that can be
told, not a signal that ends the program, and no page of the file counts as ours.
Format: 8 bytes length (little endian), that much JSON, then the tensors' bytes without gaps.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.errors import KnownError

MAX_HEADER_BYTES = 16 << 20  # GPT-2 XL's has 80 kB
MAX_DIMENSIONS = 8
AGAIN = "download or copy the model again."
DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """Where a tensor lies in a file."""

    path: Path
    name: str
    dtype: torch.dtype
    shape: tuple[int, ...]
    offset: int  # bytes from the start of the file
    nbytes: int

    def read(self, scratch: Tensor | None = None) -> Tensor:
        """The tensor: in ``scratch`` (bytes, until the next read into it) or in memory of its own."""
        if scratch is None:
            scratch = torch.empty(self.nbytes, dtype=torch.uint8)
        tensor = scratch[: self.nbytes].view(self.dtype).view(self.shape)
        buffer = memoryview(tensor.view(-1).view(torch.uint8).numpy())  # pyright: ignore[reportArgumentType]
        try:
            with self.path.open("rb", buffering=0) as file:
                file.seek(self.offset)
                done = 0
                while done < self.nbytes:  # one read returns at most 2 GB
                    n = file.readinto(buffer[done:])
                    if not n:
                        raise KnownError(f"{self.path.name} ends inside {self.name}; {AGAIN}")
                    done += n
        except OSError as error:
            raise KnownError(f"{self.path.name} cannot be read: {error.strerror}.") from None
        return tensor


def read_header(path: Path) -> dict[str, StoredTensor]:
    """Every tensor of a file by name, with sizes and places that were checked.

    Raises:
        KnownError: not a safetensors file, cut short, or with sizes that contradict each other.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if size < 10 or not 2 <= length <= min(size - 8, MAX_HEADER_BYTES):
                raise KnownError(
                    f"{path.name} is no safetensors file, or is cut inside its header; {AGAIN}"
                )
            header = json.loads(file.read(length))
    except OSError as error:
        raise KnownError(f"{path.name} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise KnownError(f"{path.name} has a header that is not valid JSON; {AGAIN}") from None
    if not isinstance(header, dict):
        raise KnownError(f"{path.name} has a header that lists no tensors; {AGAIN}")
    header.pop("__metadata__", None)
    start = 8 + length
    found = [_entry(path, start, name, entry) for name, entry in header.items()]
    end = start
    for tensor in sorted(found, key=lambda tensor: (tensor.offset, tensor.nbytes)):
        if tensor.offset != end:
            raise KnownError(
                f"{path.name} has {tensor.name[:80]} in a place that overlaps its neighbour or leaves "
                f"a gap; {AGAIN}"
            )
        end += tensor.nbytes
    if end != size:
        what = "is cut short" if size < end else "is longer than its tensors"
        raise KnownError(f"{path.name} {what}: {size} bytes instead of {end}; {AGAIN}")
    return {tensor.name: tensor for tensor in found}


def _entry(path: Path, start: int, name: str, entry: Any) -> StoredTensor:
    match entry:
        case {"dtype": str(kind), "shape": list(shape), "data_offsets": [int(begin), int(end)]}:
            whole = all(type(n) is int and 0 <= n < 1 << 40 for n in (*shape, begin, end))
            if whole and kind in DTYPES and len(shape) <= MAX_DIMENSIONS:
                dtype = DTYPES[kind]
                if end - begin == math.prod(shape) * dtype.itemsize:
                    return StoredTensor(path, name, dtype, tuple(shape), start + begin, end - begin)
    raise KnownError(
        f"{path.name} describes {name[:80]} with a type, shape or place that cannot be; {AGAIN}"
    )
