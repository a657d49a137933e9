"""Widgets without a screen."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from typing import TYPE_CHECKING, Any

import pytest

from engine import paths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.app.game import Game


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings, stories and data of this test alone."""
    monkeypatch.setenv(paths.HOME_VARIABLE, str(tmp_path))
    return tmp_path


@pytest.fixture
def new_game(own_home: Path, qtbot, qapp) -> Iterator[Callable[..., Game]]:
    """Makes windows whose model says what it was told to; they are closed in the end."""
    from tests.app.game import Game

    made: list[Game] = []

    def make(replies: list[str] | None = None, **options: Any) -> Game:
        made.append(Game(qtbot, replies, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
    qapp.setStyleSheet("")


@pytest.fixture
def game(new_game: Callable[..., Game]) -> Game:
    """The real window with a model that says what it was told to."""
    return new_game()
