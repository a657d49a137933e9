"""Every way in which a server can fail, as a sentence that says what happened and what to do."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import httpx2
import openai

from engine.errors import KnownError
from engine.lm.remote.keys import Secret, redact
from engine.lm.remote.servers import Server

EXCERPT = 160  # characters of a server's own words that are repeated
RETRY = frozenset({408, 425, 429, 500, 502, 503, 504})
KEPT = "What it wrote so far is kept."


class TransientError(KnownError):
    """A KnownError that may go away by itself: ``wait`` is how long the server asks to wait (s)."""

    def __init__(self, sentence: str, wait: float | None = None) -> None:
        super().__init__(sentence)
        self.wait = wait


class RejectedError(KnownError):
    """The server does not take a request of this form."""


class TooLongError(KnownError):
    """The server's window is shorter than what was sent; ``limit`` is its length, if it says so."""

    def __init__(self, sentence: str, limit: int = 0) -> None:
        super().__init__(sentence)
        self.limit = limit


class OversizedError(Exception):
    """An answer went past every measure."""


class NotTextError(Exception):
    """An answer is of a kind that no model server gives; the text is what it is."""


class Faults:
    """Words failures of one server."""

    def __init__(self, server: Server, secret: Secret | None) -> None:
        self._server = server
        self._secret = secret
        self._name = f"The server at {server.place}"

    def known(self, error: BaseException, *, started: bool) -> KnownError | None:
        """The sentence for an exception; None for one that is a bug. ``started``: in mid-answer."""
        if isinstance(error, KnownError):
            return error
        causes = list(_chain(error))
        for cause in causes:
            if isinstance(cause, OversizedError):
                return self.endless()
            if isinstance(cause, NotTextError):
                return self._strange(str(cause), started=started)
        if isinstance(error, openai.APIStatusError):
            return self._status(error)
        if any(isinstance(c, json.JSONDecodeError | UnicodeDecodeError) for c in causes):
            return self._strange("data that is not JSON", started=started)
        for cause in causes:
            if isinstance(cause, ssl.SSLError):
                return self._tls(cause)
        for cause in causes:
            if (network := self._network(cause, started=started)) is not None:
                return network
        if isinstance(error, openai.APIError):  # told in the middle of a stream
            return self._told(error.message, started=started)
        if any(isinstance(c, OSError) for c in causes):
            return self.cut(started=started)
        return None

    def silent(self, seconds: float, *, started: bool) -> KnownError:
        """Nothing came for ``seconds``."""
        if started:
            return KnownError(
                f"{self._name} fell silent for {seconds:g} seconds in the middle of its answer. {KEPT}"
            )
        return KnownError(
            f"{self._name} has written nothing for {seconds:g} seconds: it is busy, or its model is "
            "too slow for this machine. Try again, or choose another model."
        )

    def endless(self) -> KnownError:
        """More came than was asked for."""
        return KnownError(
            f"{self._name} did not stop where it was asked to; the rest of its answer was left out. {KEPT}"
        )

    def cut(self, *, started: bool) -> KnownError:
        """The connection ended before the answer did."""
        if started:
            return KnownError(
                f"The connection to {self._server.place} broke in the middle of an answer. {KEPT}"
            )
        return TransientError(
            f"{self._name} closed the connection without an answer. Look at its own messages, then "
            "try again."
        )

    def _network(self, cause: BaseException, *, started: bool) -> KnownError | None:
        match cause:
            case socket.gaierror():
                return KnownError(
                    f"There is no machine called '{self._server.host}' in reach: check the server's "
                    "address and the network."
                )
            case ConnectionRefusedError():
                return KnownError(
                    f"Nothing answers at {self._server.place}: start the server, or check its address."
                )
            case httpx2.ConnectTimeout() | httpx2.PoolTimeout():
                return KnownError(
                    f"{self._name} cannot be reached: check its address, the network and its firewall."
                )
            case httpx2.TimeoutException():
                return self.cut(started=started)
            case httpx2.ConnectError():
                if isinstance(cause.__cause__, BaseException):
                    return None  # the cause says more
                return KnownError(
                    f"{self._name} cannot be reached: check its address and the network."
                )
            case httpx2.ProxyError():
                return KnownError(
                    f"The proxy does not let {self._server.place} through: check the proxy settings."
                )
            case httpx2.UnsupportedProtocol() | httpx2.LocalProtocolError():
                return KnownError(f"The address {self._server.url} cannot be used; correct it.")
            case httpx2.RemoteProtocolError() if not started and "illegal" in str(cause).lower():
                return self._strange("something that is not HTTP")
            case httpx2.NetworkError() | httpx2.RemoteProtocolError():
                return self.cut(started=started)
            case httpx2.DecodingError():
                return self._strange("an answer that cannot be unpacked")
        return None

    def _strange(self, what: str, *, started: bool = False) -> KnownError:
        if started:
            return KnownError(f"{self._name} sent {what} in the middle of its answer. {KEPT}")
        return KnownError(
            f"{self._name} answered with {what}: this is not the address of a model server, or its "
            "path is missing (often /v1)."
        )

    def _tls(self, cause: ssl.SSLError) -> KnownError:
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = (cause.verify_message or "it cannot be verified").rstrip(".")
            return KnownError(
                f"The certificate of {self._server.host} is not trusted ({reason}), so nothing was "
                "sent. Check the address, or install the server's certificate on this system."
            )
        return KnownError(
            f"No encrypted connection to {self._server.place} could be made. If the server speaks "
            "plain http, its address begins with http://."
        )

    def _status(self, error: openai.APIStatusError) -> KnownError:
        status = error.status_code
        said = self._said(error.body)
        if status in {400, 413, 422, 500} and _is_too_long(_text_of(error.body)):
            return TooLongError(
                f"The text is longer than the window of the server at {self._server.place}.{said} "
                "Shorten the memory or the reply, or correct the window's length in the server's entry.",
                _limit(_text_of(error.body)),
            )
        match status:
            case 401:
                return KnownError(
                    f"{self._name} wants a key, or another one than it got. Enter the server's key "
                    f"and try again.{said}"
                )
            case 403:
                return KnownError(
                    f"{self._name} does not let this key use the model. Ask its owner, or enter "
                    f"another key.{said}"
                )
            case 404:
                return KnownError(
                    f"{self._name} has no such model or no such path. Choose one of its models and "
                    f"check its address (often it ends in /v1).{said}"
                )
            case 405 | 501:
                return KnownError(
                    f"{self._name} cannot continue text: it may serve chats only, or be of another "
                    f"kind.{said}"
                )
            case 413:
                return TooLongError(
                    f"The text is longer than {self._server.place} accepts.{said} Shorten the memory, "
                    "or set a shorter window in the server's entry."
                )
            case 429:
                return TransientError(
                    f"{self._name} has too much to do or your quota there is used up. Wait a little "
                    f"and try again.{said}",
                    _wait(error.response.headers.get("retry-after")),
                )
            case 503:
                return TransientError(
                    f"{self._name} is not ready: it may still be loading its model. Try again in a "
                    f"moment.{said}",
                    _wait(error.response.headers.get("retry-after")),
                )
        if 300 <= status < 400:
            return KnownError(
                f"{self._name} sends on to another address; enter that one instead, if you trust it."
            )
        if status in RETRY:
            return TransientError(
                f"{self._name} failed (status {status}). Look at its own messages, then try "
                f"again.{said}"
            )
        return RejectedError(
            f"{self._name} did not accept the request (status {status}): its kind or its model may be "
            f"entered wrong.{said}"
        )

    def _told(self, message: str, *, started: bool) -> KnownError:
        if _is_too_long(message):
            return TooLongError(
                f"The text is longer than the window of the server at {self._server.place}. Shorten "
                "the memory or the reply, or correct the window's length in the server's entry.",
                _limit(message),
            )
        kept = f" {KEPT}" if started else ""
        return KnownError(f"{self._name} failed while it was writing.{self._said(message)}{kept}")

    def _said(self, body: object) -> str:
        """The server's own words, short, on one line and without any key."""
        text = redact(" ".join(_text_of(body).split()), self._secret)
        text = "".join(c for c in text if c.isprintable())
        if not text or "<" in text[:20]:  # a web page says nothing here
            return ""
        short = text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"
        return f" It says: “{short.rstrip('. ')}”."


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and what caused it, also inside groups."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions


def _text_of(body: Any) -> str:
    """The message in an error's body, in any of the forms that servers have."""
    for _ in range(4):
        if isinstance(body, str):
            return body[:4000]
        if isinstance(body, list) and body:
            body = body[0]
        elif isinstance(body, dict):
            body = next(
                (body[key] for key in ("message", "msg", "detail", "error") if body.get(key)), ""
            )
        else:
            break
    return ""


_TOO_LONG = (
    "context length",
    "context window",
    "context size",
    "maximum model length",
    "max_model_len",
    "too long",
    "longer than the maximum",
    "exceeds the available context",
    "exceed context",
    "requested tokens",
)


def _is_too_long(message: str) -> bool:
    low = message.lower()
    return any(words in low for words in _TOO_LONG)


def _limit(message: str) -> int:
    """The window's length in a server's complaint: the number behind the words for it, else 0."""
    words = message.lower().replace(",", "").replace("(", " ").replace(")", " ").split()
    numbers = [(at, int(w.strip(".:;=")[:9])) for at, w in enumerate(words) if _whole(w)]
    for key in ("length", "window", "size", "max_model_len"):
        for at, number in numbers:
            if any(key in word for word in words[max(0, at - 3) : at]):
                return number
    return 0


def _whole(word: str) -> bool:
    return word.strip(".:;=").isdecimal()


def _wait(header: str | None) -> float | None:
    """Seconds of a Retry-After header, if it is a number."""
    try:
        seconds = float(header or "")
    except ValueError:
        return None
    return seconds if 0 <= seconds < 3600 else None
