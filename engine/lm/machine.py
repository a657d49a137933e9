"""What this machine has for a model: memory that is free now, and its GPU."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_MEMINFO = Path("/proc/meminfo")


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU that torch can use; bytes. ``free`` is what may be taken now."""

    device: str  # cuda or mps
    name: str
    total: int
    free: int


@dataclass(frozen=True, slots=True)
class Machine:
    """Bytes of memory, 0 where the system does not say; ``free`` counts what caches would give back."""

    total: int
    free: int
    gpu: Gpu | None = None


def this_machine(*, with_gpu: bool = True) -> Machine:
    """This machine as it is now; looking for a GPU imports torch."""
    total, free = _memory()
    return Machine(total, free, _gpu() if with_gpu else None)


def _memory() -> tuple[int, int]:
    """Total and free bytes, within the limit of the container this runs in."""
    if sys.platform == "win32":
        return _memory_windows()
    if sys.platform == "darwin":
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        return total, total * 6 // 10  # the system compresses and gives back much; it tells nobody
    total, free = _meminfo(_MEMINFO)
    limit, used = _number(_CGROUP / "memory.max"), _number(_CGROUP / "memory.current")
    if limit and (not total or limit < total):
        reclaimable = _field(_CGROUP / "memory.stat", r"^inactive_file (\d+)")
        free = min(free or limit, max(limit - used + reclaimable, 0))
        total = limit
    return total, free


def _meminfo(path: Path) -> tuple[int, int]:
    return 1024 * _field(path, r"^MemTotal:\s+(\d+)"), 1024 * _field(
        path, r"^MemAvailable:\s+(\d+)"
    )


def _field(path: Path, pattern: str) -> int:
    try:
        found = re.search(pattern, path.read_text(encoding="ascii", errors="replace"), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) if found else 0


def _number(path: Path) -> int:
    return _field(path, r"^(\d+)\s*$")


def _memory_windows() -> tuple[int, int]:
    class Status(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            ("total", ctypes.c_ulonglong),
            ("free", ctypes.c_ulonglong),
            ("rest", ctypes.c_ulonglong * 5),
        )

    status = Status(length=ctypes.sizeof(Status))
    library = getattr(ctypes, "windll", None)
    if library is None or not library.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return 0, 0
    return status.total, status.free


def _gpu() -> Gpu | None:
    import torch

    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        return Gpu("cuda", torch.cuda.get_device_name(), total, free)
    if torch.backends.mps.is_available():
        total = torch.mps.recommended_max_memory()
        return Gpu("mps", "Apple GPU", total, total - torch.mps.current_allocated_memory())
    return None
