"""The home page: what it offers and what it reports."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget

from app.cards import Card
from app.home import Featured, Home
from app.placeholders_dialog import PlaceholdersDialog, Question
from app.story_list import StoryRow

CARDS = [
    Card("a", "The Lantern Maker", "Fantasy", "A long opening. " * 40),
    Card("b", "Salt and Iron", "Mystery", "Short."),
    Card("c", "Ash Road", "Fantasy", ""),
]
ROWS = [
    StoryRow("/x/one.story", "One", "It begins.", "today", 12),
    StoryRow("/x/two.story", "Two", "It ends.", "yesterday", 3400),
]


@pytest.fixture
def home(qtbot):
    made = Home()
    qtbot.addWidget(made)
    made.set_scenarios(CARDS)
    made.resize(1000, 700)
    made.show()
    return made


def by_text(home, text) -> QPushButton:
    return next(b for b in home.findChildren(QPushButton) if b.text() == text and b.isVisible())


def test_a_card_begins_its_scenario_by_mouse_and_by_key(qtbot, home):
    got = []
    home.scenario_chosen.connect(got.append)
    qtbot.mouseClick(home.grid.buttons[1], Qt.MouseButton.LeftButton)
    qtbot.keyClick(home.grid.buttons[2], Qt.Key.Key_Space)
    assert got == ["b", "c"]


def test_a_genre_narrows_the_gallery(qtbot, home):
    qtbot.mouseClick(by_text(home, "Fantasy"), Qt.MouseButton.LeftButton)
    assert [b.card.id for b in home.grid.buttons] == ["a", "c"]
    qtbot.mouseClick(by_text(home, "All"), Qt.MouseButton.LeftButton)
    assert len(home.grid.buttons) == 3


def test_the_featured_story_goes_on(qtbot, home):
    home.set_featured(Featured("Go on", Card("/x/one.story", "One", "", ""), "Continue", new=False))
    with qtbot.waitSignal(home.story_chosen) as signal:
        qtbot.mouseClick(by_text(home, "Continue"), Qt.MouseButton.LeftButton)
    assert signal.args == ["/x/one.story"]


def test_the_featured_scenario_begins(qtbot, home):
    home.set_featured(Featured("Ready", CARDS[0], "Begin", new=True))
    with qtbot.waitSignal(home.scenario_chosen) as signal:
        qtbot.mouseClick(by_text(home, "Begin"), Qt.MouseButton.LeftButton)
    assert signal.args == ["a"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [("Blank page", "story"), ("Poem", "poem"), ("Dialogue", "dialogue"), ("Script", "script")],
)
def test_blank_pages(qtbot, home, text, kind):
    with qtbot.waitSignal(home.blank_chosen) as signal:
        qtbot.mouseClick(by_text(home, text), Qt.MouseButton.LeftButton)
    assert signal.args == [kind]


def test_the_list_hides_until_there_is_a_story(home):
    assert not home.shelf.isVisible()
    home.set_stories(ROWS, any_at_all=True)
    assert home.shelf.isVisible()


def test_search_waits_for_a_pause_and_says_when_nothing_is_found(qtbot, home):
    home.set_stories(ROWS, any_at_all=True)
    got = []
    home.searched.connect(got.append)
    qtbot.keyClicks(home.shelf.field, "chest")
    qtbot.waitUntil(lambda: got == ["chest"])
    home.set_stories([], any_at_all=True)
    assert home.shelf.empty.isVisible()


def test_a_story_is_opened_from_the_list(qtbot, home):
    home.set_stories(ROWS, any_at_all=True)
    home.shelf.field.setFocus()
    qtbot.keyClick(home.shelf.field, Qt.Key.Key_Return)
    qtbot.keyClick(home.shelf.view, Qt.Key.Key_Down)
    with qtbot.waitSignal(home.story_chosen) as signal:
        qtbot.keyClick(home.shelf.view, Qt.Key.Key_Return)
    assert signal.args == ["/x/two.story"]


def test_cards_take_as_many_columns_as_fit(qtbot, home):
    home.resize(1200, 700)
    qtbot.waitUntil(lambda: home.grid.buttons[2].y() == home.grid.buttons[0].y())
    home.resize(420, 700)
    qtbot.waitUntil(lambda: home.grid.buttons[1].y() > home.grid.buttons[0].y())
    assert home.grid.width() <= 420
    assert home.grid.buttons[0].height() == home.grid.buttons[0].sizeHint().height()


def test_the_form_asks_and_answers(qtbot):
    questions = [
        Question("name", "What is your name?", "Robin"),
        Question("trade", "What are you?", "smith", ("smith", "sailor")),
        Question("pet", "A pet?", ""),
    ]
    dialog = PlaceholdersDialog("Harbour", questions, None)
    qtbot.addWidget(dialog)
    fields: dict[str, Any] = {n: dialog.findChild(QWidget, n) for n in ("name", "trade", "pet")}
    assert fields["name"].accessibleName() == "What is your name?"
    fields["name"].setText("  Ada ")
    fields["trade"].setCurrentText("sailor")
    assert dialog.answers() == {"name": "Ada", "trade": "sailor"}
