"""Shortening a text to so many tokens, and sharing a window out by priority and reservation.

Both follow NovelAI: a part may be cut at lines; where that would leave less than a third of what
there is room for, at sentences, then at words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.sentences import sentence_ends
from engine.story.lorebook import Cut, Trim
from engine.story.pieces import Pieces

ENOUGH = 0.3  # of the room, before a finer cut is tried
USEFUL = 8  # tokens; a shorter fragment of a sentence is left out
CHARACTERS = 24  # a token has fewer on average, so more of a long text need not be looked at

Render = Callable[[str], str]


def fit(
    text: str, render: Render, most: int, pieces: Pieces, *, trim: Trim, finest: Cut
) -> tuple[str, bool]:
    """``text`` such that ``render`` of it has at most ``most`` tokens, and whether it was cut.

    An empty text where nothing useful fits.
    """

    def size(part: str) -> int:
        return pieces.count(render(part)) if part else 0

    limit = max(most, 1) * CHARACTERS
    if len(text) <= limit and size(text) <= most:
        return text, False
    if trim is Trim.NONE or most <= 0:
        return "", True
    text = text[:limit] if trim is Trim.BOTTOM else text[-limit:]
    best = ""
    for cut, places in ((Cut.LINE, _lines), (Cut.SENTENCE, sentence_ends), (Cut.WORD, _words)):
        part = _longest(text, places(text), size, most, trim)
        if size(part) > size(best) and (cut is not Cut.WORD or size(part) >= USEFUL):
            best = part
        if size(best) >= ENOUGH * most or cut is finest:
            break
    return best, True


def _lines(text: str) -> list[int]:
    return [at for at, character in enumerate(text) if character == "\n"]


def _words(text: str) -> list[int]:
    return [at for at in range(1, len(text)) if text[at].isspace() and not text[at - 1].isspace()]


def _longest(
    text: str, places: list[int], size: Callable[[str], int], most: int, trim: Trim
) -> str:
    """The longest part of ``text`` that begins (or ends) at one of ``places`` and fits."""
    places = [at for at in places if 0 < at < len(text)]
    if trim is Trim.TOP:
        places.reverse()  # so that the parts grow
    low, high = 0, len(places)
    while low < high:
        middle = (low + high) // 2
        if size(_part(text, places[middle], trim)) <= most:
            low = middle + 1
        else:
            high = middle
    while low:  # a longer text has now and then fewer tokens
        part = _part(text, places[low - 1], trim)
        if size(part) <= most:
            return part
        low -= 1
    return ""


def _part(text: str, at: int, trim: Trim) -> str:
    return (text[at:] if trim is Trim.TOP else text[:at]).strip()


@dataclass(slots=True)
class Request:
    """A part that wants room: ``cost`` tokens, of which ``reserve`` are kept for it.

    ``shrink`` takes the room there is and answers with the tokens it uses (at most that many).
    """

    name: str
    priority: int
    cost: int
    reserve: int
    shrink: Callable[[int], int]
    granted: int = 0
    used: int = 0
    displaced: str = ""


def share_out(requests: list[Request], room: int, story: int, story_reserve: int) -> int:
    """Serve ``requests`` by priority and return what is left for the story, which has priority 0.

    ``story`` is how many tokens the story would take. Of what does not fit, ``displaced`` names
    what was served before.
    """
    left = max(room - story_reserve, 0)
    order = sorted(requests, key=lambda request: -request.priority)  # stable
    # What is below the story could never be served but for its reservation: it comes first here.
    for request in sorted(order, key=lambda request: request.priority >= 0):
        request.reserve = min(request.reserve, request.cost, left)
        left -= request.reserve
    served: list[Request] = []
    story_served = False
    for request in order:
        if request.priority < 0 and not story_served:
            story_served = True
            left = max(left + story_reserve - story, 0)
        request.granted = left + request.reserve
        request.used = request.shrink(request.granted)
        left = request.granted - request.used
        if request.used < request.cost:
            request.displaced = _displaced(served, story_reserve)
        if request.used:
            served.append(request)
    return room - sum(request.used for request in requests)


def _displaced(served: list[Request], story_reserve: int) -> str:
    """What took the room, in words."""
    largest = sorted(served, key=lambda request: -request.used)[:3]
    names = [f"{request.name} ({request.used})" for request in largest]
    return ", ".join([*names, f"the story's own {story_reserve}"])
