"""Asking whether something that cannot be undone is meant."""

from __future__ import annotations

from PySide6.QtWidgets import QMessageBox, QWidget

from app import NAME


def sure(parent: QWidget, question: str, about: str, yes: str) -> bool:
    """Whether a person wants it; the button that does nothing is the one Enter presses."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(NAME)
    box.setText(question)
    box.setInformativeText(about)
    box.setObjectName("sure")
    no = box.addButton(QMessageBox.StandardButton.Cancel)
    do = box.addButton(yes, QMessageBox.ButtonRole.DestructiveRole)
    box.setDefaultButton(no)
    box.exec()
    done = box.clickedButton() is do
    box.deleteLater()
    return done
