"""``play`` through a pipe, and ``context``, ``import`` and ``export`` of the story it leaves."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from engine import paths
from engine.cli import main
from engine.cli_story import free_path
from engine.story.formats.text import reading_text
from engine.story.node import Author, Kind
from engine.story.store import Store


def play(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str, *options: str
) -> str:
    """What the terminal shows when ``typed`` comes through a pipe."""
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert main(["play", "--seed", "3", "--max-tokens", "16", *options]) == 0
    return capsys.readouterr().out


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(list(arguments)) == 0
    return json.loads(capsys.readouterr().out)


def test_a_game_from_a_pipe_is_a_story_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "game.story"
    out = play(
        monkeypatch,
        capsys,
        'look around\n/retry\n"Hello!\n\n/undo\n/redo\n/memory You are Ann.\n/nonsense\n/help\n',
        "--story",
        str(file),
    )
    assert "tokens/s" in out
    assert "There is no /nonsense" in out
    assert "/retry" in out
    with Store.open(file) as store:
        story = store.story
        kinds = [node.kind for node in story.branch()]
        assert kinds[:4] == [Kind.OPENING, Kind.DO, Kind.REPLY, Kind.SAY]
        assert story.memory == "You are Ann."
        replies = story.children(story.branch()[1].id)
        assert len(replies) == 2  # the retry kept the first answer
        for reply in replies:
            assert {span.author for span in reply.spans} == {Author.MODEL}
            assert reply.meta is not None
            assert reply.meta.model == "Ember"
            assert reply.meta.ids


def test_the_same_seed_and_words_give_the_same_game(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    texts = []
    for name in ("a", "b"):
        file = tmp_path / f"{name}.story"
        play(monkeypatch, capsys, "look around\ngo north\n", "--story", str(file))
        with Store.open(file) as store:
            texts.append(store.story.text)
    assert texts[0] == texts[1]


def test_a_game_goes_on_where_it_was_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "game.story"
    play(monkeypatch, capsys, "look around\n/quit\nnever read\n", "--story", str(file))
    with Store.open(file) as store:
        before = store.story.text
    assert "never read" not in before
    shown = play(monkeypatch, capsys, "", "--story", str(file))
    assert "> You look around." in shown
    play(monkeypatch, capsys, "go north\n", "--story", str(file))
    with Store.open(file) as store:
        assert store.story.text.startswith(before)
        assert len(store.story.text) > len(before)


def test_without_a_name_a_game_is_kept_among_the_stories(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        play(monkeypatch, capsys, "look\n")
    names = sorted(path.name for path in paths.stories().glob("*.story"))
    assert len(names) == 2
    assert names[0] == names[1].removesuffix(".story") + " 2.story"


def test_the_window_adds_up_and_needs_no_weights(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "game.story"
    play(monkeypatch, capsys, "look around\n", "--story", str(file), "--scenario", "surprise")
    window = answer(capsys, "context", str(file), "--json")
    included = [entry for entry in window["ledger"] if entry["included"]]
    assert sum(entry["n_tokens"] for entry in included) == window["n_tokens"] <= window["budget"]
    assert "> You look around." in window["text"]
    for entry in window["ledger"]:
        assert {"source", "name", "reason", "n_tokens", "included", "trimmed", "position"} <= set(
            entry
        )
    small = answer(capsys, "context", str(file), "--json", "--max-tokens", "900")
    assert small["budget"] < window["budget"]


@pytest.mark.parametrize("suffix", [".txt", ".md", ".json"])
def test_export_and_import_bring_the_words_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, suffix: str
) -> None:
    file = tmp_path / "game.story"
    play(monkeypatch, capsys, "look around\ngo north\n", "--story", str(file))
    out, again = tmp_path / f"out{suffix}", tmp_path / "again.story"
    assert main(["export", str(file), "-o", str(out)]) == 0
    capsys.readouterr()
    report = answer(capsys, "import", str(out), "-o", str(again), "--json")
    assert {"format", "story", "kept", "changed", "dropped"} == set(report)
    with Store.open(file) as one, Store.open(again) as two:
        assert reading_text(two.story).split() == reading_text(one.story).split()
        if suffix == ".json":
            assert two.story.text == one.story.text


@pytest.mark.parametrize(
    "arguments",
    [
        ("context", "missing.story"),
        ("export", "missing.story", "-o", "x.txt"),
        ("import", "missing.txt"),
        ("import", "picture.png"),
        ("play", "--scenario", "no such place"),
        ("play", "--model", "nope"),
        ("play", "--preset", "nope"),
    ],
)
def test_what_is_not_there_is_said_in_a_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    arguments: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert main(list(arguments)) == 2
    _, err = capsys.readouterr()
    assert err.count("\n") == 1
    assert list(tmp_path.glob("*.story")) == []
    assert not paths.stories().exists()


def test_a_file_that_is_no_story_is_left_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "fake.story"
    file.write_text("Once upon a time", encoding="utf-8")
    assert main(["context", str(file)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert file.read_text(encoding="utf-8") == "Once upon a time"


def test_an_export_never_leaves_half_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "game.story"
    play(monkeypatch, capsys, "look\n", "--story", str(file))
    assert main(["export", str(file), "-o", str(tmp_path / "no" / "x.txt")]) == 2
    assert main(["export", str(file), "-o", str(tmp_path / "x.docx")]) == 2
    assert sorted(path.name for path in tmp_path.glob("*x*")) == []
    assert capsys.readouterr().err.count("\n") == 2


@pytest.mark.parametrize(
    "title", ["/", "../../x", "...", "\U0001d400" * 300, "長" * 300, "CON", ""]
)
def test_any_title_gives_a_file_name_of_its_own(title: str) -> None:
    names = set()
    for _ in range(3):
        path = free_path(title)
        assert path.parent == paths.stories()
        assert path.stem.upper() not in {"CON", "", "."}
        Store.create(path).close()
        names.add(path)
    assert len(names) == 3


def test_an_export_never_replaces_the_story(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "story.json"
    Store.create(file).close()
    before = file.read_bytes()
    assert main(["export", str(file), "-o", str(file)]) == 2
    assert "replace the story" in capsys.readouterr().err
    assert file.read_bytes() == before


def test_names_too_long_for_a_file_are_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    long = str(tmp_path / ("x" * 400))
    (tmp_path / "a.txt").write_text("Hello.")
    Store.create(tmp_path / "a.story").close()
    for words in (
        ["context", long],
        ["import", str(tmp_path / "a.txt"), "-o", f"{long}.story"],
        ["export", str(tmp_path / "a.story"), "-o", f"{long}.txt"],
        ["export", f"{long}.story", "-o", str(tmp_path / "b.txt")],
        ["complete", "--prompt", "x", "--model", long],
        ["complete", "--prompt", "x", "--model", "~nobody-of-that-name"],
    ):
        assert main(words) == 2, words[0]
        assert capsys.readouterr().err.count("\n") == 1


def test_a_story_cannot_steer_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "evil.story"
    with Store.create(file) as store:
        store.story.set("title", "Red\x1b[31m")
        store.story.set("memory", "You\x1b]0;owned\x07 are Ann.")
        store.story.append(Kind.OPENING, "A door.\x1b[2J\x9b31m You wait.")
    out = play(monkeypatch, capsys, "/story\n/memory\n", "--story", str(file))
    assert not {"\x1b", "\x07", "\x9b"} & set(out)
    assert "A door." in out
