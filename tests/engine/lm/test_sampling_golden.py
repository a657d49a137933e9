"""Hand-computed values of every sampler on one small row."""

from __future__ import annotations

import numpy as np
import pytest

from engine.lm.samplers.penalties import slope_weights
from engine.lm.sampling import Chain
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
