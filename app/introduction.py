"""What something is for and what to do first, told until it is put away; Help tells it again."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from app.settings import Preferences


class Introduction(QWidget):
    """A sentence or two with a button that puts them away for good, in all stories.

    ``name`` is what the settings remember it by.
    """

    def __init__(
        self, name: str, text: str, preferences: Preferences, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.name = name
        self._preferences = preferences
        self._wanted, self._only = True, False
        self.words = QLabel(text, self)
        self.words.setWordWrap(True)
        self.words.setProperty("quiet", "true")
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.close_button = QToolButton(self)
        self.close_button.setText("×")
        self.close_button.setObjectName("put_away")
        self.close_button.setProperty("flat", "true")
        self.close_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.close_button.setAccessibleName(self.tr("Put this explanation away"))
        self.close_button.setToolTip(
            self.tr("Put this explanation away; the Help menu shows it again")
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.words, 1)
        row.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        self.close_button.clicked.connect(self.put_away)
        preferences.changed.connect(self._show)
        self._show()

    @property
    def text(self) -> str:
        """What it tells."""
        return self.words.text()

    @property
    def is_put_away(self) -> bool:
        """Whether the person has read it."""
        return self.name in self._preferences.value.put_away.split()

    @Slot()
    def put_away(self) -> None:
        """Tell it no more, until Help is asked."""
        if not self.is_put_away:
            read = [*self._preferences.value.put_away.split(), self.name]
            self._preferences.update(put_away=" ".join(read))

    @Slot(bool)
    def set_wanted(self, on: bool) -> None:  # noqa: FBT001  a QAction's slot
        """Whether what it is about is there at all."""
        self._wanted = on
        self._show()

    def set_only(self, *, on: bool) -> None:
        """Whether there is nothing else to be seen; then it stays even if it was put away."""
        self._only = on
        self._show()

    @Slot()
    def _show(self) -> None:
        self.close_button.setVisible(not self.is_put_away)
        self.setVisible(self._wanted and (self._only or not self.is_put_away))
