"""The values a story is made of: passages, who wrote them, and how a reply came about."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Author(StrEnum):
    """Who wrote a character."""

    HUMAN = "human"
    MODEL = "model"
    EDITED = "edited"  # typed by a person between a model's words


class Kind(StrEnum):
    """What a passage is."""

    OPENING = "opening"
    DO = "do"
    SAY = "say"
    STORY = "story"
    REPLY = "reply"


@dataclass(frozen=True, slots=True)
class Span:
    """``length`` characters (code points) by one author; a text's spans cover all of it."""

    length: int
    author: Author


@dataclass(frozen=True, slots=True)
class Prompt:
    """The ids a reply was written after: a prefix shared with the parent reply's prompt, and the rest."""

    shared: int
    rest: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReplyMeta:
    """How a reply came about, so that it can be explained and replayed.

    ``logprobs`` are nats; ``top`` holds, for the newest passages only, per token the likeliest
    alternatives as (id, logprob). ``border`` is where history began in the window it saw: the node
    and the character offset. ``cut`` is what trimming took off the end, so that it can be recovered.
    """

    model: str
    digest: str
    seed: int
    settings: dict[str, Any] = field(default_factory=dict)
    ids: tuple[int, ...] = ()
    logprobs: tuple[float, ...] = ()
    top: tuple[tuple[tuple[int, float], ...], ...] = ()
    prompt: Prompt = field(default_factory=lambda: Prompt(0, ()))
    border: tuple[int, int] | None = None
    finish: str = ""
    cut: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """One passage: a value; the tree replaces it when it changes.

    ``text`` is what the person typed or the model wrote, without any wrapper. ``created`` is
    seconds since the epoch.
    """

    id: int
    parent: int | None
    kind: Kind
    text: str
    spans: tuple[Span, ...]
    created: float
    revision: int = 0
    meta: ReplyMeta | None = None
