"""Repetition while streaming, endings, suggestions and dice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.story.actions import act
from engine.story.dice import Outcome, attempt, roll
from engine.story.endings import Ending, ending
from engine.story.loops import LoopDetector, echoes, find_loop, repeated_sentence
from engine.story.node import Kind
from engine.story.suggest import suggestions


def test_a_round_of_ids_is_found_with_its_start() -> None:
    ids = [9, 8, 7] + [1, 2, 3, 4, 5] * 6
    loop = find_loop(ids)
    assert loop is not None
    assert (loop.start, loop.period) == (3 + 5, 5)  # the first round stays


def test_a_long_round_needs_three_times() -> None:
    sentence = list(range(40))
    assert find_loop(sentence * 2) is None
    loop = find_loop(sentence * 3)
    assert loop is not None
    assert loop.start == 40


def test_short_refrains_pass() -> None:
    assert find_loop([5, 6] * 5) is None  # knock, knock, knock, knock, knock
    assert find_loop([7] * 10) is None
    assert find_loop([7] * 20) is not None
    assert find_loop(range(500)) is None


@given(st.lists(st.integers(0, 3), max_size=80), st.integers(0, 80))
def test_retracting_is_as_if_never_fed(ids: list[int], count: int) -> None:
    detector, fresh = LoopDetector(), LoopDetector()
    for token in ids:
        detector.feed(token)
    detector.retract(count)
    for token in ids[: max(0, len(ids) - count)]:
        fresh.feed(token)
    for token in [1, 2] * 12:
        assert detector.feed(token) == fresh.feed(token)


def test_repeated_sentences() -> None:
    text = "You open the old door. You open the old door. It"
    loop = repeated_sentence(text)
    assert loop is not None
    assert text[: loop.start].strip() == "You open the old door."
    assert repeated_sentence('"Who goes there?" You wait. "Who goes there?" You hide.') is None
    assert repeated_sentence("No. No. No. No. No.") is None
    fourth = repeated_sentence("I am Bo. So. I am Bo. Yes. I am Bo. Well. I am Bo.")
    assert fourth is not None
    thrice = "The dog looks up at you. Oh. The dog looks up at you! Ah. The dog looks up at you. C."
    again = repeated_sentence(thrice)
    assert again is not None
    assert thrice[: again.start].strip().endswith("Ah.")


def test_echoes() -> None:
    old = ["You open the door. It is very dark inside.", "The dog barks at you twice."]
    assert echoes("It is very dark inside.", old)
    assert echoes("The dog barks at you twice.", old)
    assert not echoes("It is very dark inside. A lamp stands on the floor.", old)
    assert not echoes("Yes.", ["Yes."])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("You have died.", Ending.DEATH),
        ("The rope breaks. You fall to your death.", Ending.DEATH),
        ("The dragon breathes fire. You are dead.", Ending.DEATH),
        ("You are killed by the cave bear.\n\nGAME OVER", Ending.DEATH),
        ("*** You have died ***", Ending.DEATH),
        ("You find the crown. You win!", Ending.VICTORY),
        ("Congratulations, you have won the game!", Ending.VICTORY),
        ("You live happily ever after.\n\nTHE END", Ending.VICTORY),
        ("They all lived happily ever after.", Ending.VICTORY),
        ("Everyone cheers.\n\nThe End", Ending.END),
        ("*** THE END ***", Ending.END),
        ("You have died a hundred deaths in your dreams.", None),
        ("You have died a hundred deaths in your dreams", None),
        ("You die. Then you wake up in your own bed.", None),
        ('"You are dead!" shouts the goblin.', None),
        ('The goblin shouts, "You win."', None),
        ("If you win, the crown is yours.", None),
        ("You win the race.", None),
        ("You are dead tired.", None),
        ("You die of laughter.", None),
        ("You walk to the end of the road.", None),
        ("This is not the end.", None),
        ("You think you are dead.", None),
        ("Are you dead?", None),
        ("You drown your bread in soup.", None),
        ("", None),
    ],
)
def test_endings(text: str, kind: Ending | None) -> None:
    assert ending(text) is kind


def test_suggestions_are_cleaned() -> None:
    raws = [
        " open the door.\n\nYou open the door.",
        " open door.\n",  # the same
        " look around.\n",  # the last action
        "",
        "\n",
        " walk along the river until",  # unfinished
        ' say "Hello. Who are you?"\n\nThe man',
        " pick up the lamp. You light it.\n",
        " look at the man and look at the man.\n",
        " [Memory: x]\n",
        " go north.\n",
    ]
    found = suggestions(raws, last_action="look around", limit=4)
    assert found == [
        "You open the door.",
        'You say "Hello. Who are you?"',
        "You pick up the lamp.",
        "You go north.",
    ]
    assert all(act(Kind.DO, line) == line for line in found)
    assert suggestions(raws, last_action="look around", limit=1) == ["You open the door."]
    assert suggestions([" go up.\n", " go in.\n", " wait.\n"], limit=2) == [
        "You go up.",
        "You wait.",
    ]
    assert suggestions([" x\n", " '\n", " ..\n", " a\n"], limit=9) == []
    assert suggestions([" go north.\n"], recent=["n"]) == []


def test_dice() -> None:
    assert roll(7) == roll(7)
    shown = {roll(seed).shown for seed in range(400)}
    assert shown == set(range(1, 21))
    for seed in range(200):
        thrown = roll(seed, modifier=3, difficulty=12)
        if thrown.shown == 1:
            assert thrown.outcome is Outcome.DISASTER
        elif thrown.shown == 20:
            assert thrown.outcome is Outcome.TRIUMPH
        else:
            won = thrown.outcome is Outcome.SUCCESS
            assert won == (thrown.shown + 3 >= 12)
    assert str(roll(0, modifier=2)).startswith("d20: ")


@pytest.mark.parametrize("seed", range(40))
def test_the_outcome_goes_into_the_action(seed: int) -> None:
    thrown = roll(seed)
    line = attempt(act(Kind.DO, "open the door"), thrown)
    assert line == f"You try to open the door, {thrown.outcome.value}."
    assert act(Kind.DO, line) == line
    spoken = attempt('You say "Hello."', thrown)
    assert spoken.startswith('You say "Hello." ')
    assert act(Kind.DO, spoken) == spoken
    assert attempt("", thrown) == ""
