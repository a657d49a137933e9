"""Reply metadata packed: about 5 bytes a token, and 25 more while alternatives are kept."""

from __future__ import annotations

import json
import struct
import sys
import zlib
from array import array
from collections.abc import Sequence
from typing import Any

from engine.story.node import Prompt, ReplyMeta
from engine.story.normalize import normalize_json

_HEAD = struct.Struct("<IIIII")  # bytes of: facts, ids, logprobs, the prompt's rest; shared
_LARGEST = 65504.0  # of half precision
_UNPACKED_LIMIT = 64 << 20  # bytes: a hostile file must not fill the memory
_COMPRESS = 64  # bytes below which compression gains nothing
_EMPTY: dict[str, Any] = {
    "model": "",
    "digest": "",
    "seed": 0,
    "settings": {},
    "ids": (),
    "logprobs": (),
    "top": (),
    "prompt": Prompt(0, ()),
    "border": None,
    "finish": "",
    "cut": "",
}


class PackedReply:
    """A reply's metadata in three parts: what many replies share, its own, the alternatives.

    ``origin`` is JSON of model, digest and settings, one string for all replies made alike.
    """

    __slots__ = ("data", "origin", "top")

    def __init__(self, origin: str, data: bytes, top: bytes) -> None:
        self.origin = origin
        self.data = data
        self.top = top

    def field(self, name: str) -> Any:
        """One field of the ``ReplyMeta``; its empty form where a forged file makes no sense."""
        try:
            return self._field(name)
        except (struct.error, zlib.error, ValueError, TypeError, KeyError):
            return _EMPTY[name]

    def _field(self, name: str) -> Any:
        if name not in _EMPTY:
            raise AttributeError(name)
        if name in {"model", "digest", "settings"}:
            return json.loads(self.origin)[name]
        if name == "top":
            return _unpack_top(self.top)
        n_facts, n_ids, n_logprobs, n_rest, shared = _HEAD.unpack_from(self.data)
        at = _HEAD.size
        if name in {"seed", "finish", "cut", "border"}:
            value = json.loads(self.data[at : at + n_facts])[name]
            return tuple(value) if isinstance(value, list) else value
        at += n_facts
        if name == "ids":
            return _unpack_ids(self.data[at : at + n_ids])
        at += n_ids
        if name == "logprobs":
            return _unpack_floats(self.data[at : at + n_logprobs])
        at += n_logprobs
        return Prompt(shared, _unpack_ids(self.data[at : at + n_rest]))


def pack(meta: ReplyMeta) -> PackedReply:
    """The compact form; log-probabilities are rounded to half precision."""
    facts = {"seed": meta.seed, "finish": meta.finish, "cut": meta.cut, "border": meta.border}
    parts = (
        compact(normalize_json(facts)).encode(),
        _pack_ids(meta.ids),
        _pack_floats(meta.logprobs),
        _pack_ids(meta.prompt.rest),
    )
    origin = {"model": meta.model, "digest": meta.digest, "settings": meta.settings}
    head = _HEAD.pack(*map(len, parts), meta.prompt.shared)
    return PackedReply(compact(normalize_json(origin)), head + b"".join(parts), _pack_top(meta.top))


def packed(meta: ReplyMeta) -> PackedReply:
    """The compact form of any metadata; no work where it is packed already."""
    form = meta.__dict__.get("packed")
    return form if isinstance(form, PackedReply) else pack(meta)


def compact(value: Any) -> str:
    """JSON in one form only, so that equal values are equal strings."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _pack_ids(ids: Sequence[int]) -> bytes:
    """One byte of format, then little-endian ids of 2 or 4 bytes, compressed where that helps."""
    if not ids:
        return b""
    wide = max(ids) > 0xFFFF
    raw = _little(array("I" if wide else "H", ids)).tobytes()
    small = zlib.compress(raw, 6) if len(raw) > _COMPRESS else raw
    if len(small) < len(raw):
        return bytes([2 + wide]) + small
    return bytes([wide]) + raw


def _unpack_ids(data: bytes) -> tuple[int, ...]:
    if not data:
        return ()
    form, raw = data[0], data[1:]
    if form > 3:
        raise ValueError("unknown form of token ids")
    if form & 2:
        raw = _inflate(raw)
    ids = array("I" if form & 1 else "H")
    ids.frombytes(raw)
    return tuple(_little(ids))


def _little(numbers: array[int]) -> array[int]:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _inflate(data: bytes) -> bytes:
    stream = zlib.decompressobj()
    raw = stream.decompress(data, _UNPACKED_LIMIT)
    if stream.unconsumed_tail or not stream.eof:
        raise ValueError("token ids are cut off or too long")
    return raw


def _pack_floats(values: Sequence[float]) -> bytes:
    rounded = [v if v != v else max(-_LARGEST, min(_LARGEST, v)) for v in values]  # NaN stays
    return struct.pack(f"<{len(rounded)}e", *rounded)


def _unpack_floats(data: bytes) -> tuple[float, ...]:
    return struct.unpack(f"<{len(data) // 2}e", data)


def _pack_top(top: Sequence[Sequence[tuple[int, float]]]) -> bytes:
    """Number of tokens, bytes of ids; alternatives per token (a byte each), all ids, all floats."""
    if not any(top):
        return b""
    kept = [row[:255] for row in top]
    ids = _pack_ids([token for row in kept for token, _ in row])
    floats = _pack_floats([logprob for row in kept for _, logprob in row])
    return struct.pack("<II", len(kept), len(ids)) + bytes(map(len, kept)) + ids + floats


def _unpack_top(data: bytes) -> tuple[tuple[tuple[int, float], ...], ...]:
    if not data:
        return ()
    n_tokens, n_ids = struct.unpack_from("<II", data)
    counts = data[8 : 8 + n_tokens]
    at = 8 + n_tokens
    ids = _unpack_ids(data[at : at + n_ids])
    pairs = list(zip(ids, _unpack_floats(data[at + n_ids :]), strict=True))
    rows, at = [], 0
    for count in counts:
        rows.append(tuple(pairs[at : at + count]))
        at += count
    return tuple(rows)
