"""The settings' dialog, through its own fields: applied at once, taken back, kept."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QApplication, QFileDialog

from app.files import export_story
from app.models import How
from app.settings import Preferences, Settings
from engine import paths
from engine.lm.remote.servers import Server, put_server
from engine.story.node import Kind


def choose(field, value):
    """As a person picks from a list."""
    at = field.box.findData(value)
    assert at >= 0
    field.box.setCurrentIndex(at)
    field.box.activated.emit(at)


def test_what_is_set_shows_at_once_and_after_a_restart(qtbot, shop):
    shop.begin()
    dialog = shop.settings()
    choose(dialog.fields["theme"], "sepia")
    assert shop.page.setting.theme.id == "sepia"
    dialog.fields["measure"].box.setValue(80)
    dialog.fields["line_height"].box.setValue(1.7)
    dialog.fields["font_size"].box.setValue(16)
    assert (shop.page.setting.measure, shop.page.setting.leading) == (80, 1.7)
    assert shop.page.setting.points == 16
    dialog.fields["reply_tokens"].box.setValue(120)
    assert shop.window.desk.prompt.length.tokens == 120
    dialog.fields["session_target"].box.setValue(500)
    assert "500" in shop.window.status._words.text()
    dialog.fields["read_ahead"].box.click()
    assert shop.writer.ahead.enabled is False
    value = shop.app.preferences.value
    assert Preferences().value == value
    assert (value.theme, value.measure, value.read_ahead) == ("sepia", 80, False)


def test_undo_takes_back_step_by_step_and_defaults_can_be_undone(shop):
    dialog = shop.settings()
    assert not dialog.undo.isEnabled()
    choose(dialog.fields["theme"], "dark")
    for measure in (70, 72, 75):  # one drag is one step
        dialog.fields["measure"].box.setValue(measure)
    dialog.undo.click()
    value = shop.app.preferences.value
    assert (value.measure, value.theme) == (Settings().measure, "dark")
    assert dialog.fields["measure"].box.value() == Settings().measure
    dialog.defaults.click()
    assert shop.app.preferences.value.theme == "system"
    assert shop.app.preferences.value.last_story == value.last_story
    dialog.undo.click()
    assert shop.app.preferences.value.theme == "dark"
    dialog.undo.click()
    assert shop.app.preferences.value.theme == "system"
    assert not dialog.undo.isEnabled()


def test_how_a_model_runs_is_tried_before_it_is_kept(qtbot, shop):
    shop.begin()
    dialog = shop.settings()
    choose(dialog.fields["dtype"], "bfloat16")
    qtbot.waitUntil(lambda: shop.app.preferences.value.dtype == "bfloat16", timeout=50_000)
    assert shop.loads[-1] == ("ember", How(dtype="bfloat16"))
    dialog.fields["threads"].box.setValue(1)
    dialog.fields["threads"].box.setValue(2)  # one load for both
    qtbot.waitUntil(lambda: shop.app.preferences.value.threads == 2, timeout=50_000)
    assert [how.threads for _, how in shop.loads] == [0, 0, 2]
    assert Preferences().value.threads == 2
    dialog.undo.click()
    qtbot.waitUntil(lambda: shop.app.preferences.value.threads == 0, timeout=50_000)
    assert shop.app.preferences.value.dtype == "bfloat16"
    shop.play("look around")


def test_a_model_that_cannot_be_loaded_is_not_kept(qtbot, shop):
    put_server(Server("Gone", "http://127.0.0.1:9"))
    dialog = shop.settings()
    choose(dialog.fields["model"], "server:Gone")
    qtbot.waitUntil(lambda: "Nothing answers" in dialog.said.text(), timeout=50_000)
    assert dialog.fields["model"].box.currentData() == "ember"
    assert shop.app.preferences.value.model == "ember"
    assert not dialog.undo.isEnabled()
    assert shop.in_use == "ember"


def test_folders_are_chosen_and_used(qtbot, shop, tmp_path: Path, monkeypatch):
    stories, models = tmp_path / "mine", tmp_path / "big disk" / "models"
    dialog = shop.settings()
    dialog.tabs.setCurrentIndex(3)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(stories))
    dialog.fields["stories"].choose.click()
    shop.begin()
    assert shop.path.parent == stories
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(models))
    dialog.fields["models_folder"].choose.click()
    assert paths.models() == models
    assert models.is_dir()
    assert str(models) in shop.models().models.space.text()
    dialog.fields["models_folder"].reset.click()
    assert paths.models() == paths.data_home() / "models"
    (tmp_path / "file").write_text("x", encoding="utf-8")
    monkeypatch.setattr(
        QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "file" / "x")
    )
    dialog.fields["stories"].choose.click()
    assert "cannot be used" in dialog.said.text()
    assert shop.app.preferences.value.stories == str(stories)


def test_quotation_marks_of_exports_and_copies(shop, tmp_path: Path):
    shop.blank()
    shop.writer.story.append(Kind.STORY, 'He said "no".')
    choose(shop.settings().fields["quotes"], "curly")
    shop.press("copy_story")
    assert "“no”" in QApplication.clipboard().text()
    target = tmp_path / "a.txt"
    export_story(shop.writer.story, target, shop.app.preferences.value.quotes)
    assert "“no”" in target.read_text(encoding="utf-8")
    assert shop.text.endswith('"no".')


def test_every_field_says_what_it_is(shop):
    for name, field in shop.settings().fields.items():
        proxy = field.focusProxy()
        assert proxy is not None, name
        assert proxy.accessibleName(), name
        assert hasattr(Settings(), name)
