"""How a page is set: theme, font, size, leading, measure; one value, changed as a whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PySide6.QtGui import QFontMetricsF, QPalette

from app.page_formats import Formats, Marks
from app.page_layout import Mode
from app.theme import DEFAULT_SIZE, Theme, book_font, palette

if TYPE_CHECKING:
    from PySide6.QtGui import QFont

SMALLEST, LARGEST = 7.0, 40.0  # points
_SAMPLE = "the quick brown fox jumps over a lazy dog, and nobody minds at all. "


@dataclass(frozen=True, slots=True)
class PageSetting:
    """A page's typography. ``measure`` is in characters, ``leading`` in multiples of the size."""

    theme: Theme
    family: str = ""  # empty: the book font that is shipped
    points: float = DEFAULT_SIZE
    leading: float = 1.5
    measure: int = 66
    marks: Marks = Marks.COLOUR
    mode: Mode = Mode.PROSE

    @property
    def font(self) -> QFont:
        """The book font."""
        return book_font(self.family, self.points)

    def formats(self) -> Formats:
        """What the document's formats are made by."""
        return Formats(self.theme, self.font, leading=self.leading, marks=self.marks)

    def palette(self) -> QPalette:
        """The page's colours: paper, also beside the column."""
        colors = palette(self.theme)
        colors.setColor(QPalette.ColorRole.Window, self.theme.color("paper"))
        return colors

    def zoomed(self, steps: int) -> PageSetting:
        """Larger or smaller letters, a point a step; 0 is the size they are shipped with."""
        points = self.points + steps if steps else DEFAULT_SIZE
        return replace(self, points=max(SMALLEST, min(points, LARGEST)))

    def margin(self, room: float, gutter: float) -> int:
        """Pixels to leave on both sides of the column in a window ``room`` pixels wide."""
        letter = QFontMetricsF(self.font).horizontalAdvance(_SAMPLE) / len(_SAMPLE)
        return max(0, round((room - self.measure * letter) / 2 - gutter))
