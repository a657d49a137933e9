"""Every sampler that transformers has, against it, on random rows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers.generation import logits_process as reference

from engine.lm.sampling import Chain, guide
from engine.lm.settings import SamplerSettings

CASES = {
    "temperature": (
        SamplerSettings(temperature=0.6),
        lambda: reference.TemperatureLogitsWarper(0.6),
    ),
    "hot": (SamplerSettings(temperature=4), lambda: reference.TemperatureLogitsWarper(4.0)),
    "top_k": (SamplerSettings(top_k=30), lambda: reference.TopKLogitsWarper(30)),
    "top_k 1": (SamplerSettings(top_k=1), lambda: reference.TopKLogitsWarper(1)),
    "top_p": (SamplerSettings(top_p=0.9), lambda: reference.TopPLogitsWarper(0.9)),
    "top_p small": (SamplerSettings(top_p=0.05), lambda: reference.TopPLogitsWarper(0.05)),
    "min_p": (SamplerSettings(min_p=0.07), lambda: reference.MinPLogitsWarper(0.07)),
    "typical": (SamplerSettings(typical_p=0.9), lambda: reference.TypicalLogitsWarper(0.9)),
    "typical low": (SamplerSettings(typical_p=0.2), lambda: reference.TypicalLogitsWarper(0.2)),
    "epsilon": (SamplerSettings(epsilon=0.001), lambda: reference.EpsilonLogitsWarper(0.001)),
    "eta": (SamplerSettings(eta=0.002), lambda: reference.EtaLogitsWarper(0.002)),
    "repetition": (
        SamplerSettings(repetition_penalty=1.3, repetition_raw=True),
        lambda: reference.RepetitionPenaltyLogitsProcessor(1.3),
    ),
    "ngram 1": (
        SamplerSettings(no_repeat_ngram=1),
        lambda: reference.NoRepeatNGramLogitsProcessor(1),
    ),
    "ngram 3": (
        SamplerSettings(no_repeat_ngram=3),
        lambda: reference.NoRepeatNGramLogitsProcessor(3),
    ),
}


def rows():
    for seed in range(30):
        rng = np.random.default_rng(seed)
        size = int(rng.integers(40, 2500))
        z = rng.normal(rng.choice([0, -40]), rng.choice([0.3, 2, 6]), size).astype(np.float32)
        history = rng.integers(0, 6 if seed % 2 else 35, rng.integers(1, 80))
        yield z, history


@pytest.mark.parametrize("case", CASES)
def test_against_the_reference(case):
    settings, make = CASES[case]
    chain, processor = Chain(settings), make()
    for z, history in rows():
        theirs = processor(torch.tensor(history)[None], torch.tensor(z)[None])[0].double()
        theirs = torch.softmax(theirs, -1).numpy()
        ours = np.zeros(len(z))
        found = chain.distribution(z, history)
        ours[found.ids] = found.probs
        differ = int(((ours > 0) != (theirs > 0)).sum())
        assert differ <= 1  # whether a token at the very border stays is a matter of rounding
        assert ours == pytest.approx(theirs, abs=2e-3 if differ else 1e-5)


def test_the_whole_chain_in_the_reference_order():
    settings = SamplerSettings(
        temperature=0.8,
        top_k=50,
        top_p=0.9,
        repetition_penalty=1.2,
        repetition_raw=True,
        order=("repetition", "temperature", "top_k", "top_p"),
    )
    chain = Chain(settings)
    processors = [
        reference.RepetitionPenaltyLogitsProcessor(1.2),
        reference.TemperatureLogitsWarper(0.8),
        reference.TopKLogitsWarper(50),
        reference.TopPLogitsWarper(0.9),
    ]
    for z, history in rows():
        scores, ids = torch.tensor(z)[None], torch.tensor(history)[None]
        for processor in processors:
            scores = processor(ids, scores)
        theirs = torch.softmax(scores[0].double(), -1).numpy()
        found = chain.distribution(z, history)
        assert found.ids.tolist() == np.flatnonzero(theirs).tolist()
        assert found.probs == pytest.approx(theirs[found.ids], abs=1e-5)


@pytest.mark.parametrize("scale", [-0.5, 0, 0.5, 1, 1.5, 5])
def test_guidance_is_linear_in_log_probabilities(scale):
    rng = np.random.default_rng(1)
    yes, no = rng.normal(-40, 3, (2, 500)).astype(np.float32)
    a, b = (torch.log_softmax(torch.tensor(x), -1) for x in (yes, no))
    assert guide(yes, no, scale) == pytest.approx((scale * (a - b) + b).numpy(), abs=1e-3)
