"""What the stages of the chain are called, and which of them are on."""

from __future__ import annotations

from engine.lm.knobs import KNOBS
from engine.lm.settings import SamplerSettings

_OFF = SamplerSettings()
_LABELS = {knob.field: knob.label for knob in KNOBS}
# The knob that switches a stage; where it has the stage's name it is left out.
_KNOB_OF = {
    "repetition": "repetition_penalty",
    "presence": "presence_penalty",
    "frequency": "frequency_penalty",
    "dry": "dry_multiplier",
    "typical": "typical_p",
    "smoothing": "smoothing_factor",
    "xtc": "xtc_probability",
}
_SHORT = {
    "model": "Model",
    "bias": "Word biases",
    "banned": "Bans",
    "repetition": "Repetition",
    "presence": "Presence",
    "frequency": "Frequency",
    "dry": "DRY",
    "xtc": "XTC",
    "epsilon": "Epsilon",
    "eta": "Eta",
    "adaptive_p": "Adaptive-p",
}


def stage_label(stage: str) -> str:
    """A stage's name, short enough for a picture."""
    return _SHORT.get(stage) or _LABELS.get(_KNOB_OF.get(stage, stage), stage)


def is_on(stage: str, now: SamplerSettings) -> bool:
    """Whether a stage does anything under these settings."""
    if stage == "temperature":
        return now.temperature != 1 or bool(now.dynatemp_range)
    field = _KNOB_OF.get(stage, stage)
    return getattr(now, field) != getattr(_OFF, field)
