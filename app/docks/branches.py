"""Every way the story has gone, as an outline and as a map."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.docks.branches_map import Map
from app.docks.branches_model import preview
from app.docks.branches_outline import Outline
from app.docks.branching import Branching
from app.docks.parts import Parts
from app.introduction import Introduction
from app.segments import Segments

PAUSE = 60  # ms after the last change
NARROWEST, USUAL = 250, 330  # pixels
_ID = Qt.ItemDataRole.UserRole


class BranchesPanel(QWidget):
    """The views of the tree, and buttons for the passage that is selected."""

    def __init__(self, parts: Parts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self.verbs = Branching(parts, self)
        self.node: int | None = None
        self._head: int | None = None  # where the story was when the tree was read
        self.intro = Introduction(
            "branches",
            self.tr(
                "Nothing you leave is lost: every retry, every way not taken stays here. "
                "Select a passage to see it, and go there to write on from it; a number tells "
                "how many versions of it there are."
            ),
            parts.preferences,
            self,
        )
        self.outline, self.map, self.trash = Outline(self), Map(self), QListWidget(self)
        self.trash.setFrameShape(QListWidget.Shape.NoFrame)
        self.trash.setAccessibleName(self.tr("Deleted passages"))
        self.trash.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.trash.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.trash.setStyleSheet("QListWidget::item { padding: 4px 8px; }")
        self.views = QStackedWidget(self)
        for view in (self.outline, self.map, self.trash):
            self.views.addWidget(view)
        self._lay_out()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE)
        self._pause.timeout.connect(self.refresh)
        self._connect()
        self.refresh()

    def _lay_out(self) -> None:
        self.setMinimumWidth(NARROWEST)
        self._switch = Segments((self.tr("Outline"), self.tr("Map"), self.tr("Deleted")), self)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(2)
        self.go = self._button(self.tr("Go here"), self._go)
        self.compare = self._button(self.tr("Compare"), self._compare)
        self.mark = self._button(self.tr("Bookmark"), self._mark)
        self.more = self._button(self.tr("More"), None)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self.more)
        self.menu.aboutToShow.connect(lambda: self._fill(self.menu))
        self.more.setMenu(self.menu)
        self.restore = self._button(self.tr("Bring back"), self._restore)
        self.purge_all = self._button(self.tr("Destroy all…"), self.verbs.purge_trash)
        self._buttons.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 8, 0, 6)
        outer.setSpacing(6)
        head = QVBoxLayout()
        head.setContentsMargins(12, 2, 12, 2)
        head.setSpacing(8)
        head.addWidget(self.intro)
        head.addWidget(self._switch, 0, Qt.AlignmentFlag.AlignLeft)
        outer.addLayout(head)
        outer.addWidget(self.views, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(4, 0, 4, 0)
        foot.addLayout(self._buttons)
        outer.addLayout(foot)

    def _button(self, text: str, slot) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setAccessibleName(text)
        button.setProperty("flat", "true")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if slot is not None:
            button.clicked.connect(slot)
        self._buttons.addWidget(button)
        return button

    def _connect(self) -> None:
        writer = self._parts.writer
        writer.opened.connect(self._opened)
        writer.changed.connect(self._later)
        self._switch.picked.connect(self._switched)
        for view in (self.outline, self.map):
            view.chosen.connect(self.choose)
            view.entered.connect(self.verbs.go)
            view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            view.customContextMenuRequested.connect(self._popup)
        self.trash.currentItemChanged.connect(self._enable)
        self.trash.itemActivated.connect(lambda item: self.verbs.restore(item.data(_ID)))

    # Showing

    @Slot(object)
    def _opened(self, story: object) -> None:
        self.node = None
        if story is None:
            self.refresh()
        else:
            self._later()

    @Slot()
    def _later(self) -> None:
        if self.isVisible() or self._parts.writer.story is None:
            self._pause.start()

    def showEvent(self, event: QShowEvent) -> None:
        """What changed while nobody looked."""
        super().showEvent(event)
        self._pause.start()

    def sizeHint(self) -> QSize:
        """Room for all buttons and for half a line of a passage."""
        return QSize(USUAL, 640)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow panel leaves the bookmark to the menu, where it is too."""
        super().resizeEvent(event)
        self._enable()

    @property
    def _has_room(self) -> bool:
        """Whether all buttons can stand side by side without being cut."""
        wanted = (self.go, self.compare, self.mark, self.more)
        gaps = len(wanted) * self._buttons.spacing() + 8
        return sum(button.sizeHint().width() for button in wanted) + gaps <= self.width()

    @Slot()
    def refresh(self) -> None:
        """Read the tree anew into the view that is open."""
        story = self._parts.writer.story
        head = story.head if story is not None else None
        if head != self._head or (self.node is not None and not self._there(self.node)):
            self.node = None  # whoever played on, undid or went elsewhere is followed
        self._head = head
        shown = self.node if self.node is not None else (story.head if story is not None else None)
        self.intro.set_only(on=story is None or story.head is None)
        view = self.views.currentWidget()
        if view is self.outline:
            self.outline.show_story(story, shown)
        elif view is self.map:
            self.map.show_story(story, shown)
        else:
            self._fill_trash()
        self._enable()

    def _there(self, node: int) -> bool:
        story = self._parts.writer.story
        return story is not None and node in story and story.state.alive(node)

    def _fill_trash(self) -> None:
        story = self._parts.writer.story
        self.trash.clear()
        for node in reversed(story.trash() if story is not None else []):
            item = QListWidgetItem(preview(node) or self.tr("(empty)"), self.trash)
            item.setData(_ID, node.id)
            item.setToolTip(node.text.strip()[:600])
        if not self.trash.count():
            empty = QListWidgetItem(self.tr("Nothing has been deleted."), self.trash)
            empty.setFlags(Qt.ItemFlag.NoItemFlags)

    @Slot()
    def _enable(self) -> None:
        story = self._parts.writer.story
        deleted = self.views.currentWidget() is self.trash
        node = self.selected
        for button in (self.go, self.compare, self.mark, self.more):
            button.setVisible(not deleted)
            button.setEnabled(node is not None)
        self.mark.setVisible(not deleted and self._has_room)
        for button in (self.restore, self.purge_all):
            button.setVisible(deleted)
        if story is not None:
            self.go.setEnabled(node is not None and node != story.head)
            self.compare.setEnabled(node is not None and story.place(node) is None)
            self.restore.setEnabled(self.trash.currentItem() is not None)
            self.purge_all.setEnabled(bool(story.trash()))
        else:
            self.restore.setEnabled(False)
            self.purge_all.setEnabled(False)

    @property
    def selected(self) -> int | None:
        """The passage that the buttons are about."""
        story = self._parts.writer.story
        if story is None:
            return None
        return self.node if self.node is not None else story.head

    def show_view(self, number: int) -> None:
        """Turn to the outline (0), the map (1) or what was deleted (2)."""
        self._switch.choose(number)
        self._switched(number)

    @Slot(int)
    def _switched(self, number: int) -> None:
        self.views.setCurrentIndex(number)
        self.refresh()

    @Slot(int)
    def choose(self, node: int) -> None:
        """Select a passage; where the page has it, show it there."""
        self.node = node
        if self.views.currentWidget() is self.map:
            self.map.select(node)
        elif self.outline.node != node:
            self.outline.select(node)
        story = self._parts.writer.story
        if story is not None and story.place(node) is not None:
            page = self._parts.desk.page
            page.places.scroll_to(page.places.offset_of(node))
        self._enable()

    # Doing

    @Slot()
    def _go(self) -> None:
        if self.selected is not None:
            self.verbs.go(self.selected)

    @Slot()
    def _mark(self) -> None:
        if self.selected is not None:
            self.verbs.mark(self.selected)

    @Slot()
    def _restore(self) -> None:
        item = self.trash.currentItem()
        if item is not None:
            self.verbs.restore(item.data(_ID))

    @Slot()
    def _compare(self) -> None:
        from app.dialogs.compare import CompareDialog

        story, node = self._parts.writer.story, self.selected
        if story is None or node is None or story.head is None:
            return
        here, there = self.tr("The branch on the page"), self.tr("The other branch")
        dialog = CompareDialog(story, (story.head, here), (story.leaf(node), there), self)
        dialog.finished.connect(lambda: self._compared(dialog))
        dialog.open()

    def _compared(self, dialog) -> None:
        if dialog.picked is not None:
            self.verbs.go(dialog.picked)
        dialog.deleteLater()

    @Slot(QPoint)
    def _popup(self, point: QPoint) -> None:
        menu, view = QMenu(self), self.views.currentWidget()
        self._fill(menu)
        menu.exec(view.mapToGlobal(point) if view is not None else point)
        menu.deleteLater()

    def _fill(self, menu: QMenu) -> None:
        """The verbs for the selected passage."""
        menu.clear()
        node = self.selected
        if node is None:
            return
        verbs = self.verbs
        for text, verb in (
            (self.tr("Go here"), verbs.go),
            (self.tr("Go to the end of this branch"), verbs.go_to_end),
            ("", None),
            (self.tr("Name this branch…"), verbs.name),
            (self.tr("Bookmark…"), verbs.mark),
            ("", None),
            (self.tr("Copy the text up to here"), verbs.copy),
            (self.tr("Save as a story of its own…"), verbs.save_as),
            ("", None),
            (self.tr("Delete from here on"), verbs.delete),
            (self.tr("Purge from here on…"), verbs.purge),
        ):
            if verb is None:
                menu.addSeparator()
            else:
                menu.addAction(text).triggered.connect(lambda _=False, do=verb: do(node))
