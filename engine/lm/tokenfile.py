"""Training text as token ids on disk: one flat array per source, with document borders.

``NAME.tokens`` holds the ids (uint16, or uint32 for vocabularies above 65,536), every document
begun by the end-of-text token; ``NAME.borders`` the offset of each document and the end (int64).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import KnownError


@dataclass(frozen=True, slots=True)
class TokenFile:
    """The documents of one source, mapped from disk."""

    name: str
    tokens: NDArray[np.unsignedinteger]
    borders: NDArray[np.int64]

    @property
    def n_documents(self) -> int:
        """How many documents there are."""
        return len(self.borders) - 1

    def document(self, index: int) -> NDArray[np.unsignedinteger]:
        """The ids of one document, end-of-text token first."""
        return self.tokens[self.borders[index] : self.borders[index + 1]]


def write_tokens(path: Path, documents: Iterable[Sequence[int]], *, n_vocab: int) -> int:
    """Write documents (each begun by its end-of-text token) as ``path``; the number of tokens."""
    dtype = np.uint16 if n_vocab <= 1 << 16 else np.uint32
    borders = [0]
    with path.open("wb") as file:
        for document in documents:
            np.asarray(document, dtype=dtype).tofile(file)
            borders.append(borders[-1] + len(document))
    np.asarray(borders, dtype=np.int64).tofile(path.with_suffix(".borders"))
    return borders[-1]


def read_tokens(path: Path, *, n_vocab: int) -> TokenFile:
    """Map a token file.

    Raises:
        KnownError: a file is missing, cut short, or was made with another vocabulary.
    """
    dtype = np.uint16 if n_vocab <= 1 << 16 else np.uint32
    try:
        borders = np.fromfile(path.with_suffix(".borders"), dtype=np.int64)
        tokens = np.memmap(path, dtype=dtype, mode="r")
    except (OSError, ValueError):
        raise KnownError(f"{path} is no token file with borders; build the corpus again.") from None
    rising = len(borders) >= 2 and borders[0] == 0 and bool(np.all(np.diff(borders) > 0))
    if not rising or borders[-1] != len(tokens):
        raise KnownError(f"{path} and its borders do not fit; build the corpus again.")
    if int(tokens.max()) >= n_vocab:
        raise KnownError(f"{path} was made with another vocabulary; build the corpus again.")
    return TokenFile(path.stem, tokens, borders)
