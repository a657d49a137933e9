"""Which tokens a training step sees: a mixture of sources whose shares may shift over the run.

The order of documents is a permutation per source and epoch, and the place reached in each is
plain numbers, so a run resumed from its checkpoint reads on exactly where it stopped.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.lm.tokenfile import TokenFile


@dataclass(frozen=True, slots=True)
class Source:
    """One token file, its share of the rows at the start and at the end of the run.

    ``aligned`` rows begin at a document's beginning and leave what does not fit; others read on.
    """

    file: TokenFile
    share: float
    final_share: float | None = None
    aligned: bool = False

    def share_at(self, progress: float, shift: float) -> float:
        """The share at ``progress`` in [0, 1]; it moves to the final one from ``shift`` on."""
        if self.final_share is None or progress <= shift:
            return self.share
        t = min(1.0, 2.0 * (progress - shift) / (1.0 - shift))  # there half-way through the decay
        return self.share + t * (self.final_share - self.share)


@dataclass(slots=True)
class Place:
    """How far a source has been read: epoch, document in that epoch's order, token in it."""

    epoch: int = 0
    document: int = 0
    offset: int = 0


class Mixture:
    """An endless supply of rows of token ids, the same for the same seed."""

    def __init__(
        self, sources: Sequence[Source], length: int, seed: int, *, shift: float = 0.5
    ) -> None:
        self.sources = list(sources)
        self.length = length
        self.seed = seed
        self.shift = shift
        self.places = {source.file.name: Place() for source in sources}
        self._orders: dict[str, tuple[int, NDArray[np.int64]]] = {}

    def batch(self, step: int, rows: int, progress: float) -> NDArray[np.int64]:
        """The rows of one step, int64 [rows, length + 1] (inputs and, shifted by one, targets)."""
        random = np.random.default_rng([self.seed, step])
        shares = np.array([source.share_at(progress, self.shift) for source in self.sources])
        picks = random.choice(len(self.sources), size=rows, p=shares / shares.sum())
        return np.stack([self._row(self.sources[pick]) for pick in picks])

    def _row(self, source: Source) -> NDArray[np.int64]:
        place = self.places[source.file.name]
        row = np.empty(self.length + 1, dtype=np.int64)
        filled = 0
        while filled < len(row):
            document = source.file.document(self._order(source, place.epoch)[place.document])
            part = document[place.offset : place.offset + len(row) - filled]
            row[filled : filled + len(part)] = part
            filled += len(part)
            place.offset += len(part)
            if place.offset >= len(document) or (source.aligned and filled == len(row)):
                place.document, place.offset = place.document + 1, 0
                if place.document >= source.file.n_documents:
                    place.document, place.epoch = 0, place.epoch + 1
        if not source.aligned and place.offset:
            place.offset -= 1  # the last target is the next row's first input
        return row

    def _order(self, source: Source, epoch: int) -> NDArray[np.int64]:
        name = source.file.name
        known = self._orders.get(name)
        if known is None or known[0] != epoch:
            random = np.random.default_rng([self.seed, zlib.crc32(name.encode()), epoch])
            known = self._orders[name] = (epoch, random.permutation(source.file.n_documents))
        return known[1]

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps of it."""
        return {name: asdict(place) for name, place in self.places.items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Read on from where ``state`` was taken; sources it does not know start afresh."""
        for name, place in state.items():
            if name in self.places:
                self.places[name] = Place(**place)
