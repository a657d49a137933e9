"""Decoding at fixed shapes: the same logits as the ordinary way, with and without a capture."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from engine.lm import reader as reader_module
from engine.lm.backend import End, Prefill, Request, Retract, Token
from engine.lm.config import GPTConfig
from engine.lm.generate import generate
from engine.lm.reader import Reader
from engine.lm.scripted import ByteTokenizer
from engine.lm.settings import SamplerSettings
from engine.lm.static import Replay, StaticStep, Step
from tests.helpers.tiny_model import TINY, tiny_gpt

VARIANTS = {
    "plain": TINY,
    "untied head": replace(TINY, tie_word_embeddings=False),
    "upcast, scaled by layer": replace(
        TINY, reorder_and_upcast_attn=True, scale_attn_by_inverse_layer_idx=True
    ),
}
PROMPT = tuple(range(3, 23))


class Recorder:
    """A capture as it should be: it counts, and runs what it was given."""

    def __init__(self) -> None:
        self.captured = self.replayed = 0

    def __call__(self, step: Step) -> Step:
        self.captured += 1

        def replay() -> None:
            self.replayed += 1
            step()

        return replay


def no_graph(_step: Step) -> Step:
    raise RuntimeError("operation not permitted when stream is capturing\nand much more")


def random_ids(rows: int, length: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, TINY.n_vocab, (rows, length), generator=generator)


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS.keys())
@torch.inference_mode()
def test_logits_equal_the_ordinary_ones_up_to_the_last_position(
    config: GPTConfig, rows: int
) -> None:
    model, ids = tiny_gpt(config), random_ids(rows, config.n_ctx)
    cache = model.cache(rows)
    cache.kv.fill_(torch.nan)  # memory holds whatever was there before
    model.hidden(ids[:, :10], cache)
    step = StaticStep(model, cache)
    right = model(ids)
    for at in range(10, config.n_ctx):
        logits = step(ids[:, at].tolist())
        assert_close(logits, right[:, at], atol=1e-5, rtol=1e-5)
    assert cache.length == config.n_ctx
    with pytest.raises(ValueError, match="do not fit"):
        step([0] * rows)


@torch.inference_mode()
def test_after_going_back_what_was_forgotten_does_not_count() -> None:
    model, ids = tiny_gpt(), random_ids(1, 40)
    cache = model.cache()
    step = StaticStep(model, cache)
    for token in ids[0].tolist():
        step([token])
    cache.truncate(12)
    right = model(ids[:, :13])[:, -1]
    assert_close(step([int(ids[0, 12])]), right, atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_logits_that_were_given_out_do_not_change() -> None:
    step = StaticStep(tiny_gpt(), tiny_gpt().cache())
    first = step([1])
    kept = first.clone()
    step([2])
    assert torch.equal(first, kept)


@torch.inference_mode()
def test_half_precision_caches_stay_near() -> None:
    model, ids = tiny_gpt(), random_ids(1, 20)
    model.kv_dtype = torch.float16
    step = StaticStep(model, model.cache())
    logits = [step([token]) for token in ids[0].tolist()]
    assert_close(torch.cat(logits), model(ids)[0], atol=2e-2, rtol=2e-2)


def test_a_step_is_captured_once_and_then_replayed() -> None:
    recorder, done = Recorder(), []
    replay = Replay(lambda: done.append(1), recorder)
    for _ in range(3):
        replay()
    assert (recorder.captured, recorder.replayed, len(done)) == (1, 3, 3)


def test_without_a_capture_the_step_itself_runs() -> None:
    done: list[int] = []
    Replay(lambda: done.append(1), None)()
    assert done == [1]


def test_where_capturing_fails_the_step_itself_runs_and_the_log_says_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    done: list[int] = []
    replay = Replay(lambda: done.append(1), no_graph)
    with caplog.at_level(logging.WARNING):
        replay()
        replay()
    assert done == [1, 1]
    assert [record.getMessage() for record in caplog.records] == [
        "no CUDA graph: operation not permitted when stream is capturing"
    ]


def written(reader: Reader, **options: object) -> list[tuple[int, int]]:
    """(row, id) of every token of a request; what was taken back is gone."""
    request = Request("", PROMPT, **{"max_tokens": 12} | options)  # type: ignore[arg-type]
    rows: dict[int, list[int]] = {}
    for event in generate(reader, ByteTokenizer(), request):
        match event:
            case Token(row=row, id=token):
                rows.setdefault(row, []).append(token)
            case Retract(row=row, n=n):
                del rows[row][len(rows[row]) - n :]
            case Prefill() | End():
                pass
    return [(row, token) for row in sorted(rows) for token in rows[row]]


REQUESTS = [
    {"sampling": SamplerSettings(temperature=0)},
    {"sampling": SamplerSettings(temperature=1.0), "n": 3, "seed": 5},
    {"sampling": SamplerSettings(temperature=1.0), "n": 2, "seed": 6},
    {"sampling": SamplerSettings(temperature=1.0), "n": 3, "seed": 7},
    {"sampling": SamplerSettings(temperature=1.0, guidance=1.5, negative_prompt="no"), "seed": 8},
]


def test_a_whole_evening_writes_the_same_words() -> None:
    config = replace(TINY, n_vocab=ByteTokenizer().n_vocab)
    plain, fixed = (Reader(tiny_gpt(config), static=static) for static in (False, True))
    for request in REQUESTS:
        assert written(fixed, **request) == written(plain, **request)


def test_one_capture_for_every_number_of_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    monkeypatch.setattr(reader_module, "StaticSteps", _with(reader_module.StaticSteps, recorder))
    config = replace(TINY, n_vocab=ByteTokenizer().n_vocab)
    reader = Reader(tiny_gpt(config), static=True)
    for n, captures in [(1, 1), (1, 1), (3, 2), (3, 2), (1, 2), (2, 3)]:
        written(reader, n=n)
        assert recorder.captured == captures


def test_a_whole_evening_without_a_graph(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reader_module, "StaticSteps", _with(reader_module.StaticSteps, no_graph))
    config = replace(TINY, n_vocab=ByteTokenizer().n_vocab)
    plain, fixed = (Reader(tiny_gpt(config), static=static) for static in (False, True))
    for request in REQUESTS:
        assert written(fixed, **request) == written(plain, **request)
    assert caplog.records


def test_the_chosen_candidate_need_not_be_read_again() -> None:
    config = replace(TINY, n_vocab=ByteTokenizer().n_vocab)
    reader = Reader(tiny_gpt(config), static=True)
    second = [token for row, token in written(reader, n=3, seed=5) if row == 1]
    longer = (*PROMPT, *second[:-1])
    assert reader.kept((*longer, 1)) == len(longer)


def test_on_a_cpu_candidates_share_what_was_read() -> None:
    reader = Reader(tiny_gpt())
    deque(reader.read(list(PROMPT)), maxlen=0)
    cache, _ = reader.branch(2, len(PROMPT) + 30)
    assert cache.room == len(PROMPT) + 30
    assert cache.kv.shape[4] == 30


def _with(kind: Callable[..., object], capture: Callable[[Step], Step]) -> Callable[..., object]:
    """``StaticSteps`` with another way to capture."""
    return lambda model, cache, _capture: kind(model, cache, capture)
