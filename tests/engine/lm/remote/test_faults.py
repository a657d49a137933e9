"""Every bad server ends in a sentence, and what it wrote before is kept; ``docs/faults.md`` lists them."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from engine.errors import KnownError
from engine.lm.backend import Finish, Token
from engine.lm.remote import wire
from engine.lm.remote.keys import Secret
from engine.lm.remote.remote_backend import RemoteBackend
from engine.lm.remote.servers import Kind, Server
from tests.engine.lm.remote.asking import ends, request, texts, until_fault
from tests.engine.lm.remote.conftest import QUICK, Connect
from tests.helpers.model_server import WORDS, Behaviour, ModelServer, serving

DOCS = Path(__file__).resolve().parents[4] / "docs" / "faults.md"
JSON = {"Content-Type": "application/json"}
SECTION = "## Servers"


def _answer(status: int, text: str = "", **headers: str) -> Callable[[Behaviour], None]:
    def arrange(told: Behaviour) -> None:
        body = b'{"error": {"message": "%s"}}' % text.encode() if text else b"{}"
        told.answers = [(status, JSON | headers, body)] * 9

    return arrange


def _set(**values: Any) -> Callable[[Behaviour], None]:
    def arrange(told: Behaviour) -> None:
        for name, value in values.items():
            setattr(told, name, value)

    return arrange


# Faults of a server that is there: what it does, and how many tokens of the reply arrive before.
WRITING: dict[str, tuple[Callable[[Behaviour], None], int]] = {
    "slow: nothing is written": (_set(before=30), 0),
    "silent in mid-answer": (_set(silent_after=3), 3),
    "cut in mid-answer": (_set(cut_after=3), 3),
    "the answer has no end": (_set(no_end=True), len(WORDS)),
    "cut before the answer": (_set(drops=99), 0),
    "no JSON in mid-answer": (_set(garbage_after=3), 3),
    "no JSON at all": (_set(raw=b"data: what?\n\n"), 0),
    "a web page": (_set(raw=b"<html>Welcome</html>", content_type="text/html"), 0),
    "another kind of data": (_set(raw=b"\x89PNG", content_type="image/png"), 0),
    "an error inside the answer": (_set(told_after=3), 3),
    "endless": (_set(ignores_length=True), 20),
    "400, bad request": (_answer(400, "unknown field"), 0),
    "401, no key or a wrong one": (_answer(401), 0),
    "403, not allowed": (_answer(403), 0),
    "404, wrong path or model": (_answer(404), 0),
    "405, no completions": (_answer(405), 0),
    "413, too much": (_answer(413), 0),
    "too long, also when shortened": (_set(limit=10), 0),
    "429, too many requests": (_answer(429), 0),
    "500, failed": (_answer(500), 0),
    "503, still loading": (_answer(503), 0),
    "a redirect": (_answer(307, Location="http://127.0.0.1:9/"), 0),
}  # fmt: skip

IMPATIENT = {"slow: nothing is written": {"first": 0.4}, "silent in mid-answer": {"silent": 0.4}}


def _row(name: str) -> str:
    """The sentence that the table has for a fault."""
    for line in DOCS.read_text(encoding="utf-8").partition(SECTION)[2].splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if cells[0] == name:
            return cells[1]
    raise AssertionError(f"docs/faults.md has no row '{name}'")


def _told(sentence: str, place: str = "") -> str:
    """A sentence as the table has it: the machine is HOST, seconds are N."""
    if place:
        sentence = sentence.replace(place, "HOST").replace(place.rpartition(":")[0], "HOST")
    return re.sub(r"\b\d+(\.\d+)? seconds", "N seconds", sentence)


@pytest.mark.parametrize("kind", [Kind.OPENAI, Kind.KOBOLD])
@pytest.mark.parametrize("name", WRITING)
def test_a_bad_server_ends_in_its_sentence_and_the_text_before_stays(
    connect: Connect, server: ModelServer, name: str, kind: Kind
) -> None:
    arrange, before = WRITING[name]
    server.behaviour.kobold = kind is Kind.KOBOLD
    patience = replace(QUICK, **IMPATIENT.get(name, {}))
    backend = connect(kind, patience=patience)
    arrange(server.behaviour)
    if name == "the answer has no end" and kind is Kind.KOBOLD:
        assert until_fault(backend.generate(request(backend)))[1] == ""  # old ones never say why
        return
    asked = request(backend, max_tokens=20)
    seen, sentence = until_fault(backend.generate(asked))
    assert _told(sentence, server.url.removeprefix("http://")) == _row(name)
    arrived = [event.text for event in seen if isinstance(event, Token)]
    assert arrived == (list(WORDS) * 9)[:before]
    assert (name == "endless") == bool(ends(seen))


def test_the_table_has_no_other_rows() -> None:
    section = DOCS.read_text(encoding="utf-8").partition(SECTION)[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ")[0] for line in section.splitlines() if " | " in line]
    assert set(rows[1:]) - {"--- "} - {"---"} == set(WRITING) | set(REACHING)


class Failing(httpx2.AsyncBaseTransport):
    """A network on which nothing arrives."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        raise self._error


def _refused(_: pytest.MonkeyPatch) -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return _fault(f"http://127.0.0.1:{port}")


def _unknown_host(monkeypatch: pytest.MonkeyPatch) -> str:
    def lookup(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return _fault("http://nowhere.example:8000")


def _unreachable(_: pytest.MonkeyPatch) -> str:
    return _fault("http://192.0.2.1:8000", transport=Failing(httpx2.ConnectTimeout("late")))


def _own_certificate(folder: Path) -> ssl.SSLContext:
    """A server's side of TLS with a certificate that it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 7, now, now + dt.timedelta(9))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    plain = serialization.NoEncryption()
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def _untrusted(_: pytest.MonkeyPatch) -> str:
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(_own_certificate(Path(folder))) as server,
    ):
        sentence = _fault(server.url.replace("http:", "https:"))
        assert server.requests == []
        return sentence


def _no_tls(_: pytest.MonkeyPatch) -> str:
    with serving() as server:
        return _fault(server.url.replace("http:", "https:"))


def _not_http(_: pytest.MonkeyPatch) -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            line, _ = listener.accept()
            with line:
                line.recv(1000)
                line.sendall(b"220 mail.example ESMTP\r\n")

        thread = threading.Thread(target=greet, daemon=True)
        thread.start()
        sentence = _fault(f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread.join(2)
        return sentence


def _no_models(_: pytest.MonkeyPatch) -> str:
    with serving() as server:
        return _fault(server.url + "/wrong/v1")


def _wants_key(_: pytest.MonkeyPatch) -> str:
    with serving() as server:
        server.behaviour.key = "right"
        return _fault(server.url, key="wrong-key-1234")


REACHING: dict[str, Callable[[pytest.MonkeyPatch], str]] = {
    "refused": _refused,
    "unknown machine": _unknown_host,
    "unreachable": _unreachable,
    "certificate not trusted": _untrusted,
    "https asked of an http server": _no_tls,
    "another protocol": _not_http,
    "no list of models": _no_models,
    "a wrong key": _wants_key,
}  # fmt: skip


def _fault(url: str, key: str = "", **options: Any) -> str:
    secret = Secret(key) if key else None
    with pytest.raises(KnownError) as caught:
        RemoteBackend(Server("Test", url, Kind.OPENAI), secret, patience=QUICK, **options)
    host = url.split("//")[1].split("/", maxsplit=1)[0]
    return _told(str(caught.value), host)


@pytest.mark.parametrize("name", REACHING)
def test_a_server_that_cannot_be_reached_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assert REACHING[name](monkeypatch) == _row(name)


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_what_may_pass_is_tried_again_before_the_first_token(
    connect: Connect, server: ModelServer, status: int
) -> None:
    backend = connect(Kind.OPENAI)
    server.behaviour.answers = [(status, JSON, b"{}")] * 2
    assert texts(backend.generate(request(backend))) == ["".join(WORDS)]
    assert len(server.written) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_what_will_not_pass_is_not_tried_again(
    connect: Connect, server: ModelServer, status: int
) -> None:
    backend = connect(Kind.OPENAI)
    server.behaviour.answers = [(status, JSON, b"{}")] * 2
    assert until_fault(backend.generate(request(backend)))[1]
    assert len(server.written) == 1


def test_nothing_is_tried_again_once_a_word_was_written(
    connect: Connect, server: ModelServer
) -> None:
    backend = connect(Kind.OPENAI)
    server.behaviour.cut_after = 2
    assert until_fault(backend.generate(request(backend)))[1]
    assert len(server.written) == 1


def test_a_server_that_says_when_to_come_back_is_not_pressed(
    connect: Connect, server: ModelServer
) -> None:
    backend = connect(Kind.OPENAI)
    server.behaviour.answers = [(429, JSON | {"Retry-After": "3000"}, b"{}")] * 2
    assert "too much to do" in until_fault(backend.generate(request(backend)))[1]
    assert len(server.written) == 1


@pytest.mark.parametrize(
    "says",
    [
        "This model's maximum context length is {} tokens. However, you requested 2000 tokens.",
        "the request exceeds the available context size ({} tokens), try increasing it",
        "Requested tokens (2000) exceed context window of {}",
    ],
)
def test_a_text_that_is_too_long_is_shortened_once(
    connect: Connect, server: ModelServer, says: str
) -> None:
    memory = "[Memory: The key is green.]"
    story = "".join(f"\n\nParagraph {n} of the tale." for n in range(300))
    backend = connect(Kind.OPENAI, n_ctx=4096)
    server.behaviour.limit, server.behaviour.n_ctx = 4000, 1024
    server.behaviour.says_limit = says
    asked = request(backend, memory + story, keep=len(memory))
    assert texts(backend.generate(asked)) == ["".join(WORDS)]
    long, short = (told.body["prompt"] for told in server.written)
    assert long == memory + story
    assert short.startswith(memory + "\n\nParagraph ")
    assert short.endswith("\n\nParagraph 299 of the tale.")
    assert len(short) < 4000
    assert backend.n_ctx == 1024


def test_a_huge_answer_is_bounded(
    connect: Connect, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.behaviour.words = lambda _body, _row: ("x" * 1_000_000,)
    backend = connect(Kind.OPENAI)
    seen, sentence = until_fault(backend.generate(request(backend, max_tokens=10)))
    assert "did not stop" in sentence
    assert sum(len(event.text) for event in seen if isinstance(event, Token)) < 10_000
    monkeypatch.setattr(wire, "MAX_STREAM", 1_000_000)
    server.behaviour.words = lambda _body, _row: ("y" * 2_000_000,)
    assert "did not stop" in until_fault(backend.generate(request(backend)))[1]


def test_packed_answers_are_not_unpacked(connect: Connect, server: ModelServer) -> None:
    backend = connect(Kind.OPENAI)
    server.behaviour.answers = [(200, JSON | {"Content-Encoding": "gzip"}, b"\x1f\x8b" + b"0" * 99)]
    assert "packed" in until_fault(backend.generate(request(backend)))[1]


@pytest.mark.parametrize(
    "message",
    [
        b"null",
        b"[]",
        b"7",
        b'{"choices": null}',
        b'{"choices": [null, 3, "x"]}',
        b'{"choices": [{"index": "a", "text": 3}]}',
        b'{"choices": [{"index": 99, "text": "far"}]}',
        b'{"choices": [{"text": ["x"], "finish_reason": 1, "logprobs": [1]}]}',
        b'{"choices": [{"text": "\\ud800", "logprobs": {"tokens": 1, "token_logprobs": "x"}}]}',
        b'{"choices": [{"text": " a", "logprobs": {"content": [{"token": 1, "id": -5}]}}]}',
        b'{"choices": [{"text": " a", "token_ids": [99999999999999999999]}]}',
    ],
)
def test_messages_of_an_unknown_form_do_no_harm(
    connect: Connect, server: ModelServer, message: bytes
) -> None:
    end = b'{"choices": [{"index": 0, "text": " end.", "finish_reason": "stop"}]}'
    server.behaviour.raw = b"data: " + message + b"\n\ndata: " + end + b"\n\ndata: [DONE]\n\n"
    backend = connect(Kind.OPENAI)
    events = list(backend.generate(request(backend)))
    assert texts(events)[0].endswith(" end.")
    assert ends(events) == {0: Finish.END}
    assert all(0 <= e.id < backend.tokenizer.n_vocab for e in events if isinstance(e, Token))


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
