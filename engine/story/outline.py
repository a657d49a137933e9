"""The tree of a story as lines: the way on from a passage, and what branches off it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.story.tree import Story


@dataclass(frozen=True, slots=True)
class Spot:
    """A passage on the map: ``depth`` passages below the beginning, in column ``lane`` from 0.

    ``lane`` 0 is the branch the story is on. ``parent`` is the spot's passage above, or None.
    """

    node: int
    parent: int | None
    lane: int
    depth: int


def line(story: Story, start: int) -> list[int]:
    """``start`` and the way on from it: the current branch where it leads there, else the newest."""
    out = [start]
    while after := story.children(out[-1]):
        current = next((node.id for node in after if story.place(node.id) is not None), None)
        out.append(current if current is not None else after[-1].id)
    return out


def trunk(story: Story) -> list[int]:
    """The line from the beginning that the story is on; empty for an empty story."""
    roots = story.children(None)
    if not roots:
        return []
    return line(story, story.root if story.root is not None else roots[-1].id)


def others(story: Story, node: int) -> list[int]:
    """The passages that stand in the same place as ``node``, oldest first."""
    return [sibling.id for sibling in story.siblings(node) if sibling.id != node]


def chart(story: Story) -> list[Spot]:
    """Every passage's place on a map of the tree, in the order of depth and lane.

    Each line keeps one lane as long as it goes; a line that branches off takes the nearest free
    one to the right of the line it leaves.
    """
    spots: dict[int, Spot] = {}
    taken: list[list[tuple[int, int]]] = []  # per lane the depths in use
    waiting: list[tuple[list[int], int, int, int | None]] = []
    first = trunk(story)
    if first:
        waiting.append((first, 0, 0, None))
        waiting.extend((line(story, root), 0, 1, None) for root in others(story, first[0]))
    while waiting:
        nodes, depth, least, above = waiting.pop(0)
        lane = _free(taken, least, max(depth - 1, 0), depth + len(nodes))
        for offset, node in enumerate(nodes):
            spots[node] = Spot(node, above, lane, depth + offset)
            above = node
        forks = [
            (line(story, other), depth + offset, lane + 1, nodes[offset - 1])
            for offset, node in enumerate(nodes)
            if offset
            for other in others(story, node)
        ]
        waiting = [*reversed(forks), *waiting]  # those that leave last are the nearest
    return sorted(spots.values(), key=lambda spot: (spot.depth, spot.lane))


def _free(taken: list[list[tuple[int, int]]], least: int, start: int, end: int) -> int:
    """The first lane from ``least`` on where depths ``start`` to ``end`` are free; it is taken."""
    lane = least
    while True:
        while len(taken) <= lane:
            taken.append([])
        if all(high <= start or low >= end for low, high in taken[lane]):
            taken[lane].append((start, end))
            return lane
        lane += 1


def parting(story: Story, one: int, other: int) -> int | None:
    """The last passage that the ways to two passages share; None where they share nothing."""
    common = None
    for a, b in zip(story.path(one), story.path(other), strict=False):
        if a.id != b.id:
            break
        common = a.id
    return common
