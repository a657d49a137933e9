"""The app's own folder of models: what is in it, how a model gets in whole, and out again.

A model is a folder ``models()/NAME``. It is put together in ``models()/.unfinished/NAME`` and moved
in one step, so that what is listed is whole. Beside its files lies a manifest with their SHA-256.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import filelock

from engine import paths
from engine.errors import KnownError
from engine.lm.config import MAX_CONFIG_BYTES, GPTConfig, read_config, read_json
from engine.lm.progress import say_bytes

MANIFEST = "installed.json"
SOURCE = "source.json"  # in an unfinished folder: what it is to become
PROFILE = "profile.toml"  # the user may change it: it is no part of the manifest
UNFINISHED = ".unfinished"
REMOVED = ".removed-"  # in the name of a folder on its way out
BUILT_IN = "ember"
MAX_NAME = 100
ROOM_TO_SPARE = 64 << 20  # bytes that must stay free on the disk
CONFIG = "config.json"
WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"
SMALL_FILES = (
    "generation_config.json",
    "vocab.json",
    "merges.txt",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
)
FILE = re.compile(r"\w[\w.-]{0,120}", re.ASCII)
_NAME = re.compile(rf"[A-Za-z0-9_](?:[\w.-]{{0,{MAX_NAME - 2}}}[\w-])?", re.ASCII)
_DEVICES = {"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(10))}
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """Where a model came from, and the SHA-256 and size of each of its files."""

    repo: str = ""
    revision: str = ""
    commit: str = ""
    licence: str = ""
    files: Mapping[str, tuple[int, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model of the library: ``nbytes`` on the disk; ``problem`` says why it cannot be played."""

    name: str
    folder: Path
    nbytes: int
    config: GPTConfig | None
    manifest: Manifest | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A download that was not completed: it goes on when the same model is asked for again."""

    name: str
    repo: str
    revision: str
    nbytes: int


def installed() -> list[InstalledModel]:
    """The models of the library by name, without the built-in one."""
    return [look_at(folder) for folder in _folders(paths.models()) if _is_kept(folder.name)]


def unfinished() -> list[Unfinished]:
    """The downloads that wait to be gone on with."""
    found = []
    for folder in _folders(paths.models() / UNFINISHED):
        try:
            source = read_json(folder / SOURCE, MAX_CONFIG_BYTES)
        except KnownError:
            continue
        repo, revision = str(source.get("repo", "")), str(source.get("revision", ""))
        if _is_kept(folder.name) and repo:
            found.append(Unfinished(folder.name, repo[:200], revision[:200], space(folder)))
    return found


def look_at(folder: Path) -> InstalledModel:
    """One model of the library, as far as its config and names of files tell."""
    config, problem = None, ""
    try:
        config = read_config(folder)
        if not (folder / WHOLE).is_file() and not (folder / INDEX).is_file():
            problem = f"{folder.name} has no {WHOLE}; remove it and download it again."
    except KnownError as error:
        problem = str(error)
    try:
        manifest = read_manifest(folder)
    except KnownError:
        manifest = None
    return InstalledModel(folder.name, folder, space(folder), config, manifest, problem)


def installed_model(name: str) -> InstalledModel:
    """The model of that name.

    Raises:
        KnownError: there is none, or the name is not one.
    """
    folder = paths.models() / name
    if not _is_kept(name) or not folder.is_dir():
        raise KnownError(
            f"There is no model '{name[:100]}' in your library; 'models list' names those there are."
        )
    return look_at(folder)


def kept_folder(name: str) -> Path | None:
    """The folder of the model that the library has under that name, if it has one."""
    folder = paths.models() / name
    return folder if _is_kept(name) and folder.is_dir() else None


def _is_kept(name: str) -> bool:
    """Whether a folder of that name, made by whomever, lies in the models' folder itself."""
    return not name.startswith(".") and not set(name) & set("/\\:\0") and 0 < len(name) < 250


def is_name(name: str) -> bool:
    """Whether a model can have that name on every system: plain, no device, no path."""
    return (
        _NAME.fullmatch(name) is not None
        and name.partition(".")[0].casefold() not in _DEVICES
        and name.casefold() != BUILT_IN
    )


def plain_name(text: str) -> str:
    """The nearest name that a model can have."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip(".-")[: MAX_NAME - 6].rstrip(".")
    return name if is_name(name) else f"{name or 'my'}-model".replace(".", "-")


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a model, None where there is none; it may have been changed by anybody.

    Raises:
        KnownError: it cannot be what this app wrote.
    """
    if not (folder / MANIFEST).exists():
        return None
    raw = read_json(folder / MANIFEST, MAX_CONFIG_BYTES)
    files: dict[str, tuple[int, str]] = {}
    listed = raw.get("files")
    for name, entry in (listed if isinstance(listed, dict) else {"": None}).items():
        match entry:
            case {"size": int(size), "sha256": str(sha)} if (
                FILE.fullmatch(name) and size >= 0 and _SHA256.fullmatch(sha)
            ):
                files[name] = (size, sha)
            case _:
                raise KnownError(
                    f"{MANIFEST} of {folder.name} is damaged, so its files cannot be checked; remove "
                    "the model and download it again."
                )
    about = {key: str(raw.get(key, ""))[:200] for key in ("repo", "revision", "commit", "licence")}
    return Manifest(files=files, **about)


def remove(name: str) -> int:
    """Delete a model, or what there is of an unfinished download; the bytes that were freed.

    A link in the models' folder is taken away itself, what it leads to is left alone.

    Raises:
        KnownError: there is no such model, or its files are in use.
    """
    places = [paths.models() / name, paths.models() / UNFINISHED / name]
    places = [place for place in places if _is_kept(name) and os.path.lexists(place)]
    if not places:
        installed_model(name)  # says that there is none
    freed = 0
    for trash in (paths.models() / UNFINISHED).glob(f"*{REMOVED}*"):  # that was in use then
        shutil.rmtree(trash, ignore_errors=True)
    with _Lock(name):
        for place in places:
            try:
                freed += _delete(place)
            except OSError as error:
                raise KnownError(
                    f"{name} could not be removed whole ({error.strerror}); close what uses it; what is "
                    "left goes with the next model that is removed."
                ) from None
    return freed


def _delete(place: Path) -> int:
    if place.is_symlink():
        place.unlink()
        return 0
    n = space(place)
    if place.parent == paths.models():  # out of the list in one step, then file by file
        trash = paths.models() / UNFINISHED
        trash.mkdir(parents=True, exist_ok=True)
        gone = trash / f"{place.name}{REMOVED}{os.getpid()}"
        place = place.replace(gone)
    shutil.rmtree(place)
    return n


def space(folder: Path) -> int:
    """Bytes that the files of a folder take; links count as nothing."""
    total = 0
    for root, folders, files in os.walk(folder):
        for name in (*files, *folders):
            try:
                status = os.lstat(os.path.join(root, name))  # noqa: PTH118
            except OSError:
                continue
            total += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return total


def check_room(nbytes: int) -> None:
    """KnownError if ``nbytes`` more do not fit on the disk of the models."""
    folder = paths.models()
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if nbytes + ROOM_TO_SPARE > free:
        raise KnownError(
            f"There is too little room on the disk: {say_bytes(nbytes)} are needed and "
            f"{say_bytes(free)} are free in {folder}. Make room, or choose a smaller model."
        )


class Staging:
    """The folder in which one model is put together; held by one process at a time."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.folder = paths.models() / UNFINISHED / name
        self._lock = _Lock(name)

    def __enter__(self) -> Self:
        self._lock.__enter__()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._lock.__exit__(None, None, None)
            raise KnownError(
                f"The folder for models, {paths.models()}, cannot be written: {error.strerror}."
            ) from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            self.folder.rmdir()  # if nothing was put into it
        self._lock.__exit__(kind, error, trace)

    def discard(self) -> None:
        """Throw away what there is."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def finish(self, manifest: Manifest) -> InstalledModel:
        """Put the finished model into the library: all of it on the disk first, then one rename."""
        kept = {*manifest.files, PROFILE}
        for path in self.folder.iterdir():
            if path.name not in kept:
                path.unlink()
        _write_manifest(self.folder / MANIFEST, manifest)
        for path in self.folder.iterdir():
            _sync(path)
        _sync(self.folder)
        target = paths.models() / self.name
        self.folder.rename(target)
        _sync(target.parent)
        return look_at(target)


class _Lock:
    """The right to change one model's folder; ends with the process that holds it."""

    def __init__(self, name: str) -> None:
        self._name = name
        path = paths.locks() / f"model-{plain_name(name).casefold()}.lock"
        # An iterator may be ended by another thread than the one that began it.
        self._file = filelock.FileLock(path, timeout=0, thread_local=False)

    def __enter__(self) -> None:
        try:
            paths.locks().mkdir(parents=True, exist_ok=True)
            self._file.acquire()
        except filelock.Timeout:
            raise KnownError(
                f"{self._name} is being worked on by another window of Brass Lantern; wait for it to "
                "finish, or cancel it there."
            ) from None
        except OSError as error:
            raise KnownError(
                f"The app's folder {paths.data_home()} cannot be written ({error.strerror}), so no model "
                "can be kept there."
            ) from None

    def __exit__(self, *_: object) -> None:
        self._file.release()


def _write_manifest(path: Path, manifest: Manifest) -> None:
    data: dict[str, Any] = {
        "version": 1,
        "repo": manifest.repo,
        "revision": manifest.revision,
        "commit": manifest.commit,
        "licence": manifest.licence,
        "installed": datetime.now(UTC).isoformat(timespec="seconds"),
        "files": {
            name: {"size": size, "sha256": sha} for name, (size, sha) in manifest.files.items()
        },
    }
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def _sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    if path.is_dir() and os.name == "nt":  # Windows opens no folders, and needs no such help
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() or os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _folders(place: Path) -> list[Path]:
    try:
        found = [path for path in place.iterdir() if path.is_dir()]
    except OSError:
        return []
    return sorted(found, key=lambda path: path.name.casefold())
