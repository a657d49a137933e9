"""A backend that says what it was told to: for tests of the story and the window (torch-free)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.errors import KnownError
from engine.lm.backend import (
    Alternative,
    Capabilities,
    End,
    Event,
    Finish,
    Identity,
    Prefill,
    Request,
    Scored,
    Token,
)
from engine.lm.stops import Holdback, ends_sentence


class ByteTokenizer:
    """Ids are bytes; 256 ends a text. Enough of a tokenizer for tests."""

    n_vocab = 257
    end_of_text: int | None = 256
    exact = True

    def encode(self, text: str) -> list[int]:
        """UTF-8 bytes; a lone surrogate becomes a question mark."""
        return list(text.encode("utf-8", "replace"))

    def decode(self, ids: Iterable[int]) -> str:
        """The text of the bytes."""
        return self.decode_bytes(ids).decode("utf-8", "replace")

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """The bytes themselves, 256 left out."""
        return bytes(i for i in ids if i < 256)

    def count(self, text: str) -> int:
        """Number of bytes."""
        return len(self.encode(text))

    def is_special(self, token: int) -> bool:
        """True for 256."""
        return token >= 256


Script = Sequence[str] | Callable[[Request, int], str]


class ScriptedBackend:
    """Answers request after request with the next text of a script, a word at a time.

    ``script`` is a list of replies, used in turn and from the start again (candidate ``row`` takes
    the reply after the one before it), or a function of the request and the row. ``delay`` is
    seconds per token and per prefill step, so that cancelling can be seen.
    """

    def __init__(
        self, script: Script, *, n_ctx: int = 1024, delay: float = 0.0, name: str = "Scripted"
    ) -> None:
        self.name = name
        self.n_ctx = n_ctx
        self.tokenizer = ByteTokenizer()
        self.capabilities = Capabilities()
        self.requests: list[Request] = []
        self.warmed: list[tuple[int, ...]] = []
        self._script = script
        self._next = 0
        self._seen: tuple[int, ...] = ()  # what was read and written last
        self._delay = delay

    @property
    def identity(self) -> Identity:
        """The name, and a hash of it."""
        return Identity(self.name, hashlib.sha256(self.name.encode()).hexdigest()[:16])

    def generate(self, request: Request) -> Iterator[Event]:
        """The next reply of the script, cut by stop strings and ``max_tokens`` like a real one."""
        if len(request.tokens) + request.max_tokens > self.n_ctx:
            raise KnownError("The text is longer than the model's window.")
        self.requests.append(request)
        return self._generate(request)

    def _generate(self, request: Request) -> Iterator[Event]:
        yield from self._read(len(request.tokens))
        self._seen = request.tokens
        for row in range(request.n):
            yield from self._row(request, row, self._reply(request, row))

    def _row(self, request: Request, row: int, reply: str) -> Iterator[Event]:
        hold = Holdback(request.stop)
        ids = self.tokenizer.encode(reply)
        shown = ""
        for n, token in enumerate(ids):
            if n >= request.max_tokens:
                if n >= request.max_tokens + request.finish_sentence:
                    yield from hold.flush()
                    yield End(row, Finish.LENGTH)
                    return
                if ends_sentence(shown):
                    yield from hold.flush()
                    yield End(row, Finish.SENTENCE)
                    return
            self._pause()
            if row == 0:
                self._seen = (*request.tokens, *ids[:n])
            text = self._text_at(ids, n)
            shown += text
            yield from hold.push(
                Token(row, token, text, -1.0, (Alternative(token, text, -1.0),) * bool(request.top))
            )
            if hold.stopped:
                yield End(row, Finish.STOP)
                return
        yield from hold.flush()
        yield End(row, Finish.END)

    def _text_at(self, ids: list[int], n: int) -> str:
        """The character that byte ``n`` completes, or nothing."""
        start = n
        while start and ids[start] & 0xC0 == 0x80:
            start -= 1
        try:
            return bytes(ids[start : n + 1]).decode()
        except UnicodeDecodeError:
            return ""

    def _reply(self, request: Request, row: int) -> str:
        if callable(self._script):
            return self._script(request, row)
        if not self._script:
            return ""
        reply = self._script[self._next % len(self._script)]
        self._next += 1
        return reply

    def _read(self, total: int) -> Iterator[Prefill]:
        for done in range(0, total, 64):
            self._pause()
            yield Prefill(done, total)
        yield Prefill(total, total)

    def _pause(self) -> None:
        if self._delay:
            time.sleep(self._delay)

    def score(self, tokens: tuple[int, ...], top: int = 0) -> Iterator[Prefill | Scored]:
        """Every byte is as likely as every other."""
        yield from self._read(len(tokens))
        even = float(-np.log(257.0))
        best = tuple(Alternative(97 + i, chr(97 + i), even) for i in range(top))
        for n, token in enumerate(tokens):
            yield Scored(token, even, 0, best) if n else Scored(token, None, None)

    def warm(self, tokens: tuple[int, ...]) -> Iterator[Prefill]:
        """Note what would be read ahead."""
        self.warmed.append(tokens)
        yield from self._read(len(tokens))
        self._seen = tokens

    def next_logits(self) -> NDArray[np.float32] | None:
        """A row in which the letter e leads."""
        row = np.zeros(self.tokenizer.n_vocab, np.float32)
        row[ord("e")] = 3.0
        return row

    def glance(self) -> tuple[tuple[int, ...], NDArray[np.float32]] | None:
        """The ids read last and ``next_logits`` after them, if anything was read."""
        logits = self.next_logits()
        return (self._seen, logits) if self._seen and logits is not None else None

    def close(self) -> None:
        """Nothing to free."""
