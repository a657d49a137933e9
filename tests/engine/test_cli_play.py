"""What people type into ``play`` in odd orders, odd bytes, and stories that odd people made."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine import cli_play, paths
from engine.cli import main
from engine.lm.backend import Event, Request
from engine.lm.scripted import ScriptedBackend
from engine.lm.settings import SamplerSettings
from engine.opening import Opened
from engine.playing import MAX_TOKENS, length_of, mode_of, sampling_of
from engine.story.node import Kind
from engine.story.profile import EMBER
from engine.story.store import Store
from engine.story.tree import Story
from engine.story.trim import Mode
from tests.helpers.tiny_model import TINY, write_model

Play = Callable[..., int]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "game.story"


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, file: Path) -> Play:
    """Play a story with scripted replies; what is typed comes as bytes through a pipe."""

    def run(typed: bytes | str, *options: str, backend: ScriptedBackend | None = None) -> int:
        raw = typed.encode() if isinstance(typed, str) else typed
        model = backend or ScriptedBackend(["\n\nA bird sings.", "\n\nA dog barks."], n_ctx=1024)
        monkeypatch.setattr(cli_play, "load_backend", lambda _: Opened(model, EMBER))
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8"))
        return main(["play", "--story", str(file), "--seed", "3", *options])

    return run


def test_redo_takes_back_undo_and_retry_and_nothing_else(play: Play, file: Path) -> None:
    assert play("look\n/redo\n/redo\n/redo\n") == 0
    with Store.open(file) as store:
        assert [node.kind for node in store.story.branch()] == [Kind.OPENING, Kind.DO, Kind.REPLY]
        first = store.story.text
    assert play("/retry\n/retry\n/undo\n/redo\n/redo\n/redo\n/redo\n") == 0
    with Store.open(file) as store:
        assert store.story.text == first


def test_undo_is_taken_back_after_reopening(play: Play, file: Path) -> None:
    play("look\n")
    with Store.open(file) as store:
        first = store.story.text
    play("/undo\n")
    play("/redo\n")
    with Store.open(file) as store:
        assert store.story.text == first


def test_a_retry_that_brings_nothing_keeps_the_reply(play: Play, file: Path) -> None:
    play("look\n")
    with Store.open(file) as store:
        first = store.story.text
    play("/retry\n", backend=ScriptedBackend(["\n\n"], n_ctx=1024))
    with Store.open(file) as store:
        assert store.story.text == first


def test_an_action_without_a_reply_can_be_tried_again(play: Play, file: Path) -> None:
    play("look\n", backend=ScriptedBackend(["\n\n"], n_ctx=1024))
    play("/retry\n")
    with Store.open(file) as store:
        assert [node.kind for node in store.story.branch()] == [Kind.OPENING, Kind.DO, Kind.REPLY]


def test_bytes_that_are_no_text_are_typed_all_the_same(play: Play, file: Path) -> None:
    assert play(b"\xff\xfe open\r\n\0nul\n/\n//\n" + b"x" * 9000 + b"\nlast line") == 0
    with Store.open(file) as store:
        assert "last line" in store.story.text
        assert "\0" not in store.story.text


class Interrupted(ScriptedBackend):
    """Someone presses Ctrl-C after a few words."""

    def generate(self, request: Request) -> Iterator[Event]:
        for number, event in enumerate(super().generate(request)):
            if number == 20:
                raise KeyboardInterrupt
            yield event


def test_an_interrupted_pipe_keeps_the_words_and_says_130(play: Play, file: Path) -> None:
    backend = Interrupted(["\n\nA bird sings in the tree. A dog barks at the bird."], n_ctx=1024)
    assert play("look\nwait\n", backend=backend) == 130
    with Store.open(file) as store:
        last = store.story.branch()[-1]
        assert last.kind is Kind.REPLY
        assert last.text.strip().startswith("A bird")
        assert "wait" not in store.story.text


@pytest.mark.parametrize("length", ["0", "-1", "-100"])
def test_a_length_below_one_is_refused_before_anything_is_written(
    play: Play, file: Path, length: str
) -> None:
    assert play("look\n", "--max-tokens", length) == 2
    assert not file.exists()


@pytest.mark.parametrize("name", ["n" * 300 + ".story", "file/x.story"])
def test_a_story_that_cannot_be_there_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["play", "--story", str(tmp_path / name), "--scenario", "surprise"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "odd",
    [
        {"kind": "bogus", "max_tokens": "abc", "note_depth": "x", "note_template": 5},
        {"kind": ["x"], "max_tokens": -5, "note_depth": None, "temperature": "hot"},
        {"max_tokens": True, "note_depth": 1e308, "temperature": -1, "lorebook": 5},
    ],
)
def test_settings_that_make_no_sense_are_as_usual(
    play: Play, file: Path, odd: dict[str, object]
) -> None:
    with Store.create(file) as store:
        story = store.story
        story.append(Kind.OPENING, "You stand in a field.")
        story.set("note", "Rain.")
        story.set("settings", odd)
        assert length_of(story) == MAX_TOKENS
        assert mode_of(story) is Mode.ADVENTURE
        assert sampling_of(story, EMBER) == sampling_of(Story(), EMBER)
    assert play("look\n") == 0
    assert main(["context", str(file)]) == 0


def test_a_story_brings_its_own_sampling_stop_strings_and_seed(
    play: Play, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.create(file) as store:
        store.story.append(Kind.OPENING, "You stand in a field.")
        own = {"sampling": {"top_k": 7}, "stop_strings": ["dog"], "seed": 5}
        store.story.set("settings", own)
    backend = ScriptedBackend(["\n\nA bird sings."], n_ctx=1024)
    assert play("look\n", backend=backend) == 0
    assert backend.requests[0].sampling == SamplerSettings(top_k=7)
    assert "dog" in backend.requests[0].stop
    assert backend.requests[0].seed != 5  # what is asked for on the command line wins
    monkeypatch.setattr("sys.stdin", io.StringIO("wait\n"))
    assert main(["play", "--story", str(file)]) == 0
    assert backend.requests[-1].seed == 5


def test_a_window_of_64_tokens_plays(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_model(tmp_path / "model", replace(TINY, n_ctx=64))
    monkeypatch.setattr("sys.stdin", io.StringIO("look\n/retry\n\nwait\n"))
    words = ("play", "--story", str(file), "--seed", "1", "--scenario", "surprise")
    assert main([*words, "--model", str(folder)]) == 0
    assert main(["context", str(file), "--model", str(folder)]) == 0
    assert "of 32 tokens" in capsys.readouterr().out


def test_a_story_that_cannot_be_written_is_kept_in_a_copy(
    play: Play, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    play("look\n")
    monkeypatch.setattr(Store, "flush", lambda *_: False)
    capsys.readouterr()
    play("dance\n")
    copy = capsys.readouterr().out.split("Kept in ")[1].strip().removesuffix(".")
    with Store.open(paths.stories() / copy) as store:
        assert "dance" in store.story.text


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_a_full_disk_under_the_output_is_one_line() -> None:
    words = [sys.executable, "-m", "engine", "complete", "--prompt", "x", "--max-tokens", "1"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
