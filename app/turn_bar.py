"""The bar under the page: leafs through the versions of the last passage, retries, goes back."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from app.actions import Actions, plain

VERBS = ("stop", "retry", "back", "undo", "redo", "suggest")


class TurnBar(QWidget):
    """``< 2/5 >`` where there are several; Retry (Stop while it writes), Back, Undo, Redo, Suggest."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("turn_bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._buttons: list[QToolButton] = []
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 2, 12, 2)
        row.setSpacing(2)
        row.addStretch(1)
        self._before = self._button(actions["previous"])
        self._after = self._button(actions["next"])
        self._count = QLabel(self)
        self._count.setObjectName("versions")
        self._count.setAlignment(Qt.AlignmentFlag.AlignCenter)
        for widget in (self._before, self._count, self._after):
            row.addWidget(widget)
        row.addSpacing(10)
        for name in VERBS:
            row.addWidget(self._button(actions[name]))
        # Stop and Retry share a place: one is of use while the model writes, the other when not.
        self._stop, self._retry = self._buttons[2], self._buttons[3]
        actions["stop"].enabledChanged.connect(self._writing)
        self._writing(actions["stop"].isEnabled())
        row.addStretch(1)
        self.set_versions(0, 0)

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

    @Slot(bool)
    def _writing(self, streaming: bool) -> None:  # noqa: FBT001 - Qt's signal
        self._stop.setVisible(streaming)
        self._retry.setVisible(not streaming)

    def set_adventure(self, *, on: bool) -> None:
        """Suggested actions are for adventures."""
        self._buttons[-1].setVisible(on)

    @property
    def versions(self) -> str:
        """What stands between the arrows; empty while there is but one version."""
        return "" if self._count.isHidden() else self._count.text()

    @Slot(int, int)
    def set_versions(self, place: int, count: int) -> None:
        """Show which of how many versions is on the page."""
        self._count.setText(f"{place}/{count}")
        text = self.tr("Version %1 of %2 of the last passage")
        self._count.setToolTip(text.replace("%1", str(place)).replace("%2", str(count)))
        self._count.setAccessibleName(self._count.toolTip())
        for widget in (self._before, self._count, self._after):
            widget.setVisible(count > 1)

    def set_narrow(self, *, narrow: bool) -> None:
        """Leave the words out where there is no room for them."""
        style = Qt.ToolButtonStyle
        for button in (self._before, self._after):
            button.setToolButtonStyle(style.ToolButtonIconOnly)
        for button in self._buttons[2:]:
            button.setToolButtonStyle(
                style.ToolButtonIconOnly if narrow else style.ToolButtonTextBesideIcon
            )

    def resizeEvent(self, event) -> None:
        """Words only where there is room."""
        super().resizeEvent(event)
        self.set_narrow(narrow=self.width() < 640)
