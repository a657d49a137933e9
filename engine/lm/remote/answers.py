"""Reading what servers answer. Nothing in it is believed: wrong kinds are as good as missing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from engine.lm.backend import Alternative
from engine.lm.remote.speaker import NO_LOGPROB, Chunk, Piece, made_up_id

MOST_IDS = 1 << 28  # no vocabulary is larger
MAX_MODELS = 500
MAX_ALTERNATIVES = 40
LOWEST = -1e4  # nats: -inf and worse are told as this


def as_text(value: object) -> str:
    """``value`` if it is a text, without what no story can hold."""
    if not isinstance(value, str):
        return ""
    return value.encode("utf-8", "replace").decode("utf-8").replace("\0", "")


def as_whole(value: object) -> int:
    """``value`` if it is a whole number above 0, else 0."""
    return value if type(value) is int and 0 < value < 1 << 31 else 0


def as_list(value: object, key: str) -> list[dict[str, Any]]:
    """The tables in the list ``value[key]``."""
    rows = value.get(key) if isinstance(value, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def model_names(listed: object) -> tuple[str, ...]:
    """The ids in a list of models."""
    names = [as_text(row.get("id")) for row in as_list(listed, "data")[:MAX_MODELS]]
    return tuple(name for name in names if name and name.isprintable() and len(name) <= 300)


def window_of(listed: object, model: str) -> int:
    """The window of a model in a list: vLLM's ``max_model_len``, llama.cpp's ``meta.n_ctx``."""
    for row in as_list(listed, "data"):
        if not model or row.get("id") == model:
            meta = row.get("meta")
            inner = as_whole(meta.get("n_ctx")) if isinstance(meta, dict) else 0
            return (
                as_whole(row.get("max_model_len")) or as_whole(row.get("context_length")) or inner
            )
    return 0


def ids_of(answer: object, *keys: str) -> tuple[int, ...]:
    """The list of ids under the first of ``keys`` that holds one; empty otherwise."""
    if isinstance(answer, dict):
        for key in keys:
            ids = answer.get(key)
            if isinstance(ids, list) and all(type(i) is int and 0 <= i < MOST_IDS for i in ids):
                return tuple(ids)
    return ()


def plain_name(model: str) -> str:
    """A model's name for people: of a path only the file's name, which says nothing of a disk."""
    name = PurePath(model.replace("\\", "/")).name or model
    return name.removesuffix(".gguf")[:120]


def completion_chunks(message: object, rows: Sequence[int]) -> Iterator[Chunk]:
    """What a message of ``/v1/completions`` says, in the order of its choices."""
    for choice in as_list(message, "choices"):
        index = choice.get("index", 0)
        if type(index) is not int or not 0 <= index < len(rows):
            continue
        text = as_text(choice.get("text"))
        finish = as_text(choice.get("finish_reason"))
        if finish == "stop" and isinstance(choice.get("stop_reason"), str):
            finish = "word"
        yield Chunk(rows[index], tuple(_pieces(text, choice)), finish)


def _pieces(text: str, choice: Mapping[str, Any]) -> list[Piece]:
    """The tokens of a chunk; one for all of its text where they cannot be told apart."""
    ids = ids_of(choice, "token_ids", "tokens")
    logprobs = choice.get("logprobs")
    told: list[Piece] = []
    if isinstance(logprobs, dict):
        told = _content(logprobs) or _columns(logprobs)
    if told and len(ids) == len(told):
        told = [_with_id(piece, own) for piece, own in zip(told, ids, strict=True)]
    if told and "".join(piece.text for piece in told) == text:
        return told
    if not text:
        return []
    if len(told) == 1:  # a byte of a character, or a token the server spells otherwise
        return [
            Piece(text, ids[0] if len(ids) == 1 else made_up_id(text), told[0].logprob, told[0].top)
        ]
    return [Piece(text, ids[0] if len(ids) == 1 else made_up_id(text))]


def _with_id(piece: Piece, own: int) -> Piece:
    """A piece with its own id, also where it stands among its alternatives."""
    top = tuple(one._replace(id=own) if one.text == piece.text else one for one in piece.top)
    return Piece(piece.text, own, piece.logprob, top)


def _content(logprobs: Mapping[str, Any]) -> list[Piece]:
    """The newer form: a list of tables, as chats have it and llama.cpp for completions too."""
    out: list[Piece] = []
    for row in as_list(logprobs, "content"):
        top = tuple(
            Alternative(_id_in(other), as_text(other.get("token")), _nats(other.get("logprob")))
            for other in as_list(row, "top_logprobs")[:MAX_ALTERNATIVES]
        )
        out.append(Piece(as_text(row.get("token")), _id_in(row), _nats(row.get("logprob")), top))
    return out


def _id_in(row: Mapping[str, Any]) -> int:
    own = row.get("id")
    return (
        own if type(own) is int and 0 <= own < MOST_IDS else made_up_id(as_text(row.get("token")))
    )


def _columns(logprobs: Mapping[str, Any]) -> list[Piece]:
    """The older form: a list of tokens and lists beside it."""
    tokens, values = logprobs.get("tokens"), logprobs.get("token_logprobs")
    if not isinstance(tokens, list) or not isinstance(values, list) or len(tokens) != len(values):
        return []
    tops = logprobs.get("top_logprobs")
    if not isinstance(tops, list) or len(tops) != len(tokens):
        tops = list[Any](tokens)  # none of them a table
    out: list[Piece] = []
    for token, value, top in zip(tokens, values, tops, strict=True):
        text = as_text(token)
        best = (
            sorted(
                (Alternative(made_up_id(as_text(t)), as_text(t), _nats(v)) for t, v in top.items()),
                key=lambda one: -one.logprob,
            )
            if isinstance(top, dict)
            else []
        )
        out.append(Piece(text, made_up_id(text), _nats(value), tuple(best[:MAX_ALTERNATIVES])))
    return out


def _nats(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return NO_LOGPROB
    return max(min(float(value), 0.0), LOWEST)
