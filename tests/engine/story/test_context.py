"""The window: within its budget, equal to its joint encoding, accounted for to the last token."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.story.context import Context, ContextBuilder, Note, Sources
from engine.story.forms import lore_form
from engine.story.ledger import Source
from engine.story.lorebook import Cut, Entry, LoreSettings, Position, Trim
from engine.story.node import Kind, Node
from engine.story.profile import DUNGEON, EMBER, GPT2, Profile
from tests.engine.story.stories import branch, ember, game

TOKENIZER = ember()
PROFILES = [EMBER, GPT2, DUNGEON]
BUILDERS = {profile.family: ContextBuilder(TOKENIZER, profile) for profile in PROFILES}

MARKS = [
    " ", "\n", "\n\n", "  ", ".", "!", "?", '"', "'", "“", "”", "’", "—", "…", "<|", "|>", ">", "[", "]",
    "é", "ß", "Ж", "水", "🐉", "👩‍🚀", "\u0301", "\xa0", "\u2003", "\x1c", "\t", "'s", "'ll", "3.5", "Mr.", "_",
]  # fmt: skip
WORDS = ["you", "open", "the", "Dragon", "door", "seal", "Hello", "I", "x" * 40, "12", "and then"]
texts = st.lists(
    st.sampled_from(MARKS + WORDS + [" the", " dragon", ". You", "\n\nThe"]), max_size=40
).map("".join) | st.text(max_size=60)


@st.composite
def branches(draw: st.DrawFn) -> list[Node]:
    passages: list[tuple] = []
    for index in range(draw(st.integers(0, 12))):
        kind = Kind.OPENING if index == 0 else draw(st.sampled_from(list(Kind)[1:]))
        text = draw(texts)
        if kind is Kind.REPLY and draw(st.booleans()):
            ids = TOKENIZER.encode(draw(st.sampled_from(["", "\n\n", " ", "\n"])) + text)
            passages.append((kind, text.strip() if draw(st.booleans()) else text, ids))
        else:
            passages.append((kind, text))
    return branch(*passages)


entries = st.builds(
    Entry,
    id=st.text("abc", min_size=1, max_size=3),
    name=st.sampled_from(["", "Cinder", "the seal"]),
    text=texts,
    keys=st.lists(
        st.sampled_from(["dragon", "door", "/Dra?/i", "/[/", "", "水", "é"]), max_size=3
    ).map(tuple),
    secondary=st.lists(st.sampled_from(["seal", "open"]), max_size=2).map(tuple),
    constant=st.booleans(),
    position=st.sampled_from(list(Position)),
    depth=st.integers(0, 6),
    budget=st.sampled_from([0, 0.2, 1, 10, 200]),
    reserve=st.integers(0, 300),
    priority=st.sampled_from([400, 900, -100, -500]),
    trim=st.sampled_from(list(Trim)),
    finest=st.sampled_from(list(Cut)),
    group=st.sampled_from(["", "g"]),
    sticky=st.integers(0, 2),
    cooldown=st.integers(0, 2),
)


def check(context: Context, budget: int) -> None:
    """What holds for every window."""
    assert len(context.tokens) <= budget
    assert sum(row.n_tokens for row in context.ledger if row.included) == len(context.tokens)
    assert not any(row.n_tokens for row in context.ledger if not row.included)
    at = 0
    for span in context.spans:
        assert span.start == at
        assert span.end > at
        at = span.end
    assert at == len(context.text)
    assert context.text == context.text.strip()


@settings(max_examples=150, deadline=None)
@given(
    nodes=branches(),
    memory=texts,
    note=texts,
    lore=st.lists(entries, max_size=5),
    budget=st.integers(0, 300),
    block=st.sampled_from([0.0, 0.2, 0.4, 0.9]),
    pin=st.booleans(),
    cue=st.sampled_from(["", "\n\n> You", " and"]),
    family=st.sampled_from(sorted(BUILDERS)),
    depth=st.integers(0, 5),
)
def test_any_mixture_fits_its_budget_and_encodes_as_one(
    nodes, memory, note, lore, budget, block, pin, cue, family, depth
) -> None:
    builder = BUILDERS[family]
    border = (nodes[len(nodes) // 2].id, 3) if nodes else None
    sources = Sources(
        nodes, memory, Note(note, depth), lore, LoreSettings(recursion=2), pin, border
    )  # fmt: skip
    context = builder.build(sources, budget, block=block, cue=cue)
    check(context, budget)
    assert context == ContextBuilder(TOKENIZER, builder.profile).build(
        sources, budget, block=block, cue=cue
    )
    if not any(node.meta for node in nodes):
        begin = [TOKENIZER.end_of_text] if builder.profile.begin_token and budget > 1 else []
        assert [*begin, *TOKENIZER.encode(context.text)] == list(context.tokens)
    else:
        special = 1 if builder.profile.begin_token and budget > 1 else 0
        assert TOKENIZER.decode(context.tokens[special:]) == context.text


def build(nodes: list[Node], budget: int = 400, *, profile: Profile = EMBER, **more) -> Context:
    block = more.pop("block", 0.0)
    context = ContextBuilder(TOKENIZER, profile).build(Sources(nodes, **more), budget, block=block)
    check(context, budget)
    return context


def row(context: Context, source: Source, name: str = ""):
    return next(
        row for row in context.ledger if row.source is source and (not name or row.name == name)
    )


SMALL = branch(
    (Kind.OPENING, "You stand in a hall. It is cold."),
    (Kind.DO, "open the chest"),
    (Kind.REPLY, "The chest is empty."),
    (Kind.SAY, "hello"),
)


def test_ember_reads_the_form_it_was_taught() -> None:
    lore = [
        Entry("1", "Cinder", "a red dragon.", constant=True, order=1),
        Entry("2", "", "Hask smells of violets.", constant=True, order=2),
    ]
    context = build(SMALL, memory="You are Benno.\nYou carry a seal.", lore=lore)
    assert context.text == (
        "[Memory: You are Benno. You carry a seal.]\n"
        "[Lore: Cinder is a red dragon; Hask smells of violets]\n\n"
        "You stand in a hall. It is cold.\n\n> You open the chest.\n\nThe chest is empty.\n\n"
        '> You say "Hello."'
    )
    assert context.tokens[0] == TOKENIZER.end_of_text
    assert context.border is None


def test_dungeon_fine_tunes_read_single_line_breaks() -> None:
    context = build(SMALL, profile=DUNGEON)
    assert context.text == (
        "<|startoftext|>You stand in a hall. It is cold.\n> You open the chest.\nThe chest is empty.\n"
        '> You say "Hello."'
    )
    assert context.tokens[0] != TOKENIZER.end_of_text


def test_every_span_names_the_words_it_shows() -> None:
    nodes = branch(
        (Kind.OPENING, "Zoë waits — quietly. <|a secret|> Rain falls…"),
        (Kind.REPLY, " Then it stops."),
    )
    context = build(nodes, memory="Be kind.")
    assert "Zoe waits -- quietly. Rain falls... Then it stops." in context.text
    assert "secret" not in context.text
    for span in context.spans:
        if span.node is not None:
            text = nodes[span.node - 1].text[span.first : span.last]
            shown = context.text[span.start : span.end]
            assert shown == text or not text.isascii()
    parts = {context.text[s.start : s.end]: nodes[s.node - 1].text[s.first : s.last] for s in context.spans if s.node}  # fmt: skip
    assert parts["--"] == "—"
    assert parts["e"] == "ë"
    assert parts["..."] == "…"


def test_a_comment_may_go_on_in_the_next_passage() -> None:
    nodes = branch((Kind.STORY, "One. <|hidden"), (Kind.STORY, " still hidden|> Two."))
    assert build(nodes).text == "One. Two."
    nodes = branch((Kind.STORY, "One <| two."), (Kind.DO, "wait"), (Kind.REPLY, "Three |> four."))
    assert "<| two" in build(nodes).text  # never closed before the action: plain text


def test_sampled_ids_are_kept_where_the_text_is_the_models() -> None:
    odd = [
        *TOKENIZER.encode("\n\nThe d"),
        *TOKENIZER.encode("oor opens. You"),
        *TOKENIZER.encode(" go in. And th"),
    ]
    assert odd != TOKENIZER.encode(TOKENIZER.decode(odd))
    reply = "The door opens. You go in."  # its end was cut, its line breaks swallowed
    nodes = branch((Kind.OPENING, "A house."), (Kind.DO, "knock"), (Kind.REPLY, reply, odd))
    context = build(nodes)
    assert context.text.endswith("> You knock.\n\n" + reply)
    kept = odd[: len(odd) - len(TOKENIZER.encode(" And th"))]
    assert list(context.tokens[-len(kept) :]) == kept
    edited = branch(
        (Kind.OPENING, "A house."),
        (Kind.DO, "knock"),
        (Kind.REPLY, "The gate opens. You go in.", odd),
    )
    context = build(edited)
    assert list(context.tokens[1:]) == TOKENIZER.encode(context.text)


def test_a_reply_that_went_on_in_mid_sentence_gets_its_space_back() -> None:
    ids = TOKENIZER.encode(" and ran away.")
    nodes = branch((Kind.STORY, "The cat saw me"), (Kind.REPLY, "and ran away.", ids))
    assert build(nodes).text == "The cat saw me and ran away."
    nodes = branch(
        (Kind.STORY, "The cat saw m"), (Kind.REPLY, "e and ran.", TOKENIZER.encode("e and ran."))
    )
    assert build(nodes).text == "The cat saw me and ran."
    nodes = branch(
        (Kind.STORY, "It rained."), (Kind.STORY, "The cat slept.  \n"), (Kind.STORY, "It woke.")
    )
    assert build(nodes).text == "It rained.\n\nThe cat slept.  \nIt woke."


def test_white_space_at_the_end_is_not_sent() -> None:
    context = build(branch((Kind.STORY, "The cat saw me. \n\n")))
    assert context.text == "The cat saw me."
    assert context.stripped == " \n\n"


@pytest.mark.parametrize("budget", range(34, 90, 6))
def test_a_small_window_sends_the_last_action_and_what_else_fits(budget: int) -> None:
    long = "The house is old and there is much to tell about it. " * 20
    lore = [Entry("1", "Cinder", "a dragon", constant=True), Entry("2", "x", long, constant=True)]
    context = build(game(6) + branch((Kind.DO, "light the lamp")), budget, memory=long, note=Note(long), lore=lore)  # fmt: skip
    assert context.text.endswith("> You light the lamp.")
    assert len(context.tokens) > budget * 0.6
    assert any("too long" in notice or "not sent" in notice for notice in context.notices)


def test_an_action_larger_than_the_window_keeps_its_mark_and_its_end() -> None:
    nodes = branch((Kind.OPENING, "A."), (Kind.DO, "walk " + "on and " * 500 + "stop here"))
    context = build(nodes, 30, memory="Be kind.")
    assert context.text.split("\n")[-1].startswith("> ")
    assert context.text.endswith("and stop here.")
    assert row(context, Source.ACTION).trimmed


def test_the_order_of_the_parts_and_their_depth() -> None:
    lore = [
        Entry("late", "late", "Late fact", keys=("number",), depth=2),
        Entry("after", "after", "After note", constant=True, position=Position.AFTER_NOTE),
        Entry("open", "open", "After opening", constant=True, position=Position.AFTER_OPENING),
        Entry("top", "top", "On top", constant=True),
    ]
    context = build(game(2), 900, memory="Memory text.", note=Note("Note text.", 3), lore=lore)
    places = [context.text.index(word) for word in (
        "Memory text", "On top", "You wake", "After opening", "> You look for the lamp",
        "Note text", "After note", "> You look for the key", "Late fact", '"Who is there?" says a voice from the bridge',
    )]  # fmt: skip
    assert "before the last 3 paragraphs" in row(context, Source.NOTE).position
    # Depth 3 would be between the action and its reply: it moves before the action.
    assert places[5] < places[7]
    assert places[:5] == sorted(places[:5])


def test_templates_of_notes() -> None:
    note = Note("Be brief.", 1, "(A/N: <|>)")
    assert "(A/N: Be brief.)" in build(SMALL, note=note).text
    assert "[Style: Be brief.]" in build(SMALL, note=Note("Be brief.", 1, "[Style: {text}]")).text
    assert "Hint: Be brief." in build(SMALL, note=Note("Be brief.", 1, "Hint:")).text


def test_a_full_window_says_what_was_displaced() -> None:
    lore = [
        Entry("a", "Big", "It is very large and wide and tall. " * 30, constant=True, priority=500),
        Entry("b", "Low", "it comes last and has no room at all", constant=True, priority=300),
    ]
    context = build(game(8), 300, memory="Be kind.", lore=lore)
    low = row(context, Source.LORE, "Low")
    assert not low.included
    assert "no room beside Big (" in low.reason
    assert row(context, Source.LORE, "Big").trimmed
    assert row(context, Source.MEMORY).included
    assert (
        sum(r.n_tokens for r in context.ledger if r.source in (Source.HISTORY, Source.ACTION))
        >= 120
    )
    assert any("Low" in notice for notice in context.notices)


def test_own_budgets_reserves_and_trim_directions() -> None:
    text = "First sentence here. Second sentence here. Third sentence here."
    top = Entry("a", "", text, constant=True, budget=14, trim=Trim.TOP)
    assert "Third sentence here" in build(SMALL, lore=[top]).text
    assert "First" not in build(SMALL, lore=[top]).text
    bottom = Entry("a", "", text, constant=True, budget=14)
    assert "First sentence here" in build(SMALL, lore=[bottom]).text
    whole = Entry("a", "", text, constant=True, budget=14, trim=Trim.NONE)
    assert "sentence" not in build(SMALL, lore=[whole]).text
    many = "a long fact about this house and its people, " * 60
    kept = Entry("b", "", "The seal is brass.", constant=True, priority=-10, reserve=20)
    context = build(game(9), 300, memory=many, lore=[kept])
    assert row(context, Source.LORE).included


def test_enormous_texts_cost_no_more_than_the_window() -> None:
    novel = "He went on and on. " * 500_000
    context = build(branch((Kind.STORY, novel)), 300, memory=novel, note=Note(novel))
    assert len(context.tokens) > 250
    assert build(branch((Kind.STORY, "x" * 2_000_000)), 100).text.endswith("xxx")
    assert build(branch((Kind.STORY, "🐉" * 100_000)), 100).text.endswith("🐉")


def test_a_pinned_opening_stays_when_the_rest_has_gone() -> None:
    nodes = game(30)
    assert "You wake" not in build(nodes).text
    context = build(nodes, pin_opening=True)
    assert context.text.startswith(
        "You wake in an old house by the sea. Rain beats on the windows.\n\n"
    )
    assert row(context, Source.OPENING).reason == "pinned"
    assert not row(build(nodes), Source.OPENING).included


def test_the_suggestion_cue_ends_the_window() -> None:
    builder = ContextBuilder(TOKENIZER, EMBER)
    context = builder.build(Sources(game(9)), 300, cue="\n\n> You")
    check(context, 300)
    assert context.text.endswith("\n\n> You")


def test_one_novel_in_json() -> None:
    value = build(SMALL).to_json()
    assert value["n_tokens"] == sum(
        line["n_tokens"] for line in value["ledger"] if line["included"]
    )
    assert value["budget"] == 400


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("Fan", "an old fan of clocks", "Fan is an old fan of clocks"),
        ("Fan", "Mr. Bell's nephew, a sailor", "Fan is Mr. Bell's nephew, a sailor"),
        ("Fan", "Fan owes you a coin", "Fan owes you a coin"),
        ("the well", "The water in it is warm.", "The water in it is warm"),
        ("the year", "1912", "the year is 1912"),
    ],
)
def test_a_lore_entry_is_known_by_its_name(name: str, text: str, line: str) -> None:
    entry = Entry("1", name=name, text=text)
    assert lore_form(entry, text, EMBER) == line
