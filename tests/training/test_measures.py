"""The judge itself: what it counts is what is there."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from engine.lm.local import LocalBackend
from tests.helpers.tiny_model import SAMPLE, write_model
from training import playtest
from training.adventures_file import parse_adventure
from training.measures import contrast, likelihood, long_positions, memory_use
from training.playtest import Reply, known_words, marks, openings, play

TEXT = (
    "title: A\ngenre: b\nmemory: You are Oto.\nlore: lantern = a lamp\n---\n"
    + SAMPLE.strip()
    + "".join(f"\n\n> You take the {word}.\n\nThe {word} is there." for word in "abcdefg")
)


@pytest.fixture
def backend(tmp_path: Path) -> LocalBackend:
    return LocalBackend.load(write_model(tmp_path / "m"), dtype="float32", device="cpu")


def test_likelihood_agrees_with_the_engines_own_score(backend: LocalBackend) -> None:
    text = SAMPLE[:60]
    end = backend.tokenizer.end_of_text
    assert end is not None
    ids = (end, *backend.tokenizer.encode(text))
    scores = [event.logprob for event in backend.score(ids) if hasattr(event, "logprob")]  # type: ignore[union-attr]
    expected = -sum(score for score in scores if score is not None) / len(text)
    found = likelihood(backend, [text])
    assert found.characters == len(text)
    assert math.isclose(found.per_character, expected, rel_tol=1e-4)
    assert list(found.by_position()) == ["0-127"]


def test_the_contrast_counts_turns(backend: LocalBackend) -> None:
    adventure = parse_adventure(TEXT)
    found = contrast(backend, [adventure])
    assert found.turns == 7
    assert 0 <= found.won <= 7
    assert abs(contrast(backend, [parse_adventure(_one_action(TEXT))]).gain) < 1e-5


def _one_action(text: str) -> str:
    for word in "abcdefg":
        text = text.replace(f"> You take the {word}.", "> You wait.")
    return text


def test_every_position_is_measured(backend: LocalBackend) -> None:
    assert list(long_positions(backend, [SAMPLE * 3])) == ["0-127"]  # n_ctx is 64


def test_memory_use_measures_first_mentions(backend: LocalBackend) -> None:
    adventure = parse_adventure(TEXT.replace(SAMPLE.strip(), "A lantern."))
    found = memory_use(backend, [adventure])
    assert found.mentions == 1
    assert found.likelier in (0.0, 1.0)


def test_openings_are_played_and_reproduced(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playtest, "MAX_TOKENS", 8)
    opening = openings([parse_adventure(TEXT.replace(SAMPLE.strip(), "A."))])[0]
    assert opening.actions == ("> You take the a.", "> You take the b.", "> You take the c.")
    one, two, other = (
        [reply.text for reply in play(backend, opening, seed)] for seed in (3, 3, 40)
    )
    assert one == two
    assert one != other


def test_marks_count_what_a_program_can_see() -> None:
    good = Reply("> You open the chest.", 'The chest opens. "Hello," says a mouse.', stopped=True)
    poor = Reply(
        "> You kick the wall.", 'A xyzzy says "the the cat ran the the cat ran', stopped=False
    )
    known = known_words(["the chest opens hello says a mouse cat ran"])
    one, two = marks([[good]], known), marks([[poor]], known)
    assert (one.answered, two.answered) == (1.0, 0.0)
    assert (one.stopped, two.stopped) == (1.0, 0.0)
    assert (one.balanced, two.balanced) == (1.0, 0.0)
    assert one.repeated == 0.0 < two.repeated
    assert two.distinct < one.distinct == 1.0
    assert (one.unknown, two.unknown) == (0.0, pytest.approx(1 / 11))
