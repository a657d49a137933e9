"""The panel of branches, through its own widgets."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog, QMessageBox, QPushButton

from app.dialogs.compare import CompareDialog
from app.docks.branches_model import ROLE
from engine.story.node import Author, Kind
from engine.story.store import Store


@pytest.fixture
def panel(qtbot, game):
    game.begin()
    game.play("open the chest")
    game.press("retry")
    qtbot.waitUntil(lambda: not game.writer.streaming)
    game.play("go on")
    panel = game.window.docks.show("dock_branches").contents
    settle(qtbot, panel)
    return panel


def settle(qtbot, panel):
    qtbot.waitUntil(lambda: not panel._pause.isActive())


def lines(panel):
    rows = panel.outline.rows
    return [rows.index(row, 0).data(ROLE) for row in range(rows.rowCount())]


def the_other(game):
    """The reply that is not on the page."""
    story = game.writer.story
    return next(n for n in story.state.nodes.values() if story.place(n.id) is None)


def test_the_outline_is_the_branch_with_versions_folded_under_it(game, panel):
    story = game.writer.story
    shown = lines(panel)
    assert [line.node for line in shown] == [node.id for node in story.branch()]
    assert [line.versions for line in shown] == [1, 1, 2, 1, 1]
    assert shown[-1].head
    fork = panel.outline.rows.index(2, 0)
    assert panel.outline.rows.rowCount(fork) == 1
    other = panel.outline.rows.index(0, 0, fork).data(ROLE)
    assert other.node == the_other(game).id
    assert not other.current


def test_a_double_click_goes_there_and_undo_comes_back(qtbot, game, panel):
    story, other = game.writer.story, the_other(game)
    before = story.text
    panel.outline.select(other.id)
    index = panel.outline.currentIndex()
    assert panel.outline.rows.node(index) == other.id
    box = panel.outline.visualRect(index)
    QTest.mouseClick(panel.outline.viewport(), Qt.MouseButton.LeftButton, pos=box.center())
    QTest.mouseDClick(panel.outline.viewport(), Qt.MouseButton.LeftButton, pos=box.center())
    assert story.head == other.id
    settle(qtbot, panel)
    assert lines(panel)[-1].node == other.id
    game.press("undo")
    assert story.text == before
    game.agree()


def test_the_map_shows_every_passage_and_goes_where_it_is_double_clicked(qtbot, game, panel):
    panel._switch.button(1).click()
    drawing = panel.map.drawing
    assert set(drawing.by_id) == set(game.writer.story.state.nodes)
    spot = drawing.by_id[the_other(game).id]
    assert spot.lane == 1
    place = drawing.place(spot).toPoint()
    assert drawing.at(place) == spot
    QTest.mouseClick(drawing, Qt.MouseButton.LeftButton, pos=place)
    assert panel.selected == spot.node
    QTest.mouseDClick(drawing, Qt.MouseButton.LeftButton, pos=place)
    assert game.writer.story.head == spot.node
    assert not drawing.grab().isNull()


def test_the_map_is_walked_with_the_keys(game, panel):
    panel._switch.button(1).click()
    drawing, story = panel.map.drawing, game.writer.story
    panel.choose(story.head)
    QTest.keyClick(drawing, Qt.Key.Key_Up)
    QTest.keyClick(drawing, Qt.Key.Key_Up)
    reply = panel.selected
    QTest.keyClick(drawing, Qt.Key.Key_Right)
    assert panel.selected == the_other(game).id
    QTest.keyClick(drawing, Qt.Key.Key_Left)
    assert panel.selected == reply
    QTest.keyClick(drawing, Qt.Key.Key_Return)
    assert story.head == reply


def test_names_and_bookmarks(monkeypatch, game, panel):
    story, other = game.writer.story, the_other(game)
    panel.choose(other.id)
    answers = iter([("the lantern", True), ("the  lamp/oil", True), ("", True)])
    monkeypatch.setattr(QInputDialog, "getText", lambda *a, **k: next(answers))
    panel.mark.click()
    assert story.bookmarks == {"the lantern": other.id}
    panel.verbs.name(other.id)
    assert story.branches == {"the lamp oil": other.id}
    panel.verbs.name(other.id)  # an empty name forgets it
    assert story.branches == {}
    game.press("undo")
    assert story.branches == {"the lamp oil": other.id}


def test_compare_shows_both_ways_from_the_fork_and_goes_to_the_one_picked(game, panel):
    story, other = game.writer.story, the_other(game)
    panel.choose(other.id)
    panel.compare.click()
    dialog = panel.findChild(CompareDialog)
    left, right = (side.toPlainText() for side in dialog.sides)
    assert right == other.body
    assert left.startswith(story.branch()[2].body)
    assert "go on" in left
    buttons = [one for one in dialog.findChildren(QPushButton) if "Go on" in one.text()]
    next(one for one in buttons if one.accessibleDescription().startswith("The other")).click()
    assert story.head == other.id


def test_delete_bring_back_purge(monkeypatch, qtbot, game, panel):
    story, other = game.writer.story, the_other(game)
    panel.verbs.delete(other.id)
    settle(qtbot, panel)
    assert lines(panel)[2].versions == 1
    panel._switch.button(2).click()
    assert panel.trash.count() == 1
    panel.trash.setCurrentRow(0)
    panel.restore.click()
    assert story.head == other.id
    panel.verbs.delete(other.id)
    clicks = iter([False, True])

    def answer(box):
        wanted = next(clicks)
        role = QMessageBox.ButtonRole.DestructiveRole
        pick = next(b for b in box.buttons() if (box.buttonRole(b) == role) == wanted)
        pick.click()

    monkeypatch.setattr(QMessageBox, "exec", answer)
    settle(qtbot, panel)
    panel.refresh()
    panel.purge_all.click()
    assert other.id in story  # not confirmed
    panel.purge_all.click()
    assert other.id not in story
    settle(qtbot, panel)
    assert story.trash() == []
    assert [panel.trash.item(row).text() for row in range(panel.trash.count())] == [
        "Nothing has been deleted."
    ]


def test_copy_out_to_the_clipboard_and_to_a_story_of_its_own(monkeypatch, tmp_path, game, panel):
    story, other = game.writer.story, the_other(game)
    wanted = "".join(node.text for node in story.path(other.id)).strip()
    panel.verbs.copy(other.id)
    assert QApplication.clipboard().text() == wanted
    target = tmp_path / "alone"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(target), ""))
    panel.verbs.save_as(other.id)
    with Store.open(target.with_name("alone.story")) as store:
        assert store.story.text.strip() == wanted
        assert len(store.story.state.nodes) == len(story.path(other.id))
    panel.verbs.save_as(other.id)  # it is there already
    assert "already" in game.window.status._now.text()


def test_a_large_tree_is_shown_at_once_and_in_part(qtbot, game, panel):
    story = game.writer.story
    with story.verb("grow"):
        for number in range(3000):
            story.append(Kind.REPLY, f" And then {number}.", Author.MODEL, join=True)
    settle(qtbot, panel)
    assert panel.outline.rows.rowCount() == len(story.branch())
    assert panel.outline.node == story.head
    panel._switch.button(1).click()
    assert len(panel.map.drawing.spots) == len(story.state.nodes)


def test_without_a_story_nothing_can_be_done(game):
    panel = game.window.docks.show("dock_branches").contents
    assert panel.outline.rows.rowCount() == 0
    assert not panel.go.isEnabled()
    assert not panel.more.isEnabled()
    panel._fill(panel.menu)
    assert panel.menu.isEmpty()
