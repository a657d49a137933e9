"""Streaming tokens shows whole characters only, and in the end the same text as decoding at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.lm.scripted import ByteTokenizer
from engine.lm.stream import StreamDecoder


def stream(data: bytes) -> list[str]:
    decoder = StreamDecoder(ByteTokenizer())
    return [*(decoder.push(byte) for byte in data), decoder.flush()]


@given(st.text())
def test_no_part_of_a_text_shows_half_a_character(text: str) -> None:
    parts = stream(text.encode("utf-8", "replace"))
    assert "".join(parts) == text.encode("utf-8", "replace").decode()
    assert all(len(part) <= 1 for part in parts)
    assert parts[-1] == ""


@given(st.binary(max_size=40))
def test_any_bytes_give_what_decoding_at_once_gives(data: bytes) -> None:
    assert "".join(stream(data)) == data.decode("utf-8", "replace")


def test_half_a_character_at_the_end_is_shown_as_replaced() -> None:
    parts = stream("a🏮".encode()[:-1])
    assert parts == ["a", "", "", "", "\ufffd"]


def test_rows_do_not_share_bytes() -> None:
    one, two = StreamDecoder(ByteTokenizer()), StreamDecoder(ByteTokenizer())
    assert one.push(0xC3) == ""
    assert two.push(ord("x")) == "x"
    assert one.push(0xA9) == "é"


def test_after_a_flush_a_new_text_begins() -> None:
    decoder = StreamDecoder(ByteTokenizer())
    assert decoder.push(0xC3) == ""
    assert decoder.flush() == "\ufffd"
    assert decoder.flush() == ""
    assert decoder.push(0xA9) == "\ufffd"
