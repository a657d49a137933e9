"""How replies of a story are asked for, by its own settings: whatever a file from elsewhere says."""

from __future__ import annotations

from typing import Any

from engine.choice import Choice, Layer, read_common, resolve
from engine.lm.settings import SamplerSettings
from engine.story.profile import Profile
from engine.story.tree import Story
from engine.story.trim import Mode

MAX_TOKENS = 80  # of a reply, unless the story or the person says otherwise
LONGEST = 1000


def mode_of(story: Story) -> Mode:
    """Adventure, story, poem, dialogue or script."""
    kind: Any = story.settings.get("kind")
    return Mode(kind) if isinstance(kind, str) and kind in set(Mode) else Mode.ADVENTURE


def length_of(story: Story) -> int:
    """How many tokens a reply may have."""
    own: Any = story.settings.get("max_tokens")
    return own if type(own) is int and 1 <= own <= LONGEST else MAX_TOKENS


def choice_of(story: Story, profile: Profile, common: Layer | None = None) -> Choice:
    """How the next token is chosen: the story's own way, else ``common``, else what suits the model.

    ``common`` is what the person wants in all stories; None reads their file.
    """
    return resolve(profile, story.settings, read_common() if common is None else common)


def sampling_of(story: Story, profile: Profile, common: Layer | None = None) -> SamplerSettings:
    """The sampler settings of ``choice_of``."""
    return choice_of(story, profile, common).sampling
