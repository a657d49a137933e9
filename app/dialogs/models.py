"""The dialog of models and servers: everything that can write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.dialogs.models_page import ModelsPage
from app.dialogs.servers_page import ServersPage

if TYPE_CHECKING:
    from app.docks.parts import Parts
    from app.fetching import Fetching
    from app.fitting import Fitting
    from app.switching import Switching


class ModelsDialog(QDialog):
    """Two pages, and a line for what went wrong; stays open beside the story."""

    def __init__(
        self, parts: Parts, switching: Switching, fetching: Fetching, fitting: Fitting
    ) -> None:
        super().__init__(parts.window)
        self.setWindowTitle(self.tr("Models"))
        self.setMinimumSize(540, 420)
        self.resize(820, 620)
        self._fitting = fitting
        intro = QLabel(
            self.tr(
                "The model is what writes. Ember came with the program; larger ones know more, take "
                "more memory and are slower. Nothing is downloaded or sent before you ask for it, "
                "and you can change models in the middle of a story."
            ),
            self,
        )
        intro.setWordWrap(True)
        intro.setProperty("quiet", "true")
        intro.setContentsMargins(14, 12, 14, 6)
        self.models = ModelsPage(parts.preferences, switching, fetching, fitting, self)
        self.servers = ServersPage(parts.jobs, switching, self)
        self.tabs = QTabWidget(self)
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.tabBar().setAccessibleName(self.tr("Models and servers"))
        self.tabs.addTab(self.models, self.tr("Models"))
        self.tabs.addTab(self.servers, self.tr("Servers"))
        self.said = QLabel(self)
        self.said.setWordWrap(True)
        self.said.setProperty("warning", "true")
        self.said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.said.setContentsMargins(14, 6, 14, 0)
        self.said.hide()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setAutoDefault(False)  # Enter belongs to the fields
        foot = QHBoxLayout()
        foot.setContentsMargins(14, 8, 14, 12)
        foot.addWidget(self.models.space, 1)
        foot.addWidget(buttons)
        lines = QVBoxLayout(self)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(0)
        lines.addWidget(intro)
        lines.addWidget(self.tabs, 1)
        lines.addWidget(self.said)
        lines.addLayout(foot)
        self.models.problem.connect(self.say)
        self.servers.problem.connect(self.say)

    def showEvent(self, event: QShowEvent) -> None:
        """Look again at what there is."""
        super().showEvent(event)
        self.say("")
        self.models.look()
        self.servers.refresh()

    @Slot(str)
    def say(self, sentence: str) -> None:
        """What could not be done; empty: that is over."""
        self.said.setText(sentence)
        self.said.setVisible(bool(sentence))

    def done(self, result: int) -> None:
        """Closing it lets downloads go on; only measuring ends."""
        self._fitting.stop()
        super().done(result)

    @property
    def page(self) -> QWidget:
        """The page that is shown."""
        return self.tabs.currentWidget()
