"""A small form: what a scenario asks before it begins."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from app.theme import book_font

MAX_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Question:
    """One placeholder: its name, what is asked, the answer given in advance, choices if any."""

    name: str
    question: str
    default: str
    choices: tuple[str, ...] = ()


class PlaceholdersDialog(QDialog):
    """Asks every question at once; Enter begins."""

    def __init__(self, title: str, questions: list[Question], parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(440)
        self._fields: dict[str, QLineEdit | QComboBox] = {}
        heading = QLabel(title, self)
        heading.setFont(book_font(points=self.font().pointSizeF() * 1.7))
        heading.setWordWrap(True)
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)
        form.setVerticalSpacing(8)
        for question in questions:
            field = self._field(question)
            field.setObjectName(question.name)
            field.setAccessibleName(question.question)
            self._fields[question.name] = field
            form.addRow(question.question, field)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        begin = buttons.addButton(self.tr("Begin"), QDialogButtonBox.ButtonRole.AcceptRole)
        begin.setProperty("primary", "true")
        begin.setDefault(True)
        begin.style().unpolish(begin)  # the style sheet looks at the property once
        begin.style().polish(begin)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        lines = QVBoxLayout(self)
        lines.setContentsMargins(24, 20, 24, 18)
        lines.setSpacing(14)
        lines.addWidget(heading)
        lines.addLayout(form)
        lines.addWidget(buttons)

    def _field(self, question: Question) -> QLineEdit | QComboBox:
        if question.choices:
            box = QComboBox(self)
            box.addItems(list(question.choices))
            box.setCurrentText(question.default)
            return box
        line = QLineEdit(question.default, self)
        line.setMaxLength(MAX_LENGTH)
        line.selectAll()
        return line

    def answers(self) -> dict[str, str]:
        """What was answered, by the placeholders' names; an empty answer is left out."""
        given: dict[str, str] = {}
        for name, field in self._fields.items():
            text = field.currentText() if isinstance(field, QComboBox) else field.text()
            if text.strip():
                given[name] = text.strip()
        return given
