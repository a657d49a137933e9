"""Presets of other programs, read and written: KoboldAI, KoboldCpp, NovelAI; and our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine.errors import KnownError
from engine.lm import presets
from engine.lm.preset_formats import kobold, novelai
from engine.lm.preset_formats.report import Report
from engine.lm.presets import MAX_BYTES, MAX_DESCRIPTION, MAX_NAME, Preset
from engine.lm.settings import SamplerSettings

__all__ = ["OPEN_FILTER", "SAVE_FILTER", "Report", "read", "with_suffix", "write"]

OWN, OWN_JSON, KOBOLD, NOVELAI = ".toml", ".json", ".settings", ".preset"
_FILTERS = {
    f"Brass Lantern (*{OWN})": OWN,
    f"Brass Lantern, JSON (*{OWN_JSON})": OWN_JSON,
    f"KoboldAI (*{KOBOLD})": KOBOLD,
    f"NovelAI (*{NOVELAI})": NOVELAI,
}
SAVE_FILTER = ";;".join(_FILTERS)
OPEN_FILTER = f"Presets (*{OWN} *{OWN_JSON} *{KOBOLD} *{NOVELAI})"


def read(path: Path) -> tuple[Preset, Report]:
    """The preset of a file, told by what is in it, and what became of the rest.

    Raises:
        KnownError: the file cannot be read, is too large, or is no preset.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is not valid"
        raise KnownError(f"{path.name:.80} cannot be read: {reason}.") from None
    if len(raw) > MAX_BYTES:
        raise KnownError(
            f"{path.name:.80} is larger than {MAX_BYTES // 1024} KB, which no preset is."
        )
    text = raw.decode("utf-8-sig", "replace")
    if not text.lstrip().startswith(("{", "[")) or path.suffix == OWN:
        return presets.read(path), Report("Brass Lantern")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise KnownError(f"{path.name:.80} is not valid JSON ({reason:.100}).") from None
    return _from_json(data, path)


def _from_json(data: Any, path: Path) -> tuple[Preset, Report]:
    if not isinstance(data, dict):
        raise KnownError(f"{path.name:.80} is no preset: it is a list or a single value.")
    name, description = data.get("name"), ""
    if isinstance(data.get("sampling"), dict):
        report, values = Report("Brass Lantern"), data["sampling"]
        told = data.get("description")
        description = told if isinstance(told, str) else ""
        report.dropped += sorted(values.keys() - SamplerSettings().to_json().keys())
    elif isinstance(data.get("parameters"), dict):
        values, report = novelai.load(data)
    elif kobold.MARKS & data.keys():
        values, report = kobold.load({k: v for k, v in data.items() if k != "name"})
    else:
        raise KnownError(
            f"{path.name:.80} is no preset of KoboldAI, NovelAI or Brass Lantern: none of their "
            "settings is in it."
        )
    settings = SamplerSettings.from_json(values)
    called = _name(name) or _name(path.stem) or "Imported"
    return Preset(called, settings, description[:MAX_DESCRIPTION]), report


def _name(value: Any) -> str:
    """A name that a list can show, made from what a file says; "" if there is nothing to it."""
    if not isinstance(value, str):
        return ""
    shown = "".join(char if char.isprintable() else " " for char in value[: 4 * MAX_NAME])
    return " ".join(shown.split())[:MAX_NAME].strip()


def with_suffix(path: Path, chosen: str = "") -> Path:
    """The name to write under: with the ending of the filter that was chosen, if it has none."""
    if path.suffix.lower() in _FILTERS.values():
        return path
    return path.with_name(path.name + _FILTERS.get(chosen, OWN))


def write(preset: Preset, path: Path) -> Report:
    """Write a preset in the form that the name's ending asks for; what it cannot say.

    Raises:
        KnownError: the file cannot be written.
    """
    report, suffix = Report("Brass Lantern"), path.suffix.lower()
    if suffix == KOBOLD:
        report.format = "KoboldAI"
        text = _json(kobold.dump(preset.settings, report))
    elif suffix == NOVELAI:
        report.format = "NovelAI"
        text = _json(novelai.dump(preset.settings, preset.name, report))
    elif suffix == OWN_JSON:
        own = {"name": preset.name, "description": preset.description}
        text = _json({**own, "sampling": preset.settings.to_json()})
    else:
        text = presets.to_toml(preset)
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is not valid"
        raise KnownError(f"{path.name:.80} cannot be written: {reason}.") from None
    return report


def _json(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=True, indent=2) + "\n"
