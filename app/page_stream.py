"""A reply on its way to the page: gathered as it comes, painted once a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Slot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.page import Page
    from engine.story.node import Node

FRAME_MS = 16


class Stream(QObject):
    """What has come and is not painted yet."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self._page = page
        self._pending: list[str] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self.flush)

    def forget(self) -> None:
        """Another branch is shown."""
        self._pending.clear()

    def begin(self) -> None:
        """A reply is about to arrive below the last passage."""
        if self._page.model.draft is not None:
            raise ValueError("a reply is being streamed already")
        self._page.model.begin()

    def add(self, text: str) -> None:
        """The reply goes on."""
        if self._page.model.draft is None:
            self.begin()
        self._pending.append(text)
        if not self._timer.isActive():
            self._timer.start()

    def retract(self, characters: int) -> None:
        """Take back the last characters."""
        self.flush()
        self._page.draw(self._page.model.retract(characters))

    def end(self, nodes: Sequence[Node]) -> None:
        """The reply is part of ``nodes`` now, or was dropped."""
        self.flush()
        self._page.edits.answer()
        self._page.draw(self._page.model.close(nodes), follow=True)

    @Slot()
    def flush(self) -> None:
        """Paint what has come."""
        self._timer.stop()
        text = "".join(self._pending)
        self._pending.clear()
        if text:
            self._page.draw(self._page.model.extend(text), follow=True)
