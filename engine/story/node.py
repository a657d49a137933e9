"""The values a story is made of: passages, who wrote them, and how a reply came about."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


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


class PackedMeta(Protocol):
    """Reply metadata in its compact form, which a story keeps thousands of."""

    def field(self, name: str) -> Any:
        """The value of one field of ``ReplyMeta``, unpacked anew at each call."""
        ...


@dataclass(frozen=True)
class ReplyMeta:
    """How a reply came about, so that it can be explained and replayed.

    ``logprobs`` are nats (half precision once in a story); ``top`` holds, for the newest passages
    only, per token the likeliest alternatives as (id, logprob). ``border`` is where history began
    in the window it saw: the node and the character offset. ``cut`` is what trimming took off the
    end, so that it can be recovered.

    In a story the fields of a reply are unpacked at each access: hold on to what is needed twice.
    """

    model: str
    digest: str
    seed: int
    settings: dict[str, Any] = field(default_factory=dict)
    ids: tuple[int, ...] = field(default_factory=tuple)
    logprobs: tuple[float, ...] = field(default_factory=tuple)
    top: tuple[tuple[tuple[int, float], ...], ...] = field(default_factory=tuple)
    prompt: Prompt = field(default_factory=lambda: Prompt(0, ()))
    border: tuple[int, int] | None = field(default_factory=lambda: None)
    finish: str = field(default_factory=str)
    cut: str = field(default_factory=str)

    @classmethod
    def of(cls, packed: PackedMeta) -> ReplyMeta:
        """A reply's metadata that stays packed until a field is asked for."""
        meta = object.__new__(cls)
        object.__setattr__(meta, "packed", packed)
        return meta

    def __getattr__(self, name: str) -> Any:
        # Only reached for what __init__ did not set, so every default above is a factory: a plain
        # one would be found on the class first.
        packed = self.__dict__.get("packed")
        if packed is None or name.startswith("_"):
            raise AttributeError(name)
        return packed.field(name)


@dataclass(frozen=True, slots=True)
class Node:
    """One passage: a value; the tree replaces it when it changes.

    ``text`` is what the person typed or the model wrote, without any wrapper but with the white
    space that divides it from the passage before: a branch's text is its passages' texts joined by
    nothing. ``created`` is seconds since the epoch. ``revision`` 0 is the first wording, the one
    that a reply's ids spell.
    """

    id: int
    parent: int | None
    kind: Kind
    text: str
    spans: tuple[Span, ...]
    created: float
    revision: int = 0
    meta: ReplyMeta | None = None

    @property
    def lead(self) -> str:
        """The white space the passage begins with."""
        return self.text[: len(self.text) - len(self.text.lstrip())]

    @property
    def body(self) -> str:
        """The text without white space around it."""
        return self.text.strip()
