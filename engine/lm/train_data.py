"""What the command line's ``--data`` names, made ready to train on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.errors import KnownError
from engine.lm.mixture import Source
from engine.lm.tokenfile import TokenFile, read_tokens
from engine.tokens import Tokenizer

BORDER = "<|endoftext|>"
MAX_TEXT_BYTES = 1 << 30
_SHARES = re.compile(r"(?P<path>.+?)=(?P<share>\d+(?:\.\d+)?)(?::(?P<final>\d+(?:\.\d+)?))?")


def read_source(spec: str, tokenizer: Tokenizer, end: int, *, aligned: bool = False) -> Source:
    """A source from ``FILE``, ``FILE=SHARE`` or ``FILE=SHARE:FINAL``.

    A ``.tokens`` file is mapped, anything else read as UTF-8 text whose documents are parted by
    ``<|endoftext|>``.

    Raises:
        KnownError: the file is missing, empty, or not what it should be.
    """
    match = _SHARES.fullmatch(spec)
    path = Path(match["path"]) if match else Path(spec)
    share = float(match["share"]) if match else 1.0
    final = float(match["final"]) if match and match["final"] else None
    if path.suffix == ".tokens":
        file = read_tokens(path, n_vocab=tokenizer.n_vocab)
    else:
        file = _read_text(path, tokenizer, end)
    return Source(file, share, final, aligned=aligned)


def check_sources(sources: Sequence[Source]) -> None:
    """KnownError unless the sources can be mixed: names differ and a share is above 0 always."""
    names = [source.file.name for source in sources]
    if len(set(names)) < len(names):
        raise KnownError("Two files of --data have the same name; rename one of them.")
    finals = [s.share if s.final_share is None else s.final_share for s in sources]
    if not sum(source.share for source in sources) or not sum(finals):
        raise KnownError("The shares of --data are all 0; give at least one file a share above 0.")


def _read_text(path: Path, tokenizer: Tokenizer, end: int) -> TokenFile:
    try:
        if path.stat().st_size > MAX_TEXT_BYTES:
            raise KnownError(f"{path.name} is larger than 1 GB; make a token file of it first.")
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise KnownError(f"{path.name} is not UTF-8 text; save it as UTF-8 first.") from None
    except OSError as error:
        raise KnownError(f"{path} cannot be read: {error.strerror}.") from None
    borders, tokens = [0], []
    for part in text.split(BORDER):
        if part.strip():
            tokens += [end, *tokenizer.encode(part.strip())]
            borders.append(len(tokens))
    if not tokens:
        raise KnownError(f"{path.name} holds no text.")
    return TokenFile(path.stem, np.array(tokens, dtype=np.uint32), np.array(borders))
