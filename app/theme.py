"""Colours and the book font: ``assets/themes/*.toml`` and ``assets/fonts``, as Qt wants them."""

from __future__ import annotations

import logging
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontInfo, QGuiApplication, QPalette

from engine import paths
from engine.errors import KnownError

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

BOOK_FAMILY = "Vollkorn"
SYSTEM = "system"  # light or dark, as the desktop is
DEFAULT_SIZE = 13.0  # points
COLORS = (
    "window", "paper", "ink", "dim", "rule", "button", "accent", "selection",
    "human", "edited", "action", "find",
)  # fmt: skip
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Theme:
    """A set of colours: ``#rrggbb`` by the names in ``COLORS``."""

    id: str
    name: str
    dark: bool
    colors: dict[str, str]

    def color(self, name: str) -> QColor:
        """One of the colours."""
        return QColor(self.colors[name])


def theme_ids() -> list[str]:
    """The themes that are shipped."""
    return sorted(path.stem for path in _folder().glob("*.toml"))


def load_theme(theme_id: str) -> Theme:
    """The theme called ``theme_id``; ``system`` follows the desktop. KnownError when it is unknown."""
    if theme_id == SYSTEM:
        hints = QGuiApplication.styleHints()
        theme_id = "dark" if hints.colorScheme() is Qt.ColorScheme.Dark else "light"
    if theme_id not in theme_ids():
        raise KnownError(
            f"There is no theme {theme_id!r}. Choose one of: {', '.join(theme_ids())}."
        )
    path = _folder() / f"{theme_id}.toml"
    try:
        with path.open("rb") as file:
            data = tomllib.load(file)
        colors = {name: str(data["colors"][name]) for name in COLORS}
        theme = Theme(theme_id, str(data["name"]), bool(data["dark"]), colors)
    except (OSError, KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        raise KnownError(
            f"The theme file {path.name} is damaged: {error}. Reinstall the app."
        ) from error
    wrong = [name for name, value in colors.items() if not QColor(value).isValid()]
    if wrong:
        raise KnownError(f"The theme file {path.name} has no valid colour for: {', '.join(wrong)}.")
    return theme


def palette(theme: Theme) -> QPalette:
    """The theme as a palette for the Fusion style."""
    ink, dim, paper = theme.color("ink"), theme.color("dim"), theme.color("paper")
    window, button, rule = theme.color("window"), theme.color("button"), theme.color("rule")
    accent = theme.color("accent")
    role = QPalette.ColorRole
    colors = {
        role.Window: window,
        role.WindowText: ink,
        role.Base: paper,
        role.AlternateBase: window,
        role.Text: ink,
        role.PlaceholderText: dim,
        role.Button: button,
        role.ButtonText: ink,
        role.BrightText: accent,
        role.Highlight: theme.color("selection"),
        role.HighlightedText: ink,
        role.Link: accent,
        role.LinkVisited: dim,
        role.ToolTipBase: button,
        role.ToolTipText: ink,
        role.Accent: accent,
        role.Light: button.lighter(115),
        role.Midlight: button.lighter(106),
        role.Mid: rule,
        role.Dark: rule.darker(125),
        role.Shadow: rule.darker(170),
    }
    made = QPalette()
    for name, color in colors.items():
        made.setColor(name, color)
    group = QPalette.ColorGroup.Disabled
    for name in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(group, name, blend(ink, window, 0.5))
    return made


def apply_theme(app: QApplication, theme: Theme) -> None:
    """Dress the whole application; widgets that hold colours of their own are told by the palette."""
    app.setStyle("Fusion")
    scheme = Qt.ColorScheme.Dark if theme.dark else Qt.ColorScheme.Light
    app.styleHints().setColorScheme(scheme)
    app.setPalette(palette(theme))


def blend(front: QColor, back: QColor, share: float) -> QColor:
    """``front`` laid over ``back`` with opacity ``share`` (0 to 1)."""
    pairs = (
        (front.redF(), back.redF()),
        (front.greenF(), back.greenF()),
        (front.blueF(), back.blueF()),
    )
    return QColor.fromRgbF(*(share * f + (1 - share) * b for f, b in pairs))


def contrast(a: QColor, b: QColor) -> float:
    """The contrast ratio of two opaque colours, 1 to 21 (WCAG 2.1, relative luminance)."""
    low, high = sorted((_luminance(a), _luminance(b)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: QColor) -> float:
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (color.redF(), color.greenF(), color.blueF())
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def load_fonts() -> bool:
    """Make the book font known to Qt; false where that fails (a system serif serves then)."""
    if BOOK_FAMILY in QFontDatabase.families():
        return True
    for path in sorted((paths.assets() / "fonts").glob("*.ttf")):
        if QFontDatabase.addApplicationFont(str(path)) < 0:
            _LOG.info("Qt could not read the font %s", path.name)
    return BOOK_FAMILY in QFontDatabase.families()


def book_font(family: str = "", points: float = DEFAULT_SIZE) -> QFont:
    """The font stories are set in; an empty ``family`` is the one that is shipped."""
    load_fonts()
    font = QFont(family or BOOK_FAMILY)
    font.setStyleHint(QFont.StyleHint.Serif)
    font.setPointSizeF(points)
    font.setKerning(True)
    return font


def is_present(family: str) -> bool:
    """Whether Qt would really use ``family`` and no substitute."""
    return QFontInfo(QFont(family)).family() == family


def _folder() -> Path:
    return paths.assets() / "themes"
