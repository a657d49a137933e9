"""Play the golden transcripts again with the built-in model: ``python tests/engine/story/golden/record.py``.

Each is played through the real command line with the actions and the seed that stand in it, and is
written anew. Read the result before committing it: transcripts are there to be read.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from engine.paths import HOME_VARIABLE
from engine.story.adventure import line
from engine.story.node import Kind
from engine.story.store import Store

FOLDER = Path(__file__).with_name("transcripts")
ROOT = FOLDER.parents[4]


def actions(text: str) -> list[str]:
    """What was typed, as the command line reads it."""
    typed = []
    for row in text.splitlines():
        mark, _, rest = row.partition("] ")
        if mark in {"[do", "[say"}:
            typed.append(rest)
        elif mark == "[story":
            typed.append(f"!{rest}")
        elif row == "[go on]":
            typed.append("")
    return typed


def header(text: str, name: str) -> str:
    """A value from the lines above the opening."""
    return next(row.removeprefix(f"{name}: ") for row in text.splitlines() if row.startswith(name))


def play(scenario: str, seed: str, typed: list[str]) -> str:
    """One transcript: header, opening, then the typed action, its line and the reply, turn by turn."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "played.story"
        command = [sys.executable, "-m", "engine", "play", "--model", "ember"]
        command += ["--scenario", scenario, "--seed", seed, "--story", str(path)]
        subprocess.run(
            command,
            input="".join(f"{row}\n" for row in [*typed, "/quit"]),
            text=True,
            cwd=ROOT,
            env={**os.environ, HOME_VARIABLE: folder},
            check=True,
            stdout=subprocess.DEVNULL,
        )
        store = Store.open(path)
        branch = store.story.branch()
        store.close()
    digest = next(node.meta.digest for node in branch if node.meta)
    rows = [f"scenario: {scenario}", f"model: ember {digest[:12]}", f"seed: {seed}"]
    before = Kind.OPENING
    for node in branch:
        if node.kind in {Kind.DO, Kind.SAY}:
            rows += ["", f"[{node.kind}] {node.body}", f"> {line(node)}"]
        elif node.kind is Kind.STORY:
            rows += ["", f"[story] {node.body}"]
        else:
            if node.kind is Kind.REPLY and before in {Kind.REPLY, Kind.OPENING}:
                rows += ["", "[go on]"]
            rows += ["", node.body]
        before = node.kind
    return "\n".join(rows) + "\n"


def main() -> None:
    """Play all of them, or those named."""
    for path in sorted(FOLDER.glob("*.txt")):
        if not sys.argv[1:] or path.stem in sys.argv[1:]:
            old = path.read_text(encoding="utf-8")
            new = play(header(old, "scenario"), header(old, "seed"), actions(old))
            path.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
