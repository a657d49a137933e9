"""Profiles: the forms of the known families, and files that cannot be trusted."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import KnownError
from engine.story.profile import DUNGEON, EMBER, FILE_NAME, GPT2, load_profile, parse_profile
from tests.engine.story.stories import ASSETS


def write(folder: Path, text: str | bytes) -> Path:
    data = text if isinstance(text, bytes) else text.encode()
    (folder / FILE_NAME).write_bytes(data)
    return folder


def test_the_built_in_model_brings_the_profile_of_its_family() -> None:
    assert load_profile(ASSETS / "models" / "ember") == EMBER


@pytest.mark.parametrize(
    ("name", "profile"),
    [("gpt2-medium", GPT2), ("distilgpt2", GPT2), ("my-ember-2", EMBER), ("aid2-xl", DUNGEON), ("Text-Adventure", DUNGEON)],
)  # fmt: skip
def test_models_without_one_get_that_of_their_family(tmp_path: Path, name: str, profile) -> None:
    folder = tmp_path / name
    folder.mkdir()
    assert load_profile(folder) == profile


def test_a_file_overrides_its_family_and_unknown_names_are_left_alone(tmp_path: Path) -> None:
    text = (
        'family = "dungeon"\naction = " >> {text} "\nstop = ["\\n>>"]\nfuture = 3\nwindow = 512\n'
    )
    profile = load_profile(write(tmp_path, text))
    assert profile.action == ">> {text}"
    assert profile.stop == ("\n>>",)
    assert profile.window == 512
    assert profile.begin_text == DUNGEON.begin_text


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("family = 3", "family"),
        ('family = "gpt9"', "family"),
        ('action = "no slot"', "action"),
        ('action = ""', "action"),
        ('memory = "{text}{text}"', "memory"),
        ('memory = "' + "x" * 500 + '{text}"', "memory"),
        ('action_lead = ""', "action_lead"),
        ('action_lead = "--"', "action_lead"),
        ("begin_token = 1", "begin_token"),
        ('window = "1024"', "window"),
        ("window = -1", "window"),
        ('normalize = "rot13"', "normalize"),
        ('stop = "x"', "stop"),
        ("stop = [1]", "stop"),
        ('stop = [""]', "stop"),
        ("stop = [" + '"x",' * 40 + "]", "stop"),
        ("not toml", "TOML"),
        (b"\xff\xfe", "TOML"),
        ("x = " + "[" * 20_000, "TOML"),
        ("# " + "x" * 70_000, "larger"),
    ],
)
def test_files_that_cannot_be_used_are_a_sentence(tmp_path: Path, text, word: str) -> None:
    with pytest.raises(KnownError, match=word):
        load_profile(write(tmp_path, text))


def test_a_folder_in_its_place_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(KnownError, match="cannot be read"):
        load_profile(tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from([*EMBER.__dataclass_fields__, "other"]), st.text() | st.integers() | st.booleans() | st.lists(st.text() | st.integers())))  # fmt: skip
def test_any_values_are_a_profile_or_a_sentence(values: dict) -> None:
    with suppress(KnownError):
        parse_profile(values)
