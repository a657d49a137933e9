"""Settings: kept across starts, checked, unknown keys survive, a broken file does no harm."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.settings import FILE_NAME, Preferences, Settings, checked, dump, parse
from engine.errors import KnownError


def test_what_was_set_is_there_after_a_restart(tmp_path, qapp):
    first = Preferences(tmp_path)
    seen: list[Settings] = []
    first.changed.connect(seen.append)
    first.update(theme="dark", font_size=18, shortcuts={"retry": "Ctrl+7"})
    second = Preferences(tmp_path)
    assert second.value == first.value == seen[-1]
    assert second.value.font_size == 18
    assert second.value.shortcuts == {"retry": "Ctrl+7"}
    assert [p.name for p in tmp_path.iterdir()] == [FILE_NAME]


@pytest.mark.parametrize(
    ("name", "value"),
    [("font_size", 1), ("font_size", True), ("font_size", "big"), ("mode", "shout"),
     ("line_height", 99.0), ("greeted", 1), ("theme", 3)],
)  # fmt: skip
def test_a_value_out_of_range_is_refused_in_words(name, value):
    with pytest.raises(KnownError, match=name):
        checked(name, value)


def test_a_bad_value_in_the_file_costs_only_itself():
    settings, problems = parse('font_size = 900\ntheme = "dark"\n')
    assert settings.theme == "dark"
    assert settings.font_size == Settings().font_size
    assert len(problems) == 1


def test_a_file_that_is_no_toml_gives_defaults_and_a_sentence(tmp_path, qapp):
    (tmp_path / FILE_NAME).write_bytes(b"\xff\xfe= = =")
    preferences = Preferences(tmp_path)
    assert preferences.value == Settings()
    assert "defaults" in preferences.problems[0]


def test_keys_of_a_newer_version_survive():
    text = 'future = [1, 2]\ntheme = "dark"\n\n[panel]\nwide = true\n"odd key" = "x"\n'
    settings, problems = parse(text)
    assert problems == []
    again, _ = parse(dump(settings))
    assert again.unknown == {"future": [1, 2], "panel": {"wide": True, "odd key": "x"}}


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
keys = st.text(string.ascii_letters + string.digits + "-_. ", min_size=1, max_size=10)


@given(texts, st.integers(8, 40), st.floats(1.0, 2.5), st.dictionaries(keys, texts, max_size=4))
def test_any_settings_survive_the_file(stories, size, line_height, shortcuts):
    settings = Settings(
        stories=stories, font_size=size, line_height=line_height, shortcuts=shortcuts
    )
    assert parse(dump(settings)) == (settings, [])
