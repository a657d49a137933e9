"""Preset files of NovelAI (.preset): parameters, and an order in which each sampler is on or off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.lm.preset_formats.report import Fields, Report, empty
from engine.lm.settings import MAX_PROMPT, SamplerSettings, complete

# Their samplers in the order of their numbers, and the stages and knobs that answer to them.
_IDS = (
    "temperature", "top_k", "top_p", "tfs", "top_a", "typical_p", "cfg", "top_g", "mirostat",
    "math1", "min_p",
)  # fmt: skip
_STAGE = {
    "temperature": ("temperature",),
    "top_k": ("top_k",),
    "top_p": ("top_p",),
    "tfs": ("tfs",),
    "top_a": ("top_a",),
    "typical_p": ("typical",),
    "min_p": ("min_p",),
}
_KNOB = {name: name for name in _STAGE} | {"cfg": "guidance", "mirostat": "mirostat"}
_NUMBERS: tuple[tuple[str, str, tuple[float, ...]], ...] = (
    ("temperature", "temperature", ()),
    ("top_k", "top_k", ()),
    ("top_p", "top_p", (0,)),
    ("tfs", "tail_free_sampling", (0,)),
    ("top_a", "top_a", (1,)),
    ("typical_p", "typical_p", (0,)),
    ("min_p", "min_p", ()),
    ("guidance", "cfg_scale", (0,)),
    ("repetition_penalty", "repetition_penalty", ()),
    ("repetition_range", "repetition_penalty_range", ()),
    ("repetition_slope", "repetition_penalty_slope", ()),
    ("frequency_penalty", "repetition_penalty_frequency", ()),
    ("presence_penalty", "repetition_penalty_presence", ()),
)
_PHRASES = {
    "very_light": 0.2, "light": 0.4, "medium": 0.8, "aggressive": 1.2, "very_aggressive": 1.75,
}  # fmt: skip
_ASIDE = {  # that is not about the choice of tokens, or says nothing by itself
    "textGenerationSettingsVersion", "max_length", "min_length", "num_logprobs",
    "repetition_penalty_default_whitelist", "math1_temp", "math1_quad",
    "math1_quad_entropy_scale",
}  # fmt: skip


def load(data: Mapping[str, Any]) -> tuple[dict[str, Any], Report]:
    """Sampler settings as JSON values from the whole file, and what became of the rest."""
    report = Report("NovelAI")
    parameters = data["parameters"]
    fields = Fields.of(parameters if isinstance(parameters, Mapping) else {}, report)
    for target, name, off in _NUMBERS:
        fields.number(target, name, off=off)
    _mirostat(fields)
    _phrases(fields)
    negative = fields.pop("cfg_uc")
    if isinstance(negative, str) and negative:
        fields.values["negative_prompt"] = negative[:MAX_PROMPT]
    _order(fields)
    if fields.on("repetition_penalty"):
        report.changed.append(
            "The repetition penalty works on log-probabilities here; look whether it is as strong "
            "as you want it."
        )
    for name in _ASIDE:
        fields.pop(name)
    fields.done()
    return fields.values, report


def _mirostat(fields: Fields) -> None:
    tau: Any = fields.data.get("mirostat_tau")
    if type(tau) in {int, float} and tau > 0:
        fields.values["mirostat"] = 2
        fields.number("mirostat_tau", "mirostat_tau")
        fields.number("mirostat_eta", "mirostat_lr")
    fields.pop("mirostat_tau")
    fields.pop("mirostat_lr")


def _phrases(fields: Fields) -> None:
    strength = fields.pop("phrase_rep_pen")
    if isinstance(strength, str) and strength in _PHRASES:
        fields.put("dry_multiplier", _PHRASES[strength])
        fields.put("dry_allowed", 4)
        fields.report.changed.append(
            f"The phrase repetition penalty ({strength.replace('_', ' ')}) became DRY."
        )
    elif not empty(strength) and strength != "off":
        fields.report.dropped.append("phrase_rep_pen")


def _order(fields: Fields) -> None:
    """Their order as stages; what is switched off in it is off."""
    names = _switched(fields)
    stages = [stage for name in names for stage in _STAGE.get(name, ())]
    fields.values["order"] = complete(
        ("repetition", "presence", "frequency", "no_repeat_ngram", "dry", *stages)
    )


def _switched(fields: Fields) -> list[str]:
    value = fields.pop("order")
    names: list[str] = []
    if not isinstance(value, list):
        return names
    for item in value[: 4 * len(_IDS)]:
        entry = item if isinstance(item, Mapping) else {"id": item, "enabled": True}
        name = entry.get("id")
        if type(name) is int and 0 <= name < len(_IDS):
            name = _IDS[name]
        if not isinstance(name, str) or name not in _IDS or name in names:
            continue
        names.append(name)
        if entry.get("enabled", True) is False:
            if name in _KNOB:
                fields.off(_KNOB[name])
        elif name == "math1":
            fields.report.dropped.append("math1 (Unified)")
        elif name == "top_g" and fields.data.get("top_g"):
            fields.report.dropped.append("top_g")
    fields.pop("top_g")
    return names


def dump(settings: SamplerSettings, name: str, report: Report) -> dict[str, Any]:
    """A .preset file's values; what they cannot say is in the report."""
    off = SamplerSettings()
    parameters: dict[str, Any] = {"textGenerationSettingsVersion": 3}
    for target, theirs, _ in _NUMBERS:
        parameters[theirs] = getattr(settings, target)
    parameters["cfg_uc"] = settings.negative_prompt
    parameters["mirostat_tau"] = settings.mirostat_tau if settings.mirostat else 0
    parameters["mirostat_lr"] = settings.mirostat_eta if settings.mirostat else 1
    parameters["phrase_rep_pen"] = _phrase(settings, report)
    of_stage = {stage: theirs for theirs, stages in _STAGE.items() for stage in stages}
    listed = [of_stage[stage] for stage in settings.order if stage in of_stage]
    parameters["order"] = [
        {"id": theirs, "enabled": getattr(settings, _KNOB[theirs]) != getattr(off, _KNOB[theirs])}
        for theirs in (*listed, "cfg", "mirostat")
    ]
    told = {*_KNOB.values(), *(target for target, _, _ in _NUMBERS), "order", "negative_prompt",
            "mirostat", "mirostat_tau", "mirostat_eta", "dry_multiplier", "dry_allowed"}  # fmt: skip
    for target, value in settings.to_json().items():
        if target not in told and value != off.to_json()[target]:
            report.dropped.append(target)
    if settings.repetition_penalty != 1:
        report.changed.append("The repetition penalty works on raw scores there, and is harder.")
    return {"presetVersion": 3, "name": name, "parameters": parameters}


def _phrase(settings: SamplerSettings, report: Report) -> str:
    strength = settings.dry_multiplier
    if not strength:
        return "off"
    near = min(_PHRASES, key=lambda name: abs(_PHRASES[name] - strength))
    if (strength, settings.dry_allowed) != (_PHRASES[near], 4):
        report.changed.append(
            f"DRY became the phrase repetition penalty ({near.replace('_', ' ')})."
        )
    return near
