"""What the sampling panel shows and changes: the settings of this story, or those of all stories."""

from __future__ import annotations

import random
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from engine.choice import OWN, Choice, differing, resolve, says, write_common
from engine.errors import KnownError
from engine.lm import presets

if TYPE_CHECKING:
    from app.docks.parts import Parts
    from engine.lm.presets import Preset
    from engine.lm.settings import SamplerSettings

REST = 1200  # ms without a change after which the next one is a step of undo of its own
IDS_SHOWN = 12
SAVE = 300  # ms after which what holds in all stories is written down


class Scope(StrEnum):
    """Whose settings are changed."""

    STORY = "story"
    ALL = "all"


class Chooser(QObject):
    """Reads and writes how the next token is chosen.

    Signals:
        changed: the settings, their preset, the scope or the model may be others now.
        problem: a sentence about what could not be done.
    """

    changed = Signal()
    problem = Signal(str)

    def __init__(self, parts: Parts, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self._writer = parts.writer
        self._playing = parts.playing
        self._wanted = Scope.STORY  # where there is a story
        self._key = ("", 0)  # the field that is being changed, and a number for one gesture
        self._held = False  # a slider is
        self._unsaved = False  # what holds in all stories
        self._own: dict[str, Any] = {}  # of the story, as last seen
        self.choice = self._resolved()
        self._base: Preset | None = None  # what the settings began as
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST)
        self._rest.timeout.connect(self._rested)
        self._save = QTimer(self)
        self._save.setSingleShot(True)
        self._save.setInterval(SAVE)
        self._save.timeout.connect(self.flush)
        self._writer.opened.connect(self._refresh)
        self._writer.model_changed.connect(self._refresh)
        self._writer.changed.connect(self._story_changed)

    # What is shown

    @property
    def scope(self) -> Scope:
        """Whose settings are shown and changed; without a story those of all."""
        return self._wanted if self._writer.story is not None else Scope.ALL

    @property
    def sampling(self) -> SamplerSettings:
        """The settings that are shown."""
        return self.choice.sampling

    @property
    def preset(self) -> Preset:
        """The preset that the settings began as; a nameless one with all off if it is not here."""
        if self._base is None or self._base.id != self.choice.preset:
            try:
                self._base = presets.find(self.choice.preset)
            except KnownError:
                self._base = presets.Preset("?", id=self.choice.preset)
        return self._base

    @property
    def base(self) -> SamplerSettings:
        """What reset goes back to."""
        return self.preset.settings

    def presets_changed(self) -> None:
        """Preset files were written or removed."""
        self._base = None
        self._refresh()

    @property
    def has_story(self) -> bool:
        """Whether a story is open."""
        return self._writer.story is not None

    @property
    def overridden(self) -> bool:
        """Whether those of all are shown, but the open story has its own, which win there."""
        return self.scope is Scope.ALL and self.has_story and self.story_has_own

    @property
    def story_has_own(self) -> bool:
        """Whether the open story says anything of its own."""
        story = self._writer.story
        return story is not None and says(story.settings)

    @property
    def common_says(self) -> bool:
        """Whether the person has said anything for all stories."""
        return says(self._playing.common)

    @property
    def unavailable(self) -> Mapping[str, str]:
        """Settings that the backend in use does not have, and why; "order" and "seed", too."""
        model = self._writer.model
        if model is None:
            return {}
        found = model.backend.capabilities
        if found.seeds:
            return found.unavailable
        return {**found.unavailable, "seed": self.tr("This server takes no seed.")}

    @property
    def vocabulary(self) -> str:
        """Changes with the model, and with it the ids of words."""
        model = self._writer.model
        return model.backend.identity.digest if model is not None else ""

    def ids(self, text: str) -> str:
        """The token ids of a text, at a line's beginning and after a space; "" without a model."""
        model = self._writer.model
        if model is None or not model.backend.capabilities.logits:  # a server's are its own affair
            return ""
        from engine.lm.samplers.words import variants

        ways = variants(model.backend.tokenizer, text)
        return " | ".join(
            " ".join(map(str, ids[:IDS_SHOWN])) + (" …" if len(ids) > IDS_SHOWN else "")
            for ids in ways
        )

    # What is changed

    def set_scope(self, scope: Scope) -> None:
        """Show and change the settings of this story, or those of all."""
        self._wanted = scope
        self._refresh()

    @Slot()
    def grip(self) -> None:
        """A slider is held: all that changes until it is let go is one step of undo."""
        self._held, self._key = True, ("", 0)

    @Slot()
    def release(self) -> None:
        """It was let go; what changes next is a step of its own."""
        self._held, self._key = False, ("", 0)

    def set(self, field: str, value: Any) -> None:
        """Change one field of the settings; while one gesture lasts it is one step of undo."""
        if getattr(self.sampling, field) == value:
            return
        try:
            new = self.sampling.with_(**{field: value})
        except KnownError as error:
            self.problem.emit(str(error))
            self.changed.emit()  # the field shows what holds
            return
        self._put({"sampling": differing(new), "preset": self.choice.preset}, field)

    def use(self, preset: Preset) -> None:
        """Take over all settings of a preset."""
        self._put({"sampling": differing(preset.settings), "preset": preset.id}, "")

    def rename(self, preset_id: str) -> None:
        """The preset that the settings began as is called so now; the settings stay."""
        self._put({"sampling": differing(self.sampling), "preset": preset_id}, "")

    def set_stop(self, stop: tuple[str, ...]) -> None:
        """End replies at these texts, too."""
        if stop != self.choice.stop:
            self._put({"stop_strings": list(stop)}, "stop_strings")

    def set_seed(self, seed: int | None) -> None:
        """Fix the seed, or leave it to chance."""
        if seed != self.choice.seed:
            self._put({"seed": -1 if seed is None else seed}, "seed")

    def let_go(self) -> None:
        """Forget what this story, or what all stories, say: the next layer below holds again."""
        story = self._writer.story
        if self.scope is Scope.STORY and story is not None:
            self.drop_own()
        else:
            self._put_common({})

    def drop_own(self) -> None:
        """Let the story go by the settings of all stories; one step of undo."""
        story = self._writer.story
        if story is not None:
            kept = {key: value for key, value in story.settings.items() if key not in OWN}
            story.set("settings", kept, verb=self.tr("change sampling"))

    def _put(self, changes: dict[str, Any], field: str) -> None:
        story = self._writer.story
        if self.scope is Scope.STORY and story is not None:
            settings = story.settings
            if "sampling" in changes:
                settings.pop("temperature", None)  # it is in the settings themselves
            story.set(
                "settings",
                settings | changes,
                merge_key=self._merge_key(field),
                verb=self.tr("change sampling"),
            )
        else:
            self._put_common({**self._playing.common, **changes})

    def _put_common(self, layer: dict[str, Any]) -> None:
        self._playing.common = layer
        self._unsaved = True
        self._save.start()
        self._refresh()

    def _merge_key(self, field: str) -> str:
        """The same for all changes of one gesture; random, because the journal outlives us."""
        if not field:
            return ""
        if self._key[0] != field:
            self._key = (field, random.getrandbits(48))
        self._rest.start()
        return f"sampling/{field}/{self._key[1]}"

    @Slot()
    def _rested(self) -> None:
        if not self._held:
            self._key = ("", 0)

    @Slot()
    def flush(self) -> None:
        """Write down what holds in all stories, if that changed."""
        if not self._unsaved:
            return
        self._unsaved = False
        self._save.stop()
        try:
            write_common(self._playing.common)
        except KnownError as error:
            self.problem.emit(str(error))

    # What others change

    @Slot(object)
    def _story_changed(self, _change: object) -> None:
        story = self._writer.story
        if story is not None and self._of(story.settings) != self._own:
            self._refresh()

    @Slot()
    def _refresh(self, _what: object = None) -> None:
        story = self._writer.story
        self._own = self._of(story.settings) if story is not None else {}
        self.choice = self._resolved()
        self.changed.emit()

    def _resolved(self) -> Choice:
        story = self._writer.story
        layers = [self._playing.common]
        if self.scope is Scope.STORY and story is not None:
            layers.insert(0, story.settings)
        return resolve(self._playing.profile, *layers)

    @staticmethod
    def _of(settings: dict[str, Any]) -> dict[str, Any]:
        return {key: settings[key] for key in OWN if key in settings}
