"""How replies are asked for: the story's own settings, else the user's, else the model's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.models import Models
from app.settings import FIELDS, Preferences
from engine.errors import KnownError
from engine.story.trim import Mode

if TYPE_CHECKING:
    from engine.lm.settings import SamplerSettings
    from engine.story.tree import Story
    from engine.turn import Play

DEFAULT_PRESET = "balanced"


class Playing:
    """Answers with the ``Play`` of a story."""

    def __init__(self, preferences: Preferences, models: Models) -> None:
        self._preferences = preferences
        self._models = models
        self._known: dict[str, SamplerSettings] = {}

    def __call__(self, story: Story) -> Play:
        """What holds for ``story`` now."""
        from engine.turn import Play

        model = self._models.current
        named = story.settings.get("preset") or (model.profile.preset if model else "")
        sampling = self._sampling(str(named or DEFAULT_PRESET))
        temperature = story.settings.get("temperature")
        if isinstance(temperature, int | float) and 0 <= temperature <= 5:
            sampling = sampling.with_(temperature=float(temperature))
        return Play(sampling, max_tokens=self.reply_tokens(story), mode=mode_of(story))

    def reply_tokens(self, story: Story | None) -> int:
        """How long a reply may be: the story's own length, else the user's."""
        own = story.settings.get("max_tokens") if story is not None else None
        rule = FIELDS["reply_tokens"]
        if isinstance(own, int) and (rule.low or 0) <= own <= (rule.high or 0):
            return own
        return self._preferences.value.reply_tokens

    def _sampling(self, name: str) -> SamplerSettings:
        from engine.lm.presets import find

        if name not in self._known:
            try:
                self._known[name] = find(name).settings
            except KnownError:  # a story from elsewhere may name one that is not here
                self._known[name] = find(DEFAULT_PRESET).settings
        return self._known[name]


def mode_of(story: Story) -> Mode:
    """Adventure, story, poem, dialogue or script, as the story's settings say."""
    kind = story.settings.get("kind", "")
    return Mode(kind) if kind in set(Mode) else Mode.ADVENTURE
