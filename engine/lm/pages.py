"""Memory pages: give back what is free, and keep weights in large ones. Linux only, and optional."""

from __future__ import annotations

import ctypes
import logging
import sys
from pathlib import Path

LOG = logging.getLogger(__name__)
LARGE = 2 << 20  # bytes of a large page
_COLLAPSE = 25  # MADV_COLLAPSE of linux/mman.h
_MAPS = Path("/proc/self/maps")


def give_back() -> None:
    """Hand pages that are free inside the heap back to the system, where the C library can.

    Weights of four bytes and of one take turns in it; what lies between them adds up to gigabytes.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


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


def _plain(lines: list[str]) -> list[tuple[int, int]]:
    """The writable ranges that are no file and no stack, of lines as in ``/proc/self/maps``."""
    out = []
    for line in lines:
        fields = line.split()
        if fields[1].startswith("rw-p") and (len(fields) < 6 or fields[5] == "[heap]"):
            start, _, end = fields[0].partition("-")
            out.append((int(start, 16), int(end, 16)))
    return out
