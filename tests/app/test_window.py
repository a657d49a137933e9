"""The window as a whole: starting, finding stories, closing in mid-passage, crashes, looks."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog, QWidget

from app.lookup import when
from engine.story.node import Kind
from engine.story.store import Store
from tests.app.game import long_reply


def test_nothing_heavy_is_loaded_at_the_start():
    code = (
        "import sys, app.application;"
        "print([m for m in ('torch', 'openai', 'huggingface_hub', 'keyring', 'transformers')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_first_start_greets_with_a_scenario_that_is_ready(qtbot, game):
    home = game.window.home
    assert home.isVisible()
    assert "Welcome" in home._greeting.text()
    assert not home.shelf.isVisible()
    qtbot.mouseClick(home._featured_button, Qt.MouseButton.LeftButton)
    assert game.writer.story.branch()[0].kind is Kind.OPENING
    assert "${" not in game.text
    game.play("look around")
    game.agree()


def test_the_gallery_has_every_scenario(game):
    assert len(game.window.home.grid.buttons) >= 24


def test_the_last_story_is_offered_and_goes_on(qtbot, game):
    game.begin()
    game.play("open the chest")
    whole, title = game.text, game.writer.story.title
    game.press("home")
    assert game.writer.story is None
    home = game.window.home
    qtbot.waitUntil(home.shelf.isVisible)
    assert home._featured is not None
    assert home._featured.card.title == title
    qtbot.mouseClick(home._featured_button, Qt.MouseButton.LeftButton)
    assert game.text == whole
    game.agree()


def test_stories_are_found_by_their_words(qtbot, game):
    game.begin("castle-gray")
    game.play("open the chest")
    game.press("home")
    game.begin("aisle-nine")
    game.press("home")
    shelf = game.window.home.shelf
    qtbot.waitUntil(lambda: len(shelf.rows) == 2)
    qtbot.keyClicks(shelf.field, "creak")
    qtbot.waitUntil(lambda: [row.title for row in shelf.rows] == ["Under Castle Gray"])
    assert "creaks open" in shelf.rows[0].text
    shelf.field.setText("zebra")
    qtbot.waitUntil(shelf.empty.isVisible)


def test_closing_in_mid_passage_keeps_what_was_written(new_game, qtbot):
    game = new_game([long_reply()], delay=0.004)
    game.begin()
    game.type("wait")
    game.wait_for_words()
    qtbot.waitUntil(lambda: len(game.drafted) > 20)
    path = game.path
    game.close()
    with Store.open(path) as store:
        last = store.story.branch()[-1]
        assert last.kind is Kind.REPLY
        assert last.text.strip().startswith("A word")


def test_a_crash_in_mid_passage_loses_seconds_only(new_game, own_home, qtbot):
    game = new_game([long_reply()], delay=0.01)
    game.begin("blank-story")
    game.app.preferences.update(reply_tokens=400)
    game.writer.story.set("settings", {})
    game.type("wait")
    game.wait_for_words()
    qtbot.waitUntil(lambda: bool(game.writer.store._writer.has_drafts), timeout=10_000)
    copy = own_home / "crashed.story"
    qtbot.wait(300)  # the draft is written by the store's own thread
    backup = sqlite3.connect(copy)
    live = sqlite3.connect(game.path)
    live.backup(backup)
    live.close()
    backup.close()
    with Store.open(copy) as store:
        assert store.recovered == 1
        assert store.story.branch()[-1].text.strip().startswith("A word")


def test_opening_the_open_story_again_changes_nothing(game):
    game.begin()
    store = game.writer.store
    game.window.librarian.open(str(game.path))
    assert game.problems == []
    assert game.writer.store is store


def test_a_story_that_somebody_else_has_open_is_said(game):
    game.begin()
    path = game.path
    game.press("home")
    with Store.open(path):
        game.window.librarian.open(str(path))
    assert "open in another window" in game.problems[-1]
    assert game.window.home.isVisible()


def test_a_file_that_is_no_story_gets_a_sentence(game, tmp_path):
    bad = tmp_path / "bad.story"
    bad.write_text("not a story")
    game.window.librarian.open(str(bad))
    assert game.problems
    assert "bad.story" in game.window.status.now


@pytest.mark.parametrize("ending", [".txt", ".md", ".json"])
def test_export(game, tmp_path, monkeypatch, ending):
    game.begin()
    game.play("open the chest")
    target = tmp_path / f"out{ending}"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (str(target), ""))
    game.press("export")
    text = target.read_text("utf-8")
    assert "The chest creaks open." in text
    if ending == ".json":
        json.loads(text)
    else:
        assert "> You open the chest." in text


def test_an_export_that_fails_is_said(game, tmp_path, monkeypatch):
    game.begin()
    target = tmp_path / "no" / "out.txt"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (str(target), ""))
    game.press("export")
    assert "out.txt could not be written" in game.window.status.now


def test_copy_and_rename(game, monkeypatch):
    game.begin()
    game.press("copy_story")
    assert "Castle Gray" in QApplication.clipboard().text()
    monkeypatch.setattr(QInputDialog, "getText", lambda *a, **k: ("  A   new name ", True))
    game.press("rename")
    assert game.writer.story.title == "A new name"
    assert game.window.windowTitle().startswith("A new name")
    game.press("undo")
    assert game.writer.story.title == "Under Castle Gray"


def test_the_theme_changes_everywhere_and_is_kept(game):
    from app.theme import load_theme

    game.begin()
    dark = next(a for a in game.window.look._themes.actions() if a.data() == "dark")
    dark.trigger()
    assert game.app.preferences.value.theme == "dark"
    assert game.page.setting.theme == load_theme("dark")
    assert QApplication.palette().window().color() == load_theme("dark").color("window")


def test_focus_mode_leaves_the_page(game):
    game.begin()
    game.press("focus")
    window = game.window
    assert not window.menuBar().isVisible()
    assert not window.status.isVisible()
    assert game.page.isVisible()
    game.press("focus")
    assert window.menuBar().isVisible()
    assert window.desk.turn_bar.isVisible()


@pytest.mark.parametrize("kind", ["story", "poem", "dialogue", "script"])
def test_blank_pages_write_on_without_actions(game, kind):
    game.blank(kind)
    assert game.writer.story.settings["kind"] == kind
    game.play("Rain fell.")
    kinds = [node.kind for node in game.writer.story.branch()]
    assert kinds[0] is Kind.STORY
    assert kinds[-1] is Kind.REPLY
    assert not game.backend.requests[0].text.startswith(">")
    game.agree()


def test_words_and_the_session_target(qtbot, game, monkeypatch):
    monkeypatch.setattr(QInputDialog, "getInt", lambda *a: (100, True))
    game.blank()
    game.press("target")
    game.play("Rain fell on the roof.")
    qtbot.waitUntil(lambda: "today" in game.window.status._words.text())
    assert "of 100" in game.window.status._words.text()


def test_every_widget_that_takes_the_focus_has_a_name(game):
    game.begin()
    game.window.desk.find_bar.open_with_selection()
    nameless = [
        w
        for w in game.window.findChildren(QWidget)
        if w.focusPolicy() & Qt.FocusPolicy.TabFocus
        and w.isVisible()
        and not (w.accessibleName() or getattr(w, "text", lambda: "")())
    ]
    assert nameless == []


def test_moments_are_said_as_people_say_them():
    now = 1_760_000_000
    assert when(now, now) == "today"
    assert when(now - 86_400, now) == "yesterday"
    assert when(now - 3 * 86_400, now).endswith("day")
    assert when(now - 40 * 86_400, now)[0].isdigit()
