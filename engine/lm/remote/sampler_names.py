"""Which samplers each kind of server has, under which names, and why the others are greyed out.

Servers begin from samplers of their own that are on, so every one they have is sent, also when off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from engine.lm.remote.servers import Kind
from engine.lm.settings import KNOBS, SWITCHES, WORDS, SamplerSettings

STANDARD_STOPS = 4  # as many stop strings as the OpenAI form promises; the rest is watched here

_STANDARD = {
    "temperature": "temperature",
    "top_p": "top_p",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
}
_VLLM = _STANDARD | {
    "top_k": "top_k",
    "min_p": "min_p",
    "repetition_penalty": "repetition_penalty",
    "banned": "bad_words",
}
_LLAMACPP = _STANDARD | {
    "top_k": "top_k",
    "min_p": "min_p",
    "typical_p": "typical_p",
    "top_n_sigma": "top_n_sigma",
    "repetition_penalty": "repeat_penalty",
    "repetition_range": "repeat_last_n",
    "dry_multiplier": "dry_multiplier",
    "dry_base": "dry_base",
    "dry_allowed": "dry_allowed_length",
    "dry_range": "dry_penalty_last_n",
    "dry_breakers": "dry_sequence_breakers",
    "dynatemp_range": "dynatemp_range",
    "dynatemp_exponent": "dynatemp_exponent",
    "xtc_probability": "xtc_probability",
    "xtc_threshold": "xtc_threshold",
    "mirostat": "mirostat",
    "mirostat_tau": "mirostat_tau",
    "mirostat_eta": "mirostat_eta",
    "adaptive_p": "adaptive_target",
    "adaptive_decay": "adaptive_decay",
    "logit_bias": "logit_bias",
}
_LLAMA_PYTHON = _STANDARD | {
    "top_k": "top_k",
    "min_p": "min_p",
    "repetition_penalty": "repeat_penalty",
    "mirostat": "mirostat_mode",
    "mirostat_tau": "mirostat_tau",
    "mirostat_eta": "mirostat_eta",
}
_KOBOLD = {
    "temperature": "temperature",
    "top_k": "top_k",
    "top_p": "top_p",
    "min_p": "min_p",
    "typical_p": "typical",
    "top_a": "top_a",
    "tfs": "tfs",
    "top_n_sigma": "nsigma",
    "repetition_penalty": "rep_pen",
    "repetition_range": "rep_pen_range",
    "repetition_slope": "rep_pen_slope",
    "presence_penalty": "presence_penalty",
    "dry_multiplier": "dry_multiplier",
    "dry_base": "dry_base",
    "dry_allowed": "dry_allowed_length",
    "dry_range": "dry_penalty_last_n",
    "dry_breakers": "dry_sequence_breakers",
    "dynatemp_range": "dynatemp_range",
    "dynatemp_exponent": "dynatemp_exponent",
    "smoothing_factor": "smoothing_factor",
    "smoothing_curve": "smoothing_curve",
    "xtc_probability": "xtc_probability",
    "xtc_threshold": "xtc_threshold",
    "mirostat": "mirostat",
    "mirostat_tau": "mirostat_tau",
    "mirostat_eta": "mirostat_eta",
    "adaptive_p": "adaptive_target",
    "adaptive_decay": "adaptive_decay",
    "banned": "banned_strings",
    "guidance": "guidance_scale",
    "negative_prompt": "negative_prompt",
}

# Stages of our chain under the names in which llama.cpp takes an order.
_LLAMACPP_ORDER = {
    "repetition": "penalties",
    "presence": "penalties",
    "frequency": "penalties",
    "dry": "dry",
    "top_n_sigma": "top_n_sigma",
    "top_k": "top_k",
    "typical": "typ_p",
    "top_p": "top_p",
    "min_p": "min_p",
    "temperature": "temperature",
    "xtc": "xtc",
}
# KoboldAI's numbers of samplers; min-p goes with top-a.
_KOBOLD_ORDER = {
    "repetition": 6,
    "top_k": 0,
    "top_a": 1,
    "tfs": 3,
    "typical": 4,
    "top_p": 2,
    "temperature": 5,
}
# The knob that turns a stage on, where it is called otherwise.
_STAGE_FIELDS = {
    "repetition": "repetition_penalty",
    "presence": "presence_penalty",
    "frequency": "frequency_penalty",
    "dry": "dry_multiplier",
    "typical": "typical_p",
    "smoothing": "smoothing_factor",
    "xtc": "xtc_probability",
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one kind of server understands."""

    label: str
    names: Mapping[str, str] = field(default_factory=dict)  # our field -> its name
    many: bool = False  # several candidates from one request
    alone: bool = False  # a second request, also one to count tokens, would break off the first
    alternatives: int = 0  # log-probabilities: how many at most; 0: none
    stops: int = STANDARD_STOPS
    reorders: bool = False


DIALECTS: Mapping[Kind, Dialect] = MappingProxyType(
    {
        Kind.OPENAI: Dialect("this server", _STANDARD, many=True, alternatives=5),
        Kind.VLLM: Dialect("vLLM", _VLLM, many=True, alternatives=20, stops=16),
        Kind.LLAMACPP: Dialect("llama.cpp", _LLAMACPP, alternatives=20, stops=16, reorders=True),
        Kind.LLAMA_PYTHON: Dialect("llama-cpp-python", _LLAMA_PYTHON, alone=True, stops=16),
        Kind.KOBOLD: Dialect("KoboldAI", _KOBOLD, stops=16, reorders=True),
    }
)


def stages(kind: Kind) -> frozenset[str]:
    """The stages of our chain that a kind of server has."""
    names = DIALECTS[kind].names
    every = SamplerSettings().order
    return frozenset(stage for stage in every if _STAGE_FIELDS.get(stage, stage) in names)


def unavailable(kind: Kind) -> dict[str, str]:
    """Every setting that a kind of server does not have, with the reason as a sentence."""
    dialect = DIALECTS[kind]
    label = dialect.label[0].upper() + dialect.label[1:]
    missing = {
        item.field: f"{label} has no such setting."
        for item in (*KNOBS, *SWITCHES, *WORDS)
        if item.field not in dialect.names
    }
    missing["repetition_raw"] = "Servers always apply the repetition penalty to the raw scores."
    if kind is Kind.OPENAI:
        reason = "The OpenAI form, which is all this server is known to speak, has no such setting."
        missing = {name: reason if name != "repetition_raw" else missing[name] for name in missing}
    if "logit_bias" in missing:
        missing["logit_bias"] = f"{label} takes biases by token number only, not for words."
    if not dialect.reorders:
        missing["order"] = f"{label} has an order of its own."
    return missing


def translate(settings: SamplerSettings, kind: Kind, n_ctx: int) -> dict[str, Any]:
    """The settings in a server's own names; those it does not have are left out."""
    names = DIALECTS[kind].names
    out: dict[str, Any] = {}
    for ours, theirs in names.items():
        value = getattr(settings, ours)
        out[theirs] = list(value) if isinstance(value, tuple) else value
    if kind is Kind.VLLM:
        out["top_k"] = settings.top_k or -1
        if not settings.banned:
            del out["bad_words"]
    elif kind is Kind.LLAMACPP:
        out["repeat_last_n"] = settings.repetition_range or -1
        out["dry_penalty_last_n"] = settings.dry_range or -1
        out["top_n_sigma"] = settings.top_n_sigma or -1
        out["adaptive_target"] = settings.adaptive_p or -1
        out["logit_bias"] = [[word, bias] for word, bias in settings.logit_bias]
        out["samplers"] = _llamacpp_order(settings)
    elif kind is Kind.KOBOLD:
        out["rep_pen_range"] = settings.repetition_range or n_ctx
        out["dry_penalty_last_n"] = settings.dry_range or n_ctx
        out["adaptive_target"] = settings.adaptive_p or -1
        out["sampler_order"] = [_KOBOLD_ORDER[s] for s in settings.order if s in _KOBOLD_ORDER]
    return out


def _llamacpp_order(settings: SamplerSettings) -> list[str]:
    order = list(dict.fromkeys(_LLAMACPP_ORDER[s] for s in settings.order if s in _LLAMACPP_ORDER))
    return [*order, "adaptive_p"] if settings.adaptive_p else order
