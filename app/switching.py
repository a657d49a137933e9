"""Changes which model writes, in mid-story too, and tells the window about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from app.models import How, spoken
from engine.errors import KnownError
from engine.opening import is_server

if TYPE_CHECKING:
    from app.models import Model, Models
    from app.settings import Preferences
    from app.status import Status
    from app.writer import Writer


class Switching(QObject):
    """Loads models for the writer; what has worked becomes the default.

    Signals:
        changed: another model is in use, or is being loaded.
        failed: the sentence of a model that could not be loaded.
    """

    changed = Signal()
    failed = Signal(str)

    def __init__(
        self,
        preferences: Preferences,
        models: Models,
        writer: Writer,
        status: Status,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._preferences, self._models = preferences, models
        self._writer, self._status = writer, status
        self._wish: dict[str, Any] = {}
        self.loading = ""  # the name of the model that is being loaded
        models.loading.connect(self._loading)
        models.loaded.connect(self._loaded)
        models.failed.connect(self._failed)
        writer.versions.connect(self._tell_author)

    @property
    def name(self) -> str:
        """What the settings call the model in use; empty while there is none."""
        return self._models.name if self._models.current is not None else ""

    def start(self) -> None:
        """Load the model of the settings."""
        self._begin(self._preferences.value.model, {})

    def use(self, name: str, **how: Any) -> None:
        """Write with another model, or with the same one in another way (device, dtype, threads).

        It becomes the default when it has been loaded; the story stays as it is.
        """
        remote = is_server(name) and name == self.name
        if how and remote:  # nothing runs here: it is for the next model of this machine
            self._preferences.update(**how)
            return
        self._begin(name, {"model": name, **how})

    def _begin(self, name: str, wish: dict[str, Any]) -> None:
        self._wish = wish
        value = self._preferences.value
        self._models.load(
            name,
            How(
                wish.get("device", value.device),
                wish.get("dtype", value.dtype),
                wish.get("threads", value.threads),
            ),
        )

    @Slot(str)
    def _loading(self, name: str) -> None:
        self.loading = name
        self._writer.lose_model()
        self._status.set_model(self.tr("%1 is waking up…").replace("%1", spoken(name)))
        self.changed.emit()

    @Slot(object)
    def _loaded(self, model: Model) -> None:
        wish, self._wish, self.loading = self._wish, {}, ""
        self._preferences.update(**wish)
        self._status.set_model(model.backend.name)
        self._writer.set_model(model)
        for sentence in model.warnings:
            self._status.say(sentence, important=True)
        self.changed.emit()
        self._tell_author()

    @Slot(object)
    def _failed(self, error: object) -> None:
        self._wish, self.loading = {}, ""
        current = self._models.current
        self._status.set_model(current.backend.name if current else self.tr("No model"))
        if current is not None:
            self._writer.set_model(current)
        self._writer.report(error)
        if isinstance(error, KnownError):
            self.failed.emit(str(error))
        self.changed.emit()

    @Slot()
    def _tell_author(self) -> None:
        """Say in the live line which model wrote the last passage, where it was another one."""
        story, model = self._writer.story, self._writer.model
        reply = story.last_reply() if story is not None else None
        wrote = reply.meta.model if reply is not None and reply.meta is not None else ""
        same = model is None or wrote == model.backend.identity.name
        self._status.set_author("" if same else wrote)
