from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from app.page_layout import Mode, Offsets, split
from app.page_look import Ink, Role, look
from app.page_text import PageText
from engine.story.node import Author, Kind, Node
from engine.story.spans import whole

TEXTS = st.text("ab \n", max_size=25)


def story(*passages: tuple[Kind, str, Author]) -> PageText:
    page = PageText()
    page.load(
        [
            Node(i + 1, i or None, kind, text, whole(len(text), author), 0.0)
            for i, (kind, text, author) in enumerate(passages)
        ]
    )
    return page


def prose(text: str, author: Author = Author.HUMAN) -> PageText:
    return story((Kind.STORY, text, author))


@given(TEXTS, st.lists(st.integers(0, 25), max_size=4).map(sorted), st.booleans())
def test_paragraphs_are_the_text(text: str, breaks: list[int], leading: bool) -> None:
    paragraphs = split(text, breaks, leading=leading)
    assert "".join(p.sep + p.text for p in paragraphs) == text
    assert not any("\n" in p.text for p in paragraphs)


@given(st.lists(st.integers(0, 5), max_size=12), st.data())
def test_offsets_are_sums(lengths: list[int], data: st.DataObject) -> None:
    offsets = Offsets(lengths)
    for _ in range(4):
        first = data.draw(st.integers(0, len(lengths)))
        last = data.draw(st.integers(first, len(lengths)))
        fresh = data.draw(st.lists(st.integers(0, 5), max_size=3))
        lengths[first:last] = fresh
        offsets.splice(first, last, fresh)
        at = data.draw(st.integers(0, 40))
        found = offsets.find(at)
        starts = [sum(lengths[:i]) for i in range(len(lengths))]
        assert found == max((i for i, s in enumerate(starts) if s <= at), default=-1)
        assert offsets.total == sum(lengths)


def test_line_ends_are_swallowed_between_paragraphs() -> None:
    page = prose("One.\n\nTwo.\nThree.\n\n\n\nFour.")
    assert [p.text for p in page.paragraphs] == ["One.", "Two.", "Three.", "Four."]
    gaps = [look(page, i, Mode.PROSE).gap for i in range(4)]
    assert gaps[0] == 0 < gaps[2] < gaps[1] < gaps[3]
    lines = [look(page, i, Mode.POEM).gap for i in range(4)]
    assert lines[2] == 0 < lines[1] < lines[3]


def test_an_action_stands_apart_without_a_line_end() -> None:
    page = story(
        (Kind.OPENING, "A door.", Author.HUMAN),
        (Kind.DO, "open it", Author.HUMAN),
        (Kind.REPLY, " It opens", Author.MODEL),
        (Kind.REPLY, " slowly.", Author.MODEL),
    )
    assert [p.text for p in page.paragraphs] == ["A door.", "open it", "It opens slowly."]
    assert [look(page, i, Mode.PROSE).role for i in range(3)] == [
        Role.BODY,
        Role.ACTION,
        Role.BODY,
    ]


@pytest.mark.parametrize(
    ("text", "role", "level"),
    [
        ("# The Lamp", Role.CHAPTER, 1),
        ("## Two", Role.CHAPTER, 2),
        ("#hashtag", Role.BODY, 0),
        ("# " + "long " * 60, Role.BODY, 0),
        ("***", Role.SCENE, 0),
        ("* * *", Role.SCENE, 0),
        ("---", Role.SCENE, 0),
        ("*", Role.BODY, 0),
        ("MARTHA", Role.BODY, 0),
    ],
)
def test_roles(text: str, role: Role, level: int) -> None:
    seen = look(prose(text), 0, Mode.PROSE)
    assert (seen.role, seen.level) == (role, level)


def test_a_script_centres_who_speaks() -> None:
    page = prose("MARTHA\nNo.\n12.")
    assert [look(page, i, Mode.SCRIPT).role for i in range(3)] == [Role.CUE, Role.BODY, Role.BODY]


@pytest.mark.parametrize(
    ("text", "italic"),
    [
        ("so *very* late", ["very"]),
        ("*a* and *b c*", ["a", "b c"]),
        ("2 * 3 * 4", []),
        ("a*b*c", []),
        ("* x*", []),
        ("*open", []),
        ("**bold**", []),
    ],
)
def test_stars_make_italics(text: str, italic: list[str]) -> None:
    at, found = 0, []
    for run in look(prose(text), 0, Mode.PROSE).runs:
        if run.ink & Ink.ITALIC:
            found.append(text[at : at + run.length])
        at += run.length
    assert at == len(text)
    assert found == italic


def test_many_stars_take_no_time() -> None:
    seen = look(prose("*a " * 20_000), 0, Mode.PROSE)
    assert sum(run.length for run in seen.runs) == 60_000


def test_an_opening_is_neutral_until_the_model_goes_on_from_it() -> None:
    opening = (Kind.OPENING, "A door.", Author.HUMAN)
    acted = story(opening, (Kind.DO, "\n\nopen it", Author.HUMAN))
    continued = story(opening, (Kind.REPLY, " It is red.", Author.MODEL))
    assert not look(story(opening), 0, Mode.PROSE).signed
    assert not look(acted, 0, Mode.PROSE).signed
    assert look(continued, 0, Mode.PROSE).signed
