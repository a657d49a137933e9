"""What a backend asks of a server and what comes back, whichever language the server speaks."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from typing import Protocol
from zlib import crc32

from engine.lm.backend import Alternative
from engine.lm.remote.servers import Kind
from engine.lm.settings import SamplerSettings

UNKNOWN = 1 << 30  # ids from here on are made up from a text: servers seldom tell theirs
NO_LOGPROB = math.nan


def made_up_id(text: str) -> int:
    """An id for a token whose own is not known: equal texts have equal ids."""
    return UNKNOWN | (crc32(text.encode("utf-8", "replace")) & (UNKNOWN - 1))


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: ``rows`` are the candidates it is to bring; a seed and settings for each."""

    prompt: str
    max_tokens: int
    rows: tuple[int, ...]
    seeds: tuple[int, ...]
    samplings: tuple[SamplerSettings, ...]
    stop: tuple[str, ...] = ()
    top: int = 0

    def alone(self, index: int) -> Ask:
        """The same for one candidate alone."""
        only = slice(index, index + 1)
        return replace(
            self, rows=self.rows[only], seeds=self.seeds[only], samplings=self.samplings[only]
        )


@dataclass(frozen=True, slots=True)
class Piece:
    """A token as a server tells it; nan where it tells no log-probability."""

    text: str
    id: int
    logprob: float = NO_LOGPROB
    top: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one message of a stream says about candidate ``row``; ``finish`` is empty until its end."""

    row: int
    pieces: tuple[Piece, ...] = ()
    finish: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a server says about itself; ``n_ctx`` is 0 where it says nothing."""

    kind: Kind
    model: str
    models: tuple[str, ...] = ()
    n_ctx: int = 0
    tokenizes: bool = False
    version: str = field(default="")


class Speaker(Protocol):
    """Talks with one server; all of it runs in the wire's thread."""

    async def describe(self) -> Facts:
        """Which model it serves, and how long its window is."""
        ...

    def write(self, ask: Ask) -> AsyncGenerator[Chunk, None]:
        """The continuations as they come; closing it ends the request at the server."""
        ...

    async def tokenize(self, text: str) -> tuple[int, ...]:
        """The ids of a text."""
        ...
