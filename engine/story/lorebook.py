"""Lore entries: what is told to the model when its words come up in the story."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from enum import StrEnum
from math import isfinite
from typing import Any, TypeVar

from engine.errors import KnownError

_T = TypeVar("_T")


class Logic(StrEnum):
    """How secondary keys decide once a key was found."""

    AND_ANY = "and any"
    AND_ALL = "and all"
    NOT_ANY = "not any"
    NOT_ALL = "not all"


class Position(StrEnum):
    """Where an entry stands in the window."""

    AUTO = "auto"  # top when constant, else at its depth
    TOP = "top"
    BEFORE_OPENING = "before opening"
    AFTER_OPENING = "after opening"
    DEPTH = "depth"
    AFTER_NOTE = "after note"


class Trim(StrEnum):
    """Which end goes when an entry is too long."""

    BOTTOM = "bottom"  # the end is cut, the beginning stays
    TOP = "top"
    NONE = "none"  # all of it or nothing


class Cut(StrEnum):
    """The finest border a trim may use."""

    LINE = "line"
    SENTENCE = "sentence"
    WORD = "word"


@dataclass(frozen=True, slots=True)
class Entry:
    """One lore entry.

    A key is plain text or ``/regex/flags``. ``scan_depth`` and ``depth`` count paragraphs; None
    takes the lorebook's scan depth. ``budget`` above 1 is tokens, from 0 to 1 a share of the window,
    0 no limit of its own. ``reserve`` tokens are kept free for it; higher ``priority`` is served
    first (memory 800, lore 400, history 0, note -400). Higher ``order`` stands nearer the end.
    ``probability`` is percent. ``sticky``, ``cooldown`` and ``delay`` count turns (model replies).
    Of a ``group`` only one entry fires, drawn by ``weight``. ``extra`` keeps what a foreign format
    had besides.
    """

    id: str
    name: str = ""
    text: str = ""
    keys: tuple[str, ...] = ()
    secondary: tuple[str, ...] = ()
    logic: Logic = Logic.AND_ANY
    constant: bool = False
    enabled: bool = True
    whole_word: bool = True
    match_case: bool = False
    scan_depth: int | None = None
    position: Position = Position.AUTO
    depth: int = 2  # late: what changes each turn should leave the window before it alone
    order: int = 100
    budget: float = 0
    reserve: int = 0
    priority: int = 400
    trim: Trim = Trim.BOTTOM
    finest: Cut = Cut.SENTENCE
    probability: float = 100
    group: str = ""
    weight: int = 100
    sticky: int = 0
    cooldown: int = 0
    delay: int = 0
    recursable: bool = True  # other entries may fire it
    recursive: bool = True  # it may fire other entries
    folder: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The entry as JSON values; what is as usual is left out."""
        return _to_json(self, always=("id",))

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Entry:
        """An entry from JSON values; unknown names go to ``extra``, wrong values are a KnownError."""
        known = {item.name for item in fields(cls)}
        rest = {name: value for name, value in values.items() if name not in known}
        extra = values.get("extra")
        return _from_json(
            cls, {**values, "extra": {**(extra if isinstance(extra, Mapping) else {}), **rest}}
        )

    @classmethod
    def readable(cls, values: Mapping[str, Any]) -> Entry:
        """Like ``from_json``, but what cannot be read is an entry that is switched off.

        For the turn, which nobody's damaged lorebook may refuse; ``extra`` keeps what was there.
        """
        try:
            return cls.from_json(values)
        except KnownError:
            name = values.get("name")
            return cls(
                str(values.get("id", "")),
                name if isinstance(name, str) else "",
                enabled=False,
                extra=dict(values),
            )


@dataclass(frozen=True, slots=True)
class LoreSettings:
    """What holds for the whole lorebook.

    ``scan_depth`` is in paragraphs; ``recursion`` is how many times fired entries are searched for
    the keys of others (0: never); entries in ``folders_off`` are switched off; ``seed`` fixes the
    draws of a story.
    """

    scan_depth: int = 8
    recursion: int = 0
    folders_off: tuple[str, ...] = ()
    seed: int = 0

    def to_json(self) -> dict[str, Any]:
        """The settings as JSON values; what is as usual is left out."""
        return _to_json(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> LoreSettings:
        """Settings from JSON values; unknown names are left alone, wrong values are a KnownError."""
        return _from_json(cls, values)

    @classmethod
    def readable(cls, values: object) -> LoreSettings:
        """Like ``from_json``, but what cannot be read is as usual."""
        try:
            return cls.from_json(values) if isinstance(values, Mapping) else cls()
        except KnownError:
            return cls()


_LIMITS: dict[str, tuple[float, float]] = {  # also what keeps a hostile file from costing time
    "scan_depth": (0, 1000),
    "depth": (0, 10_000),
    "order": (-1_000_000, 1_000_000),
    "priority": (-1_000_000, 1_000_000),
    "budget": (0, 1_000_000),
    "reserve": (0, 1_000_000),
    "probability": (0, 100),
    "weight": (0, 1_000_000),
    "sticky": (0, 1000),
    "cooldown": (0, 1000),
    "delay": (0, 1_000_000),
    "recursion": (0, 8),
    "seed": (-(2**63), 2**63 - 1),
}
MAX_KEYS = 500


def _to_json(value: Any, always: tuple[str, ...] = ()) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for item in fields(value):
        this = getattr(value, item.name)
        if item.name in always or this != _default(item):
            if isinstance(this, tuple):
                this = list(this)
            elif isinstance(this, StrEnum):
                this = str(this)
            elif isinstance(this, Mapping):
                this = dict(this)
            out[item.name] = this
    return out


def _default(item: Field[Any]) -> Any:
    if item.default_factory is not MISSING:
        return item.default_factory()
    return item.default


def _from_json(cls: type[_T], values: Mapping[str, Any]) -> _T:
    """An instance of ``cls`` with every value checked against the kind of its default."""
    named: dict[str, Any] = {}
    for item in fields(cls):  # pyright: ignore[reportArgumentType]
        if item.name not in values:
            continue
        default = _default(item)
        named[item.name] = _checked(item.name, values[item.name], default)
    if "id" not in named and cls is Entry:
        raise KnownError("A lore entry without an id cannot be read.")
    return cls(**named)


def _checked(name: str, value: Any, default: Any) -> Any:
    if isinstance(default, StrEnum):
        try:
            return type(default)(value)
        except ValueError:
            choices = ", ".join(type(default))
            raise KnownError(f"Lore: {name} must be one of: {choices}.") from None
    if isinstance(default, tuple):
        if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
            raise KnownError(f"Lore: {name} must be a list of texts.")
        return tuple(value[:MAX_KEYS])
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise KnownError(f"Lore: {name} must be true or false.")
        return value
    if name in _LIMITS:
        return _number(name, value, default)
    if isinstance(default, Mapping):
        return dict(value)
    if not isinstance(value, str):
        raise KnownError(f"Lore: {name} must be a text.")
    return value


def _number(name: str, value: Any, default: Any) -> Any:
    if value is None and default is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise KnownError(f"Lore: {name} must be a number.")
    low, high = _LIMITS[name]
    value = min(max(value, low), high)
    return value if name in ("budget", "probability") else int(value)
