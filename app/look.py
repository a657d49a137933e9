"""Colours, letters and habits: the settings as they show on every part of the window."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction, QActionGroup, QGuiApplication
from PySide6.QtWidgets import QMenu

from app.actions import BY_ID, Actions
from app.desk import Desk
from app.dress import dress, paint_icons
from app.introduction import Introduction
from app.page_formats import Marks
from app.settings import Preferences, Settings
from app.theme import SYSTEM, Theme, load_theme, theme_ids
from app.window import MODES, Window
from app.writer import Writer
from engine.story.node import Kind


class Look(QObject):
    """Applies settings to the window's parts, and takes what is changed there back into them."""

    def __init__(
        self,
        preferences: Preferences,
        actions: Actions,
        desk: Desk,
        writer: Writer,
        window: Window,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._painted = ""  # the theme whose colours the icons have
        self._preferences = preferences
        self._actions = actions
        self._desk = desk
        self._writer = writer
        self._themes = QActionGroup(self)
        self._themes.triggered.connect(self._theme_chosen)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._scheme_changed)
        self._introduce()

    def _introduce(self) -> None:
        """Say above the page what the colours and cards on it are for, while they are on."""
        told = {
            "chances": self.tr(
                "Rest the pointer on a word to see how likely the model found it, and what else "
                "could stand there. Click another word, and the story goes on with that one."
            ),
            "heat": self.tr(
                "The deeper a word's colour, the less the model expected it there: surprises stand "
                "out, your own as well as the model's. Rest on a word to see its chance."
            ),
        }
        for name, text in told.items():
            intro = Introduction(name, text, self._preferences, self._desk)
            intro.setContentsMargins(16, 8, 10, 8)
            self._desk.lines.insertWidget(0, intro)
            intro.set_wanted(self._actions[name].isChecked())
            self._actions[name].toggled.connect(intro.set_wanted)

    def fill_menu(self, view: QMenu) -> None:
        """Add the themes to the menu of views."""
        view.addSeparator()
        menu = view.addMenu(self.tr("T&heme"))
        for theme_id in (SYSTEM, *theme_ids()):
            system = theme_id == SYSTEM
            action = menu.addAction(
                self.tr("As the desktop") if system else load_theme(theme_id).name
            )
            action.setCheckable(True)
            action.setData(theme_id)
            self._themes.addAction(action)

    @Slot(object)
    def dress(self, settings: Settings) -> None:
        """Show the settings."""
        theme = dress(self._window, settings.theme)
        if theme.id != self._painted:
            self._painted = theme.id
            paint_icons(self._actions, BY_ID)
        self._set_page(settings, theme)
        prompt = self._desk.prompt
        prompt.set_mode(Kind(settings.mode))
        self._writer.set_habits(read_ahead=settings.read_ahead, suggestions=settings.suggestions)
        for action in self._themes.actions():
            action.setChecked(action.data() == settings.theme)
        self._actions["authors"].setChecked(settings.show_authors)
        for name, kind in MODES.items():
            self._actions[name].setChecked(kind.value == settings.mode)

    def _set_page(self, settings: Settings, theme: Theme) -> None:
        page = self._desk.page
        wanted = replace(
            page.setting,
            theme=theme,
            family=settings.font,
            points=float(settings.font_size),
            leading=settings.line_height,
            measure=settings.measure,
            marks=Marks.COLOUR if settings.show_authors else Marks.NONE,
        )
        if wanted != page.setting:
            page.apply_setting(wanted)

    @Slot(QAction)
    def _theme_chosen(self, action: QAction) -> None:
        self._preferences.update(theme=action.data())

    @Slot()
    def _scheme_changed(self) -> None:
        if self._preferences.value.theme == SYSTEM:
            self.dress(self._preferences.value)

    @Slot(float)
    def zoomed(self, points: float) -> None:
        """The page was zoomed by wheel or key."""
        self._preferences.update(font_size=round(points))

    @Slot()
    def zoom_in(self) -> None:
        """Larger letters."""
        self._desk.page.zoom(1)

    @Slot()
    def zoom_out(self) -> None:
        """Smaller letters."""
        self._desk.page.zoom(-1)

    @Slot()
    def zoom_reset(self) -> None:
        """The usual size."""
        self._desk.page.zoom(0)

    @Slot()
    def explain(self) -> None:
        """Let everything say again what it is for."""
        self._preferences.update(put_away="")

    @Slot(bool)
    def show_authors(self, on: bool) -> None:  # noqa: FBT001  a QAction's slot
        """Tell a person's words and the model's apart, or not."""
        self._preferences.update(show_authors=on)
