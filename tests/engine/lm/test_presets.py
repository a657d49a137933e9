"""Presets: those of the app, those of the user, and files that are none."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import KnownError
from engine.lm import presets
from engine.lm.presets import Preset
from engine.lm.sampling import Chain
from engine.lm.scripted import ByteTokenizer
from engine.lm.settings import SamplerSettings


def test_the_app_brings_presets():
    found = presets.builtin()
    assert len(found) >= 6
    assert len({p.name for p in found}) == len({p.id for p in found}) == len(found)
    assert all(p.builtin and p.description.endswith(".") for p in found)
    assert len({p.settings for p in found}) == len(found)
    for preset in found:
        Chain(preset.settings, ByteTokenizer())
        assert presets.find(preset.name) == presets.find(preset.id) == preset
    assert presets.find(presets.DEFAULT).settings.temperature > 0


def test_a_built_in_file_says_what_it_means():
    """An unknown or misspelt setting would be passed over in silence."""
    fields = SamplerSettings().to_json().keys()
    for path in (presets.paths.assets() / "presets").glob("*.toml"):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        assert data.keys() == {"name", "description", "sampling"}
        assert data["sampling"].keys() <= fields


def test_save_find_rename_delete(tmp_path, monkeypatch):
    monkeypatch.setenv("BRASS_LANTERN_HOME", str(tmp_path))
    assert presets.user() == ([], [])
    saved = presets.save(Preset("My own", SamplerSettings(top_k=7, banned=("elf",)), "Mine."))
    assert presets.find("my own") == saved
    assert presets.user() == ([saved], [])
    again = presets.save(Preset("My own", SamplerSettings(top_k=9)))
    assert presets.user()[0] == [again]
    twin = presets.save(Preset("My, own"))
    assert twin.id != again.id
    renamed = presets.rename(again, "Another")
    assert {p.name for p in presets.user()[0]} == {"Another", "My, own"}
    presets.delete(renamed)
    assert [p.name for p in presets.user()[0]] == ["My, own"]
    with pytest.raises(KnownError, match="there are: My, own, Balanced"):
        presets.find("nobody's")


def test_what_came_with_the_app_stays():
    with pytest.raises(KnownError, match="stays"):
        presets.delete(presets.builtin()[0])


@given(
    st.text(min_size=1, max_size=60),
    st.text(max_size=100),
    st.lists(st.text(min_size=1, max_size=20), max_size=4),
    st.floats(0, 5),
)
def test_any_text_survives_the_file(tmp_path_factory, name, description, banned, temperature):
    folder = tmp_path_factory.getbasetemp() / "presets"
    try:
        preset = Preset(name, SamplerSettings(banned=tuple(banned), temperature=temperature))
    except KnownError:
        return
    preset = Preset(name, preset.settings, description)
    saved = presets.save(preset, folder)
    assert (folder / f"{saved.id}.toml").resolve().parent == folder.resolve()
    back = presets.read(folder / f"{saved.id}.toml")
    assert back.settings == preset.settings
    assert (back.name, back.description) == (name, description)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xfe", "TOML"),
        (b"name = ", "TOML"),
        (b"name = 3", "not a text"),
        (b"sampling = 3", "not a table"),
        (b"[sampling]\ntemperature = 9", "Temperature"),
        (b"[sampling]\ntemperature = nan", "Temperature"),
        (b'[sampling]\norder = ["no"]', "does not exist"),
        (b'name = "a\\nb"', "one line"),
        (b"x = " + b"[" * 100_000, "cannot be used"),
        (b"#" * 300_000, "larger than"),
    ],
)
def test_a_file_that_is_none_is_named(tmp_path, content, says):
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(KnownError, match=says) as caught:
        presets.read(path)
    assert "bad.toml" in str(caught.value)
    good = presets.save(Preset("Good"), tmp_path)
    found, notices = presets.user(tmp_path)
    assert found == [good]
    assert len(notices) == 1


def test_a_file_that_is_no_preset_is_not_replaced(tmp_path):
    (tmp_path / "mine.toml").write_text("not a preset")
    assert presets.save(Preset("Mine"), tmp_path).id == "mine-2"
    assert (tmp_path / "mine.toml").read_text() == "not a preset"


@pytest.mark.parametrize("name", ["../../etc/passwd", "CON", "...", "a/b\\c", "日本"])
def test_a_name_never_leaves_the_folder(tmp_path, name):
    saved = presets.save(Preset(name), tmp_path / "presets")
    assert [p.name for p in tmp_path.rglob("*.toml")] == [f"{saved.id}.toml"]
    assert saved.id.lower() != "con"
    assert presets.user(tmp_path / "presets")[0] == [saved]
