"""A model folder's tokenizer files, read and checked (torch-free).

``vocab.json`` and ``merges.txt``, or ``tokenizer.json``; ``tokenizer_config.json``,
``special_tokens_map.json`` and ``added_tokens.json`` for what was added to them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import KnownError
from engine.lm.config import LIMITS, read_config, read_json

MAX_FILE_BYTES = 64 << 20
MAX_TOKEN_CHARS = 1024
END_OF_TEXT = "<|endoftext|>"
DAMAGED = "the model folder is damaged; download or copy it again."
_BRACKETED = re.compile(r"<.*>|\[.*\]|madeupword\d+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class AddedToken:
    """A token found in the text before the pieces are made, as ``tokenizers`` describes it."""

    content: str
    id: int
    special: bool = False
    single_word: bool = False
    lstrip: bool = False
    rstrip: bool = False


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a tokenizer needs: pieces in merge order with their ids, and the bytes of every id."""

    name: str
    ranked: list[tuple[bytes, int]]  # the 256 bytes, then one entry per merge that can happen
    bytes_of: list[bytes]  # by id; empty for special tokens and gaps
    added: tuple[AddedToken, ...]  # those that are text
    special: frozenset[int]
    end_of_text: int | None


def byte_alphabet() -> dict[str, int]:
    """GPT-2's printable character for each byte: itself if printable, else from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in set(printable)]
    alphabet = {chr(byte): byte for byte in printable}
    return alphabet | {chr(0x100 + i): byte for i, byte in enumerate(others)}


def read_vocabulary(folder: Path) -> Vocabulary:
    """The checked vocabulary of a model folder.

    Raises:
        KnownError: a file is missing, damaged, or of another kind of tokenizer.
    """
    whole = _read(folder, "tokenizer.json")
    vocab_json, merges_txt = folder / "vocab.json", folder / "merges.txt"
    if vocab_json.exists() or merges_txt.exists() or not whole:
        source = "vocab.json"
        vocab = read_json(vocab_json, MAX_FILE_BYTES)
        merges = _read_merges(merges_txt)
    else:
        source = "tokenizer.json"
        vocab, merges = _from_tokenizer_json(whole)
    limit = read_config(folder).n_vocab if (folder / "config.json").exists() else LIMITS["n_vocab"]
    _check_ids(vocab, source, limit)
    added, end_of_text = _read_added(folder, whole, vocab, limit)
    ranked, merged = _rank(vocab, merges, source)
    names = {token.content for token in added}
    for token in vocab:
        if len(token) > 1 and not (
            token in merged or token in names or _BRACKETED.fullmatch(token)
        ):
            raise KnownError(
                f"The merges lack the one that makes '{token[:40]}' of {source}: the file is cut or "
                "of another model; download or copy the model again."
            )
    return _assemble(folder.name, vocab, ranked, added, end_of_text)


def _read(folder: Path, name: str) -> dict[str, Any]:
    """A JSON object, or an empty one where the file, which is optional, does not exist."""
    return read_json(folder / name, MAX_FILE_BYTES) if (folder / name).exists() else {}


def _read_merges(path: Path) -> list[tuple[str, str]]:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise KnownError(f"{path.name} is larger than any real one; {DAMAGED}")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise KnownError(
            f"{path.name} is missing from the model folder {path.parent.name}."
        ) from None
    except OSError as error:
        raise KnownError(f"{path.name} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise KnownError(f"{path.name} is not a text file; {DAMAGED}") from None
    lines = [line for line in text.split("\n") if line and not line.startswith("#version")]
    return _pairs((line.split(" ") for line in lines), path.name)


def _from_tokenizer_json(whole: dict[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    model = whole.get("model")
    if not isinstance(model, dict) or model.get("type", "BPE") != "BPE":
        raise KnownError("tokenizer.json is not a byte-level BPE as GPT-2 has; use a GPT-2 model.")
    step = whole.get("pre_tokenizer")
    if not isinstance(step, dict) or step.get("type") != "ByteLevel":
        step = {"use_regex": False}
    if step.get("use_regex") is False or whole.get("normalizer"):
        raise KnownError("tokenizer.json cuts text in another way than GPT-2; use a GPT-2 model.")
    if model.get("ignore_merges") or model.get("byte_fallback"):
        raise KnownError("tokenizer.json merges in another way than GPT-2; use a GPT-2 model.")
    vocab, merges = model.get("vocab"), model.get("merges")
    if not isinstance(vocab, dict) or not isinstance(merges, list):
        raise KnownError(f"tokenizer.json has no vocabulary or no merges; {DAMAGED}")
    parts = (merge.split(" ") if isinstance(merge, str) else merge for merge in merges)
    return vocab, _pairs(parts, "tokenizer.json")


def _pairs(lines: Iterable[Any], name: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for number, parts in enumerate(lines, 1):
        match parts:
            case [str(left), str(right)] if left and right:
                pairs.append((left, right.removesuffix("\r")))
            case _:
                raise KnownError(f"Merge {number} of {name} is not a pair; {DAMAGED}")
    return pairs


def _check_ids(vocab: dict[str, Any], source: str, limit: int) -> None:
    for token, number in vocab.items():
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < limit:
            raise KnownError(
                f"{source} gives '{token[:40]}' the id {str(number)[:20]}, but the model has {limit} "
                "tokens: files of two different models were mixed."
            )
        if not 0 < len(token) <= MAX_TOKEN_CHARS:
            raise KnownError(f"{source} has a token of {len(token)} characters; {DAMAGED}")
    if len(set(vocab.values())) != len(vocab):
        raise KnownError(f"{source} gives one id to two tokens; {DAMAGED}")
    if missing := [byte for character, byte in byte_alphabet().items() if character not in vocab]:
        raise KnownError(
            f"{source} lacks {len(missing)} of the 256 bytes (the first is {missing[0]}), so it cannot "
            "hold every text; use a model with a complete vocabulary."
        )


def _rank(
    vocab: dict[str, int], merges: list[tuple[str, str]], source: str
) -> tuple[list[tuple[bytes, int]], set[str]]:
    """The bytes and every merge that can happen, in order, with ids; and all merged tokens.

    tiktoken joins any two neighbours whose joint bytes have a rank, GPT-2 only listed pairs. Both
    give the same pieces if a token has a rank exactly when merging its own bytes ends in it: until
    its two halves are joined nothing has reached across its borders, so its bytes alone decide what
    the halves are. A merge that its own bytes never come to is left out: it cannot happen in any text.
    """
    alphabet = byte_alphabet()
    order = {
        pair: i for i, pair in enumerate(merges)
    }  # a pair listed twice counts where it is last
    halves: dict[str, tuple[str, str]] = {}
    skipped: set[str] = set()
    rank = dict.fromkeys(alphabet, -1)
    merged: set[str] = set()
    ranked = [(bytes([byte]), vocab[character]) for character, byte in alphabet.items()]
    for (left, right), at in sorted(order.items(), key=lambda item: item[1]):
        token = left + right
        if not {token, left, right} <= vocab.keys():
            raise KnownError(
                f"A merge makes '{token[:40]}', which {source} does not have: the files are cut or "
                "belong to two models; download or copy the model again."
            )
        merged.add(token)
        if not {left, right} <= rank.keys():
            skipped |= {left, right} - rank.keys()
        elif token not in rank and _apart(left, right, rank, halves):
            halves[token], rank[token] = (left, right), at
            ranked.append((bytes(map(alphabet.__getitem__, token)), vocab[token]))
    if late := skipped & rank.keys():  # no trainer does this, and the above holds only without it
        raise KnownError(
            f"A merge uses '{min(late)[:40]}' before the merge that makes it: the merges are out of "
            "order; download or copy the model again."
        )
    return ranked, merged


def _apart(left: str, right: str, rank: dict[str, int], halves: dict[str, tuple[str, str]]) -> bool:
    """Whether merging the bytes of ``left`` then ``right`` so far ends in just these two.

    Undo the merges that touch the border, latest first; if the two pieces there could have been
    joined before the merge that was undone, they would have been.
    """
    limit = len(rank) + (1 << 30)
    while True:
        joint = left + right
        if joint in halves and halves[joint] == (left, right) and rank[joint] < limit:
            return False
        if max(rank[left], rank[right]) < 0:
            return True
        if rank[left] > rank[right]:
            limit = rank[left]
            left = halves[left][1]
        else:
            limit = rank[right] + 1  # of two equal merges the left one comes first
            right = halves[right][0]


def _read_added(
    folder: Path, whole: dict[str, Any], vocab: dict[str, int], limit: int
) -> tuple[tuple[AddedToken, ...], int | None]:
    """Added tokens with an id of the model, and the id of the end of text."""
    config, names = _read(folder, "tokenizer_config.json"), _read(folder, "special_tokens_map.json")
    found: dict[str, AddedToken] = {}
    for content, number in _read(folder, "added_tokens.json").items():
        _add(found, {"content": content, "id": number}, "added_tokens.json")
    listed = whole.get("added_tokens")
    for entry in listed if isinstance(listed, list) else []:
        _add(found, entry, "tokenizer.json")
    decoder = config.get("added_tokens_decoder")
    for number, entry in (decoder if isinstance(decoder, dict) else {}).items():
        if not isinstance(entry, dict) or not str(number).isdecimal() or len(str(number)) > 9:
            raise KnownError(f"tokenizer_config.json has an added token without an id; {DAMAGED}")
        _add(found, {**entry, "id": int(number)}, "tokenizer_config.json")

    roles = {role: _content(names.get(role, config.get(role))) for role in _ROLES}
    special = {content for content in roles.values() if content} | {END_OF_TEXT}
    for content in special:
        token = found.get(content)
        number = token.id if token else vocab.get(content)
        if number is not None:
            found[content] = AddedToken(content, number, special=True)
    for token in found.values():
        if vocab.get(token.content, token.id) != token.id:
            raise KnownError(f"The added token '{token.content[:40]}' has two ids; {DAMAGED}")
    end = found.get(roles["eos_token"] or END_OF_TEXT) or found.get(END_OF_TEXT)
    # Words added for training (a padding token, say) of which the model was never told.
    added = tuple(token for token in found.values() if token.id < limit)
    return added, end.id if end and end.id < limit else None


_ROLES = ("eos_token", "bos_token", "unk_token", "pad_token")


def _content(value: object) -> str | None:
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) and value else None


def _add(found: dict[str, AddedToken], entry: object, source: str) -> None:
    match entry:
        case {"content": str(content), "id": int(number), **flags} if (
            content and len(content) <= MAX_TOKEN_CHARS and number >= 0
        ):
            known = {name: flags.get(name) is True for name in ("single_word", "lstrip", "rstrip")}
            special = flags.get("special") is True
            found[content] = AddedToken(content, number, special=special, **known)
        case _:
            raise KnownError(f"{source} has an added token without text or id; {DAMAGED}")


def _assemble(
    name: str,
    vocab: dict[str, int],
    ranked: list[tuple[bytes, int]],
    added: tuple[AddedToken, ...],
    end_of_text: int | None,
) -> Vocabulary:
    special = frozenset(token.id for token in added if token.special)
    n = 1 + max([*vocab.values(), *(token.id for token in added)])
    alphabet = byte_alphabet()
    bytes_of = [b""] * n
    for content, number in vocab.items():
        try:
            bytes_of[number] = bytes(map(alphabet.__getitem__, content))
        except KeyError:
            bytes_of[number] = content.encode("utf-8", "replace")
    for token in added:
        bytes_of[token.id] = token.content.encode("utf-8", "replace")
    for number in special:
        bytes_of[number] = b""
    text = tuple(token for token in added if not token.special)
    return Vocabulary(name, ranked, bytes_of, text, special, end_of_text)
