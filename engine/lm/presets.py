"""Presets: sampler settings with a name, as small TOML files."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine import paths
from engine.errors import KnownError
from engine.lm.settings import SamplerSettings

DEFAULT = "balanced"  # the preset of a first start
MAX_BYTES = 256 * 1024
MAX_NAME = 60
MAX_DESCRIPTION = 500
MAX_PRESETS = 500  # files of one folder that are read
_RESERVED = re.compile(
    r"(?i)(con|prn|aux|nul|com\d|lpt\d)\Z"
)  # no file can be called that on Windows


@dataclass(frozen=True, slots=True)
class Preset:
    """Settings under a name; ``id`` is its file's stem, ``builtin`` says that it came with the app."""

    name: str
    settings: SamplerSettings = field(default_factory=SamplerSettings)
    description: str = ""
    id: str = ""
    builtin: bool = False

    def __post_init__(self) -> None:
        """Refuse names that no list could show."""
        if not self.name.strip() or len(self.name) > MAX_NAME or not self.name.isprintable():
            raise KnownError(f"A preset's name is one line of 1 to {MAX_NAME} characters.")
        if len(self.description) > MAX_DESCRIPTION:
            raise KnownError(f"A preset's description has at most {MAX_DESCRIPTION} characters.")


def builtin() -> list[Preset]:
    """The presets that come with the app, in the order of their files."""
    folder = paths.assets() / "presets"
    return [read(path, builtin=True) for path in sorted(folder.glob("*.toml"))]


def user_folder() -> Path:
    """Where the user's own presets are."""
    return paths.config_home() / "presets"


def user(folder: Path | None = None) -> tuple[list[Preset], list[str]]:
    """The user's own presets by name, and a sentence for each file that cannot be read."""
    presets, notices = [], []
    for path in sorted((folder or user_folder()).glob("*.toml"))[:MAX_PRESETS]:
        try:
            presets.append(read(path))
        except KnownError as error:
            notices.append(str(error))
    return sorted(presets, key=lambda preset: preset.name.casefold()), notices


def find(name: str) -> Preset:
    """A preset by its id or name; the user's own come before those of the app.

    Raises:
        KnownError: there is none of that name.
    """
    wanted = name.strip().casefold()
    presets = [*user()[0], *builtin()]
    for preset in presets:
        if wanted in (preset.id.casefold(), preset.name.casefold()):
            return preset
    known = ", ".join(preset.name for preset in presets)
    raise KnownError(f"There is no preset '{name:.60}'; there are: {known}.")


def read(path: Path, *, builtin: bool = False) -> Preset:
    """One preset file.

    Raises:
        KnownError: unreadable, too large, no TOML, or settings out of range; it names the file.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise KnownError(f"it is larger than {MAX_BYTES // 1024} KB, which no preset is.")
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        sampling = data.get("sampling", {})
        name, description = data.get("name", path.stem), data.get("description", "")
        if not isinstance(sampling, dict):
            raise KnownError("'sampling' is not a table.")
        if not isinstance(name, str) or not isinstance(description, str):
            raise KnownError("its name or description is not a text.")
        settings = SamplerSettings.from_json(sampling)
        return Preset(name, settings, description, path.stem, builtin)
    except KnownError as error:
        reason = str(error)
    except OSError as error:
        reason = f"{error.strerror}."
    except (ValueError, RecursionError) as error:  # TOML and UTF-8 errors are ValueErrors
        reason = f"it is not valid TOML ({str(error).splitlines()[0]:.100})."
    raise KnownError(f"The preset file {path.name:.80} cannot be used: {reason}")


def save(preset: Preset, folder: Path | None = None) -> Preset:
    """Write a preset of the user's; one of the same name is replaced. Returns it with its id.

    Raises:
        KnownError: the folder cannot be written to.
    """
    folder = folder or user_folder()
    target = folder / f"{_free_id(preset.name, folder)}.toml"
    draft = target.with_suffix(".new")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draft.write_text(to_toml(preset), encoding="utf-8", newline="\n")
        draft.replace(target)
    except OSError as error:
        raise KnownError(f"The preset could not be saved in {folder}: {error.strerror}.") from None
    return Preset(preset.name, preset.settings, preset.description, target.stem)


def delete(preset: Preset, folder: Path | None = None) -> None:
    """Remove a preset of the user's.

    Raises:
        KnownError: it came with the app, or its file cannot be removed.
    """
    if preset.builtin:
        raise KnownError(f"'{preset.name}' came with the app and stays.")
    try:
        ((folder or user_folder()) / f"{preset.id}.toml").unlink(missing_ok=True)
    except OSError as error:
        raise KnownError(f"'{preset.name}' could not be removed: {error.strerror}.") from None


def rename(preset: Preset, name: str, folder: Path | None = None) -> Preset:
    """Save under another name and remove the old file.

    Raises:
        KnownError: no good name, or a file cannot be written.
    """
    saved = save(Preset(name, preset.settings, preset.description), folder)
    if not preset.builtin and saved.id != preset.id:
        delete(preset, folder)
    return saved


def to_toml(preset: Preset) -> str:
    """The text of a preset file: what differs from "off"."""
    lines = [f"name = {toml_literal(preset.name)}"]
    if preset.description:
        lines.append(f"description = {toml_literal(preset.description)}")
    lines += ["", "[sampling]"]
    off = SamplerSettings().to_json()
    for key, value in preset.settings.to_json().items():
        if value != off[key]:
            lines.append(f"{key} = {toml_literal(value)}")
    return "\n".join(lines) + "\n"


def toml_literal(value: Any) -> str:
    """A JSON value as TOML."""
    if isinstance(value, list):
        return f"[{', '.join(toml_literal(item) for item in value)}]"
    if isinstance(value, str):  # JSON's escapes are TOML's, but for DEL and lone surrogates
        clean = value.encode("utf-8", "replace").decode()
        return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)


def _free_id(name: str, folder: Path) -> str:
    """A file stem for ``name``: its own if it has one, else one that no other preset has."""
    for free in _stems(name):
        path = folder / f"{free}.toml"
        if not path.exists():
            return free
        try:
            if read(path).name == name:
                return free
        except KnownError:
            continue  # a file that is no preset is not ours to replace
    raise KnownError("Too many presets have a name like this one.")


def stem(name: str) -> str:
    """What a file of this name is called, on every system."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "preset"
    return f"preset-{plain}" if _RESERVED.match(plain) else plain


def _stems(name: str) -> Iterator[str]:
    first = stem(name)
    yield first
    for n in range(2, 1000):
        yield f"{first}-{n}"
