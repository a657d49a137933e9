"""Large pages: what is touched, and that memory keeps what it held."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from engine.lm import pages

MAPS = """\
7f0000000000-7f0000400000 rw-p 00000000 00:00 0
7f0001000000-7f0001400000 rw-p 00000000 00:00 0                          [heap]
7f0002000000-7f0002400000 rw-p 00000000 00:00 0                          [stack]
7f0003000000-7f0003400000 r--p 00000000 08:01 99                         /usr/lib/libc.so
7f0004000000-7f0004400000 rw-s 00000000 00:01 12                         /dev/shm/x
"""


def test_only_plain_memory_of_our_own_is_touched() -> None:
    found = pages._plain(list(map(str, MAPS.splitlines())))
    assert found == [(0x7F0000000000, 0x7F0000400000), (0x7F0001000000, 0x7F0001400000)]


def test_memory_keeps_what_it_held() -> None:
    held = np.arange(8 << 20, dtype=np.uint32)
    assert pages.collapse() >= 0
    pages.give_back()
    assert np.array_equal(held, np.arange(8 << 20, dtype=np.uint32))


def test_where_there_is_no_list_of_pages_nothing_happens(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pages, "_MAPS", tmp_path / "none")
    assert pages.collapse() == 0
    monkeypatch.setattr(sys, "platform", "win32")
    assert pages.collapse() == 0
    pages.give_back()
