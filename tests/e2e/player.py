"""The real program, moved by lines in the player's words; prints what it shows as JSON lines.

python -m tests.e2e.player [FILE.story] < lines

begin castle-gray     choose a scenario's card on the home page
do open the chest     type it into the prompt line and press Enter, wait for the passage
start go north        the same, but go on as soon as the first words are there
press retry           an action of the menus, by its shortcut; wait until the model is at rest
type at 10: text      put the caret into the page and type there
show                  print {"text", "page", "passages", "versions", "status"}
quit                  close the window
die                   end the process at once, as a crash does
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.application import Application, make_qt
from app.selftest import fingerprint

PATIENCE = 120.0  # seconds


class Player:
    """One start of the program."""

    def __init__(self, file: str) -> None:
        self.qt = make_qt(["player"])
        self.app = Application()
        self.app.faults.install()
        self.app.faults.fault.connect(self._fault)
        self.app.start(file)
        self.window = self.app.window
        self.wait(self.window.isVisible)
        self.window.activateWindow()  # a bare X server has nobody who would
        QTest.qWaitForWindowActive(self.window, 5000)
        self.wait(lambda: self.app.models.current)

    def _fault(self, text: str) -> None:
        sys.stderr.write(text)
        os._exit(70)

    def wait(self, until: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE
        while not until():
            if time.monotonic() > end:
                sys.stderr.write("waited too long\n")
                os._exit(71)
            QTest.qWait(5)

    def rest(self) -> None:
        self.wait(lambda: not self.window.writer.streaming)

    def obey(self, line: str) -> bool:
        word, _, rest = line.partition(" ")
        getattr(self, f"_{word}")(rest)
        return word != "quit"

    def _begin(self, name: str) -> None:
        cards = self.window.home.grid.buttons
        card = next(button for button in cards if button.card.id == name)
        self.app.preferences.update(greeted=False)  # no questions asked
        QTest.mouseClick(card, Qt.MouseButton.LeftButton)
        self.wait(lambda: self.window.writer.story)

    def _enter(self, action: str) -> None:
        line = self.window.desk.prompt.line
        line.setFocus()
        QTest.keyClicks(line, action)
        QTest.keyClick(line, Qt.Key.Key_Return)

    def _do(self, action: str) -> None:
        self._enter(action)
        self.rest()

    def _start(self, action: str) -> None:
        self._enter(action)
        page = self.window.desk.page
        self.wait(lambda: page.model.draft is not None and len(page.model.draft.text) > 8)

    def _press(self, name: str) -> None:
        action = self.window.actions_[name]
        if not action.isEnabled():
            sys.stderr.write(f"'{name}' cannot be used\n")
            os._exit(72)
        sequence: Any = action.shortcut()
        keys = sequence[0]
        happened: list[bool] = []

        def note() -> None:
            happened.append(True)

        action.triggered.connect(note)
        target = QApplication.focusWidget() or self.window
        QTest.keyClick(target, keys.key(), keys.keyboardModifiers())
        action.triggered.disconnect(note)
        if len(happened) != 1:
            text = action.shortcut().toString(QKeySequence.SequenceFormat.PortableText)
            sys.stderr.write(f"{text} did not reach '{name}'\n")
            os._exit(73)
        self.rest()

    def _type(self, rest: str) -> None:
        place, _, text = rest.removeprefix("at ").partition(": ")
        page = self.window.desk.page
        page.setFocus()
        page.set_caret(int(place))
        QTest.keyClicks(page, text)

    def _wait(self, seconds: str) -> None:
        QTest.qWait(round(float(seconds) * 1000))

    def _show(self, _rest: str) -> None:
        story = self.window.writer.story
        shown = {
            "text": story.text if story else None,
            "page": self.window.desk.page.text(),
            "passages": [(str(n.kind), n.text) for n in story.branch()] if story else [],
            "tree": fingerprint(story),
            "versions": self.window.desk.turn_bar.versions,
            "status": self.window.status.now,
            "path": str(self.window.writer.store.path) if self.window.writer.store else "",
            "platform": QApplication.platformName(),
        }
        sys.stdout.write(json.dumps(shown, default=str) + "\n")
        sys.stdout.flush()

    def _quit(self, _rest: str) -> None:
        self.window.close()

    def _die(self, _rest: str) -> None:
        os._exit(9)


def main() -> int:
    player = Player(sys.argv[1] if len(sys.argv) > 1 else "")
    for line in sys.stdin:
        if line.strip() and not player.obey(line.rstrip("\n")):
            break
    return 0


if __name__ == "__main__":
    sys.exit(main())
