"""``models``: the model library on the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from engine import paths
from engine.errors import KnownError
from engine.lm import library
from engine.lm.library import Installed, Progress, Stage, Verified
from engine.lm.progress import say_bytes, say_seconds

_STAGES = {
    Stage.ASKING: "Asking the Hub",
    Stage.DOWNLOADING: "Downloading",
    Stage.COPYING: "Copying",
    Stage.CHECKING: "Checking",
}


def add_commands(commands: Any) -> None:
    """Add ``models`` and what can be done with them."""
    models = commands.add_parser("models", help="list, get, check and remove models")
    verbs = models.add_subparsers(dest="verb", required=True, metavar="VERB")
    listing = verbs.add_parser("list", help="the models that are here, and those that can be had")
    listing.set_defaults(run=run_list)
    get = verbs.add_parser("get", help="download a model; goes on where it was interrupted")
    get.add_argument("name", help="a name of the list, owner/name or owner/name@revision")
    get.set_defaults(run=run_get)
    add = verbs.add_parser("add", help="copy a model folder into the library")
    add.add_argument("folder", type=Path, help="the folder, or a .safetensors file in it")
    add.add_argument("--name", help="what to call it (the folder's name)")
    add.set_defaults(run=run_add)
    verify = verbs.add_parser("verify", help="compare a model's files with their checksums")
    verify.add_argument("name")
    verify.set_defaults(run=run_verify)
    remove = verbs.add_parser("remove", help="delete a model, or an unfinished download")
    remove.add_argument("name")
    remove.set_defaults(run=run_remove)
    fits = verbs.add_parser("fits", help="whether a model fits this machine, and how fast it is")
    fits.add_argument("name", help="a model of the library or the catalogue, or a folder")
    fits.set_defaults(run=run_fits)
    for verb in (listing, get, add, verify, remove, fits):
        verb.add_argument("--json", action="store_true", help="one JSON object, nothing else")


def run_list(options: argparse.Namespace) -> dict[str, Any] | None:
    """What is here, what waits, what can be had."""
    here, waiting = library.installed(), library.unfinished()
    if options.json:
        return {
            "folder": str(paths.models()),
            "installed": [_as_json(model) for model in here],
            "unfinished": [
                {"name": w.name, "repo": w.repo, "revision": w.revision, "bytes": w.nbytes}
                for w in waiting
            ],
            "catalogue": [
                {
                    "name": entry.name,
                    "repo": entry.repo,
                    "revision": entry.revision,
                    "licence": entry.licence,
                    "bytes": entry.megabytes * 1_000_000,
                    "good_for": entry.good_for,
                    "verified": entry.verified,
                }
                for entry in library.catalogue()
            ],
        }
    print(f"In the library ({paths.models()}, {say_bytes(library.space(paths.models()))}):")
    print(f"  {library.BUILT_IN:24} built in")
    for model in here:
        line = f"  {model.name:24} {say_bytes(model.nbytes):>8}  {model.problem}".rstrip()
        print("".join(c for c in line if c.isprintable()))  # a name from elsewhere steers nothing
    for unfinished in waiting:
        print(f"  {unfinished.name:24} {say_bytes(unfinished.nbytes):>8}  unfinished; get it again")
    print("On the Hub, as their pages state it (models get NAME; any owner/name works too):")
    names = {model.name for model in here}
    for entry in library.catalogue():
        if entry.name not in names:
            size, licence = say_bytes(entry.megabytes * 1e6), entry.licence
            print(f"  {entry.name:24} {size:>8}  {entry.good_for} Licence: {licence}.")
    return None


def run_get(options: argparse.Namespace) -> dict[str, Any] | None:
    """Download into the library."""
    return _install(library.download(options.name), as_json=options.json)


def run_add(options: argparse.Namespace) -> dict[str, Any] | None:
    """Copy into the library."""
    return _install(library.add(options.folder, options.name), as_json=options.json)


def run_verify(options: argparse.Namespace) -> dict[str, Any] | None:
    """Check a model; an error where a file of it is damaged."""
    result = _follow(library.verify(options.name))
    if not isinstance(result, Verified):
        raise TypeError(result)
    if options.json:
        return {
            "name": result.name,
            "sound": result.sound,
            "checked": result.checked,
            "damaged": list(result.damaged),
            "missing": list(result.missing),
        }
    if not result.sound:
        parts = [f"{file} is damaged" for file in result.damaged]
        parts += [f"{file} is missing" for file in result.missing]
        raise KnownError(f"{result.name}: {', '.join(parts)}. Remove the model and get it again.")
    if result.checked:
        print(f"{result.name} is whole: every file has the checksum it was installed with.")
    else:
        print(f"{result.name} was put there by hand, without checksums; its files fit together.")
    return None


def run_remove(options: argparse.Namespace) -> dict[str, Any] | None:
    """Delete from the library."""
    freed = library.remove(options.name)
    if options.json:
        return {"name": options.name, "bytes": freed}
    print(f"Removed {options.name}; {say_bytes(freed)} are free again.")
    return None


def run_fits(options: argparse.Namespace) -> dict[str, Any] | None:
    """What a model needs and what this machine has."""
    from engine.lm import fits

    report = fits.judge(options.name)
    if options.json:
        return report.to_json()
    print("\n".join(report.lines()))
    return None


def _install(events: Iterator[library.Event], *, as_json: bool) -> dict[str, Any] | None:
    result = _follow(events)
    if not isinstance(result, Installed):
        raise TypeError(result)
    if as_json:
        return _as_json(result.model)
    print(f"{result.model.name} is in the library: brass-lantern play --model {result.model.name}")
    return None


def _follow(events: Iterator[Any]) -> object:
    """The last event; a line on standard error keeps up with the others."""
    last: object = None
    live = sys.stderr.isatty()
    shown: tuple[str, str] | None = None
    with closing(events):  # type: ignore[type-var]
        for last in events:
            if not isinstance(last, Progress):
                continue
            line = describe(last)
            if live:
                print(f"\r\033[K{line[:110]}", end="", file=sys.stderr, flush=True)
            elif (last.stage, last.file) != shown:  # a log needs no line every tenth of a second
                print(line, file=sys.stderr, flush=True)
                shown = last.stage, last.file
    if live:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    return last


def describe(progress: Progress) -> str:
    """The progress line."""
    if progress.stage is Stage.WAITING:
        return progress.reason
    parts = [f"{_STAGES[progress.stage]} {progress.file}".rstrip()]
    if progress.total:
        share = progress.done / progress.total
        parts.append(f"{share:4.0%} of {say_bytes(progress.total)}")
    if progress.speed:
        parts.append(f"{say_bytes(progress.speed)}/s")
    if progress.seconds_left is not None and progress.speed:
        parts.append(f"{say_seconds(progress.seconds_left)} left")
    return "  ".join(parts)


def _as_json(model: library.InstalledModel) -> dict[str, Any]:
    manifest = model.manifest
    return {
        "name": model.name,
        "folder": str(model.folder),
        "bytes": model.nbytes,
        "parameters": model.config.n_params if model.config else None,
        "n_ctx": model.config.n_ctx if model.config else None,
        "repo": manifest.repo if manifest else "",
        "revision": manifest.revision if manifest else "",
        "commit": manifest.commit if manifest else "",
        "licence": manifest.licence if manifest else "",
        "problem": model.problem,
    }
