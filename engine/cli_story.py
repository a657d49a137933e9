"""``context``, ``import`` and ``export``: story files, without a model where none is needed."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from engine import paths
from engine.errors import KnownError
from engine.lm.config import read_config
from engine.lm.library import BUILT_IN, find_model
from engine.lm.tokenizer import load_tokenizer
from engine.opening import is_server, open_model
from engine.playing import length_of
from engine.story.context import ContextBuilder
from engine.story.formats import own, text
from engine.story.formats.report import Report, read_source
from engine.story.profile import load_profile
from engine.story.store import Store, save_copy
from engine.story.tree import Story
from engine.turn import Play, answer_room, sources

NAME_BYTES = 200  # with what SQLite and a number add, within any file system's limit
_DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{d}{n}" for d in ("COM", "LPT") for n in range(1, 10))}
EXPORTS = {".txt": text.to_text, ".md": text.to_markdown}


def add_commands(commands: Any) -> None:
    """Add the three to the sub-commands."""
    context = commands.add_parser("context", help="what the model would see of a story")
    context.add_argument("story", type=Path)
    context.add_argument(
        "--max-tokens",
        type=int,
        metavar="N",
        help="room for the answer",
    )
    context.add_argument("--model", default=BUILT_IN, help="a name from the library or a folder")
    context.add_argument("--json", action="store_true", help="one JSON object, nothing else")
    context.set_defaults(run=run_context)

    bring = commands.add_parser("import", help="make a story file from another file")
    bring.add_argument("source", type=Path, help="a .txt, .md or .json file")
    bring.add_argument("-o", "--output", type=Path, help="the story file to make")
    bring.add_argument("--json", action="store_true", help="one JSON object, nothing else")
    bring.set_defaults(run=run_import)

    export = commands.add_parser("export", help="write a story as text, Markdown or JSON")
    export.add_argument("story", type=Path)
    export.add_argument("-o", "--output", type=Path, required=True, help="X.txt, X.md or X.json")
    export.set_defaults(run=run_export)


def run_context(options: argparse.Namespace) -> dict[str, Any] | None:
    """The window of a story and the account of it; needs the model's tokenizer, not its weights."""
    n_ctx, builder = _builder(options.model)
    longest = options.max_tokens
    if longest is not None and not 1 <= longest < n_ctx:
        raise KnownError(f"--max-tokens is {longest}; the window has {n_ctx} tokens.")
    with _opened(options.story) as store:
        room = answer_room(Play(max_tokens=longest or length_of(store.story)), n_ctx)
        window = builder.build(sources(store.story), n_ctx - room)
    if options.json:
        return window.to_json()
    print(window.text)
    print()
    for entry in window.ledger:
        mark = " " if entry.included else "-"
        print(f"{mark}{entry.n_tokens:6d}  {entry.source:8}  {entry.name}: {entry.reason}")
    print(f"{len(window.tokens):7d} of {window.budget} tokens")
    return None


def _builder(model: str) -> tuple[int, ContextBuilder]:
    """A model's window and what fills it; a server is asked, of a folder only small files are read."""
    if is_server(model):
        opened = open_model(model)
        with contextlib.closing(opened.backend):
            return opened.backend.n_ctx, ContextBuilder(opened.backend.tokenizer, opened.profile)
    folder = find_model(model)
    return read_config(folder).n_ctx, ContextBuilder(load_tokenizer(folder), load_profile(folder))


def _opened(path: Path) -> Store:
    if not exists(path):
        raise KnownError(f"There is no story {path.name}.")
    return Store.open(path)


def exists(path: Path) -> bool:
    """Whether there is such a file; KnownError where its name cannot be one."""
    try:
        return path.exists()
    except OSError as error:
        raise KnownError(f"{path.name[:60]} cannot be looked up: {error.strerror}.") from None


def run_import(options: argparse.Namespace) -> dict[str, Any] | None:
    """Make a story file; the report of what was kept, changed and dropped."""
    story, report = read_story(options.source)
    path = options.output or free_path(story.title)
    save_copy(story, path)
    if options.json:
        return {**report.to_json(), "story": str(path)}
    kept = ", ".join(f"{count} {what}" for what, count in report.kept.items()) or "nothing"
    print(f"{path.name}: kept {kept}.")
    for sentence in (*report.changed, *report.dropped):
        print(f"  {sentence}")
    return None


def read_story(path: Path) -> tuple[Story, Report]:
    """A story from a file in one of the formats we know, by its ending.

    Raises:
        KnownError: another ending, or a file that cannot be read.
    """
    match path.suffix.lower():
        case ".json":
            return own.from_json(read_source(path))
        case ".md" | ".markdown":
            return text.from_text(read_source(path), path.stem, markdown=True)
        case ".txt" | "":
            return text.from_text(read_source(path), path.stem, markdown=False)
    raise KnownError(f"{path.name} is none of the files that can be imported: .txt, .md, .json.")


def free_path(title: str) -> Path:
    """A file name in the stories' folder, after a title, that is not taken yet."""
    plain = "".join(c if c.isalnum() or c in " -'" else " " for c in title)
    plain = " ".join(plain.split())[:80]
    plain = plain.encode()[:NAME_BYTES].decode(errors="ignore").rstrip() or "Story"
    if plain.upper() in _DEVICES:
        plain = f"{plain} story"
    folder = paths.stories()
    for number in range(1, 10_000):
        path = folder / (f"{plain}.story" if number == 1 else f"{plain} {number}.story")
        if not path.exists():
            return path
    raise KnownError(f"The stories' folder is full of stories called '{plain}'; name a new file.")


def run_export(options: argparse.Namespace) -> None:
    """Write a story for others to read; the file is replaced as a whole or not at all."""
    suffix = options.output.suffix.lower()
    if exists(options.output) and options.output.samefile(options.story):
        raise KnownError("The export would replace the story itself; choose another name.")
    with _opened(options.story) as store:
        if suffix == ".json":
            content = json.dumps(own.to_json(store.story), ensure_ascii=False, indent=1) + "\n"
        elif suffix in EXPORTS:
            content = EXPORTS[suffix](store.story)
        else:
            raise KnownError("Stories are exported to files that end in .txt, .md or .json.")
    write_whole(options.output, content)
    print(f"{options.output.name} written.")


def write_whole(path: Path, content: str) -> None:
    """Write a text file so that there is never half of it.

    Raises:
        KnownError: the folder is missing, full or not writable.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".export-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o644)  # noqa: PTH101 - mkstemp's files are for their owner alone
            os.replace(name, path)  # noqa: PTH105 - names, not paths, come from mkstemp
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise KnownError(f"{path.name} cannot be written: {error.strerror}.") from None
