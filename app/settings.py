"""What the user prefers: a value, read from and written to one readable TOML file."""

from __future__ import annotations

import json
import logging
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from engine import paths
from engine.errors import KnownError

FILE_NAME = paths.SETTINGS_FILE
MAX_BYTES = paths.MAX_SETTINGS

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Field:
    """What a setting may be: a number's range, or the words to choose from."""

    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()


DEVICES = ("auto", "cpu", "cuda", "mps")
DTYPES = ("auto", "float32", "bfloat16", "float16", "int8")

FIELDS: dict[str, Field] = {
    "theme": Field(),
    "font": Field(),
    "font_size": Field(8, 40),
    "line_height": Field(1.0, 2.5),
    "measure": Field(40, 120),
    "quotes": Field(choices=("as written", "curly", "straight")),
    "show_authors": Field(),
    "mode": Field(choices=("do", "say", "story")),
    "reply_tokens": Field(8, 400),
    "read_ahead": Field(),
    "suggestions": Field(1, 6),
    "session_target": Field(0, 100_000),
    "model": Field(),
    "device": Field(choices=DEVICES),
    "dtype": Field(choices=DTYPES),
    "threads": Field(0, 256),
    "models_folder": Field(),
    "stories": Field(),
    "last_story": Field(),
    "greeted": Field(),
    "put_away": Field(),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """Preferences of the whole program; a story's own settings are in the story."""

    theme: str = "system"
    font: str = ""  # empty: the theme's book font
    font_size: int = 13  # points
    line_height: float = 1.45
    measure: int = 68  # characters a line
    quotes: str = "as written"
    show_authors: bool = True
    mode: str = "do"
    reply_tokens: int = 80
    read_ahead: bool = True
    suggestions: int = 3
    session_target: int = 0  # words; 0: none
    model: str = "ember"
    device: str = "auto"
    dtype: str = "auto"  # how the model's numbers are kept
    threads: int = 0  # that calculate on the CPU; 0: as many as torch takes
    models_folder: str = ""  # absolute; empty: engine.paths.models()'s own. Read there, too
    stories: str = ""  # empty: engine.paths.stories()
    last_story: str = ""
    greeted: bool = False
    put_away: str = ""  # explanations that were read: their names, parted by spaces
    shortcuts: Mapping[str, str] = field(default_factory=dict)  # action id -> key sequence
    unknown: Mapping[str, Any] = field(default_factory=dict)  # of a newer version: kept

    @property
    def stories_folder(self) -> Path:
        """Where stories are kept."""
        return Path(self.stories) if self.stories else paths.stories()


def checked(name: str, value: Any) -> Any:
    """``value`` if setting ``name`` may have it.

    Raises:
        KnownError: another kind of value, or out of range.
    """
    default = getattr(Settings(), name)
    if isinstance(default, bool) != isinstance(value, bool):
        raise KnownError(f"The setting '{name}' must be {_kind(default)}.")
    if isinstance(default, float) and isinstance(value, int):
        value = float(value)
    if not isinstance(value, type(default)):
        raise KnownError(f"The setting '{name}' must be {_kind(default)}.")
    rule = FIELDS[name]
    if rule.choices and value not in rule.choices:
        raise KnownError(f"The setting '{name}' must be one of: {', '.join(rule.choices)}.")
    if rule.low is not None and rule.high is not None and not rule.low <= value <= rule.high:
        raise KnownError(f"The setting '{name}' goes from {rule.low:g} to {rule.high:g}.")
    return value


def _kind(value: object) -> str:
    kinds = {bool: "true or false", int: "a whole number", float: "a number"}
    return kinds.get(type(value), "text")


def parse(text: str) -> tuple[Settings, list[str]]:
    """Settings from TOML, and a sentence for everything that was not taken over."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return Settings(), [f"The settings file is not valid TOML ({error}); defaults are used."]
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name in FIELDS:
        if name in data:
            try:
                values[name] = checked(name, data.pop(name))
            except KnownError as error:
                problems.append(str(error))
    shortcuts = data.pop("shortcuts", {})
    if isinstance(shortcuts, dict):
        values["shortcuts"] = {k: v for k, v in shortcuts.items() if isinstance(v, str)}
    else:
        problems.append("The setting 'shortcuts' must be a table.")
    return Settings(**values, unknown=data), problems


def dump(settings: Settings) -> str:
    """TOML of all settings that differ from the defaults, of the shortcuts, of what was unknown."""
    default = Settings()
    lines = ["# Brass Lantern's settings. What is not here has its default."]
    tables: list[str] = []
    for name in FIELDS:
        value = getattr(settings, name)
        if value != getattr(default, name):
            lines.append(f"{name} = {_literal(value)}")
    for key, value in settings.unknown.items():
        if isinstance(value, dict):
            tables += ["", f"[{_key(key)}]", *_items(value)]
        else:
            lines.append(f"{_key(key)} = {_literal(value)}")
    if settings.shortcuts:
        tables += ["", "[shortcuts]", *_items(settings.shortcuts)]
    return "\n".join(lines + tables) + "\n"


def _items(table: Mapping[str, Any]) -> list[str]:
    return [f"{_key(key)} = {_literal(value)}" for key, value in table.items()]


def _key(key: str) -> str:
    plain = key and all(c.isascii() and (c.isalnum() or c in "-_") for c in key)
    return key if plain else _literal(key)


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(_literal(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(_items(value)) + "}"
    # A JSON string is a TOML string, but for DEL.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


class Preferences(QObject):
    """The settings in force, and their file.

    Signals:
        changed: the new Settings.
    """

    changed = Signal(object)

    def __init__(self, folder: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.path = (folder or paths.config_home()) / FILE_NAME
        self.problems: list[str] = []
        self.value = Settings()
        self._load()

    def _load(self) -> None:
        try:
            with self.path.open("rb") as file:
                text = file.read(MAX_BYTES).decode("utf-8", "replace")
        except FileNotFoundError:
            return
        except OSError as error:
            self.problems = [f"The settings could not be read: {error.strerror}."]
            return
        self.value, self.problems = parse(text)

    def update(self, **changes: Any) -> None:
        """Change settings, save them, tell everyone.

        Raises:
            KnownError: a value that a setting cannot have.
        """
        for name, value in changes.items():
            if name != "shortcuts":
                changes[name] = checked(name, value)
        new = replace(self.value, **changes)
        if new == self.value:
            return
        self.value = new
        self._save()
        self.changed.emit(new)

    def _save(self) -> None:
        """Write beside the file and replace it, so that a crash leaves the old or the new one."""
        import tempfile

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=".settings-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(dump(self.value))
            Path(name).replace(self.path)
        except OSError as error:
            log.info("settings not saved: %s", error)
            self.problems = [f"The settings could not be saved: {error.strerror}."]
