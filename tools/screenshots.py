"""Take the gallery: the real window with real stories, light and dark, at 1x and 2x.

    python tools/screenshots.py [FOLDER]          default docs/screenshots

Ember plays the stories first, with fixed seeds; then each scale is a start of its own, because Qt
reads it once.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

PLAYED = {
    "castle-gray": ("look around", "take the shield", "go north", "light another torch"),
    "last-tram": ("look out of the window", "talk to the driver"),
    "baby-dinosaur": ("pick up the little dinosaur", "push the lever"),
}
PROSE = (
    "# The Ferry\n\nThe last boat had gone, and the lamps along the quay were being put out one by "
    "one. Nobody had told Ana that there would be no other until *Thursday*."
)
POEM = "# Rain at Night\n\nThe rain is walking on the roof,\nit knows the way, it does not knock,"
SHOTS: list[tuple[str, Callable[..., None]]] = []


def main() -> int:
    """Prepare the stories, then start once for each scale."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "docs" / "screenshots").resolve()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        for step in ("stories", "1", "2"):
            environment = os.environ | {
                "BRASS_LANTERN_HOME": home,
                "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen"),
                "QT_SCALE_FACTOR": step if step != "stories" else "1",
            }
            done = subprocess.run(
                [sys.executable, __file__, "--step", step, str(target)],
                env=environment,
                check=False,
            )
            if done.returncode:
                return done.returncode
    return 0


def make_stories() -> None:
    """Play a few turns of a few scenarios with Ember, and write on a page and a poem."""
    from app.models import load_local
    from engine.lm.presets import find
    from engine.paths import stories
    from engine.story.begin import begin
    from engine.story.context import ContextBuilder
    from engine.story.node import Kind
    from engine.story.scenario import Scenario, load_folder
    from engine.story.store import Store
    from engine.story.trim import Mode
    from engine.turn import Play, prepare

    model = load_local("ember")
    builder = ContextBuilder(model.backend.tokenizer, model.profile)
    sampling = find(model.profile.preset or "balanced").settings
    stories().mkdir(parents=True, exist_ok=True)
    scenarios = {item.name: item for item in load_folder()[0]}

    def reply(story, mode: Mode, seed: int) -> None:
        play = Play(sampling, max_tokens=70, mode=mode)
        turn = prepare(story, model.backend, builder, play, seed)
        for _ in turn.run(model.backend):
            pass
        turn.commit(story, model.backend.identity)

    for name, actions in PLAYED.items():
        scenario = (
            scenarios[name].fill() if name in scenarios else next(iter(scenarios.values())).fill()
        )
        with Store.create(stories() / f"{scenario.title}.story") as store:
            begin(store.story, scenario)
            for seed, action in enumerate(actions):
                store.story.append(Kind.DO, action)
                reply(store.story, Mode.ADVENTURE, seed)
            for seed in (7, 8):
                store.story.retry()
                reply(store.story, Mode.ADVENTURE, seed)
    for title, text, mode in (("The Ferry", PROSE, Mode.STORY), ("Rain at Night", POEM, Mode.POEM)):
        with Store.create(stories() / f"{title}.story") as store:
            begin(store.story, Scenario(title, kind=mode))
            store.story.append(Kind.STORY, text)
            for seed in (1, 2):
                reply(store.story, mode, seed)
            end = store.story.length
            store.story.replace(end - 1, end, " at last.", near=store.story.head)


def shot(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A picture of the gallery."""

    def add(take: Callable[..., None]) -> Callable[..., None]:
        SHOTS.append((name, take))
        return take

    return add


class Studio:
    """The window in front of the camera."""

    def __init__(self, target: Path, scale: str) -> None:
        from app.application import Application, make_qt

        self.qt = make_qt(["screenshots"])
        self.target, self.scale, self.theme = target, scale, "light"
        self.app = Application()
        self.window = self.app.window
        self.window.resize(1120, 780)
        self.app.start()
        self.wait(lambda: self.app.models.current)

    def wait(self, until: Callable[[], object]) -> None:
        from PySide6.QtTest import QTest

        while not until():
            QTest.qWait(10)

    def pause(self, ms: int = 250) -> None:
        from PySide6.QtTest import QTest

        QTest.qWait(ms)

    def set_theme(self, theme: str) -> None:
        self.theme = theme
        self.app.preferences.update(theme=theme)
        self.pause(50)

    def open(self, title: str) -> None:
        from engine.paths import stories

        self.window.librarian.open(str(stories() / f"{title}.story"))
        self.pause()

    def home(self) -> None:
        if self.window.writer.story is not None:
            self.window.go_home()
        self.pause()

    def take(self, name: str, widget=None) -> None:
        self.target.mkdir(parents=True, exist_ok=True)
        suffix = "" if self.scale == "1" else "@2x"
        path = self.target / f"{name}-{self.theme}{suffix}.png"
        (widget or self.window).grab().save(str(path))

    @contextmanager
    def dialog(self, dialog) -> Iterator[None]:
        dialog.show()
        self.pause(60)
        yield
        dialog.hide()
        dialog.deleteLater()


@shot("home")
def _home(studio: Studio) -> None:
    studio.home()
    studio.take("home")


@shot("first-start")
def _first(studio: Studio) -> None:
    studio.home()
    studio.app.preferences.update(greeted=False, last_story="")
    studio.window.librarian.feature(None)
    studio.window.home.set_stories([], any_at_all=False)
    studio.pause()
    studio.take("first-start")


@shot("adventure")
def _adventure(studio: Studio) -> None:
    studio.open("Under Castle Gray")
    studio.window.desk.prompt.set_text("open the door in the north wall")
    studio.pause(500)
    studio.take("adventure")
    studio.window.desk.prompt.line.clear()


@shot("streaming")
def _streaming(studio: Studio) -> None:
    studio.open("Under Castle Gray")
    writer, model = studio.window.writer, studio.window.desk.page.model
    for _ in range(9):  # until a reply is long enough to be caught half-way
        writer.retry()
        studio.wait(
            lambda: not writer.streaming or (model.draft is not None and len(model.draft.text) > 30)
        )
        if writer.streaming:
            break
    studio.window.desk.prompt.set_text("call for Jan")
    studio.pause(60)
    studio.take("streaming")
    studio.window.writer.stop()
    studio.window.writer.undo()
    studio.window.desk.prompt.line.clear()


@shot("suggestions")
def _suggestions(studio: Studio) -> None:
    studio.open("Under Castle Gray")
    studio.window.desk.prompt.show_suggestions(
        ["You open the door.", "You call for Jan.", "You look behind the shield."]
    )
    studio.pause(60)
    studio.take("suggestions")
    studio.window.desk.prompt.show_suggestions([])


@shot("writing")
def _writing(studio: Studio) -> None:
    studio.open("The Ferry")
    studio.pause(500)
    studio.take("writing")


@shot("poem")
def _poem(studio: Studio) -> None:
    studio.open("Rain at Night")
    studio.pause(500)
    studio.take("poem")


@shot("find")
def _find(studio: Studio) -> None:
    studio.open("Under Castle Gray")
    bar = studio.window.desk.find_bar
    bar.needle.setText("shield")
    bar.open_with_selection()
    studio.pause(400)
    studio.take("find")
    bar.dismiss()


@shot("focus")
def _focus(studio: Studio) -> None:
    studio.open("The Ferry")
    studio.window.actions_["focus"].trigger()
    studio.pause()
    studio.take("focus")
    studio.window.actions_["focus"].trigger()


@shot("narrow")
def _narrow(studio: Studio) -> None:
    studio.open("Under Castle Gray")
    size = studio.window.size()
    studio.window.resize(560, 560)
    studio.pause()
    studio.take("narrow")
    studio.home()
    studio.take("narrow-home")
    studio.window.resize(size)
    studio.pause(60)


@shot("sampling")
def _sampling(studio: Studio) -> None:
    studio.open("Under Castle Gray")
    dock = studio.window.docks.show("dock_sampling")
    panel = dock.contents
    studio.wait(lambda: panel.xray.picture)
    studio.pause(300)
    studio.take("sampling")
    panel.xray.stages.click()
    for section in panel.knobs.sections.values():
        section.button.setChecked(not section.button.isChecked())
    studio.pause(300)
    studio.take("sampling-steps")
    panel.xray.words.click()
    for section in panel.knobs.sections.values():
        section.button.setChecked(not section.button.isChecked())
    size = studio.window.size()
    studio.window.resize(560, 560)
    studio.pause(300)
    studio.take("sampling-narrow")
    studio.window.resize(size)
    dock.hide()
    studio.pause(60)


@shot("memory")
def _memory(studio: Studio) -> None:
    studio.open("Under Castle Gray")
    dock = studio.window.docks.show("dock_memory")
    panel = dock.contents
    studio.pause()
    studio.take("memory")
    panel.show_page(2)
    studio.pause(60)
    studio.wait(lambda: not panel.lore.survey.busy)
    studio.take("lore")
    dock.hide()


@shot("dialogs")
def _dialogs(studio: Studio) -> None:
    from app.errors import CrashDialog, report
    from app.help import AboutDialog, KeysDialog
    from app.placeholders_dialog import PlaceholdersDialog, Question

    window = studio.window
    questions = [
        Question("name", "What is your name?", "Petra"),
        Question("weapon", "What do you carry?", "a knife", ("a knife", "a sword", "an ax")),
    ]
    try:
        raise ValueError("an example")
    except ValueError as error:
        text = report(error)
    for name, dialog in (
        ("questions", PlaceholdersDialog("Under Castle Gray", questions, window)),
        ("keyboard", KeysDialog(window.actions_, window)),
        ("about", AboutDialog("Documents/Brass Lantern", "models", window)),
        ("crash", CrashDialog(text, window)),
    ):
        with studio.dialog(dialog):
            studio.take(name, dialog)


@shot("models")
def _models(studio: Studio) -> None:
    from engine.lm.remote.servers import Kind, Server, put_server

    studio.open("Under Castle Gray")
    put_server(Server("Big box", "http://192.168.0.7:8000/v1", Kind.VLLM))
    dialog = studio.window.dialogs.models()
    dialog.models.list.pick("gpt2-medium")
    studio.wait(dialog.models.detail.fit.advice.text)
    studio.pause(100)
    studio.take("models", dialog)
    dialog.tabs.setCurrentWidget(dialog.servers)
    dialog.servers.list.pick("Big box")
    studio.pause(100)
    studio.take("servers", dialog)
    dialog.tabs.setCurrentWidget(dialog.models)
    dialog.close()


@shot("settings")
def _settings(studio: Studio) -> None:
    dialog = studio.window.dialogs.settings()
    for page, name in enumerate(("settings", "settings-look", "settings-model")):
        dialog.tabs.setCurrentIndex(page)
        studio.pause(100)
        studio.take(name, dialog)
    dialog.close()


def take_all(target: Path, scale: str) -> None:
    """Every shot in both themes, at the scale Qt was started with."""
    studio = Studio(target, scale)
    for theme in ("light", "dark"):
        studio.set_theme(theme)
        for name, take in SHOTS:
            print(f"{theme} {scale}x {name}", flush=True)
            take(studio)
    studio.home()
    studio.window.close()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        _, _, step, folder = sys.argv
        make_stories() if step == "stories" else take_all(Path(folder), step)
        sys.exit(0)
    sys.exit(main())
