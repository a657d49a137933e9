"""How the next token is chosen: a story's way before the person's, theirs before the model's."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import choice, paths
from engine.choice import OWN, Choice, differing, read_common, resolve, write_common
from engine.errors import KnownError
from engine.lm.presets import find
from engine.lm.settings import SamplerSettings
from engine.playing import choice_of, sampling_of
from engine.story.profile import EMBER, Profile
from engine.story.tree import Story


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv(paths.HOME_VARIABLE, str(tmp_path))


def test_below_all_is_what_suits_the_model():
    assert resolve(EMBER) == Choice(find("steady").settings, "steady")
    assert resolve(Profile(preset="nobody's")).preset == choice.DEFAULT_PRESET


def test_the_first_layer_wins_part_by_part():
    story = {"stop_strings": ["END"], "temperature": 1.5}
    common = {"preset": "lively", "stop_strings": ["x"], "seed": 3}
    found = resolve(EMBER, story, common)
    assert found.sampling == find("lively").settings.with_(temperature=1.5)
    assert (found.preset, found.stop, found.seed) == ("lively", ("END",), 3)
    own = {"sampling": {"top_k": 5}, "temperature": 4.0, "seed": -1}
    assert resolve(EMBER, own, common) == Choice(SamplerSettings(top_k=5), "", ("x",), None)


def test_what_holds_in_all_stories_is_kept_in_a_file_and_read_by_everyone():
    wanted = SamplerSettings(temperature=0.4, banned=('a "b"\n',), logit_bias=(("x", -1.0),))
    layer = {"sampling": differing(wanted), "seed": 9, "stop_strings": ["\n\n"]}
    write_common(layer)
    assert read_common() == layer
    assert choice_of(Story(), EMBER) == Choice(wanted, "", ("\n\n",), 9)
    write_common({})
    assert not choice.common_path().exists()
    assert sampling_of(Story(), EMBER) == find("steady").settings


@pytest.mark.parametrize("text", ["sampling = 3", "= =", "\x00", "sampling = {top_k = 'x'}", "x=1"])
def test_a_damaged_file_is_passed_over(text):
    path = choice.common_path()
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert resolve(EMBER, read_common()).seed is None


def test_a_file_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "config").write_text("in the way")
    with pytest.raises(KnownError, match="could not be saved"):
        write_common({"seed": 1})


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)
_FIELDS = st.sampled_from([*SamplerSettings().to_json()])


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from(OWN), _JSON), st.dictionaries(_FIELDS, _JSON, max_size=6))
def test_no_layer_from_elsewhere_breaks_anything(layer, sampling):
    found = resolve(EMBER, {**layer, "sampling": sampling}, layer)
    assert isinstance(found.sampling, SamplerSettings)
    good = {k: v for k, v in sampling.items() if k in differing(found.sampling)}
    assert set(differing(found.sampling)) <= set(good)
    assert all(isinstance(text, str) for text in found.stop)
