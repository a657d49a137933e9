"""The table of actions: menus, tool bar, shortcuts and the cheat sheet all come from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QMenuBar, QToolBar

SEPARATOR = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One action: ``id`` is for ever (users' shortcuts are stored under it).

    ``shortcut`` is portable text; on a platform with a standard key for ``standard`` that one wins.
    ``needs`` says when it can be used: "" always, "story", "idle" (a story, and nothing streams),
    "streaming", "selection".
    """

    id: str
    text: str
    tip: str
    shortcut: str = ""
    standard: QKeySequence.StandardKey | None = None
    icon: str = ""
    checkable: bool = False
    needs: str = ""


_Std = QKeySequence.StandardKey


def QT_TRANSLATE_NOOP(_context: str, text: str) -> str:
    """Mark a text for lupdate, which knows this name; translated where it is used."""
    return text


TABLE: tuple[Entry, ...] = (
    # Story
    Entry("home", QT_TRANSLATE_NOOP("Actions", "&Home"), QT_TRANSLATE_NOOP("Actions", "Stories and scenarios"), "Alt+Home", icon="home"),
    Entry("open", QT_TRANSLATE_NOOP("Actions", "&Open…"), QT_TRANSLATE_NOOP("Actions", "Open a story file"), "Ctrl+O", _Std.Open),
    Entry("new", QT_TRANSLATE_NOOP("Actions", "&Blank page"), QT_TRANSLATE_NOOP("Actions", "Begin an empty story"), "Ctrl+N", _Std.New),
    Entry("surprise", QT_TRANSLATE_NOOP("Actions", "&Surprise me"), QT_TRANSLATE_NOOP("Actions", "Begin a scenario picked by chance"), "Ctrl+Shift+N"),
    Entry("rename", QT_TRANSLATE_NOOP("Actions", "&Title…"), QT_TRANSLATE_NOOP("Actions", "Give the story a title"), "F2", needs="story"),
    Entry("export", QT_TRANSLATE_NOOP("Actions", "&Export…"), QT_TRANSLATE_NOOP("Actions", "Write the story as text, Markdown or JSON"), "Ctrl+E", needs="story"),
    Entry("copy_story", QT_TRANSLATE_NOOP("Actions", "&Copy the whole story"), QT_TRANSLATE_NOOP("Actions", "Put the story on the clipboard as plain text"), "Ctrl+Shift+C", needs="story"),
    Entry("models", QT_TRANSLATE_NOOP("Actions", "&Models…"), QT_TRANSLATE_NOOP("Actions", "Which model writes; get others, use a server"), "Ctrl+M"),
    Entry("settings", QT_TRANSLATE_NOOP("Actions", "Setti&ngs…"), QT_TRANSLATE_NOOP("Actions", "How the program looks, writes and calculates"), "Ctrl+,", _Std.Preferences),
    Entry("close", QT_TRANSLATE_NOOP("Actions", "&Quit"), QT_TRANSLATE_NOOP("Actions", "Close the window; everything is saved already"), "Ctrl+Q", _Std.Quit),
    # Edit
    Entry("undo", QT_TRANSLATE_NOOP("Actions", "&Undo"), QT_TRANSLATE_NOOP("Actions", "Take back the last change of any kind"), "Ctrl+Z", _Std.Undo, icon="undo", needs="story"),
    Entry("redo", QT_TRANSLATE_NOOP("Actions", "&Redo"), QT_TRANSLATE_NOOP("Actions", "Do again what was undone"), "Ctrl+Shift+Z", icon="redo", needs="story"),
    Entry("find", QT_TRANSLATE_NOOP("Actions", "&Find and replace…"), QT_TRANSLATE_NOOP("Actions", "Find and replace in the story"), "Ctrl+F", _Std.Find, icon="find", needs="story"),
    # Play
    Entry("submit", QT_TRANSLATE_NOOP("Actions", "&Send"), QT_TRANSLATE_NOOP("Actions", "Send what is in the prompt line; with an empty line the story goes on"), "Ctrl+Return", icon="send", needs="story"),
    Entry("continue", QT_TRANSLATE_NOOP("Actions", "&Continue"), QT_TRANSLATE_NOOP("Actions", "Let the story go on by itself"), "Ctrl+Space", icon="continue", needs="story"),
    Entry("stop", QT_TRANSLATE_NOOP("Actions", "S&top"), QT_TRANSLATE_NOOP("Actions", "Stop writing; what is there stays"), "Ctrl+.", icon="stop", needs="streaming"),
    Entry("retry", QT_TRANSLATE_NOOP("Actions", "&Retry"), QT_TRANSLATE_NOOP("Actions", "Write the last passage anew; the old one is kept"), "Ctrl+R", icon="retry", needs="story"),
    Entry("previous", QT_TRANSLATE_NOOP("Actions", "&Previous version"), QT_TRANSLATE_NOOP("Actions", "Show the version of the last passage before this one"), "Alt+Left", icon="previous", needs="story"),
    Entry("next", QT_TRANSLATE_NOOP("Actions", "&Next version"), QT_TRANSLATE_NOOP("Actions", "Show the next version of the last passage"), "Alt+Right", icon="next", needs="story"),
    Entry("back", QT_TRANSLATE_NOOP("Actions", "&Back a turn"), QT_TRANSLATE_NOOP("Actions", "Go back before the last action; nothing is lost"), "Ctrl+B", icon="back", needs="story"),
    Entry("suggest", QT_TRANSLATE_NOOP("Actions", "Suggest &actions"), QT_TRANSLATE_NOOP("Actions", "Offer a few things to do next"), "Ctrl+J", icon="suggest", needs="idle"),
    # Write
    Entry("insert", QT_TRANSLATE_NOOP("Actions", "&Write at the caret"), QT_TRANSLATE_NOOP("Actions", "Let the model write where the caret stands"), "Ctrl+Shift+Return", icon="caret", needs="idle"),
    Entry("continue_selection", QT_TRANSLATE_NOOP("Actions", "&Go on from the selection"), QT_TRANSLATE_NOOP("Actions", "Write on after the selected words"), "Ctrl+Shift+Space", needs="selection"),
    Entry("rewrite_selection", QT_TRANSLATE_NOOP("Actions", "&Rewrite the selection"), QT_TRANSLATE_NOOP("Actions", "Write the selected words anew"), "Ctrl+Shift+R", needs="selection"),
    # View
    Entry("mode_do", QT_TRANSLATE_NOOP("Actions", "Prompt line: &Do"), QT_TRANSLATE_NOOP("Actions", "What you type is an action"), "Ctrl+1", checkable=True),
    Entry("mode_say", QT_TRANSLATE_NOOP("Actions", "Prompt line: S&ay"), QT_TRANSLATE_NOOP("Actions", "What you type is spoken"), "Ctrl+2", checkable=True),
    Entry("mode_story", QT_TRANSLATE_NOOP("Actions", "Prompt line: S&tory"), QT_TRANSLATE_NOOP("Actions", "What you type is the story's own text"), "Ctrl+3", checkable=True),
    Entry("go_prompt", QT_TRANSLATE_NOOP("Actions", "Go to the prompt &line"), QT_TRANSLATE_NOOP("Actions", "Type the next action"), "Ctrl+L"),
    Entry("go_page", QT_TRANSLATE_NOOP("Actions", "Go to the &page"), QT_TRANSLATE_NOOP("Actions", "Write in the story itself"), "Ctrl+P"),
    Entry("zoom_in", QT_TRANSLATE_NOOP("Actions", "Zoom &in"), QT_TRANSLATE_NOOP("Actions", "Larger letters"), "Ctrl++"),
    Entry("zoom_out", QT_TRANSLATE_NOOP("Actions", "Zoom &out"), QT_TRANSLATE_NOOP("Actions", "Smaller letters"), "Ctrl+-"),
    Entry("zoom_reset", QT_TRANSLATE_NOOP("Actions", "Usual si&ze"), QT_TRANSLATE_NOOP("Actions", "Letters as large as in the settings"), "Ctrl+0"),
    Entry("authors", QT_TRANSLATE_NOOP("Actions", "Show who &wrote what"), QT_TRANSLATE_NOOP("Actions", "Your words and the model's are told apart"), "Ctrl+Shift+A", checkable=True),
    Entry("chances", QT_TRANSLATE_NOOP("Actions", "&Chances of words"), QT_TRANSLATE_NOOP("Actions", "Rest on a word to see how likely it was, and what else could stand there"), "Ctrl+Shift+P", checkable=True, needs="story"),
    Entry("heat", QT_TRANSLATE_NOOP("Actions", "&Heat map"), QT_TRANSLATE_NOOP("Actions", "Colour every word by how little the model expects it"), "Ctrl+Shift+H", checkable=True, needs="story"),
    Entry("focus", QT_TRANSLATE_NOOP("Actions", "&Focus mode"), QT_TRANSLATE_NOOP("Actions", "Nothing but the page"), "F11", icon="focus", checkable=True, needs="story"),
    Entry("target", QT_TRANSLATE_NOOP("Actions", "Session &target…"), QT_TRANSLATE_NOOP("Actions", "How many words you mean to write today"), "Ctrl+Shift+T"),
    # Panels
    Entry("dock_memory", QT_TRANSLATE_NOOP("Actions", "&Memory and lore"), QT_TRANSLATE_NOOP("Actions", "What the model never forgets, and what it is told when it matters"), "Ctrl+Shift+M", checkable=True),
    Entry("dock_branches", QT_TRANSLATE_NOOP("Actions", "&Branches"), QT_TRANSLATE_NOOP("Actions", "Every way the story has gone"), "Ctrl+Shift+B", checkable=True),
    Entry("dock_sampling", QT_TRANSLATE_NOOP("Actions", "&Sampling"), QT_TRANSLATE_NOOP("Actions", "How the next word is chosen"), "Ctrl+Shift+S", checkable=True),
    Entry("dock_context", QT_TRANSLATE_NOOP("Actions", "&What the model sees"), QT_TRANSLATE_NOOP("Actions", "The window of text that the next reply is written from"), "Ctrl+Shift+W", checkable=True),
    Entry("dock_candidates", QT_TRANSLATE_NOOP("Actions", "&Candidates"), QT_TRANSLATE_NOOP("Actions", "Several continuations side by side, to pick from"), "Ctrl+Shift+K", checkable=True),
    # Help
    Entry("keys", QT_TRANSLATE_NOOP("Actions", "&Keyboard"), QT_TRANSLATE_NOOP("Actions", "All keys on one page"), "F1"),
    Entry("explain", QT_TRANSLATE_NOOP("Actions", "&Explanations"), QT_TRANSLATE_NOOP("Actions", "Say again in every panel what it is for"), "Ctrl+F1"),
    Entry("about", QT_TRANSLATE_NOOP("Actions", "&About Brass Lantern"), QT_TRANSLATE_NOOP("Actions", "Version, licences, folders"), "Shift+F1"),
)  # fmt: skip

BY_ID = {entry.id: entry for entry in TABLE}

MENUS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (QT_TRANSLATE_NOOP("Actions", "&Story"),
     ("home", "open", "new", "surprise", SEPARATOR, "rename", "export", "copy_story", SEPARATOR, "models", "settings", SEPARATOR, "close")),
    (QT_TRANSLATE_NOOP("Actions", "&Edit"), ("undo", "redo", SEPARATOR, "find")),
    (QT_TRANSLATE_NOOP("Actions", "&Play"),
     ("submit", "continue", "stop", SEPARATOR, "retry", "previous", "next", "back", SEPARATOR, "suggest")),
    (QT_TRANSLATE_NOOP("Actions", "&Write"), ("insert", "continue_selection", "rewrite_selection", SEPARATOR, "target")),
    (QT_TRANSLATE_NOOP("Actions", "&View"),
     ("mode_do", "mode_say", "mode_story", SEPARATOR, "go_prompt", "go_page", SEPARATOR,
      "zoom_in", "zoom_out", "zoom_reset", SEPARATOR, "authors", "chances", "heat", "focus")),
    (QT_TRANSLATE_NOOP("Actions", "Pa&nels"),
     ("dock_memory", "dock_branches", SEPARATOR, "dock_sampling", "dock_context", "dock_candidates")),
    (QT_TRANSLATE_NOOP("Actions", "&Help"), ("keys", "explain", "about")),
)  # fmt: skip

TOOLBAR = ("home", SEPARATOR, "insert", "find", "focus")


def translate(text: str) -> str:
    """A text of this table in the user's language."""
    return QCoreApplication.translate("Actions", text)


def plain(text: str) -> str:
    """A text without the mark of its access key."""
    return text.replace("&&", "\0").replace("&", "").replace("\0", "&")


class Actions:
    """The QActions of one window, by id."""

    def __init__(self, window: QMainWindow, shortcuts: Mapping[str, str]) -> None:
        self._all: dict[str, QAction] = {}
        for entry in TABLE:
            action = QAction(translate(entry.text), window)
            action.setObjectName(entry.id)
            action.setShortcut(self._sequence(entry, shortcuts))
            action.setCheckable(entry.checkable)
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            tip = translate(entry.tip)
            action.setToolTip(f"{tip} ({keys})" if keys else tip)
            action.setStatusTip(tip)
            window.addAction(action)  # shortcuts hold even while the menu bar is hidden
            self._all[entry.id] = action

    def __getitem__(self, name: str) -> QAction:
        """The action of an id."""
        return self._all[name]

    def connect(self, slots: Mapping[str, Callable[..., object]]) -> None:
        """Connect every action to its slot; each id must have one."""
        missing = self._all.keys() ^ slots.keys()
        if missing:
            raise ValueError(f"actions without a slot, or slots without an action: {missing}")
        for name, slot in slots.items():
            self._all[name].triggered.connect(slot)

    def fill_menus(self, bar: QMenuBar) -> None:
        """The menus, as the table orders them."""
        for title, names in MENUS:
            menu = bar.addMenu(translate(title))
            self._fill(menu, names)

    def fill_toolbar(self, bar: QToolBar) -> None:
        """The tool bar, as the table orders it."""
        self._fill(bar, TOOLBAR)

    def _fill(self, target: QMenu | QToolBar, names: tuple[str, ...]) -> None:
        for name in names:
            if name == SEPARATOR:
                target.addSeparator()
            else:
                target.addAction(self._all[name])

    def enable(self, states: set[str]) -> None:
        """Enable what can be used while ``states`` hold: story, idle, streaming, selection."""
        for entry in TABLE:
            self._all[entry.id].setEnabled(not entry.needs or entry.needs in states)

    def cheat_sheet(self) -> list[tuple[str, list[tuple[str, str, str]]]]:
        """Per menu its title and rows of (keys, name, what it does)."""
        native = QKeySequence.SequenceFormat.NativeText
        sheet = []
        for title, names in MENUS:
            rows = [
                (self._all[n].shortcut().toString(native), plain(self._all[n].text()).rstrip("…"),
                 self._all[n].statusTip())
                for n in names if n != SEPARATOR
            ]  # fmt: skip
            sheet.append((plain(translate(title)), rows))
        return sheet

    @staticmethod
    def _sequence(entry: Entry, shortcuts: Mapping[str, str]) -> QKeySequence:
        if entry.id in shortcuts:
            return QKeySequence(shortcuts[entry.id])
        if entry.standard is not None:
            standard = QKeySequence.keyBindings(entry.standard)
            if standard:
                return standard[0]
        return QKeySequence(entry.shortcut)
