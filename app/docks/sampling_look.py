"""The look of the sampling panel, in the palette's colours so that it follows every theme."""

from __future__ import annotations

SHEET = """
QToolButton#preset_menu::menu-indicator { image: none; }
QTableWidget, QListWidget, QPlainTextEdit { background: palette(base); border: 1px solid palette(mid); border-radius: 6px; }
QTableWidget:focus, QListWidget:focus, QPlainTextEdit:focus { border: 1px solid palette(link); }
QHeaderView { background: transparent; border: 0; }
QHeaderView::section { background: transparent; border: 0; border-bottom: 1px solid palette(mid); padding: 3px 4px;
    color: palette(placeholder-text); }
QListWidget::item { padding: 2px 4px; }
QSplitter::handle { background: transparent; border-top: 1px solid palette(mid); margin: 0 10px; }
"""
