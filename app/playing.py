"""How replies are asked for in the window: the story's own settings, else the user's."""

from __future__ import annotations

from app.models import Models
from app.settings import FIELDS, Preferences
from engine.playing import mode_of, sampling_of
from engine.story.profile import Profile
from engine.story.tree import Story
from engine.turn import Play

__all__ = ["Playing", "mode_of"]


class Playing:
    """Answers with the ``Play`` of a story."""

    def __init__(self, preferences: Preferences, models: Models) -> None:
        self._preferences = preferences
        self._models = models

    def __call__(self, story: Story) -> Play:
        """What holds for ``story`` now."""
        model = self._models.current
        sampling = sampling_of(story, model.profile if model else Profile())
        return Play(sampling, max_tokens=self.reply_tokens(story), mode=mode_of(story))

    def reply_tokens(self, story: Story | None) -> int:
        """How long a reply may be: the story's own length, else the user's."""
        own = story.settings.get("max_tokens") if story is not None else None
        rule = FIELDS["reply_tokens"]
        if type(own) is int and (rule.low or 0) <= own <= (rule.high or 0):
            return own
        return self._preferences.value.reply_tokens
