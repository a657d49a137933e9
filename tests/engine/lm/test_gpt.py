"""The network against transformers' GPT-2, on every variant of the architecture."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.testing import assert_close

from engine.lm.cache import BranchCache, KVCache
from engine.lm.config import ACTIVATIONS, GPTConfig
from engine.lm.gpt import GPT, activate
from tests.helpers.tiny_model import TINY, checkpoint_tensors, tiny_gpt

transformers = pytest.importorskip("transformers")

VARIANTS = {
    "plain": TINY,
    "one layer, one head": replace(TINY, n_layer=1, n_head=1),
    "untied head": replace(TINY, tie_word_embeddings=False),
    "narrow feed-forward": replace(TINY, n_inner=48),
    "epsilon": replace(TINY, layer_norm_epsilon=0.1),
    "unscaled attention": replace(TINY, scale_attn_weights=False),
    "scaled by layer": replace(TINY, scale_attn_by_inverse_layer_idx=True),
    "upcast": replace(TINY, reorder_and_upcast_attn=True),
    "upcast, scaled by layer": replace(
        TINY, reorder_and_upcast_attn=True, scale_attn_by_inverse_layer_idx=True
    ),
    **{name: replace(TINY, activation_function=name) for name in sorted(ACTIVATIONS)},
}


def reference(model: GPT) -> Any:
    """transformers' GPT-2 with the same weights."""
    config = transformers.GPT2Config(**model.config.to_json())
    config._attn_implementation = "eager"  # the one that knows reorder_and_upcast_attn
    other = transformers.GPT2LMHeadModel(config).eval()
    tensors = checkpoint_tensors(model)
    tensors.setdefault("lm_head.weight", tensors["transformer.wte.weight"])
    other.load_state_dict(tensors)
    return other


def random_ids(config: GPTConfig, rows: int, length: int, seed: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, config.n_vocab, (rows, length), generator=generator)


@pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS.keys())
@torch.inference_mode()
def test_logits_equal_the_reference(config: GPTConfig) -> None:
    model = tiny_gpt(config)
    ids = random_ids(config, 3, config.n_ctx)
    logits = model(ids)
    assert logits.std() > 0.1
    assert_close(logits, reference(model)(ids).logits, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS.keys())
@torch.inference_mode()
def test_cached_in_chunks_equals_uncached(config: GPTConfig) -> None:
    model = tiny_gpt(config)
    ids = random_ids(config, 2, config.n_ctx)
    cache = KVCache(config, rows=2)
    parts = [model(part, cache) for part in ids.split([1, 20, 1, 7, 35], dim=1)]
    assert_close(torch.cat(parts, 1), model(ids), atol=1e-5, rtol=1e-5)
    assert cache.length == config.n_ctx


@torch.inference_mode()
def test_a_truncated_cache_continues_like_a_fresh_one() -> None:
    model = tiny_gpt()
    ids = random_ids(TINY, 1, 40)
    cache = KVCache(TINY)
    model(ids, cache)
    cache.truncate(13)
    assert_close(model(ids[:, 13:], cache), model(ids)[:, 13:], atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_rows_expanded_from_one_prompt_equal_each_row_alone() -> None:
    model = tiny_gpt()
    prompt, tails = random_ids(TINY, 1, 30), random_ids(TINY, 3, 5, seed=2)
    cache = KVCache(TINY)
    model(prompt, cache)
    together = model(tails, BranchCache(TINY, cache, rows=3, room=35))
    for row in range(3):
        alone = model(torch.cat([prompt, tails[row : row + 1]], 1))[:, 30:]
        assert_close(together[row : row + 1], alone, atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_greedy_ids_equal_the_reference() -> None:
    model = tiny_gpt()
    prompt = random_ids(TINY, 1, 5)
    expected = reference(model).generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        max_new_tokens=50,
        do_sample=False,
        eos_token_id=None,
        pad_token_id=0,
    )
    cache = KVCache(TINY)
    ids = prompt
    new = prompt
    for _ in range(50):
        new = model(new, cache)[:, -1:].argmax(-1)
        ids = torch.cat([ids, new], 1)
    assert torch.equal(ids, expected)


@pytest.mark.parametrize("past", [0, 60])
def test_a_position_past_the_window_is_refused(past: int) -> None:
    model = tiny_gpt()
    cache = KVCache(TINY)
    cache.length = past
    with pytest.raises(ValueError, match="do not fit"):
        model(random_ids(TINY, 1, TINY.n_ctx - past + 1), cache)


def test_every_activation_is_the_one_of_its_name() -> None:
    x = torch.linspace(-6, 6, 101)
    for name in ACTIVATIONS:
        expected = transformers.activations.ACT2FN[name](x)
        assert_close(activate(x, name), expected, atol=2e-6, rtol=1e-5, msg=name)


def test_the_number_of_weights_is_the_configs() -> None:
    for config in VARIANTS.values():
        assert sum(weight.numel() for weight in GPT(config).parameters()) == config.n_params


@pytest.mark.slow
@torch.inference_mode()
def test_gpt2_124m_shapes_equal_the_reference() -> None:
    config = GPTConfig()
    model = GPT(config).eval()
    model.init_weights(torch.Generator().manual_seed(0))
    other = reference(model)
    ids = random_ids(config, 1, 128)
    cache = KVCache(config)
    expected = other(ids).logits
    assert_close(model(ids), expected, atol=1e-3, rtol=1e-3)
    parts = [model(part, cache) for part in ids.split([100, 27, 1], dim=1)]
    assert_close(torch.cat(parts, 1), expected, atol=1e-3, rtol=1e-3)
