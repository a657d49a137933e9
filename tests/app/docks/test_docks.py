"""The frames of the panels: opened, closed, hidden for a while, put where they stood."""

from __future__ import annotations

import pytest

from app.docks.docks import PLACES
from app.window_state import WindowState


def test_every_panel_has_its_action_and_opens_by_it(game):
    window = game.window
    for place in PLACES:
        dock, action = window.docks[place.id], window.actions_[place.id]
        assert dock.isHidden()
        assert dock.contents is None  # nothing is made before somebody looks
        action.trigger()
        assert not dock.isHidden()
        assert action.isChecked()
        assert type(dock.contents).__name__ == place.cls
        action.trigger()
        assert dock.isHidden()
        assert not action.isChecked()


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.id)
def test_focus_mode_hides_the_panels_and_brings_them_back(game, place):
    game.begin()
    dock = game.window.docks.show(place.id)
    game.window.actions_["focus"].trigger()
    assert dock.isHidden()
    game.window.actions_["focus"].trigger()
    assert not dock.isHidden()


def test_a_panel_is_open_again_after_the_next_start(new_game, tmp_path):
    first = new_game()
    first.window.docks.show("dock_memory")
    state = WindowState(tmp_path)
    state.keep(first.window)
    second = new_game()
    assert second.window.docks["dock_memory"].isHidden()
    state.lay_out(second.window)
    assert not second.window.docks["dock_memory"].isHidden()


def test_panels_never_squeeze_the_prompt_line(qtbot, game):
    game.begin()
    window = game.window
    window.resize(window.minimumSize())
    narrow = window.width()
    for name in ("dock_memory", "dock_sampling"):
        window.docks.show(name)
    qtbot.waitUntil(lambda: window.width() > narrow)
    prompt = window.desk.prompt
    qtbot.waitUntil(lambda: prompt.width() >= prompt.minimumSizeHint().width())
    for name in ("dock_memory", "dock_sampling"):
        window.docks[name].hide()
    assert window.minimumWidth() == narrow
