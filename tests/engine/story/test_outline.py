"""The tree as lines and as a map."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.story.node import Author, Kind
from engine.story.outline import chart, line, others, parting, trunk
from engine.story.tree import Story


def grown(parents: list[int]) -> Story:
    """A story whose passage number i hangs on one of those before it."""
    story = Story()
    ids: list[int] = []
    for number, parent in enumerate(parents):
        if not ids:
            ids.append(story.append(Kind.OPENING, "Once.").id)
            continue
        at = ids[parent % len(ids)]
        node = story.append(Kind.REPLY, f"Passage {number}.", Author.MODEL, parent=at)
        ids.append(node.id)
    return story


@given(st.lists(st.integers(0, 40), min_size=1, max_size=40), st.integers(0, 40))
def test_every_passage_has_one_spot_and_lines_do_not_cross_others_in_their_lane(parents, head):
    story = grown(parents)
    story.go_to(sorted(story.state.nodes)[head % len(parents)])
    spots = {spot.node: spot for spot in chart(story)}
    assert len(spots) == len(parents)
    assert len({(spot.lane, spot.depth) for spot in spots.values()}) == len(spots)
    for spot in spots.values():
        node = story.node(spot.node)
        assert spot.parent == node.parent
        assert spot.depth == len(story.path(spot.node)) - 1
    for node in story.branch():
        assert spots[node.id].lane == 0


@given(st.lists(st.integers(0, 40), min_size=1, max_size=40))
def test_lines_and_what_branches_off_them_are_the_whole_tree(parents):
    story = grown(parents)
    seen: list[int] = []

    def walk(start: int) -> None:
        for node in line(story, start):
            seen.append(node)
            if node != start:
                for other in others(story, node):
                    walk(other)

    walk(trunk(story)[0])
    assert sorted(seen) == sorted(story.state.nodes)


def test_the_trunk_goes_where_the_story_is():
    story = grown([0])
    first = story.append(Kind.REPLY, "One.", Author.MODEL)
    story.retry()
    second = story.append(Kind.REPLY, "Two.", Author.MODEL)
    assert trunk(story)[-1] == second.id
    story.go_to(first.id)
    assert trunk(story)[-1] == first.id
    assert others(story, first.id) == [second.id]
    assert parting(story, first.id, second.id) == story.root
    assert trunk(Story()) == []
