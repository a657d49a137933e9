"""Scenarios: where a story begins. TOML files with an opening, memory, lore and blanks to fill.

A file has ``title``, ``genre``, ``kind`` (adventure, story, poem, dialogue or script),
``description`` (a line or two for a card), ``opening``, ``memory``, ``note``, a table ``[settings]``
and any number of ``[[lore]]`` entries with ``name``, ``keys``, ``text`` and, for what always stands
in the window, ``constant = true``. Blanks in title, opening, memory, note and lore are described in
``engine/story/placeholders.py``.
"""

from __future__ import annotations

import difflib
import random
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engine import paths
from engine.errors import KnownError
from engine.story import placeholders
from engine.story.placeholders import Placeholder
from engine.story.trim import Mode

MAX_FILE = 256 * 1024  # bytes
MAX_FILES = 2000
MAX_LORE = 200
MAX_KEYS = 50
MAX_SETTINGS = 64
_LIMITS = {  # characters
    "title": 120,
    "genre": 60,
    "kind": 20,
    "description": 400,
    "opening": 20_000,
    "memory": 4_000,
    "note": 2_000,
}
_LORE_LIMITS = {"name": 120, "text": 4_000}
_MAX_KEY = 200


@dataclass(frozen=True, slots=True)
class Scenario:
    """The beginning of a story. ``lore`` entries are dicts of name, keys, text and constant."""

    title: str
    name: str = ""  # the file's, without its ending: what the command line calls it
    genre: str = ""
    kind: Mode = Mode.ADVENTURE
    description: str = ""
    opening: str = ""
    memory: str = ""
    note: str = ""
    lore: tuple[Mapping[str, Any], ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    placeholders: tuple[Placeholder, ...] = ()

    @property
    def blank(self) -> bool:
        """Whether it is an empty page."""
        return not self.opening.strip()

    def fill(self, values: Mapping[str, str] | None = None) -> Scenario:
        """The scenario with every blank filled: by ``values``, else by its default."""
        given = values or {}

        def filled(text: str) -> str:
            return placeholders.fill(text, self.placeholders, given)

        return replace(
            self,
            title=filled(self.title),
            opening=filled(self.opening),
            memory=filled(self.memory),
            note=filled(self.note),
            lore=tuple(
                {
                    **entry,
                    "name": filled(entry["name"]),
                    "keys": tuple(filled(key) for key in entry["keys"]),
                    "text": filled(entry["text"]),
                }
                for entry in self.lore
            ),
            placeholders=(),
        )


def load_scenario(path: Path) -> Scenario:
    """The scenario in ``path``; KnownError names the file and the key that is wrong."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE + 1)
    except OSError as error:
        raise KnownError(
            f"The scenario {path.name} cannot be read: {error.strerror or error}."
        ) from error
    if len(raw) > MAX_FILE:
        raise KnownError(
            f"The scenario {path.name} is larger than {MAX_FILE // 1024} KB; "
            "move long texts into a story."
        )
    try:
        values = tomllib.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise KnownError(
            f"The scenario {path.name} is not UTF-8 text; save it as UTF-8."
        ) from error
    except (ValueError, RecursionError) as error:
        raise KnownError(
            f"The scenario {path.name} is no valid TOML: {str(error)[:200]}."
        ) from error
    return parse_scenario(values, where=f"The scenario {path.name}", name=path.stem)


def parse_scenario(values: Mapping[str, Any], *, where: str, name: str = "") -> Scenario:
    """A scenario from the values of a TOML file."""
    known = {*_LIMITS, "settings", "lore"}
    unknown = sorted(set(values) - known)
    if unknown:
        raise KnownError(
            f"{where} has the unknown key {unknown[0][:60]!r}; known are {', '.join(sorted(known))}."
        )
    texts = {key: _text(values, key, limit, where) for key, limit in _LIMITS.items()}
    if not texts["title"]:
        raise KnownError(f"{where} has no title.")
    kind = texts.pop("kind") or Mode.ADVENTURE.value
    if kind not in set(Mode):
        raise KnownError(f"{where}: kind must be one of {', '.join(Mode)}.")
    lore = _lore(values.get("lore", []), where)
    blanks = placeholders.find_placeholders(
        [
            texts["title"],
            texts["opening"],
            texts["memory"],
            texts["note"],
            *(text for entry in lore for text in (entry["name"], entry["text"], *entry["keys"])),
        ],
        where=where,
    )
    return Scenario(
        **texts,
        name=name,
        kind=Mode(kind),
        lore=lore,
        settings=_settings(values.get("settings", {}), where),
        placeholders=blanks,
    )


def _text(values: Mapping[str, Any], key: str, limit: int, where: str) -> str:
    value = values.get(key, "")
    if not isinstance(value, str):
        raise KnownError(f"{where}: {key} must be text in quotation marks.")
    value = value.strip()
    if len(value) > limit:
        raise KnownError(f"{where}: {key} is longer than {limit} characters.")
    if any(ord(character) < 32 and character not in "\n\t" for character in value):
        raise KnownError(f"{where}: {key} holds a control character.")
    return value


def _lore(entries: object, where: str) -> tuple[dict[str, Any], ...]:
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise KnownError(f"{where}: lore must be written as [[lore]] tables.")
    if len(entries) > MAX_LORE:
        raise KnownError(f"{where} has more than {MAX_LORE} lore entries.")
    return tuple(_entry(entry, f"{where}: lore {at}") for at, entry in enumerate(entries, 1))


def _entry(entry: Mapping[str, Any], where: str) -> dict[str, Any]:
    unknown = sorted(set(entry) - {"name", "keys", "text", "constant"})
    if unknown:
        raise KnownError(f"{where} has the unknown key {unknown[0][:60]!r}.")
    texts = {key: _text(entry, key, limit, where) for key, limit in _LORE_LIMITS.items()}
    if not texts["text"]:
        raise KnownError(f"{where} has no text.")
    keys = entry.get("keys", [])
    if not isinstance(keys, list) or len(keys) > MAX_KEYS:
        raise KnownError(f"{where}: keys must be a list of at most {MAX_KEYS} texts.")
    cleaned = tuple(_text({"keys": key}, "keys", _MAX_KEY, where) for key in keys)
    constant = entry.get("constant", False)
    if not isinstance(constant, bool):
        raise KnownError(f"{where}: constant must be true or false.")
    if not constant and not any(cleaned):
        raise KnownError(f"{where} has no keys and is not constant, so nothing could bring it up.")
    return {**texts, "keys": tuple(key for key in cleaned if key), "constant": constant}


def _settings(values: object, where: str) -> dict[str, Any]:
    if not isinstance(values, dict) or len(values) > MAX_SETTINGS:
        raise KnownError(f"{where}: settings must be a table of at most {MAX_SETTINGS} values.")
    for key, value in values.items():
        if not isinstance(value, str | int | float | bool) or len(str(value)) > 1000:
            raise KnownError(
                f"{where}: the setting {key[:60]} must be a number, text, true or false."
            )
    return dict(values)


def bundled_folder() -> Path:
    """Where the scenarios that come with the program are."""
    return paths.assets() / "scenarios"


def load_folder(folder: Path | None = None) -> tuple[list[Scenario], list[KnownError]]:
    """Every scenario of a folder (default: the program's own) by genre and title, and what failed.

    One bad file never hides the others.
    """
    folder = folder or bundled_folder()
    found: list[Scenario] = []
    problems: list[KnownError] = []
    try:
        files = sorted(folder.glob("*.toml"))[:MAX_FILES]
    except OSError as error:
        return [], [KnownError(f"The folder {folder} cannot be read: {error.strerror or error}.")]
    for path in files:
        try:
            found.append(load_scenario(path))
        except KnownError as error:
            problems.append(error)
    found.sort(key=lambda item: (item.blank, item.genre.lower(), item.title.lower()))
    return found, problems


def find_scenario(wanted: str, scenarios: Iterable[Scenario]) -> Scenario:
    """The scenario called ``wanted`` (its file's name or its title); KnownError names near misses."""
    low = wanted.strip().lower()
    names: dict[str, Scenario] = {}
    for item in scenarios:
        names.setdefault(item.title.lower(), item)
        names[item.name.lower()] = item
    if low in names:
        return names[low]
    near = difflib.get_close_matches(low[:100], names, n=3, cutoff=0.5)
    hint = f"; perhaps {' or '.join(repr(names[key].name) for key in near)}" if near else ""
    raise KnownError(f"There is no scenario called {wanted[:100]!r}{hint}.")


def surprise(scenarios: Sequence[Scenario], seed: int) -> Scenario:
    """Any adventure, drawn by ``seed`` with its choices drawn too, ready to play."""
    ready = [item for item in scenarios if not item.blank and item.kind is Mode.ADVENTURE]
    if not ready:
        raise KnownError("There are no scenarios to choose from.")
    chosen = random.Random(seed).choice(ready)
    return chosen.fill(placeholders.surprise_values(chosen.placeholders, seed))
