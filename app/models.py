"""Loads the model that writes, in the engine's lane, while the person reads the home page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal, Slot

from app.jobs import Job, Jobs, Lane, once
from engine.lm.backend import Backend
from engine.opening import open_model
from engine.story.profile import Profile


@dataclass(frozen=True, slots=True)
class Model:
    """A backend, how it was taught to read a story, and sentences about it for the person."""

    backend: Backend
    profile: Profile
    warnings: tuple[str, ...] = ()


def load_local(name: str) -> Model:
    """A model on this machine or a server's (``server:NAME``); imports torch: for the engine's lane.

    Raises:
        KnownError: there is no such model, its files are damaged, or its server does not answer.
    """
    opened = open_model(name)
    return Model(opened.backend, opened.profile, opened.warnings)


class Models(QObject):
    """The model in use.

    Signals:
        loading: the name of the model that is being loaded.
        loaded: the Model.
        failed: the exception.
    """

    loading = Signal(str)
    loaded = Signal(object)
    failed = Signal(object)

    def __init__(
        self,
        jobs: Jobs,
        parent: QObject | None = None,
        *,
        load: Callable[[str], Model] = load_local,
    ) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._load = load
        self._job: Job | None = None
        self.current: Model | None = None

    def load(self, name: str) -> None:
        """Begin to load a model; the one in use is freed when the new one is there."""
        job = Job(once(lambda: self._load(name)))
        job.yielded.connect(self._loaded)
        job.ended.connect(self._ended)
        self._job = job
        self.loading.emit(name)
        self._jobs.start(job, Lane.ENGINE)

    @property
    def busy(self) -> bool:
        """Whether a model is being loaded."""
        return self._job is not None

    def close(self) -> None:
        """Free the model; its lane must be at rest."""
        if self.current is not None:
            self.current.backend.close()
            self.current = None

    @Slot(object)
    def _loaded(self, model: Model) -> None:
        old, self.current = self.current, model
        self._job = None
        if old is not None:
            self._jobs.start(Job(once(old.backend.close)), Lane.ENGINE)
        self.loaded.emit(model)

    @Slot(object)
    def _ended(self, error: object) -> None:
        if error is not None:
            self._job = None
            self.failed.emit(error)
