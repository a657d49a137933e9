"""The sampling panel through its real widgets: sliders, fields, scope, undo, order, words, seed."""

from __future__ import annotations

import tomllib

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication

from app.docks.sampling_choice import Scope
from app.docks.sampling_scale import Scale
from engine.choice import common_path
from engine.lm.backend import Capabilities
from engine.lm.knobs import ADVANCED, EVERYDAY, KNOBS, REPETITION, STAGES, SWITCHES, WORDS
from engine.lm.presets import find
from engine.lm.settings import SamplerSettings
from engine.playing import sampling_of
from engine.story.profile import EMBER
from tests.app.game import long_reply


@pytest.fixture
def panel(game):
    game.begin()
    dock = game.window.docks.show("dock_sampling")
    assert game.window.isVisible() or not game.window.show()
    return dock.contents


def unfold(panel, *groups):
    for group in groups:
        panel.knobs.sections[group].button.setChecked(True)


def row(panel, field):
    unfold(panel, *(knob.group for knob in KNOBS if knob.field == field))
    return panel.knobs.rows[field]


def words(panel, field):
    unfold(panel, *(entry.group for entry in WORDS if entry.field == field))
    return panel.knobs.words[field].editor


def own(game):
    return game.writer.story.settings


def test_every_knob_has_a_slider_a_field_a_sentence_and_a_name(panel):
    knobs = panel.knobs
    assert row(panel, "temperature")
    assert "mirostat" not in knobs.rows  # made when somebody looks
    unfold(panel, *knobs.sections)
    assert set(knobs.rows) == {knob.field for knob in KNOBS}
    assert set(knobs.switches) == {switch.field for switch in SWITCHES}
    assert set(knobs.words) == {words.field for words in WORDS}
    for knob in KNOBS:
        one, scale = knobs.rows[knob.field], Scale(knob)
        assert one.help.text()
        for widget in (one.slider, one.field, one.reset):
            assert widget.accessibleName()
        for value in (knob.low, knob.high):
            assert scale.value(scale.position(value)) == value
        assert scale.position(knob.low) == 0
    assert {EVERYDAY, REPETITION, ADVANCED} == set(knobs.sections)


def test_it_shows_what_holds_and_what_is_off(game, panel):
    steady = find("steady").settings
    assert sampling_of(game.writer.story, EMBER) == steady
    assert row(panel, "temperature").field.value() == steady.temperature
    assert row(panel, "temperature").switch.isChecked()
    assert not row(panel, "top_k").switch.isChecked()
    assert row(panel, "top_k").field.text() == "off"
    assert not row(panel, "mirostat_tau").slider.isEnabled()
    assert "Mirostat" in row(panel, "mirostat_tau").help.text()
    assert panel.presets.box.currentText() == "Steady"


def test_the_next_request_carries_a_slider_that_was_moved(game, panel):
    row(panel, "temperature").slider.setValue(500)
    wanted = row(panel, "temperature").field.value()
    assert wanted != find("steady").settings.temperature
    game.play("look around")
    sent = game.backend.requests[-1].sampling
    assert sent == find("steady").settings.with_(temperature=wanted)
    assert game.faults == []


def test_a_drag_is_one_step_of_undo(game, panel, qtbot):
    slider = row(panel, "min_p").slider
    before = dict(own(game))
    start, end = QPoint(slider.width() // 4, slider.height() // 2), slider.height() // 2
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=start)
    for x in range(slider.width() // 4, slider.width() // 2, 3):
        qtbot.mouseMove(slider, QPoint(x, end))
        slider.setSliderPosition(slider.minimum() + x)  # offscreen the pointer may not be grabbed
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() // 2, end))
    moved = panel.chooser.sampling.min_p
    assert moved != find("steady").settings.min_p
    steps = len(game.writer.story.journal.done)
    game.press("undo")
    assert own(game) == before
    assert panel.chooser.sampling == find("steady").settings
    assert row(panel, "min_p").field.value() == find("steady").settings.min_p
    game.press("redo")
    assert panel.chooser.sampling.min_p == moved
    assert len(game.writer.story.journal.done) == steps


def test_two_sliders_are_two_steps(game, panel):
    row(panel, "top_k").slider.setValue(300)
    row(panel, "top_p").slider.setValue(700)
    game.press("undo")
    assert panel.chooser.sampling.top_p == find("steady").settings.top_p
    assert panel.chooser.sampling.top_k > 0
    game.press("undo")
    assert panel.chooser.sampling.top_k == 0


def test_keys_move_by_the_knobs_own_steps(panel, qtbot):
    knob = row(panel, "top_k")
    knob.slider.setFocus()
    qtbot.keyClick(knob.slider, Qt.Key.Key_Right)
    assert panel.chooser.sampling.top_k == 1
    qtbot.keyClick(knob.slider, Qt.Key.Key_PageUp)
    assert panel.chooser.sampling.top_k == 11
    qtbot.keyClick(knob.slider, Qt.Key.Key_Home)
    assert panel.chooser.sampling.top_k == 0


def test_a_number_is_typed_and_the_word_off_too(panel, qtbot):
    knob = row(panel, "typical_p")
    knob.field.selectAll()
    qtbot.keyClicks(knob.field, "0.9")
    qtbot.keyClick(knob.field, Qt.Key.Key_Return)
    assert panel.chooser.sampling.typical_p == 0.9
    assert knob.switch.isChecked()
    knob.field.selectAll()
    qtbot.keyClicks(knob.field, "off")
    qtbot.keyClick(knob.field, Qt.Key.Key_Return)
    assert panel.chooser.sampling.typical_p == 1
    assert not knob.switch.isChecked()


def test_a_switch_turns_off_and_back_to_where_it_was(panel):
    knob = row(panel, "min_p")
    wanted = find("steady").settings.min_p
    assert panel.chooser.sampling.min_p == wanted > 0
    knob.switch.click()
    assert panel.chooser.sampling.min_p == 0
    assert knob.switch.property("quiet") == "true"
    knob.switch.click()
    assert panel.chooser.sampling.min_p == wanted


def test_reset_goes_back_to_the_preset(panel):
    knob = row(panel, "temperature")
    assert not knob.reset.isVisible()
    knob.slider.setValue(900)
    assert knob.reset.isVisible()
    knob.reset.click()
    assert panel.chooser.sampling.temperature == find("steady").settings.temperature


def test_what_has_no_effect_says_so(panel):
    row(panel, "temperature").field.setValue(0)
    assert "temperature is 0" in row(panel, "min_p").help.text()
    row(panel, "temperature").field.setValue(1)
    row(panel, "mirostat").switch.click()
    assert panel.chooser.sampling.mirostat == 2
    assert "Mirostat" in row(panel, "top_p").help.text()
    assert row(panel, "mirostat_tau").slider.isEnabled()


def test_what_a_server_lacks_is_greyed_out_with_its_reason(game, panel):
    unfold(panel, ADVANCED)
    reasons = {
        "top_a": "This server has no top-a.",
        "banned": "Not there.",
        "order": "Its own order.",
    }
    game.backend.capabilities = Capabilities(logits=False, seeds=False, unavailable=reasons)
    game.writer.model_changed.emit(game.writer.model)
    assert not row(panel, "top_a").slider.isEnabled()
    assert row(panel, "top_a").help.text() == "This server has no top-a."
    assert not words(panel, "banned").isEnabled()
    assert row(panel, "top_k").slider.isEnabled()
    assert not panel.order.list.isEnabled()
    assert panel.order.hint.text() == "Its own order."
    assert not panel.seed.switch.isEnabled()


def test_settings_of_all_stories_go_into_a_file_and_hold_in_the_next_story(game, panel):
    panel.all.click()
    assert panel.chooser.scope is Scope.ALL
    row(panel, "temperature").field.setValue(1.3)
    assert "sampling" not in own(game)
    assert sampling_of(game.writer.story, EMBER, game.window.playing.common).temperature == 1.3
    panel.chooser.flush()
    assert tomllib.loads(common_path().read_text())["sampling"]["temperature"] == 1.3
    game.blank()
    assert sampling_of(game.writer.story, EMBER).temperature == 1.3
    game.type("Once upon a time")
    game.wait()
    assert game.backend.requests[-1].sampling.temperature == 1.3


def test_a_story_with_its_own_says_so_and_lets_go_in_one_step(game, panel):
    row(panel, "temperature").field.setValue(1.1)
    panel.all.click()
    assert panel.chooser.overridden
    assert panel.notice.isVisible()
    panel.drop.click()
    assert "sampling" not in own(game)
    panel.story.click()
    assert panel.chooser.sampling == find("steady").settings
    game.press("undo")
    assert panel.chooser.sampling.temperature == 1.1


def test_without_a_story_those_of_all_are_changed(game):
    panel = game.window.docks.show("dock_sampling").contents
    assert panel.chooser.scope is Scope.ALL
    assert not panel.story.isEnabled()
    row(panel, "top_k").field.setValue(12)
    panel.drop.click()
    assert panel.chooser.sampling == find("steady").settings
    panel.chooser.flush()
    assert not common_path().exists()


def test_stages_are_reordered_with_keys_and_buttons(game, panel, qtbot):
    order = panel.order.list
    assert order.order() == STAGES
    order.setCurrentRow(STAGES.index("temperature"))
    qtbot.keyClick(order, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    panel.order.up.click()
    wanted = panel.chooser.sampling.order
    assert wanted.index("temperature") == STAGES.index("temperature") - 2
    assert "off" in order.item(wanted.index("top_k")).text()
    game.play("look around")
    assert game.backend.requests[-1].sampling.order == wanted
    game.press("undo")  # the reply
    game.press("undo")
    game.press("undo")
    assert panel.chooser.sampling.order.index("temperature") == STAGES.index("temperature") - 1
    panel.order.usual.click()
    assert panel.chooser.sampling.order == STAGES


def test_words_are_added_changed_and_removed_and_show_their_ids(panel, qtbot):
    banned = words(panel, "banned")
    banned.item(0, 0).setText("elf")
    banned.item(1, 0).setText("dark lord")
    assert panel.chooser.sampling.banned == ("elf", "dark lord")
    assert banned.item(0, 1).text() == "101 108 102 | 32 101 108 102"
    banned.selectRow(0)
    qtbot.keyClick(banned, Qt.Key.Key_Delete)
    assert panel.chooser.sampling.banned == ("dark lord",)
    biases = words(panel, "logit_bias")
    biases.item(0, 0).setText("torch")
    assert panel.chooser.sampling.logit_bias == (("torch", 1.0),)
    biases.item(0, 1).setText("-2,5")
    assert panel.chooser.sampling.logit_bias == (("torch", -2.5),)
    biases.item(0, 1).setText("nan")
    assert panel.chooser.sampling.logit_bias == (("torch", 1.0),)
    breakers = words(panel, "dry_breakers")
    assert breakers.item(0, 0).text() == "\\n"
    breakers.item(breakers.rowCount() - 1, 0).setText("\\t")
    assert panel.chooser.sampling.dry_breakers[-1] == "\t"
    words(panel, "negative_prompt").setPlainText("A dull tale.")
    assert panel.chooser.sampling.negative_prompt == "A dull tale."


def test_stop_strings_and_a_fixed_seed_go_into_the_request(game, panel):
    panel.stop.table.item(0, 0).setText("\\nThe end")
    panel.seed.switch.click()
    panel.seed.field.setText("77")
    panel.seed.field.editingFinished.emit()
    game.play("look around")
    sent = game.backend.requests[-1]
    assert "\nThe end" in sent.stop
    assert sent.seed == 77
    game.press("retry")
    game.wait()
    assert game.backend.requests[-1].seed == 77
    panel.seed.switch.click()
    game.press("retry")
    game.wait()
    assert game.backend.requests[-1].seed != 77
    panel.seed.last.click()
    assert panel.chooser.choice.seed == game.backend.requests[-1].seed


def test_a_story_from_elsewhere_cannot_spoil_the_panel(game, panel):
    game.writer.story.set(
        "settings",
        {
            "sampling": {
                "temperature": "hot",
                "top_k": 40.0,
                "order": [1],
                "banned": "x",
                "tfs": 9,
            },
            "preset": ["?"],
            "stop_strings": [1, "", "x" * 999, "ok"],
            "seed": "now",
        },
    )
    assert panel.chooser.sampling == SamplerSettings(top_k=40)
    assert panel.chooser.choice.stop == ("ok",)
    assert panel.chooser.choice.seed is None
    game.play("look around")
    assert game.backend.requests[-1].sampling == SamplerSettings(top_k=40)
    assert game.faults == []


@pytest.mark.parametrize("width", [560, 1100])
def test_nothing_is_wider_than_the_panel(game, panel, width):
    game.window.resize(width, 480)
    unfold(panel, *panel.knobs.sections)
    for name in ("order", "seed"):
        parent = getattr(panel, name).parentWidget().parentWidget()
        parent.button.setChecked(True)
    QApplication.processEvents()
    inside = panel.area.widget()
    assert inside.minimumSizeHint().width() <= panel.area.viewport().width()
    for one in panel.knobs.rows.values():
        name = one.switch or one.label
        assert name.sizeHint().width() <= name.width(), name.text()  # no name is cut
        room = one.field.lineEdit().width()
        assert one.field.fontMetrics().horizontalAdvance(one.field.text()) <= room


def test_settings_may_change_while_a_reply_streams(new_game, qtbot):
    game = new_game([long_reply(60)], delay=0.005)
    game.begin()
    panel = game.window.docks.show("dock_sampling").contents
    game.type("look around")
    game.wait_for_words()
    panel.knobs.rows["temperature"].field.setValue(1.7)
    assert game.writer.streaming
    game.wait()
    game.agree()
    assert game.backend.requests[-1].sampling.temperature != 1.7
    game.press("retry")
    game.wait()
    assert game.backend.requests[-1].sampling.temperature == 1.7
    game.agree()
