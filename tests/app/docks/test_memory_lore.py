"""The lorebook's panel through its real widgets."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFrame, QInputDialog, QMenu, QPushButton

from app.docks.lore_fields import FIELDS, Kind
from app.docks.lore_model import ROLE
from engine.story.lint import Flaw
from engine.story.lorebook import Entry, Logic, Position

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def lore(game):
    game.blank()
    panel = game.window.docks.show("dock_memory").contents
    panel.show_page(2)
    return panel.lore


@pytest.fixture
def story(game, lore):
    return game.writer.story


@pytest.fixture
def survey(qtbot, lore):
    def wait():
        lore.survey.later()
        qtbot.waitUntil(lambda: not lore.survey.busy, timeout=30_000)
        return lore.survey

    return wait


def rows(lore):
    """The names in the list, as they stand."""
    model = lore.list.view.rows
    out = []
    for top in range(model.rowCount()):
        index = model.index(top, 0)
        out.append(index.data())
        out += [model.index(row, 0, index).data() for row in range(model.rowCount(index))]
    return out


def field(lore, name):
    return lore.editor.rows[name].editor


def menu(lore):
    made = QMenu()
    lore._fill(made)
    return {action.text(): action for action in made.actions()}, made


def test_first_use_explains_itself_and_offers_an_example(lore, story):
    assert not lore.list.intro.isHidden()
    lore.list.example.click()
    assert lore.list.example.isHidden()
    assert list(story.lore) == [1]
    assert rows(lore) == ["Old lighthouse"]
    assert lore.list.view.chosen_ids() == [1]
    story.undo()
    assert not lore.list.example.isHidden()


def test_an_entry_is_added_typed_and_told_to_the_model(game, lore, story):
    lore.list.add.click()
    QTest.keyClicks(field(lore, "name"), "Dragon")
    QTest.keyClicks(field(lore, "keys"), "dragon, wyrm")
    QTest.keyClicks(field(lore, "text"), "The dragon sleeps on gold.")
    assert story.lore[1] == {
        "name": "Dragon", "keys": ["dragon", "wyrm"], "text": "The dragon sleeps on gold.",
    }  # fmt: skip
    game.play("The dragon wakes.")
    assert "The dragon sleeps on gold" in game.backend.requests[-1].text
    for gone in ("text", "keys", "name"):
        story.undo()  # the reply and the action first
        while gone in story.lore.get(1, {}):
            story.undo()
    assert story.lore[1] == {}


def test_every_field_of_an_entry_can_be_edited(lore, story):
    covered = {of.name for of in FIELDS}
    assert covered == set(Entry.__dataclass_fields__) - {"id", "extra"}
    lore.book.add(Entry("", "Dragon", "asleep", ("dragon",), ("gold",), group="g"))
    lore.book.set_setting("recursion", 1)
    lore.book.set_fields(1, {"position": Position.DEPTH}, typing=False)
    lore.open(1)
    for of in FIELDS:
        before, row = lore.book.entries[1], lore.editor.rows[of.name]
        if of.name != "constant":
            assert not row.isHidden(), of.name
        editor = row.editor
        if of.kind is Kind.SWITCH:
            editor.click()
        elif of.kind in (Kind.LINE, Kind.TEXT, Kind.KEYS):
            QTest.keyClicks(editor, "x")
        elif of.kind is Kind.NUMBER:
            editor.setValue(7)
        elif of.kind is Kind.CHOICE:
            editor.setCurrentIndex(editor.count() - 1)
            editor.activated.emit(editor.count() - 1)
        elif of.kind is Kind.FOLDER:
            editor.setEditText("Beasts")
        else:
            editor.unit.activated.emit(1)
        after = lore.book.entries[1]
        assert getattr(after, of.name) != getattr(before, of.name), of.name
        assert Entry.from_json(story.lore[1] | {"id": "1"}) == after
        story.undo()
        assert lore.book.entries[1] == before, of.name
    assert story.lore[1]["secondary"] == ["gold"]


def test_what_has_no_effect_is_hidden(lore):
    lore.book.add(Entry("", "Dragon", "asleep", ("dragon",)))
    lore.open(1)
    rows_ = lore.editor.rows
    assert rows_["logic"].isHidden()
    assert rows_["weight"].isHidden()
    assert rows_["recursive"].isHidden()
    QTest.keyClicks(field(lore, "secondary"), "gold")
    assert not rows_["logic"].isHidden()
    field(lore, "constant").click()
    for name in ("keys", "secondary", "logic", "scan_depth", "sticky", "depth"):
        assert rows_[name].isHidden(), name
    assert "asleep" in field(lore, "text").text


def test_none_and_limits_have_names(lore):
    lore.book.add(Entry("", "Dragon", "asleep", ("dragon",), scan_depth=4, budget=0.25))
    lore.open(1)
    assert field(lore, "budget").amount.value() == 25
    field(lore, "budget").amount.setValue(30)
    assert lore.book.entries[1].budget == 0.3
    field(lore, "scan_depth").setValue(-1)
    assert lore.book.entries[1].scan_depth is None
    assert field(lore, "scan_depth").text() == "usual"
    field(lore, "probability").setValue(12.5)
    assert lore.book.entries[1].probability == 12.5


def test_a_switch_in_the_list_is_clicked_and_toggled_by_keys(qtbot, lore, story):
    lore.book.add(Entry("", "Dragon", "asleep", ("dragon",)))
    view = lore.list.view
    index = view.rows.index_of(1)
    rect = view.visualRect(index)
    QTest.mouseClick(
        view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(rect.left() + 11, rect.center().y())
    )
    assert story.lore[1]["enabled"] is False
    assert index.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Unchecked
    view.setCurrentIndex(index)
    QTest.keyClick(view, Qt.Key.Key_Space)
    assert "enabled" not in story.lore[1]
    QTest.keyClick(view, Qt.Key.Key_D, CTRL)
    assert rows(lore) == ["Dragon", "Dragon (copy)"]
    QTest.keyClick(view, Qt.Key.Key_Delete)
    assert rows(lore) == ["Dragon"]
    story.undo()
    assert rows(lore) == ["Dragon", "Dragon (copy)"]
    view.select(1)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert lore.views.currentWidget() is lore.editor
    QTest.keyClick(field(lore, "name"), Qt.Key.Key_Escape)
    assert lore.views.currentWidget() is lore.list


def test_folders_group_switch_off_and_are_renamed(game, lore, story, monkeypatch):
    for name in ("Dragon", "Cat"):
        lore.book.add(Entry("", name, f"{name} sleeps.", (name.lower(),), folder="Beasts"))
    lore.book.add(Entry("", "Lamp", "It is bright.", ("lamp",)))
    assert rows(lore) == ["Beasts", "Dragon", "Cat", "Lamp"]
    view = lore.list.view
    view.setCurrentIndex(view.rows.index_of_folder("Beasts"))
    QTest.keyClick(view, Qt.Key.Key_Space)
    assert story.settings["lorebook"] == {"folders_off": ["Beasts"]}
    game.play("The dragon and the lamp.")
    assert "Dragon sleeps" not in game.backend.requests[-1].text
    assert "It is bright" in game.backend.requests[-1].text
    monkeypatch.setattr(QInputDialog, "getText", lambda *a, **k: ("Animals", True))
    view.setCurrentIndex(view.rows.index_of_folder("Beasts"))
    actions, made = menu(lore)
    actions["Rename folder…"].trigger()
    assert rows(lore) == ["Animals", "Dragon", "Cat", "Lamp"]
    assert story.settings["lorebook"] == {"folders_off": ["Animals"]}
    story.undo()  # one step
    assert rows(lore)[0] == "Beasts"
    assert story.settings["lorebook"] == {"folders_off": ["Beasts"]}
    view.select(3)
    actions, made = menu(lore)
    inside = made.findChildren(QMenu)[0]
    next(action for action in inside.actions() if action.text() == "Beasts").trigger()
    assert rows(lore) == ["Beasts", "Dragon", "Cat", "Lamp"]
    assert story.lore[3]["folder"] == "Beasts"
    view.setCurrentIndex(view.rows.index_of_folder("Beasts"))
    assert view.chosen_ids() == [1, 2, 3]
    QTest.keyClick(view, Qt.Key.Key_Delete)
    assert story.lore == {}


def test_search_looks_into_names_keys_and_texts(qtbot, lore):
    lore.book.add(Entry("", "Dragon", "sleeps on gold", ("wyrm",), folder="Beasts"))
    lore.book.add(Entry("", "Lamp", "bright", ("lantern",)))
    for needle, found in (
        ("gold", ["Beasts", "Dragon"]), ("LANT", ["Lamp"]), ("wyrm gold", ["Beasts", "Dragon"]),
        ("nothing", []), ("", ["Beasts", "Dragon", "Lamp"]),
    ):  # fmt: skip
        lore.list.search.setText(needle)
        qtbot.waitUntil(lambda: not lore._search_pause.isActive())
        assert rows(lore) == found
        assert ("Nothing in the lore" in lore.list.said.text()) == (not found)


def test_changes_made_elsewhere_show_and_typing_stays(lore, story):
    lore.book.add(Entry("", "Dragon", "asleep", ("dragon",)))
    lore.open(1)
    keys = field(lore, "keys")
    QTest.keyClicks(keys, ", ")  # not a key yet
    typed = keys.text
    story.put_lore(story.lore[1] | {"text": "awake", "logic": str(Logic.NOT_ANY)}, 1)
    assert field(lore, "text").text == "awake"
    assert keys.text == typed
    story.put_lore(story.lore[1] | {"keys": ["wyrm", "/drag(on|ons)/i", "Smith, John"]}, 1)
    assert keys.text == 'wyrm, /drag(on|ons)/i, "Smith, John"'
    story.delete_lore(1)
    assert lore.views.currentWidget() is lore.list


def test_what_nobody_knows_is_kept(lore, story):
    story.put_lore({"name": "Dragon", "text": "asleep", "keys": ["dragon"], "vectorized": True})
    lore.open(1)
    QTest.keyClicks(field(lore, "name"), "s")
    assert story.lore[1]["extra"] == {"vectorized": True}


def test_rows_tell_tokens_and_when_it_fired(game, lore, survey):
    lore.book.add(Entry("", "Lamp", "It is bright.", ("lamp",)))
    lore.book.add(Entry("", "Dragon", "asleep", ("dragon",)))
    lore.book.set_setting("scan_depth", 3)
    game.play("A lamp burns.")
    model = lore.list.view.rows

    def state(lore_id):
        survey()
        return model.state(model.index_of(lore_id).data(ROLE))

    assert state(1)[1] == "fires now"
    assert state(2)[1] == "not yet"
    count = len(game.backend.tokenizer.encode(" It is bright."))
    assert state(1)[0] == f"{count} tokens"
    game.play("Rain falls.")
    assert state(1)[1] == "last turn"
    game.play("It rains on.")
    assert state(1)[1] == "2 turns ago"
    lore.list.view.select(1)
    assert "none of its keys" in lore.list.said.text()


def test_findings_are_marked_jumped_to_and_mended(game, lore, story, survey):
    game.play("You read the catalogue.")
    lore.book.add(Entry("", "Lamp", "bright", ("catalogue",)))
    lore.book.add(Entry("", "Cat", "grey", ("cat",), whole_word=False))
    lore.book.add(Entry("", "Bad", "x", ("/(/",)))
    assert [f.flaw for f in survey().of(2).findings] == [Flaw.INSIDE]
    assert lore.list.flaws.text() == "2 marked"
    lore.list.flaws.click()
    assert lore.list.view.chosen_ids() == [2]
    assert "catalogue" in lore.list.said.text()
    lore.list.flaws.click()
    assert lore.list.view.chosen_ids() == [3]
    lore.list.flaws.click()
    assert lore.list.view.chosen_ids() == [2]
    lore.open(2)
    card = lore.editor.findChild(QFrame, "finding")
    card.findChild(QPushButton).click()  # Fix
    assert lore.book.entries[2].whole_word
    assert [f.flaw for f in survey().of(2).findings] == [Flaw.ONLY_INSIDE]


def test_a_text_is_tried_out(qtbot, game, lore):
    lore.book.add(Entry("", "Dragon", "asleep", ("dragon",), ("gold",)))
    lore.book.add(Entry("", "Lamp", "bright", ("lamp",)))
    game.play("A lamp burns.")
    lore.list.trial.click()

    def answer(text):
        lore.trial.text.setPlainText(text)
        lore.trial.later()
        qtbot.waitUntil(lambda: not lore.trial.busy, timeout=20_000)
        return {one.entry.name: one for one in lore.trial.rows.all}

    now = answer("")
    assert (now["Lamp"].fires, now["Dragon"].fires) == (True, False)
    tried = answer("The dragon sleeps.")
    assert not tried["Lamp"].fires
    assert "no secondary key" in tried["Dragon"].reason
    tried = answer("The dragon sleeps on gold.")
    assert lore.trial.rows.all[0].entry.name == "Dragon"
    assert '"dragon"' in tried["Dragon"].reason
    assert "1 of 2" in lore.trial.verdict.text()
    lore.trial.list.activated.emit(lore.trial.rows.index(0))
    assert lore.editor.lore_id == 1
    assert lore.views.currentWidget() is lore.editor


def test_settings_of_the_whole_book(lore, story):
    lore.show_settings()
    lore.settings.rows["scan_depth"].editor.setValue(3)
    lore.settings.rows["recursion"].editor.setValue(2)
    assert story.settings["lorebook"] == {"scan_depth": 3, "recursion": 2}
    story.undo()
    assert lore.settings.rows["recursion"].editor.value() == 0
    lore.settings.back.click()
    assert lore.views.currentWidget() is lore.list


@pytest.mark.slow
def test_ten_thousand_entries_stay_usable(qtbot, game, lore, story):
    import time

    with story.verb("import"):
        for n in range(10_000):
            story.set(
                f"lore/{n + 1}",
                {"name": f"Entry {n}", "keys": [f"word{n}"], "text": "x", "folder": f"f{n % 20}"},
            )
    lore.list.view.select(5000)
    lore.open(5000)
    start = time.process_time()
    QTest.keyClicks(field(lore, "name"), "0123456789")
    per_key = (time.process_time() - start) / 10
    assert per_key < 0.15
    lore.show_list()
    start = time.process_time()
    lore.list.search.setText("word77")
    lore._search()
    assert lore.list.view.rows.count == 111
    assert time.process_time() - start < 1.5


def test_a_long_lorebook_is_read_when_somebody_looks_at_it(game, lore, story, monkeypatch):
    with story.verb("import"):
        for n in range(1100):
            story.set(f"lore/{n + 1}", {"name": f"Entry {n}", "keys": [f"word{n}"], "text": "x"})
    path = game.path
    read = []
    monkeypatch.setattr(
        "app.docks.lore_book._entry", lambda lore_id, _text: read.append(lore_id) or Entry("", "x")
    )
    panel = game.window.docks["dock_memory"].contents
    panel.show_page(0)
    game.window.go_home()
    game.window.librarian.open(path)
    game.bot.waitUntil(lambda: game.writer.story is not None and not game.writer.streaming)
    panel.weigh()
    assert read == []
    panel.show_page(2)
    assert len(read) == 1100
    game.bot.waitUntil(lambda: lore.list.view.rows.count == 1100)
    game.window.go_home()
    game.blank()
    assert lore.book.entries == {}
    assert rows(lore) == []
    assert not lore.list.example.isHidden()


def test_a_text_to_try_out_has_an_undo_of_its_own(lore, story):
    before = story.text
    lore.show_trial()
    QTest.keyClicks(lore.trial.text, "a cat")
    QTest.keyClick(lore.trial.text, Qt.Key.Key_Z, CTRL)
    assert lore.trial.text.text == ""
    assert story.text == before
