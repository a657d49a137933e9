"""Panels at the window's sides; each one explains itself when it is first opened."""
