"""The X-ray: it shows the chain's own distribution, moves with the sliders, and never asks the model."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from app.docks.xray_plot import tell
from app.models import Model, load_local
from engine.lm.sampling import Chain
from engine.lm.xray import show
from engine.playing import sampling_of
from engine.story.node import Kind

AGREES = 1e-6


@pytest.fixture(scope="module")
def ember() -> Model:
    return load_local("ember")


def opened(game):
    dock = game.window.docks.show("dock_sampling")
    assert game.window.isVisible() or not game.window.show()
    return dock.contents


def drawn(panel, qtbot):
    """Wait for a picture of the settings and the place that hold now."""
    pane = panel.xray
    qtbot.waitUntil(
        lambda: pane.picture is not None and not pane._frame.isActive() and pane.source.fresh,
        timeout=20_000,
    )
    return pane.picture


def agree(panel, game) -> None:
    """Every bar is what the chain itself gives for this place, and the request will use that chain."""
    look = panel.xray.source.look
    picture = panel.xray.picture
    sampling = panel.chooser.sampling
    assert sampling == game.writer.play(game.writer.story).sampling
    backend = game.writer.model.backend
    truth = Chain(sampling, backend.tokenizer).distribution(look.logits, look.ids)
    shares = dict(zip(truth.ids.tolist(), truth.probs.tolist(), strict=True))
    for bar in picture.bars:
        assert abs(bar.after - shares.get(bar.id, 0.0)) < AGREES
        assert bool(bar.cut_by) == (shares.get(bar.id, 0.0) == 0)
    best = np.sort(truth.probs)[::-1][:5]
    shown = np.sort([bar.after for bar in picture.bars])[::-1][: len(best)]
    assert np.abs(shown - best).max() < AGREES  # the likeliest ones are all there
    probs = truth.probs[truth.probs > 0]
    assert abs(picture.after.entropy - float(-(probs * np.log2(probs)).sum())) < AGREES
    assert picture.after.kept == len(probs)


def test_it_says_what_to_do_before_there_is_a_story(game):
    panel = opened(game)
    assert not panel.xray.area.isVisible()
    QApplication.processEvents()
    panel.xray._draw()
    assert "Open a story" in panel.xray.empty.text()


def test_with_the_scripted_model_it_equals_the_chain(game, qtbot):
    game.begin()
    panel = opened(game)
    drawn(panel, qtbot)
    agree(panel, game)
    e = next(bar for bar in panel.xray.picture.bars if bar.id == ord("e"))
    assert e.after > e.before
    assert "e: " in panel.xray.plot.accessibleDescription()
    assert tell(e).startswith("e: ")


def test_a_slider_redraws_it_without_the_model(game, qtbot):
    game.begin()
    panel = opened(game)
    before = drawn(panel, qtbot)
    asked = len(game.backend.requests), len(game.backend.warmed)
    assert before.after.kept == 1
    panel.knobs.rows["temperature"].field.setValue(2.0)
    panel.knobs.rows["min_p"].switch.click()
    panel.knobs.rows["top_p"].switch.click()
    panel.knobs.rows["top_k"].field.setValue(3)
    after = drawn(panel, qtbot)
    assert after.after.kept >= 3
    assert after.after.entropy > before.after.entropy
    assert (len(game.backend.requests), len(game.backend.warmed)) == asked
    agree(panel, game)
    assert any(bar.cut_by for bar in before.bars)
    assert not any(bar.cut_by for bar in after.bars)  # all but one are alike
    assert next(step.name for step in after.steps) == "model"
    assert "top_k" in [step.name for step in after.steps]


def test_without_reading_ahead_a_button_reads_the_page(game, qtbot):
    game.app.preferences.update(read_ahead=False)
    game.begin()
    panel = opened(game)
    pane = panel.xray
    qtbot.waitUntil(pane.read.isVisible, timeout=10_000)
    assert pane.picture is None
    assert "not read" in pane.empty.text()
    pane.read.click()
    drawn(panel, qtbot)
    assert not pane.read.isVisible()
    agree(panel, game)


def test_the_picture_comes_back_after_suggestions_took_the_engine(new_game, qtbot):
    game = new_game(delay=0.01)
    game.begin()
    panel = opened(game)
    game.writer.suggest()  # before the page has been read ahead, and then in the midst of it
    drawn(panel, qtbot)
    game.writer.ahead.now()
    game.writer.story.append(Kind.STORY, "It is dark.")
    qtbot.waitUntil(lambda: game.writer.ahead._job is not None, timeout=10_000)
    game.writer.suggest()
    drawn(panel, qtbot)
    agree(panel, game)


def test_a_panel_that_is_opened_after_suggestions_shows_the_page(game, qtbot):
    game.begin()
    qtbot.waitUntil(lambda: bool(game.backend.warmed), timeout=10_000)
    suggested = []
    game.writer.suggested.connect(suggested.append)
    game.writer.suggest()
    qtbot.waitUntil(lambda: bool(suggested), timeout=10_000)
    drawn(opened(game), qtbot)


def test_it_is_read_as_soon_as_reading_ahead_is_switched_on(game, qtbot):
    game.app.preferences.update(read_ahead=False)
    game.begin()
    with qtbot.waitSignal(game.writer.ahead.prepared, timeout=10_000):
        pass
    assert game.backend.warmed == []
    game.app.preferences.update(read_ahead=True)
    drawn(opened(game), qtbot)


def test_stories_that_come_and_go_while_the_engine_reads(new_game, qtbot):
    game = new_game(delay=0.02)
    game.begin()
    panel = opened(game)
    path = str(game.path)
    for pause in (0, 100, 450, 600):
        game.window.go_home()
        game.window.librarian.open(path)
        game.window.chances.set_heat(True)
        qtbot.wait(pause)
    game.app.preferences.update(theme="dark")
    drawn(panel, qtbot)
    agree(panel, game)


def test_a_server_that_keeps_its_scores_is_named(game, qtbot):
    from dataclasses import replace

    game.backend.capabilities = replace(game.backend.capabilities, logits=False)
    game.begin()
    panel = opened(game)
    qtbot.waitUntil(lambda: "does not show" in panel.xray.empty.text(), timeout=5_000)


def test_with_ember_it_equals_the_chain_at_rest_and_while_it_streams(new_game, qtbot, ember):
    game = new_game(load=False)
    game.app.models._load = lambda *_: ember
    ember.backend.close = lambda: None  # it serves all tests of this module
    game.app.start()
    qtbot.waitUntil(lambda: game.app.models.current is not None, timeout=20_000)
    game.begin()
    panel = opened(game)
    drawn(panel, qtbot)
    agree(panel, game)
    assert panel.xray.picture.before.kept == ember.backend.tokenizer.n_vocab
    panel.presets.box.setCurrentText("Wild")
    panel.presets.box.activated.emit(panel.presets.box.currentIndex())
    panel.knobs.rows["min_p"].field.setValue(0.02)
    drawn(panel, qtbot)
    agree(panel, game)
    seen = []

    def look() -> None:
        source = panel.xray.source
        if source._prompt is not None and source.look is not None:
            panel.xray._draw()
            agree(panel, game)
            seen.append(source.look.ids)

    panel.xray.source.changed.connect(look)
    panel.xray.source._poll.setInterval(5)
    game.type("look around")
    panel.xray.source._poll.setInterval(5)
    game.wait()
    panel.xray.source.changed.disconnect(look)
    story = game.writer.story
    assert len(set(seen)) >= 3  # more places than one while it streamed
    prompt = story.prompt(story.head)
    sampled = tuple(prompt) + story.node(story.head).meta.ids
    places = [ids for ids in seen if ids[: len(prompt)] == tuple(prompt)]
    assert places
    assert all(sampled[: len(ids)] == ids[: len(sampled)] for ids in places)  # the true history
    assert story.node(story.head).meta.settings["min_p"] == 0.02
    drawn(panel, qtbot)
    agree(panel, game)
    assert sampling_of(story, ember.profile) == panel.chooser.sampling
    assert game.faults == []


def test_white_space_and_broken_characters_can_be_seen():
    assert show(" a\n\tb\u00a0\x07") == "·a↵⇥b⍽‹U+0007›"
    assert show(b"\xe2\x82".decode("utf-8", "surrogateescape")) == "‹E2›‹82›"
