"""The bar between page and prompt line: what to do with the last passage."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from app.actions import Actions, plain

VERBS = ("retry", "back", "undo", "redo", "suggest")


class TurnBar(QWidget):
    """Retry, Back, Undo, Redo and Suggest, as icons with words."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("turn_bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._buttons: list[QToolButton] = []
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 2, 12, 2)
        row.setSpacing(2)
        row.addStretch(1)
        for name in VERBS:
            row.addWidget(self._button(actions[name]))
        row.addStretch(1)

    def _button(self, action: QAction) -> QToolButton:
        button = QToolButton(self)
        button.setDefaultAction(action)
        button.setProperty("flat", "true")
        button.setAutoRaise(True)
        button.setAccessibleName(plain(action.text()))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setIconSize(QSize(16, 16))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._buttons.append(button)
        return button

    def set_narrow(self, *, narrow: bool) -> None:
        """Leave the words out where there is no room for them."""
        style = Qt.ToolButtonStyle
        for button in self._buttons:
            button.setToolButtonStyle(
                style.ToolButtonIconOnly if narrow else style.ToolButtonTextBesideIcon
            )

    def resizeEvent(self, event) -> None:
        """Words only where there is room."""
        super().resizeEvent(event)
        self.set_narrow(narrow=self.width() < 560)
