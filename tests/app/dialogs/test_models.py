"""The dialog of models, through its own widgets, against a Hub on this machine."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from app.dialogs.models import ModelsDialog
from app.fetching import State
from engine import paths
from engine.lm import fits, library
from engine.lm.device import choose_device, wants_int8
from engine.lm.machine import Machine
from engine.story.node import Kind

REPO, NAME = "someone/tiny", "someone--tiny"


def get(qtbot, page, what=REPO):
    page.address.setText(what)
    qtbot.keyClick(page.address, Qt.Key.Key_Return)


def ended(qtbot, page, name=NAME):
    qtbot.waitUntil(lambda: not page._fetching[name].active, timeout=50_000)
    qtbot.waitUntil(lambda: page.list.key == name)


def pressed(page, what):
    button = page.detail.buttons[what]
    assert button.isVisible()
    assert button.isEnabled()
    button.click()


def listed(page):
    return [row.key for row in page.list.rows if row.key]


def about(page, name):
    return next(row.about for row in page.list.rows if row.key == name)


def test_opening_it_asks_nobody_and_shows_what_there_is(shop, hub):
    page = shop.models().models
    assert page.list.key == "ember"
    assert "in use" in about(page, "ember")
    assert not page.detail.buttons["use"].isEnabled()
    assert not page.detail.buttons["delete"].isVisible()
    page.list.pick("gpt2-xl")
    assert "licence mit" in page.detail.facts.text()
    assert "6.4 GB" in page.detail.buttons["get"].text()
    assert "prose" in page.detail.words.text()
    assert "Not tried" in page.detail.note.text()
    assert hub.requests == []


def test_the_filter_finds_by_name_and_by_what_a_model_is_good_for(qtbot, shop):
    page = shop.models().models
    qtbot.keyClicks(page.filter, "dungeon")
    assert "ai-dungeon-2" in listed(page)
    assert "gpt2-medium" not in listed(page)
    page.filter.setText("no such thing")
    assert page.empty.isVisible()
    assert not page.list.isVisible()
    page.filter.clear()
    assert "gpt2-medium" in listed(page)


def test_a_model_is_got_and_used_in_mid_story(qtbot, shop, hub, tiny):
    shop.begin()
    shop.play("open the chest")
    before, first = shop.text, shop.story.head
    page = shop.models().models
    get(qtbot, page)
    ended(qtbot, page)
    assert "whole and checked" in page.detail.state.text()
    assert "licence mit" in page.detail.facts.text()
    assert "by someone" in page.detail.facts.text()
    assert (paths.models() / NAME / "model.safetensors").read_bytes() == (
        tiny / "model.safetensors"
    ).read_bytes()
    pressed(page, "use")
    shop.loaded()
    assert shop.in_use == NAME
    assert shop.window.status.model == NAME
    assert page.detail.buttons["use"].text() == "In use"
    assert shop.text == before
    assert "Ember" not in shop.window.status.author or shop.window.status.author
    shop.play("look around")
    story = shop.story
    reply = story.last_reply()
    assert reply.id != first
    assert reply.meta.model == NAME
    assert story.node(first).meta.model == shop.backend.identity.name
    assert shop.window.status.author == ""
    shop.press("back")
    assert shop.window.status.author == f"Passage by {shop.backend.identity.name}"
    assert shop.app.preferences.value.model == NAME
    shop.agree()


def test_a_reply_that_streams_is_kept_when_the_model_changes(qtbot, own_home, qapp, hub):
    from tests.app.dialogs.conftest import Shop
    from tests.app.game import long_reply

    shop = Shop(qtbot, replies=[long_reply()], delay=0.005)
    try:
        shop.begin()
        page = shop.models().models
        get(qtbot, page)
        ended(qtbot, page)
        shop.type("open the chest")
        shop.wait_for_words()
        pressed(page, "use")
        part = shop.story.last_reply().body
        assert part
        shop.type("go north")  # asked for before the new model is there
        shop.loaded()
        shop.wait()
        story = shop.story
        assert part in story.text
        assert story.last_reply().meta.model == NAME
        assert [n.kind for n in story.branch()][-2:] == [Kind.DO, Kind.REPLY]
        shop.agree()
    finally:
        shop.close()


def test_pausing_keeps_what_has_come_and_going_on_brings_the_rest(qtbot, shop, hub, tiny):
    hub.faults.pause = 0.05
    dialog = shop.models()
    page = dialog.models
    get(qtbot, page)
    name = "model.safetensors"
    qtbot.waitUntil(lambda: hub.sent[name] > 40_000, timeout=50_000)
    qtbot.waitUntil(lambda: "of" in page.detail.state.text())
    assert page.detail.bar.isVisible()
    assert NAME in shop.window.status.fetching
    pressed(page, "pause")
    ended(qtbot, page)
    assert page.detail.state.text().startswith("Paused")
    assert shop.window.status.fetching == ""
    assert library.installed() == []
    kept = (paths.models() / ".unfinished" / NAME / name).stat().st_size
    assert 0 < kept < (tiny / name).stat().st_size
    hub.faults.pause = 0.0
    dialog.close()  # it goes on without anybody looking
    page.detail.buttons["resume"].click()
    qtbot.waitUntil(lambda: page._fetching[NAME].state is State.DONE, timeout=50_000)
    assert (paths.models() / NAME / name).read_bytes() == (tiny / name).read_bytes()
    assert any(headers.get("range") == f"bytes={kept}-" for _, _, headers in hub.requests)
    assert "on this machine now" in shop.window.status.now


def test_what_was_begun_before_a_restart_goes_on(qtbot, own_home, qapp, hub):
    from tests.app.dialogs.conftest import Shop

    hub.faults.cuts["model.safetensors"] = [30_000]
    events = library.download(REPO)
    assert isinstance(events, Generator)
    for _ in events:
        if hub.sent["model.safetensors"] >= 16_000:
            break
    events.close()
    assert [one.name for one in library.unfinished()] == [NAME]
    hub.faults.cuts.clear()
    asked = len(hub.requests)
    shop = Shop(qtbot)
    try:
        page = shop.models().models
        page.list.pick(NAME)
        assert "not finished" in about(page, NAME)
        assert "Begun some time ago" in page.detail.state.text()
        assert len(hub.requests) == asked
        pressed(page, "resume")
        ended(qtbot, page)
        assert [one.name for one in library.installed()] == [NAME]
    finally:
        shop.close()


def test_throwing_away_leaves_nothing(qtbot, shop, hub):
    hub.faults.pause = 0.05
    page = shop.models().models
    get(qtbot, page)
    qtbot.waitUntil(lambda: hub.sent["model.safetensors"] > 20_000, timeout=50_000)
    pressed(page, "discard")
    qtbot.waitUntil(lambda: NAME not in listed(page), timeout=50_000)
    assert library.unfinished() == []
    assert page._fetching[NAME] is None


@pytest.mark.parametrize(
    ("what", "said"),
    [("someone/tinny", "check the spelling"), (f"{REPO}@v9", "no such revision")],
)
def test_a_fault_of_the_hub_is_a_sentence_beside_the_model(qtbot, shop, hub, what, said):
    page = shop.models().models
    get(qtbot, page, what)
    name = what.partition("@")[0].replace("/", "--")
    ended(qtbot, page, name)
    assert said in page.detail.state.text()
    assert page.detail.buttons["resume"].isVisible()
    pressed(page, "discard")
    qtbot.waitUntil(lambda: name not in listed(page))


def test_what_is_no_id_is_told_at_once(qtbot, shop, hub):
    dialog = shop.models()
    get(qtbot, dialog.models, "the big one")
    assert "owner/name" in dialog.said.text()
    assert dialog.models.address.text() == "the big one"  # to be mended
    assert hub.requests == []


def test_a_folder_is_imported_checked_and_deleted(qtbot, shop, tiny, monkeypatch, answer):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tiny))
    page = shop.models().models
    page.bring.menu().actions()[0].trigger()
    ended(qtbot, page, "tiny")
    assert "put here by you" in page.detail.facts.text()
    pressed(page, "verify")
    ended(qtbot, page, "tiny")
    assert "as it was" in page.detail.state.text()
    weights = paths.models() / "tiny" / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    pressed(page, "verify")
    ended(qtbot, page, "tiny")
    assert "Damaged or gone: model.safetensors" in page.detail.state.text()
    asked = answer("Cancel")
    pressed(page, "delete")
    assert "Delete tiny" in asked[0]
    assert "tiny" in listed(page)
    answer("Delete")
    pressed(page, "delete")
    assert "tiny" not in listed(page)
    assert library.installed() == []


def test_an_import_of_what_is_no_model_says_so(qtbot, shop, tmp_path, monkeypatch):
    (tmp_path / "odd").mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "odd"))
    page = shop.models().models
    page.verbs.import_folder()
    ended(qtbot, page, "odd")
    assert "holds no model.safetensors" in page.detail.state.text()


def test_the_model_in_use_cannot_be_deleted_and_one_that_fails_changes_nothing(
    qtbot, shop, tiny, monkeypatch
):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tiny))
    dialog = shop.models()
    page = dialog.models
    page.verbs.import_folder()
    ended(qtbot, page, "tiny")
    (paths.models() / "tiny" / "model.safetensors").write_bytes(b"no weights")
    shop.begin()
    before = shop.text
    pressed(page, "use")
    shop.loaded()
    assert shop.in_use == "ember"
    assert shop.app.preferences.value.model == "ember"
    assert "model.safetensors" in dialog.said.text()
    shop.play("look around")  # with the old one
    assert shop.text.startswith(before)
    assert shop.story.last_reply().meta.model == shop.backend.identity.name
    shop.agree()


def test_what_fits_is_told_before_anything_is_loaded(qtbot, shop, monkeypatch, tiny, answer):
    monkeypatch.setattr(fits, "this_machine", lambda **_: Machine(4 << 30, 2 << 30))
    monkeypatch.setattr("engine.lm.machine.this_machine", lambda **_: Machine(4 << 30, 2 << 30))
    page = shop.models().models
    qtbot.waitUntil(lambda: page._fitting["gpt2-xl"] is not None, timeout=30_000)
    page.list.pick("gpt2-xl")
    qtbot.waitUntil(lambda: "too large" in about(page, "gpt2-xl"))
    text = page.detail.fit.text
    assert "too large" in text
    assert "choose a smaller model" in text
    assert "2.1 GB of memory are free" in text
    page.list.pick("gpt2")
    assert "fits" in about(page, "gpt2")
    assert "Best as" in page.detail.fit.text
    # One that is here and does not fit: asked first.
    monkeypatch.setattr("engine.lm.machine.this_machine", lambda **_: Machine(4 << 30, 1 << 20))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tiny))
    page.verbs.import_folder()
    ended(qtbot, page, "tiny")
    qtbot.waitUntil(lambda: page._fitting["tiny"] is not None, timeout=30_000)
    asked = answer("Cancel")
    pressed(page, "use")
    assert "does not fit" in asked[0]
    assert shop.in_use == "ember"


def test_speed_is_measured_when_asked_and_gives_way_to_the_story(qtbot, shop):
    shop.begin()
    page = shop.models().models
    qtbot.waitUntil(lambda: page._fitting["ember"] is not None, timeout=30_000)
    page.detail.fit.measure.click()
    assert page.detail.fit.working.isVisible()
    qtbot.waitUntil(lambda: page._fitting.measuring == "", timeout=50_000)
    qtbot.waitUntil(lambda: "tokens a second" in page.detail.fit.text, timeout=30_000)
    assert "tokens/s" in page.detail.fit.text
    page.list.pick("gpt2-xl")
    page.detail.fit.measure.click()
    shop.play("look around")
    qtbot.waitUntil(lambda: page._fitting.measuring == "", timeout=50_000)
    qtbot.waitUntil(lambda: "made room" in page.detail.fit.text, timeout=30_000)
    assert shop.story.last_reply() is not None


def test_the_models_name_in_the_live_line_opens_the_dialog(qtbot, shop):
    button = shop.window.status._model
    assert button.text() == shop.backend.name
    button.click()
    assert shop.window.findChild(ModelsDialog).isVisible()


def test_a_start_with_a_model_that_is_gone_plays_with_ember(qtbot, own_home: Path, qapp):
    from tests.app.dialogs.conftest import Shop

    (own_home / "config").mkdir()
    (own_home / "config" / "settings.toml").write_text('model = "gone"\n', encoding="utf-8")
    shop = Shop(qtbot)
    try:
        shop.loaded()
        assert [name for name, _ in shop.loads] == ["gone", "ember"]
        assert shop.in_use == "ember"
        assert any("no model 'gone'" in problem for problem in shop.problems)
        assert shop.app.preferences.value.model == "gone"  # it may be back tomorrow
    finally:
        shop.close()


@pytest.mark.parametrize("name", ["ember", "gpt2"])
def test_what_is_called_best_before_measuring_is_what_a_model_is_loaded_as(qtbot, shop, name):
    page = shop.models().models
    page.list.pick(name)
    qtbot.waitUntil(lambda: page._fitting[name] is not None, timeout=30_000)
    int8 = wants_int8("auto", choose_device("cpu"), fits.config_of(name))
    if any(choice.device != "cpu" for choice in page._fitting[name].choices):
        pytest.skip("this machine has a graphics card")
    expected = "int8" if int8 else "float32"
    assert page.detail.fit.advice.text() == f"Best as {expected} on the processor."
    assert name != "ember" or expected == "float32"  # too small for int8 to be worth it
