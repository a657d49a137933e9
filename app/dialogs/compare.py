"""Two branches side by side, from where they part."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCharFormat, QTextCursor
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPushButton,
    QSplitter,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from app.theme import book_font
from engine.story.actions import act
from engine.story.node import Kind, Node
from engine.story.outline import parting
from engine.story.tree import Story

_ACTIONS = frozenset({Kind.DO, Kind.SAY})


def after(story: Story, node: int, common: int | None) -> list[Node]:
    """The passages from below ``common`` down to ``node``."""
    path = story.path(node)
    start = next((at + 1 for at, one in enumerate(path) if one.id == common), 0)
    return list(path[start:])


class CompareDialog(QDialog):
    """Shows what two ways of the story do not share; either can be gone to.

    After ``exec`` or ``finished``, ``picked`` is the passage to go to, or None.
    """

    def __init__(
        self, story: Story, left: tuple[int, str], right: tuple[int, str], parent: QWidget | None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Compare branches"))
        self.resize(860, 560)
        self.picked: int | None = None
        common = parting(story, left[0], right[0])
        shared = len(story.path(common)) if common is not None else 0
        text = self.tr("The first %1 passages are the same; this is how they go on.")
        head = QLabel(text.replace("%1", str(shared)), self)
        head.setProperty("quiet", "true")
        head.setWordWrap(True)
        self.sides: list[QTextEdit] = []
        both = QSplitter(Qt.Orientation.Horizontal, self)
        both.setChildrenCollapsible(False)
        both.setHandleWidth(12)
        names = {node: name for name, node in story.branches.items()}
        for node, which in (left, right):
            name = f"{which}: {names[node]}" if node in names else which
            both.addWidget(self._side(story, node, name, common))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 14, 16, 14)
        outer.setSpacing(10)
        outer.addWidget(head)
        outer.addWidget(both, 1)
        outer.addWidget(buttons)

    def _side(self, story: Story, node: int, name: str, common: int | None) -> QWidget:
        side = QWidget(self)
        title = QLabel(name, side)
        title.setFont(book_font(points=self.font().pointSizeF() * 1.3))
        text = QTextEdit(side)
        text.setReadOnly(True)
        text.document().setDocumentMargin(12)
        text.setFont(book_font(points=self.font().pointSizeF() * 1.15))
        text.setAccessibleName(name)
        self._fill(text, after(story, node, common))
        self.sides.append(text)
        go = QPushButton(self.tr("Go on from here"), side)
        go.setAccessibleDescription(name)
        go.clicked.connect(lambda: self._pick(node))
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(title)
        column.addWidget(text, 1)
        column.addWidget(go, alignment=Qt.AlignmentFlag.AlignRight)
        return side

    def _fill(self, text: QTextEdit, nodes: list[Node]) -> None:
        cursor = QTextCursor(text.document())
        plain, action = QTextCharFormat(), QTextCharFormat()
        action.setForeground(self.palette().accent())
        for node in nodes:
            if cursor.position():  # the first one needs nothing to part it from what is above
                cursor.insertText(node.lead, plain)
            if node.kind in _ACTIONS:
                cursor.insertText("› " + act(node.kind, node.body), action)
            else:
                cursor.insertText(node.text[len(node.lead) :], plain)
        if not nodes:
            cursor.insertText(self.tr("(ends where the two part)"), plain)
        text.moveCursor(QTextCursor.MoveOperation.Start)

    def _pick(self, node: int) -> None:
        self.picked = node
        self.accept()
