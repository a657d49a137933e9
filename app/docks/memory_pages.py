"""Two pages of the memory panel: what the model never forgets, and the author's note."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.docks.memory_fields import Number, StoryLine, StoryText, quiet
from app.docks.memory_meter import Meter
from app.docks.parts import Parts
from app.introduction import Introduction
from engine.story.beside import NOTE_DEPTH
from engine.story.forms import KOBOLD_SLOT
from engine.story.ledger import Context, Source
from engine.story.profile import SLOT
from engine.story.tree import Story

DEEPEST = 999  # paragraphs
_SHOWN = 60  # characters of the paragraph after the note


class Page(QScrollArea):
    """A page that scrolls where the panel is low, and writes into the open story."""

    undone = Signal(bool)

    def __init__(self, parts: Parts, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(name)
        inside = QWidget(self)
        self.column = QVBoxLayout(inside)
        self.column.setContentsMargins(12, 6, 12, 12)
        self.column.setSpacing(8)
        self.setWidget(inside)

    @property
    def story(self) -> Story | None:
        """The story that is open."""
        return self._parts.writer.story

    def put(self, key: str, text: str) -> None:
        """Set a text of the story; typing it is one step of undo."""
        if self.story is not None:
            self.story.set(key, text, merge_key=key)

    def put_setting(self, name: str, value: Any) -> None:
        """Set one of the story's settings; None is as usual."""
        if self.story is not None:
            settings = {k: v for k, v in self.story.settings.items() if k != name}
            if value is not None:
                settings[name] = value
            self.story.set("settings", settings, merge_key=f"settings/{name}")

    @Slot()
    def seal(self) -> None:
        """What is typed later is a step of undo of its own."""
        if self.story is not None:
            self.story.seal()

    def follow(self, *fields: StoryText | StoryLine) -> None:
        """Let fields have their undo of the story."""
        for field in fields:
            field.of_story.undone.connect(self.undone)
            field.of_story.left.connect(self.seal)


class MemoryPage(Page):
    """The memory: a text, what it costs, and whether the opening stays."""

    def __init__(self, parts: Parts, parent: QWidget | None = None) -> None:
        super().__init__(parts, self.tr("Memory"), parent)
        self.text = StoryText(self, lines=(5, 18))
        self.text.setAccessibleName(self.tr("Memory"))
        self.text.setPlaceholderText(self.tr("You are … You carry …"))
        self.meter = Meter(Source.MEMORY, self)
        self.example = QPushButton(self.tr("Add an example"), self)
        self.pin = QCheckBox(self.tr("Keep the opening"), self)
        pin_help = quiet(
            self.tr(
                "The first passage stays in the window for good; the middle of a long story gives "
                "way instead. Off, it leaves as the oldest part."
            ),
            self,
            small=True,
        )
        self.pin.setAccessibleDescription(pin_help.text())
        self.intro = Introduction(
            "memory",
            self.tr(
                "Read before everything else, every turn. Write what must never be forgotten: who "
                "is who, what is carried, what has been promised. Short plain sentences work best."
            ),
            parts.preferences,
            self,
        )
        for widget in (self.intro, self.text, self.meter, self.example, self.pin, pin_help):
            self.column.addWidget(widget)
        self.column.setAlignment(self.example, Qt.AlignmentFlag.AlignLeft)
        self.column.addStretch(1)
        self.follow(self.text)
        self.text.edited.connect(lambda text: self.put("memory", text))
        self.example.clicked.connect(self._add_example)
        self.pin.clicked.connect(lambda on: self.put_setting("pin_opening", on or None))

    def show_story(self) -> None:
        """Show what the story says."""
        story = self.story
        self.text.show_text(story.memory if story is not None else "")
        self.pin.setChecked(bool(story is not None and story.settings.get("pin_opening")))
        self.example.setVisible(story is not None and not story.memory.strip())
        self.meter.setVisible(story is not None and bool(story.memory.strip()))

    def show_context(self, context: Context | None) -> None:
        """Show what it takes of the next turn's window."""
        self.meter.show_source(context)

    @Slot()
    def _add_example(self) -> None:
        self.put("memory", self.tr("You are Ana, a lamplighter. You carry a brass lantern."))
        self.text.setFocus()


class NotePage(Page):
    """The author's note: a text, where it stands, and the form it has there."""

    def __init__(self, parts: Parts, parent: QWidget | None = None) -> None:
        super().__init__(parts, self.tr("Author's note"), parent)
        self.text = StoryText(self, lines=(3, 10))
        self.text.setAccessibleName(self.tr("Author's note"))
        self.text.setPlaceholderText(self.tr("Rain, and a feeling of being watched."))
        self.meter = Meter(Source.NOTE, self)
        self.example = QPushButton(self.tr("Add an example"), self)
        self.paragraphs = Number(1, DEEPEST, self)
        self.paragraphs.setAccessibleName(self.tr("Paragraphs before the end"))
        self.place = quiet("", self, small=True)
        self.template = StoryLine(self)
        self.template.setAccessibleName(self.tr("Form of the note"))
        slot = f"{SLOT} {self.tr('or')} {KOBOLD_SLOT}"
        self._form_help = quiet(
            self.tr("%1 stands for the note. Empty: as this model was taught.").replace("%1", slot),
            self,
            small=True,
        )
        self.intro = Introduction(
            "note",
            self.tr(
                "A word to the model about how to go on: mood, pace, what should come soon. It "
                "stands near the end, so it weighs much; keep it to a sentence."
            ),
            parts.preferences,
            self,
        )
        for widget in (self.intro, self.text, self.meter, self.example):
            self.column.addWidget(widget)
        self.column.setAlignment(self.example, Qt.AlignmentFlag.AlignLeft)
        name = QLabel(self.tr("Paragraphs before the end"), self)
        name.setWordWrap(True)
        name.setBuddy(self.paragraphs)
        where = QHBoxLayout()
        where.addWidget(name, 1)
        where.addWidget(self.paragraphs)
        form = QLabel(self.tr("Form"), self)
        form.setBuddy(self.template)
        self.column.addLayout(where)
        for widget in (self.place, form, self.template, self._form_help):
            self.column.addWidget(widget)
        self.column.addStretch(1)
        self.follow(self.text, self.template)
        self.text.edited.connect(lambda text: self.put("note", text))
        self.example.clicked.connect(self._add_example)
        self.paragraphs.valueChanged.connect(
            lambda value: self.put_setting(
                "note_depth", None if value == NOTE_DEPTH else int(value)
            )
        )
        self.template.edited.connect(lambda text: self.put_setting("note_template", text or None))

    def show_story(self) -> None:
        """Show what the story says."""
        story = self.story
        settings = story.settings if story is not None else {}
        depth, template = settings.get("note_depth"), settings.get("note_template")
        self.text.show_text(story.note if story is not None else "")
        self.paragraphs.show_value(max(depth, 1) if type(depth) is int else NOTE_DEPTH)
        self.template.show_text(template if isinstance(template, str) else "")
        self.template.setPlaceholderText(self._parts.playing.profile.note or SLOT)
        written = story is not None and bool(story.note.strip())
        self.example.setVisible(story is not None and not written)
        self.meter.setVisible(written)

    def show_context(self, context: Context | None) -> None:
        """Show what it takes of the next turn's window, and where it stands there."""
        self.meter.show_source(context)
        self.place.setText(self._where(context))

    def _where(self, context: Context | None) -> str:
        usual = self.tr("1 is right before the last paragraph. Lower weighs more, and lets less of the window be read again.")  # fmt: skip
        if context is None or self.story is None or not self.story.note.strip():
            return usual
        spans = context.spans
        at = next((i for i, span in enumerate(spans) if span.source is Source.NOTE), None)
        if at is None:
            return usual
        after = " ".join(context.text[spans[at].end :].split())
        if not after:
            return self.tr("Now it stands at the very end.")
        cut = after if len(after) <= _SHOWN else after[:_SHOWN].rsplit(" ", 1)[0] + "…"
        return self.tr("Now it stands before: “%1”").replace("%1", cut)

    @Slot()
    def _add_example(self) -> None:
        self.put("note", self.tr("It is raining, and someone is close."))
        self.text.setFocus()
