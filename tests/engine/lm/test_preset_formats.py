"""Preset files of other programs: golden ones, damaged ones, there and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import KnownError
from engine.lm import preset_formats, presets
from engine.lm.preset_formats import read, with_suffix, write
from engine.lm.presets import Preset
from engine.lm.sampling import Chain
from engine.lm.scripted import ByteTokenizer
from engine.lm.settings import STAGES, SamplerSettings

FILES = Path(__file__).parent / "preset_files"


def test_a_koboldai_file():
    found, report = read(FILES / "koboldai.settings")
    assert found.name == "koboldai"
    assert found.settings == SamplerSettings(
        temperature=0.63,
        top_p=0.98,
        tfs=0.98,
        repetition_penalty=1.05,
        repetition_range=2048,
        repetition_slope=0.1,
        repetition_raw=True,
        order=(
            "no_repeat_ngram", "dry", "top_n_sigma",
            "repetition", "presence", "frequency", "top_p", "min_p", "tfs", "top_k",
            "temperature", "smoothing", "top_a", "typical", "epsilon", "eta", "xtc",
        ),
    )  # fmt: skip
    assert report.format == "KoboldAI"
    assert report.changed == []
    assert report.dropped == ["andepth", "apikey", "formatoptns", "genamt", "max_length"]
    assert "secret" not in report.sentence()


def test_a_koboldcpp_file():
    found, report = read(FILES / "koboldcpp.settings")
    s = found.settings
    assert (s.temperature, s.top_k, s.top_p, s.min_p) == (0.75, 100, 0.92, 0.05)
    assert (s.repetition_penalty, s.repetition_slope, s.presence_penalty) == (1.07, 1.0, 0.1)
    assert (s.dry_multiplier, s.dry_base, s.dry_allowed) == (0.8, 1.75, 2)
    assert (s.xtc_threshold, s.xtc_probability, s.dynatemp_range) == (0.2, 0.5, 0.2)
    assert s.banned == ("shivers down",)
    assert s.logit_bias == ()
    assert s.repetition_raw
    assert s.order.index("tfs") < s.order.index("typical") < s.order.index("top_p")
    assert s.order.index("min_p") == s.order.index("top_p") + 1
    assert s.order[-1] == "xtc"
    assert report.format == "KoboldCpp"
    assert report.dropped == ["grammar"]
    assert len(report.changed) == 2  # the slope, and biases by the numbers of another vocabulary
    assert "slope" in report.sentence()


def test_a_novelai_file():
    found, report = read(FILES / "novelai.preset")
    s = found.settings
    assert found.name == "Moth in a Lamp"
    assert (s.temperature, s.top_k, s.top_p, s.top_a, s.tfs) == (1.35, 15, 0.85, 0.1, 0.915)
    assert s.typical_p == 1  # switched off in its order
    assert s.guidance == 1
    assert s.negative_prompt == "dull"
    assert (s.repetition_penalty, s.repetition_range, s.frequency_penalty) == (2.8, 2048, 0.02)
    assert not s.repetition_raw
    assert (s.dry_multiplier, s.dry_allowed) == (1.2, 4)
    names = [n for n in s.order if n in {"top_p", "tfs", "temperature", "top_a", "top_k"}]
    assert names == ["top_p", "tfs", "temperature", "top_a", "top_k"]
    assert report.dropped == ["math1 (Unified)"]
    assert "DRY" in report.sentence()


def test_novelai_numbers_its_samplers_in_older_files(tmp_path):
    path = tmp_path / "old.preset"
    path.write_text(json.dumps({"parameters": {"temperature": 1.1, "order": [2, 0, 1, "x", 99]}}))
    order = read(path)[0].settings.order
    assert [n for n in order if n in {"top_p", "temperature", "top_k"}] == [
        "top_p", "temperature", "top_k",
    ]  # fmt: skip


def test_six_numbers_of_an_old_koboldai_file_put_the_penalty_first(tmp_path):
    path = tmp_path / "old.settings"
    path.write_text(json.dumps({"temp": 1, "rep_pen": 1.1, "sampler_order": [5, 0, 1, 2, 3, 4]}))
    found, report = read(path)
    order = found.settings.order
    assert order.index("repetition") < order.index("temperature") < order.index("top_k")
    assert report.changed == []


def test_what_is_out_of_range_is_clamped_and_said(tmp_path):
    path = tmp_path / "wild.settings"
    wild = {"temp": 50, "rep_pen": 99, "top_k": -3, "tfs": "a lot", "sampler_order": [0, 0, 1]}
    path.write_text(json.dumps(wild))
    found, report = read(path)
    assert (found.settings.temperature, found.settings.repetition_penalty) == (5.0, 3.0)
    assert found.settings.top_k == 0
    assert found.settings.tfs == 1
    text = report.sentence()
    assert "Temperature was 50 and is 5" in text
    assert "tfs is no number" in text
    assert "order" in text


@pytest.mark.parametrize(
    "text",
    [
        "[1, 2]",
        "{",
        "{}",
        '{"a": 1}',
        "[" * 5000,
        '{"temp": ' + "9" * 6000 + "}",
        '{"sampling": {"temperature": "hot"}}',
        "name = 3",
        "\x00\x01",
    ],
)
def test_what_is_no_preset_is_refused_in_a_sentence(tmp_path, text):
    path = tmp_path / "odd.settings"
    path.write_text(text)
    with pytest.raises(KnownError):
        read(path)


def test_too_large_missing_and_unwritable(tmp_path):
    path = tmp_path / "huge.preset"
    path.write_text('{"temp": 1, "x": "' + "x" * presets.MAX_BYTES + '"}')
    with pytest.raises(KnownError, match="larger than"):
        read(path)
    with pytest.raises(KnownError, match="cannot be read"):
        read(tmp_path / "none.preset")
    with pytest.raises(KnownError, match="cannot be written"):
        write(Preset("x"), tmp_path / "no" / "folder.toml")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
_THEIRS = st.sampled_from(
    ["temp", "rep_pen", "rep_pen_slope", "sampler_order", "min_p", "order", "mirostat_tau",
     "mirostat_lr", "phrase_rep_pen", "temperature", "logit_bias", "banned_strings", "cfg_uc",
     "dry_sequence_breakers", "negative_prompt", "mirostat", "dry_allowed_length", "top_k"]
)  # fmt: skip


@given(st.dictionaries(_THEIRS, _JSON, max_size=8), st.booleans(), _JSON)
def test_whatever_stands_in_a_file_it_is_read_or_refused(tmp_path_factory, data, nested, name):
    path = tmp_path_factory.getbasetemp() / "fuzz.json"
    whole = {"parameters": data, "name": name} if nested else {**data, "temp": 1, "name": name}
    path.write_text(json.dumps(whole))
    found, report = read(path)
    Chain(found.settings, ByteTokenizer())
    assert found.name
    assert isinstance(report.sentence(), str)


@pytest.mark.parametrize("ending", [".toml", ".json"])
@pytest.mark.parametrize("preset", presets.builtin(), ids=lambda preset: preset.id)
def test_our_own_forms_lose_nothing(tmp_path, preset, ending):
    path = tmp_path / f"own{ending}"
    assert write(preset, path).sentence() == ""
    found, report = read(path)
    assert (found.name, found.settings, found.description) == (
        preset.name, preset.settings, preset.description,
    )  # fmt: skip
    assert report.sentence() == ""


def test_there_and_back_through_koboldai(tmp_path):
    path = tmp_path / "there.settings"
    first = read(FILES / "koboldai.settings")[0]
    assert write(first, path).sentence() == ""
    assert read(path)[0].settings == first.settings


def test_there_and_back_through_novelai(tmp_path):
    path = tmp_path / "there.preset"
    first = read(FILES / "novelai.preset")[0]
    write(first, path)
    found, report = read(path)
    assert found.settings == first.settings
    assert found.name == first.name
    assert report.dropped == []


def test_what_another_program_cannot_say_is_named(tmp_path):
    rich = Preset("Rich", SamplerSettings(no_repeat_ngram=4, epsilon=0.001, xtc_probability=0.5))
    assert "no_repeat_ngram" in write(rich, tmp_path / "a.settings").dropped
    dropped = write(rich, tmp_path / "a.preset").dropped
    assert {"no_repeat_ngram", "epsilon", "xtc_probability"} <= set(dropped)


def test_endings_follow_the_filter_that_was_chosen():
    kobold = next(n for n in preset_formats.SAVE_FILTER.split(";;") if "KoboldAI" in n)
    assert with_suffix(Path("a"), kobold).name == "a.settings"
    assert with_suffix(Path("a.preset"), kobold).name == "a.preset"
    assert with_suffix(Path("a.b")).name == "a.b.toml"


def test_orders_are_whole():
    for name in ("koboldai.settings", "koboldcpp.settings", "novelai.preset"):
        assert sorted(read(FILES / name)[0].settings.order) == sorted(STAGES)
