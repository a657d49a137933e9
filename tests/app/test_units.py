from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given
from PySide6.QtGui import QTextDocument

from app.units import to_points, to_units, units

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=30)


@given(TEXTS, st.integers(0, 30))
def test_a_place_survives_both_ways(text: str, point: int) -> None:
    point = min(point, len(text))
    assert to_points(text, to_units(text, point)) == point


def test_half_of_a_pair_is_its_character() -> None:
    assert to_units("a🐉b", 2) == 3
    assert [to_points("a🐉b", unit) for unit in range(6)] == [0, 1, 1, 2, 3, 3]


def test_out_of_range_is_the_end() -> None:
    assert to_points("abc", 9) == 3
    assert to_points("é", 9) == 1


@given(TEXTS)
def test_qt_counts_the_same(text: str) -> None:
    text = text.replace("\ufdd0", "").replace("\ufdd1", "")
    document = QTextDocument()
    document.setPlainText(text)
    assert document.characterCount() - 1 == units(text)
