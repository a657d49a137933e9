"""int8 on the CPU: linears with 8-bit weights, exact row by row, checked against float32 at load.

Decoding is a race against memory bandwidth, so a byte a weight is worth four times the speed. What
makes it accurate although GPT-2 has channels that are far louder than the others:

- Columns. A column of weights that is small throughout would be rounded to nothing by its row's
  scale. Every column is divided by its size, and what comes in there is multiplied by it.
- Rows. Activations are rounded to 8 bits by a scale of their own row. Where that is too coarse (a
  few values are much larger than the rest) what rounding left over is multiplied as a second row.

A row's result never depends on its neighbours or their number: sums are of integers, and every step
around them is a single operation of its own row.
"""

from __future__ import annotations

import logging
import math
import time
import warnings
from functools import cache
from itertools import cycle
from threading import Thread
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.lm.gpt import GPT, Block
from engine.lm.pages import collapse, give_back
from engine.lm.rounding import round_weights

LOG = logging.getLogger(__name__)
LOUDEST = 1.5  # how much noise activations may add, as a multiple of the noise (power) of weights
TOLERANCE = 0.05  # relative error on real rows beyond which a layer stays in float32
SMALLEST = 12_000_000  # parameters of the smallest model that int8 makes faster
CACHED = 32 << 20  # bytes of weights that may stay in a processor's cache between two tokens
_TRIALS = 24  # of int8 and float32 in turn, 10 ms in all
FEW = 8  # rows for which Python's numbers are faster than tensors of them
_EXACT = 4000.0  # sums of squares below this number's square are exact in float32
# What comes out of these is hardly ever negative, so that one more bit is left for the rest.
_TWO_SIDED = {"tanh", "leaky_relu"}


class Int8Linear(nn.Module):
    """y = x W^T + b with W in int8, a scale for every output, and x in 8 or about 14 bits.

    ``zero`` is what the number 0 becomes between 0 and ``top``: the middle, or less where inputs are
    hardly ever negative; a power of two.
    """

    def __init__(self, linear: nn.Linear, *, zero: int = 128, top: int = 255) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.zero, self.top = zero, top
        self.bias = None if linear.bias is None else linear.bias.detach().float()
        weights = round_weights(linear.weight.detach())
        self.scales, self.sizes = weights.scales, weights.columns
        self.columns: Tensor | None = self.sizes  # None: what comes in is multiplied already
        self.packed = _pack(weights.rounded)
        # The noise of x, step^2 / 12, is LOUDEST times that of the weights where |x / step| is this.
        quiet = math.sqrt(self.in_features / (12 * LOUDEST)) / max(weights.noise, 1e-4)
        self.quiet = _float32(min(quiet, _EXACT))
        self.limit: float | None = None  # the largest step that is not loud, where it is known
        self._rows = self.scales  # of the weights, whatever is folded into ``scales``
        # What one step stands for: the largest input of a row times this, the lowest times that.
        self.up = _float32(1 / (top - zero))
        self.down = _float32(-1 / zero)

    def forward(self, x: Tensor) -> Tensor:
        """x [..., in] -> [..., out], float32."""
        if self.columns is not None:
            x = x * self.columns
        size, width = x.numel(), self.in_features
        y = self._one(x) if size == width else self._few(x) if size <= FEW * width else None
        if y is None:
            y = self._many(x.reshape(-1, width)).view(*x.shape[:-1], -1)
        return (
            y.mul_(self.scales) if self.bias is None else torch.addcmul(self.bias, y, self.scales)
        )

    __call__ = forward  # there are 49 of these in a token of 124M, and no hooks

    def weight(self) -> Tensor:
        """The weights [out, in] as they are after rounding."""
        whole = torch.ops.quantized.linear_unpack(self.packed)[0].dequantize()
        return whole * self.sizes * self._rows[:, None]

    def fold_into(self, norm: nn.LayerNorm) -> None:
        """Let the LayerNorm whose output comes in multiply the columns, and tell how loud it is.

        A row it puts out is about as long as its gains and biases, so the step alone says whether
        8 bits are too coarse for it.
        """
        norm.weight.mul_(self.sizes)
        norm.bias.mul_(self.sizes)
        self.columns = None
        length = math.sqrt(float((norm.weight.square() + norm.bias.square()).sum()))
        self.limit = _float32(length / self.quiet)

    def fold_out(self, start: int, factors: Tensor) -> None:
        """Multiply the outputs from number ``start`` on by ``factors``."""
        self.scales = self.scales.clone()
        self.scales[start:] *= factors
        if self.bias is not None:
            self.bias = self.bias.clone()
            self.bias[start:] *= factors

    def _one(self, x: Tensor) -> Tensor | None:
        """The product of one row [..., in]; None if that is all zeros or not all numbers.

        A row that is not loud is rounded by the kernel, which also multiplies by the step, where
        ``_few`` and ``_many`` do it afterwards: once, in float32, and what is multiplied are the
        same whole numbers, so the bits are the same.
        """
        low, high = x.aminmax()
        step = self._step(low.item(), high.item())
        if not 0.0 < step < math.inf:
            return None
        limit = self.limit
        if limit is None:
            limit = _float32(torch.linalg.vector_norm(x, dim=-1).item() / self.quiet)
        if step > limit:
            exact = x * _float32(1.0 / step)
            y, low = self._whole(torch.stack((exact, self._rest(exact))))
            return low.mul_(1 / self.zero).add_(y).mul_(step)
        return _kernel()(x, step, self.zero, self.packed)

    def _few(self, x: Tensor) -> Tensor | None:
        """The products of a few rows [..., in]; None if one is loud.

        For so few, steps are found sooner with Python's numbers than with tensors.
        """
        low, high = x.amin(-1).view(-1).tolist(), x.amax(-1).view(-1).tolist()
        steps = [*map(self._step, low, high)]
        if not all(0.0 < step < math.inf for step in steps):
            return None
        if self.limit is not None:
            limits = [self.limit]
        else:
            lengths = torch.linalg.vector_norm(x, dim=-1).view(-1).tolist()
            limits = [_float32(length / self.quiet) for length in lengths]
        if any(step > limit for step, limit in zip(steps, cycle(limits), strict=False)):
            return None
        pairs = torch.tensor([*steps, *(1.0 / step for step in steps)])
        step, inverse = pairs.view(2, *x.shape[:-1], 1).unbind()
        return self._whole(x * inverse).mul_(step)

    def _step(self, low: float, high: float) -> float:
        """What one whole number stands for in a row between ``low`` and ``high``."""
        return _float32(max(high * self.up, low * self.down))

    def _many(self, rows: Tensor) -> Tensor:
        """The products of rows [M, in]; those that are loud in two parts."""
        low, high = rows.amin(-1, keepdim=True), rows.amax(-1, keepdim=True)
        step = torch.maximum(high.mul_(self.up), low.mul_(self.down))
        step.clamp_min_(1e-30)  # a row of zeros
        exact = rows * step.reciprocal()
        limit = self.limit
        if limit is None:
            limit = torch.linalg.vector_norm(rows, dim=-1, keepdim=True).div_(self.quiet)
        loud = (step > limit).squeeze(1)
        y = self._whole(exact)
        if loud.any():
            which = loud.nonzero().squeeze(1)
            y.index_add_(0, which, self._whole(self._rest(exact[which])).mul_(1 / self.zero))
        return y.mul_(step)

    def _rest(self, exact: Tensor) -> Tensor:
        """What rounding leaves of ``exact``, itself in whole numbers, ``zero`` times as fine."""
        q = exact.add(self.zero).round_().sub_(self.zero)  # as the kernel rounds
        return exact.sub(q).mul_(self.zero).round_()  # zero is a power of two: this is exact

    def _whole(self, x: Tensor) -> Tensor:
        """x [..., in], rounded to whole numbers, times the weights: exact sums."""
        return _kernel()(x, 1.0, self.zero, self.packed)


def _float32(value: float) -> float:
    """The float32 nearest to a number."""
    return float(np.float32(value))


@cache
def _kernel() -> Any:
    """FBGEMM's product of 8-bit numbers; sums are exact, and neither scale nor zero is searched."""
    kernel = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32.default
    return kernel._op  # noqa: SLF001 - what is around it takes 2 us of a call's 20


def _pack(rounded: Tensor) -> Any:
    """Weights in the order in which the kernel reads them; their scales are applied outside it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch means to replace its quantized tensors one day
        zeros = torch.zeros(len(rounded), dtype=torch.long)
        ones = torch.ones(len(rounded), dtype=torch.float64)
        make = torch._make_per_channel_quantized_tensor  # type: ignore[attr-defined]  # noqa: SLF001
        tensor = make(rounded, ones, zeros, 0)
        return torch.ops.quantized.linear_prepack(tensor, None)


@cache
def usable_top() -> int | None:
    """The largest 8-bit activation with which sums are right here: 255, 127, or None.

    CPUs without VNNI add pairs of products in 16 bits, where two of the largest do not fit.
    """
    for top in (255, 127):
        zero = (top + 1) // 2
        linear = nn.Linear(256, 64, bias=False, device="cpu")
        with torch.inference_mode():
            linear.weight.fill_(1.0)
            linear.weight[::2, ::3] = -1.0
            try:
                int8 = Int8Linear(linear, zero=zero, top=top)
                extreme = torch.ones(2, 256)
                extreme[1, ::5] = -1.0
                right = F.linear(extreme, linear.weight)
                if torch.allclose(int8(extreme), right, rtol=1e-4, atol=1e-3):
                    return top
            except (RuntimeError, AttributeError, NotImplementedError) as error:
                LOG.info("no int8 on this machine: %s", str(error).split("\n", 1)[0])
                return None
    LOG.info("no int8 on this machine: its sums are wrong")
    return None


@cache
def faster_than_float(width: int = 2048) -> bool:
    """Whether one row through a layer too large for the cache is faster in int8 than in float32.

    Other programs may take the processor meanwhile, and threads that wait for each other then look
    slow: the two take turns, the best of each counts, and int8 has to be slower by half to lose.
    Usually it is faster by a factor of three.
    """
    top = usable_top()
    if top is None:
        return False
    with torch.inference_mode():
        linear = nn.Linear(width, width)
        int8, x = Int8Linear(linear, zero=(top + 1) // 2, top=top), torch.ones(1, width)
        times = [(_time(int8, x), _time(linear, x)) for _ in range(_TRIALS)][1:]
    return min(a for a, _ in times) < 1.5 * min(b for _, b in times)


def _time(module: nn.Module, x: Tensor) -> float:
    clock = time.perf_counter()
    module(x)
    return time.perf_counter() - clock


class HalfEmbedding(nn.Module):
    """Rows of a table that is kept in half precision."""

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        low, high = (float(end) for end in table.aminmax())
        fits = max(high, -low) < torch.finfo(torch.float16).max
        kind = torch.float16 if fits else torch.bfloat16
        self.weight = nn.Parameter(table.detach().to(kind), requires_grad=False)

    def forward(self, ids: Tensor) -> Tensor:
        """ids [...] -> [..., C], float32."""
        return F.embedding(ids, self.weight).float()


class Quantizer:
    """Turns a network into int8 while it is loaded, part by part, and checks every layer.

    A few tokens are read along in float32; a layer whose int8 answer to them is off stays as it is.
    """

    def __init__(self, top: int) -> None:
        self._top = top
        self._x = torch.empty(0)

    @torch.inference_mode()
    def __call__(self, model: GPT, name: str) -> None:
        """Convert the part of that name, which has just been loaded."""
        if name == "wpe":
            T = min(8, model.config.n_ctx)
            ids = torch.linspace(0, model.config.n_vocab - 1, T).long()[None]
            self._x = model.wte(ids) + model.wpe.weight[:T]
        elif name.startswith("h."):
            self._block(model.get_submodule(name), name)  # type: ignore[arg-type]
            give_back()
        elif name == "lm_head":
            x = model.ln_f(self._x)
            head = self._checked(name, model.lm_head, x, model.lm_head(x), 2)
            if isinstance(head, Int8Linear):
                head.fold_into(model.ln_f)
            model.lm_head = head  # type: ignore[assignment]
            model.wte = HalfEmbedding(model.wte.weight)  # type: ignore[assignment]
            model.kv_dtype = torch.float16
            give_back()
            if model.config.n_params > CACHED:  # a byte each
                Thread(target=collapse, name="large pages", daemon=True).start()

    def _block(self, block: Block, name: str) -> None:
        seen: dict[nn.Module, tuple[Tensor, Tensor]] = {}

        def look(linear: nn.Module, args: tuple[Tensor], y: Tensor) -> None:
            seen[linear] = args[0], y

        linears = (block.attn.c_attn, block.attn.c_proj, block.mlp.c_fc, block.mlp.c_proj)
        hooks = [linear.register_forward_hook(look) for linear in linears]
        self._x = block(self._x, None, None)
        for hook in hooks:
            hook.remove()
        for half, key in (
            ("attn", "c_attn"),
            ("attn", "c_proj"),
            ("mlp", "c_fc"),
            ("mlp", "c_proj"),
        ):
            owner = block.get_submodule(half)
            linear = getattr(owner, key)
            one_sided = half + key == "mlpc_proj" and block.mlp.activation not in _TWO_SIDED
            full = f"{name}.{half}.{key}"
            setattr(owner, key, self._checked(full, linear, *seen[linear], 8 if one_sided else 2))
        _fold(block)

    def _checked(self, name: str, linear: nn.Linear, x: Tensor, y: Tensor, share: int) -> nn.Module:
        """The linear in int8, if it turns x into (nearly) y; 1 / ``share`` of the range is negative."""
        int8 = Int8Linear(linear, zero=(self._top + 1) // share, top=self._top)
        error = relative_error(int8(x), y)
        if error <= TOLERANCE:
            return int8
        LOG.warning("%s stays in float32: int8 is off by %.1f %%", name, 100 * error)
        return linear


def _fold(block: Block) -> None:
    """Multiply columns where something is multiplied anyway: in LayerNorms and in the values.

    What attention puts out is linear in the values, so their sizes can be those that c_proj wants.
    """
    attn, mlp = block.attn, block.mlp
    if isinstance(attn.c_attn, Int8Linear):
        attn.c_attn.fold_into(block.ln_1)
        if isinstance(attn.c_proj, Int8Linear):
            attn.c_attn.fold_out(2 * attn.c_proj.in_features, attn.c_proj.sizes)
            attn.c_proj.columns = None
    if isinstance(mlp.c_fc, Int8Linear):
        mlp.c_fc.fold_into(block.ln_2)


def relative_error(found: Tensor, right: Tensor) -> float:
    """The norm of the error as a part of the norm of what is right; infinite where it is no number."""
    error = float((found - right).norm() / right.norm().clamp_min(1e-20))
    return error if math.isfinite(error) else math.inf


def number_type(model: GPT) -> str:
    """What a network calculates in: int8, float32, bfloat16 or float16."""
    if any(isinstance(module, Int8Linear) for module in model.modules()):
        return "int8"
    return str(model.dtype).removeprefix("torch.")
