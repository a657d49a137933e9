"""Dresses a window in a theme: colours, the style sheet, the icons of its actions."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication, QWidget

from app.actions import TABLE, Actions
from app.icons import line_icon
from app.style import sheet
from app.theme import SYSTEM, Theme, apply_theme, load_theme
from engine.errors import KnownError

WORN = "theme"  # the property of a window that says which theme it wears


def dress(window: QWidget, actions: Actions, theme_id: str) -> Theme:
    """Put a theme on, unless the window wears it already; the theme, or the desktop's if unknown."""
    try:
        theme = load_theme(theme_id)
    except KnownError:
        theme = load_theme(SYSTEM)
    app = QCoreApplication.instance()
    if window.property(WORN) != theme.id and isinstance(app, QApplication):
        window.setProperty(WORN, theme.id)
        apply_theme(app, theme)
        app.setStyleSheet(sheet(theme))
        for entry in TABLE:
            if entry.icon:
                actions[entry.id].setIcon(line_icon(entry.icon, app.palette()))
    return theme
