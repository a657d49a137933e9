"""Keys go to the keyring or a file of the user's own, and nowhere else."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import pickle
import stat
import sys
import traceback
import types
from pathlib import Path

import pytest

from engine import paths
from engine.cli import main
from engine.errors import KnownError
from engine.lm.remote import keys
from engine.lm.remote.keys import Secret, delete_key, key_file, load_key, redact, save_key
from engine.lm.remote.servers import Kind
from engine.story.store import Store
from tests.engine.lm.remote.asking import request, until_fault
from tests.engine.lm.remote.conftest import Connect
from tests.helpers.model_server import ModelServer

KEY = "sk-lantern-0123456789abcdef"


class Ring:
    """A keyring that works, or not."""

    def __init__(self, *, broken: bool = False) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.broken = broken

    def _check(self) -> None:
        if self.broken:
            raise OSError("locked")

    def get_password(self, service: str, name: str) -> str | None:
        self._check()
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, text: str) -> None:
        self._check()
        self.kept[service, name] = text

    def delete_password(self, service: str, name: str) -> None:
        self._check()
        del self.kept[service, name]


@pytest.fixture
def no_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_keyring", lambda: None)


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Ring:
    one = Ring()
    monkeypatch.setattr(keys, "_keyring", lambda: one)
    return one


def test_the_keyring_is_used_where_there_is_one(ring: Ring) -> None:
    assert save_key("Big box", Secret(KEY)) is True
    assert not key_file().exists()
    found = load_key("Big box")
    assert found is not None
    assert found.reveal() == KEY
    delete_key("Big box")
    assert load_key("Big box") is None
    assert ring.kept == {}


def test_without_a_keyring_the_file_is_for_the_user_alone(no_ring: None) -> None:
    assert save_key("Big box", Secret(KEY)) is False
    assert save_key("Other", Secret("other-key")) is False
    if sys.platform != "win32":
        assert stat.S_IMODE(key_file().stat().st_mode) == 0o600
    found = load_key("Big box")
    assert found is not None
    assert found.reveal() == KEY
    delete_key("Big box")
    assert load_key("Big box") is None
    assert load_key("Other") is not None
    delete_key("Other")
    assert not key_file().exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_a_file_that_others_could_read_is_closed_again(no_ring: None) -> None:
    save_key("Big box", Secret(KEY))
    key_file().chmod(0o644)
    assert load_key("Big box") is not None
    assert stat.S_IMODE(key_file().stat().st_mode) == 0o600


def test_a_broken_keyring_gives_way_to_the_file(ring: Ring) -> None:
    ring.broken = True
    assert save_key("Big box", Secret(KEY)) is False
    assert load_key("Big box") is not None


def test_a_key_moves_from_the_file_to_the_keyring(ring: Ring) -> None:
    ring.broken = True
    save_key("Big box", Secret(KEY))
    ring.broken = False
    assert save_key("Big box", Secret("another-key")) is True
    assert not key_file().exists()


def test_the_real_keyring_is_asked_for_and_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    from keyring.backends import fail, null

    fake = types.ModuleType("keyring")
    monkeypatch.setitem(sys.modules, "keyring", fake)
    for useless in (fail.Keyring(), null.Keyring()):
        monkeypatch.setattr(fake, "get_keyring", lambda one=useless: one, raising=False)
        assert keys._keyring() is None
    works = Ring()
    monkeypatch.setattr(fake, "get_keyring", lambda: works)
    assert keys._keyring() is works


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"7", b'{"a": 1}', b"\xff\xfe", b"[" * 9999])
def test_a_damaged_file_holds_no_keys(no_ring: None, content: bytes) -> None:
    key_file().parent.mkdir(parents=True, exist_ok=True)
    key_file().write_bytes(content)
    assert load_key("a") is None


@pytest.mark.parametrize("text", ["", "  ", "two\nlines", "\x00", "schlüssel", "x" * 5000])
def test_what_cannot_be_a_key_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(KnownError) as caught:
        Secret(text)
    assert not text.strip() or text not in str(caught.value)


def test_a_key_does_not_show_itself() -> None:
    secret = Secret(KEY)
    assert KEY not in f"{secret!r} {secret!s} {[secret]!r}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)


@pytest.mark.parametrize(
    "text",
    [f"wrong key {KEY}!", f"Bearer {KEY}", "authorization: bearer abc.def", "sk-abcdefghijk"],
)
def test_what_looks_like_a_key_is_taken_out(text: str) -> None:
    clean = redact(text, Secret(KEY))
    assert KEY not in clean
    assert "abc" not in clean


def test_a_key_is_sent_and_appears_nowhere_else(
    connect: Connect,
    server: ModelServer,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    server.behaviour.key = KEY
    backend = connect(Kind.OPENAI, key=KEY)
    asked = request(backend)
    events = list(backend.generate(asked))
    assert all(t.headers["authorization"] == f"Bearer {KEY}" for t in server.written)
    server.behaviour.key = "another"
    try:
        list(backend.generate(asked))
    except KnownError as error:
        told = "".join(traceback.format_exception(error)) + repr(error)
    else:
        pytest.fail("the server should have refused")
    shown = capsys.readouterr()
    facts = f"{backend!r} {vars(backend)} {backend.facts} {backend.identity} {events} {asked}"
    for text in (told, caplog.text, shown.out, shown.err, facts):
        assert KEY not in text


def test_a_key_is_in_no_file_of_a_story_played_with_it(
    no_ring: None, server: ModelServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server.behaviour.key = KEY
    assert main(["servers", "add", "Big box", server.url, "--kind", "vllm"]) == 0
    monkeypatch.setattr("sys.stdin", io.StringIO(KEY + "\n"))
    assert main(["servers", "key", "Big box"]) == 0
    story, export = tmp_path / "tale.story", tmp_path / "tale.json"
    typed = io.TextIOWrapper(io.BytesIO(b"open the chest\nlook\n"), encoding="utf-8")
    monkeypatch.setattr("sys.stdin", typed)
    assert main(["play", "--model", "server:Big box", "--story", str(story)]) == 0
    with Store.open(story) as store:
        assert store.story.text.count("You open the chest. It is empty.") == 2
        assert store.story.last_reply() is not None
    assert main(["export", str(story), "-o", str(export)]) == 0
    for path in [*tmp_path.rglob("*"), *paths.data_home().rglob("*")]:
        if path.is_file() and path != key_file():
            assert KEY.encode() not in path.read_bytes(), path
    assert KEY not in (paths.config_home() / "servers.toml").read_text()
    address = server.url.encode()
    assert address not in story.read_bytes()


def test_no_key_for_a_server_that_wants_none(connect: Connect, server: ModelServer) -> None:
    backend = connect(Kind.OPENAI)
    assert until_fault(backend.generate(request(backend)))[1] == ""
    with contextlib.suppress(KnownError):
        backend.close()
    assert all(told.headers["authorization"] == "Bearer none" for told in server.written)
