"""Widgets without a screen."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from typing import TYPE_CHECKING

import pytest

from engine import paths

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.app.game import Game


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings, stories and data of this test alone."""
    monkeypatch.setenv(paths.HOME_VARIABLE, str(tmp_path))
    return tmp_path


@pytest.fixture
def game(own_home: Path, qtbot, qapp) -> Iterator[Game]:
    """The real window with a model that says what it was told to."""
    from tests.app.game import Game

    made = Game(qtbot)
    yield made
    made.close()
    qapp.setStyleSheet("")
