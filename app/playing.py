"""How replies are asked for in the window: the story's own settings, else the user's."""

from __future__ import annotations

import random

from app.models import Models
from app.settings import FIELDS, Preferences
from engine.choice import Layer, read_common
from engine.playing import choice_of, mode_of
from engine.story.profile import Profile
from engine.story.tree import Story
from engine.turn import Play

__all__ = ["Playing", "mode_of"]


class Playing:
    """Answers with the ``Play`` of a story; ``common`` is how tokens are chosen in all stories."""

    def __init__(self, preferences: Preferences, models: Models) -> None:
        self._preferences = preferences
        self._models = models
        self._common: Layer | None = None
        self._fixed: int | None = None

    def __call__(self, story: Story) -> Play:
        """What holds for ``story`` now."""
        choice = choice_of(story, self.profile, self.common)
        self._fixed = choice.seed
        return Play(
            choice.sampling,
            max_tokens=self.reply_tokens(story),
            stop=choice.stop,
            mode=mode_of(story),
        )

    @property
    def profile(self) -> Profile:
        """How the model in use was taught; a plain one while there is none."""
        return self._models.current.profile if self._models.current else Profile()

    @property
    def common(self) -> Layer:
        """What the person wants in all stories, read from its file when first asked for."""
        if self._common is None:
            self._common = read_common()
        return self._common

    @common.setter
    def common(self, layer: Layer) -> None:
        self._common = layer

    def seed(self) -> int:
        """The seed of the next reply: the fixed one of the story asked about last, else chance."""
        return random.SystemRandom().getrandbits(32) if self._fixed is None else self._fixed

    def reply_tokens(self, story: Story | None) -> int:
        """How long a reply may be: the story's own length, else the user's."""
        own = story.settings.get("max_tokens") if story is not None else None
        rule = FIELDS["reply_tokens"]
        if type(own) is int and (rule.low or 0) <= own <= (rule.high or 0):
            return own
        return self._preferences.value.reply_tokens
