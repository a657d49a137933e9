"""How the next token is chosen: what a story wants, else the person, else what suits the model.

A *layer* is a mapping that may say any of it under the names in ``OWN``: a story's settings, or the
person's file for all stories. Both may come from elsewhere: what makes no sense in them is passed
over.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import paths
from engine.errors import KnownError
from engine.lm import presets
from engine.lm.settings import SamplerSettings
from engine.story.profile import Profile

DEFAULT_PRESET = "balanced"
HOTTEST = 5.0
OWN = ("sampling", "preset", "temperature", "stop_strings", "seed")
MAX_STOPS = 50
MAX_STOP = 200  # characters of a stop string
MAX_SEED = 2**32 - 1
MAX_BYTES = 512 * 1024
FILE_NAME = "sampling.toml"

Layer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Choice:
    """Sampler settings, the preset they began as, further stop strings, and a seed if it is fixed."""

    sampling: SamplerSettings
    preset: str = ""
    stop: tuple[str, ...] = ()
    seed: int | None = None


def resolve(profile: Profile, *layers: Layer) -> Choice:
    """What holds, the first layer before the others, the model's own preset below them all."""
    whole = next((n for n, layer in enumerate(layers) if _copied(layer)), None)
    sampling, preset = SamplerSettings(), ""
    if whole is None:  # presets are files: they are read only where they matter
        base = suggested(profile)
        sampling, preset = base.settings, base.id
    stop: tuple[str, ...] = ()
    seed: int | None = None
    for n, layer in reversed(list(enumerate(layers))):
        if whole is None or n <= whole:
            sampling, preset = _sampling(layer, sampling, preset)
        if "stop_strings" in layer:
            stop = stops(layer["stop_strings"])
        if "seed" in layer:
            seed = as_seed(layer["seed"])
    return Choice(sampling, preset, stop, seed)


def suggested(profile: Profile) -> presets.Preset:
    """The preset that suits a model."""
    try:
        return presets.find(profile.preset or DEFAULT_PRESET)
    except KnownError:  # a profile may name one that is not here
        return presets.find(DEFAULT_PRESET)


def says(layer: Layer) -> bool:
    """Whether a layer says anything of its own."""
    return any(name in layer for name in OWN)


def _copied(layer: Layer) -> bool:
    """Whether a layer has settings of its own, and not just the name of a preset."""
    return isinstance(layer.get("sampling"), Mapping)


def _sampling(layer: Layer, sampling: SamplerSettings, preset: str) -> tuple[SamplerSettings, str]:
    name = layer.get("preset")
    if _copied(layer):  # it holds whatever becomes of the preset
        return readable(layer["sampling"]), name if isinstance(name, str) else ""
    if isinstance(name, str) and name:
        try:
            found = presets.find(name)
        except KnownError:  # a story from elsewhere may name one that is not here
            pass
        else:
            sampling, preset = found.settings, found.id
    heat: Any = layer.get("temperature")
    if type(heat) in {int, float} and 0 <= heat <= HOTTEST:
        sampling = sampling.with_(temperature=float(heat))
    return sampling, preset


def readable(data: Mapping[str, Any]) -> SamplerSettings:
    """Settings from JSON values of a file from elsewhere; a value that makes no sense is off."""
    try:
        return SamplerSettings.from_json(data)
    except (KnownError, ValueError):
        pass
    good: dict[str, Any] = {}
    for key, value in data.items():
        try:
            SamplerSettings.from_json({key: value})
        except (KnownError, ValueError):  # a number of 5,000 digits cannot even be worded
            continue
        good[key] = value
    return SamplerSettings.from_json(good)


def differing(settings: SamplerSettings) -> dict[str, Any]:
    """Settings as JSON values, without what is off: as layers keep them."""
    off = SamplerSettings().to_json()
    return {key: value for key, value in settings.to_json().items() if value != off[key]}


def stops(value: Any) -> tuple[str, ...]:
    """The stop strings of a layer, as far as they make sense."""
    if not isinstance(value, list | tuple):
        return ()
    good = [text for text in value if isinstance(text, str) and 0 < len(text) <= MAX_STOP]
    return tuple(dict.fromkeys(good))[:MAX_STOPS]


def as_seed(value: Any) -> int | None:
    """A fixed seed, or None for chance."""
    return value if type(value) is int and 0 <= value <= MAX_SEED else None


def common_path() -> Path:
    """The file of what the person wants in all stories."""
    return paths.config_home() / FILE_NAME


def read_common() -> dict[str, Any]:
    """What the person wants in all stories; empty where nothing was said or it cannot be read."""
    try:
        with common_path().open("rb") as file:
            data = tomllib.loads(file.read(MAX_BYTES).decode("utf-8", "replace"))
    except (OSError, ValueError, RecursionError):
        return {}
    return {name: data[name] for name in OWN if name in data}


def write_common(layer: Layer) -> None:
    """Keep what the person wants in all stories.

    Raises:
        KnownError: the file cannot be written.
    """
    path = common_path()
    draft = path.with_suffix(".new")
    try:
        if not layer:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(_dump(layer), encoding="utf-8", newline="\n")
        draft.replace(path)
    except OSError as error:
        raise KnownError(f"The sampling settings could not be saved: {error.strerror}.") from None


def _dump(layer: Layer) -> str:
    lines = ["# How the next token is chosen in all stories that do not say otherwise."]
    plain = [name for name in OWN if name in layer and name != "sampling"]
    lines += [f"{name} = {presets.toml_literal(layer[name])}" for name in plain]
    if "sampling" in layer:
        lines += ["", "[sampling]"]
        lines += [f"{k} = {presets.toml_literal(v)}" for k, v in layer["sampling"].items()]
    return "\n".join(lines) + "\n"
