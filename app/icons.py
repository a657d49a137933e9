"""Line icons from assets/icons, painted in a palette's colours."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QImage, QPainter, QPalette, QPixmap
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
    source = _source(name)
    for mode, group in groups:
        colour = palette.color(group, QPalette.ColorRole.WindowText).name()
        picture = QSvgRenderer(QByteArray(source.replace("currentColor", colour).encode()))
        for size in SIZES:
            icon.addPixmap(_paint(picture, round(size * scale)), mode)
    return icon


def lantern(sizes: tuple[int, ...] = (32, 128)) -> QIcon:
    """The program's own icon."""
    icon = QIcon()
    picture = QSvgRenderer(QByteArray(_source("lantern").encode()))
    for size in sizes:
        icon.addPixmap(_paint(picture, size))
    return icon


def _source(name: str) -> str:
    return (paths.assets() / "icons" / f"{name}.svg").read_text("utf-8")


def _paint(picture: QSvgRenderer, size: int) -> QPixmap:
    image = QImage(QSize(size, size), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    picture.render(painter)
    painter.end()
    return QPixmap.fromImage(image)
