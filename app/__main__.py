"""The one entry point: the window, or with a sub-command the command line."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from engine.story.schema import EXTENSION

SELFTEST = "--selftest"


def main(arguments: Sequence[str] | None = None) -> int:
    """Open the window, test the program, or run a command; the exit code."""
    multiprocessing.freeze_support()
    _open_streams()
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given == [SELFTEST]:
        from app.selftest import run

        return run()
    if given and not given[0].endswith(EXTENSION) and not Path(given[0]).exists():
        from engine.cli import main as command_line

        return command_line(given)
    if no_display():
        sys.stdout.write("There is no display here, so this is the adventure in the terminal.\n")
        from engine.cli import main as command_line

        return command_line(["play", *(["--story", given[0]] if given else [])])
    from app.application import run as open_window

    return open_window(given[0] if given else "")


def no_display() -> bool:
    """Whether a Linux system has nothing to show a window on."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return False
    return not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _open_streams() -> None:
    """A windowed build has no console: what is written there must go somewhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  for as long as it runs


if __name__ == "__main__":
    sys.exit(main())
