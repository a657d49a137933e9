"""Loading and changing models: the old one stays until the new one is there, unless memory is short."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from app.jobs import Jobs
from app.models import How, Model, Models
from engine import paths
from engine.errors import KnownError
from engine.lm.device import use_threads, usual_threads
from engine.lm.scripted import ScriptedBackend
from engine.story.profile import EMBER


class Closing(ScriptedBackend):
    """Knows whether it was closed."""

    def __init__(self, name: str) -> None:
        super().__init__(["x"])
        self.called, self.closed = name, False

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def jobs(qapp) -> Iterator[Jobs]:
    one = Jobs()
    yield one
    one.shutdown()


class Shelf:
    """Models by name; ``bad`` cannot be loaded."""

    def __init__(self, jobs: Jobs, tight: Callable[[str, How], bool] = lambda *_: False) -> None:
        self.made: list[Closing] = []
        self.alive_at_load: list[int] = []
        self.failed: list[object] = []
        self.go = threading.Event()
        self.go.set()
        self.models = Models(jobs, load=self.load, tight=tight)
        self.models.failed.connect(self.failed.append)

    def load(self, name: str, _how: How) -> Model:
        assert self.go.wait(20)
        self.alive_at_load.append(sum(not one.closed for one in self.made))
        if name == "bad":
            raise KnownError("bad is damaged.")
        self.made.append(Closing(name))
        return Model(self.made[-1], EMBER)

    @property
    def current(self) -> str:
        model = self.models.current
        assert model is not None
        assert isinstance(model.backend, Closing)
        assert not model.backend.closed
        return model.backend.called


def ready(qtbot, shelf: Shelf, name: str) -> None:
    qtbot.waitUntil(lambda: not shelf.models.busy and shelf.models.name == name)


def test_the_old_one_is_freed_when_the_new_one_is_there(qtbot, jobs):
    shelf = Shelf(jobs)
    for name in ("ember", "gpt2"):
        shelf.models.load(name)
        ready(qtbot, shelf, name)
    assert shelf.current == "gpt2"
    assert shelf.alive_at_load == [0, 1]
    qtbot.waitUntil(lambda: shelf.made[0].closed)


def test_where_memory_is_short_the_old_one_goes_first_and_comes_back_after_a_fault(qtbot, jobs):
    shelf = Shelf(jobs, tight=lambda *_: True)
    for name in ("ember", "gpt2"):
        shelf.models.load(name)
        ready(qtbot, shelf, name)
    assert shelf.alive_at_load == [0, 0]
    shelf.models.load("bad")
    qtbot.waitUntil(lambda: bool(shelf.failed))
    ready(qtbot, shelf, "gpt2")
    qtbot.waitUntil(lambda: shelf.models.current is not None)
    assert shelf.current == "gpt2"
    assert str(shelf.failed[0]) == "bad is damaged."


def test_a_fault_leaves_the_one_in_use(qtbot, jobs):
    shelf = Shelf(jobs)
    shelf.models.load("ember")
    ready(qtbot, shelf, "ember")
    shelf.models.load("bad")
    qtbot.waitUntil(lambda: bool(shelf.failed))
    assert shelf.current == "ember"
    assert len(shelf.made) == 1


def test_only_the_last_of_several_wishes_is_loaded(qtbot, jobs):
    shelf = Shelf(jobs)
    shelf.go.clear()
    for name in ("one", "two", "three"):
        shelf.models.load(name)
    shelf.go.set()
    ready(qtbot, shelf, "three")
    assert shelf.current == "three"
    assert "two" not in [one.called for one in shelf.made]
    qtbot.waitUntil(lambda: all(one.closed for one in shelf.made if one.called != "three"))


def test_the_models_folder_is_the_one_in_the_settings(own_home):
    usual = paths.data_home() / "models"
    file = paths.config_home() / paths.SETTINGS_FILE
    file.parent.mkdir(parents=True)
    for text, folder in (
        (f"models_folder = '{own_home / 'big disk'}'\n", own_home / "big disk"),
        ('models_folder = "not/absolute"\n', usual),
        ("models_folder = 3\n", usual),
        ("models_folder = [[[", usual),
        ('models_folder = "/a\\u0000b"\n', usual),
    ):
        file.write_text(text, encoding="utf-8")
        assert paths.models() == folder


def test_threads_are_set_and_put_back():
    import torch

    usual = usual_threads()
    try:
        use_threads(usual + 1)
        assert torch.get_num_threads() == usual + 1
    finally:
        use_threads(0)
    assert torch.get_num_threads() == usual
