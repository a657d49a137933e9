"""What can be done with a branch: go, name, mark, copy out, delete, bring back, destroy."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog, QMessageBox, QWidget

from app.docks.branches_model import preview
from app.docks.parts import Parts
from engine.errors import KnownError
from engine.story.tree import Story

MAX_NAME = 60


class Branching(QObject):
    """Asks what must be asked, then has the story do it.

    Signals:
        compared: two passages that a person wants to see side by side.
    """

    compared = Signal(int, int)

    def __init__(self, parts: Parts, view: QWidget) -> None:
        super().__init__(view)
        self._parts = parts
        self._view = view

    @property
    def story(self) -> Story | None:
        """The story that is open."""
        return self._parts.writer.story

    def go(self, node: int) -> None:
        """Make a passage the end of the story; what follows it stays a branch."""
        if self.story is not None and self.story.head != node:
            self._parts.writer.stop()
            self.story.go_to(node)
            self._parts.desk.page.scroll_to_end()

    def go_to_end(self, node: int) -> None:
        """Go to where the newest line from a passage ends."""
        if self.story is not None:
            self.go(self.story.leaf(node))

    def name(self, node: int) -> None:
        """Ask for the name of the branch that ends in a passage; an empty one forgets it."""
        if self.story is not None:
            known = [name for name, at in self.story.branches.items() if at == node]
            self._ask(self.tr("Name of this branch"), known, node, self.story.name_branch)

    def mark(self, node: int) -> None:
        """Ask for the name of a bookmark at a passage; an empty one takes it away."""
        story = self.story
        if story is not None:
            known = [name for name, at in story.bookmarks.items() if at == node]
            suggestion = [*known, preview(story.node(node))[:30]]
            self._ask(self.tr("Name of this bookmark"), suggestion, node, story.bookmark, known)

    def _ask(self, title: str, offered: list[str], node: int, put, known=None) -> None:
        known = offered if known is None else known
        text, given = QInputDialog.getText(
            self._view, title, self.tr("Empty: no name"), text=offered[0] if offered else ""
        )
        if not given or self.story is None:
            return
        name = " ".join(text.replace("/", " ").split())[:MAX_NAME]
        with self.story.verb(title):
            for old in known:
                if old != name:
                    put(old, None)
            if name:
                put(name, node)

    def copy(self, node: int) -> None:
        """Put the text from the beginning to a passage on the clipboard."""
        if self.story is not None:
            text = "".join(one.text for one in self.story.path(node)).strip()
            QApplication.clipboard().setText(text)
            self._say(self.tr("The branch is on the clipboard."))

    def save_as(self, node: int) -> None:
        """Ask for a file, and write the way to a passage into it as a story of its own."""
        from app.files import file_name
        from engine.story import removal
        from engine.story.schema import EXTENSION
        from engine.story.store import save_copy

        story = self.story
        if story is None:
            return
        folder = self._parts.preferences.value.stories_folder
        name = file_name(self.tr("%1, a branch").replace("%1", story.title or self.tr("Story")))
        path, _ = QFileDialog.getSaveFileName(
            self._view, self.tr("A story of its own"), str(folder / f"{name}{EXTENSION}"),
            self.tr("Stories (*%1)").replace("%1", EXTENSION),
        )  # fmt: skip
        if not path:
            return
        from pathlib import Path

        target = Path(path)
        if target.suffix != EXTENSION:
            target = target.with_name(target.name + EXTENSION)
        try:
            copy = Story(removal.clean_copy(story.state, story.path(node)))
            if target.exists():
                raise KnownError(f"There is a file {target.name} already; choose another name.")
            save_copy(copy, target)
        except KnownError as error:
            self._parts.window.show_problem(str(error))
        else:
            self._parts.window.librarian.refresh()
            self._say(self.tr("Written to %1.").replace("%1", target.name))

    def delete(self, node: int) -> None:
        """Take a passage and what follows it out of sight."""
        if self.story is not None:
            self._parts.writer.stop()
            self.story.delete_branch(node)
            self._say(
                self.tr("Deleted. Undo brings it back, and so does the list of deleted passages.")
            )

    def restore(self, node: int) -> None:
        """Bring a deleted passage back and go to it."""
        if self.story is not None:
            self._parts.writer.stop()
            self.story.restore(node)

    def purge(self, node: int) -> None:
        """Destroy a passage and what follows it, once a person has confirmed it."""
        story = self.story
        if story is None:
            return
        text = self.tr("Destroy “%1” and all that follows it for ever?")
        if self._sure(text.replace("%1", preview(story.node(node))[:60])):
            self._parts.writer.stop()
            story.purge(node)

    def purge_trash(self) -> None:
        """Destroy all deleted passages, once a person has confirmed it."""
        story = self.story
        if (
            story is not None
            and story.trash()
            and self._sure(
                self.tr("Destroy all %1 deleted passages for ever?").replace(
                    "%1", str(len(story.trash()))
                )
            )
        ):
            self._parts.writer.stop()
            story.purge_trash()

    def _sure(self, question: str) -> bool:
        box = QMessageBox(QMessageBox.Icon.Warning, self.tr("Purge"), question, parent=self._view)
        box.setInformativeText(
            self.tr("This cannot be undone: the words are taken out of the file, wordings and all.")
        )
        yes = box.addButton(self.tr("Destroy"), QMessageBox.ButtonRole.DestructiveRole)
        no = box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(no)
        box.exec()
        return box.clickedButton() is yes

    def _say(self, text: str) -> None:
        self._parts.window.status.say(text)
