"""Loads the model that writes, in the engine's lane, while the person reads or plays on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal, Slot

from app.jobs import Job, Jobs, Lane, once
from engine.errors import KnownError
from engine.lm.backend import Backend
from engine.lm.library import BUILT_IN
from engine.lm.remote.servers import PREFIX
from engine.opening import is_server, open_model
from engine.story.profile import Profile


@dataclass(frozen=True, slots=True)
class Model:
    """A backend, how it was taught to read a story, and sentences about it for the person."""

    backend: Backend
    profile: Profile
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class How:
    """How a model of this machine is to run; ``threads`` 0: as many as torch takes."""

    device: str = "auto"
    dtype: str = "auto"
    threads: int = 0


AUTOMATIC = How()


def load_local(name: str, how: How = AUTOMATIC) -> Model:
    """A model on this machine or a server's (``server:NAME``); imports torch: for the engine's lane.

    Raises:
        KnownError: there is no such model, its files are damaged, or its server does not answer.
    """
    said: list[str] = []
    opened = open_model(
        name, dtype=how.dtype, device=how.device, threads=how.threads, notice=said.append
    )
    return Model(opened.backend, opened.profile, (*opened.warnings, *said))


def is_tight(name: str, how: How) -> bool:
    """Whether there is too little memory to load a model beside the one in use."""
    if is_server(name):
        return False
    from engine.lm import fits

    try:
        return bool(fits.warning(fits.config_of(name), name, how.dtype, how.device))
    except KnownError:
        return False  # loading says what is wrong with it


def spoken(name: str) -> str:
    """What people call the model that the settings call ``name``."""
    return "Ember" if name == BUILT_IN else name.removeprefix(PREFIX)


class Models(QObject):
    """The model in use: ``current``, called ``name`` in the settings.

    The old model is freed when the new one is there, or before where memory is short. A model that
    cannot be loaded leaves the old one in use; where there is none any more, that one is loaded
    again, and at a start the built-in one.

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
        load: Callable[[str, How], Model] = load_local,
        tight: Callable[[str, How], bool] = is_tight,
    ) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._load, self._tight = load, tight
        self._job: Job | None = None
        self._wish = (BUILT_IN, AUTOMATIC)
        self.current: Model | None = None
        self.name, self.how = "", AUTOMATIC

    def load(self, name: str, how: How = AUTOMATIC) -> None:
        """Begin to load a model; an earlier wish that waits is forgotten."""

        def work() -> Iterator[Model | None]:
            if self._job is not job:
                return
            old = self.current
            if old is not None and not is_server(self.name) and self._tight(name, how):
                old.backend.close()
                yield None
            yield self._load(name, how)

        job = Job(work)
        job.yielded.connect(self._came)
        job.ended.connect(self._ended)
        self._job, self._wish = job, (name, how)
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
    def _came(self, model: Model | None) -> None:
        if model is None:  # the old one had to go first
            self.current = None
            return
        if self.sender() is not self._job:  # another one was wished for meanwhile
            self._free(model)
            return
        old, self.current = self.current, model
        self.name, self.how = self._wish
        self._job = None
        if old is not None:
            self._free(old)
        self.loaded.emit(model)

    def _free(self, model: Model) -> None:
        self._jobs.start(Job(once(model.backend.close)), Lane.ENGINE)

    @Slot(object)
    def _ended(self, error: object) -> None:
        if error is None or self.sender() is not self._job:
            return
        self._job = None
        self.failed.emit(error)
        before = (self.name or BUILT_IN, self.how)
        if self.current is None and self._job is None and self._wish != before:
            self.load(*before)
