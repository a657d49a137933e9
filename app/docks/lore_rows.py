"""One field of a lore entry as widgets: its name, what it is edited with, a sentence of help."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.docks.lore_fields import Kind, LoreField, said
from app.docks.memory_fields import Choice, Number, StoryLine, StoryText, quiet
from engine.story.key_list import format_keys, parse_keys

MOST_TOKENS = 1_000_000


class FieldRow(QWidget):
    """Shows one field and reports what a person makes of it.

    Signals:
        changed: the field's name and its new value.
        left: the person went elsewhere.
        undone: undo (True) or redo (False) was asked for.
    """

    changed = Signal(str, object)
    left = Signal()
    undone = Signal(bool)

    def __init__(self, of: LoreField, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.of = of
        self.setObjectName(f"lore_{of.name}")
        self.editor: QWidget = _editor(of, self)
        label, text = said(of.label), said(of.help)
        self.help = quiet(text, self, small=True)
        self.editor.setAccessibleName(label)
        self.editor.setAccessibleDescription(text)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 3, 0, 7)
        column.setSpacing(3)
        if of.kind is Kind.SWITCH:
            column.addWidget(self.editor)
        else:
            name = QLabel(label, self)
            name.setBuddy(self.editor)
            self._head = QHBoxLayout()
            self._head.addWidget(name, 1)
            if of.kind is Kind.NUMBER:  # short enough to stand beside its name
                name.setWordWrap(True)
                self._head.addWidget(self.editor)
            column.addLayout(self._head)
            if of.kind is not Kind.NUMBER:
                column.addWidget(self.editor)
        column.addWidget(self.help)
        self._connect()

    def beside_name(self, widget: QWidget) -> None:
        """Put something at the right of the name."""
        self._head.addWidget(widget)

    def _connect(self) -> None:
        editor = self.editor
        if isinstance(editor, QCheckBox):
            editor.clicked.connect(self._set)
        elif isinstance(editor, StoryText | StoryLine):
            editor.edited.connect(self._typed)
            editor.of_story.left.connect(self.left)
            editor.of_story.undone.connect(self.undone)
        elif isinstance(editor, Number):
            editor.valueChanged.connect(self._numbered)
        elif isinstance(editor, Choice):
            editor.picked.connect(self._set)
        elif isinstance(editor, Budget):
            editor.changed.connect(self._set)
        elif isinstance(editor, Folder):
            editor.editTextChanged.connect(self._set)

    def show_value(self, value: Any) -> None:
        """Show what holds; a field that says so already is left alone."""
        editor = self.editor
        if isinstance(editor, QCheckBox):
            editor.setChecked(bool(value))
        elif self.of.kind is Kind.KEYS and isinstance(editor, StoryText):
            if parse_keys(editor.text) != tuple(value):
                editor.show_text(format_keys(value))
        elif isinstance(editor, StoryText | StoryLine):
            editor.show_text(value)
        elif isinstance(editor, Number):
            editor.show_value(self.of.low - 1 if value is None else value)
        elif isinstance(editor, Choice | Budget | Folder):
            editor.show_value(value)

    @Slot(str)
    def _typed(self, text: str) -> None:
        self._set(parse_keys(text) if self.of.kind is Kind.KEYS else text)

    @Slot(float)
    def _numbered(self, value: float) -> None:
        if self.of.none and value < self.of.low:
            self._set(None)
        else:
            self._set(value if self.of.places else int(value))

    @Slot(object)
    def _set(self, value: object) -> None:
        self.changed.emit(self.of.name, value)


class Budget(QWidget):
    """A limit: none, so many tokens, or a share of the window.

    Signals:
        changed: 0, a number of tokens above 1, or a share up to 1.
    """

    changed = Signal(object)
    NONE, TOKENS, SHARE = "none", "tokens", "share"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.unit = Choice(self)
        for value, text in (
            (self.NONE, self.tr("no limit")),
            (self.TOKENS, self.tr("tokens")),
            (self.SHARE, self.tr("% of the window")),
        ):
            self.unit.addItem(text, value)
        self.unit.setAccessibleName(self.tr("Limit, unit"))
        self.amount = Number(1, MOST_TOKENS, self)
        self.amount.setAccessibleName(self.tr("Limit, amount"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.amount)
        row.addWidget(self.unit, 1)
        self.unit.picked.connect(self._switched)
        self.amount.valueChanged.connect(self._emit)
        self.setFocusProxy(self.unit)

    def show_value(self, value: float) -> None:
        """Show a limit."""
        unit = self.NONE if value <= 0 else self.SHARE if value <= 1 else self.TOKENS
        self._bound(unit)
        self.unit.show_value(unit)
        self.amount.setVisible(unit != self.NONE)
        if unit != self.NONE:
            self.amount.show_value(round(value * 100, 2) if unit == self.SHARE else value)

    def _bound(self, unit: str) -> None:
        with QSignalBlocker(self.amount):
            self.amount.setDecimals(2 if unit == self.SHARE else 0)
            self.amount.setRange(*((0.01, 100) if unit == self.SHARE else (2, MOST_TOKENS)))

    @Slot(object)
    def _switched(self, unit: str) -> None:
        self.changed.emit({self.NONE: 0, self.TOKENS: 100, self.SHARE: 0.1}[unit])

    @Slot(float)
    def _emit(self, amount: float) -> None:
        share = self.unit.currentData() == self.SHARE
        self.changed.emit(amount / 100 if share else int(amount))


class Folder(QComboBox):
    """A folder's name, with those there are to choose from."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        line = self.lineEdit()
        if line is not None:
            line.setPlaceholderText(self.tr("none"))
            line.setAccessibleName(self.tr("Folder"))

    def show_folders(self, names: list[str]) -> None:
        """Offer these."""
        if names != [self.itemText(row) for row in range(self.count())]:
            with QSignalBlocker(self):
                text = self.currentText()
                self.clear()
                self.addItems(names)
                self.setEditText(text)

    def show_value(self, value: str) -> None:
        """Show this one."""
        if self.currentText() != value:
            with QSignalBlocker(self):
                self.setEditText(value)


def _editor(of: LoreField, parent: QWidget) -> QWidget:
    if of.kind is Kind.SWITCH:
        return QCheckBox(said(of.label), parent)
    if of.kind is Kind.LINE:
        return StoryLine(parent)
    if of.kind is Kind.TEXT:
        return StoryText(parent, lines=(4, 14))
    if of.kind is Kind.KEYS:
        return StoryText(parent, lines=(1, 5))
    if of.kind is Kind.BUDGET:
        return Budget(parent)
    if of.kind is Kind.FOLDER:
        return Folder(parent)
    if of.kind is Kind.NUMBER:
        number = Number(of.low - 1 if of.none else of.low, of.high, parent, places=of.places)
        if of.none:
            number.setSpecialValueText(said(of.none))
        return number
    choice = Choice(parent)
    for value, text in of.choices:
        choice.addItem(said(text), value)
    return choice
