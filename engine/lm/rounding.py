"""Float weights into 8-bit whole numbers, their scales, and what that costs."""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SLICE = 1 << 17  # weights that are worked on at once: what stays in a core's cache
_TINY = np.float32(1e-30)
_Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class RoundedWeights:
    """A matrix [out, in] as ``rounded * scales[:, None] * columns``.

    ``rounded`` is int8 [out, in], ``scales`` [out] and ``columns`` [in] float32; ``noise`` is the
    norm of what rounding changed as a part of the norm of what was rounded.
    """

    rounded: Tensor
    scales: Tensor
    columns: Tensor
    noise: float


def round_weights(weight: Tensor) -> RoundedWeights:
    """Round a matrix [out, in], every output by a scale of its own.

    Columns are divided by their sizes first, so that one that is small throughout keeps its digits.
    In slices, so that little more than the result is needed beside the weights; in numpy, whose
    threads, unlike torch's, need not wait for each other after every operation.
    """
    w: _Floats = weight.float().numpy()
    rows = max(SLICE // w.shape[1], 1)
    parts = [w[a : a + rows] for a in range(0, len(w), rows)]
    with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
        columns = np.zeros(w.shape[1], np.float32)
        for size in pool.map(_largest, parts):
            np.maximum(columns, size, out=columns)
        columns[columns == 0] = 1.0
        columns /= np.sqrt(np.square(columns).mean())
        rounded = np.empty(w.shape, np.int8)
        scales = np.empty(len(w), np.float32)
        places = [rounded[a : a + rows] for a in range(0, len(w), rows)]
        error = power = 0.0
        done = pool.map(lambda part, place: _round(part, columns, place), parts, places)
        for i, (scale, lost, all_of_it) in enumerate(done):
            scales[i * rows : i * rows + len(scale)] = scale
            error, power = error + lost, power + all_of_it
    noise = math.sqrt(error / power) if power else 0.0
    return RoundedWeights(
        torch.from_numpy(rounded), torch.from_numpy(scales), torch.from_numpy(columns), noise
    )


def _largest(w: _Floats) -> _Floats:
    """The largest share that each column has of a row's largest weight, [in]."""
    size = np.abs(w)
    size /= np.maximum(size.max(1, keepdims=True), _TINY)
    return size.max(0)


def _round(w: _Floats, columns: _Floats, out: NDArray[np.int8]) -> tuple[_Floats, float, float]:
    """Round some rows into ``out``; their scales, the power of what was lost, and of all."""
    exact = w / columns
    scale = np.maximum(np.abs(exact).max(1, keepdims=True), _TINY) / np.float32(127)
    q = np.rint(exact / scale)
    out[:] = q
    power = float(np.vdot(exact, exact))
    q *= scale
    q -= exact
    return scale[:, 0], float(np.vdot(q, q)), power
