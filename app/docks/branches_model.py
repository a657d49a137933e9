"""The tree of a story as an outline: lines of passages, and under each what else could stand there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from engine.story.node import Kind, Node
from engine.story.outline import line, others, trunk
from engine.story.tree import Story

ROLE = Qt.ItemDataRole.UserRole
PREVIEW = 160  # characters of a passage that are shown
_NONE = QModelIndex()
_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Line:
    """What a row shows of its passage."""

    node: int
    text: str
    kind: Kind
    human: bool  # a person wrote at least a part of it
    current: bool  # on the branch that is on the page
    head: bool
    versions: int
    names: tuple[str, ...]
    marks: tuple[str, ...]


@dataclass(slots=True)
class _Item:
    node: int
    above: _Item | None
    row: int
    branch: bool  # begins a line of its own
    below: list[_Item] | None = field(default=None)  # None: not looked at yet


def preview(node: Node) -> str:
    """A passage on one line."""
    return " ".join(node.text[: PREVIEW * 2].split())[:PREVIEW]


class BranchesModel(QAbstractItemModel):
    """Rows of a line stand under each other; a row's children are the other versions of it."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._story: Story | None = None
        self._top: list[_Item] = []
        self._names: dict[int, list[str]] = {}
        self._marks: dict[int, list[str]] = {}

    def show(self, story: Story | None) -> None:
        """Read the tree anew."""
        self.beginResetModel()
        self._story = story
        nodes = trunk(story) if story is not None else []
        self._top = [_Item(node, None, row, branch=False) for row, node in enumerate(nodes)]
        self._names, self._marks = {}, {}
        if story is not None:
            for known, names in ((self._names, story.branches), (self._marks, story.bookmarks)):
                for name, node in names.items():
                    known.setdefault(node, []).append(name)
        self.endResetModel()

    def index_of(self, node: int) -> QModelIndex:
        """The row of a passage; an invalid index where there is none."""
        story = self._story
        if story is None or node not in story:
            return QModelIndex()
        items, found = self._top, None
        for passage in story.path(node):
            hit = next((item for item in items if item.node == passage.id), None)
            if hit is None:
                rivals = set(others(story, passage.id))
                main = next((item for item in items if item.node in rivals), None)
                below = self._below(main) if main is not None else []
                hit = next((item for item in below if item.node == passage.id), None)
                if hit is None:
                    return QModelIndex()
                items = self._below(hit)
            found = hit
        return QModelIndex() if found is None else self.createIndex(found.row, 0, found)

    def _below(self, item: _Item) -> list[_Item]:
        if item.below is None:
            nodes: list[int] = []
            if self._story is not None:
                nodes = (
                    line(self._story, item.node)[1:]
                    if item.branch
                    else others(self._story, item.node)
                )
            branch = not item.branch
            item.below = [_Item(node, item, row, branch) for row, node in enumerate(nodes)]
        return item.below

    def _item(self, index: _Index) -> _Item | None:
        pointer = index.internalPointer() if index.isValid() else None
        return pointer if isinstance(pointer, _Item) else None

    def node(self, index: _Index) -> int | None:
        """The passage of a row."""
        item = self._item(index)
        return item.node if item is not None else None

    # What Qt asks

    def index(self, row: int, column: int, parent: _Index = _NONE) -> QModelIndex:
        """A row."""
        item = self._item(parent)
        rows = self._top if item is None else self._below(item)
        return self.createIndex(row, column, rows[row]) if 0 <= row < len(rows) else QModelIndex()

    def parent(self, index: _Index = _NONE) -> QModelIndex:  # type: ignore[override]
        """The row that a row stands under."""
        item = self._item(index)
        if item is None or item.above is None:
            return QModelIndex()
        return self.createIndex(item.above.row, 0, item.above)

    def rowCount(self, parent: _Index = _NONE) -> int:
        """How many rows stand under a row."""
        item = self._item(parent)
        return len(self._top if item is None else self._below(item))

    def columnCount(self, parent: _Index = _NONE) -> int:  # noqa: ARG002
        """One."""
        return 1

    def hasChildren(self, parent: _Index = _NONE) -> bool:
        """Whether anything stands under a row; cheaper than counting."""
        item = self._item(parent)
        if item is None or self._story is None:
            return bool(self._top)
        if item.branch:
            return bool(self._story.children(item.node))
        return len(self._story.siblings(item.node)) > 1

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A row's text, or its ``Line``."""
        item, story = self._item(index), self._story
        if item is None or story is None:
            return None
        node = story.node(item.node)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return preview(node)
        if role == Qt.ItemDataRole.ToolTipRole:
            return node.text.strip()[:600]
        if role == ROLE:
            return Line(
                node=node.id,
                text=preview(node) or self.tr("(empty)"),
                kind=node.kind,
                human=any(span.author != "model" for span in node.spans),
                current=story.place(node.id) is not None,
                head=story.head == node.id,
                versions=0 if item.branch else len(story.siblings(node.id)),
                names=tuple(self._names.get(node.id, ())),
                marks=tuple(self._marks.get(node.id, ())),
            )
        return None
