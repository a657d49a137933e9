"""Theme, font and sizes as Qt's block and character formats."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QFont,
    QFontInfo,
    QFontMetricsF,
    QTextBlockFormat,
    QTextCharFormat,
    QTextFormat,
)

from app.page_look import Ink, Look, Role, Run
from app.spans import set_author
from engine.story.node import Author

if TYPE_CHECKING:
    from PySide6.QtGui import QTextFrame

    from app.theme import Theme


class Marks(StrEnum):
    """How the page tells who wrote what."""

    NONE = "none"
    COLOUR = "colour"  # colours, and bars in the margin
    SIGNS = "signs"  # the same, and underlines letter by letter


class Formats:
    """Makes each format once; a change of theme, font or marks makes new ``Formats``."""

    def __init__(
        self, theme: Theme, font: QFont, *, leading: float = 1.5, marks: Marks = Marks.COLOUR
    ) -> None:
        self.theme = theme
        self.marks = marks
        self.leading = leading
        self.font = font
        self.size = float(QFontInfo(font).pixelSize())
        self.line = leading * self.size  # pixels from one line to the next
        self.gutter = 1.9 * self.size  # beside the text, for the signs
        self._percent = 100 * self.line / max(1.0, QFontMetricsF(font).height())
        self._blocks: dict[tuple[Role, float, int], QTextBlockFormat] = {}
        self._runs: dict[tuple[Role, int, bool, Author, Ink], QTextCharFormat] = {}

    def frame(self, frame: QTextFrame) -> None:
        """Margins around the text: gutters for the signs, air above and below."""
        made = frame.frameFormat()
        made.setLeftMargin(self.gutter)
        made.setRightMargin(self.gutter)
        made.setTopMargin(2.0 * self.line)
        made.setBottomMargin(2.5 * self.line)
        frame.setFrameFormat(made)

    def block(self, look: Look) -> QTextBlockFormat:
        """The block format of a paragraph."""
        made = self._blocks.get(look.block)
        if made is None:
            made = self._blocks[look.block] = self._block(look)
        return made

    def run(self, look: Look, run: Run) -> QTextCharFormat:
        """The character format of a run."""
        key = (look.role, look.level, look.neutral, run.author, run.ink)
        made = self._runs.get(key)
        if made is None:
            made = self._runs[key] = self._run(*key)
        return made

    def plain(self, look: Look, author: Author = Author.HUMAN) -> QTextCharFormat:
        """The character format of unmarked text in a paragraph."""
        return self.run(look, Run(0, author, Ink.PLAIN))

    def _block(self, look: Look) -> QTextBlockFormat:
        made = QTextBlockFormat()
        proportional = QTextBlockFormat.LineHeightTypes.ProportionalHeight.value
        percent = self._percent
        if look.role is Role.CHAPTER:
            percent *= 0.86  # large letters want less space between their lines
            made.setBottomMargin(0.3 * self.line)
            made.setHeadingLevel(look.level)
        if look.role is Role.SCENE:
            made.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        made.setLineHeight(percent, proportional)
        made.setTopMargin(round(look.gap * self.line))
        return made

    def _run(
        self,
        role: Role,
        level: int,
        neutral: bool,  # noqa: FBT001
        author: Author,
        ink: Ink,
    ) -> QTextCharFormat:
        made = QTextCharFormat()
        set_author(made, author)
        theme = self.theme
        if role is Role.CHAPTER:
            made.setProperty(QTextFormat.Property.FontSizeAdjustment, max(1, 4 - level))
        if ink & Ink.ITALIC:
            made.setFontItalic(True)
        if role is Role.SCENE:
            made.setFontLetterSpacingType(QFont.SpacingType.PercentageSpacing)
            made.setFontLetterSpacing(220)
        if role is Role.CUE:
            made.setFontWeight(QFont.Weight.Bold)
            made.setFontLetterSpacingType(QFont.SpacingType.PercentageSpacing)
            made.setFontLetterSpacing(106)
        if ink & Ink.MARK or role is Role.SCENE:
            made.setForeground(theme.color("dim"))
            return made
        if role is Role.ACTION:
            made.setForeground(theme.color("action"))
            return made
        if self.marks is Marks.NONE or author is Author.MODEL or role is Role.CHAPTER:
            return made
        if neutral and author is Author.HUMAN:
            return made
        made.setForeground(theme.color(author.value))
        if self.marks is Marks.SIGNS:
            style = QTextCharFormat.UnderlineStyle
            single = author is Author.HUMAN
            made.setUnderlineStyle(style.SingleUnderline if single else style.DotLine)
            made.setUnderlineColor(theme.color(author.value))
        return made
