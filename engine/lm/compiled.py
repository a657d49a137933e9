"""One token for every row of a cache, as a program that runs without Python between its operations.

The same operations as ``step.py`` has, in TorchScript: with 124M Python takes a fifth of a token's
time, in small models half of it. torch means to give TorchScript up one day; ``step.py`` does
whatever cannot be compiled, with the same results.

These functions are compiled from their source: a frozen program has to carry it (``build.spec``).
Annotations are read as types there, so that this file does without postponed ones.
"""

import logging
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from engine.lm.cache import BranchCache, KVCache
from engine.lm.gpt import GELU, GPT, Block, Linear
from engine.lm.quantize import Int8Linear
from engine.lm.step import TokenStep

LOG = logging.getLogger(__name__)


class Linears(NamedTuple):
    """What a network's linears are made of, in the order in which a token meets them.

    ``packed`` (a list, empty in a float network) and what follows belong to ``Int8Linear``;
    ``columns`` and ``limits`` have an empty tensor and -1 for what is not there.
    """

    weights: list[Tensor]
    biases: list[Tensor]
    packed: list[torch.classes.quantized.LinearPackedParamsBase]  # type: ignore[valid-type]
    scales: list[Tensor]
    columns: list[Tensor]
    limits: list[float]
    quiets: list[float]
    zeros: list[int]
    ups: list[float]
    downs: list[float]


def _rest(exact: Tensor, zero: float) -> Tensor:
    q = exact.add(zero).round_().sub_(zero)
    return exact.sub(q).mul_(zero).round_()


def _int8(x: Tensor, i: int, at: Linears) -> Tensor:
    """As ``Int8Linear``: x [B, 1, in] -> sums [B, 1, out], not yet scaled."""
    packed, zero, up, down = at.packed[i], at.zeros[i], at.ups[i], at.downs[i]
    if at.columns[i].numel() > 0:
        x = x * at.columns[i]
    limit = at.limits[i]
    kernel = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32
    if x.size(0) == 1:
        least, most = torch.aminmax(x)
        step = max(float(most) * up, float(least) * down)
        if limit < 0.0:
            limit = float(torch.linalg.vector_norm(x)) / at.quiets[i]
        if step > 0.0 and step <= limit:
            return kernel(x, step, zero, packed)
        if step > limit and step < 3.4e38:
            whole = torch.maximum(most * up, least * down)
            exact = x * whole.reciprocal()
            both = kernel(torch.stack((exact, _rest(exact, float(zero)))), 1.0, zero, packed)
            return both[1].mul_(1.0 / zero).add_(both[0]).mul_(whole)
    high, low = x.amax(-1, keepdim=True), x.amin(-1, keepdim=True)
    steps = torch.maximum(high * up, low * down).clamp_min_(1e-30)
    exact = x * steps.reciprocal()
    y = kernel(exact, 1.0, zero, packed)
    if at.limits[i] < 0.0:
        loud = steps > torch.linalg.vector_norm(x, dim=-1, keepdim=True).div_(at.quiets[i])
    else:
        loud = steps > limit
    if bool(loud.any()):
        which = loud.view(-1).nonzero().squeeze(1)
        rest = _rest(exact.view(x.size(0), -1)[which], float(zero))
        y.view(x.size(0), -1).index_add_(0, which, kernel(rest, 1.0, zero, packed) * (1.0 / zero))
    return y.mul_(steps)


def _linear(x: Tensor, i: int, at: Linears) -> Tensor:
    bias = at.biases[i]
    if len(at.packed) == 0:
        return torch.nn.functional.linear(x, at.weights[i], bias if bias.numel() > 0 else None)
    y = _int8(x, i, at)
    return torch.addcmul(bias, y, at.scales[i]) if bias.numel() > 0 else y.mul_(at.scales[i])


def _seen(kv: Tensor, wide: Tensor, n: int) -> tuple[Tensor, Tensor]:
    k, v = kv.narrow(3, 0, n).unbind(0)
    if wide.numel() > 0:
        wide_k, wide_v = wide.narrow(3, 0, n).unbind(0)
        k, v = wide_k.copy_(k), wide_v.copy_(v)
    return k, v


def _attend(
    qkv: Tensor, kv: Tensor, wide: Tensor, prefix: Tensor, broad: Tensor, start: int, place: int,
    scale: float,
) -> Tensor:  # fmt: skip
    """As the caches' ``attend``: qkv [3, B, H, 1, D] -> [B, H, 1, D]."""
    kv.narrow(3, place - start, 1).copy_(qkv.narrow(0, 1, 2))
    k, v = _seen(kv, wide, place - start + 1)
    q = qkv[0]
    if prefix.numel() == 0:
        return torch.nn.functional.scaled_dot_product_attention(q, k, v, scale=scale)
    pk, pv = _seen(prefix, broad, start)
    far = (q.squeeze(2).transpose(0, 1) @ pk[0].mT).transpose(0, 1).unsqueeze(2)
    weights = torch.cat((far, q @ k.mT), -1).mul_(scale).softmax(-1)
    far = weights.narrow(3, 0, start).squeeze(2).transpose(0, 1) @ pv[0]
    near = weights.narrow(3, start, place - start + 1) @ v
    return far.transpose(0, 1).unsqueeze(2) + near


def _token(
    x: Tensor, place: int, start: int, kv: Tensor, wide: Tensor, prefix: Tensor, broad: Tensor,
    norms: list[Tensor], eps: float, linears: Linears, scales: list[float], approximate: str,
) -> Tensor:  # fmt: skip
    """Embedded tokens x [B, 1, C] -> final states [B, 1, C]."""
    B, _, C = x.shape
    H, D = kv.size(3), kv.size(5)
    for layer, scale in enumerate(scales):
        a = 4 * layer
        y = torch.layer_norm(x, [C], norms[a], norms[a + 1], eps)
        qkv = _linear(y, a, linears).view(B, 3, H, 1, D).transpose(0, 1)
        before = prefix[layer] if prefix.numel() > 0 else prefix
        y = _attend(qkv, kv[layer], wide, before, broad, start, place, scale)
        x = x + _linear(y.reshape(B, 1, C), a + 1, linears)
        y = torch.layer_norm(x, [C], norms[a + 2], norms[a + 3], eps)
        y = torch.nn.functional.gelu(_linear(y, a + 2, linears), approximate=approximate)
        x = x + _linear(y, a + 3, linears)
    a = 4 * len(scales)
    return torch.layer_norm(x, [C], norms[a], norms[a + 1], eps)


class Program(nn.Module):
    """A network's numbers beside ``_token``, so that they are handed over once and not every time."""

    norms: list[Tensor]
    linears: Linears
    scales: list[float]
    eps: float
    approximate: str

    def __init__(self, model: GPT) -> None:
        super().__init__()
        blocks = [cast(Block, block) for block in model.h]
        norms = [norm for block in blocks for norm in (block.ln_1, block.ln_2)]
        norms.append(model.ln_f)
        self.norms = [part.detach() for norm in norms for part in (norm.weight, norm.bias)]
        self.linears = _tables(_in_order(model))
        self.scales = [block.attn.scale for block in blocks]
        self.eps = model.config.layer_norm_epsilon
        self.approximate = GELU[model.config.activation_function]

    def forward(
        self, x: Tensor, place: int, start: int, kv: Tensor, wide: Tensor, prefix: Tensor,
        broad: Tensor,
    ) -> Tensor:  # fmt: skip
        """Embedded tokens x [B, 1, C] -> final states [B, 1, C]."""
        return _token(
            x, place, start, kv, wide, prefix, broad, self.norms, self.eps, self.linears,
            self.scales, self.approximate,
        )  # fmt: skip


class CompiledStep(TokenStep):
    """A ``TokenStep`` whose way through the network is compiled."""

    def __init__(self, model: GPT, program: Callable[..., Tensor]) -> None:
        super().__init__(model)
        self._program = program
        self._none = torch.empty(0)

    def _through(self, x: Tensor, cache: KVCache) -> Tensor:
        prefix = broad = self._none
        if isinstance(cache, BranchCache):
            prefix, broad = cache.prefix.kv, self._wide(cache.prefix, x.dtype)
        wide = self._wide(cache, x.dtype)
        return self._program(x, cache.length, cache.start, cache.kv, wide, prefix, broad)

    def _wide(self, cache: KVCache, dtype: torch.dtype) -> Tensor:
        wide = cache.wide(dtype)
        return self._none if wide is None else wide


def token_step(model: GPT) -> TokenStep:
    """What continues rows of this network by a token, the faster way where there are two."""
    program = _compiled(model) if _fits(model) else None
    return TokenStep(model) if program is None else CompiledStep(model, program)


def _fits(model: GPT) -> bool:
    config = model.config
    if model.device.type != "cpu" or config.reorder_and_upcast_attn:
        return False
    if config.activation_function not in GELU:
        return False
    kinds = {type(linear) for linear in [*_in_order(model), model.lm_head]}
    return kinds == {Int8Linear} or (kinds == {Linear} and model.dtype == torch.float32)


def _in_order(model: GPT) -> list[nn.Module]:
    found: list[nn.Module] = []
    for block in model.h:
        attn, mlp = cast(Block, block).attn, cast(Block, block).mlp
        found += [attn.c_attn, attn.c_proj, mlp.c_fc, mlp.c_proj]
    return found


def _tables(linears: list[Any]) -> Linears:
    none = torch.empty(0)
    biases = [none if linear.bias is None else linear.bias for linear in linears]
    if isinstance(linears[0], Linear):
        return Linears([linear.weight for linear in linears], biases, *([] for _ in range(8)))
    return Linears(
        [],
        biases,
        [linear.packed for linear in linears],
        [linear.scales for linear in linears],
        [none if linear.columns is None else linear.columns for linear in linears],
        [-1.0 if linear.limit is None else linear.limit for linear in linears],
        [linear.quiet for linear in linears],
        [linear.zero for linear in linears],
        [linear.up for linear in linears],
        [linear.down for linear in linears],
    )


def _compiled(model: GPT) -> Callable[..., Tensor] | None:
    """Its ``Program``, ready to run; None where this Python or torch cannot make it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that there will be something else one day
            return torch.jit.script(Program(model))
    except (RuntimeError, OSError, AttributeError) as error:  # OSError: there is no source
        LOG.warning("tokens are written the slow way: %s", str(error).strip().split("\n", 1)[0])
        return None
