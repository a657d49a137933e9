"""The home page: go on with a story, begin a new one, find an old one."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.cards import Card, CardButton, CardGrid
from app.flow import Flow
from app.story_list import StoryList, StoryRow
from app.theme import book_font

COLUMN = 980  # the widest the gallery gets
BLANKS = ("story", "poem", "dialogue", "script")


@dataclass(frozen=True, slots=True)
class Featured:
    """The one thing offered first: the last story, or a scenario that is ready to play."""

    heading: str
    card: Card
    button: str
    new: bool  # a scenario, not a story


class Home(QWidget):
    """Greets, offers, lists; decides nothing.

    Signals:
        story_chosen: the path of a story's file.
        scenario_chosen: the id of a scenario.
        blank_chosen: story, poem, dialogue or script.
        surprise_wanted, open_wanted: the buttons of these names.
        searched: what is looked for in all stories.
    """

    story_chosen = Signal(str)
    scenario_chosen = Signal(str)
    blank_chosen = Signal(str)
    surprise_wanted = Signal()
    open_wanted = Signal()
    searched = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shelf = StoryList(self)
        self.grid = CardGrid(self)
        self._cards: list[Card] = []
        self._greeting = QLabel(self)
        self._heading = QLabel(self)
        self._featured_slot = QVBoxLayout()
        self._featured_button = QPushButton(self)
        self._featured: Featured | None = None
        self._begin = QLabel(self.tr("Begin something new"), self)
        self._genres = Flow()
        self._genre_group = QButtonGroup(self)
        self._title = QLabel("Brass Lantern", self)
        self._lay_out()
        self.shelf.hide()
        self.shelf.chosen.connect(self.story_chosen)
        self.shelf.searched.connect(self.searched)
        self.grid.chosen.connect(self.scenario_chosen)
        self._featured_button.clicked.connect(self._take_featured)
        self._genre_group.buttonClicked.connect(self._filter)
        self._set_fonts()

    def _lay_out(self) -> None:
        for label in (self._greeting, self._heading):
            label.setWordWrap(True)
        self._greeting.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        column = QWidget(self)
        column.setMaximumWidth(COLUMN)
        lines = QVBoxLayout(column)
        lines.setContentsMargins(32, 28, 32, 32)
        lines.setSpacing(10)
        lines.addWidget(self._title)
        lines.addWidget(self._greeting)
        lines.addSpacing(10)
        lines.addWidget(self._heading)
        lines.addLayout(self._featured_slot)
        row = QHBoxLayout()
        row.addWidget(self._featured_button)
        row.addStretch(1)
        self._featured_button.setProperty("primary", "true")
        lines.addLayout(row)
        lines.addSpacing(18)
        lines.addWidget(self._begin)
        lines.addLayout(self._blanks())
        lines.addSpacing(4)
        lines.addLayout(self._genres)
        lines.addSpacing(2)
        lines.addWidget(self.grid)
        lines.addStretch(1)
        middle = QWidget(self)
        across = QHBoxLayout(middle)
        across.setContentsMargins(0, 0, 0, 0)
        across.addStretch(1)
        across.addWidget(column, 1000)
        across.addStretch(1)
        self._scroll = QScrollArea(self)
        self._scroll.setObjectName("gallery")
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(middle)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.shelf)
        outer.addWidget(self._scroll, 1)

    def _blanks(self) -> Flow:
        row = Flow()
        names = {
            "story": self.tr("Blank page"),
            "poem": self.tr("Poem"),
            "dialogue": self.tr("Dialogue"),
            "script": self.tr("Script"),
        }
        for kind in BLANKS:
            button = self._pill(names[kind])
            button.setProperty("blank", kind)
            button.clicked.connect(self._take_blank)
            row.addWidget(button)
        surprise = self._pill(self.tr("Surprise me"))
        surprise.clicked.connect(self.surprise_wanted)
        row.addWidget(surprise)
        opening = self._pill(self.tr("Open a file…"))
        opening.clicked.connect(self.open_wanted)
        row.addWidget(opening)
        return row

    def _pill(self, text: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setProperty("segment", "alone")
        button.setAccessibleName(text)
        return button

    def changeEvent(self, event: QEvent) -> None:
        """The letters follow the application's font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._set_fonts()

    def _set_fonts(self) -> None:
        points = self.font().pointSizeF()
        for label, factor in ((self._title, 2.3), (self._heading, 1.45), (self._begin, 1.45)):
            font = book_font(points=points * factor)
            if label is not self._title:
                font.setWeight(QFont.Weight.DemiBold)
            label.setFont(font)
        self._greeting.setFont(book_font(points=points * 1.2))

    def greet(self, text: str) -> None:
        """One paragraph under the title; empty: none."""
        self._greeting.setText(text)
        self._greeting.setVisible(bool(text))

    def set_featured(self, featured: Featured | None) -> None:
        """What is offered first."""
        while (item := self._featured_slot.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._featured = featured
        for widget in (self._heading, self._featured_button):
            widget.setVisible(featured is not None)
        if featured is None:
            return
        self._heading.setText(featured.heading)
        self._featured_button.setText(featured.button)
        name = f"{featured.button}: {featured.card.title}"
        self._featured_button.setAccessibleName(name)
        card = CardButton(featured.card, self, lines=2)
        card.setObjectName("featured")
        card.clicked.connect(self._take_featured)
        self._featured_slot.addWidget(card)
        self.setFocusProxy(self._featured_button)

    def set_scenarios(self, cards: list[Card]) -> None:
        """Fill the gallery; one button per genre narrows it."""
        self._cards = cards
        for button in self._genre_group.buttons():
            self._genre_group.removeButton(button)
        self._genres.clear()
        genres = list(dict.fromkeys(card.genre for card in cards))
        for genre in [self.tr("All"), *genres]:
            button = self._pill(genre)
            button.setCheckable(True)
            button.setProperty("genre", "" if genre not in genres else genre)
            self._genre_group.addButton(button)
            self._genres.addWidget(button)
        buttons = self._genre_group.buttons()
        if buttons:
            buttons[0].setChecked(True)
        self.grid.set_cards(cards)

    def set_stories(self, rows: list[StoryRow], *, any_at_all: bool) -> None:
        """List stories; the list is hidden while there are none ``at all``."""
        self.shelf.set_rows(rows)
        self.shelf.setVisible(any_at_all)

    @Slot()
    def _filter(self) -> None:
        button = self._genre_group.checkedButton()
        genre = button.property("genre") if button else ""
        self.grid.set_cards([c for c in self._cards if not genre or c.genre == genre])

    @Slot()
    def _take_featured(self) -> None:
        if self._featured is None:
            return
        wanted = self.scenario_chosen if self._featured.new else self.story_chosen
        wanted.emit(self._featured.card.id)

    @Slot()
    def _take_blank(self) -> None:
        button = self.sender()
        if isinstance(button, QPushButton):
            self.blank_chosen.emit(button.property("blank"))
