"""``play``: the adventure in a terminal, from a keyboard or a pipe."""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from engine.cli_complete import add_model_options, load_backend
from engine.cli_story import exists, free_path
from engine.errors import KnownError
from engine.lm import presets
from engine.lm.backend import Backend, Prefill
from engine.lm.settings import SamplerSettings
from engine.opening import Opened
from engine.playing import choice_of, length_of, mode_of, sampling_of
from engine.story.actions import interpret
from engine.story.adventure import line
from engine.story.begin import begin
from engine.story.context import ContextBuilder
from engine.story.formats.text import reading_text
from engine.story.node import Kind
from engine.story.scenario import Scenario, find_scenario, load_folder, surprise
from engine.story.store import Store
from engine.story.tree import Story
from engine.story.trim import Mode
from engine.turn import Play, Shown, Turn, prepare

OFFERED = 6  # openings shown to choose from
RECAP = 6  # passages shown when a story is opened
RETRY, BACK = "retry", "back"  # verbs of the journal
PATIENCE, SLOW_DISK = 1.0, 10.0  # seconds to wait for a disk that fails, and for one that works
DRAFT_SECONDS = 1.0  # a crash loses about this much of a streaming reply

_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all controls but tab and line feed

HELP = """\
Type what you do: "open the chest". Type what you say with a quote in front: "Hello!
Begin a line with ! to write a sentence of the story yourself. An empty line lets the story go on.
  /retry    another reply instead of the last one (the old one is kept)
  /undo     back a turn: past the reply and your action
  /redo     undo the last /undo or /retry
  /memory   show what the model is always told; /memory TEXT changes it
  /story    the whole story so far
  /help     this
  /quit     stop; the story is kept"""


def add_commands(commands: Any) -> None:
    """Add ``play`` to the sub-commands."""
    play = commands.add_parser("play", help="play an adventure in the terminal")
    play.add_argument("--scenario", help="the name of an opening; 'surprise' draws one")
    play.add_argument("--story", type=Path, help="a story file to go on with, or to begin")
    play.add_argument("--preset", default="", help="the name of a sampler preset")
    play.add_argument("--max-tokens", type=int, metavar="N", help="length of a reply")
    play.add_argument("--seed", type=int, help="the same seed and words give the same replies")
    add_model_options(play)
    play.set_defaults(run=run_play)


def run_play(options: argparse.Namespace) -> None:
    """Play until /quit or the end of the input."""
    terminal = sys.stdin.isatty()
    if options.max_tokens is not None and options.max_tokens < 1:
        raise KnownError("--max-tokens is the length of a reply: at least 1.")
    old = options.story is not None and exists(options.story)
    scenario = None if old else _choose(options, terminal=terminal).fill({})
    opened = load_backend(options)
    wanted = presets.find(options.preset).settings if options.preset else None
    with closing(opened.backend), _opened(options.story, scenario) as store:
        sampling = wanted or sampling_of(store.story, opened.profile)
        _Terminal(store, opened, sampling, options, terminal=terminal).run()


def _opened(path: Path | None, scenario: Scenario | None) -> Store:
    """The story file to play in: an old one, or a new one with a scenario in it."""
    if scenario is None and path is not None:
        return Store.open(path)
    assert scenario is not None
    path = path or free_path(scenario.title)
    store = Store.create(path)
    begin(store.story, scenario)
    return store


def _choose(options: argparse.Namespace, *, terminal: bool) -> Scenario:
    """The scenario that was named, chosen from a few, or drawn."""
    scenarios, _ = load_folder()
    seed = options.seed if options.seed is not None else random.randrange(1 << 30)
    if options.scenario == "surprise":
        return surprise(scenarios, seed)
    if options.scenario:
        return find_scenario(options.scenario, scenarios)
    playable = [s for s in scenarios if s.kind is Mode.ADVENTURE and not s.blank]
    if not playable:
        raise KnownError("There are no scenarios; install Brass Lantern again.")
    offered = random.Random(seed).sample(playable, min(OFFERED, len(playable)))
    if not terminal:
        return offered[0]
    print("Where does the story begin?\n")
    for number, scenario in enumerate(offered, 1):
        print(f"  {number}  {scenario.title}: {scenario.description}")
    print("\nA number, the name of another scenario, or Enter for the first.")
    answer = _ask()
    if answer is None or not answer.strip():
        return offered[0]
    if answer.strip().isdigit() and 1 <= int(answer) <= len(offered):
        return offered[int(answer) - 1]
    return find_scenario(answer.strip(), scenarios)


def harmless(text: str) -> str:
    """Text without the characters that steer a terminal: a story may come from anywhere."""
    return _STEERING.sub("", text)


def _ask(prompt: str = "> ") -> str | None:
    """One line from the keyboard or the pipe; None at its end."""
    try:
        return input(prompt)
    except EOFError:
        return None


class _Terminal:
    """The game loop: one line in, one passage out."""

    def __init__(
        self,
        store: Store,
        opened: Opened[Backend],
        sampling: SamplerSettings,
        options: argparse.Namespace,
        *,
        terminal: bool,
    ) -> None:
        self._store = store
        self._backend = opened.backend
        self._builder = ContextBuilder(opened.backend.tokenizer, opened.profile)
        longest = options.max_tokens or length_of(self._story)
        own = choice_of(self._story, opened.profile)
        mode = mode_of(self._story)
        self._play = Play(sampling, max_tokens=longest, stop=own.stop, top=3, mode=mode)
        self._random = random.Random(options.seed)
        self._fixed = own.seed if options.seed is None else None
        self._steps = 0  # how often /undo and /retry were the last verbs: /redo takes them back
        self._terminal = terminal

    @property
    def _story(self) -> Story:
        return self._store.story

    def run(self) -> None:
        """Read lines until /quit or the end."""
        self._recap()
        if self._terminal:
            print("\n(/help tells what you can type.)")
        while True:
            print()
            typed = _ask()
            if typed is None or typed.strip() in {"/quit", "/q", "/exit"}:
                break
            if not self._terminal:
                print(typed)  # a pipe has no echo, and a transcript wants one
            self._line(typed.strip())
        self._keep()

    def _saved(self) -> bool:
        """Wait for the disk; not for long where it is known to be unwell."""
        return self._store.flush(PATIENCE if self._store.trouble else SLOW_DISK)

    def _keep(self) -> None:
        """Say where the story is; where its file cannot be written, in a copy."""
        place = self._store.path
        if not self._saved():
            place = free_path(self._story.title)
            self._store.save_as(place)
        print(f"\nKept in {place.name}.")

    def _recap(self) -> None:
        print(f"\n{harmless(self._story.title)}\n")
        print(harmless(reading_text(self._story, last=RECAP)))

    def _line(self, typed: str) -> None:
        """One line of input: a command, an action, or nothing (go on)."""
        if typed.startswith("/"):
            self._command(*typed[1:].split(None, 1))
            return
        self._steps = 0
        if typed:
            kind, text = interpret(Kind.DO, typed)
            self._story.append(kind, text)
            if kind in {Kind.DO, Kind.SAY} and self._terminal:
                print(f"\n  > {harmless(line(self._story.branch()[-1])).strip()}")
        self._reply()

    def _command(self, name: str = "help", rest: str = "") -> None:
        story = self._story
        match name:
            case "retry" | "r":
                self._retry()
            case "undo" | "u" | "back":
                self._back()
                self._recap()
            case "redo":
                if self._steps or story.undo_verb == BACK:
                    self._steps = max(self._steps - 1, 0)
                    story.undo()
                    self._recap()
                else:
                    print("There is no /undo or /retry to take back.")
            case "memory":
                if rest:
                    self._steps = 0
                    story.set("memory", rest)
                print(harmless(story.memory) or "(nothing yet)")
            case "story":
                print(harmless(reading_text(story)))
            case "help" | "h" | "?":
                print(HELP)
            case _:
                print(f"There is no /{name[:40]}; /help lists what there is.")

    def _back(self) -> None:
        if self._story.back():
            self._steps += 1
            print("Back a turn.")
        else:
            print("This is where the story begins.")

    def _retry(self) -> None:
        """Another reply instead of the last one; one step for /redo to take back."""
        story = self._story
        story.seal()
        if story.retry(merge_key=RETRY):
            self._steps += self._reply(RETRY)
        elif story.last_reply() is None and story.head != story.root:
            self._reply()  # the action is still without a reply
        else:
            print("There is no reply to try again.")

    def _reply(self, merge_key: str = "") -> bool:
        """Let the model go on, and keep what it writes, also when it is stopped with Ctrl-C."""
        seed = self._random.randrange(1 << 31) if self._fixed is None else self._fixed
        turn = prepare(self._story, self._backend, self._builder, self._play, seed)
        for notice in turn.context.notices:
            print(f"({notice})")
        stopped, fault = self._stream(turn)
        reply = turn.commit(self._story, self._backend.identity, merge_key=merge_key)
        if reply is None and merge_key:
            self._story.undo()  # nothing came of a retry: the reply that was there stays in sight
        if stopped and not self._terminal:
            raise KeyboardInterrupt  # nobody sits there who would go on
        if fault is not None:
            if not self._terminal:
                raise fault  # nobody sits there who could try again
            print(f"({fault})")
        elif reply is None and not stopped:
            print("(The model had nothing to add. Try another action, or /retry.)")
        elif turn.reply().ending is not None:
            print("\n(This looks like an ending. Go on, /undo, or /quit.)")
        if not self._saved() and self._store.trouble:
            print(f"({self._store.trouble})")
        return reply is not None

    def _stream(self, turn: Turn) -> tuple[bool, KnownError | None]:
        """Print a reply as it comes; whether the person stopped it with Ctrl-C, or what went wrong."""
        print()
        work = turn.run(self._backend)
        fresh, stopped, fault = True, False, None
        started = read = drafted = time.perf_counter()
        try:
            for event in work:
                if isinstance(event, Prefill):
                    read = time.perf_counter() if fresh else read
                    continue
                self._show(event, fresh=fresh)
                fresh = fresh and not event.text.strip()
                if time.perf_counter() - drafted > DRAFT_SECONDS:
                    drafted = time.perf_counter()
                    self._store.draft(turn.parent, turn.draft())
        except KeyboardInterrupt:
            print(" ...", end="")
            stopped = True
        except KnownError as error:  # a server went away: what it wrote so far is kept
            fault = error
        finally:
            _close(work)
        written = len(turn.rows[0].tokens)
        seconds = time.perf_counter() - read
        pace = f"{written / seconds:.0f} tokens/s" if written and seconds > 0 else ""
        print(f"\n  ({pace}, read in {read - started:.1f} s)" if pace else "")
        return stopped, fault

    def _show(self, shown: Shown, *, fresh: bool) -> None:
        if shown.back and self._terminal:
            print("\b \b" * shown.back, end="")
        text = harmless(shown.text)
        print(text.lstrip() if fresh else text, end="", flush=True)


def _close(work: Iterator[object]) -> None:
    close = getattr(work, "close", None)
    if close is not None:
        close()
