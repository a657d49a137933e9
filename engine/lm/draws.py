"""Random numbers as a pure function of where they are used, so that nothing can shift them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Protocol

TOKEN, XTC, MIXTURE = 0, 1, 2  # streams: one for each independent decision at a position


def uniform(seed: int, row: int, position: int, stream: int = TOKEN) -> float:
    """A number in [0, 1) that depends on its arguments alone, on every platform and version."""
    key = f"{seed}/{row}/{position}/{stream}".encode()
    digest = hashlib.blake2b(key, digest_size=8, person=b"brass lantern").digest()
    return (int.from_bytes(digest, "little") >> 11) * 2.0**-53


class Draw(Protocol):
    """The random numbers of one position."""

    def uniform(self, stream: int = TOKEN) -> float:
        """A number in [0, 1) for one decision."""
        ...


@dataclass(frozen=True, slots=True)
class At:
    """The draw at ``position`` of candidate ``row`` under ``seed``."""

    seed: int
    row: int
    position: int

    def uniform(self, stream: int = TOKEN) -> float:
        """A number in [0, 1) for one decision."""
        return uniform(self.seed, self.row, self.position, stream)


@dataclass(frozen=True, slots=True)
class Fixed:
    """The same number for every decision: for previews and tests."""

    value: float

    def uniform(self, stream: int = TOKEN) -> float:  # noqa: ARG002 - one number for all streams
        """The number."""
        return self.value
