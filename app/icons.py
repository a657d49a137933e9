"""Line icons from assets/icons, painted in a palette's colours."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QImage, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

from engine import paths

SIZES = (16, 20)  # of the bar under the page, and of the tool bar


def line_icon(name: str, palette: QPalette) -> QIcon:
    """Icon ``name`` in the palette's text colours, enabled and disabled."""
    icon = QIcon()
    scale = max(1.0, QGuiApplication.primaryScreen().devicePixelRatio())
    groups = (
        (QIcon.Mode.Normal, QPalette.ColorGroup.Active),
        (QIcon.Mode.Disabled, QPalette.ColorGroup.Disabled),
    )
    for mode, group in groups:
        colour = palette.color(group, QPalette.ColorRole.WindowText)
        for size in SIZES:
            icon.addPixmap(_paint(name, round(size * scale), colour), mode)
    return icon


def lantern(sizes: tuple[int, ...] = (32, 128)) -> QIcon:
    """The program's own icon."""
    icon = QIcon()
    for size in sizes:
        icon.addPixmap(_paint("lantern", size, QColor()))
    return icon


def _paint(name: str, size: int, colour: QColor) -> QPixmap:
    source = (paths.assets() / "icons" / f"{name}.svg").read_text("utf-8")
    if colour.isValid():
        source = source.replace("currentColor", colour.name())
    image = QImage(QSize(size, size), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(QByteArray(source.encode())).render(painter)
    painter.end()
    return QPixmap.fromImage(image)
