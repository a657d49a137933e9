"""What the panels work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.actions import Actions
    from app.desk import Desk
    from app.jobs import Jobs
    from app.models import Models
    from app.playing import Playing
    from app.settings import Preferences
    from app.window import Window
    from app.writer import Writer


@dataclass(frozen=True, slots=True)
class Parts:
    """The window's working parts, handed to every panel and dialog that is made later."""

    window: Window
    preferences: Preferences
    actions: Actions
    jobs: Jobs
    models: Models
    playing: Playing
    desk: Desk
    writer: Writer
