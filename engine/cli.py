"""The same engine from a terminal: the command line's words, and what they have in common.

Success is 0, a KnownError one line on standard error and 2, bad usage 2, interrupted 130.
With ``--json`` one JSON object goes to standard output and nothing else.
"""

from __future__ import annotations

import argparse
import errno
import io
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from engine import cli_complete, cli_models, cli_play, cli_servers, cli_story, cli_train
from engine.errors import KnownError

INTERRUPTED = 130


def parser() -> argparse.ArgumentParser:
    """All sub-commands; ``run`` of the parsed options is the function to call."""
    top = argparse.ArgumentParser(
        prog="brass-lantern",
        description="Text adventures and co-written stories with GPT-2, on your own machine.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in (cli_play, cli_story, cli_complete, cli_models, cli_servers, cli_train):
        module.add_commands(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal without UTF-8 still gets an answer
            stream.reconfigure(errors="replace")
    try:
        options = parser().parse_args(arguments)
        result = options.run(options)
        if result is not None:
            print_json(result)
        sys.stdout.flush()
    except KnownError as error:
        # Names from files are part of some sentences: none of them steers the terminal.
        sentence = " ".join(str(error).split())
        print("".join(c for c in sentence if c.isprintable()), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return INTERRUPTED
    except OSError as error:
        if error.errno not in {errno.EPIPE, errno.ENOSPC}:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if error.errno == errno.EPIPE:  # the reader of our output went away: nothing is left to say
            return 0
        print("What was to be said cannot be written: the disk is full.", file=sys.stderr)
        return 2
    except SystemExit as stop:  # argparse
        return stop.code if isinstance(stop.code, int) else 2
    return 0


def print_json(value: Any) -> None:
    """One JSON object on one line, in ASCII so that any terminal and any text can carry it."""
    print(json.dumps(value))
