"""A second start hands its file to the first window."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app.single import FirstWindow, hand_over
from engine import paths


@pytest.fixture
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv(paths.HOME_VARIABLE, str(tmp_path))
    return tmp_path


def test_nobody_is_there(own_home, qapp):
    assert not hand_over("x.story")


def test_the_first_window_gets_the_file(own_home, qtbot):
    first = FirstWindow()
    assert first.listen()
    code = "import sys; from app.single import hand_over; sys.exit(not hand_over(sys.argv[1]))"
    with qtbot.waitSignal(first.asked, timeout=20_000) as signal:
        second = subprocess.Popen([sys.executable, "-c", code, "été.story"])
    assert signal.args[0].endswith("été.story")
    qtbot.waitUntil(lambda: second.poll() is not None, timeout=20_000)
    assert second.returncode == 0
    first.close()


def test_a_socket_left_by_a_crash_does_no_harm(own_home, qtbot):
    FirstWindow().listen()
    again = FirstWindow()
    assert again.listen()
    again.close()
