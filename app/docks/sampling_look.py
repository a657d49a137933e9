"""The look of the sampling panel, in the palette's colours so that it follows every theme."""

from __future__ import annotations

SHEET = """
QToolButton#section { border: 0; border-top: 1px solid palette(mid); border-radius: 0; background: transparent;
    padding: 9px 2px 7px 2px; text-align: left; }
QToolButton#section:hover { color: palette(link); }
QToolButton#section:focus { border: 1px solid palette(link); border-radius: 6px; padding: 8px 1px 7px 1px; }
QDoubleSpinBox { background: palette(base); color: palette(text); border: 1px solid palette(mid);
    border-radius: 6px; padding: 2px 5px; }
QDoubleSpinBox QLineEdit { background: transparent; border: 0; border-radius: 0; padding: 0; }
QDoubleSpinBox::up-button, QDoubleSpinBox::down-button { width: 0; height: 0; border: 0; }
QDoubleSpinBox:focus { border: 1px solid palette(link); }
QDoubleSpinBox:disabled { background: transparent; color: palette(placeholder-text); }
QCheckBox[quiet="true"] { color: palette(placeholder-text); }
QCheckBox::indicator { width: 12px; height: 12px; border: 1px solid palette(placeholder-text); border-radius: 3px;
    background: palette(base); }
QCheckBox::indicator:checked { background: palette(link); border: 1px solid palette(link); }
QCheckBox::indicator:disabled { border: 1px solid palette(mid); background: transparent; }
QCheckBox::indicator:focus { border: 2px solid palette(text); width: 10px; height: 10px; }
QToolButton#preset_menu::menu-indicator { image: none; }
QTableWidget, QListWidget, QPlainTextEdit { background: palette(base); border: 1px solid palette(mid); border-radius: 6px; }
QTableWidget:focus, QListWidget:focus, QPlainTextEdit:focus { border: 1px solid palette(link); }
QHeaderView { background: transparent; border: 0; }
QHeaderView::section { background: transparent; border: 0; border-bottom: 1px solid palette(mid); padding: 3px 4px;
    color: palette(placeholder-text); }
QListWidget::item { padding: 2px 4px; }
QComboBox::drop-down { border: 0; width: 22px; }
QSplitter::handle { background: transparent; border-top: 1px solid palette(mid); margin: 0 10px; }
"""
