"""The backend of this machine: a GPT-2 folder, read and continued with torch."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import KnownError
from engine.lm.backend import Capabilities, Event, Identity, Prefill, Request, Scored
from engine.lm.checkpoint import digest, load_model
from engine.lm.config import read_config
from engine.lm.fits import warning
from engine.lm.generate import check, generate
from engine.lm.gpt import GPT
from engine.lm.library import model_name
from engine.lm.quantize import number_type
from engine.lm.reader import Reader
from engine.lm.score import score
from engine.lm.settings import STAGES
from engine.lm.tokenizer import load_tokenizer
from engine.tokens import Tokenizer


class LocalBackend:
    """One model, one KV cache, one piece of work at a time.

    Its iterators belong to one thread; ``next_logits`` may be called from any.
    """

    def __init__(self, model: GPT, tokenizer: Tokenizer, identity: Identity) -> None:
        if tokenizer.n_vocab > model.config.n_vocab:
            raise KnownError(
                f"The tokenizer of {identity.name} has {tokenizer.n_vocab} tokens, but the model only "
                f"{model.config.n_vocab}: files of two different models were mixed."
            )
        self.name = identity.name
        self.n_ctx = model.config.n_ctx
        self.tokenizer = tokenizer
        self.identity = identity
        self.capabilities = Capabilities(stages=frozenset(STAGES))
        self._reader: Reader | None = Reader(model)
        self._busy: Generator[Any, None, None] | None = None

    @classmethod
    def load(
        cls,
        folder: Path,
        *,
        dtype: str = "auto",
        device: str = "auto",
        name: str | None = None,
        notice: Callable[[str], None] | None = None,
    ) -> LocalBackend:
        """Load a model folder in Hugging Face layout.

        Raises:
            KnownError: what is wrong with the folder, and what to do.
        """
        tokenizer = load_tokenizer(folder)
        if notice is not None:
            name = name or model_name(folder)
            if said := warning(read_config(folder), name, dtype, device):
                notice(said)
        model = load_model(folder, dtype=dtype, device=device, notice=notice)
        called = name or model_name(folder)
        return cls(model, tokenizer, Identity(called, digest(folder), number_type(model)))

    @property
    def model(self) -> GPT:
        """The network itself."""
        return self._open().model

    @property
    def seconds_per_token(self) -> float:
        """How long reading a prompt took, per token; 0 before the first."""
        return self._open().seconds_per_token

    def kept(self, tokens: tuple[int, ...]) -> int:
        """How many of ``tokens`` the next request would not have to read again."""
        return self._open().kept(tokens)

    def generate(self, request: Request) -> Iterator[Event]:
        """Continue ``request.tokens``; KnownError before any event if they cannot fit."""
        check(request, self.n_ctx, self.tokenizer.n_vocab)
        return self._run(generate(self._open(), self.tokenizer, request))

    def score(self, tokens: tuple[int, ...], top: int = 0) -> Iterator[Prefill | Scored]:
        """How likely each token is after those before it; the play cache is left alone."""
        return self._run(score(self._open().model, self.tokenizer, tokens, top))

    def warm(self, tokens: tuple[int, ...]) -> Iterator[Prefill]:
        """Read ``tokens`` ahead; those past the window are left out."""
        if not tokens:
            return iter(())
        return self._run(self._open().read(tokens[: self.n_ctx]))

    def next_logits(self) -> NDArray[np.float32] | None:
        """A copy of the raw logits [n_vocab] after the last prompt or token, if there are any."""
        reader = self._reader
        logits = reader.peek() if reader is not None else None
        return None if logits is None else np.array(logits[: self.tokenizer.n_vocab])

    def glance(self) -> tuple[tuple[int, ...], NDArray[np.float32]] | None:
        """The ids read last and ``next_logits`` after them, if there are any; from any thread."""
        reader = self._reader
        seen = reader.glance() if reader is not None else None
        return None if seen is None else (seen[0], np.array(seen[1][: self.tokenizer.n_vocab]))

    def close(self) -> None:
        """Free the model's memory."""
        if self._busy is not None:
            self._busy.close()
        self._reader = None

    def _open(self) -> Reader:
        if self._reader is None:
            raise RuntimeError(f"{self.name} was closed")
        return self._reader

    def _run(self, work: Iterator[Any]) -> Iterator[Any]:
        """Iterate over ``work``; new work ends whatever was left unfinished before it."""

        def run() -> Generator[Any, None, None]:
            yield from work

        if self._busy is not None:
            self._busy.close()
        self._busy = run()
        return self._busy
