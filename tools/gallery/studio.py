"""The camera: the real window without a screen, and the list of pictures that are taken of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

SHOTS: list[tuple[str, Callable[[Studio], None]]] = []
PATIENCE = 120.0  # seconds for any one thing
SPEED = 0.0003  # seconds per token of a prompt, as on a laptop
SEED = 7  # of the first that is written in front of the camera


def shot(name: str) -> Callable[[Callable[[Studio], None]], Callable[[Studio], None]]:
    """A scene of the gallery: one picture, or a few that belong together."""

    def add(take: Callable[[Studio], None]) -> Callable[[Studio], None]:
        SHOTS.append((name, take))
        return take

    return add


class Studio:
    """The window in front of the camera."""

    def __init__(self, target: Path, scale: str) -> None:
        from app.application import Application, make_qt
        from engine.lm.local import LocalBackend

        self.qt = make_qt(["screenshots"])
        self.target, self.scale, self.theme = target, scale, "light"
        self.app = Application()
        self.window = self.app.window
        self.writer = self.window.writer
        self.writer.seed = count(SEED).__next__  # type: ignore[method-assign]
        # The same windows at every take: how much is evicted at once follows the measured speed.
        LocalBackend.seconds_per_token = property(lambda _: SPEED)  # type: ignore[method-assign]
        self.window.resize(1120, 780)
        self.app.start()
        self.wait(lambda: self.app.models.current)

    def wait(self, until: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE
        while not until():
            if time.monotonic() > end:
                raise TimeoutError(f"a scene waited {PATIENCE:.0f} s for something in vain")
            self.pause(10)

    def pause(self, ms: int = 250) -> None:
        """Let the window live; QTest's own wait would keep Python to itself, and the engine waits."""
        from PySide6.QtCore import QEventLoop, QTimer

        loop = QEventLoop()
        QTimer.singleShot(ms, loop.quit)
        loop.exec()

    def settle(self) -> None:
        """Wait until nothing is written or read any more."""
        self.wait(lambda: not self.writer.streaming and not self.writer.ahead.reading)
        self.pause(150)

    def set_theme(self, theme: str) -> None:
        self.theme = theme
        self.app.preferences.update(theme=theme)
        self.pause(50)

    def open(self, title: str) -> None:
        from engine.paths import stories

        self.window.librarian.open(str(stories() / f"{title}.story"))
        self.pause()

    def home(self) -> None:
        if self.writer.story is not None:
            self.window.go_home()
        self.pause()

    def take(self, name: str, widget=None) -> None:
        self.target.mkdir(parents=True, exist_ok=True)
        suffix = "" if self.scale == "1" else "@2x"
        path = self.target / f"{name}-{self.theme}{suffix}.png"
        (widget or self.window).grab().save(str(path))

    @contextmanager
    def size(self, width: int, height: int) -> Iterator[None]:
        """Another size of the window for a while."""
        before = self.window.size()
        self.window.resize(width, height)
        self.pause(60)
        yield
        self.window.resize(before)
        self.pause(60)

    @contextmanager
    def panels(self, *names: str) -> Iterator[list]:
        """Panels that are open for a while; what they hold, in the order asked for."""
        docks = [self.window.docks.show(f"dock_{name}") for name in names]
        self.pause()
        yield [dock.contents for dock in docks]
        for dock in docks:
            dock.hide()
        self.pause(60)

    @contextmanager
    def typed(self, text: str) -> Iterator[None]:
        """Words in the prompt line for a while."""
        self.window.desk.prompt.set_text(text)
        self.pause()
        yield
        self.window.desk.prompt.line.clear()

    @contextmanager
    def dialog(self, dialog) -> Iterator[None]:
        dialog.show()
        self.pause(60)
        yield
        dialog.hide()
        dialog.deleteLater()

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What is written for a picture is taken back after it."""
        story = self.writer.story
        assert story is not None
        head = story.head
        yield
        self.writer.stop()
        while story.head != head:
            self.writer.undo()


def take_all(target: Path, scale: str, only: Collection[str] = ()) -> None:
    """Every scene (or only those named) in both themes, at the scale Qt was started with."""
    from tools.gallery import scenes_dialogs, scenes_page, scenes_panels, scenes_words  # noqa: F401

    studio = Studio(target, scale)
    for theme in ("light", "dark"):
        studio.set_theme(theme)
        for name, take in SHOTS:
            if only and name not in only:
                continue
            print(f"{theme} {scale}x {name}", flush=True)
            take(studio)
    studio.home()
    studio.window.close()
