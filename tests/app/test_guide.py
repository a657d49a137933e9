"""The guide says what the program does: its keys, its names, its pictures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractButton, QLabel

from app.actions import BY_ID, MENUS, plain
from app.help import BESIDE, KeysDialog
from app.introduction import Introduction
from engine.lm import presets
from engine.lm.knobs import EVERYDAY, KNOBS

GUIDE = Path(__file__).parents[2] / "docs" / "guide.md"


@pytest.fixture(scope="module")
def guide() -> str:
    return GUIDE.read_text(encoding="utf-8")


def rows(text: str) -> list[tuple[str, str]]:
    return re.findall(r"^\| `(.+?)` \| (.+) \|$", text.partition("## All keys")[2], re.MULTILINE)


def test_its_keys_are_those_of_the_program(guide):
    entries = [BY_ID[name] for _, names in MENUS for name in names if name]
    told = [(entry.shortcut, plain(entry.text).rstrip("…")) for entry in entries]
    assert rows(guide) == [*told, *BESIDE]


def test_a_key_in_its_text_is_that_of_what_stands_before_it(guide):
    body = guide.partition("## All keys")[0]
    keys = {entry.shortcut: plain(entry.text).rstrip("…").lower() for entry in BY_ID.values()}
    named = re.findall(r"\*\*([^*]+)\*\* \(((?:Ctrl|Alt|Shift)\+[^)]+|F\d+)\)", body)
    assert len(named) > 15
    assert [(name, key) for name, key in named if name.lower() not in keys[key]] == []
    pattern = r"\(((?:(?:Ctrl|Alt|Shift)\+)+[A-Z][a-z]*|F\d+)[) ]"
    assert [key for key in re.findall(pattern, body) if key not in keys] == []


def test_the_page_of_keys_tells_the_same(game, guide):
    dialog = KeysDialog(game.window.actions_, game.window)
    said = {label.text() for label in dialog.findChildren(QLabel)}
    assert [what for _, what in rows(guide) if what not in said] == []


def test_its_pictures_and_pages_exist(guide):
    links = re.findall(r"\]\(([^)#]+)\)", guide)
    assert sum(link.endswith(".png") for link in links) >= 5
    assert [link for link in links if not (GUIDE.parent / link).is_file()] == []


def test_every_everyday_slider_has_its_sentence(guide):
    for knob in KNOBS:
        if knob.group == EVERYDAY:
            assert f"- **{knob.label}**: " in guide
    assert "*Steady*" in guide
    assert "Steady" in {preset.name for preset in presets.builtin()}


def test_what_it_names_is_written_on_the_buttons(game, guide):
    game.begin()
    said: set[str] = set()
    for name in ("dock_memory", "dock_branches", "dock_sampling", "dock_candidates"):
        panel = game.window.docks.show(name).contents
        for kind in (QAbstractButton, QLabel):
            said |= {widget.text() for widget in panel.findChildren(kind)}
        assert panel.findChildren(Introduction)
    for words in (
        "Keep the opening", "Test", "Go here", "More", "Compare", "More versions",
        "Each with a preset of its own", "This story", "All stories", "Steps", "Order",
        "Last reply's", "Repetition", "Advanced",
    ):  # fmt: skip
        assert re.search(rf"\*(\*?){re.escape(words)}\1\*", guide), words
        assert words in said, words
