"""A small card beside a word: how likely it was, and what else could have stood there."""

from __future__ import annotations

import math

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from engine.story.chances import Chance, Other

MOST = 5  # alternatives on a card


def percent(logprob: float) -> str:
    """A log-probability for people."""
    share = 100 * math.exp(min(logprob, 0.0))
    if share >= 9.95:
        return f"{share:.0f} %"
    return f"{share:.1f} %" if share >= 0.1 else "< 0.1 %"


def visible(text: str) -> str:
    """A token with its white space to be seen."""
    shown = text.replace("\n", "⏎").replace("\t", "⇥")
    return shown.replace(" ", "·") if not shown.strip() else shown.strip()


class WordCard(QFrame):
    """The card. It lies over the page and goes when the pointer leaves word and card.

    Signals:
        picked: the token that is looked at, and the alternative that is to stand there.
    """

    picked = Signal(object, object)

    def __init__(self, page: QWidget) -> None:
        super().__init__(page)
        self._page = page
        self.setObjectName("word_card")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._lines = QVBoxLayout(self)
        self._lines.setContentsMargins(10, 8, 10, 8)
        self._lines.setSpacing(2)
        self._title = QLabel(self)
        self._hint = QLabel(self)
        self._hint.setProperty("quiet", "true")
        self._rows = QGridLayout()
        self._rows.setColumnMinimumWidth(1, 64)
        self._rows.setVerticalSpacing(0)
        self._lines.addWidget(self._title)
        self._lines.addWidget(self._hint)
        self._lines.addLayout(self._rows)
        heavy = self._title.font()
        heavy.setWeight(QFont.Weight.DemiBold)
        self._title.setFont(heavy)
        self._shares: list[QLabel] = []
        self.buttons: list[QPushButton] = []
        self.hide()

    @property
    def title(self) -> str:
        """What the card says first."""
        return self._title.text()

    def show_word(
        self, word: str, logprob: float, chance: Chance, own: str, *, branch: bool
    ) -> None:
        """Fill the card: the word, then what could have stood in place of its first token ``own``."""
        for old in (*self.buttons, *self._shares):
            self._rows.removeWidget(old)
            old.deleteLater()
        self.buttons, self._shares = [], []
        self._title.setText(f"“{visible(word)}”  {percent(logprob)}")
        others = [other for other in chance.others if other.text != own][:MOST]
        if others and branch:
            hint = self.tr("Click one to branch there:")
        else:
            hint = self.tr("Instead:") if others else self.tr("No alternatives were kept.")
        self._hint.setText(hint)
        for other in others:
            self._add(other, chance, branch=branch)
        self.adjustSize()

    def _add(self, other: Other, chance: Chance, *, branch: bool) -> None:
        button, share = QPushButton(visible(other.text), self), QLabel(percent(other.logprob), self)
        button.setAccessibleName(f"{visible(other.text)}, {percent(other.logprob)}")
        share.setProperty("quiet", "true")
        button.setProperty("plain", "true")
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setEnabled(branch)
        button.clicked.connect(lambda: self.picked.emit(chance, other))
        row = len(self.buttons)
        self._rows.addWidget(button, row, 0)
        self._rows.addWidget(share, row, 1, Qt.AlignmentFlag.AlignRight)
        self.buttons.append(button)
        self._shares.append(share)

    def move_to(self, word: QPoint, line: int) -> None:
        """Stand below a word, or above it where there is no room; ``line`` is its height."""
        page = self._page
        x = max(4, min(word.x(), page.width() - self.width() - 8))
        y = word.y() + line + 4
        if y + self.height() > page.height():
            y = max(4, word.y() - self.height() - 4)
        self.move(x, y)
        self.show()
        self.raise_()
