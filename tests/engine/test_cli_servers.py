"""Servers from the terminal: the list, and playing and completing with one."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.cli import main
from engine.lm.remote.keys import VARIABLE
from engine.story.node import Kind
from engine.story.store import Store
from tests.helpers.model_server import ModelServer, serving


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with serving() as one:
        yield one


def say(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8"))


def test_a_server_is_entered_listed_asked_and_forgotten(
    server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.behaviour.owner = "vllm"
    assert main(["servers", "add", "Big box", server.url + "/v1"]) == 0
    assert main(["servers", "add", "Far", "http://models.example"]) == 0
    assert "unencrypted" in capsys.readouterr().out
    assert main(["servers", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["servers"]
    assert [one["name"] for one in listed] == ["Big box", "Far"]
    assert main(["servers", "list"]) == 0
    assert "server:Big box" in capsys.readouterr().out
    assert main(["servers", "test", "big box", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["kind"], told["model"], told["n_ctx"]) == ("vllm", "tiny-model", 1024)
    assert "xtc_probability" in told["unavailable"]
    assert main(["servers", "test", "Big box"]) == 0
    assert main(["servers", "remove", "Big box"]) == 0
    assert main(["servers", "test", "Big box"]) == 2
    assert "no server 'Big box'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["add", "a", "nowhere"],
        ["add", "", "http://127.0.0.1:1"],
        ["add", "a", "http://127.0.0.1:1", "--kind", "magic"],
        ["add", "a", "http://127.0.0.1:1", "--n-ctx", "3"],
        ["key", "a"],
        ["remove", "a"],
    ],
)
def test_what_makes_no_sense_is_one_sentence(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["servers", *words]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_no_key_from_an_empty_pipe(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["servers", "add", "a", "http://127.0.0.1:1"])
    say(monkeypatch, "\n")
    assert main(["servers", "key", "a"]) == 2
    assert "No key" in capsys.readouterr().err


def test_complete_with_a_server(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server.behaviour.key = "secret-key-123"
    monkeypatch.setenv(VARIABLE, "secret-key-123")
    words = ["complete", "--server", server.url, "--server-model", "other", "--prompt", "Hello"]
    assert main([*words, "--n", "2", "--json", "--stop", " It"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["text"] for one in told["candidates"]] == ["\n\nYou open the chest."] * 2
    assert [one["finish"] for one in told["candidates"]] == ["end", "end"]
    assert told["candidates"][0]["logprobs"][0] is None
    assert told["prompt_ids"] == []
    assert server.written[0].body["model"] == "other"
    assert main(words) == 0
    assert "You open the chest. It is empty." in capsys.readouterr().out


@pytest.mark.parametrize("command", ["complete", "score", "context", "play"])
def test_a_server_that_is_not_there_is_one_sentence(
    command: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    main(["servers", "add", "Gone", "http://127.0.0.1:9"])
    story = tmp_path / "a.story"
    Store.create(story).close()
    text = tmp_path / "a.txt"
    text.write_text("Hello.")
    more = {
        "complete": ["--prompt", "Hello"],
        "score": ["--text-file", str(text)],
        "context": [str(story)],
        "play": ["--story", str(story)],
    }[command]
    assert main([command, *more, "--model", "server:Gone"]) == 2
    assert "Nothing answers at 127.0.0.1:9" in capsys.readouterr().err


def test_a_server_cannot_score_and_says_so(
    server: ModelServer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = tmp_path / "a.txt"
    text.write_text("Hello.")
    assert main(["score", "--server", server.url, "--text-file", str(text)]) == 2
    assert "on this machine only" in capsys.readouterr().err


def test_the_window_for_a_server(
    server: ModelServer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    server.behaviour.owner = "vllm"
    main(["servers", "add", "Big box", server.url])
    with Store.create(tmp_path / "a.story") as store:
        store.story.append(Kind.OPENING, "You stand in a hall.")
    capsys.readouterr()
    words = ["context", str(tmp_path / "a.story"), "--model", "server:Big box", "--json"]
    assert main(words) == 0
    window = json.loads(capsys.readouterr().out)
    assert window["text"] == "You stand in a hall."
    assert window["n_tokens"] == sum(e["n_tokens"] for e in window["ledger"] if e["included"])


def test_what_a_server_wrote_before_it_broke_stays_in_the_story(
    server: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    story = tmp_path / "a.story"
    server.behaviour.words = lambda _body, _row: ("\n\n", "A", " bird", " sings", ".", " It", " is")
    server.behaviour.cut_after = 6
    say(monkeypatch, "look\n")
    assert main(["play", "--server", server.url, "--story", str(story)]) == 2
    assert "broke in the middle" in capsys.readouterr().err
    with Store.open(story) as store:
        reply = store.story.last_reply()
        assert reply is not None
        assert reply.text.strip().startswith("A bird sings.")
        assert reply.meta is not None
        assert reply.meta.model == "tiny-model"
