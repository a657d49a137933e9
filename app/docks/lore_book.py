"""The lorebook of the open story as values, and every verb that changes it: one step of undo each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from app.docks.parts import Parts
from engine.story.change import Change
from engine.story.lorebook import Entry, LoreSettings
from engine.story.tree import Story

_LORE = "lore/"
EXAMPLE = Entry(
    "",
    "Old lighthouse",
    "The lighthouse has been dark for ten years. Its keeper, Tomas, never leaves it.",
    ("lighthouse", "Tomas"),
)


class Book(QObject):
    """Keeps the entries read, so that a change reads one of them and not ten thousand.

    They are read when somebody wants to know: a story may have ten thousand that nobody looks at.

    Signals:
        rebuilt: entries came or went, or stand in other folders; or another story is open.
        changed: the ids of entries with other values.
        settings_changed: what holds for the whole lorebook.
    """

    rebuilt = Signal()
    changed = Signal(object)
    settings_changed = Signal()

    def __init__(self, parts: Parts, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._writer = parts.writer
        self._entries: dict[int, Entry] = {}
        self._unread = True  # another story was opened since
        self.settings = LoreSettings()
        self._writer.opened.connect(self._opened)
        self._writer.changed.connect(self._changed)

    @property
    def story(self) -> Story | None:
        """The story that is open."""
        return self._writer.story

    @property
    def entries(self) -> dict[int, Entry]:
        """All entries by their ids."""
        self.read()
        return self._entries

    @property
    def size(self) -> int:
        """How many entries there are; none of them is read for it."""
        values = self.story.state.values if self.story is not None else {}
        return sum(key.startswith(_LORE) for key in values)

    @property
    def folders(self) -> list[str]:
        """The folders there are, by name."""
        return sorted({entry.folder for entry in self.entries.values()} - {""}, key=str.casefold)

    def folder_off(self, folder: str) -> str:
        """The folder (this one, or one it is in) that is switched off, or ""."""
        for off in self.settings.folders_off:
            if off and (folder == off or folder.startswith(off + "/")):
                return off
        return ""

    # Following the story

    @Slot(object)
    def _opened(self, _story: object) -> None:
        self._unread = True

    def read(self) -> None:
        """Read the entries of the open story, unless that is done."""
        if not self._unread:
            return
        self._unread, story = False, self.story
        values = story.state.values if story is not None else {}
        ids = sorted(int(key[len(_LORE) :]) for key in values if key.startswith(_LORE))
        self._entries = {lore_id: _entry(lore_id, values[f"{_LORE}{lore_id}"]) for lore_id in ids}
        self._read_settings()
        self.settings_changed.emit()
        self.rebuilt.emit()

    def _read_settings(self) -> bool:
        settings = self.story.settings.get("lorebook") if self.story is not None else None
        before, self.settings = self.settings, LoreSettings.readable(settings)
        return before != self.settings

    @Slot(object)
    def _changed(self, change: Change) -> None:
        if self._unread:
            return
        if "settings" in change.keys and self._read_settings():
            self.settings_changed.emit()
        names = [key for key in change.keys if isinstance(key, str) and key.startswith(_LORE)]
        if not names or self.story is None:
            return
        values, moved, same = self.story.state.values, False, []
        for name in names:
            lore_id = int(name[len(_LORE) :])
            text, old = values.get(name), self.entries.get(lore_id)
            if text is None:
                self.entries.pop(lore_id, None)
                moved = moved or old is not None
                continue
            new = self.entries[lore_id] = _entry(lore_id, text)
            if old is None or old.folder != new.folder:
                moved = True
            elif old != new:
                same.append(lore_id)
        if moved:
            self._entries = dict(sorted(self._entries.items()))
            self.rebuilt.emit()
        if same:
            self.changed.emit(frozenset(same))

    # Verbs

    def set_fields(self, lore_id: int, values: Mapping[str, Any], *, typing: bool = True) -> None:
        """Give an entry other values; what is typed into one field is one step of undo."""
        story, entry = self.story, self.entries.get(lore_id)
        if story is None or entry is None:
            return
        new = replace(entry, **values)
        if new != entry:
            key = f"{_LORE}{lore_id}/{'+'.join(sorted(values))}" if typing else ""
            story.put_lore(stored(new), lore_id, merge_key=key)

    def add(self, entry: Entry) -> int:
        """Add an entry; its id."""
        return self.story.put_lore(stored(entry)) if self.story is not None else 0

    def duplicate(self, lore_id: int) -> int:
        """Add a copy of an entry; its id."""
        entry = self.entries[lore_id]
        name = entry.name and self.tr("%1 (copy)").replace("%1", entry.name)
        return self.add(replace(entry, name=name))

    def delete(self, ids: Iterable[int]) -> None:
        """Take entries out; undo brings them back."""
        if self.story is not None:
            with self.story.verb("delete lore"):
                for lore_id in ids:
                    self.story.delete_lore(lore_id)

    def set_all(self, ids: Iterable[int], **values: Any) -> None:
        """Give several entries the same values: move them, switch them on or off."""
        if self.story is None:
            return
        with self.story.verb("change lore"):
            for lore_id in list(ids):
                new = replace(self.entries[lore_id], **values)
                if new != self.entries[lore_id]:
                    self.story.put_lore(stored(new), lore_id)

    def inside(self, folder: str) -> list[int]:
        """The entries of a folder."""
        return [lore_id for lore_id, entry in self.entries.items() if entry.folder == folder]

    def switch_folder(self, folder: str, *, on: bool) -> None:
        """Switch a folder on or off as a whole; the entries keep their own switches."""
        off = [name for name in self.settings.folders_off if name != folder]
        if on:  # a folder it is in may be what was switched off
            off = [name for name in off if not folder.startswith(name + "/")]
        self.set_setting("folders_off", tuple(off if on else [*off, folder]))

    def rename_folder(self, old: str, new: str) -> None:
        """Give a folder another name; "" takes its entries out of it."""
        if self.story is None or old == new:
            return
        off = tuple(new if name == old else name for name in self.settings.folders_off)
        off = tuple(dict.fromkeys(name for name in off if name))
        with self.story.verb("change lore"):
            self.set_all(self.inside(old), folder=new)
            self.set_setting("folders_off", off)

    def set_setting(self, name: str, value: Any) -> None:
        """Change what holds for the whole lorebook."""
        story = self.story
        new = replace(self.settings, **{name: value})
        if story is None or new == self.settings:
            return
        settings = story.settings
        before = settings.get("lorebook")
        kept = {k: v for k, v in before.items() if k != name} if isinstance(before, dict) else {}
        values = new.to_json()
        lorebook = kept | ({name: values[name]} if name in values else {})
        if LoreSettings.readable(lorebook) != new:  # what was there cannot be read
            lorebook = values
        story.set("settings", settings | {"lorebook": lorebook}, merge_key=f"lorebook/{name}")


def stored(entry: Entry) -> dict[str, Any]:
    """What a story keeps of an entry: its id is its name there."""
    values = entry.to_json()
    del values["id"]
    return values


def _entry(lore_id: int, text: str) -> Entry:
    return Entry.readable(json.loads(text) | {"id": str(lore_id)})
