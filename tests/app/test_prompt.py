"""The prompt line, as a player uses it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from app.prompt import Prompt
from engine.story.node import Kind


@pytest.fixture
def prompt(qtbot):
    made = Prompt()
    qtbot.addWidget(made)
    made.resize(800, 60)
    made.show()
    made.line.setFocus()
    return made


def sent(prompt):
    got = []
    prompt.submitted.connect(lambda kind, text: got.append((kind, text)))
    return got


def button(prompt) -> QPushButton:
    return prompt.findChild(QPushButton, "send")


def test_enter_sends_and_empties_the_line(qtbot, prompt):
    got = sent(prompt)
    qtbot.keyClicks(prompt.line, "open the chest")
    qtbot.keyClick(prompt.line, Qt.Key.Key_Return)
    assert got == [(Kind.DO, "open the chest")]
    assert prompt.text == ""


def test_an_empty_enter_goes_on(qtbot, prompt):
    got = sent(prompt)
    qtbot.keyClick(prompt.line, Qt.Key.Key_Return)
    assert got == [(Kind.DO, "")]


def test_shift_enter_makes_a_line_and_the_field_grows(qtbot, prompt):
    height = prompt.line.height()
    qtbot.keyClicks(prompt.line, "one")
    qtbot.keyClick(prompt.line, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClicks(prompt.line, "two")
    assert prompt.text == "one\ntwo"
    qtbot.waitUntil(lambda: prompt.line.height() > height)
    for _ in range(20):
        qtbot.keyClick(prompt.line, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert prompt.line.height() < 9 * prompt.line.fontMetrics().lineSpacing()


def test_the_arrows_leaf_through_what_was_typed_and_keep_the_draft(qtbot, prompt):
    for text in ("first", "second"):
        qtbot.keyClicks(prompt.line, text)
        qtbot.keyClick(prompt.line, Qt.Key.Key_Return)
    qtbot.keyClicks(prompt.line, "a draft")
    qtbot.keyClick(prompt.line, Qt.Key.Key_Up)
    assert prompt.text == "second"
    qtbot.keyClick(prompt.line, Qt.Key.Key_Up)
    qtbot.keyClick(prompt.line, Qt.Key.Key_Up)
    assert prompt.text == "first"
    qtbot.keyClick(prompt.line, Qt.Key.Key_Down)
    qtbot.keyClick(prompt.line, Qt.Key.Key_Down)
    assert prompt.text == "a draft"


def test_the_arrows_move_the_caret_within_several_lines(qtbot, prompt):
    qtbot.keyClicks(prompt.line, "old")
    qtbot.keyClick(prompt.line, Qt.Key.Key_Return)
    prompt.set_text("one\ntwo")
    qtbot.keyClick(prompt.line, Qt.Key.Key_Up)
    assert prompt.text == "one\ntwo"
    qtbot.keyClick(prompt.line, Qt.Key.Key_Up)
    assert prompt.text == "old"


def test_escape_stops(qtbot, prompt):
    with qtbot.waitSignal(prompt.stopped):
        qtbot.keyClick(prompt.line, Qt.Key.Key_Escape)


def test_the_button_says_what_it_does(qtbot, prompt):
    assert button(prompt).text() == "Continue"
    prompt.set_text("go north")
    assert button(prompt).text() == "Send"
    prompt.set_state(streaming=True, waiting=False)
    assert button(prompt).text() == "Next"
    got = sent(prompt)
    qtbot.mouseClick(button(prompt), Qt.MouseButton.LeftButton)
    assert got == [(Kind.DO, "go north")]
    assert button(prompt).text() == "Stop"
    with qtbot.waitSignal(prompt.stopped):
        qtbot.mouseClick(button(prompt), Qt.MouseButton.LeftButton)


def test_modes_are_chosen_by_mouse(qtbot, prompt):
    say = next(b for b in prompt.findChildren(QPushButton) if b.text() == "Say")
    with qtbot.waitSignal(prompt.mode_changed) as signal:
        qtbot.mouseClick(say, Qt.MouseButton.LeftButton)
    assert signal.args == [Kind.SAY]
    assert prompt.mode is Kind.SAY
    assert prompt.line.hasFocus()


def test_the_length_of_replies_is_chosen_from_a_menu(qtbot, prompt):
    got = []
    prompt.length_changed.connect(got.append)
    action = prompt.length.menu().actions()[-1]
    action.trigger()
    assert got == [320]
    assert "240" in prompt.length.text()


def test_a_suggestion_lands_in_the_line(qtbot, prompt):
    prompt.set_mode(Kind.SAY)
    prompt.show_suggestions(["open the door", "run"])
    pills = [b for b in prompt.findChildren(QPushButton) if b.property("segment") == "alone"]
    qtbot.mouseClick(pills[0], Qt.MouseButton.LeftButton)
    assert prompt.text == "open the door"
    assert prompt.mode is Kind.DO


def test_pasted_text_is_plain(qtbot, prompt, qapp):
    qapp.clipboard().setText("a\r\nb")
    prompt.line.paste()
    assert prompt.text == "a\nb"
