"""A window whose built-in model is a script, and whose other models are real."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox

from app.dialogs.models import ModelsDialog
from app.dialogs.settings_dialog import SettingsDialog
from app.models import How, Model, load_local
from tests.app.game import Game
from tests.helpers.hub_server import FakeHub, serve, used
from tests.helpers.tiny_model import TINY, write_model


class Shop(Game):
    """A game that can be played with other models, too."""

    def __init__(self, qtbot, **options: Any) -> None:
        self.loads: list[tuple[str, How]] = []
        super().__init__(qtbot, **options)

    def _load(self, name: str, how: How) -> Model:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.loads.append((name, how))
        return super()._load(name, how) if name == "ember" else load_local(name, how)

    def models(self) -> ModelsDialog:
        """The dialog, open."""
        self.press("models")
        found = self.window.findChild(ModelsDialog)
        assert isinstance(found, ModelsDialog)
        return found

    def settings(self) -> SettingsDialog:
        self.press("settings")
        found = self.window.findChild(SettingsDialog)
        assert isinstance(found, SettingsDialog)
        return found

    @property
    def story(self) -> Any:
        return self.writer.story

    def loaded(self) -> None:
        self.bot.waitUntil(lambda: not self.window.models.busy, timeout=30_000)

    @property
    def in_use(self) -> str:
        return self.window.switching.name


@pytest.fixture
def shop(own_home: Path, qtbot, qapp) -> Iterator[Shop]:
    game = Shop(qtbot)
    yield game
    game.close()
    qapp.setStyleSheet("")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole model, large enough for a turn."""
    return write_model(tmp_path_factory.mktemp("hub") / "tiny", replace(TINY, n_ctx=512, n_embd=64))


@pytest.fixture
def hub(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with serve(tiny) as one, used(one, monkeypatch):
        yield one


@pytest.fixture
def answer() -> Callable[[str], list[str]]:
    """Clicks the button of that text in the next question; what was asked."""

    def later(text: str) -> list[str]:
        asked: list[str] = []

        def click() -> None:
            box = QApplication.activeModalWidget()
            if not isinstance(box, QMessageBox):
                timer.start(20)
                return
            asked.append(f"{box.text()} {box.informativeText()}")
            next(b for b in box.buttons() if b.text().replace("&", "") == text).click()

        timer = QTimer(QApplication.instance())
        timer.setSingleShot(True)
        timer.timeout.connect(click)
        timer.start(20)
        return asked

    return later
