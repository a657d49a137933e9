"""The list of lore entries: search, the rows, and what is said about the row that is selected."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.docks.lore_book import Book
from app.docks.lore_model import LoreModel
from app.docks.lore_survey import Survey
from app.docks.lore_view import LoreView
from app.introduction import Introduction
from app.settings import Preferences


class LoreList(QWidget):
    """Lays out; what its buttons do is the page's."""

    def __init__(
        self,
        book: Book,
        survey: Survey,
        preferences: Preferences,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._book = book
        self._survey = survey
        self.intro = Introduction(
            "lore",
            self.tr(
                "Lore is told to the model only when its words come up: people, places, things. "
                "Each entry has keys that bring it up, and a text of a sentence or two."
            ),
            preferences,
            self,
        )
        self.example = QPushButton(self.tr("Add an example"), self)
        self.search = QLineEdit(self)
        self.search.setPlaceholderText(self.tr("Search"))
        self.search.setAccessibleName(self.tr("Search the lore"))
        self.search.setClearButtonEnabled(True)
        self.view = LoreView(LoreModel(book, survey, self), self)
        self.said = QLabel(self)
        self.said.setProperty("quiet", "true")
        self.said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.said.setWordWrap(True)
        self.said.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.add = QPushButton(self.tr("Add"), self)
        self.add.setToolTip(self.tr("A new entry (Insert)"))
        self.trial = self._button(self.tr("Test"), self.tr("Would this text fire it?"))
        self.edit = self._button(self.tr("Edit"), self.tr("Edit this entry (Enter)"))
        self.flaws = self._button("", self.tr("Go to the next entry that wants a look"))
        self.flaws.setAccessibleName(self.tr("Next finding"))
        self.more = self._button(self.tr("More"), self.tr("Folders, copies, the whole lorebook"))
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self.more)
        self.more.setMenu(self.menu)
        self._lay_out()
        self.view.chosen.connect(self._tell)
        self.flaws.clicked.connect(self.next_flaw)
        survey.found.connect(self._tell)
        survey.found.connect(self.view.viewport().update)  # ten thousand rows need no signal each
        for signal in (book.changed, book.settings_changed):
            signal.connect(self._tell)

    def _button(self, text: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(text)
        button.setAccessibleDescription(tip)
        button.setProperty("flat", "true")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _lay_out(self) -> None:
        head = QVBoxLayout()
        head.setContentsMargins(12, 6, 12, 6)
        head.setSpacing(8)
        head.addWidget(self.intro)
        head.addWidget(self.example, 0, Qt.AlignmentFlag.AlignLeft)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.search, 1)
        row.addWidget(self.add)
        head.addLayout(row)
        foot = QHBoxLayout()
        foot.setContentsMargins(8, 0, 8, 6)
        foot.setSpacing(2)
        foot.addWidget(self.flaws)
        foot.addStretch(1)
        for button in (self.edit, self.trial, self.more):
            foot.addWidget(button)
        said = QVBoxLayout()  # a selectable label does not mind margins of its own
        said.setContentsMargins(12, 4, 12, 4)
        said.addWidget(self.said)
        self.said.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(head)
        outer.addWidget(self.view, 1)
        self._filler = QWidget(self)
        outer.addWidget(self._filler, 1)
        outer.addLayout(said)
        outer.addLayout(foot)

    @Slot()
    def rebuild(self) -> None:
        """Read the book anew."""
        any_ = bool(self._book.entries)
        self.example.setVisible(not any_)
        for widget in (self.search, self.view, self.edit, self.trial, self.said):
            widget.setVisible(any_)
        self._filler.setVisible(not any_)
        self.view.rebuild()

    @Slot()
    def _tell(self) -> None:
        """Say why the selected entry fires or not, and what is to be looked at."""
        view = self.view
        lore_id = view.rows.lore_id(view.currentIndex())
        folder = view.current_folder()
        self.edit.setEnabled(lore_id is not None)
        lines: list[str] = []
        if lore_id is not None:
            facts = self._survey.of(lore_id)
            lines = [finding.text for finding in facts.findings]
            known = "\n".join(lines).casefold()
            if facts.reason and facts.reason.casefold() not in known:
                fires = self.tr("Fires now: %1.") if facts.ago == 0 else self.tr("Silent: %1.")
                lines.append(fires.replace("%1", facts.reason))
        elif folder is not None and (off := self._book.folder_off(folder)):
            text = self.tr("The folder %1 is switched off, with all that is in it.")
            lines = [text.replace("%1", off)]
        elif self._book.entries and not view.rows.count:
            lines = [self.tr("Nothing in the lore has these words.")]
        self.said.setText("\n".join(lines))
        self._fit()
        marked = self._survey.flawed
        self.flaws.setText(self.tr("%1 marked").replace("%1", str(marked)))
        self.flaws.setVisible(marked > 0)

    def _fit(self) -> None:
        """Room for a few lines under the list, always as many: it shall not jump."""
        lines = QFontMetrics(self.said.font()).lineSpacing()
        width = max(self.width() - 24, 100)
        wanted = self.said.heightForWidth(width) if self.said.text() else 0
        self.said.setFixedHeight(min(max(wanted, 2 * lines), max(7 * lines, self.height() // 3)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other lines."""
        super().resizeEvent(event)
        self._fit()

    def marked(self) -> list[int]:
        """The entries that want a look, in the order of the rows."""
        return [one for one in self.view.rows.order if self._survey.of(one).findings]

    @Slot()
    def next_flaw(self) -> None:
        """Go to the next entry that wants a look, round and round."""
        marked, order = self.marked(), self.view.rows.order
        if not marked:
            return
        current = self.view.rows.lore_id(self.view.currentIndex())
        at = order.index(current) if current in order else -1
        place = {lore_id: row for row, lore_id in enumerate(order)}
        later = [lore_id for lore_id in marked if place[lore_id] > at]
        self.view.select((later or marked)[0])
        self.view.setFocus()
