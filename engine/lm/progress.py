"""How far a long piece of work on files has come: the events of the model library's iterators."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

SECONDS_BETWEEN_EVENTS = 0.1
SPEED_WINDOW = 5.0  # seconds over which a speed is the mean


class Stage(StrEnum):
    """What is being done."""

    ASKING = "asking"
    DOWNLOADING = "downloading"
    COPYING = "copying"
    CHECKING = "checking"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the whole work has come; bytes, bytes a second, seconds.

    ``seconds_left`` is None while no speed is known. ``reason`` says, while ``WAITING``, what for.
    """

    stage: Stage
    file: str = ""
    done: int = 0
    total: int = 0
    speed: float = 0.0
    seconds_left: float | None = None
    reason: str = ""


class Meter:
    """Counts bytes and makes a ``Progress`` of them about ten times a second."""

    def __init__(self, total: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self.done = 0
        self.total = total
        self._clock = clock
        self._moved = 0  # bytes moved by us; the speed leaves out what was there before
        self._seen: deque[tuple[float, int]] = deque([(clock(), 0)])
        self._spoken = float("-inf")

    def add(self, n: int) -> None:
        """``n`` more bytes were moved."""
        self.done += n
        self._moved += n

    def skip(self, n: int) -> None:
        """``n`` more bytes were there already; a negative ``n`` takes some back."""
        self.done += n

    def due(self) -> bool:
        """Whether it is time for another event."""
        return self._clock() - self._spoken >= SECONDS_BETWEEN_EVENTS

    def progress(self, stage: Stage, file: str = "", reason: str = "") -> Progress:
        """Where the work stands now."""
        now = self._spoken = self._clock()
        self._seen.append((now, self._moved))
        while len(self._seen) > 2 and now - self._seen[1][0] >= SPEED_WINDOW:
            self._seen.popleft()
        start, before = self._seen[0]
        speed = (self._moved - before) / (now - start) if now > start else 0.0
        left = max(self.total - self.done, 0)
        seconds = left / speed if speed > 0 else None
        return Progress(stage, file, self.done, self.total, speed, seconds, reason)


def say_bytes(n: float) -> str:
    """A size as people read it: ``548 MB``, ``6.4 GB`` (powers of ten, as the Hub counts)."""
    if n < 1e6:
        return f"{n / 1e3:.0f} kB"
    return f"{n / 1e6:.0f} MB" if n < 1e9 else f"{n / 1e9:.1f} GB"


def say_seconds(seconds: float) -> str:
    """A time as people read it: ``40 s``, ``3 min``, ``1 h 20 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
