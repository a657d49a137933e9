"""Settings as a value, and the tables that front ends build their controls from."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import KnownError
from engine.lm.knobs import SWITCHES, WORDS
from engine.lm.sampling import CUT, REWEIGH, SHAPE, Chain
from engine.lm.scripted import ByteTokenizer
from engine.lm.settings import (
    ADVANCED,
    EVERYDAY,
    KNOBS,
    REPETITION,
    STAGES,
    SamplerSettings,
    complete,
)


def test_every_field_has_a_control_and_every_default_is_off():
    off = SamplerSettings()
    for knob in KNOBS:
        assert getattr(off, knob.field) == knob.off
        assert knob.low <= knob.off <= knob.high
        assert knob.help.endswith(".")
        assert knob.group in (EVERYDAY, REPETITION, ADVANCED)
        assert not knob.needs or knob.needs in {other.field for other in KNOBS}
    tables = [c.field for c in (*KNOBS, *SWITCHES, *WORDS)]
    assert sorted([*tables, "order"]) == sorted(field.name for field in fields(SamplerSettings))
    assert Chain(off, ByteTokenizer()).stages == ()


@pytest.mark.parametrize("knob", [k for k in KNOBS if not k.needs], ids=lambda k: k.field)
def test_every_knob_adds_a_stage(knob):
    if knob.field in ("repetition_range", "guidance"):  # one qualifies, one needs a second row
        return
    turned = SamplerSettings(**{knob.field: knob.high if knob.high != knob.off else knob.low})
    assert len(Chain(turned).stages) == 1


def test_every_stage_of_the_order_exists():
    assert sorted(REWEIGH | CUT | SHAPE) == sorted(STAGES)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"temperature": -1}, "Temperature is -1"),
        ({"temperature": float("nan")}, "Temperature"),
        ({"temperature": True}, "Temperature"),
        ({"temperature": "warm"}, "Temperature is warm"),
        ({"top_k": 2.5}, "whole numbers"),
        ({"top_p": 1.01}, "Top-p"),
        ({"mirostat": 3}, "Mirostat"),
        ({"repetition_raw": 1}, "neither on nor off"),
        ({"order": ("top_k", "nonsense")}, "nonsense"),
        ({"order": ("top_k", "top_k")}, "twice"),
        ({"banned": ("",)}, "banned words"),
        ({"banned": ("x" * 201,)}, "banned words"),
        ({"banned": ("x",) * 1001}, "at most 1000"),
        ({"logit_bias": (("x", float("inf")),)}, "bias"),
        ({"logit_bias": (("x", "much"),)}, "bias"),
        ({"negative_prompt": "x" * 20_001}, "negative prompt"),
    ],
)
def test_what_is_out_of_range_is_named(changes, says):
    with pytest.raises(KnownError, match=says):
        SamplerSettings(**changes)


def test_json_and_back():
    chosen = SamplerSettings(
        temperature=0.7,
        banned=("elf", "é\n"),
        logit_bias=(("dragon", 2.5),),
        dry_breakers=("\n",),
        order=tuple(reversed(STAGES)),
    )
    assert SamplerSettings.from_json(json.loads(json.dumps(chosen.to_json()))) == chosen


def test_json_of_another_version():
    data = {"temperature": 0.5, "top_k": 40.0, "colour": "red", "order": ["temperature", "top_k"]}
    read = SamplerSettings.from_json(data)
    assert (read.temperature, read.top_k) == (0.5, 40)
    assert isinstance(read.top_k, int)
    assert sorted(read.order) == sorted(STAGES)
    assert read.order.index("temperature") < read.order.index("top_k")
    assert SamplerSettings.from_json({"logit_bias": {"a": 1}}).logit_bias == (("a", 1),)


junk = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.just(10**400)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([f.name for f in fields(SamplerSettings)]), junk))
def test_any_json_gives_settings_or_a_sentence(data):
    sentence = ""
    try:
        Chain(SamplerSettings.from_json(data), ByteTokenizer())
    except KnownError as error:
        sentence = str(error)
    assert len(sentence) < 300


@given(st.lists(st.sampled_from(STAGES), unique=True))
def test_an_order_is_completed_without_moving_what_it_has(order):
    full = complete(order)
    assert sorted(full) == sorted(STAGES)
    assert [stage for stage in full if stage in order] == order


def test_a_missing_stage_stands_behind_its_usual_neighbour():
    assert complete([]) == STAGES
    assert complete(["temperature", "repetition"])[-1] != "temperature"
    old = ("repetition", "presence", "frequency", "top_k", "typical", "top_p", "min_p")
    assert complete([*old, "temperature"]) == STAGES


def test_order_of_the_reference_ids():
    """KoboldAI's default order: penalty, top-k, top-a, top-p, tail-free, typical, temperature."""
    assert STAGES[0] == "repetition"
    assert STAGES.index("top_n_sigma") < min(STAGES.index(s) for s in CUT if s != "top_n_sigma")
    assert STAGES.index("temperature") > max(STAGES.index(s) for s in CUT if s != "xtc")
