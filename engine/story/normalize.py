"""Text as it enters a story: made uniform once, so that nothing downstream has to wonder."""

from __future__ import annotations

import re
from typing import Any

_BREAKS = re.compile("\r\n?|[\u2028\u2029]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def normalize(text: str) -> str:
    """``text`` with line feeds as its only line breaks, without NUL and without lone surrogates.

    Surrogate pairs (text that came through UTF-16) become the character they stand for; a lone
    one, which no file could hold, becomes U+FFFD.
    """
    if "\r" in text or "\u2028" in text or "\u2029" in text:
        text = _BREAKS.sub("\n", text)
    if "\0" in text:
        text = text.replace("\0", "")
    if not text.isascii() and _SURROGATES.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def normalize_json(value: Any) -> Any:
    """A JSON value with every string in it normalised, keys included; tuples become lists."""
    if isinstance(value, str):
        return normalize(value)
    if isinstance(value, dict):
        return {normalize(str(key)): normalize_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [normalize_json(item) for item in value]
    return value
