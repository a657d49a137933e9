"""The thread in which a server is talked to, and its bounded HTTP client.

Waiting for a server must never keep a reader from stopping: a stream reports silence several times
a second, and closing it closes the connection at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import ssl
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Generator
from concurrent.futures import TimeoutError as LateError
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx2

from engine.lm.remote.http_faults import NotTextError, OversizedError
from engine.lm.remote.servers import Server, is_local

T = TypeVar("T")

HEARTBEAT = 0.1  # seconds between two reports of silence
MAX_ANSWER = 4 << 20  # bytes of an answer that is no stream
MAX_STREAM = 32 << 20  # bytes of any stream: more than every window full of alternatives
CLOSING = 3.0  # seconds to tell the server that nobody listens any more


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait: for a connection, the first token, each further one, and a short answer."""

    connect: float = 10.0
    first: float = 180.0
    silent: float = 60.0
    answer: float = 10.0
    retries: tuple[float, ...] = (0.5, 2.0)  # before the first token only


class _Bounded(httpx2.AsyncByteStream):
    """A body that may not be longer than ``most`` bytes."""

    def __init__(self, stream: httpx2.AsyncByteStream, most: int) -> None:
        self._stream = stream
        self._left = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            self._left -= len(part)
            if self._left < 0:
                raise OversizedError
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _check(response: httpx2.Response) -> None:
    """Bound a response, and refuse what no model server sends, before any of it is read."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    streams = kind == "text/event-stream"
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Bounded(response.stream, MAX_STREAM if streams else MAX_ANSWER)
    if not response.is_success:
        return
    packed = response.headers.get("content-encoding", "identity").lower()
    if packed not in {"identity", ""}:
        raise NotTextError("packed data that was not asked for")
    if kind in {"text/html", "application/xhtml+xml"}:
        raise NotTextError("a web page")
    if not streams and not kind.endswith("json"):
        raise NotTextError(f"data of the kind '{kind:.60}'" if kind else "data of no kind")


def http_client(
    server: Server, patience: Patience, transport: httpx2.AsyncBaseTransport | None = None
) -> httpx2.AsyncClient:
    """A client for one server: certificates are verified, no redirect is followed."""
    return httpx2.AsyncClient(
        timeout=httpx2.Timeout(None, connect=patience.connect, write=patience.silent),
        follow_redirects=False,
        verify=_trust(server),
        trust_env=not is_local(server.host),  # no proxy leads back to this machine
        headers={"Accept-Encoding": "identity"},
        event_hooks={"response": [_check]},
        transport=transport,
    )


def _trust(server: Server) -> ssl.SSLContext:
    """What a certificate is checked against; for plain http, which has none, nothing is read."""
    if server.url.startswith("https:"):
        return httpx2.create_ssl_context()
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody


class Wire:
    """One thread with one event loop, begun at the first use and ended by ``close``."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="server", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    @property
    def closed(self) -> bool:
        """Whether the thread has ended."""
        return self._loop.is_closed()

    def ask(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        """The result of a coroutine; TimeoutError if it takes longer than ``seconds``."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(seconds)
        except LateError:
            raise TimeoutError from None
        finally:
            future.cancel()

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Start a coroutine whose result nobody waits for."""
        if self.closed:
            work.close()
            return
        asyncio.run_coroutine_threadsafe(work, self._loop)

    def stream(self, source: AsyncGenerator[T, None]) -> Generator[T | None, None, None]:
        """Items of ``source`` as they come, and None for every moment in which none did.

        Closing the iterator cancels ``source`` and waits until its connection is closed.
        """
        box: queue.SimpleQueue[tuple[T | None, BaseException | None, bool]] = queue.SimpleQueue()
        closed = threading.Event()

        async def pump() -> None:
            try:
                async for item in source:
                    box.put((item, None, False))
                box.put((None, None, True))
            except Exception as error:  # noqa: BLE001  it is raised where the items are taken
                box.put((None, error, True))
            finally:
                try:
                    await source.aclose()
                finally:
                    closed.set()

        future = asyncio.run_coroutine_threadsafe(pump(), self._loop)
        try:
            while True:
                try:
                    item, error, over = box.get(timeout=HEARTBEAT)
                except queue.Empty:
                    yield None
                    continue
                if error is not None:
                    raise error
                if over:
                    return
                yield item
        finally:
            future.cancel()
            closed.wait(CLOSING)

    def close(self) -> None:
        """Cancel what is under way and end the thread."""
        if self.closed:
            return
        with contextlib.suppress(TimeoutError):
            self.ask(self._cancel_all(), CLOSING)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CLOSING)
        if not self._thread.is_alive():
            self._loop.close()

    async def _cancel_all(self) -> None:
        own = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not own]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._loop.shutdown_default_executor()  # where names were looked up
