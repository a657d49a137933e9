"""The panel of memory and author's note: typed, counted, undone, followed, sent."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from app.application import Application
from engine.story.beside import NOTE_DEPTH
from engine.story.ledger import Source


@pytest.fixture
def panel(game):
    game.blank()
    return game.window.docks.show("dock_memory").contents


def settle(qtbot, panel):
    panel.weigh()
    qtbot.waitUntil(lambda: not panel._pause.isActive())


def sent(game):
    return game.backend.requests[-1].text


def test_memory_typed_in_the_panel_is_in_the_next_request(game, panel):
    QTest.keyClicks(panel.memory.text, "You are Ana.")
    assert game.writer.story.memory == "You are Ana."
    game.play("wait")
    assert sent(game).startswith("[Memory: You are Ana.]")
    game.agree()


def test_a_fields_typing_is_one_step_of_undo(game, panel):
    story = game.writer.story
    QTest.keyClicks(panel.memory.text, "You are Ana.")
    panel.show_page(1)
    panel.note.text.setFocus()
    QTest.keyClicks(panel.note.text, "Rain.")
    QTest.keyClick(panel.note.text, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert (story.memory, story.note) == ("You are Ana.", "")
    assert panel.note.text.text == ""
    game.press("undo")
    assert story.memory == ""
    assert panel.memory.text.text == ""
    game.press("redo")
    assert panel.memory.text.text == "You are Ana."


def test_leaving_a_field_ends_the_step(game, panel):
    text = panel.memory.text
    text.setFocus()
    QTest.keyClicks(text, "One.")
    game.line.setFocus()
    text.setFocus()
    QTest.keyClicks(text, " Two.")
    game.press("undo")
    assert game.writer.story.memory == "One."


def test_changes_made_elsewhere_show_at_once_and_leave_the_caret(game, panel):
    text = panel.memory.text
    QTest.keyClicks(text, "You are Ana. You carry a lamp.")
    cursor = text.textCursor()
    cursor.setPosition(12)
    text.setTextCursor(cursor)
    for change, place in (
        ("You are Ana 😀. You carry a lamp.", 15),  # behind the full stop, in UTF-16 units
        ("You are Ana 😀. You carry a lamp, and a key.", 15),
        ("You are Bo. You were Ana. You carry a lamp, and a key.", 25),  # as before
        ("Another text altogether, and no lamp!", 25),
    ):
        game.writer.story.set("memory", change)
        assert text.text == change == game.writer.story.memory
        assert text.textCursor().position() == place


def test_typing_while_a_reply_streams_disturbs_neither(new_game):
    game = new_game(delay=0.01)
    game.blank()
    panel = game.window.docks.show("dock_memory").contents
    game.type("Rain fell.")
    QTest.keyClicks(panel.memory.text, "You are Ana.")
    assert game.writer.streaming
    game.wait()
    assert panel.memory.text.text == game.writer.story.memory == "You are Ana."
    assert "creaks open." in game.text
    game.agree()


def test_tokens_are_those_of_the_window(qtbot, game, panel):
    story = game.writer.story
    QTest.keyClicks(panel.memory.text, "You are Ana.")
    settle(qtbot, panel)
    context = panel._context()
    row = next(row for row in context.ledger if row.source is Source.MEMORY)
    assert panel.memory.meter.tokens == row.n_tokens > 0
    assert str(context.budget) in panel.memory.meter.label.text()
    story.set("memory", "You are Ana. " * 3000)
    settle(qtbot, panel)
    assert "Not all of it fits" in panel.memory.meter.label.text()


def test_the_opening_is_pinned(game, panel):
    panel.memory.pin.click()
    assert game.writer.story.settings["pin_opening"] is True
    game.press("undo")
    assert not panel.memory.pin.isChecked()
    assert "pin_opening" not in game.writer.story.settings


def test_an_example_is_one_click_away(game, panel):
    assert not panel.memory.example.isHidden()
    panel.memory.example.click()
    assert game.writer.story.memory == panel.memory.text.text != ""
    assert panel.memory.example.isHidden()
    panel.show_page(1)
    panel.note.example.click()
    assert game.writer.story.note != ""


def test_the_note_stands_where_the_panel_says(qtbot, game, panel):
    panel.show_page(1)
    for action in ("Rain fell on the roof.", "A door opened.", "Nobody came in."):
        game.play(action)
    QTest.keyClicks(panel.note.text, "Fear.")
    panel.note.paragraphs.setValue(1)
    settle(qtbot, panel)
    assert game.writer.story.settings["note_depth"] == 1
    where = panel.note.place.text()
    near = where[where.index("“") + 1 :].rstrip("”…")[:20]
    game.play("")
    after = sent(game).partition("[Note: Fear.]")[2]
    assert " ".join(after.split()).startswith(near)
    panel.note.paragraphs.setValue(NOTE_DEPTH)
    assert "note_depth" not in game.writer.story.settings  # as usual


def test_the_notes_form_is_the_storys(game, panel):
    panel.show_page(1)
    QTest.keyClicks(panel.note.text, "Fear.")
    QTest.keyClicks(panel.note.template, "(Mood: {text})")
    assert game.writer.story.settings["note_template"] == "(Mood: {text})"
    game.play("Rain fell.")
    assert "(Mood: Fear.)" in sent(game)


def test_without_a_story_it_says_what_to_do(game):
    panel = game.window.docks.show("dock_memory").contents
    assert not panel._nothing.isHidden()
    assert panel.pages.isHidden()
    game.blank()
    assert panel._nothing.isHidden()
    assert not panel.pages.isHidden()


def test_another_story_brings_its_own_memory(game, panel):
    QTest.keyClicks(panel.memory.text, "You are Ana.")
    game.window.go_home()
    game.blank()
    assert panel.memory.text.text == ""


@pytest.mark.parametrize("view", ["memory", "note", "list", "editor", "trial", "settings"])
def test_every_widget_that_takes_the_focus_has_a_name_and_is_not_cut(game, panel, view):
    game.window.resize(560, 560)
    lore = panel.lore
    panel.show_page({"memory": 0, "note": 1}.get(view, 2))
    if view not in ("memory", "note", "list"):
        lore.book.add(lore.book.entries.get(1) or _entry())
        {"editor": lambda: lore.open(1), "trial": lore.show_trial, "settings": lore.show_settings}[
            view
        ]()
        for section in lore.editor.sections.values():
            section.button.setChecked(True)
    QTest.qWait(50)
    shown = [w for w in panel.findChildren(QWidget) if w.isVisible()]
    nameless = [
        w
        for w in shown
        if w.focusPolicy() & Qt.FocusPolicy.TabFocus
        and not (w.accessibleName() or getattr(w, "text", lambda: "")())
    ]
    assert nameless == []
    wide = [w for w in shown if w.mapTo(panel, w.rect().topRight()).x() > panel.width()]
    assert wide == []


def _entry():
    from engine.story.lorebook import Entry

    return Entry("", "Dragon", "asleep", ("dragon",), ("gold",), group="beasts")


def test_with_ember_the_memory_that_was_typed_is_read(qtbot, own_home, qapp):
    app = Application()
    app.start()
    qtbot.waitUntil(lambda: app.models.current is not None, timeout=60_000)
    window = app.window
    window.librarian.blank_page("story")
    panel = window.docks.show("dock_memory").contents
    QTest.keyClicks(panel.memory.text, "You are Zora.")
    turns = []
    window.writer.turn_began.connect(turns.append)
    window.desk.prompt.line.setPlainText("The rain came down.")
    window.desk.prompt.submit()
    qtbot.waitUntil(lambda: bool(turns) and not window.writer.streaming, timeout=60_000)
    assert turns[0].request.text.startswith("[Memory: You are Zora.]")
    assert app.models.current is not None
    tokenizer = app.models.current.backend.tokenizer
    assert "[Memory: You are Zora.]" in tokenizer.decode(turns[0].request.tokens)
    settle(qtbot, panel)
    assert panel.memory.meter.tokens == len(tokenizer.encode("[Memory: You are Zora.]"))
    window.close()
    qapp.setStyleSheet("")
