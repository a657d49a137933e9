"""The page of servers, through its own widgets, against a server on this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from app.dialogs.server_form import Draft
from engine.lm.remote import keys
from engine.lm.remote.servers import Kind, Server, load_servers, put_server
from engine.story.node import Kind as Passage
from tests.helpers.model_server import ModelServer, serving

KEY = "sk-lantern-0123456789abcdef"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with serving() as one:
        one.behaviour.owner = "vllm"
        yield one


@pytest.fixture(autouse=True)
def no_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_keyring", lambda: None)


@pytest.fixture
def page(shop):
    dialog = shop.models()
    dialog.tabs.setCurrentWidget(dialog.servers)
    return dialog.servers


def fill(qtbot, page, name, url, key=""):
    for field, text in ((page.form.name, name), (page.form.url, url), (page.form.key, key)):
        field.clear()
        qtbot.keyClicks(field, text)


def press(qtbot, button):
    """As soon as what was asked before has ended."""
    qtbot.waitUntil(button.isEnabled, timeout=50_000)
    button.click()


def said(qtbot, page, words):
    qtbot.waitUntil(lambda: words in page.result.text(), timeout=50_000)


def test_first_use_explains_itself_and_asks_nobody(qtbot, page, server):
    assert "Your story is sent to it" in page.intro.text()
    assert page.list.key  # an empty entry, ready to be filled in
    assert not page.keep.isEnabled()
    press(qtbot, page.test)
    assert "address looks like" in page.result.text()
    assert server.requests == []


def test_a_server_is_added_tested_and_played_against(qtbot, shop, page, server):
    shop.begin()
    shop.play("open the chest")
    before = shop.text
    fill(qtbot, page, "Big box", server.url + "/v1")
    press(qtbot, page.test)
    said(qtbot, page, "It answers: vLLM, model tiny-model, a window of 1024 tokens.")
    assert page.form.model.findText("tiny-model") >= 0
    assert load_servers()[0] == []  # a test keeps nothing
    press(qtbot, page.use)
    qtbot.waitUntil(lambda: shop.in_use == "server:Big box", timeout=50_000)
    shop.loaded()
    assert load_servers()[0] == [Server("Big box", server.url + "/v1")]
    assert "in use" in page.list.rows[0].about
    assert not page.delete.isEnabled()
    assert shop.window.status.model == "tiny-model"
    assert shop.app.preferences.value.model == "server:Big box"
    shop.play("look around")
    story = shop.story
    assert story.text.startswith(before)
    assert story.last_reply().body == "You open the chest. It is empty."
    assert story.last_reply().meta.model == "tiny-model"
    assert [node.kind for node in story.branch()][-2:] == [Passage.DO, Passage.REPLY]
    shop.agree()


def test_a_fault_in_mid_answer_is_told_and_the_words_are_kept(qtbot, shop, page, server):
    put_server(Server("Box", server.url))
    page.refresh()
    page.list.pick("Box")
    press(qtbot, page.use)
    qtbot.waitUntil(lambda: shop.in_use == "server:Box", timeout=50_000)
    shop.begin()
    server.behaviour.cut_after = 4
    shop.play("open the chest")
    assert any("broke in the middle" in problem for problem in shop.problems)
    assert shop.story.last_reply().body.startswith("You open")


def test_a_key_is_asked_for_kept_apart_and_never_shown(qtbot, shop, page, server):
    server.behaviour.key = KEY
    fill(qtbot, page, "Box", server.url)
    press(qtbot, page.test)
    said(qtbot, page, "wants a key")
    qtbot.keyClicks(page.form.key, KEY)
    press(qtbot, page.test)
    said(qtbot, page, "It answers")
    press(qtbot, page.keep)
    said(qtbot, page, "only you can read")
    assert page.form.key.text() == ""
    assert KEY not in (keys.key_file().parent / "servers.toml").read_text(encoding="utf-8")
    press(qtbot, page.test)  # with the saved key
    said(qtbot, page, "It answers")
    fill(qtbot, page, "Other box", server.url)
    press(qtbot, page.keep)
    qtbot.waitUntil(lambda: page.list.key == "Other box", timeout=50_000)
    assert [one.name for one in load_servers()[0]] == ["Other box"]
    assert keys.load_key("Box") is None
    moved = keys.load_key("Other box")
    assert moved is not None
    assert moved.reveal() == KEY
    assert KEY not in repr(Draft(key=KEY))


def test_forgetting_a_key_and_deleting_an_entry_are_asked_about(qtbot, shop, server, answer):
    put_server(Server("Box", server.url, Kind.VLLM))
    keys.save_key("Box", keys.Secret(KEY))
    page = shop.models().servers
    page.window().tabs.setCurrentWidget(page)
    page.list.pick("Box")
    asked = answer("Forget it")
    press(qtbot, page.no_key)
    qtbot.waitUntil(lambda: keys.load_key("Box") is None, timeout=50_000)
    assert "Forget the key of Box" in asked[0]
    answer("Delete")
    press(qtbot, page.delete)
    qtbot.waitUntil(lambda: load_servers()[0] == [], timeout=50_000)
    qtbot.waitUntil(lambda: [row.title for row in page.list.rows] == ["A new one"])


def test_plain_http_to_another_machine_is_warned_about_while_it_is_typed(qtbot, page):
    qtbot.keyClicks(page.form.url, "http://models.example/v1")
    assert "unencrypted" in page.form.warning.text()
    assert page.form.warning.isVisible()
    page.form.url.setText("https://models.example/v1")
    assert not page.form.warning.isVisible()
    page.form.url.setText("http://127.0.0.1:8000")
    assert not page.form.warning.isVisible()


def test_a_server_that_does_not_answer_leaves_the_model_as_it_was(qtbot, shop, page, server):
    url = server.url
    server.shutdown()
    server.server_close()
    shop.begin()
    fill(qtbot, page, "Gone", url)
    press(qtbot, page.use)
    qtbot.waitUntil(lambda: "Nothing answers" in page.window().said.text(), timeout=50_000)
    assert shop.in_use == "ember"
    shop.play("look around")
    assert shop.story.last_reply().meta.model == shop.backend.identity.name


def test_what_is_edited_is_there_when_its_entry_is_shown_again(qtbot, page, server):
    put_server(Server("One", server.url))
    put_server(Server("Two", server.url))
    page.refresh()
    page.list.pick("One")
    page.form.n_ctx.setValue(4096)
    assert page.keep.isEnabled()
    page.list.pick("Two")
    assert page.form.n_ctx.value() == 0
    page.list.pick("One")
    assert page.form.n_ctx.value() == 4096
    fill(qtbot, page, "Two", server.url)
    press(qtbot, page.keep)
    assert "already" in page.result.text()
    assert [one.n_ctx for one in load_servers()[0]] == [0, 0]


def test_closing_the_window_ends_a_test_that_waits(qtbot, shop, page, server):
    server.behaviour.before = 30
    fill(qtbot, page, "Slow", server.url)
    press(qtbot, page.test)
    shop.close()
    QApplication.processEvents()
    assert not shop.app.jobs.busy
