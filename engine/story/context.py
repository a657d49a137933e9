"""The window: what the model sees of a story, built by a pure function and accounted for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.story.ledger import Context
from engine.story.lorebook import Entry, LoreSettings
from engine.story.node import Node
from engine.story.profile import Profile
from engine.tokens import Tokenizer


@dataclass(frozen=True, slots=True)
class Note:
    """The author's note: ``depth`` paragraphs from the end; ``template`` None is the profile's."""

    text: str = ""
    depth: int = 3
    template: str | None = None


@dataclass(frozen=True, slots=True)
class Sources:
    """What a window is made of: the branch from root to head, and what the person wrote about it.

    ``border`` is that of the window before, as stored with the last reply.
    """

    branch: Sequence[Node]
    memory: str = ""
    note: Note = field(default_factory=Note)
    lore: Sequence[Entry] = ()
    lore_settings: LoreSettings = field(default_factory=LoreSettings)
    pin_opening: bool = False
    border: tuple[int, int] | None = None


class ContextBuilder:
    """Builds windows for one model; keeps nothing but caches, so equal input gives equal windows."""

    def __init__(self, tokenizer: Tokenizer, profile: Profile) -> None:
        self.tokenizer = tokenizer
        self.profile = profile

    def build(self, sources: Sources, budget: int, *, block: float = 0.0, cue: str = "") -> Context:
        r"""The window of at most ``budget`` tokens (the model's n_ctx minus room for the answer).

        ``block`` is the share of history evicted at once when it no longer fits: 0 is sentence by
        sentence, at most 0.4. ``cue`` are words after the story, e.g. ``"\n\n> You"``.
        """
        raise NotImplementedError
