"""How replies of a story are asked for, by its own settings: whatever a file from elsewhere says."""

from __future__ import annotations

from typing import Any

from engine.errors import KnownError
from engine.lm import presets
from engine.lm.settings import SamplerSettings
from engine.story.profile import Profile
from engine.story.tree import Story
from engine.story.trim import Mode

DEFAULT_PRESET = "balanced"
MAX_TOKENS = 80  # of a reply, unless the story or the person says otherwise
LONGEST = 1000
HOTTEST = 5.0


def mode_of(story: Story) -> Mode:
    """Adventure, story, poem, dialogue or script."""
    kind: Any = story.settings.get("kind")
    return Mode(kind) if isinstance(kind, str) and kind in set(Mode) else Mode.ADVENTURE


def length_of(story: Story) -> int:
    """How many tokens a reply may have."""
    own: Any = story.settings.get("max_tokens")
    return own if type(own) is int and 1 <= own <= LONGEST else MAX_TOKENS


def sampling_of(story: Story, profile: Profile) -> SamplerSettings:
    """The story's own preset, else what suits the model; with the story's own temperature."""
    try:
        preset = presets.find(str(story.settings.get("preset") or profile.preset or DEFAULT_PRESET))
    except KnownError:  # a story from elsewhere may name one that is not here
        preset = presets.find(DEFAULT_PRESET)
    own: Any = story.settings.get("temperature")
    if type(own) in {int, float} and 0 <= own <= HOTTEST:
        return preset.settings.with_(temperature=float(own))
    return preset.settings
