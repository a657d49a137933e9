"""Chances of words on the page: the card, branching at a word, the heat map. With Ember."""

from __future__ import annotations

import math

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.application import Application
from app.heat import depth
from engine.lm.backend import Scored
from engine.story.node import Kind


@pytest.fixture
def ember(qtbot, own_home, qapp):
    """The real window with Ember and a turn played."""
    app = Application()
    app.start()
    qtbot.waitUntil(lambda: app.models.current is not None, timeout=30_000)
    app.preferences.update(greeted=False)
    app.window.librarian.begin_scenario("castle-gray")
    play(qtbot, app.window, "look around")
    yield app.window
    app.window.close()
    qapp.setStyleSheet("")


def play(qtbot, window, text):
    window.desk.prompt.line.setPlainText(text)
    window.desk.prompt.submit()
    qtbot.waitUntil(lambda: not window.writer.streaming, timeout=60_000)


def point_of(window, offset):
    page = window.desk.page
    cursor = page.textCursor()
    cursor.setPosition(page.places.position_at(offset))
    box = page.cursorRect(cursor)
    return box.center() + QPoint(4, 0)


def reply_of(window):
    story = window.writer.story
    return story.node(story.head), story.starts[-2]


def test_resting_on_a_word_shows_the_chances_it_had(qtbot, ember):
    node, start = reply_of(ember)
    ember.actions_["chances"].trigger()
    word = ember.chances.words_of(node)[2]
    page = ember.desk.page
    page.ensureCursorVisible()
    point = point_of(ember, start + word.start)
    move = QMouseEvent(
        QEvent.Type.MouseMove, QPointF(point), page.viewport().mapToGlobal(QPointF(point)),
        Qt.MouseButton.NoButton, Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(page.viewport(), move)
    card = ember.chances.card
    qtbot.waitUntil(card.isVisible)
    assert node.text[word.start : word.end] in card.title
    meta, first = node.meta, word.tokens[0]
    total = sum(one.logprob for one in word.tokens)
    assert word.probability == pytest.approx(math.exp(total))
    assert first.logprob in [pytest.approx(p) for p in meta.logprobs]
    assert card.buttons
    ember.actions_["chances"].trigger()
    assert not card.isVisible()


def test_a_click_on_an_alternative_branches_there(qtbot, ember):
    story = ember.writer.story
    node, start = reply_of(ember)
    words = ember.chances.words_of(node)
    word = next(w for w in words[2:] if any(o.text.strip() for o in w.tokens[0].others))
    assert ember.chances.show_at(point_of(ember, start + word.start))
    button = next(b for b in ember.chances.card.buttons if b.text().strip())
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not ember.writer.streaming, timeout=60_000)
    assert node.id in story
    assert story.place(node.id) is None  # the old one is a branch beside
    branch = story.branch()
    fork = next(n for n in branch if n.parent == node.parent)
    first = word.tokens[0]
    assert fork.text.startswith(node.text[: first.start])
    assert fork.text != node.text
    assert all(span.author == "model" for span in fork.spans)
    ember.actions_["undo"].trigger()
    ember.actions_["undo"].trigger()
    assert story.head == node.id


def test_the_heat_map_colours_typed_and_generated_words_as_the_model_scores_them(qtbot, ember):
    story, backend = ember.writer.story, ember.writer.model.backend
    story.append(Kind.STORY, "Xylophones argue sideways, and you open the door.")
    ember.actions_["heat"].trigger()
    heat = ember.chances.heat
    qtbot.waitUntil(lambda: story.head in heat.known, timeout=30_000)
    node = story.node(story.head)
    found = {node.text[w.start : w.end]: w for w in heat.words_of(node)}
    assert set(found) == set(node.text.split())
    context = heat._context
    qtbot.waitUntil(lambda: not ember.jobs.busy, timeout=30_000)  # the lane is at rest
    scores = [e.logprob for e in backend.score(context.tokens) if isinstance(e, Scored)]
    kept = [one for one, _ in heat._scores]
    assert kept[1:] == pytest.approx(scores[1:], abs=1e-5)
    assert found["Xylophones"].probability < found["you"].probability
    first = ember.desk.page.places.position_at(story.starts[-2])
    marks = ember.desk.page.extraSelections()
    marked = {
        m.cursor.selectedText()
        for m in marks
        if m.cursor.selectionStart() >= first
        and m.format.background().style() is not Qt.BrushStyle.NoBrush
    }
    assert "Xylophones" in marked
    assert marked == {text for text, word in found.items() if depth(word.probability) > 0}
    ember.actions_["heat"].trigger()
    assert ember.desk.page.extraSelections() == []


def test_the_heat_map_and_the_find_bar_do_not_wipe_each_other(qtbot, ember):
    ember.actions_["heat"].trigger()
    heat = ember.chances.heat
    qtbot.waitUntil(lambda: bool(heat.known), timeout=30_000)
    count = len(ember.desk.page.extraSelections())
    bar = ember.desk.find_bar
    bar.needle.setText("the")
    bar.open_with_selection()
    qtbot.waitUntil(lambda: len(ember.desk.page.extraSelections()) > count)
    bar.dismiss()
    assert len(ember.desk.page.extraSelections()) == count


def test_typing_takes_the_colour_of_a_changed_passage_until_it_is_scored_anew(qtbot, ember):
    story = ember.writer.story
    ember.actions_["heat"].trigger()
    heat = ember.chances.heat
    qtbot.waitUntil(lambda: story.head in heat.known, timeout=30_000)
    node = story.node(story.head)
    story.replace(story.length - 1, story.length, " for ever.", near=node.id)
    assert heat.words_of(story.node(node.id)) == []
    qtbot.waitUntil(lambda: bool(heat.words_of(story.node(node.id))), timeout=30_000)


def test_playing_goes_before_scoring(qtbot, ember):
    ember.actions_["heat"].trigger()
    play(qtbot, ember, "go north")
    heat, story = ember.chances.heat, ember.writer.story
    qtbot.waitUntil(lambda: story.head in heat.known, timeout=30_000)
