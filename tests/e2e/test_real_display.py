"""The same program on a real X display, with the platform plugin that people have."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.test_evening import play

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        shutil.which("Xvfb") is None, reason="Xvfb is not installed (Debian: apt install xvfb)"
    ),
]


@pytest.fixture
def display() -> Iterator[str]:
    """A screen without a monitor; its name."""
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x900x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with os.fdopen(reading) as pipe:
        number = pipe.readline().strip()
    assert number, "Xvfb did not start"
    yield f":{number}"
    server.terminate()
    server.wait(20)


def test_a_turn_a_retry_and_reopening_on_x11(display):
    lines = "begin castle-gray\ndo take the shield\nshow\npress retry\npress previous\nshow\nquit\n"
    turn, chosen = play(lines, QT_QPA_PLATFORM="xcb", DISPLAY=display)
    assert turn["platform"] == "xcb"
    assert chosen["text"] == turn["text"]
    assert chosen["versions"] == "1/2"
    (again,) = play("show\nquit\n", chosen["path"], QT_QPA_PLATFORM="xcb", DISPLAY=display)
    assert again["tree"] == chosen["tree"]
