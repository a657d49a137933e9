"""A Hub on this machine: the requests that a download makes of the real one, and its faults."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import huggingface_hub
import pytest

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = 4096  # bytes from which on a file is kept with LFS and served from elsewhere


@dataclass
class Faults:
    """What goes wrong. ``answers`` are given once each, to requests for ``api`` or a file's name."""

    answers: dict[str, list[tuple[int, dict[str, str], bytes]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    cuts: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))  # bytes to send
    corrupt: dict[str, int] = field(default_factory=lambda: defaultdict(int))  # times
    pause: float = 0.0  # seconds between two pieces
    silent: float = 0.0  # seconds of silence before a file's first byte
    ignore_range: bool = False
    endless: bool = False
    token: str = ""  # what a request must bear


class FakeHub:
    """One repository of a folder's files, under any number of names."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        self.address = address
        self.repos = {"someone/tiny", "openai-community/gpt2"}
        self.revisions = {"main", COMMIT}
        self.licence = "mit"
        self.faults = Faults()
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.sent: dict[str, int] = defaultdict(int)  # bytes of each file

    def siblings(self) -> list[dict[str, Any]]:
        """The list of files as the API gives it."""
        found = []
        for path in sorted(self.folder.iterdir()):
            data = path.read_bytes()
            entry: dict[str, Any] = {"rfilename": path.name, "size": len(data)}
            entry["blobId"] = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            if len(data) >= LARGE:
                sha = hashlib.sha256(data).hexdigest()
                entry["lfs"] = {"sha256": sha, "size": len(data), "pointerSize": 130}
            found.append(entry)
        return found


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[FakeHub]:
    """A running server; everything in ``folder`` is in its repository."""

    class Handler(_Handler):
        hub: FakeHub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub = Handler.hub = FakeHub(folder, f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def used(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """Downloads ask this hub, through no proxy and with no token of the user's."""
    monkeypatch.setenv("HF_ENDPOINT", hub.address)
    monkeypatch.setenv("HF_TOKEN_PATH", os.devnull)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", os.devnull)
    for variable in ("HF_TOKEN", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    huggingface_hub.close_session()  # it remembers proxies
    yield hub
    huggingface_hub.close_session()


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or every answer waits 40 ms for an acknowledgement

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError, TimeoutError):  # the other side went away
            super().handle()

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        headers = {key.lower(): value for key, value in self.headers.items()}
        self.hub.requests.append((self.command, self.path, headers))
        parts = path.strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            self._api(parts)
        elif "resolve" in parts:
            self._resolve(parts)
        elif parts[0] == "cdn":
            self._file(parts[-1])
        else:
            self._answer(404, {}, b"Not Found")

    def _api(self, parts: list[str]) -> None:
        if canned := self.hub.faults.answers["api"]:
            self._answer(*canned.pop(0))
            return
        repo, revision = "/".join(parts[2:4]), "/".join(parts[5:]) or "main"
        if repo not in self.hub.repos or not self._allowed():
            self._answer(401, {"X-Error-Code": "RepoNotFound"}, b'{"error": "not found"}')
        elif revision not in self.hub.revisions:
            self._answer(404, {"X-Error-Code": "RevisionNotFound"}, b'{"error": "no revision"}')
        else:
            data = {
                "id": repo,
                "modelId": repo,
                "sha": COMMIT,
                "cardData": {"license": self.hub.licence},
                "siblings": self.hub.siblings(),
            }
            kind = {"Content-Type": "application/json; charset=utf-8"}
            self._answer(200, kind, json.dumps(data).encode())

    def _resolve(self, parts: list[str]) -> None:
        name = parts[-1]
        path = self.hub.folder / name
        if canned := self.hub.faults.answers[name]:
            self._answer(*canned.pop(0))
        elif not path.is_file():
            self._answer(404, {"X-Error-Code": "EntryNotFound"}, b"Entry not found")
        elif path.stat().st_size >= LARGE:
            sha = hashlib.sha256(path.read_bytes()).hexdigest()
            headers = {
                "Location": f"{self.hub.address}/cdn/{name}",
                "X-Repo-Commit": COMMIT,
                "X-Linked-Size": str(path.stat().st_size),
                "X-Linked-ETag": f'"{sha}"',
            }
            self._answer(302, headers, b"")
        else:
            self._file(name)

    def _file(self, name: str) -> None:
        faults, whole = self.hub.faults, (self.hub.folder / name).read_bytes()
        start, status, headers = 0, 200, {"Content-Type": "application/octet-stream"}
        asked = self.headers.get("Range", "")
        if asked and not faults.ignore_range:
            start, status = int(asked.removeprefix("bytes=").partition("-")[0]), 206
            if start >= len(whole):
                self._answer(416, {"Content-Range": f"bytes */{len(whole)}"}, b"")
                return
            headers["Content-Range"] = f"bytes {start}-{len(whole) - 1}/{len(whole)}"
        data = whole[start:]
        if faults.corrupt[name]:
            faults.corrupt[name] -= 1
            data = data[:-1] + bytes([data[-1] ^ 0xFF])
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        small = hashlib.sha1(b"blob %d\0" % len(whole) + whole).hexdigest()
        etag = small if len(whole) < LARGE else hashlib.sha256(whole).hexdigest()
        self.send_header("ETag", f'"{etag}"')
        self.send_header("X-Repo-Commit", COMMIT)
        if faults.endless:
            self.send_header("Connection", "close")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "HEAD":
            return
        time.sleep(faults.silent)
        cut = faults.cuts[name].pop(0) if faults.cuts[name] else None
        piece = 1 << 14
        for at in range(0, len(data) if cut is None else cut, piece):
            part = data[at : at + piece] if cut is None else data[at : min(at + piece, cut)]
            self.wfile.write(part)
            self.hub.sent[name] += len(part)
            time.sleep(faults.pause)
        if cut is not None:
            self.wfile.flush()
            self.close_connection = True
            return
        while faults.endless:
            self.wfile.write(data)

    def _allowed(self) -> bool:
        token = self.hub.faults.token
        return not token or self.headers.get("Authorization") == f"Bearer {token}"

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
