"""An evening with the real program and Ember, in the player's words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def play(lines: str, file: str = "", *, code: int = 0, **environment: str) -> list[dict[str, Any]]:
    """Start the program, say the lines, and return what it showed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.player", *([file] if file else [])],
        input=lines,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
        cwd=Path(__file__).resolve().parents[2],
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"} | environment,
    )
    assert done.returncode == code, done.stderr[-3000:]
    shown = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    for one in shown:
        assert one["page"] == one["text"]
    return shown


EVENING = """
begin castle-gray
show
do look around
do take the shield
do go north
do light the torch
do call for Jan
show
press retry
show
press previous
show
press back
show
press undo
show
"""


def test_five_turns_retry_versions_back_undo_and_reopen():
    opening, five, again, chosen, back, there = play(EVENING + "quit\n")
    kinds = [kind for kind, _ in five["passages"]]
    assert kinds == ["opening", *["do", "reply"] * 5]
    assert all(text.strip() for _, text in five["passages"])
    assert again["versions"] == "2/2"
    assert again["passages"][:-1] == five["passages"][:-1]
    assert chosen["text"] == five["text"]
    assert chosen["versions"] == "1/2"
    assert back["passages"] == five["passages"][:-2]
    assert there["text"] == five["text"]
    (reopened,) = play("show\nquit\n", there["path"])
    assert reopened["text"] == there["text"]
    assert reopened["tree"] == there["tree"]
    assert reopened["versions"] == "1/2"
    assert opening["text"] in reopened["text"]


def test_undo_to_the_start_redo_to_the_end_and_an_edit():
    lines = "begin aisle-nine\ndo look at the cans\ndo clap\nshow\n"
    lines += "press undo\n" * 8 + "show\n" + "press redo\n" * 8 + "show\n"
    lines += "type at 1: quietly \nshow\npress undo\nshow\nquit\n"
    two, nothing, all_again, edited, unedited = play(lines)
    assert nothing["text"] == ""
    assert all_again["text"] == two["text"]
    assert edited["text"] == two["text"][:1] + "quietly " + two["text"][1:]
    assert unedited["text"] == two["text"]


def test_quitting_in_the_middle_of_a_passage_keeps_it():
    (before,) = play("begin castle-gray\ndo look around\nshow\nstart go north\nquit\n")
    (after,) = play("show\ndo wait\nquit\n", before["path"])
    assert after["text"].startswith(before["text"])
    kinds = [kind for kind, _ in after["passages"]]
    assert kinds == ["opening", "do", "reply", "do", "reply"]
    assert after["passages"][-1][1].strip()


def test_a_crash_in_the_middle_of_a_passage_leaves_the_story():
    (before,) = play("begin castle-gray\ndo look around\nshow\nstart go north\ndie\n", code=9)
    (after,) = play("show\nquit\n", before["path"])
    assert after["text"].startswith(before["text"])
    assert ["do", "\n\ngo north"] in after["passages"]


def test_the_program_tests_itself(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "app", "--selftest"],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
        cwd=Path(__file__).resolve().parents[2],
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Everything holds." in done.stdout
    assert "reopened" in done.stdout
