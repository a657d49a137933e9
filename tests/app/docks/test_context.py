"""The panel that shows what the model sees: it equals the request that is then sent."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from engine.story.ledger import Source
from engine.story.node import Kind
from tests.app.game import long_reply


@pytest.fixture
def panel(game):
    game.begin()
    return game.window.docks.show("dock_context").contents


def settle(qtbot, panel):
    qtbot.waitUntil(lambda: not panel._pause.isActive())


def sent(game):
    return game.backend.requests[-1]


@pytest.mark.parametrize(
    ("mode", "typed"),
    [
        ("mode_do", "open the chest"),
        ("mode_say", "who is there"),
        ("mode_story", "A cold wind came up from the moat."),
        ("mode_do", '"who goes there?" asked quietly 😀'),
        ("mode_do", ""),
    ],
)
def test_it_equals_the_request_that_is_then_sent(qtbot, game, panel, mode, typed):
    story = game.writer.story
    story.set("memory", "You are Ana. You carry a lantern.")
    story.set("note", "Keep it short.")
    story.put_lore({"name": "Chest", "keys": ["chest"], "text": "an iron-bound chest"})
    game.window.actions_[mode].trigger()
    QTest.keyClicks(game.line, typed) if typed.isascii() else game.line.setPlainText(typed)
    settle(qtbot, panel)
    shown = panel.context
    assert panel.text.text == shown.text
    game.line.entered.emit()
    qtbot.waitUntil(lambda: bool(game.backend.requests))
    assert sent(game).text == shown.text
    assert sent(game).tokens == shown.tokens
    qtbot.waitUntil(lambda: not game.writer.streaming)
    game.agree()


def test_ten_turns_long_it_still_equals_the_request(qtbot, game, panel):
    for number in range(10):
        game.line.setPlainText(f"look at stone number {number}")
        settle(qtbot, panel)
        shown = panel.context
        count = len(game.backend.requests)
        game.line.entered.emit()
        qtbot.waitUntil(lambda c=count: len(game.backend.requests) > c)
        assert sent(game).tokens == shown.tokens
        qtbot.waitUntil(lambda: not game.writer.streaming)


def test_the_account_adds_up_and_tells_why(qtbot, game, panel):
    story = game.writer.story
    story.put_lore({"name": "Dragon", "keys": ["dragon"], "text": "asleep"})
    game.line.setPlainText("wait")
    settle(qtbot, panel)
    entries = panel.ledger.lines.entries
    assert sum(e.n_tokens for e in entries if e.included) == len(panel.context.tokens)
    dragon = next(e for e in entries if e.name == "Dragon")
    assert not dragon.included
    assert dragon.reason
    assert entries[-1] is dragon  # what is out comes last
    assert sum(count for _, count in panel._bar.parts) == len(panel.context.tokens)
    assert str(len(panel.context.tokens)) in panel._summary.text()


def test_a_typed_key_brings_a_lore_entry_in(qtbot, game, panel):
    game.writer.story.put_lore({"name": "Dragon", "keys": ["dragon"], "text": "asleep"})
    QTest.keyClicks(game.line, "wake the dragon")
    settle(qtbot, panel)
    row = next(e for e in panel.ledger.lines.entries if e.name == "Dragon")
    assert row.included
    index = panel.ledger.lines.index(panel.ledger.lines.entries.index(row))
    panel.ledger.setCurrentIndex(index)
    cursor = panel.text.textCursor().position()
    span = panel.text.span_at(cursor)
    assert span is not None
    assert span.source is Source.LORE


def test_what_the_next_turn_pushes_out_is_marked(qtbot, new_game):
    game = new_game(["\n\nThe stair goes on, and on, and on, down past doors and lamps."])
    game.backend.n_ctx = 420
    game.begin()
    panel = game.window.docks.show("dock_context").contents
    for number in range(6):
        game.play(f"walk down the long stair number {number} and count the doors")
    settle(qtbot, panel)
    game.line.setPlainText("listen")
    settle(qtbot, panel)
    marked = [panel.context.text[a:b] for a, b in panel.text._leaving]
    assert marked
    assert "dashed" in panel._cost.text()
    before = panel.context.text
    game.play("listen")
    game.line.setPlainText("walk on")
    settle(qtbot, panel)
    assert before != panel.context.text
    assert marked[0].split(".")[0] not in panel.context.text


def test_a_double_click_goes_to_the_passage(qtbot, game, panel):
    game.play("open the chest")
    settle(qtbot, panel)
    place = panel.context.text.index("creaks")
    cursor = panel.text.textCursor()
    cursor.setPosition(place)
    panel.text.setTextCursor(cursor)
    panel.text.centerCursor()
    point = panel.text.cursorRect(cursor).center() + QPoint(1, 0)
    QTest.mouseDClick(panel.text.viewport(), Qt.MouseButton.LeftButton, pos=point)
    caret = game.page.selection()[1]
    assert game.text[caret : caret + 5] in "creaks open"
    assert game.text[: caret + 1].rstrip().split()[-1][0] == "c"


def test_without_a_story_it_says_what_to_do(game):
    panel = game.window.docks.show("dock_context").contents
    assert "Open a story" in panel._summary.text()
    assert panel.context is None


def test_kinds_are_understood_as_when_sent(game, panel):
    assert game.writer.understood(Kind.DO, "!Rain falls.")[0] is Kind.STORY


def test_the_end_stays_in_view_while_the_panel_becomes_smaller(qtbot, new_game):
    game = new_game([long_reply(150, seed=n) for n in range(3)])
    game.begin()
    for text in ("look around", "wait", "listen"):
        game.play(text)
    panel = game.window.docks.show("dock_context").contents
    bar = panel.text.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0 and bar.value() == bar.maximum())
    panel.text.setFixedHeight(panel.text.height() // 2)
    qtbot.waitUntil(lambda: panel.text.viewport().height() < 200)
    assert bar.value() == bar.maximum()
