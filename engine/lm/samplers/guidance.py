"""Classifier-free guidance: away from what the model would say without the prompt."""

from __future__ import annotations

import numpy as np

from engine.lm.samplers.row import Floats, Row


def guide(wanted: Floats, unwanted: Floats, scale: float) -> Floats:
    """Log-probabilities [V]: ``unwanted`` + scale * (``wanted`` - ``unwanted``).

    ``wanted`` are the logits after the prompt, ``unwanted`` those after the negative prompt; both
    become log-probabilities first. With scale 1 they are those of ``wanted``.
    """
    yes = wanted - wanted.dtype.type(Row(wanted).lse())
    if scale == 1:
        return yes
    no = unwanted - unwanted.dtype.type(Row(unwanted).lse())
    with np.errstate(invalid="ignore"):
        out = no + wanted.dtype.type(scale) * (yes - no)
    return np.where(np.isfinite(out), out, wanted.dtype.type(-np.inf))
