"""Several continuations side by side, through the panel's own widgets."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.application import Application
from engine.lm import presets
from engine.story.node import Kind
from tests.app.game import long_reply


@pytest.fixture
def panel(game):
    game.begin()
    return game.window.docks.show("dock_candidates").contents


def done(qtbot, game):
    qtbot.waitUntil(lambda: not game.writer.streaming)


def shown(panel):
    return [column.words.toPlainText() for column in panel.columns]


def test_three_are_written_and_all_of_them_stay(qtbot, game, panel):
    before = game.text
    panel.count.setValue(3)
    QTest.mouseClick(panel.write, Qt.MouseButton.LeftButton)
    done(qtbot, game)
    story = game.writer.story
    texts = ["The chest creaks open.", "A lantern is in it.", "Steps come down the stair."]
    assert shown(panel) == texts
    assert game.backend.requests[-1].n == 3
    assert [node.body for node in story.siblings(story.head)] == texts
    assert story.text.endswith(texts[0])  # the first is on the page
    game.agree()
    panel.columns[2].pick.click()
    assert story.text.endswith(texts[2])
    assert not panel.columns[2].pick.isEnabled()
    assert game.window.focusWidget() is game.line  # the next turn can be typed at once
    game.agree()
    game.press("undo")  # the choice
    assert story.text.endswith(texts[0])
    game.press("undo")  # all that was written
    assert story.text == before


def test_an_action_in_the_line_is_played_first(qtbot, game, panel):
    game.line.setPlainText("open the chest")
    panel.write.click()
    done(qtbot, game)
    story = game.writer.story
    assert [node.kind for node in story.branch()][-2:] == [Kind.DO, Kind.REPLY]
    assert game.line.toPlainText() == ""
    assert len(story.siblings(story.head)) == 3


def test_more_versions_stand_beside_the_old_one(qtbot, game, panel):
    game.play("open the chest")
    old = game.writer.story.head
    panel.count.setValue(2)
    panel.again.click()
    done(qtbot, game)
    story = game.writer.story
    assert len(story.siblings(old)) == 3
    assert len(panel.columns) == 3
    game.press("undo")
    assert story.head == old


def test_they_stream_side_by_side_and_stop_keeps_what_is_there(qtbot, new_game):
    game = new_game([long_reply(seed=1), long_reply(seed=2)], delay=0.001)
    game.begin()
    panel = game.window.docks.show("dock_candidates").contents
    panel.count.setValue(2)
    panel.write.click()
    qtbot.waitUntil(lambda: bool(panel.columns and panel.columns[0].words.toPlainText()))
    assert panel.stop.isEnabled()
    assert not panel.write.isEnabled()
    panel.stop.click()
    done(qtbot, game)
    kept = game.writer.story.node(game.writer.story.head).body
    assert kept
    game.agree()


def test_each_can_have_a_preset_of_its_own(qtbot, game, panel):
    panel.count.setValue(2)
    panel.own.setChecked(True)
    assert len(panel.columns) == 2
    chosen = [presets.builtin()[1], presets.builtin()[4]]
    for column, preset in zip(panel.columns, chosen, strict=True):
        column.preset.setCurrentText(preset.name)
    panel.write.click()
    done(qtbot, game)
    request = game.backend.requests[-1]
    assert request.each == tuple(preset.settings for preset in chosen)
    story = game.writer.story
    for node, preset in zip(story.siblings(story.head), chosen, strict=True):
        assert node.meta.settings["temperature"] == preset.settings.temperature


def test_without_a_story_it_explains_itself(game):
    panel = game.window.docks.show("dock_candidates").contents
    assert panel.intro.isVisible()
    assert not panel.write.isEnabled()
    assert panel.columns == []


def test_with_ember_candidates_differ_and_come_from_one_reading(qtbot, own_home):
    app = Application()
    app.start()
    qtbot.waitUntil(lambda: app.models.current is not None, timeout=30_000)
    window = app.window
    app.preferences.update(greeted=False)
    window.librarian.begin_scenario("castle-gray")
    panel = window.docks.show("dock_candidates").contents
    panel.count.setValue(3)
    window.desk.prompt.line.setPlainText("look around")
    panel.write.click()
    qtbot.waitUntil(lambda: not window.writer.streaming, timeout=60_000)
    story = window.writer.story
    assert story is not None
    assert story.head is not None
    replies = story.siblings(story.head)
    assert len({node.text for node in replies}) == 3
    assert len({story.prompt(node.id) for node in replies}) == 1
    assert [node.meta and node.meta.settings["row"] for node in replies] == [0, 1, 2]
    window.close()
