"""The look of what surrounds the page: one small style sheet made from a theme's colours."""

from __future__ import annotations

from string import Template

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractSpinBox

from app.theme import Theme, blend, contrast
from engine import paths

_SHEET = Template("""
QToolBar { background: $window; border: 0; border-bottom: 1px solid $hair; padding: 1px 8px; spacing: 2px; }
QToolBar::separator { background: $hair; width: 1px; margin: 6px 6px; }
QToolBar QToolButton { border: 0; border-radius: 6px; padding: 5px; }
QToolBar QToolButton:hover { background: $hover; }
QToolBar QToolButton:pressed, QToolBar QToolButton:checked { background: $press; }
QToolBar QToolButton:focus { border: 1px solid $accent; padding: 4px; }
QMenuBar { background: $window; color: $ink; padding: 1px 6px 0 6px; }
QMenuBar::item { padding: 3px 8px; border-radius: 6px; background: transparent; }
QMenuBar::item:selected { background: $hover; }
QPushButton { background: $button; color: $ink; border: 1px solid $rule; border-radius: 8px; padding: 5px 14px; }
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $press; }
QPushButton:focus { border: 1px solid $accent; }
QPushButton:disabled { color: $dim; }
QStatusBar { background: $window; color: $dim; border-top: 1px solid $hair; }
QStatusBar::item { border: 0; }
QStatusBar QLabel { color: $dim; padding: 2px 6px; }
QStatusBar QLabel[important="true"] { color: $accent; }
QWidget#turn_bar { background: $paper; }
QToolButton[flat="true"] { border: 1px solid transparent; border-radius: 6px; padding: 3px 8px; color: $dim; }
QToolButton[flat="true"]:hover { background: $hover; color: $ink; }
QToolButton[flat="true"]:focus { border: 1px solid $accent; color: $ink; }
QToolButton#put_away { padding: 0 5px; }
QLabel#versions { color: $dim; }
QLabel#story_title { color: $dim; padding: 0 8px; }
QWidget#prompt { background: $window; border-top: 1px solid $hair; }
QPlainTextEdit#prompt_line { background: $paper; color: $ink; border: 1px solid $rule; border-radius: 8px;
    padding: 0 4px; selection-background-color: $selection; selection-color: $ink; }
QPlainTextEdit#prompt_line:focus { border: 1px solid $accent; }
QPushButton[segment] { background: $button; color: $ink; border: 1px solid $rule; border-radius: 0; padding: 5px 12px; }
QPushButton[segment="first"] { border-top-left-radius: 8px; border-bottom-left-radius: 8px; }
QPushButton[segment="middle"] { border-left: 0; }
QPushButton[segment="last"] { border-left: 0; border-top-right-radius: 8px; border-bottom-right-radius: 8px; }
QPushButton[segment="alone"] { border-radius: 10px; padding: 4px 12px; }
QPushButton[segment]:hover { background: $hover; }
QPushButton[segment]:checked { background: $press; }
QPushButton[segment]:focus { border: 1px solid $accent; }
QPushButton#send, QPushButton[primary="true"] { background: $accent; color: $on_accent; border: 1px solid $accent;
    border-radius: 8px; padding: 5px 14px; font-weight: 600; }
QPushButton#send:hover, QPushButton[primary="true"]:hover { background: $accent_hover; }
QPushButton#send:focus, QPushButton[primary="true"]:focus { border: 2px solid $ink; padding: 4px 13px; }
QPushButton#send:disabled, QPushButton[primary="true"]:disabled { background: $button; color: $dim; border-color: $rule; }
QToolButton#reply_length { background: transparent; color: $dim; border: 1px solid transparent; border-radius: 8px;
    padding: 4px 16px 4px 8px; }
QToolButton#reply_length::menu-indicator { subcontrol-origin: padding; subcontrol-position: center right; right: 4px; }
QToolButton#reply_length:hover { background: $hover; color: $ink; }
QToolButton#reply_length:focus { border: 1px solid $accent; color: $ink; }
QLabel[quiet="true"] { color: $dim; }
QScrollArea#gallery, QScrollArea#gallery > QWidget > QWidget { background: $paper; border: 0; }
QWidget#shelf { background: $window; border-right: 1px solid $hair; }
QListView#story_list { background: $window; border: 0; outline: 0; }
QDockWidget { color: $ink; font-weight: 600; }
QDockWidget::title { background: $window; padding: 7px 12px 5px 12px; border-top: 1px solid $hair; }
QMainWindow::separator { background: $hair; width: 1px; height: 1px; margin: 2px; }
QTabBar::tab { background: $window; color: $dim; padding: 5px 12px; border: 0; border-top: 2px solid transparent; }
QTabBar::tab:selected { color: $ink; border-top: 2px solid $accent; }
QTabBar::tab:hover { background: $hover; }
QFrame#word_card { background: $paper; border: 1px solid $rule; border-radius: 8px; }
QPushButton[plain="true"] { background: transparent; border: 0; border-radius: 5px; padding: 3px 8px; text-align: left; }
QPushButton[plain="true"]:hover { background: $hover; }
QFrame#candidate { background: $paper; border: 1px solid $hair; border-radius: 8px; }
QFrame#candidate[chosen="true"] { border: 1px solid $accent; }
QFrame#candidate QTextEdit { background: $paper; border: 0; }
QLabel[warning="true"] { color: $accent; }
QListView#rows { background: $window; border: 0; outline: 0; }
QScrollArea#detail, QScrollArea#detail > QWidget > QWidget { background: $paper; border: 0; }
QFrame#divided { background: $hair; border: 0; }
QProgressBar { background: $hair; border: 0; border-radius: 3px; max-height: 6px; min-height: 6px; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }
QTabWidget::pane { border: 0; border-top: 1px solid $hair; }
QStatusBar QToolButton { border: 1px solid transparent; border-radius: 6px; padding: 1px 6px; color: $dim; }
QTreeView, QListView, QTableView { selection-background-color: $press; selection-color: $ink; }
QLineEdit { background: $paper; color: $ink; border: 1px solid $rule; border-radius: 8px; padding: 5px 8px; }
QLineEdit:focus { border: 1px solid $accent; }
QLineEdit:disabled { background: transparent; color: $dim; }
QComboBox, QSpinBox, QDoubleSpinBox { background: $paper; color: $ink; border: 1px solid $rule; border-radius: 8px;
    padding: 4px 8px; min-height: 20px; selection-background-color: $selection; selection-color: $ink; }
QComboBox:hover, QSpinBox:hover, QDoubleSpinBox:hover { border: 1px solid $edge; }
QComboBox:focus, QComboBox:on, QSpinBox:focus, QDoubleSpinBox:focus { border: 1px solid $accent; }
QComboBox:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled { background: transparent; color: $dim; }
QComboBox QLineEdit, QSpinBox QLineEdit, QDoubleSpinBox QLineEdit { background: transparent; border: 0; border-radius: 0;
    padding: 0; }
QComboBox::drop-down { border: 0; width: 24px; }
QComboBox::down-arrow { image: url("$icons/arrow-down.svg"); width: 12px; height: 12px; }
QComboBox::down-arrow:disabled { image: url("$icons/arrow-down-off.svg"); }
QComboBox QAbstractItemView { background: $paper; color: $ink; border: 1px solid $rule; outline: 0; padding: 3px;
    selection-background-color: $press; selection-color: $ink; }
QSpinBox::up-button, QDoubleSpinBox::up-button { subcontrol-origin: border; subcontrol-position: top right; width: 22px;
    border: 0; border-top-right-radius: 8px; margin: 1px 1px 0 0; background: transparent; }
QSpinBox::down-button, QDoubleSpinBox::down-button { subcontrol-origin: border; subcontrol-position: bottom right;
    width: 22px; border: 0; border-bottom-right-radius: 8px; margin: 0 1px 1px 0; background: transparent; }
QSpinBox::up-button:hover, QSpinBox::down-button:hover, QDoubleSpinBox::up-button:hover,
    QDoubleSpinBox::down-button:hover { background: $hover; }
QSpinBox::up-button:pressed, QSpinBox::down-button:pressed, QDoubleSpinBox::up-button:pressed,
    QDoubleSpinBox::down-button:pressed { background: $press; }
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow { image: url("$icons/arrow-up.svg"); width: 10px; height: 10px; }
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow { image: url("$icons/arrow-down.svg"); width: 10px; height: 10px; }
QSpinBox::up-arrow:off, QSpinBox::up-arrow:disabled, QDoubleSpinBox::up-arrow:off, QDoubleSpinBox::up-arrow:disabled {
    image: url("$icons/arrow-up-off.svg"); }
QSpinBox::down-arrow:off, QSpinBox::down-arrow:disabled, QDoubleSpinBox::down-arrow:off,
    QDoubleSpinBox::down-arrow:disabled { image: url("$icons/arrow-down-off.svg"); }
QSpinBox[bare="true"]::up-button, QSpinBox[bare="true"]::down-button, QDoubleSpinBox[bare="true"]::up-button,
    QDoubleSpinBox[bare="true"]::down-button { width: 0; height: 0; border: 0; margin: 0; }
QSpinBox[bare="true"]::up-arrow, QSpinBox[bare="true"]::down-arrow, QDoubleSpinBox[bare="true"]::up-arrow,
    QDoubleSpinBox[bare="true"]::down-arrow { image: none; width: 0; height: 0; }
QCheckBox { spacing: 7px; }
QCheckBox::indicator { width: 14px; height: 14px; border: 1px solid $edge; border-radius: 4px; background: $paper; }
QCheckBox::indicator:hover { border: 1px solid $dim; }
QCheckBox::indicator:checked { background: $accent; border: 1px solid $accent; image: url("$icons/$tick.svg"); }
QCheckBox::indicator:focus { border: 2px solid $accent; width: 12px; height: 12px; }
QCheckBox::indicator:checked:focus { border: 2px solid $ink; }
QCheckBox::indicator:disabled { border: 1px solid $rule; background: transparent; }
QCheckBox::indicator:checked:disabled { background: $rule; }
QCheckBox:disabled, QCheckBox[quiet="true"] { color: $dim; }
QToolButton#section { border: 0; border-top: 1px solid $rule; border-radius: 0; background: transparent;
    padding: 9px 2px 7px 2px; text-align: left; }
QToolButton#section:hover { color: $accent; }
QToolButton#section:focus { border: 1px solid $accent; border-radius: 6px; padding: 8px 1px 7px 1px; }
QTabWidget::tab-bar { left: 12px; }
QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }
QScrollBar::handle:vertical { background: $rule; border-radius: 4px; min-height: 32px; margin: 2px; }
QScrollBar::handle:vertical:hover { background: $dim; }
QScrollBar::add-line:vertical, QScrollBar::sub-line:vertical { height: 0; }
QScrollBar::add-page:vertical, QScrollBar::sub-page:vertical { background: transparent; }
""")


def sheet(theme: Theme) -> str:
    """The style sheet of a theme."""
    window, ink, accent = theme.color("window"), theme.color("ink"), theme.color("accent")
    return _SHEET.substitute(
        theme.colors,
        icons=(paths.assets() / "icons").as_posix(),
        tick="tick-dark" if on_accent(theme).lightnessF() < 0.5 else "tick-light",
        edge=blend(theme.color("dim"), theme.color("paper"), 0.6).name(),
        hair=blend(theme.color("rule"), window, 0.7).name(),
        hover=blend(ink, window, 0.07).name(),
        press=blend(accent, window, 0.22).name(),
        accent_hover=blend(ink, accent, 0.12).name(),
        on_accent=on_accent(theme).name(),
    )


def pad(box: QAbstractSpinBox) -> None:
    """Keep a number off the border: the padding of a style sheet does not reach it."""
    box.lineEdit().setTextMargins(6, 0, 6, 0)


def on_accent(theme: Theme) -> QColor:
    """Black or white, whichever reads better on the theme's accent."""
    accent = theme.color("accent")
    dark, light = QColor("#1b1712"), QColor("#ffffff")
    return light if contrast(light, accent) >= contrast(dark, accent) else dark
