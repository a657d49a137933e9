"""A token step by step: what the network says, bit for bit, whatever the network is like."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from engine.lm.cache import BranchCache, KVCache
from engine.lm.config import GPTConfig
from engine.lm.quantize import Quantizer, usable_top
from engine.lm.step import TokenStep
from tests.engine.lm.test_gpt import TINY, VARIANTS, random_ids, tiny_gpt

CONFIGS = VARIANTS | {"relu": replace(TINY, activation_function="relu")}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
@torch.inference_mode()
def test_a_step_says_what_the_network_says(config: GPTConfig) -> None:
    model = tiny_gpt(config)
    step, ids = TokenStep(model), random_ids(config, 2, 20)
    mine, theirs = KVCache(config, rows=2), KVCache(config, rows=2)
    model(ids[:, :15], mine)
    model(ids[:, :15], theirs)
    for t in range(15, 20):
        found = step(ids[:, t].tolist(), mine)
        assert torch.equal(found, model(ids[:, t : t + 1], theirs)[:, 0])
    assert mine.length == theirs.length == 20


@pytest.mark.parametrize("half", [False, True])
@torch.inference_mode()
def test_in_int8_and_half_precision_too(*, half: bool) -> None:
    model = tiny_gpt()
    if half:
        model = model.to(torch.bfloat16)
    elif (top := usable_top()) is not None:
        quantize = Quantizer(top)
        for name in ("wte", "wpe", *(f"h.{i}" for i in range(len(model.h))), "ln_f", "lm_head"):
            quantize(model, name)
    step, ids = TokenStep(model), random_ids(TINY, 1, 12)
    mine, theirs = model.cache(), model.cache()
    for t in range(12):
        found = step(ids[:, t].tolist(), mine)
        assert torch.equal(found, model(ids[:, t : t + 1], theirs)[:, 0])


@torch.inference_mode()
def test_there_is_no_step_past_the_window() -> None:
    model = tiny_gpt()
    cache = model.cache()
    cache.length = TINY.n_ctx
    with pytest.raises(ValueError, match="n_ctx"):
        TokenStep(model)([1], cache)


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
@torch.inference_mode()
def test_branches_go_on_like_rows_of_their_own(config: GPTConfig) -> None:
    model = tiny_gpt(config)
    prompt, tails = random_ids(config, 1, 11), random_ids(config, 3, 9, seed=2)
    shared = model.cache()
    model(prompt, shared)
    branches = BranchCache(config, shared, rows=3, room=20)
    assert branches.room == 20
    step = TokenStep(model)
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
