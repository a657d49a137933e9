"""A model from the Hub into the library: asked about, checked, fetched, and only then listed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from engine.errors import KnownError
from engine.lm import hub_faults
from engine.lm.catalogue import CatalogueModel
from engine.lm.config import MAX_CONFIG_BYTES, read_config, read_json
from engine.lm.hub import Hub, HubFile, HubModel
from engine.lm.installed import (
    CONFIG,
    INDEX,
    PROFILE,
    SMALL_FILES,
    SOURCE,
    WHOLE,
    InstalledModel,
    Manifest,
    Staging,
    check_room,
    installed,
)
from engine.lm.progress import Meter, Progress, Stage
from engine.lm.transfer import Patience, disk_fault, fetch, persist
from engine.lm.vocabulary import MAX_FILE_BYTES, read_vocabulary

PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json")
MAX_INDEX_BYTES = 16 << 20
_SHARD = re.compile(r"\w[\w.-]{0,120}\.safetensors", re.ASCII)


@dataclass(frozen=True, slots=True)
class Installed:
    """The last event: the model is in the library."""

    model: InstalledModel


def download(model: CatalogueModel, patience: Patience | None = None) -> Iterator[Event]:
    """See ``library.download``."""
    patience = patience or Patience()
    if there := _already(model):
        yield Installed(there)
        return
    hub = Hub(model.repo, silence=patience.silence)
    meter = Meter()
    with Staging(model.name) as staging:
        if there := _already(model):  # another window has just finished
            yield Installed(there)
            return
        yield meter.progress(Stage.ASKING)
        offer = yield from persist(lambda: hub.ask(model.revision), patience, meter)
        work = _Download(hub, offer, staging, meter, patience)
        try:
            yield from work.run(model)
        except OSError as error:
            raise disk_fault(model.name, error) from None
        except UnsuitableError as error:
            staging.discard()
            raise KnownError(str(error)) from None


def _already(model: CatalogueModel) -> InstalledModel | None:
    """The model, if it is in the library; KnownError if another one has its name there."""
    for there in installed():
        if there.name.casefold() != model.name.casefold():
            continue
        if there.manifest and there.manifest.repo == model.repo and not there.problem:
            return there
        raise KnownError(
            f"There is a model '{there.name}' in your library already, from elsewhere; remove or rename "
            f"it ({there.folder}) first."
        )
    return None


class UnsuitableError(KnownError):
    """What was offered is not a model for this app, so nothing of it is worth keeping."""


class _Download:
    def __init__(
        self, hub: Hub, offer: HubModel, staging: Staging, meter: Meter, patience: Patience
    ) -> None:
        self.hub, self.offer, self.staging = hub, offer, staging
        self.meter, self.patience = meter, patience
        self.folder = staging.folder
        self.sums: dict[str, tuple[int, str]] = {}
        self.shas: dict[str, str] = {}
        self.before = self._left_over()

    def run(self, model: CatalogueModel) -> Iterator[Event]:
        small, weights = self._wanted()
        self._prepare(model, [*small, *weights])
        for file in small:
            yield from self._fetch(file)
            if file.name == CONFIG:
                self._suits(lambda: read_config(self.folder))
            elif file.name == INDEX:
                weights = self._shards()
                self._prepare(model, weights)
        self._suits(lambda: read_vocabulary(self.folder))
        for file in weights:
            yield from self._fetch(file)
        yield self.meter.progress(Stage.CHECKING)
        self._suits(self._check_weights)
        if model.profile:
            text = f'family = "{model.profile}"\n'
            (self.folder / PROFILE).write_text(text, encoding="utf-8")
        manifest = Manifest(
            repo=self.hub.repo,
            revision=model.revision,
            commit=self.offer.commit,
            licence=self.offer.licence or model.licence,
            files=self.sums,
        )
        yield Installed(self.staging.finish(manifest))

    def _wanted(self) -> tuple[list[HubFile], list[HubFile]]:
        """The small files, the config first, and the weights as far as they are known yet."""
        repo, files = self.hub.repo, self.offer.files
        if CONFIG not in files:
            raise UnsuitableError(str(hub_faults.no_config(repo)))
        small = [files[name] for name in (CONFIG, *SMALL_FILES) if name in files]
        names = {file.name for file in small}
        if not ({"vocab.json", "merges.txt"} <= names or "tokenizer.json" in names):
            raise UnsuitableError(str(hub_faults.no_tokenizer(repo)))
        if WHOLE in files:
            weights = [files[WHOLE]]
        elif INDEX in files:
            small.append(files[INDEX])
            weights = []
        else:
            pickled = any(name in files for name in PICKLES)
            fault = hub_faults.only_pickle if pickled else hub_faults.no_weights
            raise UnsuitableError(str(fault(repo)))
        for file in small:
            limit = MAX_CONFIG_BYTES if file.name == CONFIG else MAX_FILE_BYTES
            if file.size > limit:
                raise UnsuitableError(f"{file.name} of {repo} is larger than any real one.")
        return small, weights

    def _shards(self) -> list[HubFile]:
        """The files that the index names, each one of this repository."""
        table = read_json(self.folder / INDEX, MAX_INDEX_BYTES).get("weight_map")
        names = sorted(set(map(str, table.values()))) if isinstance(table, dict) else []
        for name in names:
            if not _SHARD.fullmatch(name) or name not in self.offer.files:
                raise UnsuitableError(
                    f"{self.hub.repo} is incomplete: its index names '{name[:60]}', which is not there; "
                    "look for another copy of the model."
                )
        if not names:
            raise UnsuitableError(str(hub_faults.no_weights(self.hub.repo)))
        return [self.offer.files[name] for name in names]

    def _prepare(self, model: CatalogueModel, files: list[HubFile]) -> None:
        """Count these files in, drop what is left of other versions of them, see that they fit."""
        self.meter.total += sum(file.size for file in files)
        self.shas |= {file.name: file.sha for file in files}
        missing = 0
        for file in files:
            path = self.folder / file.name
            if self.before.get(file.name, file.sha) != file.sha:
                path.unlink(missing_ok=True)
            missing += file.size - (path.stat().st_size if path.is_file() else 0)
        source = {"repo": model.repo, "revision": model.revision, "files": self.shas}
        (self.folder / SOURCE).write_text(json.dumps(source), encoding="utf-8")
        check_room(max(missing, 0))

    def _left_over(self) -> dict[str, object]:
        """What an earlier try was fetching: the hash of each file by name."""
        try:
            files = read_json(self.folder / SOURCE, MAX_INDEX_BYTES).get("files")
        except KnownError:
            return {}
        return files if isinstance(files, dict) else {}

    def _fetch(self, file: HubFile) -> Iterator[Event]:
        target = self.folder / file.name
        sha = yield from fetch(self.hub, self.offer.commit, file, target, self.meter, self.patience)
        self.sums[file.name] = (file.size, sha)

    def _check_weights(self) -> None:
        from engine.lm.checkpoint import check_model

        check_model(self.folder)

    def _suits(self, check: Callable[[], object]) -> None:
        try:
            check()
        except KnownError as error:
            raise UnsuitableError(f"{self.hub.repo} cannot be played: {error}") from None


Event = Progress | Installed
