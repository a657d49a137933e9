"""A server's tokenizer: an estimate on the safe side at once, the server's own ids when they came."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable

# An estimated token is up to three bytes of UTF-8, packed into an id so that it can be read back.
# English has four and more to a token, so that an estimate has its margin in itself.
BYTES = 3
_PACKED, _PACKED_END = 1 << 28, 1 << 29  # no vocabulary has as many
_LENGTH = 24  # the bits above: how many bytes

MAX_KNOWN = 20_000  # texts whose ids are kept
MAX_SPELT = 300_000
MAX_CHARACTERS = 20_000  # of a text worth asking about


class RemoteTokenizer:
    """Ids of a server's model as far as they are known.

    ``ask`` is told a text whose ids are wanted and answers with ``learn`` when it has them, from
    any thread; None where the server has no tokenizer to offer.
    """

    n_vocab = 1 << 31
    end_of_text: int | None = None
    exact = False  # a text not seen before is always estimated first

    def __init__(self, ask: Callable[[str], None] | None = None) -> None:
        self._ask = ask
        self._known: OrderedDict[str, tuple[int, ...]] = OrderedDict()
        self._wanted: set[str] = set()
        self._spelt: dict[int, bytes] = {}  # what tokens that were written stand for
        self._lock = threading.Lock()

    def encode(self, text: str) -> list[int]:
        """The server's ids, or an estimate while they are on their way."""
        if not text:
            return []
        with self._lock:
            ids = self._known.get(text)
            if ids is not None:
                self._known.move_to_end(text)
                return list(ids)
            asks = (
                self._ask is not None
                and text not in self._wanted
                and len(text) <= MAX_CHARACTERS
                and len(self._wanted) < MAX_KNOWN
            )
            if asks:
                self._wanted.add(text)
        if asks and self._ask is not None:
            self._ask(text)
        return estimate(text)

    def learn(self, text: str, ids: tuple[int, ...]) -> None:
        """Take the server's ids of a text; none: it could not say, and may be asked again."""
        with self._lock:
            self._wanted.discard(text)
            if ids:
                self._known[text] = ids
                while len(self._known) > MAX_KNOWN:
                    self._known.popitem(last=False)

    def remember(self, token: int, text: str) -> None:
        """What a token that the server wrote stands for."""
        if text and len(self._spelt) < MAX_SPELT:
            self._spelt.setdefault(token, text.encode("utf-8", "replace"))

    def knows(self, text: str) -> bool:
        """Whether the ids of a text are the server's own."""
        with self._lock:
            return text in self._known

    def decode(self, ids: Iterable[int]) -> str:
        """The text of estimated ids and of tokens that the server has written before."""
        return self.decode_bytes(ids).decode("utf-8", "replace")

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """The bytes of estimated ids and of tokens that the server has written before."""
        out = bytearray()
        for token in ids:
            if _PACKED <= token < _PACKED_END:
                length = (token - _PACKED) >> _LENGTH
                out += (token & ((1 << _LENGTH) - 1)).to_bytes(BYTES, "little")[:length]
            else:
                out += self._spelt.get(token, b"")
        return bytes(out)

    def count(self, text: str) -> int:
        """Number of tokens, or what they are at most likely to be."""
        return len(self.encode(text))

    def is_special(self, token: int) -> bool:
        """True where a text cannot be told from the id."""
        return not _PACKED <= token < _PACKED_END and token not in self._spelt


def estimate(text: str) -> list[int]:
    """As many ids as ``text`` has threes of bytes; they can be read back."""
    raw = text.encode("utf-8", "replace")
    ids: list[int] = []
    for at in range(0, len(raw), BYTES):
        part = raw[at : at + BYTES]
        ids.append(_PACKED + (len(part) << _LENGTH) + int.from_bytes(part, "little"))
    return ids
