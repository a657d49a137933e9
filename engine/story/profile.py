"""How a model was taught to read a story: the forms around actions, memory, lore and note.

A profile stands as ``profile.toml`` beside the model; models without one get that of their family.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from engine.errors import KnownError

FILE_NAME = "profile.toml"
MAX_BYTES = 64 * 1024
MAX_FORM = 400  # characters of any one form
MAX_STOPS = 16
NORMALIZATIONS = ("", "ascii")
SLOT = "{text}"
NAME_SLOT = "{name}"


@dataclass(frozen=True, slots=True)
class Profile:
    """The form of the window for one family of models.

    A form holds ``{text}``; an empty form leaves that part out of the window. ``action_lead`` stands
    before an action, ``reply_lead`` between an action and the reply (the model writes it itself),
    ``paragraph`` between paragraphs that do not bring their own white space, ``head_end`` between
    the head lines and the story. Lore entries of one place share one line: ``lore_open``, the items
    joined by ``lore_join``, ``lore_close``; ``lore_name`` is used where an entry's text is a bare
    fact about its name. ``normalize`` is for the window only, never for the story.
    """

    family: str = "plain"
    begin_token: bool = True  # the tokenizer's end-of-text id goes first
    begin_text: str = ""
    action: str = "> {text}"
    action_lead: str = "\n\n"
    reply_lead: str = "\n\n"
    paragraph: str = "\n\n"
    memory: str = "{text}"
    lore_open: str = ""
    lore_item: str = "{text}"
    lore_name: str = "{name}: {text}"
    lore_join: str = ""
    lore_close: str = ""
    lore_lead: str = "\n"  # between two items
    note: str = "[Author's note: {text}]"
    head_end: str = "\n\n"
    stop: tuple[str, ...] = ("\n>",)
    normalize: str = ""
    preset: str = ""
    window: int = 0  # tokens it was trained on; 0: the model's own n_ctx


GPT2 = Profile(family="gpt2")

EMBER = Profile(
    family="ember",
    memory="[Memory: {text}]",
    lore_open="[Lore:",
    lore_item="{text}",
    lore_name="{name} is {text}",
    lore_join=";",
    lore_close="]",
    lore_lead=" ",
    note="[Note: {text}]",
    stop=("\n>", "\n["),  # it also learnt the lines that stand around a story
    normalize="ascii",
    preset="steady",
    window=1024,
)

DUNGEON = Profile(  # fine-tunes in the form of the 2019 adventure games
    family="dungeon",
    begin_token=False,
    begin_text="<|startoftext|>",
    action_lead="\n",
    reply_lead="\n",
    paragraph="\n",
    head_end="\n",
    stop=("\n>", "<|endoftext|>", "<|startoftext|>"),
)

FAMILIES = {profile.family: profile for profile in (EMBER, GPT2, DUNGEON)}

_WHITE = ("action_lead", "reply_lead", "paragraph", "lore_lead", "head_end")
_FORMS = ("action", "memory", "lore_item", "lore_name", "note")
_MARKS = ("begin_text", "lore_open", "lore_join", "lore_close")
_DUNGEON_NAMES = ("dungeon", "aid2", "adventure", "clover", "choose-your")


def load_profile(folder: Path) -> Profile:
    """The profile of the model in ``folder``, or that of its family; KnownError if it is unusable."""
    path = folder / FILE_NAME
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return guess_profile(folder.name)
    except OSError as error:
        raise KnownError(f"{path} cannot be read: {error.strerror or error}.") from error
    if len(raw) > MAX_BYTES:
        raise KnownError(
            f"{path} is larger than {MAX_BYTES // 1024} KB; a profile is a short text."
        )
    try:
        values = tomllib.loads(raw.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise KnownError(f"{path} is not valid TOML: {str(error)[:200]}") from error
    return parse_profile(values, where=str(path))


def guess_profile(name: str) -> Profile:
    """The profile of a model that brings none, by its name."""
    low = name.lower()
    if "ember" in low:
        return EMBER
    return DUNGEON if any(word in low for word in _DUNGEON_NAMES) else GPT2


def parse_profile(values: Mapping[str, Any], *, where: str = "The profile") -> Profile:
    """A profile from TOML values: those of ``family``, overridden; unknown names are left alone."""
    family = values.get("family", "gpt2")
    if not isinstance(family, str) or family not in FAMILIES:
        raise KnownError(f"{where}: family must be one of {', '.join(FAMILIES)}.")
    base = FAMILIES[family]
    known = {item.name for item in fields(Profile)}
    changes = {
        name: _checked(name, value, getattr(base, name), where)
        for name, value in values.items()
        if name in known
    }
    return replace(base, **changes)


def _checked(name: str, value: object, default: object, where: str) -> object:
    """One value of a profile, or a KnownError that says what is wrong with it."""
    if name == "stop":
        return _stops(value, where)
    if type(value) is not type(default):
        kinds = {bool: "true or false", int: "a whole number", str: "a text"}
        raise KnownError(f"{where}: {name} must be {kinds[type(default)]}.")
    if isinstance(value, int) and not 0 <= value <= 1_000_000:
        raise KnownError(f"{where}: {name} must be between 0 and 1000000.")
    if isinstance(value, str):
        return _text(name, value, where)
    return value


def _text(name: str, value: str, where: str) -> str:
    if len(value) > MAX_FORM or "\0" in value or not _is_unicode(value):
        raise KnownError(f"{where}: {name} must be plain text of at most {MAX_FORM} characters.")
    if name in _WHITE:
        if not value or value.strip(" \n\t"):
            raise KnownError(f"{where}: {name} must be spaces or line breaks, at least one.")
        return value
    if name == "normalize" and value not in NORMALIZATIONS:
        raise KnownError(f"{where}: normalize must be empty or one of: ascii.")
    if name in _FORMS:
        value = value.strip()
        if value and value.count(SLOT) != 1:
            raise KnownError(f"{where}: {name} must hold {SLOT} once.")
        if name in ("action", "lore_item", "lore_name") and not value:
            raise KnownError(f"{where}: {name} must not be empty.")
    return value.strip() if name in _MARKS else value


def _stops(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MAX_STOPS:
        raise KnownError(f"{where}: stop must be a list of at most {MAX_STOPS} texts.")
    for stop in value:
        if not isinstance(stop, str) or not 0 < len(stop) <= MAX_FORM or not _is_unicode(stop):
            raise KnownError(f"{where}: each stop must be a text of 1 to {MAX_FORM} characters.")
    return tuple(value)


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
