"""The model library: the catalogue, names, adding from a folder, verifying and removing."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import paths
from engine.errors import KnownError
from engine.lm import library
from engine.lm.catalogue import is_repo, wanted
from engine.lm.installed import is_name, plain_name
from engine.lm.library import Installed, InstalledModel, Verified
from engine.lm.local import LocalBackend
from engine.story.profile import FAMILIES, load_profile
from tests.helpers.tiny_model import write_model


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_model(tmp_path / "old lamp")


def add(source: Path, name: str | None = None) -> InstalledModel:
    last = list(library.add(source, name))[-1]
    assert isinstance(last, Installed)
    return last.model


def check(name: str) -> Verified:
    last = list(library.verify(name))[-1]
    assert isinstance(last, Verified)
    return last


def test_the_catalogue_is_honest_and_usable() -> None:
    entries = library.catalogue()
    assert {"distilgpt2", "gpt2", "gpt2-medium", "gpt2-large", "gpt2-xl"} <= {
        entry.name for entry in entries
    }
    assert len({entry.name.casefold() for entry in entries}) == len(entries)
    for entry in entries:
        assert is_name(entry.name)
        assert is_repo(entry.repo)
        assert entry.profile in FAMILIES
        assert entry.licence
        assert entry.good_for
        assert entry.megabytes > entry.parameters  # at least a byte a weight
        assert not entry.verified  # nothing could be: whoever checks one changes this with it
        assert entry.evidence
        assert wanted(entry.name) == entry


@pytest.mark.parametrize(
    ("text", "repo", "revision"),
    [
        ("someone/lamp", "someone/lamp", "main"),
        (" someone/lamp@v2 ", "someone/lamp", "v2"),
        ("someone/lamp@refs/pr/1", "someone/lamp", "refs/pr/1"),
        ("https://huggingface.co/someone/lamp", "someone/lamp", "main"),
        ("https://huggingface.co/someone/lamp/tree/v2/", "someone/lamp", "v2"),
        ("gpt2", "openai-community/gpt2", "main"),
        ("openai-community/gpt2", "openai-community/gpt2", "main"),
        ("https://huggingface.co/openai-community/gpt2", "openai-community/gpt2", "main"),
    ],
)
def test_what_people_type_is_understood(text: str, repo: str, revision: str) -> None:
    entry = wanted(text)
    assert (entry.repo, entry.revision) == (repo, revision)
    assert is_name(entry.name)


@pytest.mark.parametrize(
    "text",
    [
        "", "/", "a/b/c", "../x", "a/..", "a--b/c", "-a/b", "a/b.git", "a/b@../../x", "a/b@",
        "a/b@x y", "someone/" + "x" * 200, "a/b\n", "http://", "ä/b", "~/models", "C:\\models",
    ],
)  # fmt: skip
def test_what_cannot_be_a_model_is_refused(text: str) -> None:
    if text in ("a/b@", "a/b\n"):  # what surrounds an id does no harm
        assert wanted(text).repo == "a/b"
        return
    with pytest.raises(KnownError):
        wanted(text)


@given(st.text(max_size=300))
def test_any_text_makes_a_name_that_every_system_takes(text: str) -> None:
    name = plain_name(text)
    assert is_name(name)
    assert Path(name).name == name


@pytest.mark.parametrize(
    "name", ["con", "NUL", "nul.txt", "COM1", "lpt9.model", "ember", "Ember", ".hidden", "dot.", ""]
)
def test_reserved_names_are_not_used(name: str) -> None:
    assert not is_name(name)
    assert is_name(plain_name(name))


def test_a_folder_is_copied_and_plays(source: Path) -> None:
    (source / "notes.txt").write_text("not the model's")
    (source / "profile.toml").write_text('family = "dungeon"\n')
    model = add(source)
    assert model.name == "old-lamp"
    names = {path.name for path in model.folder.iterdir()}
    assert names == {path.name for path in source.iterdir()} - {"notes.txt"} | {"installed.json"}
    assert [m.name for m in library.installed()] == ["old-lamp"]
    assert model.problem == ""
    assert model.nbytes == library.space(model.folder) > 0
    assert load_profile(library.find_model("old-lamp")).family == "dungeon"
    backend = LocalBackend.load(library.find_model("old-lamp"))
    assert backend.name == "old-lamp"
    backend.close()


def test_one_file_stands_for_its_folder(source: Path) -> None:
    (source / "model.safetensors").rename(source / "lamp-fp16.safetensors")
    model = add(source / "lamp-fp16.safetensors", "lamp")
    assert (model.folder / "model.safetensors").is_file()
    assert check("lamp").sound


def test_a_snapshot_of_the_transformers_cache_is_taken_by_its_links(
    source: Path, tmp_path: Path
) -> None:
    snapshot = tmp_path / "models--someone--lamp" / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    for path in source.iterdir():
        (snapshot / path.name).symlink_to(path)
    model = add(snapshot)
    assert model.name == "someone--lamp"
    assert not any(path.is_symlink() for path in model.folder.iterdir())
    shutil.rmtree(source)
    assert check("someone--lamp").sound


def test_shards_are_copied_as_their_index_names_them(tmp_path: Path) -> None:
    source = write_model(tmp_path / "parts", layout="sharded")
    assert check(add(source).name).sound


@pytest.mark.parametrize("n", range(1, 8))
def test_a_cancelled_copy_leaves_nothing(source: Path, n: int) -> None:
    events = library.add(source)
    seen = list(islice(events, n))
    events.close()  # type: ignore[attr-defined]
    finished = isinstance(seen[-1], Installed)
    assert [m.name for m in library.installed()] == (["old-lamp"] if finished else [])
    assert list((paths.models() / ".unfinished").iterdir()) == []


def damage_config(source: Path) -> None:
    (source / "config.json").write_text('{"model_type": "bert"}')


def damage_weights(source: Path) -> None:
    data = (source / "model.safetensors").read_bytes()
    (source / "model.safetensors").write_bytes(data[:-100])


def damage_vocabulary(source: Path) -> None:
    (source / "merges.txt").write_text("a b c\n")


def leave_a_pickle(source: Path) -> None:
    (source / "model.safetensors").rename(source / "pytorch_model.bin")


def name_a_stranger(source: Path) -> None:
    (source / "model.safetensors").unlink()
    index = {"weight_map": {"wte.weight": "../secret.safetensors"}}
    (source.parent / "secret.safetensors").write_bytes(b"secret")
    (source / "model.safetensors.index.json").write_text(json.dumps(index))


@pytest.mark.parametrize(
    "harm", [damage_config, damage_weights, damage_vocabulary, leave_a_pickle, name_a_stranger]
)
def test_what_is_no_model_is_not_added(source: Path, harm: Callable[[Path], None]) -> None:
    harm(source)
    with pytest.raises(KnownError):
        add(source)
    assert library.installed() == []
    assert library.unfinished() == []


def test_a_name_is_given_once(source: Path) -> None:
    add(source, "Lamp")
    with pytest.raises(KnownError, match="another name"):
        add(source, "lamp")
    assert check("Lamp").sound


def test_verify_names_what_is_damaged_and_what_is_gone(source: Path) -> None:
    folder = add(source, "lamp").folder
    assert check("lamp") == Verified("lamp", (), (), checked=True)
    with (folder / "model.safetensors").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x55")
    (folder / "merges.txt").unlink()
    assert check("lamp") == Verified("lamp", ("model.safetensors",), ("merges.txt",), checked=True)
    assert not check("lamp").sound


def test_a_model_put_there_by_hand_is_listed_and_said_to_be_unchecked(source: Path) -> None:
    shutil.copytree(source, paths.models() / "by hand")
    assert [m.name for m in library.installed()] == ["by hand"]
    assert check("by hand") == Verified("by hand", (), (), checked=False)
    assert library.remove("by hand") > 0
    assert library.installed() == []


def test_a_broken_folder_is_listed_with_its_problem() -> None:
    (paths.models() / "broken").mkdir(parents=True)
    (model,) = library.installed()
    assert "config.json" in model.problem
    library.remove("broken")
    assert library.installed() == []


@pytest.mark.parametrize(
    "files",
    [
        {"../../x": {"size": 1, "sha256": "0" * 64}},
        {"model.safetensors": {"size": -1, "sha256": "0" * 64}},
        {"model.safetensors": {"size": 1, "sha256": "zz"}},
        {"model.safetensors": 7},
        [],
        None,
    ],
)
def test_a_hostile_manifest_is_refused(source: Path, files: object) -> None:
    folder = add(source, "lamp").folder
    (folder / "installed.json").write_text(json.dumps({"version": 1, "files": files}))
    with pytest.raises(KnownError, match="damaged"):
        check("lamp")
    assert [m.name for m in library.installed()] == ["lamp"]  # listed all the same, to be removed


def test_a_manifest_past_every_measure_is_not_read(source: Path) -> None:
    folder = add(source, "lamp").folder
    (folder / "installed.json").write_bytes(b" " * (2 << 20))
    with pytest.raises(KnownError):
        check("lamp")
    (folder / "installed.json").write_text("[" * 100_000)
    with pytest.raises(KnownError):
        check("lamp")


def test_removing_follows_no_link(source: Path, tmp_path: Path) -> None:
    folder = add(source, "lamp").folder
    (folder / "elsewhere").symlink_to(source)
    (paths.models() / "linked").symlink_to(source)
    assert library.remove("linked") == 0
    library.remove("lamp")
    assert library.installed() == []
    assert (source / "model.safetensors").is_file()


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".unfinished", "../models", "a/b", "a\\b", "C:x", "ember", "nothing"]
)
def test_removing_stays_inside_the_folder(source: Path, name: str) -> None:
    add(source, "lamp")
    with pytest.raises(KnownError):
        library.remove(name)
    assert check("lamp").sound


def test_a_name_of_the_library_beats_a_folder_that_happens_to_lie_there(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(source, "lamp")
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "lamp")
    assert library.find_model("lamp") == paths.models() / "lamp"
    assert library.find_model("./lamp") == Path("lamp")
