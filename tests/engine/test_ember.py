"""The built-in model keeps what stands around a story out of the story."""

from __future__ import annotations

import pytest

from engine.lm.backend import Request, Token
from engine.lm.local import LocalBackend
from engine.lm.presets import find
from engine.paths import assets
from engine.story.profile import load_profile

FOLDER = assets() / "models" / "ember"
OPENING = (
    "# The Ferry\n\nThe last boat had gone, and the lamps along the quay were being put out one by "
    "one. Nobody had told Ana that there would be no other until *Thursday*."
)


@pytest.fixture(scope="module")
def ember() -> LocalBackend:
    return LocalBackend.load(FOLDER, device="cpu")


def written(ember: LocalBackend, seed: int, stop: tuple[str, ...]) -> str:
    end = ember.tokenizer.end_of_text
    assert end is not None
    ids = (end, *ember.tokenizer.encode(OPENING))
    steady = find("steady").settings
    request = Request("", ids, 40, steady, stop=stop, seed=seed, nonempty=True)
    return "".join(event.text for event in ember.generate(request) if isinstance(event, Token))


def test_lines_of_the_window_are_not_written_into_the_story(ember: LocalBackend) -> None:
    stop = load_profile(FOLDER).stop
    assert any("\n[" in written(ember, seed, ("\n>",)) for seed in range(4))  # it would write them
    replies = [written(ember, seed, stop) for seed in range(4)]
    assert not any("\n[" in reply for reply in replies)
    assert all(reply.strip() for reply in replies)
