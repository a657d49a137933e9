"""``complete`` and ``score`` as a person types them, with the built-in model."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import cli_complete
from engine.cli import main
from engine.lm.backend import End, Event, Request, Retract
from engine.lm.config import read_config
from engine.lm.library import find_model
from engine.lm.scripted import ScriptedBackend
from engine.opening import Opened
from engine.story.profile import EMBER

N_CTX = read_config(find_model("ember")).n_ctx


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """The JSON that a command prints, and nothing else."""
    assert main([*arguments, "--json"]) == 0
    out, _ = capsys.readouterr()
    return json.loads(out)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that a refused command prints."""
    assert main(list(arguments)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


def test_the_same_seed_gives_the_same_text(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("complete", "--prompt", "Once upon a time", "--max-tokens", "12", "--top-k", "40")
    first = run(capsys, *words, "--seed", "5")
    assert run(capsys, *words, "--seed", "5")["candidates"] == first["candidates"]
    assert run(capsys, *words, "--seed", "6")["candidates"] != first["candidates"]
    assert set(first["seconds"]) == {"load", "prefill", "decode"}
    candidate = first["candidates"][0]
    assert len(candidate["ids"]) == len(candidate["logprobs"]) == 12
    assert candidate["finish"] == "length"
    assert candidate["text"].strip()


def test_several_continuations_differ_and_the_first_is_the_one_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ("complete", "--prompt", "The old lamp", "--max-tokens", "8", "--seed", "1")
    three = run(capsys, *words, "--n", "3")["candidates"]
    assert three[0]["ids"] == run(capsys, *words)["candidates"][0]["ids"]
    assert len({tuple(c["ids"]) for c in three}) == 3


def test_score_agrees_with_what_complete_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    greedy = ("--max-tokens", "10", "--temperature", "0")
    said = run(capsys, "complete", "--prompt", "Once upon a time", *greedy)
    file = tmp_path / "text.txt"
    file.write_text("Once upon a time" + said["candidates"][0]["text"], encoding="utf-8")
    scored = run(capsys, "score", "--text-file", str(file))
    assert scored["ids"][-10:] == said["candidates"][0]["ids"]
    assert scored["logprobs"][-10:] == pytest.approx(said["candidates"][0]["logprobs"], abs=1e-3)
    assert scored["ranks"][-10:] == [0] * 10
    assert scored["nll"] == pytest.approx(-sum(scored["logprobs"]) / len(scored["logprobs"]))


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "a",
        "\U0001f409 caf\u00e9 e\u0301\u0323",
        "\ud800 alone",
        "tab\tand\nlines\n\n ",
        "\u202e\u0000\ufeff",
    ],
    ids=["empty", "one", "emoji", "surrogate", "spaces", "controls"],
)
def test_any_prompt_is_answered(capsys: pytest.CaptureFixture[str], prompt: str) -> None:
    answer = run(capsys, "complete", "--prompt", prompt, "--max-tokens", "3")
    assert len(answer["candidates"][0]["ids"]) <= 3
    assert answer["prompt_ids"]


def test_a_prompt_may_fill_the_window_and_no_more(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "prompt.txt"
    file.write_text(" the" * (N_CTX - 2), encoding="utf-8")  # and the beginning of text
    given = ("complete", "--prompt-file", str(file), "--max-tokens")
    full = run(capsys, *given, "1")
    assert len(full["prompt_ids"]) == N_CTX - 1
    assert str(N_CTX) in refused(capsys, *given, "2")


def test_ten_megabytes_are_refused_in_a_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "prompt.txt"
    file.write_text("word and " * 1_200_000, encoding="utf-8")
    assert "window holds" in refused(capsys, "complete", "--prompt-file", str(file))


def test_files_that_are_no_text_are_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "prompt.txt"
    file.write_bytes(b"\xff\xfe\x00\xd8")
    assert "UTF-8" in refused(capsys, "complete", "--prompt-file", str(file))
    assert "cannot be read" in refused(capsys, "score", "--text-file", str(tmp_path))
    missing = str(tmp_path / "missing.txt")
    assert "cannot be read" in refused(capsys, "score", "--text-file", missing)
    with_nul = str(tmp_path / "a\0b")
    assert "cannot be read" in refused(capsys, "score", "--text-file", with_nul)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--temperature", "9"), "Temperature"),
        (("--top-p", "nan"), "Top-p"),
        (("--order", "top_k,nonsense"), "nonsense"),
        (("--order", "top_k,top_k"), "twice"),
        (("--max-tokens", "0"), "at least one"),
        (("--n", "0"), "at least one"),
        (("--model", "no-such-model"), "no model"),
        (("--device", "quantum"), "quantum"),
        (("--dtype", "int3"), "int3"),
    ],
)
def test_bad_options_get_one_line(
    capsys: pytest.CaptureFixture[str], options: tuple[str, ...], says: str
) -> None:
    assert says.lower() in refused(capsys, "complete", "--prompt", "x", *options).lower()


def test_stop_strings_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("complete", "--prompt", "Once upon a time", "--max-tokens", "60", "--temperature", "0")
    answer = run(capsys, *words, "--stop", ".")["candidates"][0]
    assert answer["finish"] == "stop"
    assert "." not in answer["text"]


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "vocab.json", "merges.txt"])
def test_a_folder_without_one_of_its_files_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for file in find_model("ember").iterdir():
        if file.name != name:
            (folder / file.name).symlink_to(file)
    said = refused(capsys, "complete", "--prompt", "x", "--model", str(folder))
    assert name.split(".", maxsplit=1)[0] in said


def test_usage_errors_are_two_and_help_is_zero(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["complete"]) == 2
    assert main(["nonsense"]) == 2
    assert main(["complete", "--help"]) == 0
    assert "--repetition-penalty" in capsys.readouterr().out


def test_the_program_itself_prints_one_object(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "engine",
            "complete",
            "--prompt",
            "Hi",
            "--max-tokens",
            "2",
            "--json",
        ],
        capture_output=True,
        check=True,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": str(tmp_path)},
        cwd=Path(__file__).resolve().parents[2],
    )
    assert len(json.loads(done.stdout)["candidates"]) == 1
    assert done.stderr == b""


def test_taking_nothing_back_takes_nothing_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Hesitant(ScriptedBackend):
        """Takes back words it had not shown yet."""

        def generate(self, request: Request) -> Iterator[Event]:
            for event in super().generate(request):
                if isinstance(event, End):
                    yield Retract(0, 0)
                yield event

    opened = Opened(Hesitant([" world"]), EMBER)
    monkeypatch.setattr(cli_complete, "load_backend", lambda _: opened)
    answer = run(capsys, "complete", "--prompt", "Hello")
    assert answer["candidates"][0]["text"] == " world"


def test_a_banned_phrase_is_not_printed_before_it_is_taken_back(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ("complete", "--prompt", "Once upon a", "--max-tokens", "12", "--temperature", "0")
    banned = (*words, "--banned", " little", "--banned", " was a")
    text = run(capsys, *banned)["candidates"][0]["text"]
    assert main(list(banned)) == 0
    assert capsys.readouterr().out == f"{text}\n"


def test_a_file_is_read_with_its_own_line_breaks(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(b"one\r\ntwo\rthree")
    from_file = run(capsys, "complete", "--prompt-file", str(file), "--max-tokens", "1")
    typed = run(capsys, "complete", "--prompt", "one\r\ntwo\rthree", "--max-tokens", "1")
    assert from_file["prompt_ids"] == typed["prompt_ids"]


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no endless file here")
def test_an_endless_file_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "larger than" in refused(capsys, "complete", "--prompt-file", "/dev/zero")
