"""Six scenarios, played for ten turns and read: what stands in them still holds for the code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.story.actions import act, interpret
from engine.story.endings import ending
from engine.story.loops import repeated_sentence
from engine.story.node import Kind
from engine.story.scenario import find_scenario, load_folder
from engine.story.trim import Mode, player_turn, trim

TRANSCRIPTS = sorted((Path(__file__).parent / "golden" / "transcripts").glob("*.txt"))
_TURN = re.compile(r"^\[(do|say|story|go on)\] ?(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Turn:
    kind: str
    typed: str
    line: str
    reply: str


def read(path: Path) -> tuple[str, str, list[Turn]]:
    """The scenario's name, its opening, and the turns."""
    head, _, text = path.read_text(encoding="utf-8").partition("\n\n")
    parts = _TURN.split(text)
    turns = []
    for kind, typed, body in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        line, reply = "", body.strip()
        if reply.startswith("> "):
            line, _, reply = reply[2:].partition("\n\n")
        turns.append(Turn(kind, typed, line, reply))
    name = next(row.removeprefix("scenario: ") for row in head.splitlines())
    return name, parts[0].strip(), turns


def test_there_are_six_of_ten_turns() -> None:
    assert len(TRANSCRIPTS) >= 6
    assert all(len(read(path)[2]) >= 10 for path in TRANSCRIPTS)


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_a_transcript_begins_as_its_scenario(path: Path) -> None:
    name, opening, _ = read(path)
    scenario = find_scenario(name, load_folder()[0])
    assert scenario.kind is Mode.ADVENTURE
    assert opening == scenario.fill().opening


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_every_action_is_the_line_that_was_typed(path: Path) -> None:
    for turn in read(path)[2]:
        if turn.kind in {"do", "say"}:
            assert interpret(Kind.DO, turn.typed) == (Kind(turn.kind), turn.typed)
            assert act(Kind(turn.kind), turn.typed) == turn.line
            assert turn.line.startswith("You ")
            assert act(Kind.DO, turn.line) == turn.line


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_every_reply_is_whole(path: Path) -> None:
    for turn in read(path)[2]:
        assert turn.reply
        assert player_turn(turn.reply) is None
        trimmed = trim(turn.reply)
        assert (trimmed.text, trimmed.cut, trimmed.added) == (turn.reply, "", "")
        assert repeated_sentence(turn.reply) is None
        assert ending(turn.reply) is None
