"""``models`` on the command line: its words, its JSON, its exit codes, and Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import cli, paths
from engine.lm import library
from tests.helpers.hub_server import FakeHub, serve, used
from tests.helpers.tiny_model import write_model

REPO, NAME = "someone/tiny", "someone--tiny"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_model(tmp_path / "lamp")


@pytest.fixture
def hub(source: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with serve(source) as hub, used(hub, monkeypatch):
        yield hub


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["models", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_get_list_verify_remove(hub: FakeHub, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "get", REPO)
    assert (code, out) == (0, f"{NAME} is in the library: brass-lantern play --model {NAME}\n")
    assert "Asking the Hub" in err
    assert "Downloading" in err
    code, out, _ = run(capsys, "list")
    assert code == 0
    assert NAME in out
    assert "gpt2-xl" in out
    assert str(paths.models()) in out
    code, out, _ = run(capsys, "verify", NAME)
    assert (code, "is whole" in out) == (0, True)
    code, out, _ = run(capsys, "remove", NAME)
    assert code == 0
    assert library.installed() == []
    assert run(capsys, "remove", NAME)[0] == 2


def test_json_is_one_object_on_standard_output(
    hub: FakeHub, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    got = json.loads(run(capsys, "get", REPO, "--json")[1])
    assert (got["name"], got["repo"], got["licence"]) == (NAME, REPO, "mit")
    added = json.loads(run(capsys, "add", str(source), "--name", "lamp", "--json")[1])
    assert (added["name"], added["n_ctx"], added["problem"]) == ("lamp", 64, "")
    listed = json.loads(run(capsys, "list", "--json")[1])
    assert [model["name"] for model in listed["installed"]] == ["lamp", NAME]
    assert listed["unfinished"] == []
    assert all(entry["verified"] is False for entry in listed["catalogue"])
    sound = json.loads(run(capsys, "verify", "lamp", "--json")[1])
    assert sound == {
        "name": "lamp", "sound": True, "checked": True, "damaged": [], "missing": []
    }  # fmt: skip
    assert json.loads(run(capsys, "remove", "lamp", "--json")[1])["bytes"] > 0


def test_a_damaged_model_is_an_error_that_names_the_file(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "add", str(source))
    with (paths.models() / "lamp" / "model.safetensors").open("ab") as file:
        file.write(b"!")
    code, _, err = run(capsys, "verify", "lamp")
    assert code == 2
    assert "model.safetensors is damaged" in err.splitlines()[-1]


def test_a_fault_is_one_line_and_exit_code_2(
    hub: FakeHub, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "get", "someone/gone")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("127.0.0.1")
    assert "check the spelling" in err
    assert run(capsys, "add", "/no/such/folder")[0] == 2


def test_fits_says_what_to_expect(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "add", str(source))
    code, out, _ = run(capsys, "fits", "lamp")
    assert code == 0
    assert "tokens/s" in out
    assert "Best as" in out
    report = json.loads(run(capsys, "fits", "lamp", "--json")[1])
    assert report["best"]["device"] in ("cpu", "cuda", "mps")
    assert all(choice["fits"] for choice in report["choices"])


def test_ctrl_c_leaves_a_download_that_can_be_gone_on_with(hub: FakeHub, source: Path) -> None:
    hub.faults.pause = 0.05
    process = subprocess.Popen(
        [sys.executable, "-m", "engine", "models", "get", REPO],
        env={**os.environ, "HF_HUB_OFFLINE": "0"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    part = paths.models() / ".unfinished" / NAME / "model.safetensors"
    deadline = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == cli.INTERRUPTED
    assert "Traceback" not in err
    assert library.installed() == []
    assert [waiting.name for waiting in library.unfinished()] == [NAME]
    hub.faults.pause = 0.0
    assert cli.main(["models", "get", REPO]) == 0
    assert (paths.models() / NAME / "model.safetensors").read_bytes() == (
        source / "model.safetensors"
    ).read_bytes()
    assert hub.sent["model.safetensors"] >= (source / "model.safetensors").stat().st_size


def test_names_in_files_do_not_steer_the_terminal(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (source / "config.json").write_text(json.dumps({"model_type": "\x1b[31mred\x1b]0;title\x07"}))
    code, _, err = run(capsys, "add", str(source))
    assert code == 2
    assert "red" in err
    assert "\x1b" not in err
    write_model(paths.models() / "by\x1b[31mhand")
    _, out, _ = run(capsys, "list")
    assert "hand" in out
    assert "\x1b" not in out
