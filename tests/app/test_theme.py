from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPalette, QRawFont
from PySide6.QtWidgets import QApplication, QComboBox, QSpinBox

from app import style
from app import theme as themes
from app.theme import (
    BOOK_FAMILY,
    blend,
    book_font,
    contrast,
    load_fonts,
    load_theme,
    palette,
    theme_ids,
)
from engine import paths
from engine.errors import KnownError

READ = ("ink", "dim", "accent", "human", "edited", "action")


@pytest.mark.parametrize("theme_id", theme_ids())
def test_everything_that_is_read_has_contrast(theme_id: str) -> None:
    theme = load_theme(theme_id)
    for back in ("paper", "window"):
        for front in READ:
            ratio = contrast(theme.color(front), theme.color(back))
            assert ratio >= 4.5, f"{front} on {back}: {ratio:.2f}"
    for back in ("selection", "find", "button"):
        assert contrast(theme.color("ink"), theme.color(back)) >= 4.5, back
    for front in ("human", "edited", "action"):
        assert contrast(theme.color(front), theme.color("ink")) >= 1.3, front


@pytest.mark.parametrize("theme_id", theme_ids())
def test_the_palette_is_the_theme(theme_id: str) -> None:
    theme = load_theme(theme_id)
    made = palette(theme)
    assert made.color(QPalette.ColorRole.Base) == theme.color("paper")
    assert made.color(QPalette.ColorRole.Text) == theme.color("ink")
    assert (contrast(QColor("white"), theme.color("paper")) > 4.5) is theme.dark


def test_there_are_three_and_the_desktops() -> None:
    assert set(theme_ids()) == {"light", "dark", "sepia"}
    assert load_theme("system").id in {"light", "dark"}


def test_known_contrasts() -> None:
    assert contrast(QColor("black"), QColor("white")) == pytest.approx(21)
    assert contrast(QColor("#777777"), QColor("white")) == pytest.approx(4.48, abs=0.01)
    assert blend(QColor("black"), QColor("white"), 0.5).name() in {"#7f7f7f", "#808080"}


@pytest.mark.parametrize("damage", ["", "name = 1", "[colors]\nink = 'blue", "name='x'\ndark=true"])
def test_a_damaged_theme_is_named(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.toml").write_text(damage)
    monkeypatch.setattr(themes, "_folder", lambda: tmp_path)
    with pytest.raises(KnownError, match=r"broken\.toml"):
        load_theme("broken")


def test_a_wrong_colour_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (paths.assets() / "themes" / "dark.toml").read_text()
    (tmp_path / "odd.toml").write_text(text.replace('dim = "#', 'dim = "?'))
    monkeypatch.setattr(themes, "_folder", lambda: tmp_path)
    with pytest.raises(KnownError, match="dim"):
        load_theme("odd")


def test_an_unknown_theme_is_refused() -> None:
    with pytest.raises(KnownError, match=r"no theme '\.\./etc'"):
        load_theme("../etc")


def test_the_book_font_is_shipped_with_its_styles(qapp: QApplication) -> None:
    assert load_fonts()
    for italic, bold in ((False, False), (True, False), (False, True), (True, True)):
        font = book_font(points=14)
        font.setItalic(italic)
        font.setBold(bold)
        raw = QRawFont.fromFont(font)
        assert raw.familyName() == BOOK_FAMILY
        assert (raw.style().value != 0, raw.weight() > 500) == (italic, bold)


def test_the_book_font_has_the_latin_letters(qapp: QApplication) -> None:
    load_fonts()
    font = book_font()
    metrics = QFontMetricsF(font)
    signs = [chr(c) for c in (*range(0x20, 0x7F), *range(0xA1, 0x180))] + list("“”‘’–—…•«»‹›")
    missing = [c for c in signs if c not in "\xadŉſ" and not metrics.inFontUcs4(ord(c))]
    assert missing == []


def test_the_font_has_its_licence() -> None:
    folder = paths.assets() / "fonts"
    assert "SIL OPEN FONT LICENSE" in (folder / "OFL.txt").read_text()
    assert sum(p.stat().st_size for p in folder.iterdir()) < 2_000_000


@pytest.mark.parametrize("theme_id", theme_ids())
def test_signs_of_the_style_sheet_are_there_and_can_be_seen(theme_id: str) -> None:
    theme = load_theme(theme_id)
    named = re.findall(r'url\("([^"]+)"\)', style.sheet(theme))
    assert len(set(named)) == 5  # arrows, those that do nothing, a tick
    for name in set(named) - {name for name in named if name.endswith("-off.svg")}:
        colour = QColor(re.findall(r'stroke="(#\w+)"', Path(name).read_text())[0])
        back = "accent" if "tick" in name else "paper"
        assert contrast(colour, theme.color(back)) >= 3, name


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_a_number_and_a_choice_show_their_arrows(qtbot, qapp, scale: float) -> None:
    theme = load_theme("light")
    qapp.setStyleSheet(style.sheet(theme))
    try:
        for box in (QSpinBox(), QComboBox()):
            qtbot.addWidget(box)
            box.resize(120, 30)
            picture = QImage(box.size() * scale, QImage.Format.Format_RGB32)
            picture.setDevicePixelRatio(scale)
            box.render(picture)
            paper, width = theme.color("paper").rgb(), picture.width()
            drawn = {
                (x, y)
                for x in range(width - round(20 * scale), width - round(4 * scale))
                for y in range(round(3 * scale), picture.height() - round(3 * scale))
                if picture.pixel(x, y) != paper
            }
            middle = picture.height() / 2
            assert any(y > middle for _, y in drawn)
            assert len({x for x, _ in drawn}) >= 6 * scale  # as wide at any scale
            if isinstance(box, QSpinBox):
                assert any(y < middle - 3 * scale for _, y in drawn)
    finally:
        qapp.setStyleSheet("")
