"""Where history begins in the window: the border, moved in blocks so that prefixes stay the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate

LARGEST_BLOCK = 0.4
_SLACK = 0.75  # a border is stale when it leaves so little of what could be there


def choose_border(
    sizes: Sequence[int],
    room: int,
    first_size: Callable[[int], int],
    *,
    previous: int | None,
    block: float,
) -> int:
    """The index of the first unit that is sent; ``len(sizes)`` if not even the last one fits.

    ``sizes`` are tokens per unit, ``first_size(i)`` those of unit i as the first one (its white
    space differs). ``previous`` is the border of the window before. With ``block`` 0 as much is
    sent as fits; else a border stays while it fits, and when it does not, ``block`` of the room is
    freed at once.
    """
    tails = [0, *accumulate(reversed(sizes))]  # tails[n]: the tokens of the last n units
    count = len(sizes)

    def size(index: int) -> int:
        return first_size(index) + tails[count - index - 1]

    def lowest(most: int) -> int:
        index = count
        while index > 0 and tails[count - index] <= most:
            index -= 1
        while index < count and size(index) > most:
            index += 1
        return index

    block = min(max(block, 0.0), LARGEST_BLOCK)
    full = lowest(room)
    target = int(room * (1 - block))
    if block == 0:
        return full
    if previous is not None and full <= previous < count and size(previous) >= target * _SLACK:
        return previous
    if full == 0:
        return 0
    return min(lowest(target), count - 1) if full < count else count
