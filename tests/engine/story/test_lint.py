"""What is said to be wrong with lore entries, and what is not."""

from __future__ import annotations

import time
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.story.lint import Flaw, lint
from engine.story.lorebook import Entry, Logic, LoreSettings, Trim
from engine.story.node import Kind, Node
from tests.engine.story.stories import branch

STORY = branch(
    (Kind.OPENING, "You read the catalogue of Ana’s lamps."),
    (Kind.DO, "light the lantern"),
    (Kind.REPLY, "\n\nThe Dragon wakes. Roses grow on the wall."),
)


def flaws(
    *entries: Entry, story: Sequence[Node] = STORY, rules: LoreSettings | None = None, room: int = 0
) -> list[list[Flaw]]:
    found = lint(entries, rules or LoreSettings(), story, size=lambda text: len(text.split()), room=room)  # fmt: skip
    return [[finding.flaw for finding in findings] for _, findings in found]


def one(entry: Entry, **options) -> list[Flaw]:
    return flaws(entry, **options)[0]


def said(entry: Entry) -> str:
    [(_, findings)] = lint([entry], LoreSettings(), STORY)
    return findings[0].text


def test_a_good_entry_has_no_findings() -> None:
    assert one(Entry("1", "Dragon", "asleep", ("dragon",))) == []
    assert one(Entry("1", "Lantern", "bright", ("/lant.rn/i",))) == []
    assert one(Entry("1", "Ana", "a lamplighter", ("ana's",))) == []
    assert one(Entry("1", "World", "all of it", constant=True)) == []


def test_entries_that_are_off_are_left_in_peace() -> None:
    assert one(Entry("1", enabled=False, keys=("/(/",))) == []


def test_keys_that_cannot_be_used_are_named() -> None:
    assert one(Entry("1", text="x")) == [Flaw.NO_KEY]
    assert one(Entry("1", text="x", keys=("", " "))) == [Flaw.NO_KEY]
    assert one(Entry("1", text="x", keys=("dragon", ""))) == [Flaw.EMPTY_KEY]
    assert one(Entry("1", text="x", keys=("dragon", "/(/"))) == [Flaw.BAD_KEY]
    assert one(Entry("1", text="x", keys=("/a*/",))) == [Flaw.BAD_KEY]
    assert one(Entry("1", text="x", keys=("dragon",), secondary=("/[/",))) == [Flaw.BAD_KEY]
    assert one(Entry("1", text="x", keys=("k" * 401,))) == [Flaw.BAD_KEY]
    assert one(Entry("1", text="x", keys=("dragon", "/a{}b/"))) == []  # braces without a number
    assert "(" in said(Entry("1", text="x", keys=("/(/",)))
    grave = [f.grave for _, found in lint([Entry("1")], LoreSettings(), STORY) for f in found]
    assert grave == [True, True]  # no text, no key


def test_what_never_fires_in_this_story() -> None:
    assert one(Entry("1", text="x", keys=("unicorn",))) == [Flaw.NEVER]
    assert "unicorn" in said(Entry("1", text="x", keys=("unicorn",)))
    assert one(Entry("1", text="x", keys=("unicorn", "dragon"))) == []
    assert one(Entry("1", text="x", keys=("DRAGON",), match_case=True)) == [Flaw.NEVER]
    assert one(Entry("1", text="x", keys=("unicorn",)), story=()) == []  # nothing was written yet
    assert one(Entry("1", text="x", keys=("dragon",), probability=0)) == [Flaw.NO_CHANCE]


def test_secondary_keys_may_keep_it_silent() -> None:
    silent = Entry("1", text="x", keys=("dragon",), secondary=("unicorn",))
    assert one(silent) == [Flaw.NEVER]
    assert one(Entry("1", text="x", keys=("dragon",), secondary=("unicorn", "roses"))) == []
    both = ("unicorn", "roses")
    assert one(Entry("1", text="x", keys=("dragon",), secondary=both, logic=Logic.AND_ALL)) == [
        Flaw.NEVER
    ]
    assert one(Entry("1", text="x", keys=("dragon",), secondary=both, logic=Logic.NOT_ANY)) == []


def test_entries_that_others_bring_up_may_still_fire() -> None:
    hoard = Entry("1", "Hoard", "a heap of gold", ("gold",))
    dragon = Entry("2", "Dragon", "sleeps on gold", ("dragon",))
    assert flaws(hoard, dragon) == [[Flaw.NEVER], []]
    assert flaws(hoard, dragon, rules=LoreSettings(recursion=1)) == [[], []]


def test_keys_inside_other_words() -> None:
    cat = Entry("1", "Cat", "grey", ("cat",), whole_word=False)
    assert one(cat) == [Flaw.INSIDE]
    assert "“catalogue”" in said(cat)
    assert one(Entry("1", "Dragon", "asleep", ("dragon",), whole_word=False)) == []
    assert one(Entry("1", "Rose", "red", ("rose",))) == [Flaw.ONLY_INSIDE]
    assert "“roses”" in said(Entry("1", "Rose", "red", ("rose",)))


def test_texts_that_are_too_long() -> None:
    text = " ".join(["word"] * 30)
    entry = Entry("1", "Dragon", text, ("dragon",))
    assert one(entry, room=100) == []
    assert one(entry, room=40) == [Flaw.TOO_LONG]  # half of it is kept for the story
    assert one(Entry("1", "Dragon", text, ("dragon",), budget=20), room=100) == [Flaw.TOO_LONG]
    assert one(Entry("1", "Dragon", text, ("dragon",), budget=0.2), room=100) == [Flaw.TOO_LONG]
    assert one(Entry("1", "Dragon", text, ("dragon",), budget=0.4), room=100) == []
    whole = Entry("1", "Dragon", text, ("dragon",), budget=20, trim=Trim.NONE)
    [(_, (finding,))] = lint([whole], LoreSettings(), STORY, size=lambda t: 30, room=100)
    assert "left out" in finding.text


def test_names_and_keys_that_are_there_twice() -> None:
    first = Entry("1", "Dragon", "asleep", ("dragon",))
    second = Entry("2", "dragon ", "awake", ("Dragon", "roses"))
    assert flaws(first, second) == [[Flaw.SAME_NAME, Flaw.SAME_KEY]] * 2
    rivals = [Entry(str(n), f"D{n}", "x", ("dragon",), group="dragons") for n in (1, 2)]
    assert flaws(*rivals) == [[], []]  # meant to share it


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = st.lists(
    st.text(max_size=20)
    | st.from_regex(r"/[a(\[*+?{}1,9|)\]\\^$.]{1,12}/[gimsux]{0,3}", fullmatch=True),
    max_size=4,
)
ENTRIES = st.dictionaries(
    st.sampled_from([*Entry.__dataclass_fields__, "vectorized"]), JSON, max_size=10
) | st.fixed_dictionaries(
    {"text": st.text(max_size=40)},
    optional={
        "keys": KEYS, "secondary": KEYS, "whole_word": st.booleans(), "match_case": st.booleans(),
        "name": st.text(max_size=10), "budget": st.floats(0, 1e6), "probability": st.floats(0, 100),
        "logic": st.sampled_from([str(one) for one in Logic]),
    },
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(ENTRIES, max_size=6),
    st.lists(st.text(max_size=60), max_size=4),
    st.integers(0, 3),
    st.integers(0, 2000),
)
def test_it_never_fails_on_hostile_entries(
    raw: list[dict], texts: list[str], recursion: int, room: int
) -> None:
    entries = [Entry.readable({**values, "id": str(n)}) for n, values in enumerate(raw)]
    story = branch(*((Kind.STORY, text) for text in texts))
    found = list(lint(entries, LoreSettings(recursion=recursion), story, size=len, room=room))
    assert [entry for entry, _ in found] == entries
    assert all(finding.text.endswith(".") for _, some in found for finding in some)


def test_ten_thousand_entries_take_seconds_at_most() -> None:
    words = [f"word{n}" for n in range(3000)]
    story = branch(*((Kind.STORY, " ".join(words[n : n + 50]) + ".\n") for n in range(2900)))
    book = [Entry(str(n), f"name {n}", "text", (f"word{n}", f"thing {n}")) for n in range(10_000)]
    start = time.process_time()
    found = list(lint(book, LoreSettings(), story))
    assert time.process_time() - start < 10
    assert sum(bool(findings) for _, findings in found) > 5000
