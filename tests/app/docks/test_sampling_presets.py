"""Presets in the sampling panel: chosen, saved, renamed, deleted, read from files, written to them."""

from __future__ import annotations

import json

import pytest
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMessageBox, QPushButton

from engine.lm import presets
from engine.lm.presets import Preset, find
from engine.lm.settings import SamplerSettings


@pytest.fixture
def panel(game):
    game.begin()
    contents = game.window.docks.show("dock_sampling").contents
    contents.presets.problem.connect(game.problems.append)
    return contents


@pytest.fixture
def answer(monkeypatch):
    """Answers the next question for a name, and agrees with every question."""

    def give(name: str, *, agree: bool = True) -> None:
        monkeypatch.setattr(QInputDialog, "getText", lambda *_: (name, True))

        def run(box: QMessageBox) -> int:
            role = QMessageBox.ButtonRole.AcceptRole
            wanted = [b for b in box.buttons() if (box.buttonRole(b) is role) is agree]
            assert isinstance(wanted[0], QPushButton)
            wanted[0].click()
            return 0

        monkeypatch.setattr(QMessageBox, "exec", run)

    return give


def names(panel) -> list[str]:
    box = panel.presets.box
    return [box.itemText(row) for row in range(box.count()) if box.itemText(row)]


def choose(panel, name: str) -> None:
    box = panel.presets.box
    box.setCurrentText(name)
    box.activated.emit(box.currentIndex())


def test_a_preset_is_chosen_in_one_step_and_goes_with_the_next_request(game, panel):
    assert len(names(panel)) >= 6
    choose(panel, "Lively")
    assert panel.chooser.sampling == find("Lively").settings
    assert find("Lively").description in panel.presets.note.text()
    game.play("look around")
    assert game.backend.requests[-1].sampling == find("Lively").settings
    for _ in range(3):
        game.press("undo")
    assert panel.presets.box.currentText() == "Steady"


def test_the_story_keeps_its_copy_when_the_preset_is_gone(game, panel, answer):
    panel.knobs.rows["top_k"].field.setValue(33)
    answer("Mine")
    panel.presets.save_as.trigger()
    mine = panel.chooser.sampling
    presets.delete(find("Mine"))
    panel.presets.reload()
    assert panel.chooser.sampling == mine
    assert panel.presets.box.currentIndex() == -1
    game.play("look around")
    assert game.backend.requests[-1].sampling == mine


def test_save_as_rename_save_and_delete(game, panel, answer):
    bar = panel.presets
    assert not bar.delete.isEnabled()  # those that came with the app stay
    assert not bar.rename.isEnabled()
    panel.knobs.rows["top_k"].field.setValue(7)
    assert "Changed" in bar.note.text()
    answer("  My   own ")
    bar.save_as.trigger()
    assert find("My own").settings.top_k == 7
    assert bar.box.currentText() == "My own"
    assert not bar.save.isEnabled()
    panel.knobs.rows["top_k"].field.setValue(8)
    bar.save.trigger()
    assert find("My own").settings.top_k == 8
    answer("Other")
    bar.rename.trigger()
    assert "My own" not in names(panel)
    assert bar.box.currentText() == "Other"
    assert panel.chooser.sampling.top_k == 8
    answer("Lively")
    bar.rename.trigger()
    assert "already" in game.problems[-1]
    assert bar.box.currentText() == "Other"
    answer("", agree=False)
    bar.delete.trigger()
    assert "Other" in names(panel)
    answer("")
    bar.delete.trigger()
    assert "Other" not in names(panel)
    assert panel.chooser.sampling.top_k == 8  # what is in use stays


def test_a_shipped_preset_that_was_changed_can_be_reset(panel, answer):
    bar = panel.presets
    shipped = find("Steady").settings
    panel.knobs.rows["top_k"].field.setValue(9)
    bar.save.trigger()
    assert find("Steady").settings.top_k == 9
    assert names(panel).count("Steady") == 1
    assert "Reset" in bar.delete.text()
    answer("")
    bar.delete.trigger()
    assert find("Steady").settings == shipped == panel.chooser.sampling
    assert find("Steady").builtin


def test_a_name_that_is_taken_is_replaced_only_when_one_agrees(panel, answer):
    presets.save(Preset("Mine", SamplerSettings(top_k=1)))
    panel.presets.reload()
    answer("mine", agree=False)
    panel.presets.save_as.trigger()
    assert find("Mine").settings.top_k == 1
    answer("mine")
    panel.presets.save_as.trigger()
    assert find("Mine").settings == find("Steady").settings
    assert names(panel).count("Mine") == 1


def test_a_foreign_preset_is_imported_used_and_its_losses_named(panel, tmp_path, monkeypatch):
    path = tmp_path / "Godlike.settings"
    path.write_text(json.dumps({"temp": 0.7, "top_k": 50, "genamt": 80}))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    told = []
    monkeypatch.setattr(QMessageBox, "open", lambda box: told.append(box.informativeText()))
    panel.presets.load.trigger()
    assert panel.chooser.sampling.temperature == 0.7
    assert find("Godlike").settings == panel.chooser.sampling
    assert "genamt" in told[0]
    panel.presets.load.trigger()
    assert "Godlike 2" in names(panel)


def test_what_is_no_preset_is_a_sentence(game, panel, tmp_path):
    path = tmp_path / "story.json"
    path.write_text("{}")
    panel.presets.read(path)
    assert "no preset" in game.problems[-1]
    assert panel.chooser.sampling == find("Steady").settings


def test_export_writes_what_is_shown(panel, tmp_path, monkeypatch):
    panel.knobs.rows["top_k"].field.setValue(21)
    target = tmp_path / "out.preset"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    panel.presets.export.trigger()
    assert json.loads(target.read_text())["parameters"]["top_k"] == 21


def test_a_damaged_preset_file_is_named_and_the_rest_are_there(game, panel):
    folder = presets.user_folder()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bad.toml").write_text("not toml at all [")
    panel.presets.reload()
    assert "bad.toml" in game.problems[-1]
    assert "Steady" in names(panel)
