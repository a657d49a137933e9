"""Folders, as they are shown to a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.paths import shown


def test_what_is_at_home_is_shown_without_its_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert shown(tmp_path / "stories" / "a b") == str(Path("~/stories/a b"))
    assert shown(Path("/elsewhere/models")) == str(Path("/elsewhere/models"))
