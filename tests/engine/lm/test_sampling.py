"""The chain: order, stages that are off, reports, and what it does with odd rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import KnownError
from engine.lm.draws import At, Fixed, uniform
from engine.lm.samplers.history import Moment
from engine.lm.samplers.row import Row, pick
from engine.lm.samplers.truncation import highest
from engine.lm.sampling import Candidates, Chain, History
from engine.lm.scripted import ByteTokenizer
from engine.lm.settings import KNOBS, STAGES, SamplerSettings

Z = np.array([4, 3.5, 3, 2, 1, 0, -1, -2], np.float32)


def knobs() -> st.SearchStrategy[SamplerSettings]:
    """Settings with any number of knobs turned to values at and between their ends."""
    turned = {}
    for knob in KNOBS:
        values = {knob.low, knob.high, knob.off, knob.low + knob.step}
        values.add(round((knob.low + knob.high) / 2))
        turned[knob.field] = st.sampled_from([knob.off] * 6 + sorted(values))
    return st.builds(
        SamplerSettings,
        **turned,
        repetition_raw=st.booleans(),
        banned=st.sampled_from([(), ("a",)]),
        logit_bias=st.sampled_from([(), (("a", -100.0), ("bc", 5.0))]),
        order=st.permutations(STAGES).map(tuple),
    )


def rows(seed: int, size: int, kind: str):
    rng = np.random.default_rng(seed)
    z = rng.normal(-40, 4, size).astype(np.float32)
    if kind == "ties":
        z = np.round(z / 4)
    if kind == "holes":
        z[rng.random(size) < 0.5] = -np.inf
        z[rng.integers(size)] = -30
    return z, rng.integers(0, size, rng.integers(0, 40)).tolist()


@settings(max_examples=300)
@given(knobs(), st.integers(0, 2**32), st.integers(1, 900), st.sampled_from(["", "ties", "holes"]))
def test_any_settings_in_any_order_leave_a_distribution(chosen, seed, size, kind):
    z, history = rows(seed, size, kind)
    before = z.copy()
    chain = Chain(chosen, ByteTokenizer())
    state, draw = chain.state(len(history)), At(seed, 0, 3)
    state.forbid(len(history), int(z.argmax()))
    found = chain.distribution(z, history, draw, state)
    last = chain.trace(z, history, draw, state)[-1]
    assert np.array_equal(z, before)
    assert len(found.ids) == len(found.probs) >= 1
    assert (np.diff(found.ids) > 0).all()
    assert 0 <= found.ids[0] <= found.ids[-1] < size
    assert (found.probs >= 0).all()
    assert found.probs.sum() == pytest.approx(1, abs=1e-9)
    assert np.array_equal(last.ids, found.ids)
    assert last.after == pytest.approx(found.probs, abs=1e-6)
    picked = chain.sample(z, history, draw, state)
    assert found.probs[found.ids == picked] > 0
    assert np.isfinite(state.recall(len(history) + 1))


@given(knobs(), st.integers(0, 2**32))
def test_history_may_be_a_list_or_grow(chosen, seed):
    z, ids = rows(seed, 50, "")
    grown = History(ids[:3])
    for token in ids[3:]:
        grown.append(token)
    chain = Chain(chosen)
    ours, theirs = chain.distribution(z, grown), chain.distribution(z, ids)
    assert np.array_equal(ours.ids, theirs.ids)
    assert np.array_equal(ours.probs, theirs.probs)


def test_a_history_can_be_taken_back():
    history = History(range(100))
    history.append(7)
    history.drop(3)
    history.append(5)
    assert history.ids.tolist() == [*range(98), 5]
    with pytest.raises(ValueError, match="take back"):
        history.drop(100)


def test_off_stages_are_not_there():
    assert Chain(SamplerSettings()).stages == ()
    assert [s.name for s in Chain(SamplerSettings(top_p=0.9, temperature=0.7)).stages] == [
        "top_p",
        "temperature",
    ]


def test_order_matters():
    first = SamplerSettings(temperature=2, top_p=0.8, order=("temperature", "top_p"))
    last = first.with_(order=("top_p", "temperature"))
    assert len(Chain(first).distribution(Z, ()).ids) == 4
    assert len(Chain(last).distribution(Z, ()).ids) == 3


def test_a_stage_that_the_order_leaves_out_does_nothing():
    assert len(Chain(SamplerSettings(top_k=1, order=("top_p",))).distribution(Z, ()).ids) == len(Z)


def test_greedy_takes_the_lowest_of_equals_and_looks_at_penalties_only():
    z = np.array([1, 3, 3, 2], np.float32)
    greedy = SamplerSettings(temperature=0, typical_p=0.1)
    assert Chain(greedy).sample(z, (), Fixed(0.9)) == 1
    assert Chain(greedy.with_(repetition_penalty=2.0)).sample(z, [1], Fixed(0.9)) == 2


def test_cuts_keep_ties_at_the_border():
    z = np.array([3, 2, 2, 1], np.float32)
    assert Chain(SamplerSettings(top_k=2)).distribution(z, ()).ids.tolist() == [0, 1, 2]


def test_a_penalty_after_a_cut_finds_its_tokens():
    tail = SamplerSettings(top_k=3, presence_penalty=1, order=("top_k", "presence"))
    found = Chain(tail).distribution(Z, [7, 2, 0, 99])
    e = np.exp([3, 3.5, 2])
    assert found.probs == pytest.approx(e / e.sum(), abs=1e-6)


def test_a_slope_after_a_cut_keeps_each_weight_with_its_token():
    both = SamplerSettings(
        top_k=3,
        repetition_penalty=1.2,
        repetition_range=5,
        repetition_slope=1,
        repetition_raw=True,
        order=("top_k", "repetition"),
    )
    found = Chain(both).distribution(Z, [2, 7, 1, 6, 0])  # weights 1 1.05 1.1 1.15 1.2
    e = np.exp([4 / 1.2, 3.5 / 1.1, 3])
    assert found.probs == pytest.approx(e / e.sum(), abs=1e-6)


def test_ids_that_the_model_lacks_are_passed_over():
    both = SamplerSettings(repetition_penalty=1.3, frequency_penalty=1)
    ours = Chain(both).distribution(Z, [3, 1000, -1])
    assert ours.probs == pytest.approx(Chain(both).distribution(Z, [3]).probs)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("chosen", [SamplerSettings(), SamplerSettings(temperature=0)])
def test_a_broken_model_is_named(bad, chosen):
    with pytest.raises(KnownError, match="not a number"):
        Chain(chosen).sample(np.array([0, bad, 1], np.float32), (), Fixed(0.5))


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.sampled_from([0.1, 0.5, 0.9, 0.99]), st.booleans())
def test_the_shortcut_equals_a_full_sort(seed, share, spiky):
    """Large rows are not sorted whole; the nucleus and the typical set are those of a sort."""
    rng = np.random.default_rng(seed)
    z = rng.normal(0, 4 if spiky else 0.3, 3000)
    p = np.exp(z - z.max())
    p /= p.sum()
    surprise = np.abs(-np.log(p) + (p * np.log(p)).sum())
    for order, chosen in (
        (np.argsort(-p, kind="stable"), SamplerSettings(top_p=share)),
        (np.argsort(surprise, kind="stable"), SamplerSettings(typical_p=share)),
    ):
        n = int((np.cumsum(p[order]) < share).sum()) + 1
        assert Chain(chosen).distribution(z, ()).ids.tolist() == sorted(order[:n].tolist())


@given(st.integers(0, 2**32), st.integers(1, 3000), st.integers(1, 20), st.booleans())
def test_the_highest_come_best_first(seed, size, n, ties):
    z = np.random.default_rng(seed).normal(-40, 5, size).astype(np.float32)
    z = np.round(z) if ties else z
    assert highest(z, n).tolist() == np.argsort(-z, kind="stable")[:n].tolist()


@settings(max_examples=60)
@given(
    st.integers(0, 2**32),
    st.sampled_from(["", "ties", "holes"]),
    st.sampled_from([0.1, 0.9, 0.999]),
    st.sampled_from([0.001, 0.05, 1.0]),
    st.sampled_from([0.0, 0.3, -2.0]),
)
def test_stages_that_work_hand_in_hand_do_what_each_does_alone(seed, kind, share, low, presence):
    z, history = rows(seed, 4000, kind)
    chosen = SamplerSettings(
        presence_penalty=presence, frequency_penalty=0.1, top_p=share, min_p=low
    )
    chain = Chain(chosen)
    row, moment = Row(z), Moment(np.array(history, np.int64))
    for stage in chain.stages:
        stage(row, moment)
    alone, found = row.candidates(), chain.distribution(z, history)
    assert np.array_equal(found.ids, alone.ids)
    assert found.probs == pytest.approx(alone.probs, abs=1e-12)
    begun = Row(z)
    begun.lse()
    draw = At(seed, 0, 0)
    assert chain.sample(begun, history, draw) == chain.sample(z, history, draw)


@given(st.integers(0, 2**32), st.sampled_from([-100.0, -0.5, 0.5, 100.0]))
def test_weights_of_changed_logits_equal_those_of_a_new_row(seed, by):
    z, places = rows(seed, 2000, "")
    places = np.array([*places, int(z.argmax())])
    row = Row(z)
    row.lse()
    row.put(places, row.z[places] + by)
    changed = z.copy()
    changed[places] += np.float32(by)
    new = Row(changed)
    assert row.lse() == pytest.approx(new.lse(), abs=1e-5)
    assert row.probs() == pytest.approx(new.probs(), rel=1e-5, abs=1e-30)
    assert row.entropy() == pytest.approx(new.entropy(), abs=1e-4)


def test_trace_says_what_was_cut():
    reports = Chain(SamplerSettings(top_k=4, temperature=0.5)).trace(Z, ())
    assert [r.name for r in reports] == ["model", "top_k", "temperature"]
    assert [r.cut for r in reports] == [0, 4, 0]
    assert reports[1].mass == pytest.approx(0.964648, abs=1e-5)
    assert reports[0].entropy > reports[1].entropy > reports[2].entropy
    assert np.array_equal(reports[2].before, reports[1].after)


def test_the_draw_walks_through_the_ids_in_order():
    found = Candidates(np.array([2, 5, 9]), np.array([0.5, 0.25, 0.25]))
    assert [found.ids[pick(found.probs, u)] for u in (0, 0.49, 0.5, 0.74, 0.75, 0.999999)] == [
        2,
        2,
        5,
        5,
        9,
        9,
    ]
    certain = Candidates(np.array([2, 5, 9]), np.array([0.0, 1.0, 0.0]))
    assert [certain.ids[pick(certain.probs, u)] for u in (0, 0.5, 1.0)] == [5, 5, 5]


def test_frequencies_follow_the_probabilities():
    chain = Chain(SamplerSettings(top_k=3))
    counts = np.bincount([chain.sample(Z, (), At(1, 0, n)) for n in range(6000)], minlength=3)
    assert counts / 6000 == pytest.approx([0.506, 0.307, 0.186], abs=0.02)


def test_draws_never_change():
    """Stored stories replay with these numbers: a change here breaks every one of them."""
    assert [uniform(0, 0, 0), uniform(1, 0, 0), uniform(0, 1, 0), uniform(0, 0, 1)] == GOLDEN[:4]
    assert [uniform(0, 0, 0, 1), uniform(-5, 2, 10**6), uniform(2**80, 0, 0)] == GOLDEN[4:]
    assert At(7, 1, 2).uniform(1) == uniform(7, 1, 2, 1)


def test_draws_are_even():
    numbers = np.array([uniform(3, 0, n) for n in range(4000)])
    assert np.histogram(numbers, 10, (0, 1))[0] == pytest.approx(400, abs=90)
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.05


GOLDEN = [
    0.43853057607591117,
    0.1485479806412452,
    0.18520715114090758,
    0.3893722439726577,
    0.530094298689905,
    0.25199986966838084,
    0.07388614909271096,
]
