"""Memory pages: give back what is free, and keep weights in large ones. Linux only, and optional."""

from __future__ import annotations

import ctypes
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOG = logging.getLogger(__name__)
LARGE = 2 << 20  # bytes of a large page
_COLLAPSE = 25  # MADV_COLLAPSE of linux/mman.h
_HUGEPAGE = 14  # MADV_HUGEPAGE
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # malloc.h
_MAPS = Path("/proc/self/maps")


def give_back() -> None:
    """Hand pages that are free inside the heap back to the system, where the C library can.

    Weights of four bytes and of one take turns in it; what lies between them adds up to gigabytes.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


@contextmanager
def nothing_kept() -> Iterator[None]:
    """While it lasts, memory that is freed goes back to the system at once (glibc only).

    Afterwards it stays with this process: reading a prompt takes and frees megabytes at every
    operation, and pages that went back in between are emptied again, a fifth of the time in all.
    """
    _limits(1 << 20, 8 << 20)
    try:
        yield
    finally:
        _limits(32 << 20, 256 << 20)


def _limits(own: int, kept: int) -> None:
    """From how many bytes on memory gets a mapping of its own, and how much free heap is kept."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, own)
        mallopt(_TRIM_THRESHOLD, kept)


def collapse() -> int:
    """Put what this process holds in memory into large pages; the bytes for which that was done.

    Every token reads all weights once, and with large pages the processor looks up far fewer
    addresses on the way. Where the system does not want to, nothing happens.
    """
    if sys.platform != "linux":
        return 0
    try:
        lines = _MAPS.read_text().splitlines()
        advise = ctypes.CDLL(None, use_errno=True).madvise
    except (OSError, AttributeError) as error:
        LOG.info("no large pages: %s", error)
        return 0
    done = 0
    for start, end in _plain(lines):
        start, end = -(-start // LARGE) * LARGE, end // LARGE * LARGE
        if start < end and not advise(
            ctypes.c_void_p(start), ctypes.c_size_t(end - start), _COLLAPSE
        ):
            done += end - start
    return done


def prefer_large(start: int, size: int) -> None:
    """Ask for large pages for ``size`` bytes that nobody has touched yet, where there are any."""
    first, end = -(-start // LARGE) * LARGE, (start + size) // LARGE * LARGE
    if sys.platform == "linux" and first < end:
        advise = ctypes.CDLL(None).madvise
        advise(ctypes.c_void_p(first), ctypes.c_size_t(end - first), _HUGEPAGE)


def _plain(lines: list[str]) -> list[tuple[int, int]]:
    """The writable ranges that are no file and no stack, of lines as in ``/proc/self/maps``."""
    out = []
    for line in lines:
        fields = line.split()
        if fields[1].startswith("rw-p") and (len(fields) < 6 or fields[5] == "[heap]"):
            start, _, end = fields[0].partition("-")
            out.append((int(start, 16), int(end, 16)))
    return out
