"""The editor of one lore entry: everyday fields first, the others folded under headings."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.docks.lore_book import Book
from app.docks.lore_fields import FIELDS, HEADINGS, Group, LoreField, said
from app.docks.lore_rows import FieldRow, Folder
from app.docks.lore_survey import Survey
from app.docks.memory_fields import quiet
from app.docks.sampling_section import Section
from engine.story.lint import Finding, Flaw
from engine.story.lorebook import Entry

_USUAL: dict[str, Any] = {item.name: getattr(Entry(""), item.name) for item in fields(Entry)}
FIXES: dict[Flaw, tuple[str, Any]] = {
    Flaw.INSIDE: ("whole_word", True),
    Flaw.NO_CHANCE: ("probability", 100),
}


class EntryEditor(QWidget):
    """Writes one entry of the book, field by field.

    Signals:
        closed: back to the list.
        undone: undo (True) or redo (False) was asked for.
    """

    closed = Signal()
    undone = Signal(bool)

    def __init__(self, book: Book, survey: Survey, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._book = book
        self._survey = survey
        self.lore_id = 0
        self.rows: dict[str, FieldRow] = {}
        self.sections: dict[Group, Section] = {}
        self.back = QToolButton(self)
        self.back.setText(self.tr("‹ All entries"))
        self.back.setProperty("flat", "true")
        self.delete = QToolButton(self)
        self.delete.setText(self.tr("Delete"))
        self.delete.setProperty("flat", "true")
        self.state = quiet("", self)
        self.tokens = quiet("", self, small=True)
        self._findings = QVBoxLayout()
        self._findings.setSpacing(4)
        self._shown: tuple[Finding, ...] = ()
        self._lay_out()
        self.back.clicked.connect(self.closed)
        self.delete.clicked.connect(self._delete)
        book.changed.connect(self._changed)
        book.rebuilt.connect(self.refresh)
        book.settings_changed.connect(self.refresh)
        survey.found.connect(self._tell)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(8, 4, 8, 2)
        head.addWidget(self.back)
        head.addStretch(1)
        head.addWidget(self.delete)
        inside = QWidget(self)
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(12, 2, 12, 12)
        self._column.setSpacing(2)
        self._column.addWidget(self.state)
        self._column.addLayout(self._findings)
        for of in FIELDS:
            self._home(of.group).addWidget(self._row(of))
        self.rows["text"].beside_name(self.tokens)
        self._column.addStretch(1)
        self.area = QScrollArea(self)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(inside)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(head)
        outer.addWidget(self.area, 1)

    def _home(self, group: Group) -> QVBoxLayout:
        """Where the fields of a group stand."""
        if group not in HEADINGS:
            return self._column
        if group not in self.sections:
            section = self.sections[group] = Section(said(HEADINGS[group]), self)
            section.unfolded.connect(self.refresh)
            self._column.addWidget(section)
        return self.sections[group].rows

    def _row(self, of: LoreField) -> FieldRow:
        row = self.rows[of.name] = FieldRow(of, self)
        row.changed.connect(self._set)
        row.left.connect(self._seal)
        row.undone.connect(self.undone)
        return row

    # Showing

    def open(self, lore_id: int, field: str = "") -> None:
        """Show an entry, and put the caret into a field."""
        if lore_id != self.lore_id:
            self.area.verticalScrollBar().setValue(0)
            self.lore_id = lore_id
        self.refresh()
        self.show_field(field or ("name" if not self.entry or not self.entry.name else "keys"))

    def show_field(self, name: str) -> None:
        """Unfold what a field stands under, and put the caret into it."""
        row = self.rows[name]
        if row.of.group in self.sections:
            self.sections[row.of.group].button.setChecked(True)
        if row.isHidden():
            row = self.rows["text"]
        row.editor.setFocus()
        self.area.ensureWidgetVisible(row, 0, 40)

    @property
    def entry(self) -> Entry | None:
        """The entry as it is now."""
        return self._book.entries.get(self.lore_id)

    @Slot(object)
    def _changed(self, ids: frozenset[int]) -> None:
        if self.lore_id in ids:
            self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show what the entry says; hide what has no effect."""
        entry = self.entry
        if entry is None:
            if self.lore_id:
                self.lore_id = 0
                self.closed.emit()
            return
        settings = self._book.settings
        folder = self.rows["folder"].editor
        if isinstance(folder, Folder) and not folder.hasFocus():
            folder.show_folders(self._book.folders)
        other: dict[Group, list[str]] = {}
        some: set[Group] = set()
        for name, row in self.rows.items():
            value = getattr(entry, name)
            row.show_value(value)
            shown = row.of.shown(entry, settings)
            row.setVisible(shown)
            if shown:
                some.add(row.of.group)
                if value != _USUAL[name]:
                    other.setdefault(row.of.group, []).append(said(row.of.label))
        for group, section in self.sections.items():
            section.setVisible(group in some)
            section.set_summary(", ".join(other.get(group, [])))
        self._tell()

    @Slot()
    def _tell(self) -> None:
        """Say whether it fires, how long it is, and what is to be looked at."""
        entry = self.entry
        if entry is None:
            return
        facts = self._survey.of(self.lore_id)
        if facts.ago is not None or facts.reason:
            text = (
                self.tr("Fires now: %1.") if facts.ago == 0 else self.tr("Does not fire now: %1.")
            )
            self.state.setText(text.replace("%1", facts.reason))
        else:
            self.state.setText("")
        known = "\n".join(finding.text for finding in facts.findings).casefold()
        self.state.setVisible(bool(facts.reason) and facts.reason.casefold() not in known)
        count = facts.tokens
        self.tokens.setText("" if count is None else self.tr("%1 tokens").replace("%1", str(count)))
        if facts.findings != self._shown:
            self._show_findings(facts.findings)

    def _show_findings(self, findings: tuple[Finding, ...]) -> None:
        self._shown = findings
        while item := self._findings.takeAt(0):
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for finding in findings:
            self._findings.addWidget(self._finding(finding))

    def _finding(self, finding: Finding) -> QFrame:
        card = QFrame(self)
        card.setObjectName("finding")
        card.setProperty("grave", "true" if finding.grave else "false")
        label = QLabel(finding.text, card)
        label.setWordWrap(True)
        row = QHBoxLayout(card)
        row.setContentsMargins(8, 5, 6, 5)
        row.setSpacing(6)
        row.addWidget(label, 1)
        fix = FIXES.get(finding.flaw)
        button = QPushButton(self.tr("Fix") if fix else self.tr("Show"), card)
        button.setAccessibleName(f"{button.text()}: {finding.text}")
        if fix:
            button.clicked.connect(lambda: self._book.set_fields(self.lore_id, dict([fix])))
        else:
            button.clicked.connect(lambda: self.show_field(finding.field))
        row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        return card

    # Writing

    @Slot(str, object)
    def _set(self, name: str, value: object) -> None:
        self._book.set_fields(self.lore_id, {name: value})

    @Slot()
    def _seal(self) -> None:
        if self._book.story is not None:
            self._book.story.seal()

    @Slot()
    def _delete(self) -> None:
        self._book.delete([self.lore_id])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape goes back to the list."""
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)
