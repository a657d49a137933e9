"""The tokenizer as the story and the window see it: a protocol, no torch, no tiktoken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable


@runtime_checkable
class Tokenizer(Protocol):
    """Text to token ids and back, for one model."""

    @property
    def n_vocab(self) -> int:
        """Number of ids; every id is below it."""
        ...

    @property
    def end_of_text(self) -> int | None:
        """The id that begins and ends a text, if the model has one."""
        ...

    @property
    def exact(self) -> bool:
        """False while counts are estimates (a server's tokenizer that has not answered yet)."""
        ...

    def encode(self, text: str) -> list[int]:
        """Ids of ``text``; special tokens written out in it are plain characters."""
        ...

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ``ids``; bytes that are no UTF-8 become U+FFFD."""
        ...

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """The bytes of ``ids``, whole characters or not."""
        ...

    def count(self, text: str) -> int:
        """Number of tokens of ``text``; cached."""
        ...

    def is_special(self, token: int) -> bool:
        """Whether an id stands for no text of its own (end of text and the like)."""
        ...


def common_prefix(a: Sequence[object], b: Sequence[object]) -> int:
    """Length of the longest common prefix of two sequences (ids or text)."""
    low, high = 0, min(len(a), len(b))
    if a[:high] == b[:high]:
        return high
    while low < high:  # slices compare in C: log2(n) of them beat a Python loop
        middle = (low + high + 1) // 2
        if a[:middle] == b[:middle]:
            low = middle
        else:
            high = middle - 1
    return low
