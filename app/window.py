"""The window: home or desk in the middle, a slim tool bar above, the live line below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QAction, QCloseEvent
from PySide6.QtWidgets import (
    QLabel,
    QMainWindow,
    QMenu,
    QMessageBox,
    QSizePolicy,
    QStackedWidget,
    QToolBar,
    QWidget,
)

from app import NAME
from app.actions import TOOLBAR, Actions
from app.dress import dress, paint_icons
from app.home import Home
from app.icons import lantern
from app.status import Status
from app.window_state import WindowState
from engine.errors import KnownError
from engine.story.node import Kind

if TYPE_CHECKING:  # what the first frame does not need is imported by ``furnish``
    from app.errors import Faults
    from app.jobs import Jobs
    from app.models import Models
    from app.settings import Preferences
    from engine.story.store import Store

MODES = {"mode_do": Kind.DO, "mode_say": Kind.SAY, "mode_story": Kind.STORY}

SMALLEST = QSize(560, 420)


class Window(QMainWindow):
    """Puts the parts together and gives each action its slot.

    It is made in two steps, so that it can be on the screen before the rest is even imported.
    """

    def __init__(self, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(NAME)
        self.setWindowIcon(lantern())
        self.setMinimumSize(SMALLEST)
        self.resize(1080, 760)
        self.setDockNestingEnabled(True)
        self.preferences = preferences
        self.furnished = False
        self.actions_ = Actions(self, preferences.value.shortcuts)
        self.home = Home(self)
        self.status = Status(self)
        self.setStatusBar(self.status)
        self._middle = QStackedWidget(self)
        self._middle.addWidget(self.home)
        self.setCentralWidget(self._middle)
        self._title = QLabel(self)
        self._title.setObjectName("story_title")
        self._bar = self._tool_bar()
        self.actions_.fill_menus(self.menuBar())
        dress(self, preferences.value.theme)
        paint_icons(self.actions_, (name for name in TOOLBAR if name))
        self._state = WindowState(preferences.path.parent)
        self._state.place(self)

    def furnish(self, jobs: Jobs, models: Models, faults: Faults) -> None:
        """Add all that makes it work: the desk, the writer, the stories, the model."""
        from app.desk import Desk
        from app.dialogs.opening import Dialogs
        from app.docks.docks import Docks
        from app.docks.parts import Parts
        from app.files import Files
        from app.librarian import Librarian
        from app.look import Look
        from app.playing import Playing
        from app.switching import Switching
        from app.word_chances import WordChances
        from app.writer import Writer

        preferences = self.preferences
        self.jobs, self.models, self.faults = jobs, models, faults
        self.desk = Desk(self.actions_, self)
        self._middle.addWidget(self.desk)
        self.playing = Playing(preferences, models)
        self.writer = Writer(self.desk.page, jobs, self, play=self.playing, seeds=self.playing.seed)
        self.librarian = Librarian(self.home, preferences, jobs, self)
        self.files = Files(self)
        self.look = Look(preferences, self.actions_, self.desk, self.writer, self)
        self.look.fill_menu(self._view_menu())
        self._words, self._words_before = 0, -1
        self.chances = WordChances(self.writer, self.desk.page)
        self.switching = Switching(preferences, models, self.writer, self.status, self)
        parts = Parts(
            self, preferences, self.actions_, jobs, models, self.playing, self.desk, self.writer
        )
        self.docks = Docks(parts)
        self.dialogs = Dialogs(parts, self.switching, self.status)
        self._connect()
        self.look.dress(preferences.value)
        self._state.lay_out(self)
        self.furnished = True
        self._show_state()

    # Laying out

    def _tool_bar(self) -> QToolBar:
        bar = QToolBar(self.tr("Tool bar"), self)
        bar.setObjectName("tool_bar")
        bar.setMovable(False)
        bar.setIconSize(QSize(20, 20))
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.actions_.fill_toolbar(bar)
        middle = QWidget(bar)
        middle.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        bar.addWidget(middle)
        bar.addWidget(self._title)
        self.addToolBar(bar)
        return bar

    def _view_menu(self) -> QMenu:
        return next(m for m in self.menuBar().findChildren(QMenu) if m.title() == "&View")

    def _connect(self) -> None:
        a, w, home, look = self.actions_, self.writer, self.home, self.look
        page, prompt = self.desk.page, self.desk.prompt
        a.connect(
            {
                "home": self.go_home, "open": self.files.choose, "new": self.librarian.blank,
                "surprise": self.librarian.surprise, "rename": self.files.rename,
                "export": self.files.export, "copy_story": self.files.copy, "close": self.close,
                "undo": w.undo, "redo": w.redo, "find": self.desk.show_find,
                "submit": prompt.submit, "continue": w.go_on, "stop": w.stop, "retry": w.retry,
                "previous": w.previous_version, "next": w.next_version, "back": w.back,
                "suggest": w.suggest, "insert": w.insert, "continue_selection": w.insert,
                "rewrite_selection": w.rewrite_selection,
                "mode_do": self._mode_chosen, "mode_say": self._mode_chosen,
                "mode_story": self._mode_chosen,
                "go_prompt": prompt.line.setFocus, "go_page": page.setFocus,
                "zoom_in": look.zoom_in, "zoom_out": look.zoom_out, "zoom_reset": look.zoom_reset,
                "authors": look.show_authors, "explain": look.explain, "focus": self._focus,
                "chances": self.chances.set_on, "heat": self.chances.set_heat,
                **self.docks.slots(), **self.dialogs.slots(),
            }
        )  # fmt: skip
        prompt.submitted.connect(w.submit)
        prompt.stopped.connect(w.stop)
        prompt.mode_changed.connect(self._mode_changed)
        prompt.length_changed.connect(self._length_changed)
        page.zoomed.connect(look.zoomed)
        page.counted.connect(self._counted)
        page.caret_moved.connect(self._show_state)
        page.menu_opened.connect(self._menu_opened)
        w.reading.connect(self.status.reading)
        w.writing.connect(self.status.writing)
        w.wrote.connect(self.status.wrote)
        w.window.connect(self.status.set_window)
        w.versions.connect(self.desk.turn_bar.set_versions)
        w.suggested.connect(prompt.show_suggestions)
        w.returned.connect(prompt.give_back)
        w.said.connect(self.status.say)
        w.problem.connect(self.show_problem)
        w.fault.connect(self.faults.failed)
        w.state.connect(self._show_state)
        home.open_wanted.connect(self.files.choose)
        self.librarian.opened.connect(self.open_story)
        self.librarian.problem.connect(self.show_problem)
        self.librarian.trouble.connect(self._trouble)
        self.status.models_wanted.connect(a["models"].trigger)
        self.faults.known.connect(self.show_problem)
        self.preferences.changed.connect(look.dress)
        self.preferences.changed.connect(self._recount)

    # Stories

    @Slot(object)
    def open_story(self, store: Store) -> None:
        """Leave the story that is open, and work on this one."""
        from app.playing import mode_of

        if not self._leave_story():
            store.close(discard=True)
            return
        story = store.story
        self.desk.set_mode(mode_of(story))
        self._middle.setCurrentWidget(self.desk)
        self.writer.open(story, store)
        self.librarian.current = store.path
        store.on_trouble = self.librarian.trouble.emit  # from the store's thread: a queued signal
        self.preferences.update(last_story=str(store.path), greeted=True)
        self._words_before = -1
        if self.desk.prompt.isVisible():
            self.desk.prompt.line.setFocus()
        self.status.say("")
        for damage in store.damage:
            self.show_problem(str(damage))
        if store.recovered:
            self.status.say(self.tr("The passage that was being written was kept."))
        self.show_title()

    @Slot()
    def go_home(self) -> None:
        """Close the story and show the home page."""
        if self._leave_story():
            self.desk.set_focus_mode(False)
            self.actions_["focus"].setChecked(False)
            self._focus(on=False)
            self._middle.setCurrentWidget(self.home)
            self.librarian.refresh()
            self.status.clear_story()
            self.show_title()
            self.home.setFocus()

    def _leave_story(self) -> bool:
        """Write what is left and let go of the file; False if that failed and the user stays."""
        store = self.writer.store
        if store is None:
            return True
        self.writer.stop()
        try:
            store.close()
        except KnownError as error:
            if not self._give_up(str(error)):
                return False
            store.close(discard=True)
        self.writer.close()
        self.librarian.current = None
        return True

    def _give_up(self, reason: str) -> bool:
        """Ask whether to leave a story that could not be saved."""
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle(NAME)
        box.setText(self.tr("The last changes could not be saved."))
        box.setInformativeText(reason)
        stay = box.addButton(self.tr("Stay"), QMessageBox.ButtonRole.RejectRole)
        box.addButton(self.tr("Leave without them"), QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(stay)
        box.exec()
        return box.clickedButton() is not stay

    # Showing

    @Slot()
    def _mode_chosen(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self._mode_changed(MODES[action.objectName()])
            self.desk.prompt.line.setFocus()

    @Slot(object)
    def _mode_changed(self, kind: Kind) -> None:
        self.preferences.update(mode=kind.value)
        self.look.dress(self.preferences.value)

    @Slot(int)
    def _length_changed(self, tokens: int) -> None:
        self.preferences.update(reply_tokens=tokens)
        story = self.writer.story
        if story is not None and "max_tokens" in story.settings:  # the story's own length holds
            settings = story.settings | {"max_tokens": tokens}
            story.set("settings", settings, merge_key="settings/max_tokens")

    @Slot(object)
    def _trouble(self, sentence: str | None) -> None:
        if sentence is None:
            self.status.say(self.tr("Everything is saved again."))
        else:
            self.show_problem(sentence)

    @Slot(bool)
    def _focus(self, on: bool) -> None:  # noqa: FBT001  a QAction's slot
        self.desk.set_focus_mode(on)
        for bar in (self._bar, self.menuBar(), self.status):
            bar.setVisible(not on)
        self.docks.set_visible(on=not on)
        if on:
            self.desk.page.setFocus()

    @Slot()
    def _show_state(self) -> None:
        """Enable what can be done now."""
        writer, states = self.writer, set()
        if writer.story is not None:
            states.add("story")
            states.add("streaming" if writer.streaming else "idle")
            start, end = self.desk.page.selection()
            if start < end and not writer.streaming:
                states.add("selection")
        self.actions_.enable(states)
        tokens = self.playing.reply_tokens(writer.story)
        if tokens != self.desk.prompt.length.tokens:
            self.desk.prompt.length.set_tokens(tokens)
        self.desk.prompt.set_state(streaming=writer.streaming, waiting=writer.waiting is not None)

    @Slot(int, int)
    def _counted(self, words: int, selected: int) -> None:
        if self.writer.story is None:
            return
        if self._words_before < 0:
            self._words_before = words
        self._words = words
        target = self.preferences.value.session_target
        self.status.set_words(words, max(0, words - self._words_before), target, selected)

    @Slot()
    def _recount(self) -> None:
        """The session's target and the length of replies may be others now."""
        self._counted(self._words, 0)
        self._show_state()

    def show_title(self) -> None:
        """Name the story in the bar and in the window's title."""
        story = self.writer.story
        name = (story.title or self.tr("Untitled")) if story is not None else ""
        self._title.setText(name)
        self.setWindowTitle(f"{name} – {NAME}" if name else NAME)

    @Slot(str)
    def show_problem(self, text: str) -> None:
        """A sentence the user can act on."""
        self.status.say(text, important=True)

    @Slot(object, int)
    def _menu_opened(self, menu: QMenu, _offset: int) -> None:
        menu.addSeparator()
        for name in ("insert", "continue_selection", "rewrite_selection"):
            menu.addAction(self.actions_[name])

    # Opening and closing

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep the partial passage, write what is left, stop the threads."""
        if not self.furnished:
            event.accept()
            return
        if not self._leave_story():
            event.ignore()
            return
        self._state.keep(self)
        self.hide()  # a model that is being loaded is waited for; nobody should see that
        self.jobs.shutdown()
        self.models.close()
        event.accept()
