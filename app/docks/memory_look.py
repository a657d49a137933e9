"""The look of the memory panel, in the palette's colours so that it follows every theme."""

from __future__ import annotations

SHEET = """
QToolButton#section { border: 0; border-top: 1px solid palette(mid); border-radius: 0; background: transparent;
    padding: 9px 2px 7px 2px; text-align: left; }
QToolButton#section:hover { color: palette(link); }
QToolButton#section:focus { border: 1px solid palette(link); border-radius: 6px; padding: 8px 1px 7px 1px; }
QDoubleSpinBox { background: palette(base); color: palette(text); border: 1px solid palette(mid);
    border-radius: 6px; padding: 3px 6px; }
QDoubleSpinBox QLineEdit { background: transparent; border: 0; border-radius: 0; padding: 0 4px; }
QDoubleSpinBox::up-button, QDoubleSpinBox::down-button { width: 0; height: 0; border: 0; }
QDoubleSpinBox:focus { border: 1px solid palette(link); }
QPlainTextEdit { background: palette(base); border: 1px solid palette(mid); border-radius: 8px; }
QPlainTextEdit:focus { border: 1px solid palette(link); }
QComboBox::drop-down { border: 0; width: 22px; }
QComboBox QLineEdit { background: transparent; border: 0; border-radius: 0; padding: 0; }
QCheckBox::indicator { width: 12px; height: 12px; border: 1px solid palette(placeholder-text); border-radius: 3px;
    background: palette(base); }
QCheckBox::indicator:checked { background: palette(link); border: 1px solid palette(link); }
QCheckBox::indicator:focus { border: 2px solid palette(text); width: 10px; height: 10px; }
QFrame#finding { background: palette(base); border: 1px solid palette(mid); border-radius: 6px; }
QFrame#finding[grave="true"] { border: 1px solid #d55e00; }
"""
