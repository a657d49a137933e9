"""The border of history: kept while it fits, moved in blocks, found again after a retry."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from engine.story.context import ContextBuilder, Note, Sources
from engine.story.eviction import choose_border
from engine.story.ledger import Context
from engine.story.lorebook import Entry
from engine.story.node import Kind, Node
from engine.story.profile import EMBER
from engine.tokens import common_prefix
from tests.engine.story.stories import ember, game

TOKENIZER = ember()
LORE = [
    Entry("1", "mill", "an old mill by the stream, full of owls", keys=("mill",)),
    Entry("2", "chapel", "a chapel without a roof", keys=("chapel",)),
    Entry("3", "house", "a house that creaks", constant=True),
]


def windows(nodes: list[Node], block: float, budget: int = 900) -> list[Context]:
    """The windows of a story as it is played, each with the border of the one before."""
    builder = ContextBuilder(TOKENIZER, EMBER)
    out: list[Context] = []
    border = None
    for end in range(2, len(nodes) + 1):
        if nodes[end - 1].kind is not Kind.DO:
            continue
        sources = Sources(
            nodes[:end], "You are a guest here.", Note("Slow and eerie."), LORE, border=border
        )
        out.append(builder.build(sources, budget, block=block))
        border = out[-1].border
    return out


def shared(series: list[Context]) -> list[float]:
    """The share of each window that begins the next one."""
    return [common_prefix(a.tokens, b.tokens) / len(a.tokens) for a, b in pairwise(series)]


def test_in_blocks_of_40_percent_most_windows_begin_like_the_one_before() -> None:
    series = windows(game(120), 0.4)
    full = next(at for at, context in enumerate(series) if context.border is not None)
    ratios = shared(series[full - 1 :])
    assert len(ratios) > 90
    assert sum(ratio >= 0.6 for ratio in ratios) / len(ratios) >= 0.7


def test_in_blocks_long_turns_and_changing_lore_still_share_prefixes() -> None:
    nodes = game(120)
    for index, node in enumerate(nodes):
        if node.kind is Kind.REPLY:
            more = " The stair creaks under your foot, and you count the steps to yourself as you go on."
            nodes[index] = replace(node, text=node.text + more)
    series = windows(nodes, 0.4)
    full = next(at for at, context in enumerate(series) if context.border is not None)
    ratios = shared(series[full - 1 :])
    assert sum(ratio >= 0.6 for ratio in ratios) / len(ratios) >= 0.7


def test_sentence_by_sentence_forgets_no_more_than_it_must() -> None:
    for context in windows(game(60), 0.0)[15:]:
        assert len(context.tokens) > 900 - 40


def test_a_retry_sees_the_same_window() -> None:
    nodes = game(40)[:-1]
    builder = ContextBuilder(TOKENIZER, EMBER)
    border = windows(nodes, 0.4)[-2].border
    first = builder.build(Sources(nodes, border=border), 900, block=0.4)
    again = builder.build(Sources(nodes, border=border), 900, block=0.4)
    assert first == again
    assert first.border == border


def test_a_border_that_is_gone_or_stale_is_replaced() -> None:
    builder = ContextBuilder(TOKENIZER, EMBER)
    nodes = game(40)
    lost = builder.build(Sources(nodes, border=(9999, 0)), 900, block=0.4)
    assert len(lost.tokens) > 400
    stale = builder.build(Sources(nodes, border=(nodes[-1].id, 0)), 900, block=0.4)
    assert stale == lost
    short = builder.build(Sources(nodes[:5], border=(nodes[4].id, 0)), 900, block=0.4)
    assert short.border is None


def test_the_ledger_foretells_what_leaves() -> None:
    series = windows(game(30), 0.0)
    told = [
        any(row.leaving and row.source in ("history", "opening") for row in one.ledger)
        for one in series
    ]
    moved = [a.border != b.border for a, b in pairwise(series)]
    assert not told[0]
    agreed = sum(t == m for t, m in zip(told, moved, strict=False))
    assert agreed >= len(moved) - 2


@pytest.mark.parametrize("room", [0, 1, 5, 12, 40, 1000])
@pytest.mark.parametrize("block", [0.0, 0.3, 0.4])
@pytest.mark.parametrize("previous", [None, 0, 3, 9])
def test_what_is_chosen_fits(room: int, block: float, previous: int | None) -> None:
    sizes = [4, 3, 6, 2, 9, 4, 5, 1, 7, 3]
    index = choose_border(sizes, room, lambda at: sizes[at] + 1, previous=previous, block=block)
    assert index == len(sizes) or sum(sizes[index:]) + 1 <= room
    if block == 0.0 and 0 < index < len(sizes):
        assert sum(sizes[index - 1 :]) + 1 > room
