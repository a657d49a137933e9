"""Story files: choosing one, exporting, titles, the clipboard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog

from engine.errors import KnownError
from engine.story.schema import EXTENSION

if TYPE_CHECKING:
    from app.window import Window
    from engine.story.tree import Story

MAX_TITLE = 120


class Files(QObject):
    """Asks for names and paths, then has it done."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window

    @Slot()
    def choose(self) -> None:
        """Ask for a story file and open it."""
        folder = str(self._window.preferences.value.stories_folder)
        stories = self.tr("Stories (*%1)").replace("%1", EXTENSION)
        path, _ = QFileDialog.getOpenFileName(
            self._window, self.tr("Open a story"), folder, stories
        )
        if path:
            self._window.librarian.open(path)

    @Slot()
    def rename(self) -> None:
        """Ask for the story's title."""
        story = self._window.writer.story
        if story is None:
            return
        title, given = QInputDialog.getText(
            self._window, self.tr("Title"), self.tr("The story's title:"), text=story.title
        )
        if given:
            story.set("title", " ".join(title.split())[:MAX_TITLE])
            self._window.show_title()

    @Slot()
    def copy(self) -> None:
        """Put the whole story on the clipboard."""
        story = self._window.writer.story
        if story is not None:
            from engine.story.formats.text import reading_text

            quotes = self._window.preferences.value.quotes
            QApplication.clipboard().setText(with_quotes(reading_text(story), quotes))
            self._window.status.say(self.tr("The story is on the clipboard."))

    @Slot()
    def export(self) -> None:
        """Ask where to, and write the story in the form that the name's ending says."""
        story = self._window.writer.story
        if story is None:
            return
        folder = self._window.preferences.value.stories_folder
        name = file_name(story.title or self.tr("Story"))
        kinds = {
            self.tr("Plain text (*.txt)"): ".txt",
            self.tr("Markdown (*.md)"): ".md",
            self.tr("JSON, with every branch (*.json)"): ".json",
        }
        path, kind = QFileDialog.getSaveFileName(
            self._window, self.tr("Export"), str(folder / f"{name}.txt"), ";;".join(kinds)
        )
        if not path:
            return
        target = Path(path)
        if not target.suffix:
            target = target.with_suffix(kinds.get(kind, ".txt"))
        try:
            export_story(story, target, self._window.preferences.value.quotes)
        except KnownError as error:
            self._window.show_problem(str(error))
        else:
            text = self.tr("Written to %1.").replace("%1", target.name)
            self._window.status.say(text)


def file_name(title: str) -> str:
    """A title as a file's name."""
    plain = "".join(c if c.isalnum() or c in " -'" else " " for c in title)
    return " ".join(plain.split())[:60].strip() or "Story"


def with_quotes(text: str, quotes: str) -> str:
    """``text`` with curly or straight quotation marks, or with those it has (``as written``)."""
    from engine.story.quotes import curly, straight

    return {"curly": curly, "straight": straight}.get(quotes, str)(text)


def export_story(story: Story, target: Path, quotes: str = "as written") -> None:
    """Write a story to a file; the name's ending says in which form (JSON keeps its quotes).

    Raises:
        KnownError: the file cannot be written.
    """
    from engine.story.formats.own import to_json
    from engine.story.formats.text import to_markdown, to_text

    writers = {".md": to_markdown, ".json": lambda s: json.dumps(to_json(s), ensure_ascii=False)}
    text = writers.get(target.suffix.lower(), to_text)(story)
    if target.suffix.lower() != ".json":
        text = with_quotes(text, quotes)
    draft = target.with_name(f".{target.name}.part")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise KnownError(f"{target.name} could not be written: {reason}.") from error
