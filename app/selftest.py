"""``--selftest``: the real window plays with the built-in model, offscreen, and says what it checked."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from engine import paths

PATIENCE = 180.0  # seconds for any one thing, on a slow and busy machine
SCENARIO = "castle-gray"


class CheckError(Exception):
    """A check did not hold."""


class SelfTest:
    """Drives the window by its own actions and prints a line for each check."""

    def __init__(self, home: Path) -> None:
        from app.application import Application, make_qt

        self._home = home
        self._started = time.perf_counter()
        self.qt = make_qt(["selftest"])
        self.app = Application()
        self.faults: list[str] = []
        self.app.faults.fault.disconnect(self.app.faults.show_fault)
        self.app.faults.fault.connect(self.faults.append)
        self.app.window.writer.problem.connect(self.faults.append)
        self.app.window.librarian.problem.connect(self.faults.append)

    @property
    def _text(self) -> str:
        story = self.app.window.writer.story
        if story is None:
            raise CheckError("no story is open")
        return story.text

    def check(self, what: str, holds: object) -> None:
        """Print that ``what`` holds, or give up."""
        if self.faults:
            raise CheckError(f"{what}: {self.faults[0]}")
        if not holds:
            raise CheckError(what)
        seconds = time.perf_counter() - self._started
        sys.stdout.write(f"{seconds:7.1f} s  {what}\n")
        sys.stdout.flush()

    def wait(self, what: str, until: Callable[[], object]) -> None:
        """Let the window live until something holds."""
        end = time.monotonic() + PATIENCE
        while not until():
            if self.faults:
                raise CheckError(f"{what}: {self.faults[0]}")
            if time.monotonic() > end:
                raise CheckError(f"{what}: not within {PATIENCE:.0f} seconds")
            self.qt.processEvents()
            time.sleep(0.002)

    def play(self, action: str) -> None:
        """Type an action, press Enter, wait for the passage."""
        prompt = self.app.window.desk.prompt
        prompt.set_text(action)
        prompt.submit()
        self.wait(action, lambda: not self.app.window.writer.streaming)

    def press(self, name: str) -> None:
        """Trigger an action of the menus and wait until the model is at rest."""
        action = self.app.window.actions_[name]
        if not action.isEnabled():
            raise CheckError(f"the action '{name}' cannot be used")
        action.trigger()
        self.wait(name, lambda: not self.app.window.writer.streaming)

    def run(self) -> None:
        """All checks, in the order of a first evening."""
        window, writer, page = self.app.window, self.app.window.writer, self.app.window.desk.page
        self.check("nothing heavy is loaded before the window", "torch" not in sys.modules)
        self.app.start()
        self.wait("the first frame", window.home.isVisible)
        self.check("the window shows its home page", not window.grab().isNull())
        self.wait("the model", lambda: self.app.models.current)
        model = self.app.models.current
        self.check("the built-in model is loaded", model)
        self.check(
            "its tokens are written by a compiled program", model and compiled(model.backend)
        )
        window.librarian.begin_scenario(SCENARIO)
        opening = self._text
        self.check("a scenario begins", opening and writer.store is not None)
        self.play("look around")
        self.play("take the shield")
        story = writer.story
        if story is None or writer.store is None:
            raise CheckError("the story is gone")
        kinds = [str(node.kind) for node in story.branch()]
        self.check("two turns are played", kinds == ["opening", "do", "reply", "do", "reply"])
        first = self._text
        self.press("retry")
        reply = story.branch()[-1]
        self.check("a retry stands beside the old reply", len(story.siblings(reply.id)) == 2)
        self.press("previous")
        self.check("the old version is there", self._text == first)
        self.press("back")
        self.check("back a turn", len(story.branch()) == 3)
        self.press("undo")
        self.check("undo brings the turn back", self._text == first)
        self.check("the page takes an edit", page.replace(0, 0, "Once. "))
        self.check("page and story agree", page.text() == self._text == "Once. " + first)
        whole, tree, path = self._text, fingerprint(story), writer.store.path
        self.press("home")
        self.check("the story is closed and saved", writer.story is None and path.is_file())
        window.librarian.open(str(path))
        story = writer.story
        self.check("reopened, it is the same text", self._text == whole)
        self.check("and the same branches", story is not None and fingerprint(story) == tree)
        self._export(whole)
        window.close()
        self.check("the window closes", not window.isVisible())

    def _export(self, whole: str) -> None:
        from app.files import export_story

        story = self.app.window.writer.story
        target = self._home / "export.txt"
        if story is not None:
            export_story(story, target)
        words = whole.split()[:5]
        self.check("the export has the story", " ".join(words) in target.read_text("utf-8"))


def compiled(backend: object) -> bool:
    """Whether torch could compile the program that writes tokens: a frozen one needs its source."""
    from engine.lm.compiled import CompiledStep, token_step
    from engine.lm.local import LocalBackend

    if not isinstance(backend, LocalBackend):
        return False
    on_cpu = backend.model.device.type == "cpu"
    return not on_cpu or isinstance(token_step(backend.model), CompiledStep)


def fingerprint(story: object) -> list[tuple[object, ...]]:
    """Every passage of a story, on any branch."""
    from engine.story.tree import Story

    if not isinstance(story, Story):
        return []
    nodes = sorted(story.state.nodes.values(), key=lambda node: node.id)
    return [(n.id, n.parent, str(n.kind), n.text, n.spans) for n in nodes]


def run() -> int:
    """Run in a home of its own; 0 if everything holds."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ[paths.HOME_VARIABLE] = folder
        test = SelfTest(Path(folder))
        try:
            test.run()
        except CheckError as failure:
            sys.stdout.write(f"FAILED: {failure}\n")
            test.app.jobs.shutdown()
            return 1
    sys.stdout.write("Everything holds.\n")
    return 0
