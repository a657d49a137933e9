"""Brass Lantern's window: everything that knows Qt."""

from __future__ import annotations

NAME = "Brass Lantern"
VERSION = "0.1.0"
IDENTIFIER = "brass-lantern"  # for the desktop, the socket of the first window, file names
