"""A backend that lets a server write."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from typing import TYPE_CHECKING

import httpx2

from engine.errors import KnownError
from engine.lm.backend import Capabilities, Event, Identity, Prefill, Request, Retract, Scored
from engine.lm.remote.answers import plain_name
from engine.lm.remote.http_faults import Faults, RejectedError, TooLongError, TransientError
from engine.lm.remote.keys import Secret
from engine.lm.remote.kobold_server import KoboldServer
from engine.lm.remote.openai_server import OpenAIServer
from engine.lm.remote.remote_tokenizer import RemoteTokenizer
from engine.lm.remote.rows import Row
from engine.lm.remote.sampler_names import DIALECTS, stages, unavailable
from engine.lm.remote.servers import SMALLEST_WINDOW, Kind, Server
from engine.lm.remote.shrink import shrink
from engine.lm.remote.speaker import Ask, Chunk, Facts, Speaker
from engine.lm.remote.wire import Patience, Wire, http_client

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ASSUMED_WINDOW = 2048  # tokens, where neither the server nor its entry says
SHORTER = 0.7  # of a window that proved too long, where the server does not say its own length
SPARE = 0.95  # of what fits: a part has now and then more tokens than its share
SPARE_OF_ESTIMATE = 0.7  # small vocabularies need more tokens than are estimated
TRIES = 3  # for a candidate that ended before its first word
MAX_CANDIDATES = 64
OWN_TOKENS = 2  # that a server may put around a prompt
COUNTERS = 4  # texts that are sent to be counted at a time
_SEEDS = 1 << 31


class RemoteBackend:
    """One server, one piece of work at a time; ``warnings`` are sentences for the person."""

    def __init__(
        self,
        server: Server,
        secret: Secret | None = None,
        *,
        patience: Patience | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._patience = patience or Patience()
        self._faults = Faults(server, secret)
        self._server = server
        self._wire = Wire()
        self._busy: Generator[Event, None, None] | None = None
        self._counting = asyncio.Semaphore(COUNTERS)
        self._alone = asyncio.Lock()  # held by what may not be disturbed
        self._client = http_client(server, self._patience, transport)
        try:
            self._speaker, facts = self._introduce(secret)
        except BaseException:
            self._hang_up()
            raise
        self.facts = facts
        self.begin = ""  # what every prompt begins with, for a model that was taught so
        self.n_ctx = server.n_ctx or facts.n_ctx or ASSUMED_WINDOW
        self.tokenizer = RemoteTokenizer(self._count if facts.tokenizes else None)
        self.name = plain_name(facts.model) or server.name
        self.identity = Identity(self.name, _digest(facts))
        self.capabilities = Capabilities(
            logprobs=DIALECTS[facts.kind].alternatives > 0,
            score=False,
            warm=False,
            logits=False,
            stages=stages(facts.kind),
            unavailable=unavailable(facts.kind),
        )
        known = server.n_ctx or facts.n_ctx
        self.warnings = tuple(
            sentence
            for sentence in (
                server.warning,
                ""
                if known
                else f"The server does not say how long its window is: {self.n_ctx} "
                "tokens are assumed. Enter the length if you know it.",
            )
            if sentence
        )

    def _introduce(self, secret: Secret | None) -> tuple[Speaker, Facts]:
        """Ask the server what it is; which language to speak with it."""
        empty = Facts(self._server.kind, self._server.model)
        speaker: Speaker
        if self._server.kind is Kind.KOBOLD:
            speaker = KoboldServer(self._server, secret, self._client, empty)
            return speaker, self._described(speaker)
        speaker = OpenAIServer(self._server, secret, self._client, empty)
        try:
            facts = self._described(speaker)
        except KnownError:
            if self._server.kind is not Kind.AUTO:
                raise
            kobold = KoboldServer(self._server, secret, self._client, empty)
            with contextlib.suppress(KnownError):  # the first answer is the one to tell
                return kobold, self._described(kobold)
            raise
        if self._server.kind is Kind.AUTO and facts.kind is Kind.OPENAI:
            kobold = KoboldServer(self._server, secret, self._client, empty)
            try:
                own = self._described(kobold)
            except KnownError:
                own = None
            if own is not None and own.model and own.version:
                return kobold, own
        return speaker, facts

    def _described(self, speaker: Speaker) -> Facts:
        seconds = self._patience.answer
        try:
            return self._wire.ask(speaker.describe(), seconds)
        except TimeoutError:
            raise self._faults.silent(seconds, started=False) from None
        except Exception as error:
            known = self._faults.known(error, started=False)
            if known is None:
                raise
            raise known from None

    def generate(self, request: Request) -> Iterator[Event]:
        """Continue ``request.text``; KnownError before any event if it cannot be asked."""
        if not request.text.strip():
            raise KnownError("There is nothing to continue: the prompt is empty.")
        if request.max_tokens < 1 or request.n < 1:
            raise KnownError("At least one token of one continuation has to be asked for.")
        if request.n > MAX_CANDIDATES:
            raise KnownError(f"At most {MAX_CANDIDATES} continuations can be written side by side.")
        if self._busy is not None:
            self._busy.close()
        self._busy = self._generate(request)
        return self._busy

    def _generate(self, request: Request) -> Generator[Event, None, None]:
        total = len(request.tokens)
        yield Prefill(0, total)
        rows = [Row(row, request) for row in range(request.n)]
        text = request.text
        try:
            yield from self._write(request, text, rows)
        except (TooLongError, RejectedError) as error:
            if any(row.started for row in rows):
                raise
            if isinstance(error, TooLongError):
                text = self._shorter(request, error.limit)
                yield from self._write(request, text, rows)
            elif len(rows) == 1:
                raise
            # else: it may not know how to write several at once; each is asked for below
        for attempt in range(1, TRIES + 1):
            again = [row for row in rows if not row.ended]
            for row in again:  # one by one: what is left ended before its first word
                if attempt == TRIES:
                    yield from row.close()
                else:
                    yield from self._write(request, text, [row], attempt)

    def _shorter(self, request: Request, limit: int) -> str:
        """The text to try once more, and a shorter window from now on."""
        room = request.max_tokens + request.finish_sentence
        old = self.n_ctx
        self.n_ctx = (
            limit if SMALLEST_WINDOW <= limit < old else max(int(old * SHORTER), SMALLEST_WINDOW)
        )
        counted = self._counted(request.text)
        spare = SPARE if counted else SPARE_OF_ESTIMATE
        fits = max(self.n_ctx - room - OWN_TOKENS, self.n_ctx // 4) * spare
        share = min(fits / max(counted or len(request.tokens), 1), SHORTER)
        return shrink(request.text, request.keep, share)

    def _counted(self, text: str) -> int:
        """How many tokens the server makes of a text; 0 where it does not say."""
        if not self.facts.tokenizes:
            return 0
        try:
            return len(self._wire.ask(self._speaker.tokenize(text), self._patience.answer))
        except Exception:  # noqa: BLE001  an estimate has to do
            return 0

    def _write(
        self, request: Request, text: str, rows: list[Row], attempt: int = 0
    ) -> Iterator[Event]:
        """One request for ``rows``, asked again where it failed before the first token."""
        seeds = tuple((request.seed + row.row + attempt * 7919) % _SEEDS for row in rows)
        longest = request.max_tokens + request.finish_sentence
        if text is request.text:  # a full window leaves the answer what the server's own ids take
            longest = min(longest, max(self.n_ctx - len(request.tokens) - OWN_TOKENS, 1))
        ask = Ask(
            self.begin + text,
            longest,
            tuple(row.row for row in rows),
            seeds,
            tuple(request.settings(row.row) for row in rows),
            request.stop,
            request.top,
        )
        by_row = {row.row: row for row in rows}
        stream = self._wire.stream(self._patiently(lambda: self._speaker.write(ask)))
        heard = time.monotonic()
        started = False
        try:
            for chunk in stream:
                now = time.monotonic()
                if chunk is None:
                    self._check_patience(now - heard, started=started)
                    # A sign of life, so that whoever iterates can stop in the middle of silence.
                    yield Retract(rows[0].row, 0) if started else Prefill(0, len(request.tokens))
                    continue
                heard = now
                if not started:
                    yield Prefill(len(request.tokens), len(request.tokens))
                started = True
                row = by_row.get(chunk.row)
                if row is None:
                    continue
                for piece in chunk.pieces:
                    self.tokenizer.remember(piece.id, piece.text)
                    for other in piece.top:
                        self.tokenizer.remember(other.id, other.text)
                yield from row.take(chunk)
                if row.endless:
                    raise self._faults.endless()
                if all(one.ended or one.again for one in rows):
                    return
        except KnownError:
            raise
        except Exception as error:
            known = self._faults.known(error, started=started)
            if known is None:
                raise
            raise known from None
        finally:
            stream.close()
        yield from self._over(rows, started=started)

    def _over(self, rows: list[Row], *, started: bool) -> Iterator[Event]:
        """The stream is over: rows that have not ended were cut off."""
        for row in rows:
            if not row.again:
                yield from row.close()
        if any(not row.ended and not row.again and row.started for row in rows) or not started:
            raise self._faults.cut(started=started)

    def _check_patience(self, silence: float, *, started: bool) -> None:
        most = self._patience.silent if started else self._patience.first
        if silence > most:
            raise self._faults.silent(most, started=started)

    async def _patiently(
        self, write: Callable[[], AsyncGenerator[Chunk, None]]
    ) -> AsyncGenerator[Chunk, None]:
        """Chunks; while none has come, failures that may pass are tried again after a while."""
        waits = list(self._patience.retries)
        while True:
            work, started = write(), False
            try:
                async with self._undisturbed():
                    async for chunk in work:
                        started = True
                        yield chunk
            except Exception as error:
                known = self._faults.known(error, started=started)
                if started or known is None or not isinstance(known, TransientError) or not waits:
                    raise
                wait = waits.pop(0) if known.wait is None else max(known.wait, waits.pop(0))
                if wait > self._patience.answer:
                    raise
            else:
                return
            finally:
                await work.aclose()
            await asyncio.sleep(wait)

    def _undisturbed(self) -> contextlib.AbstractAsyncContextManager[object]:
        """A turn of one's own with servers that do one thing at a time."""
        return self._alone if DIALECTS[self.facts.kind].alone else contextlib.nullcontext()

    def _count(self, text: str) -> None:
        """Have a text counted while something else goes on."""

        async def count() -> None:
            ids: tuple[int, ...] = ()
            async with self._counting, self._undisturbed():
                try:
                    seconds = self._patience.answer
                    ids = await asyncio.wait_for(self._speaker.tokenize(text), seconds)
                except Exception:  # noqa: BLE001  an estimate is good enough
                    ids = ()
            self.tokenizer.learn(text, ids)

        self._wire.begin(count())

    def score(self, tokens: tuple[int, ...], top: int = 0) -> Iterator[Prefill | Scored]:  # noqa: ARG002
        """Not offered by servers.

        Raises:
            KnownError: always.
        """
        raise KnownError(
            "How likely each word is can be told by models on this machine only, not by a server."
        )

    def warm(self, tokens: tuple[int, ...]) -> Iterator[Prefill]:  # noqa: ARG002
        """Nothing: a server keeps what it has read by itself."""
        return iter(())

    def next_logits(self) -> NDArray[np.float32] | None:
        """None: servers do not tell them."""
        return None

    def close(self) -> None:
        """End what is under way and close the connections."""
        if self._busy is not None:
            self._busy.close()
            self._busy = None
        self._hang_up()

    def _hang_up(self) -> None:
        if not self._wire.closed:
            with contextlib.suppress(TimeoutError):
                self._wire.ask(self._client.aclose(), self._patience.answer)
        self._wire.close()


def _digest(facts: Facts) -> str:
    """Which model it is, as far as a server says; no address and no path is in it."""
    said = f"{facts.kind}\n{plain_name(facts.model)}\n{facts.n_ctx}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]
