"""A model folder from elsewhere into the library: copied, checked, and only then listed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator, Iterator
from pathlib import Path

from engine import paths
from engine.errors import KnownError
from engine.lm.config import MAX_CONFIG_BYTES, read_config, read_json
from engine.lm.download import Event, Installed
from engine.lm.installed import (
    CONFIG,
    FILE,
    INDEX,
    PROFILE,
    SMALL_FILES,
    WHOLE,
    Manifest,
    Staging,
    check_room,
    installed,
    plain_name,
)
from engine.lm.progress import Meter, Stage
from engine.lm.transfer import BLOCK, disk_fault
from engine.lm.vocabulary import MAX_FILE_BYTES, read_vocabulary

_SNAPSHOT = re.compile(r"[0-9a-f]{40}")


def bring(source: Path, name: str | None = None) -> Iterator[Event]:
    """See ``library.add``."""
    source, files = _gather(source)
    name = plain_name(name or _name_of(source))
    if paths.models().resolve() in source.resolve().parents:
        raise KnownError(f"{source.name} lies in your library already.")
    if any(there.name.casefold() == name.casefold() for there in installed()):
        raise KnownError(
            f"There is a model '{name}' in your library already; give this one another name."
        )
    read_config(source)
    read_vocabulary(source)
    meter = Meter(sum(_size(path) for path in files.values()))
    with Staging(name) as staging:
        staging.discard()  # a copy begins anew; so does a download of that name
        staging.folder.mkdir(parents=True)
        done = False
        try:
            check_room(meter.total)
            sums = {}
            for target, path in files.items():
                sums[target] = yield from _copy(path, staging.folder / target, meter)
            yield meter.progress(Stage.CHECKING)
            from engine.lm.checkpoint import check_model

            check_model(staging.folder)
            read_vocabulary(staging.folder)
            sums.pop(PROFILE, None)
            model = staging.finish(Manifest(files=sums))
            done = True
        except OSError as error:
            raise disk_fault(name, error) from None
        finally:
            if not done:  # also when nobody iterates any more
                staging.discard()
    yield Installed(model)


def _gather(source: Path) -> tuple[Path, dict[str, Path]]:
    """The model's folder, and its files by the names they are to have."""
    weights: dict[str, Path] = {}
    source = source.expanduser()
    if source.is_file():
        if source.suffix != ".safetensors":
            raise KnownError(
                f"{source.name} is no safetensors file; add the model's folder, or the .safetensors file "
                "that lies in it."
            )
        if (source.parent / INDEX).is_file() or source.name == WHOLE:
            return _gather(source.parent)
        weights, source = {WHOLE: source}, source.parent
    elif not source.is_dir():
        raise KnownError(f"There is no folder {source}; name one that holds config.json.")
    elif (source / WHOLE).is_file():
        weights = {WHOLE: source / WHOLE}
    elif (source / INDEX).is_file():
        weights = {name: source / name for name in (INDEX, *_shards(source))}
    elif (source / "pytorch_model.bin").exists():
        raise KnownError(
            f"{source.name} has its weights only as a pickle (pytorch_model.bin), which could run code; "
            "the library takes only safetensors. Look for a version of it with model.safetensors."
        )
    else:
        raise KnownError(
            f"{source.name} holds no model.safetensors; name the folder of a model, with config.json, "
            "the weights and the tokenizer's files."
        )
    files = {}
    for name in (CONFIG, *SMALL_FILES, PROFILE):
        if (source / name).is_file():
            limit = MAX_CONFIG_BYTES if name in (CONFIG, PROFILE) else MAX_FILE_BYTES
            if _size(source / name) > limit:
                raise KnownError(f"{name} of {source.name} is larger than any real one.")
            files[name] = source / name
    return source, files | weights


def _shards(source: Path) -> list[str]:
    table = read_json(source / INDEX, MAX_FILE_BYTES).get("weight_map")
    names = sorted(set(map(str, table.values()))) if isinstance(table, dict) else []
    for name in names:
        plain = FILE.fullmatch(name) and name.endswith(".safetensors")
        if not plain or not (source / name).is_file():
            raise KnownError(
                f"{INDEX} names '{name[:60]}', which is not in {source.name}; copy the model again."
            )
    return names


def _name_of(source: Path) -> str:
    """The folder's name; in the cache that transformers keeps, the repository's."""
    source = source.absolute()
    if _SNAPSHOT.fullmatch(source.name) and source.parent.name == "snapshots":
        return source.parent.parent.name.removeprefix("models--")
    return source.name


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise KnownError(f"{path.name} cannot be read: {error.strerror}.") from None


def _copy(source: Path, target: Path, meter: Meter) -> Generator[Event, None, tuple[int, str]]:
    total = hashlib.sha256()
    with source.open("rb") as old, target.open("wb") as new:
        while block := old.read(BLOCK):
            total.update(block)
            new.write(block)
            meter.add(len(block))
            if meter.due():
                yield meter.progress(Stage.COPYING, target.name)
    return target.stat().st_size, total.hexdigest()
