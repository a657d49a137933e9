"""The verbs of a player and a co-writer, on the real window with a scripted model."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton

from engine.story.node import Author, Kind
from tests.app.game import long_reply


def kinds(game) -> list[Kind]:
    return [node.kind for node in game.writer.story.branch()]


def last(game) -> str:
    return game.writer.story.branch()[-1].text.strip()


def versions(game) -> str:
    return game.window.desk.turn_bar.versions


def test_a_turn(game):
    game.begin()
    game.play("open the chest")
    assert kinds(game) == [Kind.OPENING, Kind.DO, Kind.REPLY]
    assert game.text.endswith("open the chest\n\nThe chest creaks open.")
    game.agree()
    assert "> You open the chest." in game.backend.requests[0].text


def test_an_empty_line_goes_on(game):
    game.begin()
    game.play("")
    assert kinds(game) == [Kind.OPENING, Kind.REPLY]
    game.agree()


def test_say_and_story(game):
    game.begin()
    game.press("mode_say")
    game.play("good evening")
    game.press("mode_story")
    game.play("The light went out.")
    assert kinds(game)[1:] == [Kind.SAY, Kind.REPLY, Kind.STORY, Kind.REPLY]
    assert game.app.preferences.value.mode == "story"
    game.agree()


def test_retry_keeps_the_old_version_and_is_one_step_of_undo(game):
    game.begin()
    game.play("open the chest")
    assert versions(game) == ""
    game.press("retry")
    game.wait()
    assert last(game) == "A lantern is in it."
    assert versions(game) == "2/2"
    game.press("previous")
    assert last(game) == "The chest creaks open."
    assert versions(game) == "1/2"
    game.press("next")
    game.press("undo")
    game.press("undo")
    game.press("undo")
    assert last(game) == "The chest creaks open."
    assert versions(game) == ""
    game.agree()
    for _ in range(3):
        game.press("redo")
    assert last(game) == "A lantern is in it."
    game.agree()


def test_back_a_turn_passes_reply_and_action(game):
    game.begin()
    opening = game.text
    game.play("open the chest")
    game.press("back")
    assert game.text == opening
    game.press("undo")
    assert last(game) == "The chest creaks open."
    game.agree()


def test_undo_to_the_start_and_redo_to_the_end(game):
    game.begin()
    for action in ("one", "two", "three"):
        game.play(action)
    whole = game.text
    for _ in range(50):
        game.press("undo")
    assert game.text == ""
    game.agree()
    for _ in range(50):
        game.press("redo")
    assert game.text == whole
    game.agree()


def test_the_page_is_edited_and_every_edit_is_undone(qtbot, game):
    game.begin()
    game.play("open the chest")
    before = game.text
    game.page.set_caret(game.page.text().index("creaks"))
    qtbot.keyClicks(game.page, "slowly ")
    assert "chest slowly creaks" in game.text
    game.agree()
    authors = {span.author for span in game.writer.story.branch()[-1].spans}
    assert Author.EDITED in authors
    game.press("undo")
    assert game.text == before
    game.agree()


@pytest.fixture
def slow(new_game):
    return new_game([long_reply()], delay=0.004)


def test_stop_keeps_the_partial_passage(qtbot, slow):
    slow.begin()
    slow.type("wait")
    slow.wait_for_words()
    qtbot.waitUntil(lambda: len(slow.drafted) > 10)
    qtbot.keyClick(slow.line, Qt.Key.Key_Escape)
    assert not slow.writer.streaming  # at once
    assert kinds(slow)[-1] is Kind.REPLY
    assert last(slow)
    slow.agree()


def test_stop_takes_the_place_of_retry_while_the_model_writes(qtbot, slow):
    slow.begin()
    found = slow.window.desk.turn_bar.findChildren(QToolButton)
    bar = {button.defaultAction().objectName(): button for button in found}
    stop, retry = bar["stop"], bar["retry"]
    assert retry.isVisible()
    assert not stop.isVisible()
    slow.type("wait")
    slow.wait_for_words()
    assert stop.isVisible()
    assert not retry.isVisible()
    qtbot.mouseClick(stop, Qt.MouseButton.LeftButton)
    assert not slow.writer.streaming
    assert retry.isVisible()


def test_enter_while_streaming_queues_the_action(qtbot, slow):
    slow.begin()
    slow.type("wait")
    slow.wait_for_words()
    slow.type("go north")
    assert slow.writer.waiting == (Kind.DO, "go north")
    qtbot.waitUntil(lambda: kinds(slow).count(Kind.DO) == 2, timeout=20_000)
    slow.press("stop")
    slow.agree()


def test_stop_gives_a_queued_action_back(qtbot, slow):
    slow.begin()
    slow.type("wait")
    slow.wait_for_words()
    slow.type("go north")
    slow.press("stop")
    assert slow.writer.waiting is None
    assert slow.line.toPlainText() == "go north"


def test_stop_while_the_prompt_is_read_leaves_the_action(slow):
    slow.begin()
    slow.type("wait")
    slow.press("stop")
    assert not slow.writer.streaming
    assert kinds(slow)[-1] is Kind.DO
    slow.agree()


def test_editing_above_while_a_passage_streams(qtbot, slow):
    slow.begin()
    slow.type("wait")
    slow.wait_for_words()
    slow.page.setFocus()
    slow.page.set_caret(3)
    qtbot.keyClicks(slow.page, "really ")
    assert slow.text.startswith("Youreally ") or "really" in slow.text[:12]
    slow.press("stop")
    slow.agree()


def test_retry_that_is_stopped_at_once_shows_the_old_version_again(slow):
    slow.begin()
    slow.type("wait")
    slow.wait_for_words()
    slow.press("stop")
    before = slow.text
    slow.press("retry")
    slow.press("stop")
    assert slow.text == before
    slow.agree()


def test_writing_at_the_caret(game):
    game.blank()
    game.backend._script = [" It rained."]
    story = game.writer.story
    story.append(Kind.STORY, "It was night. The clock struck.")
    game.page.set_caret(len("It was night."))
    game.press("insert")
    game.wait()
    assert game.text == "It was night. It rained. The clock struck."
    spans = story.branch()[0].spans
    assert [s.author for s in spans] == [Author.HUMAN, Author.MODEL, Author.HUMAN]
    game.agree()
    game.press("undo")
    assert game.text == "It was night. The clock struck."
    game.agree()


def test_rewriting_a_selection(game):
    game.blank()
    game.backend._script = [" It was day, and warm."]
    game.writer.story.append(Kind.STORY, "Once. It was night. The clock struck.")
    game.page.select(len("Once."), len("Once. It was night."))
    game.press("rewrite_selection")
    game.wait()
    assert game.text == "Once. It was day, and warm. The clock struck."
    game.agree()
    game.press("undo")
    assert game.text == "Once. It was night. The clock struck."


def test_suggested_actions(qtbot, game):
    game.begin()
    game.backend._script = [" open the door.\n", " look at the shield.\n", " sit down.\n"]
    game.press("suggest")
    prompt = game.window.desk.prompt
    from PySide6.QtWidgets import QPushButton

    def pills():
        found = prompt.findChildren(QPushButton)
        return [b.text() for b in found if b.property("segment") == "alone" and b.isVisible()]

    qtbot.waitUntil(lambda: len(pills()) == 3)
    assert any("open the door" in text for text in pills())
    assert "> You" in game.backend.requests[-1].text


def test_the_engine_reads_ahead(qtbot, game):
    game.begin()
    game.play("open the chest")
    qtbot.waitUntil(lambda: bool(game.backend.warmed))
    game.play("go on")
    shared = game.backend.warmed[-1]
    assert tuple(game.backend.requests[-1].tokens[: len(shared)]) == shared


def test_a_model_that_says_nothing_is_asked_again_and_then_it_is_said(game):
    game.backend._script = [""]
    game.begin()
    game.play("open the chest")
    assert len(game.backend.requests) == 3
    assert "nothing to say" in game.window.status.now
    assert kinds(game)[-1] is Kind.DO


def test_an_action_before_the_model_is_there_waits_for_it(new_game, qtbot):
    game = new_game(load=False)
    game.window.show()
    game.window.librarian.refresh()
    game.begin()
    game.type("open the chest")
    assert game.writer.streaming
    game.app.wake()
    qtbot.waitUntil(lambda: kinds(game)[-1] is Kind.REPLY)
    game.agree()


def test_a_bug_in_the_engine_is_reported_and_the_story_goes_on(game):
    def broken(_request, _row):
        raise ValueError("broken")

    game.backend._script = broken
    game.begin()
    game.play("open the chest")
    assert len(game.faults) == 1
    assert "broken" in game.faults[0]
    game.faults.clear()
    game.backend._script = ["\n\nIt works again."]
    game.play("try again")
    assert last(game) == "It works again."
    game.agree()


def test_an_empty_retry_is_asked_again_beside_the_old_version(game):
    game.begin()
    game.play("open the chest")
    game.backend._script = ["", "\n\nNow it is shut."]
    game.backend._next = 0
    game.press("retry")
    game.wait()
    assert last(game) == "Now it is shut."
    assert versions(game) == "2/2"
    game.press("undo")
    assert last(game) == "The chest creaks open."
    game.agree()


def test_undo_in_the_prompt_line_is_the_lines_own_only_while_it_has_text(qtbot, game):
    game.begin()
    game.play("open the chest")
    game.line.setFocus()
    qtbot.keyClicks(game.line, "draft")
    qtbot.keyClick(game.line, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert last(game) == "The chest creaks open."
    assert game.line.toPlainText() == ""
    qtbot.keyClick(game.line, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert last(game) == "open the chest"
    game.agree()
