"""Builders of branches for the tests of windows and lore."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.lm.tokenizer import GPT2Tokenizer, load_tokenizer
from engine.story.node import Author, Kind, Node, ReplyMeta, Span

ASSETS = Path(__file__).resolve().parents[3] / "assets"


def ember() -> GPT2Tokenizer:
    """The tokenizer of the built-in model."""
    return load_tokenizer(ASSETS / "models" / "ember")


def branch(*passages: tuple[Kind, str] | tuple[Kind, str, Sequence[int]]) -> list[Node]:
    """Passages in a row; a third value is the ids a reply was sampled as."""
    nodes: list[Node] = []
    for index, passage in enumerate(passages):
        kind, text = passage[0], passage[1]
        meta = None
        if len(passage) > 2:
            meta = ReplyMeta(model="m", digest="d", seed=1, ids=tuple(passage[2]))
        author = Author.MODEL if kind is Kind.REPLY else Author.HUMAN
        spans = (Span(len(text), author),) if text else ()
        nodes.append(Node(index + 1, index or None, kind, text, spans, 0.0, meta=meta))
    return nodes


def game(turns: int) -> list[Node]:
    """A story of an opening and so many turns, no two alike."""
    places = ["cellar", "attic", "garden", "tower", "bridge", "chapel", "mill"]
    things = ["lamp", "key", "rope", "letter", "coin", "bell", "knife", "map", "egg"]
    passages: list[tuple[Kind, str]] = [
        (Kind.OPENING, "You wake in an old house by the sea. Rain beats on the windows.")
    ]
    for turn in range(turns):
        place, thing = places[turn % len(places)], things[turn % len(things)]
        passages.append((Kind.DO, f"look for the {thing} in the {place}"))
        passages.append(
            (
                Kind.REPLY,
                (
                    f"You search the {place} for a long time. At last you find the {thing} under a board,"
                    f' and number {turn} is scratched on it.\n\n"Who is there?" says a voice from the '
                    f"{places[(turn + 3) % 7]}. You hold your breath and wait until it is quiet again."
                ),
            )
        )
    return branch(*passages)
