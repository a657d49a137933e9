"""Bytes of tokens to text as they come, never half a character."""

from __future__ import annotations

import codecs

from engine.tokens import Tokenizer


class StreamDecoder:
    """Decodes one row of tokens; what is no UTF-8 becomes U+FFFD, as when decoded at once."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, token: int) -> str:
        """The characters that ``token`` completes; empty while one is still incomplete."""
        return self._decoder.decode(self._tokenizer.decode_bytes((token,)))

    def flush(self) -> str:
        """U+FFFD for an incomplete character at the end, if there is one; then start afresh."""
        return self._decoder.decode(b"", final=True)
