"""Dresses a window in a theme: colours, the style sheet, the icons of its actions."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

from app.actions import BY_ID, Actions
from app.icons import line_icon
from app.style import sheet
from app.theme import SYSTEM, Theme, apply_theme, load_theme
from engine.errors import KnownError

WORN = "theme"  # the property of a window that says which theme it wears


def dress(window: QWidget, theme_id: str) -> Theme:
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
    return theme


def paint_icons(actions: Actions, names: Iterable[str]) -> None:
    """Give these actions their icons, in the colours the application wears."""
    for name in names:
        icon = BY_ID[name].icon
        if icon:
            actions[name].setIcon(line_icon(icon, QGuiApplication.palette()))
