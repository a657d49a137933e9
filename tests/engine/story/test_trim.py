"""Where a reply ends, and that nothing of it is lost."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sentences import ends_sentence, sentence_ends, split_sentences
from engine.story.quotes import curly, open_marks, straight
from engine.story.trim import Mode, player_turn, recover, trim

SENTENCES = [
    ("It rains. You wait.", ["It rains.", "You wait."]),
    ("You see Mr. Voss. He waves to Dr. Rask.", ["You see Mr. Voss.", "He waves to Dr. Rask."]),
    ("J. R. Pell is here.", ["J. R. Pell is here."]),
    ('"It is I." He bows.', ['"It is I."', "He bows."]),
    ("It costs 3.50 now. Pay!", ["It costs 3.50 now.", "Pay!"]),
    ("Well... maybe not. No...", ["Well... maybe not.", "No..."]),
    ("Well... Maybe not.", ["Well...", "Maybe not."]),
    ("Wait… what? Oh.", ["Wait… what?", "Oh."]),
    ('"Come in," she says. "Sit."', ['"Come in," she says.', '"Sit."']),
    ("“Come in.” She sits.", ["“Come in.”", "She sits."]),
    ("(It is a trap.) You run.", ["(It is a trap.)", "You run."]),
    ("*He waves.* You wave.", ["*He waves.*", "You wave."]),
    ("What?! Who?", ["What?!", "Who?"]),
    ("Bring bread, e.g. rolls. Go", ["Bring bread, e.g. rolls.", "Go"]),
    ("", []),
]

PROSE = [
    # raw, text, added
    ("\n\nYou open the door. It creaks. A man", "You open the door. It creaks.", ""),
    ("You meet Mr. Voss. He says Mr.", "You meet Mr. Voss.", ""),
    ('"Hello," she says. "Come in and', '"Hello," she says.', ""),
    ('He says, "Come in. Sit down. The', 'He says, "Come in. Sit down."', '"'),
    ("He says, “Come in. Sit down. The", "He says, “Come in. Sit down.”", "”"),
    ("You wait. (It is dark. You", "You wait. (It is dark.)", ")"),
    ("*She waves. And", "*She waves.*", "*"),
    ('"No," you say. "', '"No," you say.', ""),
    ("It rains...", "It rains...", ""),
    ("You listen. It is…", "You listen. It is…", ""),
    ('"Stop!" he shouts and runs', '"Stop!"', ""),
    ("You go.\n\n> You open the chest.\n\nIt", "You go.", ""),
    ("You go\n>", "You go", ""),
    ("You go.\n\n[Memory: You are Oto.]", "You go.", ""),
    ("You go.<|endoftext|>title", "You go.", ""),
    ("> You open it.", "", ""),
    ("", "", ""),
    (" \n ", "", ""),
]


@pytest.mark.parametrize(("text", "parts"), SENTENCES)
def test_sentences(text: str, parts: list[str]) -> None:
    assert split_sentences(text) == parts


def test_ends_sentence() -> None:
    assert ends_sentence('He said "no."\n')
    assert not ends_sentence("You meet Mr.")


@pytest.mark.parametrize(("raw", "text", "added"), PROSE)
def test_a_reply_ends_with_a_sentence(raw: str, text: str, added: str) -> None:
    trimmed = trim(raw)
    assert (trimmed.text, trimmed.added) == (text, added)
    assert trimmed.raw == raw
    assert trim(trimmed.text, finished=True).text == text


def test_without_any_end_everything_stays() -> None:
    trimmed = trim("a dark and stormy night with")
    assert trimmed.text == "a dark and stormy night with"
    assert not trimmed.complete


def test_a_finished_reply_is_not_cut_at_a_sentence() -> None:
    assert trim("It rains. And then", finished=True).text == "It rains. And then"


def test_what_was_cut_can_be_had_again() -> None:
    assert recover(trim('\n\n"Come. Sit and')) == '"Come. Sit and'


def test_the_turn_is_seen_while_it_streams() -> None:
    text = "You wait. It rains.\n\n> You"
    seen = [player_turn(text[:end]) for end in range(len(text) + 1)]
    first = next(at for at, turn in enumerate(seen) if turn is not None)
    assert text[:first] == "You wait. It rains.\n\n>"
    assert text[: seen[first]] == "You wait. It rains."
    assert player_turn("2 > 1 and a -> b") is None
    assert player_turn("A line\n> quoted", Mode.STORY) is None


def test_a_poem_ends_with_a_line() -> None:
    raw = "The moon is up\nThe owl is out\nThe mou"
    assert trim(raw, Mode.POEM).text == "The moon is up\nThe owl is out"
    assert trim(raw + "se\n", Mode.POEM).text == raw + "se"
    assert trim("The moon is up,\nThe owl,", Mode.POEM).text == "The moon is up,\nThe owl,"
    one = trim("The moon", Mode.POEM)
    assert (one.text, one.complete) == ("The moon", False)


def test_a_script_keeps_its_lines() -> None:
    raw = "ANNA: Come in.\nBEN: I would. But\nANNA: Wh"
    assert trim(raw, Mode.SCRIPT).text == "ANNA: Come in.\nBEN: I would. But"
    assert trim("Anna: Is it\nBen: It is.", Mode.DIALOGUE).text == "Anna: Is it\nBen: It is."


@given(
    st.text(alphabet='ab .!?"“”\n>*()…MrD,', max_size=80),
    st.sampled_from(list(Mode)),
    st.booleans(),
)
def test_nothing_is_lost_and_the_edges_are_clean(raw: str, mode: Mode, finished: bool) -> None:
    trimmed = trim(raw, mode, finished=finished)
    assert trimmed.raw == raw
    assert trimmed.text == trimmed.text.strip()
    assert trimmed.text.endswith(trimmed.added)
    if trimmed.complete:
        again = trim(trimmed.text, mode, finished=True)
        assert again.text == trimmed.text


@given(st.text(alphabet="ab .!?\"'“”\n—(*é😀", max_size=60))
def test_curly_quotes_keep_every_offset(text: str) -> None:
    shown = curly(text)
    assert len(shown) == len(text)
    assert len(shown.encode("utf-16-le")) == len(text.encode("utf-16-le"))
    assert '"' not in shown
    assert "'" not in shown
    assert straight(shown) == straight(text)
    for at, (old, new) in enumerate(zip(text, shown, strict=True)):
        assert old == new or text[at] in "\"'"


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ('"Hello," she says. "It\'s me."', "“Hello,” she says. “It’s me.”"),
        ("'Tis the dogs' bone, rock 'n' roll", "’Tis the dogs’ bone, rock ’n’ roll"),
        ("She said, \"He said 'no' to me.\"", "She said, “He said ‘no’ to me.”"),
        ('"But—" he says', "“But—” he says"),
        ('he says—"no"', "he says—“no”"),
        ('("Yes")', "(“Yes”)"),
        ('*"Yes"*', "*“Yes”*"),
        ("the '90s", "the ’90s"),
    ],
)
def test_curly(plain: str, shown: str) -> None:
    assert curly(plain) == shown
    assert straight(shown) == plain


def test_open_marks() -> None:
    assert open_marks('He says, "(Yes') == ')"'
    assert open_marks('"Yes," he says.\n\n"No') == '"'
    assert open_marks("2 * 3 = 6") == ""
    assert open_marks('and then I left," she says. She') == ""  # opened before this text
    assert open_marks('and then I left," she says. "Now') == '"'
    assert open_marks("She *really* waits") == ""


@pytest.mark.parametrize("unit", ["a.", '"', "... ", "Mr. ", "\n ", "*(", "(" * 50 + '"'])
def test_long_texts_take_no_time(unit: str) -> None:
    text = unit * (20000 // len(unit))
    start = time.perf_counter()
    sentence_ends(text)
    trim(text)
    curly(text)
    assert time.perf_counter() - start < 2
