"""The table of actions: unique ids and keys, texts, icons that exist, menus that name them all."""

from __future__ import annotations

from collections import Counter

import pytest
from PySide6.QtWidgets import QMainWindow

from app.actions import BY_ID, MENUS, SEPARATOR, TABLE, TOOLBAR, Actions
from engine import paths


@pytest.fixture
def window(qtbot):
    made = QMainWindow()
    qtbot.addWidget(made)
    return made


def test_ids_and_shortcuts_are_unique(window):
    actions = Actions(window, {})
    keys = Counter(actions[e.id].shortcut().toString() for e in TABLE)
    assert len(BY_ID) == len(TABLE)
    assert "" not in keys
    assert [key for key, n in keys.items() if n > 1] == []


def test_every_action_is_in_a_menu_once_and_has_a_tip():
    named = [name for _, names in MENUS for name in names if name != SEPARATOR]
    assert sorted(named) == sorted(BY_ID)
    assert all(e.tip and e.text for e in TABLE)
    assert set(TOOLBAR) - {SEPARATOR} <= set(BY_ID)


def test_every_icon_exists():
    icons = {e.icon for e in TABLE if e.icon} | {BY_ID[n].icon for n in TOOLBAR if n != SEPARATOR}
    assert "" not in icons
    assert [i for i in icons if not (paths.assets() / "icons" / f"{i}.svg").is_file()] == []


def test_access_keys_are_unique_within_a_menu():
    for title, names in MENUS:
        letters = [BY_ID[n].text.split("&")[1][0].lower() for n in names if n != SEPARATOR]
        twice = [letter for letter, n in Counter(letters).items() if n > 1]
        assert twice == [], title


def test_the_users_shortcut_wins(window):
    actions = Actions(window, {"retry": "Ctrl+7"})
    assert actions["retry"].shortcut().toString() == "Ctrl+7"
    assert "Ctrl+7" in actions["retry"].toolTip()


def test_states_enable_what_can_be_used(window):
    actions = Actions(window, {})
    actions.enable(set())
    assert actions["open"].isEnabled()
    assert not actions["retry"].isEnabled()
    actions.enable({"story", "streaming"})
    assert actions["stop"].isEnabled()
    assert actions["retry"].isEnabled()
    assert not actions["suggest"].isEnabled()


def test_connecting_names_what_is_missing(window):
    with pytest.raises(ValueError, match="retry"):
        Actions(window, {}).connect({e.id: print for e in TABLE if e.id != "retry"})


def test_the_cheat_sheet_has_every_key(window):
    sheet = Actions(window, {}).cheat_sheet()
    assert sum(len(rows) for _, rows in sheet) == len(TABLE)
