"""The list of servers: addresses, kinds, warnings, and a file that may hold anything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import KnownError
from engine.lm.remote.servers import (
    Kind,
    Server,
    checked_url,
    find_server,
    is_local,
    is_near,
    list_path,
    load_servers,
    parse_kind,
    put_server,
    remove_server,
    save_servers,
)


def test_a_list_survives_writing_and_reading() -> None:
    servers = [
        Server("Big box", "https://models.example/v1", Kind.VLLM, "ember", 1024, "ember"),
        Server('Möwe "quoted" \\', "http://[::1]:5001", Kind.KOBOLD),
    ]
    save_servers(servers)
    assert load_servers() == (servers, [])
    assert find_server("server:big BOX") == servers[0]


def test_a_server_of_the_same_name_is_replaced_and_can_be_removed() -> None:
    put_server(Server("A", "http://127.0.0.1:1"))
    put_server(Server("a", "http://127.0.0.1:2"))
    assert [server.url for server in load_servers()[0]] == ["http://127.0.0.1:2"]
    remove_server("A")
    assert load_servers() == ([], [])
    with pytest.raises(KnownError, match="none yet"):
        find_server("A")


@pytest.mark.parametrize(
    "content",
    [
        "not toml [",
        "server = 3",
        "[[server]]\nname = 3\nurl = 'http://x'",
        "[[server]]\nname = 'a'",
        "[[server]]\nname = 'a'\nurl = 'file:///etc/passwd'",
        "[[server]]\nname = 'a'\nurl = 'http://x'\nkind = 'magic'",
        "[[server]]\nname = 'a'\nurl = 'http://x'\nn_ctx = 'many'",
        "[[server]]\nname = 'a'\nurl = 'http://x'\nn_ctx = -5",
        "[[server]]\nname = ''\nurl = 'http://x'",
        "[[server]]\nname = \"a\\u001b\"\nurl = 'http://x'",
    ],
)
def test_what_is_wrong_in_the_file_is_told_and_nothing_is_lost(content: str) -> None:
    good = "[[server]]\nname = 'good'\nurl = 'http://127.0.0.1:8000'\n"
    whole = content if content.startswith(("not", "server")) else good + content
    list_path().parent.mkdir(parents=True, exist_ok=True)
    list_path().write_text(whole, encoding="utf-8")
    servers, problems = load_servers()
    assert len(problems) == 1
    assert [server.name for server in servers] == (["good"] if whole != content else [])
    with pytest.raises(KnownError):
        put_server(Server("new", "http://127.0.0.1:1"))
    assert list_path().read_text(encoding="utf-8") == whole


@given(st.binary(max_size=300))
def test_no_file_makes_reading_fail(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("list") / "servers.toml"
    path.write_bytes(data)
    load_servers(path)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "models.example",
        "ftp://models.example",
        "http://",
        "http://user:secret@models.example",
        "http://models.example/v1?key=secret",
        "http://models.example/#secret",
        "http://models.example:99999",
        "http://mod els.example",
        "http://models.example/\n",
        "http://" + "x" * 600,
    ],
)
def test_addresses_that_cannot_be_used_are_refused(url: str) -> None:
    with pytest.raises(KnownError) as caught:
        Server("a", url if url.strip() == url else url + "x y")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "openai", "root"),
    [
        ("http://h:8000", "http://h:8000/v1", "http://h:8000"),
        ("http://h:8000/", "http://h:8000/v1", "http://h:8000"),
        ("http://h:8000/v1", "http://h:8000/v1", "http://h:8000"),
        ("https://h/team/v1", "https://h/team/v1", "https://h/team"),
        ("http://h:5001/api", "http://h:5001/v1", "http://h:5001"),
    ],
)
def test_an_address_is_understood_with_and_without_its_path(
    url: str, openai: str, root: str
) -> None:
    server = Server("a", checked_url(url))
    assert server.openai_url == openai
    assert server.root == root


@pytest.mark.parametrize(
    ("url", "warns"),
    [
        ("http://127.0.0.1:8000", False),
        ("http://localhost:8000", False),
        ("http://[::1]:8000", False),
        ("http://192.168.0.7:8000", False),
        ("http://10.1.2.3", False),
        ("http://8.8.8.8", True),
        ("http://models.example", True),
        ("https://models.example", False),
    ],
)
def test_plain_http_to_a_far_machine_is_warned_of(url: str, *, warns: bool) -> None:
    assert bool(Server("a", url).warning) == warns


def test_which_machines_are_near() -> None:
    assert is_local("127.0.0.9")
    assert not is_local("192.168.0.7")
    assert is_near("192.168.0.7")
    assert not is_near("models.example")


def test_kinds_are_listed_when_one_is_unknown() -> None:
    assert parse_kind(" vLLM ") is Kind.VLLM
    with pytest.raises(KnownError, match="kobold"):
        parse_kind("magic")


def test_the_list_is_never_half_written(tmp_path: Path) -> None:
    path = tmp_path / "gone" / "servers.toml"
    save_servers([Server("a", "http://127.0.0.1:1")], path)
    assert [entry.name for entry in path.parent.iterdir()] == ["servers.toml"]
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(KnownError, match="cannot be written"):
        save_servers([], blocked / "servers.toml")


def test_the_list_and_the_way_to_a_model_load_nothing_heavy() -> None:
    heavy = {"torch", "openai", "httpx2", "keyring", "huggingface_hub"}
    code = "import sys, engine.opening, engine.lm.remote.keys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not heavy & set(done.stdout.split())
