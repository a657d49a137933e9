"""Drives the real window as a person does, with a scripted model."""

from __future__ import annotations

import random
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from app.application import Application
from app.models import Model
from engine.lm.scripted import ScriptedBackend
from engine.story.profile import EMBER

REPLIES = [
    "\n\nThe chest creaks open.",
    "\n\nA lantern is in it.",
    "\n\nSteps come down the stair.",
]


def long_reply(words: int = 400, seed: int = 1) -> str:
    """A reply that goes on and on without repeating itself."""
    draw = random.Random(seed)
    letters = "abdefgilmnoprstuvw"
    made = ["".join(draw.choices(letters, k=draw.randint(3, 8))) for _ in range(words)]
    return "\n\nA word: " + " ".join(made) + "."


class Game:
    """A window, its model, and short words for what a person does with it."""

    def __init__(self, qtbot, replies=None, *, delay: float = 0.0, load: bool = True) -> None:
        self.bot = qtbot
        self.backend = ScriptedBackend(replies or REPLIES, n_ctx=4096, delay=delay)
        self.app = Application(load=self._load)
        self.faults: list[str] = []
        self.problems: list[str] = []
        self.app.faults.fault.disconnect(self.app.faults.show_fault)
        self.app.faults.fault.connect(self.faults.append)
        self.app.window.writer.problem.connect(self.problems.append)
        self.app.window.librarian.problem.connect(self.problems.append)
        if load:
            self.app.start()
            qtbot.waitUntil(lambda: self.app.models.current is not None)
        self.closed = False

    def _load(self, _name: str, _how: object) -> Model:
        return Model(self.backend, EMBER)

    @property
    def window(self):
        return self.app.window

    @property
    def writer(self):
        return self.app.window.writer

    @property
    def page(self):
        return self.app.window.desk.page

    @property
    def line(self):
        return self.app.window.desk.prompt.line

    @property
    def text(self) -> str:
        assert self.writer.story is not None
        return self.writer.story.text

    @property
    def path(self) -> Path:
        assert self.writer.store is not None
        return self.writer.store.path

    def begin(self, name: str = "castle-gray") -> None:
        self.app.preferences.update(greeted=False)  # no questions
        self.window.librarian.begin_scenario(name)

    def blank(self, kind: str = "story") -> None:
        self.window.librarian.blank_page(kind)

    def type(self, text: str, key: Qt.Key = Qt.Key.Key_Return) -> None:
        self.bot.keyClicks(self.line, text)
        self.bot.keyClick(self.line, key)

    def play(self, text: str) -> None:
        self.type(text)
        self.wait()

    def wait(self) -> None:
        self.bot.waitUntil(lambda: not self.writer.streaming, timeout=20_000)

    def wait_for_words(self) -> None:
        self.bot.waitUntil(lambda: self.page.streaming and bool(self.drafted), timeout=20_000)

    @property
    def drafted(self) -> str:
        draft = self.page.model.draft
        return draft.text if draft is not None else ""

    def press(self, name: str) -> None:
        action = self.window.actions_[name]
        assert action.isEnabled(), f"{name} cannot be used now"
        action.trigger()

    def agree(self) -> None:
        """Page and story show the same."""
        assert self.page.text() == self.text
        assert self.faults == []

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.window.close()
            self.window.deleteLater()
            QApplication.processEvents()
