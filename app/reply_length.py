"""How long a reply may be: a small button with a menu of lengths."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

LENGTHS = (30, 50, 80, 120, 200, 320)  # tokens


class ReplyLength(QToolButton):
    """Shows and chooses the length of replies.

    Signals:
        changed: tokens.
    """

    changed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("reply_length")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self)
        self._group = QActionGroup(self)
        names = (
            self.tr("A sentence or two"),
            self.tr("A short passage"),
            self.tr("A passage"),
            self.tr("A long passage"),
            self.tr("Several paragraphs"),
            self.tr("A page"),
        )
        for tokens, name in zip(LENGTHS, names, strict=True):
            action = QAction(self.tr("%1 (about %2 words)").replace("%1", name), self)
            action.setText(action.text().replace("%2", str(words(tokens))))
            action.setCheckable(True)
            action.setData(tokens)
            self._group.addAction(action)
            self._menu.addAction(action)
        self.setMenu(self._menu)
        self._group.triggered.connect(self._chosen)
        self.tokens = 0
        self.set_tokens(80)

    def set_tokens(self, tokens: int) -> None:
        """Show a length; one that is not in the menu is shown as it is."""
        self.tokens = tokens
        for action in self._group.actions():
            action.setChecked(action.data() == tokens)
        self.setText(self.tr("≈ %1 words").replace("%1", str(words(tokens))))
        self.setToolTip(self.tr("How long a reply may be (%1 tokens)").replace("%1", str(tokens)))
        self.setAccessibleName(self.tr("Length of replies: %1").replace("%1", self.text()))

    @Slot(QAction)
    def _chosen(self, action: QAction) -> None:
        self.set_tokens(action.data())
        self.changed.emit(self.tokens)


def words(tokens: int) -> int:
    """About how many English words ``tokens`` make, rounded to fives."""
    return max(5, round(tokens * 0.75 / 5) * 5)
