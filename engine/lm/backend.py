"""The seam between a story and whatever continues it (torch-free).

A backend is this machine's engine, a server, or a script for tests. Work is an iterator of events:
to cancel is to stop iterating (``close()``), which takes effect within one token, or within 100 ms
of reading a prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from engine.lm.settings import SamplerSettings
from engine.tokens import Tokenizer

if TYPE_CHECKING:  # numpy is not needed to open a window
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Prefill:
    """The prompt is being read: ``done`` of ``total`` tokens (those kept from before included)."""

    done: int
    total: int


class Alternative(NamedTuple):
    """A token that could have stood in a place, with the model's own log-probability (nats)."""

    id: int
    text: str
    logprob: float


@dataclass(frozen=True, slots=True)
class Token:
    """One token of candidate ``row``; ``text`` is empty while a character is incomplete.

    ``logprob`` (nats) is the model's own, before any sampler; ``top`` the likeliest alternatives.
    """

    row: int
    id: int
    text: str
    logprob: float
    top: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Retract:
    """The last ``n`` tokens of candidate ``row`` are taken back (a banned phrase was completed)."""

    row: int
    n: int


class Finish(StrEnum):
    """Why a candidate ended."""

    LENGTH = "length"
    STOP = "stop"
    END = "end"
    SENTENCE = "sentence"


@dataclass(frozen=True, slots=True)
class End:
    """Candidate ``row`` is complete."""

    row: int
    reason: Finish


@dataclass(frozen=True, slots=True)
class Scored:
    """How likely a given token was: ``logprob`` in nats, ``rank`` from 0; None for the first."""

    id: int
    logprob: float | None
    rank: int | None
    top: tuple[Alternative, ...] = ()


Event = Prefill | Token | Retract | End


@dataclass(frozen=True, slots=True)
class Request:
    """What to continue, and how.

    ``tokens`` are what a local model reads, ``text`` what a server reads. After ``max_tokens`` up to
    ``finish_sentence`` further tokens may be written to reach the end of the sentence. With ``each``
    every candidate has settings of its own, but for guidance, which is that of ``sampling``.
    """

    text: str
    tokens: tuple[int, ...]
    max_tokens: int = 80
    sampling: SamplerSettings = field(default_factory=SamplerSettings)
    stop: tuple[str, ...] = ()
    finish_sentence: int = 0
    seed: int = 0
    n: int = 1
    top: int = 0  # how many alternatives each Token carries
    nonempty: bool = False  # no stop string and no end of text before the first word
    keep: int = 0  # characters of ``text`` that stay where a server needs a shorter one (memory)
    each: tuple[SamplerSettings, ...] = ()  # one for each candidate, or none

    def settings(self, row: int) -> SamplerSettings:
        """The settings that candidate ``row`` is drawn with."""
        return self.each[row] if self.each else self.sampling


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a backend can do; a front end greys out the rest."""

    candidates: bool = True
    logprobs: bool = True
    score: bool = True
    warm: bool = True
    logits: bool = True
    seeds: bool = True
    stages: frozenset[str] = frozenset()  # sampler stages it honours
    # Settings it does not have: the field's name (or "order") -> why, as a sentence.
    unavailable: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Identity:
    """Which model wrote a reply: a name for people and a hash of its weights.

    ``dtype`` is what it calculated in, e.g. int8; empty where that is not known (a server).
    """

    name: str
    digest: str
    dtype: str = ""


class Backend(Protocol):
    """Something that continues text."""

    @property
    def name(self) -> str:
        """For people, e.g. ``Ember``."""
        ...

    @property
    def n_ctx(self) -> int:
        """Length of the window in tokens."""
        ...

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's tokenizer."""
        ...

    @property
    def identity(self) -> Identity:
        """Stored with each reply."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        ...

    def generate(self, request: Request) -> Iterator[Event]:
        """Continue ``request.tokens``; KnownError before any event if they cannot fit."""
        ...

    def score(self, tokens: tuple[int, ...], top: int = 0) -> Iterator[Prefill | Scored]:
        """How likely each token is after those before it, with the ``top`` likeliest in its place.

        A text longer than the window is read in windows that overlap by half.
        """
        ...

    def warm(self, tokens: tuple[int, ...]) -> Iterator[Prefill]:
        """Read ``tokens`` ahead so that a request that begins with them starts at once."""
        ...

    def next_logits(self) -> NDArray[np.float32] | None:
        """A copy of the raw logits [n_vocab] after the last prompt or token, if there are any."""
        ...

    def close(self) -> None:
        """Free memory and connections."""
        ...
