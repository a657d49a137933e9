"""Every way a download fails: nothing half-done is listed, and docs/faults.md has the sentence."""

from __future__ import annotations

import json
import re
import resource
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import huggingface_hub
import pytest

from engine import paths
from engine.errors import KnownError
from engine.lm import hub_faults, library
from engine.lm.library import Installed, Patience, Progress, Stage
from tests.helpers.hub_server import FakeHub, serve, used
from tests.helpers.tiny_model import write_model

REPO, NAME = "someone/tiny", "someone--tiny"
QUICK = Patience(tries=3, silence=5.0, sleep=lambda _: None)
PAGE = {"Content-Type": "text/html; charset=utf-8"}
TABLE = Path(__file__).parents[3] / "docs" / "faults.md"
Provoke = Callable[[FakeHub, pytest.MonkeyPatch], str | None]
FAULTS: dict[str, Provoke] = {}


def fault(what: str) -> Callable[[Provoke], Provoke]:
    def add(function: Provoke) -> Provoke:
        FAULTS[what] = function
        return function

    return add


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    folder = write_model(tmp_path / "tiny")
    with serve(folder) as hub, used(hub, monkeypatch):
        yield hub


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@fault("This machine is offline")
def _offline(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free_port()}")


@fault("The proxy cannot be reached")
def _proxy_gone(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("HF_ENDPOINT", "http://huggingface.co")
    patch.setenv("http_proxy", f"http://user:secret@127.0.0.1:{free_port()}")


@fault("The proxy wants a password")
def _proxy_password(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("HF_ENDPOINT", "http://huggingface.co")
    patch.setenv("http_proxy", hub.address.replace("http://", "http://user:secret@"))
    hub.faults.answers["api"] = [(407, {}, b"")]


@fault("The proxy lets nothing through")
def _proxy_refuses(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("HF_ENDPOINT", "https://huggingface.co")
    patch.setenv("https_proxy", hub.address)  # it answers 501 to CONNECT


@fault("Downloads are switched off")
def _switched_off(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


@fault("HF_ENDPOINT is no address")
def _endpoint(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("HF_ENDPOINT", "huggingface.co")


@fault("The name is no model's id")
def _no_id(hub: FakeHub, patch: pytest.MonkeyPatch) -> str:
    return "the big one"


@fault("No such model, or a private one")
def _misspelt(hub: FakeHub, patch: pytest.MonkeyPatch) -> str:
    return "someone/tinny"


@fault("No such revision")
def _revision(hub: FakeHub, patch: pytest.MonkeyPatch) -> str:
    return f"{REPO}@v9"


@fault("A gated model")
def _gated(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    hub.faults.answers["config.json"] = [(403, {"X-Error-Code": "GatedRepo"}, b"")]


@fault("Forbidden")
def _forbidden(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    hub.faults.answers["config.json"] = [(403, {}, b"")]


@fault("Taken down")
def _gone(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    hub.faults.answers["api"] = [(410, {}, b"")]


@fault("A file vanishes while the others are fetched")
def _vanished(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    answer = (404, {"X-Error-Code": "EntryNotFound"}, b"Entry not found")
    hub.faults.answers["model.safetensors"] = [answer]


@fault("Too many requests")
def _many(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    hub.faults.answers["model.safetensors"] = [(429, {"Retry-After": "2"}, b"")] * 9


@fault("The server fails")
def _fails(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    hub.faults.answers["api"] = [(503, {}, b"<html>")] * 9


@fault("The server goes silent")
def _silent(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    hub.faults.silent = 0.4  # with Patience(silence=0.1), below


@fault("The connection is cut again and again")
def _cut(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    hub.faults.cuts["model.safetensors"] = [5000, 0, 0, 0]


@fault("A log-in page instead of the Hub")
def _portal(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    hub.faults.answers["api"] = [(200, PAGE, b"<html>Welcome to the hotel</html>")]


@fault("A log-in page instead of a file")
def _page(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    hub.faults.answers["model.safetensors"] = [(200, PAGE, b"<html>Log in again</html>")]


@fault("Damaged on the way, twice")
def _hash(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    hub.faults.corrupt["model.safetensors"] = 9


@fault("The certificate cannot be verified")
def _certificate(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise httpx2.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] unable to get local issuer")

    patch.setattr(httpx2.Client, "stream", refuse)


@fault("Too little room on the disk")
def _room(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")._replace(free=10**6)
    patch.setattr(shutil, "disk_usage", lambda _: usage)


@fault("The disk fills up")
def _full(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))  # lifted by the test


@fault("Not a model")
def _no_config(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    (hub.folder / "config.json").unlink()


@fault("Another architecture")
def _llama(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    (hub.folder / "config.json").write_text(json.dumps({"model_type": "llama"}))


@fault("Weights as a pickle only")
def _pickle(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    (hub.folder / "model.safetensors").rename(hub.folder / "pytorch_model.bin")


@fault("No weights")
def _no_weights(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    (hub.folder / "model.safetensors").unlink()


@fault("No tokenizer")
def _no_tokenizer(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    (hub.folder / "merges.txt").unlink()


@fault("A tokenizer of another model")
def _tokenizer(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    vocab = json.loads((hub.folder / "vocab.json").read_text())
    (hub.folder / "vocab.json").write_text(json.dumps({**vocab, "lantern": 90_000}))


@fault("Weights of another model")
def _other_weights(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    config = json.loads((hub.folder / "config.json").read_text())
    (hub.folder / "config.json").write_text(json.dumps({**config, "n_layer": 3}))


@fault("A model of that name is there, from elsewhere")
def _taken(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    write_model(paths.models() / NAME)


@fault("Another window fetches it")
def _window(hub: FakeHub, patch: pytest.MonkeyPatch) -> None:
    other = library.download(REPO, QUICK)
    next(other)
    hub.others = other  # type: ignore[attr-defined]  kept alive


def provoke(what: str, hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> str:
    """The sentence of a fault, with the real Hub's name and no numbers of this test."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    patience = QUICK
    if what == "The server goes silent":
        patience = Patience(tries=2, silence=0.1, sleep=lambda _: None)
    try:
        name = FAULTS[what](hub, monkeypatch) or REPO
        with pytest.raises(KnownError) as caught:
            list(library.download(name, patience))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    text = str(caught.value)
    text = text.replace(str(paths.models()), "the models' folder")
    proxy = "proxy 127" in text
    return re.sub(r"127\.0\.0\.1:\d+", "proxy.example:8080" if proxy else "huggingface.co", text)


def rows() -> dict[str, str]:
    """The section's table: what happens, and the sentence."""
    section = TABLE.read_text(encoding="utf-8").partition("## Downloads\n")[2].partition("\n## ")[0]
    cells = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:2] == "| "]
    return {what: sentence for what, sentence in cells[1:] if set(what) != {"-"}}


@pytest.mark.parametrize("what", FAULTS)
def test_a_fault_has_its_sentence_and_leaves_nothing_in_the_list(
    what: str, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentence = provoke(what, hub, monkeypatch)
    assert rows().get(what) == sentence, f"docs/faults.md wants: | {what} | {sentence} |"
    assert "secret" not in sentence
    listed = [model.name for model in library.installed()]
    assert listed == ([NAME] if "from elsewhere" in what else [])


def test_the_table_lists_nothing_else() -> None:
    assert list(rows()) == list(FAULTS)


@pytest.mark.parametrize(
    "what",
    [
        "This machine is offline",
        "Too many requests",
        "The server fails",
        "The connection is cut again and again",
        "A log-in page instead of a file",
        "Damaged on the way, twice",
        "The disk fills up",
        "A gated model",
    ],
)
def test_after_a_fault_has_passed_the_download_succeeds(
    what: str, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    provoke(what, hub, monkeypatch)
    monkeypatch.setenv("HF_ENDPOINT", hub.address)
    for broken in (hub.faults.answers, hub.faults.cuts, hub.faults.corrupt):
        broken.clear()
    huggingface_hub.close_session()
    assert isinstance(list(library.download(REPO, QUICK))[-1], Installed)
    for path in hub.folder.iterdir():
        assert (paths.models() / NAME / path.name).read_bytes() == path.read_bytes()


def test_the_weights_of_another_architecture_are_not_asked_for(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    provoke("Another architecture", hub, monkeypatch)
    assert not any("model.safetensors" in path for _, path, _ in hub.requests)
    assert library.unfinished() == []


def test_a_wait_takes_as_long_as_the_server_says_and_can_be_cancelled(hub: FakeHub) -> None:
    hub.faults.answers["api"] = [(429, {"Retry-After": "7"}, b""), (429, {}, b"")]
    slept: list[float] = []
    patience = Patience(tries=5, first=2.0, sleep=slept.append)
    events = list(library.download(REPO, patience))
    assert sum(slept) == 7.0 + hub_faults.PAUSE  # the server's own, then ours
    assert max(slept) <= 0.5
    waits = [e for e in events if isinstance(e, Progress) and e.stage is Stage.WAITING]
    assert len(waits) == len(slept)  # a chance to cancel before each sleep
    assert "429" in waits[0].reason


def test_waits_double_and_who_is_offline_is_told_soon(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    patience = Patience(tries=6, first=1.0, longest=5.0, sleep=slept.append)
    hub.faults.cuts["model.safetensors"] = [5000, *[0] * 9]
    with pytest.raises(KnownError):
        list(library.download(REPO, patience))
    assert sum(slept) == 1.0 + 2.0 + 4.0 + 5.0 + 5.0
    slept.clear()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(KnownError, match="online"):
        list(library.download(REPO, patience))
    assert sum(slept) == 1.0 + 2.0


def test_a_repository_that_moved_is_followed(hub: FakeHub) -> None:
    there = {"Location": f"/api/models/{REPO}/revision/main?blobs=true"}
    hub.faults.answers["api"] = [(307, there, b"")]
    assert isinstance(list(library.download("someone/old-name", QUICK))[-1], Installed)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "12"}, 12.0),
        ({"retry-after": "999999"}, hub_faults.LONGEST_WAIT),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, hub_faults.PAUSE),
        ({"ratelimit": '"api";r=0;t=42'}, 42.0),
        ({}, hub_faults.PAUSE),
    ],
)
def test_retry_after_is_understood(headers: dict[str, str], seconds: float | None) -> None:
    answer = hub_faults.refusal("huggingface.co", REPO, 429, headers)
    assert isinstance(answer, hub_faults.Passing)
    assert answer.seconds == seconds


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"null",
        b"[]",
        b'{"sha": 3}',
        b'{"sha": "../../etc", "siblings": []}',
        b'{"sha": "0123456789abcdef0123456789abcdef01234567", "siblings": {}}',
        b"[" * 100_000,
        b'{"sha": "' + b"x" * (17 << 20) + b'"}',
    ],
)
def test_an_answer_that_is_not_the_hubs_is_refused(hub: FakeHub, answer: bytes) -> None:
    hub.faults.answers["api"] = [(200, {"Content-Type": "application/json"}, answer)]
    with pytest.raises(KnownError, match="something else than a model"):
        list(library.download(REPO, QUICK))


def test_file_names_of_the_hub_cannot_leave_the_folder(hub: FakeHub) -> None:
    evil = [
        {"rfilename": name, "size": 3, "blobId": "0" * 40}
        for name in ("../evil", "/etc/evil", "a/../../evil", "config.json/..", "C:\\evil")
    ]
    data = {"sha": "0" * 40, "siblings": [*evil, *hub.siblings()]}
    hub.faults.answers["api"] = [(200, {}, json.dumps(data).encode())]
    assert isinstance(list(library.download(REPO, QUICK))[-1], Installed)
    kept = {path.name for path in (paths.models() / NAME).iterdir()}
    assert kept == {path.name for path in hub.folder.iterdir()} | {"installed.json"}
    assert {path.name for path in paths.models().iterdir()} == {NAME, ".unfinished"}
