"""The keys and the menu of the page, where they differ from Qt's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMenu

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from app.page import Page

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_WHOLE_TEXT = (
    QKeySequence.StandardKey.SelectAll,
    QKeySequence.StandardKey.MoveToStartOfDocument,
    QKeySequence.StandardKey.SelectStartOfDocument,
)


def is_history(event: QKeyEvent) -> bool:
    """Whether a key means undo or redo: the story's, never the document's."""
    return event.matches(QKeySequence.StandardKey.Undo) or event.matches(
        QKeySequence.StandardKey.Redo
    )


def handle_key(page: Page, event: QKeyEvent) -> bool:
    """Do what a key means here; false leaves it to Qt."""
    if event.matches(QKeySequence.StandardKey.Undo):
        page.undo_requested.emit()
    elif event.matches(QKeySequence.StandardKey.Redo):
        page.redo_requested.emit()
    elif event.key() in _ENTER and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
        soft = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        page.break_line(soft=soft)
    elif any(event.matches(key) for key in _WHOLE_TEXT):
        page.load_all()
        return False
    else:
        return False
    return True


def build_menu(page: Page) -> QMenu:
    """Cut, copy, paste and select all; the window adds its own."""
    menu = QMenu(page)
    some = page.textCursor().hasSelection()
    cut = menu.addAction(page.tr("Cu&t"), page.cut)
    copy = menu.addAction(page.tr("&Copy"), page.copy)
    for action in (cut, copy):
        action.setEnabled(some)
    menu.addAction(page.tr("&Paste"), page.paste).setEnabled(page.canPaste())
    menu.addSeparator()
    menu.addAction(page.tr("Select &all"), page.select_all)
    return menu
