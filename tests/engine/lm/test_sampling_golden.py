"""Hand-computed values of every sampler on one small row."""

from __future__ import annotations

import numpy as np
import pytest

from engine.lm.draws import Fixed
from engine.lm.samplers.penalties import slope_weights
from engine.lm.samplers.row import Row
from engine.lm.samplers.temperature import Temperature
from engine.lm.sampling import Chain, guide
from engine.lm.settings import SamplerSettings

Z = np.array([4, 3.5, 3, 2, 1, 0, -1, -2], np.float64)
SEEN = [5, 0, 2, 0, 7]
THREE = [0.506480, 0.307196, 0.186324]
FOUR = [0.473991, 0.287490, 0.174371, 0.064148]


def spread(settings: SamplerSettings, history=(), z=Z):
    """Probabilities [V] under the settings, zeros where cut."""
    found = Chain(settings).distribution(z, history)
    probs = np.zeros(len(z))
    probs[found.ids] = found.probs
    return probs


def softmax(z):
    e = np.exp(np.asarray(z, np.float64) - np.max(z))
    return e / e.sum()


def kept(settings: SamplerSettings, history=(), z=Z) -> list[int]:
    return Chain(settings).distribution(z, history).ids.tolist()


def test_off_is_softmax():
    expected = [0.457234, 0.277326, 0.168207, 0.061880, 0.022764, 0.008375, 0.003081, 0.001133]
    assert spread(SamplerSettings()) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("temperature", "p0"), [(0.7, 0.554119), (1.5, 0.363325)])
def test_temperature(temperature, p0):
    assert spread(SamplerSettings(temperature=temperature))[0] == pytest.approx(p0, abs=1e-6)


@pytest.mark.parametrize(
    ("settings", "probs"),
    [
        (SamplerSettings(top_k=3), THREE),
        (SamplerSettings(top_p=0.8), THREE),
        (SamplerSettings(typical_p=0.5), THREE),
        (SamplerSettings(min_p=0.1), FOUR),
    ],
)
def test_cuts(settings, probs):
    assert spread(settings)[: len(probs)] == pytest.approx(probs, abs=1e-6)
    assert not spread(settings)[len(probs) :].any()


def test_typical_may_drop_the_likeliest():
    assert kept(SamplerSettings(typical_p=0.2)) == [1]


def test_repetition_on_raw_logits():
    settings = SamplerSettings(repetition_penalty=1.2, repetition_raw=True)
    z = [3.333333, 3.5, 2.5, 2, 1, 0, -1, -2.4]
    assert spread(settings, SEEN) == pytest.approx(softmax(z), abs=1e-6)


def test_repetition_on_log_probabilities_ignores_a_shift_of_the_logits():
    settings = SamplerSettings(repetition_penalty=1.2)
    logprobs = np.log(softmax(Z))
    logprobs[[5, 0, 2, 7]] *= 1.2
    assert spread(settings, SEEN) == pytest.approx(softmax(logprobs), abs=1e-9)
    assert spread(settings, SEEN, Z - 80) == pytest.approx(softmax(logprobs), abs=1e-9)


@pytest.mark.parametrize(
    ("slope", "weights"),
    [
        (0.7, [1, 1.058824, 1.1, 1.141176, 1.2]),
        (1, [1, 1.05, 1.1, 1.15, 1.2]),
        (3, [1, 1.025, 1.1, 1.175, 1.2]),
        (0, [1.2] * 5),
    ],
)
def test_slope(slope, weights):
    assert slope_weights(1.2, 5, slope, 5) == pytest.approx(weights, abs=1e-6)


def test_slope_over_a_long_range():
    weights = slope_weights(1.1, 1024, 0.7, 1024)[[0, 1, 256, 511, 512, 767, 1022, 1023]]
    expected = [1, 1.000140, 1.029435, 1.049966, 1.050034, 1.070565, 1.099860, 1.1]
    assert weights == pytest.approx(expected, abs=1e-6)


def test_a_short_history_gets_the_newest_weights_and_repeats_the_newest_of_theirs():
    settings = SamplerSettings(
        repetition_penalty=1.2, repetition_range=5, repetition_slope=1, repetition_raw=True
    )
    z = Z.copy()
    z[0] /= 1.2  # seen twice; the newest place counts
    z[1] /= 1.15
    assert spread(settings, [0, 1, 0]) == pytest.approx(softmax(z), abs=1e-9)


@pytest.mark.parametrize(("span", "slope"), [(1, 0.7), (0, 0.7), (1, 0.0)])
def test_a_slope_needs_a_range(span, slope):
    assert slope_weights(1.2, span, slope, 1) == pytest.approx([1.2])


def test_presence_and_frequency():
    settings = SamplerSettings(presence_penalty=0.5, frequency_penalty=0.3)
    z = [2.9, 3.5, 2.2, 2, 1, -0.8, -1, -2.8]
    assert spread(settings, SEEN) == pytest.approx(softmax(z), abs=1e-9)


@pytest.mark.parametrize(
    ("settings", "probs"),
    [
        (SamplerSettings(top_a=0.5), THREE),
        (SamplerSettings(epsilon=0.03), FOUR),
        (SamplerSettings(eta=0.03), FOUR),
        (SamplerSettings(top_n_sigma=1), FOUR),
        (SamplerSettings(tfs=0.9), FOUR),
        (SamplerSettings(tfs=0.5), THREE),
    ],
)
def test_further_cuts(settings, probs):
    assert spread(settings)[: len(probs)] == pytest.approx(probs, abs=1e-6)
    assert not spread(settings)[len(probs) :].any()


def test_smoothing():
    quadratic = [0.311346, 0.292482, 0.242476, 0.114538, 0.032816, 0.005702, 0.000601, 0.000038]
    assert spread(SamplerSettings(smoothing_factor=0.25)) == pytest.approx(quadratic, abs=1e-6)
    cubic = SamplerSettings(smoothing_factor=0.25, smoothing_curve=2)
    assert spread(cubic)[0] == pytest.approx(0.337008, abs=1e-6)


def test_dynamic_temperature():
    settings = SamplerSettings(temperature=1, dynatemp_range=0.5)
    assert spread(settings)[0] == pytest.approx(0.424271, abs=1e-6)
    assert Temperature(1, 0.5).now(Row(Z)) == pytest.approx(1.143050, abs=1e-6)


def test_xtc():
    settings = SamplerSettings(xtc_threshold=0.15, xtc_probability=1)
    found = Chain(settings).distribution(Z, (), Fixed(0.5))
    assert found.ids.tolist() == [2, 3, 4, 5, 6, 7]
    assert found.probs[0] == pytest.approx(0.633691, abs=1e-6)


def test_dry():
    settings = SamplerSettings(dry_multiplier=0.8, dry_base=1.75, dry_allowed=2)
    z = Z.copy()
    z[3] -= 1.4
    assert spread(settings, [0, 1, 2, 3, 0, 1, 2]) == pytest.approx(softmax(z), abs=1e-9)


def test_mirostat_2():
    chain = Chain(SamplerSettings(mirostat=2, mirostat_tau=1, mirostat_eta=0.1))
    state = chain.state(0)
    assert chain.distribution(Z, (), Fixed(0), state).ids.tolist() == [0, 1]
    assert chain.sample(Z, (), Fixed(0), state) == 0
    assert state.recall(1) == pytest.approx(2.031605, abs=1e-6)


def test_guidance():
    probs = softmax(guide(Z, np.array([1, 3, 3, 2, 1, 0, -1, -2.0]), 1.5))
    assert probs[:2] == pytest.approx([0.767278, 0.133333], abs=1e-6)


def test_adaptive_p_by_hand():
    """Target .3 at the start: d = |p - .3| / .3, z = 5 - 10 d^2 / (1 + d)."""
    chain = Chain(SamplerSettings(adaptive_p=0.3, adaptive_decay=0.9))
    state = chain.state(0)
    d = np.abs(softmax(Z) - 0.3) / 0.3
    expected = softmax(5 - 10 * d**2 / (1 + d))
    found = chain.distribution(Z, (), Fixed(0), state)
    assert found.probs == pytest.approx(expected, abs=1e-9)
    assert chain.sample(Z, (), Fixed(0), state) == 0
    assert state.recall(1) == pytest.approx(0.9 * 0.3 + 0.1 * 0.457234, abs=1e-6)


def test_mirostat_1_by_hand():
    """A pure power law of exponent s: k follows from the formula of the paper."""
    s, tau = 1.5, 1.5
    z = -s * np.log(np.arange(1, 201))
    k = ((s - 1) * 2 ** (2 * tau) / (1 - 200 ** (1 - s))) ** (1 / s)
    chain = Chain(SamplerSettings(mirostat=1, mirostat_tau=tau, mirostat_eta=0.2))
    state = chain.state(0)
    found = chain.distribution(z, (), Fixed(0), state)
    assert found.ids.tolist() == list(range(int(k)))
    token = chain.sample(z, (), Fixed(0), state)
    surprise = -np.log2(found.probs[token])
    assert state.recall(1) == pytest.approx(2 * tau - 0.2 * (surprise - tau), abs=1e-9)
