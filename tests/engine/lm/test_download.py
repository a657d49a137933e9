"""Downloading from a Hub on this machine: whole, resumed, cancelled, and never half in the list."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from huggingface_hub import HfApi, hf_hub_download

from engine import paths
from engine.errors import KnownError
from engine.lm import library
from engine.lm.config import GPTConfig
from engine.lm.library import Installed, Patience, Progress, Stage
from tests.helpers.hub_server import COMMIT, FakeHub, serve, used
from tests.helpers.tiny_model import TINY, write_model

REPO = "someone/tiny"
NAME = "someone--tiny"
QUICK = Patience(tries=3, silence=5.0, sleep=lambda _: None)
WIDER = replace(TINY, n_embd=64)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("source") / "tiny", WIDER)


@pytest.fixture
def hub(source: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with serve(source) as hub, used(hub, monkeypatch):
        yield hub


def get(what: str = REPO) -> list[library.Event]:
    return list(library.download(what, QUICK))


def same_files(name: str, source: Path) -> bool:
    folder = paths.models() / name
    return all((folder / p.name).read_bytes() == p.read_bytes() for p in source.iterdir())


def test_a_model_arrives_whole(hub: FakeHub, source: Path) -> None:
    events = get()
    last = events[-1]
    assert isinstance(last, Installed)
    assert last.model.name == NAME
    assert same_files(NAME, source)
    manifest = last.model.manifest
    assert manifest is not None
    assert (manifest.repo, manifest.commit, manifest.licence) == (REPO, COMMIT, "mit")
    assert manifest.files.keys() == {path.name for path in source.iterdir()}
    assert [model.name for model in library.installed()] == [NAME]
    assert library.find_model(NAME) == last.model.folder
    assert not library.unfinished()


def test_progress_counts_every_byte(hub: FakeHub, source: Path) -> None:
    total = sum(path.stat().st_size for path in source.iterdir())
    progress = [event for event in get() if isinstance(event, Progress)]
    assert progress[0].stage is Stage.ASKING
    assert {event.file for event in progress} >= {path.name for path in source.iterdir()}
    done = [event.done for event in progress]
    assert done == sorted(done)
    assert (progress[-1].done, progress[-1].total) == (total, total)


def test_a_second_get_asks_nobody(hub: FakeHub) -> None:
    get()
    before = len(hub.requests)
    assert [type(event) for event in get()] == [Installed]
    assert len(hub.requests) == before


def test_only_what_is_needed_is_asked_for(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_model(tmp_path / "more")
    for name in ("pytorch_model.bin", "README.md", "adapter_model.safetensors", "run.py"):
        (folder / name).write_bytes(b"x" * 5000)
    hub.folder = folder
    get()
    asked = {path.rpartition("/")[2] for _, path, _ in hub.requests if "/api/" not in path}
    assert asked == {"config.json", "vocab.json", "merges.txt", "model.safetensors"}
    kept = {path.name for path in (paths.models() / NAME).iterdir()}
    assert kept == asked | {"installed.json"}
    assert all(COMMIT in path or "/cdn/" in path for _, path, _ in hub.requests[1:])


def test_shards_are_fetched_as_their_index_names_them(hub: FakeHub, tmp_path: Path) -> None:
    hub.folder = write_model(tmp_path / "sharded", layout="sharded")
    (hub.folder / "model-00003-of-00002.safetensors").write_bytes(b"not named")
    get()
    kept = sorted(path.name for path in (paths.models() / NAME).glob("*.safetensors"))
    assert kept == ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]


@pytest.mark.parametrize("tenth", range(10))
def test_a_download_cut_at_any_tenth_is_gone_on_with(
    hub: FakeHub, source: Path, tenth: int
) -> None:
    size = (source / "model.safetensors").stat().st_size
    hub.faults.cuts["model.safetensors"] = [size * tenth // 10]
    events = get()
    assert isinstance(events[-1], Installed)
    assert same_files(NAME, source)
    assert hub.sent["model.safetensors"] == size  # nothing was sent twice
    waits = [e for e in events if isinstance(e, Progress) and e.stage is Stage.WAITING]
    assert waits
    assert "breaking off" in waits[0].reason


def test_a_download_cut_again_and_again_arrives_as_long_as_it_moves(
    hub: FakeHub, source: Path
) -> None:
    size = (source / "model.safetensors").stat().st_size
    hub.faults.cuts["model.safetensors"] = [size // 20] * 15  # far more often than QUICK.tries
    assert isinstance(get()[-1], Installed)
    assert same_files(NAME, source)


@pytest.mark.parametrize("tenth", [0, 3, 9])
def test_a_failed_download_is_gone_on_with_in_another_session(
    hub: FakeHub, source: Path, tenth: int
) -> None:
    size = (source / "model.safetensors").stat().st_size
    hub.faults.cuts["model.safetensors"] = [size * tenth // 10, 0, 0, 0]
    with pytest.raises(KnownError, match="breaking off"):
        get()
    assert library.installed() == []
    assert [(u.name, u.repo) for u in library.unfinished()] == [(NAME, REPO)]
    hub.faults.cuts.clear()
    get()
    assert same_files(NAME, source)
    assert hub.sent["model.safetensors"] == size
    assert library.unfinished() == []


def test_ceasing_to_iterate_cancels(hub: FakeHub, source: Path) -> None:
    hub.faults.pause = 0.02
    events = library.download(REPO, QUICK)
    for event in events:
        if isinstance(event, Progress) and event.file == "model.safetensors" and event.speed:
            break
    clock = time.perf_counter()
    events.close()  # type: ignore[attr-defined]
    assert time.perf_counter() - clock < 2.0  # not the five seconds of silence
    assert library.installed() == []
    waiting = library.unfinished()
    assert [u.name for u in waiting] == [NAME]
    hub.faults.pause = 0.0
    get()  # the lock is free again
    assert same_files(NAME, source)


@pytest.mark.parametrize("n", range(1, 12))
def test_stopping_after_any_event_lists_nothing(hub: FakeHub, source: Path, n: int) -> None:
    events = library.download(REPO, QUICK)
    seen = list(islice(events, n))
    events.close()  # type: ignore[attr-defined]
    finished = bool(seen) and isinstance(seen[-1], Installed)
    assert bool(library.installed()) == finished
    assert isinstance(get()[-1], Installed)
    assert same_files(NAME, source)


def test_a_killed_download_is_gone_on_with(hub: FakeHub, source: Path) -> None:
    hub.faults.pause = 0.05
    code = (
        "from engine.lm import library\n"
        f"for event in library.download({REPO!r}):\n"
        "    print(getattr(event, 'file', ''), flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "HF_HUB_OFFLINE": "0"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == "model.safetensors":
            break
    part = paths.models() / ".unfinished" / NAME / "model.safetensors"
    deadline = time.monotonic() + 30
    while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert library.installed() == []
    here = part.stat().st_size
    assert 0 < here < (source / "model.safetensors").stat().st_size
    hub.faults.pause = 0.0
    hub.requests.clear()
    get()
    assert same_files(NAME, source)
    ranges = [headers.get("range") for _, path, headers in hub.requests if "/cdn/model" in path]
    assert ranges == [f"bytes={here}-"]


def test_what_was_left_of_another_version_is_thrown_away(
    hub: FakeHub, source: Path, tmp_path: Path
) -> None:
    hub.faults.cuts["model.safetensors"] = [9000, 0, 0, 0]
    with pytest.raises(KnownError):
        get()
    hub.faults.cuts.clear()
    hub.folder = write_model(tmp_path / "newer", WIDER, seed=7)
    hub.requests.clear()
    get()
    assert same_files(NAME, hub.folder)
    assert not any(headers.get("range") for _, path, headers in hub.requests if "/cdn/m" in path)


def test_damage_on_the_disk_is_found_before_the_model_is_listed(hub: FakeHub, source: Path) -> None:
    hub.faults.cuts["model.safetensors"] = [9000, 0, 0, 0]
    with pytest.raises(KnownError):
        get()
    hub.faults.cuts.clear()
    part = paths.models() / ".unfinished" / NAME / "model.safetensors"
    part.write_bytes(b"\0" * part.stat().st_size)
    get()
    assert same_files(NAME, source)


def test_one_damaged_arrival_is_made_good(hub: FakeHub, source: Path) -> None:
    hub.faults.corrupt["model.safetensors"] = 1
    hub.faults.corrupt["vocab.json"] = 1
    assert isinstance(get()[-1], Installed)
    assert same_files(NAME, source)


def test_a_server_without_ranges_still_serves(hub: FakeHub, source: Path) -> None:
    hub.faults.ignore_range = True
    hub.faults.cuts["model.safetensors"] = [9000]
    assert isinstance(get()[-1], Installed)
    assert same_files(NAME, source)


def test_more_bytes_than_announced_are_not_taken(hub: FakeHub, source: Path) -> None:
    hub.faults.endless = True
    assert isinstance(get()[-1], Installed)
    assert same_files(NAME, source)


def test_the_token_goes_to_the_hub_only(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch, source: Path
) -> None:
    hub.faults.token = "hf_secret"
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert isinstance(get()[-1], Installed)
    with serve(source) as elsewhere:
        library.remove(NAME)
        hub.faults.answers["model.safetensors"] = [
            (302, {"Location": f"{elsewhere.address}/cdn/model.safetensors"}, b"")
        ]
        get()
        assert elsewhere.requests
        assert all("authorization" not in headers for _, _, headers in elsewhere.requests)


def test_nothing_is_told_about_this_machine(hub: FakeHub) -> None:
    get()
    for _, path, headers in hub.requests:
        assert "agent-harnesses" not in path
        assert "torch" not in headers["user-agent"]
    assert not any(path.startswith("/api/") for _, path, _ in hub.requests[1:])


def test_two_windows_do_not_fetch_the_same_model(hub: FakeHub) -> None:
    first = library.download(REPO, QUICK)
    next(first)
    with pytest.raises(KnownError, match="another window"):
        get()
    first.close()  # type: ignore[attr-defined]
    assert isinstance(get()[-1], Installed)


def test_a_catalogue_name_brings_its_profile(hub: FakeHub) -> None:
    last = get("gpt2")[-1]
    assert isinstance(last, Installed)
    assert last.model.name == "gpt2"
    assert (last.model.folder / "profile.toml").read_text() == 'family = "gpt2"\n'
    assert get(f"{hub.address}/openai-community/gpt2")[-1].__class__ is Installed


def test_an_unfinished_download_can_be_thrown_away(hub: FakeHub) -> None:
    hub.faults.cuts["model.safetensors"] = [9000, 0, 0, 0]
    with pytest.raises(KnownError):
        get()
    assert library.remove(NAME) > 9000
    assert library.unfinished() == []


def test_a_lying_index_is_refused(hub: FakeHub, tmp_path: Path) -> None:
    hub.folder = write_model(tmp_path / "sharded", layout="sharded")
    index = hub.folder / "model.safetensors.index.json"
    for name in ("../../evil.safetensors", "/etc/passwd", "gone.safetensors", "model.bin"):
        index.write_text(json.dumps({"weight_map": {"wte.weight": name}}))
        with pytest.raises(KnownError, match="incomplete"):
            get()
        assert library.installed() == []
    assert sorted(path.name for path in paths.models().parent.iterdir()) == ["locks", "models"]


def test_weights_that_do_not_fit_the_config_are_never_listed(hub: FakeHub, tmp_path: Path) -> None:
    hub.folder = write_model(tmp_path / "mixed")
    config = GPTConfig(n_ctx=64, n_vocab=TINY.n_vocab, n_layer=3, n_head=2, n_embd=32)
    (hub.folder / "config.json").write_text(json.dumps(config.to_json()))
    with pytest.raises(KnownError, match="cannot be played"):
        get()
    assert library.installed() == []
    assert library.unfinished() == []


def test_a_slow_line_is_no_fault_and_its_end_is_foretold(hub: FakeHub, source: Path) -> None:
    hub.faults.pause = 0.2
    events = list(library.download(REPO, replace(QUICK, silence=2.0, tries=1)))
    assert same_files(NAME, source)
    moving = [e for e in events if isinstance(e, Progress) and e.stage is Stage.DOWNLOADING]
    late = moving[len(moving) // 2]
    assert late.seconds_left is not None
    assert late.speed * late.seconds_left == pytest.approx(late.total - late.done)
    assert not [e for e in events if isinstance(e, Progress) and e.stage is Stage.WAITING]


def test_a_folder_that_cannot_be_written_is_said(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("BRASS_LANTERN_HOME", str(tmp_path / "file"))
    with pytest.raises(KnownError, match="cannot be written"):
        get()


def test_nothing_is_written_through_a_link(hub: FakeHub, source: Path, tmp_path: Path) -> None:
    folder = paths.models() / ".unfinished" / NAME
    folder.mkdir(parents=True)
    (tmp_path / "there").write_bytes(b"precious")
    (folder / "vocab.json").symlink_to(tmp_path / "there")
    (folder / "model.safetensors").symlink_to(tmp_path / "nowhere")
    get()
    assert same_files(NAME, source)
    assert (tmp_path / "there").read_bytes() == b"precious"
    assert not (tmp_path / "nowhere").exists()
    assert not any(path.is_symlink() for path in (paths.models() / NAME).iterdir())


def test_the_hub_of_these_tests_speaks_as_the_real_client_expects(
    hub: FakeHub, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_TELEMETRY", True)
    info = HfApi(endpoint=hub.address).model_info(REPO, files_metadata=True)
    assert info.sha == COMMIT
    siblings = {sibling.rfilename: sibling for sibling in info.siblings or []}
    assert siblings.keys() == {path.name for path in source.iterdir()}
    weights = siblings["model.safetensors"].lfs
    assert weights is not None
    assert weights.size == (source / "model.safetensors").stat().st_size
    for name in ("config.json", "model.safetensors"):
        found = hf_hub_download(
            REPO, name, endpoint=hub.address, local_dir=tmp_path / "real", revision=COMMIT
        )
        assert Path(found).read_bytes() == (source / name).read_bytes()
