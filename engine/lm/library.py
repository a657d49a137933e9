"""The model library: which models there are, and where; getting, checking and removing them.

Torch-free, and the Hub's client is imported only by a download. For a front end:

- ``catalogue()`` (models that can be had), ``installed()`` (those that are here; look at ``problem``),
  ``unfinished()`` (downloads that wait). All three read small files only.
- ``download``, ``add`` and ``verify`` are iterators of events, made for a worker thread. To cancel,
  stop iterating and close the iterator; at most ``Patience.silence`` seconds pass before it gets its
  turn on a line that has gone silent. Each event is a ``Progress`` (stage, file, bytes done and in
  all, speed, seconds left; while ``WAITING`` a ``reason``) until the last one, which is ``Installed``
  or ``Verified``. A ``KnownError`` says what went wrong and what to do.
- A download that was cancelled, or failed for want of a network or of room, stays among
  ``unfinished()`` and goes on when the same model is asked for again, also after a restart;
  ``remove`` throws it away.
- Nothing is listed by ``installed()`` before it is whole and checked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine import paths
from engine.errors import KnownError
from engine.lm import catalogue as _catalogue
from engine.lm.catalogue import CatalogueModel, catalogue
from engine.lm.download import Event, Installed
from engine.lm.download import download as _download
from engine.lm.importing import bring as _bring
from engine.lm.installed import (
    BUILT_IN,
    InstalledModel,
    Unfinished,
    installed,
    installed_model,
    kept_folder,
    read_manifest,
    remove,
    space,
    unfinished,
)
from engine.lm.progress import Meter, Progress, Stage
from engine.lm.transfer import BLOCK, Patience

__all__ = [
    "BUILT_IN",
    "CatalogueModel",
    "Event",
    "Installed",
    "InstalledModel",
    "Patience",
    "Progress",
    "Stage",
    "Unfinished",
    "Verified",
    "add",
    "catalogue",
    "download",
    "find_model",
    "installed",
    "installed_model",
    "model_name",
    "remove",
    "space",
    "unfinished",
    "verify",
]


@dataclass(frozen=True, slots=True)
class Verified:
    """What ``verify`` found: files that are damaged or gone.

    ``checked`` is False for a model that was put there by hand: no checksums tell how its files were,
    only that they belong together.
    """

    name: str
    damaged: tuple[str, ...]
    missing: tuple[str, ...]
    checked: bool

    @property
    def sound(self) -> bool:
        """Whether nothing is amiss."""
        return not self.damaged and not self.missing


def find_model(name: str) -> Path:
    """The folder of a model: the built-in one, one from the library, or a folder as given.

    Raises:
        KnownError: there is no such model.
    """
    if name == BUILT_IN:
        return paths.assets() / "models" / BUILT_IN
    try:
        given = Path(name).expanduser()
        if kept := kept_folder(name):
            return kept
        if name and given.is_dir():
            return given
    except (OSError, RuntimeError):  # too long a name, or the home of nobody
        pass
    raise KnownError(
        f"There is no model '{name[:200]}': name '{BUILT_IN}', a model from your library, or a folder "
        "with config.json, model.safetensors and the tokenizer's files."
    )


def model_name(folder: Path) -> str:
    """What people call the model in a folder; stored with its replies."""
    folder = folder.resolve()
    return "Ember" if folder == find_model(BUILT_IN).resolve() else folder.name


def download(what: str, patience: Patience | None = None) -> Iterator[Event]:
    """Bring a model from the Hub into the library; events as the module says.

    ``what`` is a name of the catalogue, ``owner/name``, ``owner/name@revision`` or the address of the
    model's page. Where it is in the library already the only event is ``Installed``. ``HF_ENDPOINT``,
    ``HF_TOKEN`` and the proxies' variables are honoured.

    Raises:
        KnownError: while iterating; ``docs/faults.md`` lists the sentences.
    """
    yield from _download(_catalogue.wanted(what), patience)


def add(source: Path, name: str | None = None) -> Iterator[Event]:
    """Copy a model folder, or the folder of one .safetensors file, into the library.

    Only what a model needs is copied, and what is copied is checked as loading checks it. When it is
    cancelled nothing of it stays.

    Raises:
        KnownError: while iterating: it is no whole GPT-2, it is in the library already, or it does
            not fit on the disk.
    """
    yield from _bring(source, name)


def verify(name: str) -> Iterator[Progress | Verified]:
    """Compare every file of a model with the checksums from its installation.

    Raises:
        KnownError: while iterating: there is no such model, or its manifest is damaged.
    """
    model = installed_model(name)
    manifest = read_manifest(model.folder)
    if manifest is None:
        from engine.lm.checkpoint import check_model

        yield Progress(Stage.CHECKING)
        check_model(model.folder)
        yield Verified(name, (), (), checked=False)
        return
    meter = Meter(sum(size for size, _ in manifest.files.values()))
    damaged, missing = [], []
    for file, (size, sha) in manifest.files.items():
        path = model.folder / file
        if not path.is_file():
            missing.append(file)
            meter.skip(size)
            continue
        total = hashlib.sha256()
        try:
            with path.open("rb") as stream:
                while block := stream.read(BLOCK):
                    total.update(block)
                    meter.add(len(block))
                    if meter.due():
                        yield meter.progress(Stage.CHECKING, file)
        except OSError:
            damaged.append(file)
            continue
        if total.hexdigest() != sha:
            damaged.append(file)
    yield Verified(name, tuple(damaged), tuple(missing), checked=True)
