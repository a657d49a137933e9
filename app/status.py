"""The live line at the window's foot: what the model does, how full its window is, words written."""

from __future__ import annotations

import time

from PySide6.QtCore import QLocale, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLabel, QSizePolicy, QStatusBar, QToolButton, QWidget


class Fill(QWidget):
    """A thin bar: how much of the model's window is in use."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.used, self.total = 0, 0

    def sizeHint(self) -> QSize:
        """As wide as a short word."""
        metrics = self.fontMetrics()
        return QSize(metrics.averageCharWidth() * 9, max(4, metrics.height() // 4))

    def set_fill(self, used: int, total: int) -> None:
        """Show ``used`` of ``total`` tokens."""
        self.used, self.total = used, total
        self.setVisible(total > 0)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the groove and the fill."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        radius = self.height() / 2
        groove = self.palette().color(QPalette.ColorRole.WindowText)
        groove.setAlphaF(0.16)
        painter.setBrush(groove)
        painter.drawRoundedRect(self.rect(), radius, radius)
        if self.total:
            part = min(1.0, self.used / self.total)
            width = max(self.height(), round(self.width() * part))
            painter.setBrush(self.palette().color(QPalette.ColorRole.Accent))
            painter.drawRoundedRect(0, 0, width, self.height(), radius, radius)


class Status(QStatusBar):
    """Left what happens now, right the words, the window, what is fetched, the model.

    Signals:
        models_wanted: the model's name, or what is fetched, was clicked.
    """

    models_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self._now = QLabel(self)
        self._now.setObjectName("now")
        self._now.setAccessibleName(self.tr("What the model does"))
        self._words = QLabel(self)
        self._words.setObjectName("words")
        self._window = QLabel(self)
        self._window.setObjectName("window_fill")
        self._fill = Fill(self)
        self._author = QLabel(self)
        self._fetch = self._button("fetching", self.tr("A model is on its way"))
        self._model = self._button("model", self.tr("The model that writes"))
        self.addWidget(self._now, 1)
        for widget in (
            self._author, self._words, self._fill, self._window, self._fetch, self._model,
        ):  # fmt: skip
            self.addPermanentWidget(widget)
        self._author.hide()
        self._fetch.hide()
        self._began = 0.0
        self._tokens = 0
        self.set_window(0, 0)

    def _button(self, name: str, tip: str) -> QToolButton:
        """A text at the right that opens the models' dialog."""
        button = QToolButton(self)
        button.setObjectName(name)
        button.setProperty("flat", "true")
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setToolTip(tip)
        button.setAccessibleDescription(tip)
        button.clicked.connect(self.models_wanted)
        return button

    @property
    def now(self) -> str:
        """What it says at the left."""
        return self._now.text()

    def say(self, text: str, *, important: bool = False) -> None:
        """A sentence about what is or was going on; stays until the next one."""
        self._now.setText(text)
        if self._now.property("important") != important:
            self._now.setProperty("important", important)
            self._now.style().polish(self._now)
        self._now.setToolTip(text)

    def reading(self, done: int, total: int) -> None:
        """The model reads its window."""
        self._tokens = 0
        text = self.tr("Reading… %1 of %2 tokens")
        self.say(text.replace("%1", str(done)).replace("%2", str(total)))

    def writing(self, tokens: int) -> None:
        """The model has written ``tokens`` tokens so far."""
        if not self._tokens:
            self._began = time.perf_counter()
        self._tokens = tokens
        text = self.tr("Writing… %1 tokens").replace("%1", str(tokens))
        speed = self.speed
        self.say(text + (self.tr(", %1 a second").replace("%1", f"{speed:.0f}") if speed else ""))

    @property
    def speed(self) -> float:
        """Tokens a second of the passage being written; 0 until it can be told."""
        seconds = time.perf_counter() - self._began
        return (self._tokens - 1) / seconds if self._tokens > 3 and seconds > 0 else 0.0

    def wrote(self, tokens: int) -> None:
        """A passage is complete."""
        speed = self.speed
        text = self.tr("%1 tokens").replace("%1", str(tokens))
        self.say(text + (self.tr(", %1 a second").replace("%1", f"{speed:.0f}") if speed else ""))
        self._tokens = 0

    def set_window(self, used: int, total: int) -> None:
        """How much of the model's window the story fills."""
        self._fill.set_fill(used, total)
        text = self.tr("%1 / %2").replace("%1", str(used)).replace("%2", str(total))
        self._window.setText(text if total else "")
        tip = self.tr("The model sees the last %1 of at most %2 tokens")
        self._window.setToolTip(tip.replace("%1", str(used)).replace("%2", str(total)))
        self._fill.setToolTip(self._window.toolTip())

    def set_model(self, name: str) -> None:
        """Which model writes."""
        self._model.setText(name)
        self._model.setAccessibleName(name)

    @property
    def model(self) -> str:
        """What it says of the model."""
        return self._model.text()

    def set_author(self, name: str) -> None:
        """Which model wrote the last passage, where that is not the one in use; empty: it is."""
        self._author.setText(self.tr("Passage by %1").replace("%1", name))
        self._author.setToolTip(self.tr("Another model wrote the passage that is shown last"))
        self._author.setVisible(bool(name))

    @property
    def author(self) -> str:
        """What it says of the last passage's model; empty where nothing."""
        return "" if self._author.isHidden() else self._author.text()

    def set_fetching(self, text: str) -> None:
        """How far a model is that is on its way; empty: none is."""
        self._fetch.setText(text)
        self._fetch.setAccessibleName(text)
        self._fetch.setVisible(bool(text))

    @property
    def fetching(self) -> str:
        """What it says of a model on its way."""
        return self._fetch.text()

    def set_words(self, total: int, session: int, target: int, selected: int = 0) -> None:
        """Words of the story, of this session, how many were meant (0: no target), selected."""
        number = QLocale().toString
        text = self.tr("1 word") if total == 1 else self.tr("%1 words")
        text = text.replace("%1", number(total))
        if selected:
            text = self.tr("%1 of %2").replace("%1", number(selected)).replace("%2", text)
        if target:
            goal = self.tr("today %1 of %2")
            text += " · " + goal.replace("%1", number(session)).replace("%2", number(target))
        self._words.setText(text)

    def clear_story(self) -> None:
        """No story is open."""
        self._words.clear()
        self.set_window(0, 0)
