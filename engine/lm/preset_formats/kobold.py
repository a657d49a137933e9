"""Preset files of KoboldAI (.settings) and KoboldCpp: flat JSON, an order of seven numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.lm.preset_formats.report import Fields, Report, texts
from engine.lm.settings import MAX_PROMPT, MAX_WORD, MAX_WORDS, SamplerSettings, complete

MARKS = {"temp", "rep_pen", "sampler_order", "rep_pen_range", "typical", "tfs"}
# Only KoboldCpp writes these; its slope means something else than KoboldAI's.
_CPP = {"min_p", "dry_multiplier", "xtc_probability", "mirostat", "smoothing_factor", "nsigma"}
# Ours, then their names. What they call 0 to 6 follows below.
_NUMBERS: tuple[tuple[str, ...], ...] = (
    ("temperature", "temp", "temperature"),
    ("top_k", "top_k"),
    ("top_p", "top_p"),
    ("top_a", "top_a"),
    ("typical_p", "typical", "typical_p"),
    ("tfs", "tfs"),
    ("min_p", "min_p"),
    ("repetition_penalty", "rep_pen"),
    ("repetition_range", "rep_pen_range"),
    ("presence_penalty", "presence_penalty"),
    ("frequency_penalty", "frequency_penalty"),
    ("mirostat", "mirostat"),
    ("mirostat_tau", "mirostat_tau"),
    ("mirostat_eta", "mirostat_eta"),
    ("dynatemp_range", "dynatemp_range"),
    ("dynatemp_exponent", "dynatemp_exponent"),
    ("smoothing_factor", "smoothing_factor"),
    ("smoothing_curve", "smoothing_curve"),
    ("dry_multiplier", "dry_multiplier"),
    ("dry_base", "dry_base"),
    ("dry_allowed", "dry_allowed_length"),
    ("dry_range", "dry_penalty_last_n"),
    ("xtc_threshold", "xtc_threshold"),
    ("xtc_probability", "xtc_probability"),
    ("top_n_sigma", "nsigma", "top_n_sigma"),
    ("adaptive_p", "adaptive_target"),
    ("adaptive_decay", "adaptive_decay"),
    ("guidance", "guidance_scale"),
)
_SLOTS: tuple[tuple[str, ...], ...] = (
    ("top_k",),
    ("top_a",),
    ("top_p", "min_p"),
    ("tfs",),
    ("typical",),
    ("temperature", "smoothing"),
    ("repetition", "presence", "frequency"),
)
_USUAL = [6, 0, 1, 2, 3, 4, 5]
_PENALTY = 6


def load(data: Mapping[str, Any]) -> tuple[dict[str, Any], Report]:
    """Sampler settings as JSON values, and what became of the rest."""
    cpp = bool(_CPP & data.keys())
    report = Report("KoboldCpp" if cpp else "KoboldAI")
    fields = Fields.of(data, report)
    for target, *names in _NUMBERS:
        fields.number(target, *names)
    _slope(fields, cpp=cpp)
    if fields.on("repetition_penalty"):
        fields.values["repetition_raw"] = True  # on raw scores, as these numbers were found
    fields.values["order"] = order(fields.pop("sampler_order"), report)
    _words(fields)
    fields.done()
    return fields.values, report


def order(value: Any, report: Report) -> tuple[str, ...]:
    """Stages from the numbers 0 to 6; files of six numbers put the penalty first."""
    ids = _USUAL
    if isinstance(value, list):
        plain = [n for n in value if type(n) is int and 0 <= n <= _PENALTY]
        once = list(dict.fromkeys(plain))
        if len(once) == len(value) and len(once) in {len(_SLOTS) - 1, len(_SLOTS)}:
            ids = once if _PENALTY in once else [_PENALTY, *once]
        elif value:
            report.changed.append("The order of samplers makes no sense; the usual one is used.")
    elif value is not None:
        report.changed.append("The order of samplers is no list; the usual one is used.")
    stages = [stage for n in ids for stage in _SLOTS[n]]
    missing = [name for n, names in enumerate(_SLOTS) if n not in ids for name in names]
    return complete(
        ("no_repeat_ngram", "dry", "top_n_sigma", *stages, *missing, "epsilon", "eta", "xtc")
    )


def _slope(fields: Fields, *, cpp: bool) -> None:
    name = "rep_pen_slope"
    if not cpp:
        fields.number("repetition_slope", name)
        return
    value = fields.pop(name)
    if type(value) in {int, float} and 0 <= value < 1 and fields.on("repetition_penalty"):
        fields.put("repetition_slope", 1.0)
        fields.report.changed.append(
            f"KoboldCpp's slope {value:g} spares the older half of the range; here the penalty "
            "falls evenly."
        )


def _words(fields: Fields) -> None:
    breakers = texts(fields.pop("dry_sequence_breakers"), MAX_WORD, MAX_WORDS)
    if breakers:
        fields.values["dry_breakers"] = list(breakers)
    banned = texts(fields.pop("banned_strings", "banned_tokens"), MAX_WORD, MAX_WORDS)
    if banned:
        fields.values["banned"] = list(banned)
    negative = fields.pop("negative_prompt")
    if isinstance(negative, str) and negative:
        fields.values["negative_prompt"] = negative[:MAX_PROMPT]
    if fields.pop("logit_bias"):
        fields.report.changed.append(
            "Biases are by the token numbers of another model and were left out."
        )


def dump(settings: SamplerSettings, report: Report) -> dict[str, Any]:
    """A .settings file's values; what they cannot say is in the report."""
    data: dict[str, Any] = {}
    off = SamplerSettings()
    for target, *names in _NUMBERS:
        data[names[0]] = getattr(settings, target)
    data["rep_pen_slope"] = settings.repetition_slope
    first = [stages[0] for stages in _SLOTS]
    data["sampler_order"] = [first.index(stage) for stage in settings.order if stage in first]
    if settings.banned:
        data["banned_strings"] = list(settings.banned)
    if settings.dry_multiplier:
        data["dry_sequence_breakers"] = list(settings.dry_breakers)
    if settings.negative_prompt:
        data["negative_prompt"] = settings.negative_prompt
    # Files without KoboldCpp's own fields are read by more programs, and keep KoboldAI's slope.
    for target, *names in _NUMBERS:
        if names[0] not in MARKS and data[names[0]] == getattr(off, target):
            del data[names[0]]
    if settings.repetition_slope and _CPP & data.keys():
        report.changed.append("KoboldCpp reads the repetition slope in a way of its own.")
    if settings.repetition_penalty != 1 and not settings.repetition_raw:
        report.changed.append("The repetition penalty works on raw scores there, and is harder.")
    for target in ("no_repeat_ngram", "epsilon", "eta", "logit_bias"):
        if getattr(settings, target) != getattr(off, target):
            report.dropped.append(target)
    return data
