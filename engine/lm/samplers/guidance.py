"""Classifier-free guidance: away from what the model would say without the prompt."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.lm.samplers.row import Floats, Row
from engine.lm.settings import SamplerSettings
from engine.tokens import Tokenizer


def unwanted_prompt(
    settings: SamplerSettings, tokenizer: Tokenizer, prompt: Sequence[int], most: int
) -> tuple[int, ...] | None:
    """Ids to read as the second prompt, at most the last ``most``; None where guidance is off.

    The negative prompt behind the beginning of text, if the prompt has one. Where it is empty, only
    the last id of the prompt, so that guidance strengthens what all the text before it says.
    """
    if settings.guidance == 1 or not prompt:
        return None
    if not settings.negative_prompt:
        return (prompt[-1],)
    begin = tuple(prompt[:1]) if tokenizer.is_special(prompt[0]) else ()
    ids = tokenizer.encode(settings.negative_prompt)
    return (*begin, *ids[-max(1, most - len(begin)) :])


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
