"""A bug is shown as one, with a report that names no folder of this machine."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QPushButton

from app.errors import CrashDialog, Faults, report, without_paths
from engine.errors import KnownError
from engine.paths import assets


def broken() -> Exception:
    try:
        raise ValueError(f"no {Path.home() / 'Secret Plans'}/x.txt")
    except ValueError as error:
        return error


def test_the_report_has_versions_and_the_place_but_no_folders():
    text = report(broken())
    assert "Brass Lantern" in text
    assert "test_errors.py" in text
    assert "ValueError" in text
    assert str(Path.home()) + "/" not in text
    assert str(assets().parent) not in text


@pytest.mark.parametrize(
    "path", ["/home/ada/Documents/Brass Lantern/x.py", r"C:\Users\ada\app\x.py", "/srv/ada/x.py"]
)
def test_foreign_paths_lose_their_folders(path):
    assert "ada" not in without_paths(f'  File "{path}", line 3')
    assert "x.py" in without_paths(f'  File "{path}", line 3')


@pytest.fixture
def faults(qapp):
    made = Faults()
    made.install()
    yield made
    made.uninstall()


def test_the_hook_is_put_back(qapp):
    before = sys.excepthook
    made = Faults()
    made.install()
    assert sys.excepthook != before
    made.uninstall()
    assert sys.excepthook == before


def test_a_fault_in_a_thread_is_shown_once_and_can_be_copied(qtbot, faults):
    for _ in range(2):
        thread = threading.Thread(target=lambda: faults.failed(broken()))
        thread.start()
        thread.join()

    def shown():
        return [
            w
            for w in QApplication.topLevelWidgets()
            if isinstance(w, CrashDialog) and w.isVisible()
        ]

    qtbot.waitUntil(lambda: len(shown()) == 1)
    dialog = shown()[0]
    copy = next(b for b in dialog.findChildren(QPushButton) if "Copy" in b.text())
    copy.click()
    assert "ValueError" in QApplication.clipboard().text()
    dialog.reject()


def test_what_the_user_can_act_on_is_no_crash(qtbot, faults):
    with qtbot.waitSignal(faults.known) as signal:
        sys.excepthook(KnownError, KnownError("The disk is full."), None)
    assert signal.args == ["The disk is full."]
    assert not [
        w for w in QApplication.topLevelWidgets() if isinstance(w, CrashDialog) and w.isVisible()
    ]
