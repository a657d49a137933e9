"""Whatever is opened for the first time says what it is for; put away, it is told again by Help."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.introduction import Introduction

PANELS = ("dock_memory", "dock_branches", "dock_sampling", "dock_context", "dock_candidates")
MODES = ("chances", "heat")
STATES = ("no story", "empty", "under way")


def bring(game, state):
    if state == "empty":
        game.blank()
    elif state == "under way":
        game.begin()
        game.play("open the chest")


def told(widget):
    return [one for one in widget.findChildren(Introduction) if one.isVisible()]


def close(qtbot, intro):
    qtbot.waitUntil(lambda: intro.close_button.height() > 0)  # it was laid out
    QTest.mouseClick(intro.close_button, Qt.MouseButton.LeftButton)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", PANELS)
def test_a_panel_that_is_opened_first_says_what_it_is_for(game, name, state):
    bring(game, state)
    panel = game.window.docks.show(name).contents
    if name == "dock_memory" and state == "no story":
        assert "Open a story" in panel._nothing.text()
        assert panel._nothing.isVisible()
        return
    (intro,) = told(panel)
    assert intro.words.isVisible()
    assert 60 < len(intro.text) < 300
    assert intro.text.count(". ") <= 2  # two or three short sentences


@pytest.mark.parametrize("name", PANELS)
def test_put_away_it_stays_away_until_help_is_asked(qtbot, new_game, name):
    game = new_game()
    bring(game, "under way")
    panel = game.window.docks.show(name).contents
    if name == "dock_candidates":
        panel.again.click()  # otherwise there is nothing else to be seen in it
        game.wait()
    (intro,) = told(panel)
    close(qtbot, intro)
    assert told(panel) == []
    panel.hide()
    panel.show()
    assert told(panel) == []
    game.close()
    again = new_game()
    again.begin()
    again.play("open the chest")
    panel = again.window.docks.show(name).contents
    if name == "dock_candidates":
        panel.again.click()
        again.wait()
    qtbot.waitUntil(lambda: told(panel) == [])  # it was open before there was a story
    again.press("explain")
    (intro,) = told(panel)
    assert intro.close_button.isVisible()


@pytest.mark.parametrize("number", [0, 1, 2], ids=["memory", "note", "lore"])
def test_each_page_of_the_memory_panel_has_its_own(qtbot, game, number):
    game.begin()
    panel = game.window.docks.show("dock_memory").contents
    panel.switch.button(number).click()
    (intro,) = told(panel)
    close(qtbot, intro)
    assert told(panel) == []
    panel.switch.button((number + 1) % 3).click()
    assert len(told(panel)) == 1


@pytest.mark.parametrize("name", ["dock_branches", "dock_context", "dock_candidates"])
def test_where_there_is_nothing_else_to_see_it_is_told_all_the_same(game, name):
    game.begin()
    panel = game.window.docks.show(name).contents
    panel.intro.put_away()
    game.window.go_home()
    panel.refresh()
    assert told(panel) == [panel.intro]
    assert not panel.intro.close_button.isVisible()


@pytest.mark.parametrize("state", STATES[1:])
@pytest.mark.parametrize("name", MODES)
def test_marks_on_the_page_are_explained_while_they_are_on(qtbot, game, name, state):
    bring(game, state)
    assert told(game.window.desk) == []
    game.press(name)
    (intro,) = told(game.window.desk)
    assert "word" in intro.text
    close(qtbot, intro)
    game.press(name)
    game.press(name)
    assert told(game.window.desk) == []
    game.press("explain")
    assert len(told(game.window.desk)) == 1
    game.press(name)
    assert told(game.window.desk) == []


@pytest.mark.parametrize("name", MODES)
def test_without_a_page_there_is_nothing_to_mark(game, name):
    assert not game.window.actions_[name].isEnabled()
