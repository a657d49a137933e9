"""Keeps the home page filled, and opens, begins and finds stories."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QDialog, QWidget

from app.cards import Card
from app.home import Featured, Home
from app.jobs import Job, Jobs, Lane, once
from app.settings import Preferences
from app.story_list import StoryRow
from engine.errors import KnownError
from engine.story.scenario import Scenario, load_folder, surprise
from engine.story.trim import Mode

if TYPE_CHECKING:
    from app.lookup import Found

FIRST = "castle-gray"  # the scenario a first start offers
KINDS = {
    "story": Mode.STORY,
    "poem": Mode.POEM,
    "dialogue": Mode.DIALOGUE,
    "script": Mode.SCRIPT,
}


class Librarian(QObject):
    """Knows where stories and scenarios are.

    Signals:
        opened: the Store of a story that was opened or begun.
        problem: a sentence about what could not be done.
        trouble: a story cannot be saved (a sentence), or can again (None).
    """

    opened = Signal(object)
    problem = Signal(str)
    trouble = Signal(object)

    def __init__(self, home: Home, preferences: Preferences, jobs: Jobs, parent: QWidget) -> None:
        super().__init__(parent)
        self._home = home
        self._preferences = preferences
        self._jobs = jobs
        self._window = parent
        self._scenarios: dict[str, Scenario] = {}
        self._search: Job | None = None
        self.current: Path | None = None  # the story that is open
        home.story_chosen.connect(self.open)
        home.scenario_chosen.connect(self.begin_scenario)
        home.blank_chosen.connect(self.blank_page)
        home.surprise_wanted.connect(self.surprise)
        home.searched.connect(self.search)

    # Filling the home page

    def refresh(self) -> None:
        """Show scenarios, the story to go on with, and the list of stories."""
        if not self._scenarios:
            found, problems = load_folder()
            self._scenarios = {item.name: item for item in found}
            for problem in problems:
                self.problem.emit(str(problem))
            cards = [card_of(item) for item in found if not item.name.startswith("blank-")]
            self._home.set_scenarios(cards)
        if not self._preferences.value.greeted:
            self.feature(None)
        self.search("")

    def feature(self, last: StoryRow | None) -> None:
        """First the story that was open last; on a first start a scenario that is ready to play."""
        if last is not None:
            self._home.greet("")
            card = Card(last.path, last.title, last.about, last.text)
            heading = self.tr("Go on with your story")
            self._home.set_featured(Featured(heading, card, self.tr("Continue"), new=False))
            return
        self._home.greet(
            self.tr(
                "Welcome. In here you play stories: you say what you do, and a small language "
                "model on this very computer tells what happens next. Nothing leaves your machine, "
                "nothing has to be downloaded, and every word is kept as you go. Begin with this "
                "one, or pick a card below."
            )
        )
        first = self._scenarios.get(FIRST) or next(iter(self._scenarios.values()), None)
        if first is not None:
            heading = self.tr("Ready to play")
            card = card_of(first.fill())
            self._home.set_featured(Featured(heading, card, self.tr("Begin"), new=True))

    @Slot(str)
    def search(self, text: str) -> None:
        """List the stories in which ``text`` stands; all of them if it is empty."""
        from app.lookup import look_up  # SQLite and all: not needed for the first frame

        folder, last = (self._preferences.value.stories_folder, self._preferences.value.last_story)
        if self._search is not None:
            self._search.cancel()
        self._search = Job(once(lambda: look_up(folder, text, last)))
        self._search.yielded.connect(self._listed)
        self._search.ended.connect(self._ended)
        self._jobs.start(self._search, Lane.IO)

    @Slot(object)
    def _listed(self, found: Found) -> None:
        self._home.set_stories(found.rows, any_at_all=found.any_at_all)
        if found.searched:
            return
        self.feature(found.featured)

    @Slot(object)
    def _ended(self, error: object) -> None:
        if isinstance(error, KnownError):
            self.problem.emit(str(error))
        elif isinstance(error, Exception):
            raise error

    # Opening and beginning

    @Slot(str)
    def open(self, path: str) -> None:
        """Open a story file; one that is open already is left as it is."""
        from engine.story.store import Store

        if self.current is not None and Path(path).absolute() == self.current:
            return
        try:
            store = Store.open(Path(path))
        except KnownError as error:
            self.problem.emit(str(error))
        else:
            self.opened.emit(store)

    @Slot(str)
    def begin_scenario(self, name: str) -> None:
        """Begin a scenario from the gallery; ask what it leaves open, but not on a first start."""
        scenario = self._scenarios[name]
        answers: dict[str, str] = {}
        if scenario.placeholders and self._preferences.value.greeted:
            from app.placeholders_dialog import PlaceholdersDialog, Question

            questions = [
                Question(item.name, item.label, item.default, item.choices)
                for item in scenario.placeholders
            ]
            dialog = PlaceholdersDialog(scenario.fill().title, questions, self._window)
            taken = dialog.exec() == QDialog.DialogCode.Accepted
            answers = dialog.answers()
            dialog.deleteLater()
            if not taken:
                return
        self._begin(scenario.fill(answers))

    @Slot()
    def surprise(self) -> None:
        """Begin a scenario drawn by chance, its choices drawn too."""
        seed = random.SystemRandom().getrandbits(32)
        try:
            self._begin(surprise(list(self._scenarios.values()), seed))
        except KnownError as error:
            self.problem.emit(str(error))

    @Slot()
    def blank(self) -> None:
        """Begin with an empty page."""
        self.blank_page("story")

    @Slot(str)
    def blank_page(self, kind: str) -> None:
        """Begin with an empty page for a story, a poem, a dialogue or a script."""
        shipped = self._scenarios.get(f"blank-{kind}")
        settings = dict(shipped.settings) if shipped is not None else {}
        titles = {
            "story": self.tr("Untitled story"),
            "poem": self.tr("Untitled poem"),
            "dialogue": self.tr("Untitled dialogue"),
            "script": self.tr("Untitled script"),
        }
        self._begin(Scenario(titles[kind], kind=KINDS[kind], settings=settings))

    def _begin(self, scenario: Scenario) -> None:
        from engine.story.begin import begin
        from engine.story.shelf import Shelf
        from engine.story.store import Store

        try:
            folder = self._preferences.value.stories_folder
            folder.mkdir(parents=True, exist_ok=True)
            with Shelf(folder) as shelf:
                store = Store.create(shelf.path_for(scenario.title))
        except KnownError as error:
            self.problem.emit(str(error))
            return
        except OSError as error:
            text = self.tr("A new story cannot be made there: %1.")
            self.problem.emit(text.replace("%1", error.strerror or str(error)))
            return
        begin(store.story, scenario)
        self.opened.emit(store)


def card_of(scenario: Scenario) -> Card:
    """A scenario as a card of the gallery."""
    return Card(scenario.name, scenario.title, scenario.genre, scenario.description)
