"""The Hugging Face Hub: what a repository holds, and the bytes of its files.

``huggingface_hub`` gives the session (proxies, offline mode), the headers (the user's token) and the
addresses. Its own downloader knows neither cancelling nor a check of what arrives, so the bytes are
read here. Nothing is sent but these requests; the endpoint is ``HF_ENDPOINT`` or the Hub.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from engine.lm import hub_faults

DEFAULT_ENDPOINT = "https://huggingface.co"
MAX_ANSWER_BYTES = 16 << 20
MAX_FILES = 20_000
_SHA = {40: "git", 64: "sha256"}
_HEX = re.compile(r"[0-9a-f]+")
_RANGE = re.compile(r"bytes (\d+)-\d*/(?:\d+|\*)")


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a repository: its size, and its SHA-256 (large files) or git's SHA-1 of it."""

    name: str
    size: int
    sha: str  # 64 hex digits, or 40 for git's


@dataclass(frozen=True, slots=True)
class HubModel:
    """What the Hub says about one repository at one commit."""

    repo: str
    commit: str
    licence: str
    files: dict[str, HubFile]


class Hub:
    """One repository on the Hub. ``silence`` is how many seconds without a byte count as broken."""

    def __init__(self, repo: str, *, silence: float = 15.0) -> None:
        from huggingface_hub import constants

        # Read when the request is made, not when the library was first imported; and neither the
        # machine's software nor the shell it runs in are told to anybody (or asked about).
        constants.HF_HUB_DISABLE_TELEMETRY = True
        self.repo = repo
        self.endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or DEFAULT_ENDPOINT
        self.silence = silence

    @property
    def host(self) -> str:
        """The endpoint's name, for sentences."""
        return urlsplit(self.endpoint).netloc.rpartition("@")[2] or self.endpoint[:60]

    def ask(self, revision: str) -> HubModel:
        """The files of a revision, pinned to the commit it stands for now.

        Raises:
            Passing: asking again later may help.
            KnownError: it will not.
        """
        address = f"{self.endpoint}/api/models/{self.repo}/revision/{quote(revision, safe='')}"
        with self._get(f"{address}?blobs=true") as response:
            body = bytearray()
            with self._translated():
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > MAX_ANSWER_BYTES:
                        raise hub_faults.not_the_hub(self.host)
        try:
            return _parse(self.repo, json.loads(body))
        except (ValueError, RecursionError):
            raise hub_faults.not_the_hub(self.host) from None

    @contextlib.contextmanager
    def open(self, commit: str, name: str, start: int = 0) -> Iterator[tuple[int, Iterator[bytes]]]:
        """The bytes of a file from ``start`` on, and where they really start: 0 or ``start``.

        Raises:
            Passing: asking again later may help.
            KnownError: it will not.
        """
        from huggingface_hub import hf_hub_url

        address = hf_hub_url(self.repo, name, revision=commit, endpoint=self.endpoint)
        headers = {"Range": f"bytes={start}-"} if start else {}
        with self._get(address, headers) as response:
            if "text/html" in response.headers.get("content-type", ""):
                raise hub_faults.not_the_hub(self.host)
            begins = 0
            if response.status_code == 206:
                found = _RANGE.match(response.headers.get("content-range", ""))
                begins = int(found[1]) if found else start
                if begins != start:
                    raise hub_faults.not_the_hub(self.host)
            yield begins, self._chunks(response)

    def _chunks(self, response: Any) -> Generator[bytes, None, None]:
        with self._translated():
            yield from response.iter_raw()

    @contextlib.contextmanager
    def _get(self, address: str, headers: dict[str, str] | None = None) -> Iterator[Any]:
        from huggingface_hub import get_session
        from huggingface_hub.utils import build_hf_headers

        sent = build_hf_headers(library_name="brass-lantern")
        sent |= {"Accept-Encoding": "identity", **(headers or {})}
        with contextlib.ExitStack() as stack:
            with self._translated():
                stream = get_session().stream("GET", address, headers=sent, timeout=self.silence)
                response = stack.enter_context(stream)
            status = response.status_code
            if status not in (200, 206):
                raise hub_faults.refusal(self.host, self.repo, status, response.headers)
            yield response

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """What the network's libraries raise, as what a person understands."""
        import httpx2
        from huggingface_hub.errors import OfflineModeIsEnabled

        try:
            yield
        except OfflineModeIsEnabled:
            raise hub_faults.forbidden_offline() from None
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, UnicodeError):
            raise hub_faults.bad_endpoint(self.endpoint) from None
        except httpx2.HTTPError as error:
            raise hub_faults.broken(self.host, error) from None


def _parse(repo: str, data: object) -> HubModel:
    """The API's answer, of which nothing is believed unseen; ValueError if it is another's."""
    match data:
        case {"sha": str(commit), "siblings": list(siblings), **rest} if (
            _HEX.fullmatch(commit) and len(commit) == 40 and len(siblings) <= MAX_FILES
        ):
            pass
        case _:
            raise ValueError("no answer of the Hub")
    files: dict[str, HubFile] = {}
    for entry in siblings:
        match entry:
            case {"rfilename": str(name), "lfs": {"size": int(size), "sha256": str(sha)}}:
                pass
            case {"rfilename": str(name), "size": int(size), "blobId": str(sha)}:
                pass
            case _:
                continue  # without a size and a hash it cannot be checked: as good as not there
        if size >= 0 and len(sha) in _SHA and _HEX.fullmatch(sha):
            files[name] = HubFile(name, size, sha)
    card = rest.get("cardData")
    licence = card.get("license") if isinstance(card, dict) else None
    return HubModel(repo, commit, str(licence)[:80] if licence else "", files)
