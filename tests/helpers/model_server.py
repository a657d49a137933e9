"""A model server on this machine that speaks OpenAI's form and KoboldAI's, and fails as it is told."""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORDS = ("\n\n", "You", " open", " the", " chest", ".", " It", " is", " empty", ".")


@dataclass
class Told:
    """One request as the server got it."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class Behaviour:
    """What it serves and what goes wrong. ``answers`` are given to writing requests, once each."""

    words: Callable[[dict[str, Any], int], tuple[str, ...]] = lambda _body, _row: WORDS
    owner: str = "someone"
    n_ctx: int = 1024
    props: bool = False  # llama.cpp's
    kobold: bool = False
    streams: bool = True  # KoboldCpp; False: KoboldAI itself
    logprobs: str = ""  # "columns", "content"
    key: str = ""  # what a request must bear
    limit: int = 0  # characters of a prompt that are too long
    says_limit: str = "This model's maximum context length is {} tokens. However, you sent more."
    ignores_n: bool = False
    ignores_length: bool = False
    ignores_stop: bool = False
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    before: float = 0.0  # seconds of silence before the first token
    pause: float = 0.0  # between two
    silent_after: int = -1  # tokens, then silence
    cut_after: int = -1  # tokens, then the connection is closed
    no_end: bool = False  # the stream ends without a reason
    told_after: int = -1  # tokens, then an error inside the stream
    told: str = "the graphics card fell over"
    garbage_after: int = -1  # tokens, then what is no JSON
    content_type: str = "text/event-stream"
    raw: bytes | None = None  # the whole body of an answer
    drops: int = 0  # connections closed without an answer


class ModelServer(ThreadingHTTPServer):
    """The server; ``requests`` is what it was asked, ``gone`` is set when a reader left early."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.behaviour = Behaviour()
        self.requests: list[Told] = []
        self.busy = self.busiest = 0  # requests at once, now and at most
        self.counting = threading.Lock()
        self.gone = threading.Event()
        self.writing = threading.Event()
        self.released = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def written(self) -> list[Told]:
        """The requests for a continuation."""
        return [
            r for r in self.requests if r.path.endswith(("/completions", "/generate", "/stream"))
        ]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reader that leaves is nothing to print about."""


class Handler(BaseHTTPRequestHandler):
    """Both protocols."""

    protocol_version = "HTTP/1.1"
    server: ModelServer  # pyright: ignore[reportIncompatibleVariableOverride]

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""

    @property
    def told(self) -> Behaviour:
        return self.server.behaviour

    def do_GET(self) -> None:
        self._note({})
        if not self._allowed():
            return
        b = self.told
        model: dict[str, Any] = {"id": "tiny-model", "object": "model", "owned_by": b.owner}
        if b.owner == "vllm":
            model["max_model_len"] = b.n_ctx
        match self.path:
            case "/v1/models" if not b.kobold:
                self._json({"object": "list", "data": [model]})
            case "/props" if b.props:
                self._json({"default_generation_settings": {"n_ctx": b.n_ctx}})
            case "/api/v1/model" if b.kobold:
                self._json({"result": "koboldcpp/tiny-model"})
            case "/api/extra/version" if b.kobold and b.streams:
                self._json({"result": "KoboldCpp", "version": "1.99"})
            case "/api/v1/config/max_context_length" if b.kobold:
                self._json({"value": b.n_ctx})
            case _:
                self._json({"detail": "Not Found"}, 404)

    def do_POST(self) -> None:
        with self.server.counting:
            self.server.busy += 1
            self.server.busiest = max(self.server.busiest, self.server.busy)
        try:
            self._post()
        finally:
            with self.server.counting:
                self.server.busy -= 1

    def _post(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        body = json.loads(raw) if raw else {}
        self._note(body)
        if not self._allowed():
            return
        match self.path:
            case "/v1/completions":
                self._write(body, body["max_tokens"], body.get("n", 1), self._openai)
            case "/api/extra/generate/stream" if self.told.kobold:
                self._write(body, body["max_length"], 1, self._kobold)
            case "/api/v1/generate" if self.told.kobold:
                text = "".join(self.told.words(body, 0))
                self._json({"results": [{"text": text}]})
            case "/tokenize" | "/extras/tokenize":
                text = body.get("content") or body.get("prompt") or body.get("input") or ""
                self._json({"tokens": list(range(len(text.split()))), "count": len(text.split())})
            case "/api/extra/tokencount":
                count = len(body["prompt"].split())
                self._json({"value": count, "ids": list(range(count))})
            case "/api/extra/abort":
                self._json({"success": "true"})
            case _:
                self._json({"detail": "Not Found"}, 404)

    def _note(self, body: dict[str, Any]) -> None:
        self.server.requests.append(
            Told(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
        )

    def _allowed(self) -> bool:
        key = self.told.key
        if key and self.headers.get("Authorization") != f"Bearer {key}":
            given = self.headers.get("Authorization", "")
            self._json({"error": {"message": f"Incorrect API key provided: {given}"}}, 401)
            return False
        return True

    def _json(self, value: Any, status: int = 200) -> None:
        self._send(status, {"Content-Type": "application/json"}, json.dumps(value).encode())

    def _send(self, status: int, headers: dict[str, str], data: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _write(
        self, body: dict[str, Any], most: int, n: int, form: Callable[..., dict[str, Any]]
    ) -> None:
        b = self.told
        if b.drops:
            b.drops -= 1
            self.close_connection = True
            return
        if b.answers:
            self._send(*b.answers.pop(0))
            return
        if b.limit and len(body["prompt"]) > b.limit:
            self._json({"error": {"message": b.says_limit.format(b.n_ctx)}}, 400)
            return
        if b.raw is not None:
            self._send(200, {"Content-Type": b.content_type}, b.raw)
            return
        self._sleep(b.before)
        self.send_response(200)
        self.send_header("Content-Type", b.content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.server.writing.set()
        try:
            self._rows(body, most, 1 if b.ignores_n else n, form)
        except (BrokenPipeError, ConnectionResetError):
            self.server.gone.set()
            self.close_connection = True

    def _rows(
        self, body: dict[str, Any], most: int, n: int, form: Callable[..., dict[str, Any]]
    ) -> None:
        b = self.told
        stops = [] if b.ignores_stop else body.get("stop") or body.get("stop_sequence") or []
        rows = [_limited(b.words(body, row), most, stops, b) for row in range(n)]
        sent = 0
        for at in range(max(len(words) for words, _ in rows)):
            for row, (words, _) in enumerate(rows):
                if at >= len(words):
                    continue
                if sent == b.silent_after:
                    self._until_gone()
                if sent == b.cut_after:
                    self.close_connection = True
                    return
                if sent == b.garbage_after:
                    self._chunk(b"data: {nonsense\n\n")
                if sent == b.told_after:
                    self._event({"error": {"message": b.told}})
                self._event(form(words[at], row, ""))
                sent += 1
                self._sleep(b.pause)
        if not b.no_end:
            for row, (_, reason) in enumerate(rows):
                self._event(form("", row, reason))
            self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _openai(self, word: str, row: int, finish: str) -> dict[str, Any]:
        choice: dict[str, Any] = {"index": row, "text": word, "finish_reason": finish or None}
        if self.told.logprobs == "columns":
            choice["logprobs"] = {
                "tokens": [word] if word else [],
                "token_logprobs": [-0.5] if word else [],
                "top_logprobs": [{word: -0.5, " other": -1.5}] if word else [],
            }
            choice["token_ids"] = [len(word)] if word else []
        elif self.told.logprobs == "content" and word:
            top = [
                {"id": 7, "token": word, "logprob": -0.5},
                {"id": 8, "token": "x", "logprob": -2},
            ]
            one = {"id": 7, "token": word, "logprob": -0.5, "top_logprobs": top}
            choice["logprobs"] = {"content": [one]}
        return {"id": "cmpl-1", "object": "text_completion", "choices": [choice]}

    def _kobold(self, word: str, row: int, finish: str) -> dict[str, Any]:
        assert row == 0
        return {"token": word, "finish_reason": finish or None}

    def _event(self, value: dict[str, Any]) -> None:
        self._chunk(b"event: message\ndata: " + json.dumps(value).encode() + b"\n\n")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _sleep(self, seconds: float) -> None:
        if seconds:
            self.server.released.wait(seconds)

    def _until_gone(self) -> None:
        """Say nothing until the reader leaves."""
        end = time.monotonic() + 20
        self.connection.settimeout(0.05)
        while time.monotonic() < end and not self.server.released.is_set():
            try:
                if not self.connection.recv(1):
                    raise BrokenPipeError
            except TimeoutError:
                continue
        raise BrokenPipeError


def _limited(
    words: tuple[str, ...], most: int, stops: list[str], b: Behaviour
) -> tuple[tuple[str, ...], str]:
    """What is sent of ``words``, and why it ends."""
    if b.ignores_length:
        return words * 200, "stop"
    out: list[str] = []
    for word in words[:most]:
        out.append(word)
        text = "".join(out)
        for stop in stops:
            if stop in text:  # as servers do: the text before it
                kept = text[: text.index(stop)]
                before = "".join(out[:-1])
                last = kept[len(before) :] if kept.startswith(before) else ""
                return (*out[:-1], *((last,) if last else ())), "stop"
    return tuple(out), "length" if len(words) > most else "stop"


@contextlib.contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[ModelServer]:
    """A server that is there for a while."""
    server = ModelServer(tls)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
