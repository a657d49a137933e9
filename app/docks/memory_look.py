"""The look of the memory panel, in the palette's colours so that it follows every theme."""

from __future__ import annotations

SHEET = """
QPlainTextEdit { background: palette(base); border: 1px solid palette(mid); border-radius: 8px; }
QPlainTextEdit:focus { border: 1px solid palette(link); }
QFrame#finding { background: palette(base); border: 1px solid palette(mid); border-radius: 6px; }
QFrame#finding[grave="true"] { border: 1px solid #d55e00; }
"""
