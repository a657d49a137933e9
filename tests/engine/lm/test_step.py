"""A token step by step: what the network says, bit for bit, whatever the network is like."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from engine.lm.cache import BranchCache, KVCache
from engine.lm.compiled import CompiledStep, token_step
from engine.lm.config import GPTConfig
from engine.lm.gpt import GPT
from engine.lm.quantize import Quantizer, usable_top
from engine.lm.step import TokenStep
from tests.engine.lm.test_gpt import TINY, VARIANTS, random_ids, tiny_gpt
from tests.helpers.outliers import make_outliers

Maker = Callable[[GPT], TokenStep]
MAKERS = pytest.mark.parametrize("make", [TokenStep, token_step])
CONFIGS = VARIANTS | {"relu": replace(TINY, activation_function="relu")}


@MAKERS
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
@torch.inference_mode()
def test_a_step_says_what_the_network_says(config: GPTConfig, make: Maker) -> None:
    model = tiny_gpt(config)
    step, ids = make(model), random_ids(config, 2, 20)
    mine, theirs = KVCache(config, rows=2), KVCache(config, rows=2)
    model(ids[:, :15], mine)
    model(ids[:, :15], theirs)
    for t in range(15, 20):
        found = step(ids[:, t].tolist(), mine)
        assert torch.equal(found, model(ids[:, t : t + 1], theirs)[:, 0])
    assert mine.length == theirs.length == 20


@MAKERS
@pytest.mark.parametrize("half", [False, True])
@torch.inference_mode()
def test_in_int8_and_half_precision_too(*, half: bool, make: Maker) -> None:
    model = tiny_gpt()
    model = model.to(torch.bfloat16) if half else quantized(model)
    step, ids = make(model), random_ids(TINY, 1, 12)
    mine, theirs = model.cache(), model.cache()
    for t in range(12):
        found = step(ids[:, t].tolist(), mine)
        assert torch.equal(found, model(ids[:, t : t + 1], theirs)[:, 0])


@MAKERS
@torch.inference_mode()
def test_there_is_no_step_past_the_window(make: Maker) -> None:
    model = tiny_gpt()
    cache = model.cache()
    cache.length = TINY.n_ctx
    with pytest.raises(ValueError, match="n_ctx"):
        make(model)([1], cache)


@MAKERS
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
@torch.inference_mode()
def test_branches_go_on_like_rows_of_their_own(config: GPTConfig, make: Maker) -> None:
    model = tiny_gpt(config)
    prompt, tails = random_ids(config, 1, 11), random_ids(config, 3, 9, seed=2)
    shared = model.cache()
    model(prompt, shared)
    branches = BranchCache(config, shared, rows=3, room=20)
    assert branches.room == 20
    step = make(model)
    found = [step(tails[:, t].tolist(), branches) for t in range(4)]
    found += model(tails[:, 4:], branches).unbind(1)  # several at once
    right = model(torch.cat([prompt.expand(3, -1), tails], 1))[:, 11:]
    assert_close(torch.stack(found, 1), right, atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_a_branch_can_go_back_and_on_by_itself() -> None:
    model = tiny_gpt()
    prompt, tails = random_ids(TINY, 1, 11), random_ids(TINY, 3, 6, seed=2)
    shared = model.cache()
    model(prompt, shared)
    branches = BranchCache(TINY, shared, rows=3, room=30)
    model(tails, branches)
    alone = branches.row(1)
    alone.truncate(11 + 2)
    again = random_ids(TINY, 1, 5, seed=3)
    right = model(torch.cat([prompt, tails[1:2, :2], again], 1))[:, 13:]
    assert_close(model(again, alone), right, atol=1e-5, rtol=1e-5)
    assert branches.length == 11 + 6


def quantized(model: GPT) -> GPT:
    """The same in int8, where this machine has that."""
    if (top := usable_top()) is not None:
        quantize = Quantizer(top)
        for name in ("wte", "wpe", *(f"h.{i}" for i in range(len(model.h))), "ln_f", "lm_head"):
            quantize(model, name)
    return model


@pytest.mark.parametrize("loud", [1.0, 60.0])
@pytest.mark.parametrize("rows", [1, 2, 3, 5])
@torch.inference_mode()
def test_compiled_int8_has_the_same_bits(rows: int, loud: float) -> None:
    model = quantized(make_outliers(tiny_gpt(), loud, undone=False))
    prompt, tails = random_ids(TINY, 1, 11), random_ids(TINY, rows, 30, seed=2)
    shared = model.cache()
    model(prompt, shared)
    fast, plain = token_step(model), TokenStep(model)
    assert isinstance(fast, CompiledStep)
    mine, theirs = (BranchCache(TINY, shared, rows, 50) for _ in range(2))
    for t in range(30):
        ids = tails[:, t].tolist()
        assert torch.equal(fast(ids, mine), plain(ids, theirs))


@torch.inference_mode()
def test_rows_without_an_ordinary_number_are_as_in_the_network() -> None:
    model = quantized(tiny_gpt())
    fast, plain = token_step(model), TokenStep(model)
    for odd in (0.0, torch.nan, torch.inf):
        model.wpe.weight[3] = odd
        if odd == 0.0:
            model.wte.weight.zero_()
        mine, theirs = model.cache(), model.cache()
        mine.kv.zero_()
        theirs.kv.zero_()
        mine.length = theirs.length = 3
        assert_close(fast([1], mine), plain([1], theirs), equal_nan=True)


def test_what_cannot_be_compiled_goes_the_other_way(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    relu = tiny_gpt(replace(TINY, activation_function="relu"))
    assert type(token_step(relu)) is TokenStep
    assert type(token_step(tiny_gpt().to(torch.bfloat16))) is TokenStep
    assert isinstance(token_step(tiny_gpt()), CompiledStep)

    def without_source(_module: object) -> None:
        raise OSError("could not get source code")

    with caplog.at_level(logging.WARNING):
        monkeypatch.setattr(torch.jit, "script", without_source)
        assert type(token_step(tiny_gpt())) is TokenStep
    assert "could not get source code" in caplog.text
