"""The fields of a lore entry as a table: names, sentences of help, and when each has any effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from engine.story.lorebook import Cut, Entry, Logic, LoreSettings, Position, Trim


class Kind(StrEnum):
    """What a field is edited with."""

    SWITCH = "switch"
    LINE = "line"
    TEXT = "text"
    KEYS = "keys"
    NUMBER = "number"
    CHOICE = "choice"
    BUDGET = "budget"
    FOLDER = "folder"


class Group(StrEnum):
    """What stands under one heading; the first is always open."""

    EVERYDAY = "everyday"
    FIRING = "firing"
    PLACE = "place"
    ROOM = "room"
    TIME = "time"
    OTHERS = "others"


@dataclass(frozen=True, slots=True)
class LoreField:
    """One field: ``name`` is that of ``Entry``; ``low`` and ``high`` bound a number."""

    name: str
    kind: Kind
    group: Group
    label: object
    help: object
    low: float = 0
    high: float = 0
    none: object = ""  # what None is called, one below ``low``
    places: int = 0
    choices: tuple[tuple[Any, object], ...] = ()
    shown: Callable[[Entry, LoreSettings], bool] = field(default=lambda _entry, _settings: True)


def _keyed(entry: Entry, _settings: LoreSettings) -> bool:
    return not entry.constant


def _deep(entry: Entry, _settings: LoreSettings) -> bool:
    return entry.position is Position.DEPTH or (
        entry.position is Position.AUTO and not entry.constant
    )


_LORE = "Lore"

HEADINGS: dict[Group, object] = {
    Group.FIRING: QT_TRANSLATE_NOOP("Lore", "When it fires"),
    Group.PLACE: QT_TRANSLATE_NOOP("Lore", "Where it stands"),
    Group.ROOM: QT_TRANSLATE_NOOP("Lore", "How much room it takes"),
    Group.TIME: QT_TRANSLATE_NOOP("Lore", "Chance and time"),
    Group.OTHERS: QT_TRANSLATE_NOOP("Lore", "Together with other entries"),
}

FIELDS: tuple[LoreField, ...] = (
    LoreField("enabled", Kind.SWITCH, Group.EVERYDAY, QT_TRANSLATE_NOOP("Lore", "On"), QT_TRANSLATE_NOOP("Lore", "Off, the model is never told of it.")),
    LoreField("name", Kind.LINE, Group.EVERYDAY, QT_TRANSLATE_NOOP("Lore", "Name"), QT_TRANSLATE_NOOP("Lore", "Who or what it is about. The model may read it.")),
    LoreField("keys", Kind.KEYS, Group.EVERYDAY, QT_TRANSLATE_NOOP("Lore", "Keys"), QT_TRANSLATE_NOOP("Lore", "Words that bring it up, parted by commas. A pattern stands between slashes: /drag(on|ons)/i"), shown=_keyed),
    LoreField("text", Kind.TEXT, Group.EVERYDAY, QT_TRANSLATE_NOOP("Lore", "Text"), QT_TRANSLATE_NOOP("Lore", "What the model is told. A sentence or two; long ones crowd out the story.")),
    LoreField("constant", Kind.SWITCH, Group.EVERYDAY, QT_TRANSLATE_NOOP("Lore", "Always on"), QT_TRANSLATE_NOOP("Lore", "Told every turn, whatever is written. It then costs its tokens every turn.")),
    LoreField("whole_word", Kind.SWITCH, Group.EVERYDAY, QT_TRANSLATE_NOOP("Lore", "Whole words only"), QT_TRANSLATE_NOOP("Lore", "“cat” is then not found in “catalogue”."), shown=_keyed),
    LoreField("folder", Kind.FOLDER, Group.EVERYDAY, QT_TRANSLATE_NOOP("Lore", "Folder"), QT_TRANSLATE_NOOP("Lore", "A folder can be switched off as a whole.")),

    LoreField("match_case", Kind.SWITCH, Group.FIRING, QT_TRANSLATE_NOOP("Lore", "Match capitals"), QT_TRANSLATE_NOOP("Lore", "“Rose” is then not found in “rose”. Patterns have their own flag, i."), shown=_keyed),
    LoreField("secondary", Kind.KEYS, Group.FIRING, QT_TRANSLATE_NOOP("Lore", "Secondary keys"), QT_TRANSLATE_NOOP("Lore", "Looked for once one of the keys was found; they decide whether it fires."), shown=_keyed),
    LoreField(
        "logic", Kind.CHOICE, Group.FIRING, QT_TRANSLATE_NOOP("Lore", "It fires if"), QT_TRANSLATE_NOOP("Lore", "What the secondary keys must be for it to fire."),
        choices=(
            (Logic.AND_ANY, QT_TRANSLATE_NOOP("Lore", "one secondary key is there")), (Logic.AND_ALL, QT_TRANSLATE_NOOP("Lore", "all of them are there")),
            (Logic.NOT_ANY, QT_TRANSLATE_NOOP("Lore", "none of them is there")), (Logic.NOT_ALL, QT_TRANSLATE_NOOP("Lore", "not all are there")),
        ),
        shown=lambda entry, _settings: not entry.constant and any(key.strip() for key in entry.secondary),
    ),
    LoreField("scan_depth", Kind.NUMBER, Group.FIRING, QT_TRANSLATE_NOOP("Lore", "Paragraphs searched"), QT_TRANSLATE_NOOP("Lore", "How far back from the end its keys are looked for."), 0, 1000, none=QT_TRANSLATE_NOOP("Lore", "usual"), shown=_keyed),

    LoreField(
        "position", Kind.CHOICE, Group.PLACE, QT_TRANSLATE_NOOP("Lore", "Position"), QT_TRANSLATE_NOOP("Lore", "Late weighs more; early is read again less often."),
        choices=(
            (Position.AUTO, QT_TRANSLATE_NOOP("Lore", "as is best")), (Position.TOP, QT_TRANSLATE_NOOP("Lore", "at the top")),
            (Position.BEFORE_OPENING, QT_TRANSLATE_NOOP("Lore", "before the opening")), (Position.AFTER_OPENING, QT_TRANSLATE_NOOP("Lore", "after the opening")),
            (Position.DEPTH, QT_TRANSLATE_NOOP("Lore", "near the end")), (Position.AFTER_NOTE, QT_TRANSLATE_NOOP("Lore", "after the author's note")),
        ),
    ),
    LoreField("depth", Kind.NUMBER, Group.PLACE, QT_TRANSLATE_NOOP("Lore", "Paragraphs before the end"), QT_TRANSLATE_NOOP("Lore", "1 is right before the last paragraph."), 1, 10_000, shown=_deep),
    LoreField("order", Kind.NUMBER, Group.PLACE, QT_TRANSLATE_NOOP("Lore", "Order"), QT_TRANSLATE_NOOP("Lore", "Of entries in one place, higher ones stand nearer the end."), -1_000_000, 1_000_000),

    LoreField("priority", Kind.NUMBER, Group.ROOM, QT_TRANSLATE_NOOP("Lore", "Priority"), QT_TRANSLATE_NOOP("Lore", "Higher is served first when room is short. Memory has 800, the story 0, the note -400."), -1_000_000, 1_000_000),
    LoreField("budget", Kind.BUDGET, Group.ROOM, QT_TRANSLATE_NOOP("Lore", "Limit"), QT_TRANSLATE_NOOP("Lore", "The most it may take.")),
    LoreField("reserve", Kind.NUMBER, Group.ROOM, QT_TRANSLATE_NOOP("Lore", "Kept free"), QT_TRANSLATE_NOOP("Lore", "Tokens that nothing of higher priority may take from it."), 0, 1_000_000),
    LoreField(
        "trim", Kind.CHOICE, Group.ROOM, QT_TRANSLATE_NOOP("Lore", "If it is too long"), QT_TRANSLATE_NOOP("Lore", "Which end goes when not all of it fits."),
        choices=((Trim.BOTTOM, QT_TRANSLATE_NOOP("Lore", "cut its end")), (Trim.TOP, QT_TRANSLATE_NOOP("Lore", "cut its beginning")), (Trim.NONE, QT_TRANSLATE_NOOP("Lore", "leave it out"))),
    ),
    LoreField(
        "finest", Kind.CHOICE, Group.ROOM, QT_TRANSLATE_NOOP("Lore", "Cut at"), QT_TRANSLATE_NOOP("Lore", "The finest place it may be cut at."),
        choices=((Cut.LINE, QT_TRANSLATE_NOOP("Lore", "lines")), (Cut.SENTENCE, QT_TRANSLATE_NOOP("Lore", "sentences")), (Cut.WORD, QT_TRANSLATE_NOOP("Lore", "words"))),
        shown=lambda entry, _settings: entry.trim is not Trim.NONE,
    ),

    LoreField("probability", Kind.NUMBER, Group.TIME, QT_TRANSLATE_NOOP("Lore", "Chance in percent"), QT_TRANSLATE_NOOP("Lore", "How often it fires when it could. A retry draws the same."), 0, 100, places=2),
    LoreField("sticky", Kind.NUMBER, Group.TIME, QT_TRANSLATE_NOOP("Lore", "Stays for turns"), QT_TRANSLATE_NOOP("Lore", "Once it fired it stays so long, keys or not."), 0, 1000, shown=_keyed),
    LoreField("cooldown", Kind.NUMBER, Group.TIME, QT_TRANSLATE_NOOP("Lore", "Then rests for turns"), QT_TRANSLATE_NOOP("Lore", "After that it does not fire again for so long."), 0, 1000, shown=_keyed),
    LoreField("delay", Kind.NUMBER, Group.TIME, QT_TRANSLATE_NOOP("Lore", "Waits until turn"), QT_TRANSLATE_NOOP("Lore", "It does not fire before the story has so many replies."), 0, 1_000_000),

    LoreField("group", Kind.LINE, Group.OTHERS, QT_TRANSLATE_NOOP("Lore", "Group"), QT_TRANSLATE_NOOP("Lore", "Of all entries with the same group only one fires at a time.")),
    LoreField("weight", Kind.NUMBER, Group.OTHERS, QT_TRANSLATE_NOOP("Lore", "Weight in the group"), QT_TRANSLATE_NOOP("Lore", "How likely it is drawn, beside the others' weights."), 0, 1_000_000, shown=lambda entry, _settings: bool(entry.group)),
    LoreField("recursable", Kind.SWITCH, Group.OTHERS, QT_TRANSLATE_NOOP("Lore", "Others may bring it up"), QT_TRANSLATE_NOOP("Lore", "Its keys are also looked for in entries that fired."), shown=lambda entry, settings: settings.recursion > 0 and not entry.constant),
    LoreField("recursive", Kind.SWITCH, Group.OTHERS, QT_TRANSLATE_NOOP("Lore", "It may bring up others"), QT_TRANSLATE_NOOP("Lore", "The keys of other entries are also looked for in its text."), shown=lambda _entry, settings: settings.recursion > 0),
)  # fmt: skip

SETTINGS: tuple[LoreField, ...] = (
    LoreField("scan_depth", Kind.NUMBER, Group.EVERYDAY, QT_TRANSLATE_NOOP("Lore", "Paragraphs searched"), QT_TRANSLATE_NOOP("Lore", "How far back from the end keys are looked for; an action is one paragraph. An entry may have a depth of its own."), 0, 1000),
    LoreField("recursion", Kind.NUMBER, Group.EVERYDAY, QT_TRANSLATE_NOOP("Lore", "Entries bring up entries"), QT_TRANSLATE_NOOP("Lore", "How many times over the texts of entries that fired are searched for the keys of others. 0: never."), 0, 8),
    LoreField("seed", Kind.NUMBER, Group.EVERYDAY, QT_TRANSLATE_NOOP("Lore", "Seed of the draws"), QT_TRANSLATE_NOOP("Lore", "Another number draws chances and groups differently."), -(2**31), 2**31),
)  # fmt: skip


def said(text: object) -> str:
    """A text of these tables in the person's language."""
    return QCoreApplication.translate(_LORE, str(text))
