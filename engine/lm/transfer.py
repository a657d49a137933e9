"""One file from the Hub to the disk: gone on with after every break, and checked as it arrives."""

from __future__ import annotations

import errno
import hashlib
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, TypeVar

from engine.errors import KnownError
from engine.lm import hub_faults
from engine.lm.hub import Hub, HubFile
from engine.lm.hub_faults import Passing
from engine.lm.progress import Meter, Progress, Stage

BLOCK = 1 << 20
FIRST_TRIES = 3  # of the first question to the Hub
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a fault is met with another try before it is told, and how long between two.

    ``tries`` count from the last one that brought anything. Waits double from ``first`` to
    ``longest`` seconds unless the server names one; ``silence`` seconds without a byte are a break.
    """

    tries: int = 6
    first: float = 1.0
    longest: float = 60.0
    silence: float = 15.0
    sleep: Callable[[float], None] = time.sleep


class Sums:
    """The checksums of a file, over what of it is there so far."""

    def __init__(self, file: HubFile) -> None:
        self.done = 0
        self._sha = file.sha
        self._sha256 = hashlib.sha256()
        self._git = None
        if len(file.sha) == 40:  # git's name for a file
            self._git = hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)

    def update(self, data: bytes) -> None:
        """``data`` comes next."""
        self.done += len(data)
        self._sha256.update(data)
        if self._git is not None:
            self._git.update(data)

    @property
    def sha256(self) -> str:
        """64 hex digits."""
        return self._sha256.hexdigest()

    def match(self) -> bool:
        """Whether this is the file that the Hub means."""
        return self._sha == (self.sha256 if self._git is None else self._git.hexdigest())


def persist(
    work: Callable[[], T], patience: Patience, meter: Meter
) -> Generator[Progress, None, T]:
    """``work``'s result, tried again while its fault may pass; KnownError when patience ends.

    Nothing has begun yet, so somebody who is offline is told soon; a server that says when to come
    back is believed as often as in the middle of a file.
    """
    tries, short = 0, replace(patience, tries=min(patience.tries, FIRST_TRIES))
    while True:
        try:
            return work()
        except Passing as fault:
            tries += 1
            yield from wait(fault, tries, short if fault.seconds is None else patience, meter)


def wait(
    fault: Passing, tries: int, patience: Patience, meter: Meter
) -> Generator[Progress, None, None]:
    """Wait before the next try, with an event twice a second; KnownError after the last one."""
    if tries >= patience.tries:
        raise KnownError(str(fault))
    backoff = min(patience.first * 2 ** (tries - 1), patience.longest)
    left = backoff if fault.seconds is None else max(fault.seconds, patience.first)
    while left > 0:
        yield meter.progress(Stage.WAITING, reason=f"{fault} (again in {left:.0f} s)")
        step = min(left, 0.5)
        patience.sleep(step)
        left -= step


def fetch(
    hub: Hub, commit: str, file: HubFile, target: Path, meter: Meter, patience: Patience
) -> Generator[Progress, None, str]:
    """Bring ``file`` into ``target``, beginning where it ends; its SHA-256.

    ``meter`` has counted nothing of this file before. To stop, stop iterating: what has arrived
    stays and is the beginning of the next call.

    Raises:
        KnownError: it cannot be had, or not undamaged, or not written.
    """
    sums = yield from _take_stock(target, file, meter)
    state = _Pull(hub, commit, file, target, meter, sums)
    resumed, damaged, breaks, farthest = sums.done > 0, 0, 0, sums.done
    while True:
        if state.sums.done == file.size and target.exists():
            if state.sums.match():
                return state.sums.sha256
            damaged += not resumed  # what was there before may have been of another version
            if damaged == 2:
                target.unlink()
                raise hub_faults.damaged(hub.host, hub.repo, file.name)
            state.restart()
            resumed, farthest = False, 0
        try:
            yield from state.run()
            if state.sums.done < file.size:
                raise hub_faults.broke_off(hub.host)
        except Passing as fault:
            if state.sums.done > farthest:  # it brought something that was not there before
                breaks, farthest = 0, state.sums.done
            breaks += 1
            yield from wait(fault, breaks, patience, meter)


class _Pull:
    """A file on its way: what is on the disk, and the checksums of just that."""

    def __init__(
        self, hub: Hub, commit: str, file: HubFile, target: Path, meter: Meter, sums: Sums
    ) -> None:
        self.hub, self.commit, self.file = hub, commit, file
        self.target, self.meter, self.sums = target, meter, sums

    def restart(self) -> None:
        """Begin anew with an empty file."""
        self.meter.skip(-self.sums.done)
        self.sums = Sums(self.file)
        self.target.unlink(missing_ok=True)

    def run(self) -> Generator[Progress, None, None]:
        """Ask for what is missing and write it as it comes."""
        with self.hub.open(self.commit, self.file.name, self.sums.done) as (begins, chunks):
            if begins != self.sums.done:  # the server sends all of it, whatever was asked
                self.restart()
            with _opened(self.target, "ab") as out:
                yield self.meter.progress(Stage.DOWNLOADING, self.file.name)
                for chunk in chunks:
                    data = chunk[: self.file.size - self.sums.done]
                    self._write(out, data)
                    if self.meter.due():
                        yield self.meter.progress(Stage.DOWNLOADING, self.file.name)
                    if self.sums.done == self.file.size:
                        return

    def _write(self, out: BinaryIO, data: bytes) -> None:
        left = memoryview(data)
        try:
            while left:  # unbuffered: a disk that fills up takes a part first
                left = left[out.write(left) :]
        except OSError as error:
            raise disk_fault(self.file.name, error) from None
        self.sums.update(data)
        self.meter.add(len(data))


def _take_stock(target: Path, file: HubFile, meter: Meter) -> Generator[Progress, None, Sums]:
    """The checksums of what of a file is there; one that is too long is thrown away."""
    sums = Sums(file)
    if target.is_symlink():  # not ours: nothing is written through it
        target.unlink()
    if not target.exists():
        return sums
    if target.stat().st_size > file.size:
        target.unlink()
        return sums
    with _opened(target, "rb") as existing:
        while block := existing.read(BLOCK):
            sums.update(block)
            meter.skip(len(block))
            if meter.due():
                yield meter.progress(Stage.CHECKING, file.name)
    return sums


def _opened(path: Path, mode: str) -> BinaryIO:
    try:
        # No buffer: what was written is there after a kill, and a full disk is met at once.
        return path.open(mode, buffering=0)  # pyright: ignore[reportReturnType]
    except OSError as error:
        raise disk_fault(path.name, error) from None


def disk_fault(name: str, error: OSError) -> KnownError:
    """What an error of the disk means."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return hub_faults.disk_full(name, error.strerror or str(error), full=full)
