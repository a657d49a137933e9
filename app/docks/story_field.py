"""What the fields of a panel have in common, whatever kind of widget they are."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget

_UNDO, _REDO = QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo


class StoryField(QObject):
    """Watches a text field: undo is the story's, and what is typed after it was left is another step.

    Signals:
        left: the person went elsewhere.
        undone: undo (True) or redo (False) was asked for.
    """

    left = Signal()
    undone = Signal(bool)

    def __init__(self, field: QWidget) -> None:
        super().__init__(field)
        field.installEventFilter(self)

    def eventFilter(self, _field: QObject, event: QEvent) -> bool:
        """Keep the keys of undo and redo from the field."""
        if event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            for key in (_UNDO, _REDO):
                if event.matches(key):
                    self.undone.emit(key is _UNDO)
                    event.accept()
                    return True
        elif event.type() is QEvent.Type.FocusOut:
            self.left.emit()
        return False


class WheelGuard(QObject):
    """Lets the wheel turn a field only while it is in use, so that scrolling past changes nothing."""

    def __init__(self, field: QWidget) -> None:
        super().__init__(field)
        self._field = field
        field.installEventFilter(self)

    def eventFilter(self, _field: QObject, event: QEvent) -> bool:
        """Leave the wheel to what the field stands in."""
        if event.type() is QEvent.Type.Wheel and not self._field.hasFocus():
            event.ignore()
            return True
        return False
