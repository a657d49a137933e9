"""GPT-2's byte-level BPE, run by tiktoken from the model's own files; never from the network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import tiktoken

from engine.lm.vocabulary import AddedToken, Vocabulary, read_vocabulary

# GPT-2's pre-tokenization with possessive quantifiers: the same pieces without backtracking.
PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
# tiktoken's \s (Unicode White_Space), which is not Python's.
_SPACE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B)))
_SPACE += "\u2028\u2029\u202f\u205f\u3000"
# "\s+(?!\S)" exhausts the pattern engine's stack on runs of some 100,000 spaces.
_LONG_SPACE = re.compile(f"[{_SPACE}]{{4096,}}")
_SURROGATE = re.compile("[\ud800-\udfff]")
COUNT_CACHE = 8192  # texts
COUNT_CACHE_CHARS = 1 << 14  # a longer text is counted anew each time


class GPT2Tokenizer:
    """A model's tokenizer (``engine.tokens.Tokenizer``); safe to share between threads.

    tiktoken merges by the rank of the merged bytes, which has to be the order of the merges; the
    ids of a vocabulary are free, so ranks are mapped to ids on the way out.
    """

    exact = True

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._encoding = tiktoken.Encoding(
            name=vocabulary.name,
            pat_str=PATTERN,
            mergeable_ranks={piece: rank for rank, (piece, _) in enumerate(vocabulary.ranked)},
            special_tokens={},
        )
        self._ids = [token for _, token in vocabulary.ranked]
        self._identity = self._ids == list(range(len(self._ids)))
        self._bytes = vocabulary.bytes_of
        self._special = vocabulary.special
        self.end_of_text = vocabulary.end_of_text
        self._added = {token.content: token for token in vocabulary.added}
        longest_first = sorted(self._added, key=len, reverse=True)
        self._added_pattern = (
            re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
        )
        self._count = lru_cache(COUNT_CACHE)(lambda text: len(self.encode(text)))

    @property
    def n_vocab(self) -> int:
        """Number of ids; every id is below it."""
        return len(self._bytes)

    def encode(self, text: str) -> list[int]:
        """Ids of ``text``: added words are found, special tokens written out are plain characters.

        A lone surrogate, which no UTF-8 text can hold, is read as U+FFFD.
        """
        text = _SURROGATE.sub("\ufffd", text)
        if self._added_pattern is None:
            return self._encode_plain(text)
        ids: list[int] = []
        done = 0
        for start, end, token in _find_added(self._added_pattern, self._added, text):
            ids += self._encode_plain(text[done:start])
            ids.append(token.id)
            done = end
        return ids + self._encode_plain(text[done:])

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ``ids``; bytes that are no UTF-8 become U+FFFD."""
        return self.decode_bytes(ids).decode("utf-8", "replace")

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """The bytes of ``ids``; special tokens and ids that no token has stand for none."""
        pieces, n = self._bytes, len(self._bytes)
        return b"".join(pieces[token] for token in ids if 0 <= token < n)

    def count(self, text: str) -> int:
        """Number of tokens of ``text``; cached."""
        return self._count(text) if len(text) <= COUNT_CACHE_CHARS else len(self.encode(text))

    def is_special(self, token: int) -> bool:
        """Whether an id stands for no text of its own (end of text and the like)."""
        return token in self._special or not 0 <= token < len(self._bytes)

    def _encode_plain(self, text: str) -> list[int]:
        ids: list[int] = []
        done = 0
        for run in _LONG_SPACE.finditer(text):
            # The last space of a run belongs to what follows, the others are one piece.
            last = run.end() if run.end() == len(text) else run.end() - 1
            ids += self._encode_ranks(text[done : run.start()])
            ids += self._encode_ranks(text[run.start() : last])
            done = last
        return ids + self._encode_ranks(text[done:])

    def _encode_ranks(self, text: str) -> list[int]:
        ranks = self._encoding.encode_ordinary(text)
        return ranks if self._identity else [self._ids[rank] for rank in ranks]


def load_tokenizer(folder: Path) -> GPT2Tokenizer:
    """The tokenizer of a model folder: ``vocab.json`` and ``merges.txt``, or ``tokenizer.json``.

    Raises:
        KnownError: a file is missing, damaged, or not GPT-2's kind of tokenizer.
    """
    return GPT2Tokenizer(read_vocabulary(folder))


def _find_added(
    pattern: re.Pattern[str], tokens: dict[str, AddedToken], text: str
) -> Sequence[tuple[int, int, AddedToken]]:
    """Where added words stand in ``text``, with the white space that they swallow."""
    found: list[tuple[int, int, AddedToken]] = []
    done = 0
    for match in pattern.finditer(text):
        token = tokens[match[0]]
        start, end = match.span()
        if token.single_word and (
            _is_word(text[start - 1 : start]) or _is_word(text[end : end + 1])
        ):
            continue
        start = max(start, done)  # an rstrip before it may have reached into it
        if token.lstrip:
            start = done + len(text[done:start].rstrip(_SPACE))
        if token.rstrip:
            end = len(text) - len(text[end:].lstrip(_SPACE))
        found.append((start, end, token))
        done = end
    return found


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
