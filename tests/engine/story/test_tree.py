"""The story in memory: what each verb does, and what undo makes of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.errors import KnownError
from engine.story.change import Change
from engine.story.node import Author, Kind, Prompt, ReplyMeta, Span
from engine.story.packing import packed
from engine.story.state import KEEP_TOP
from engine.story.tree import Story


class Clock:
    """A clock that stands still until told to go on."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def story(clock: Clock) -> Story:
    """An opening, an action and a reply."""
    story = Story(clock=clock)
    story.append(Kind.OPENING, "You stand in a yard.")
    story.append(Kind.DO, "You open the chest.")
    story.append(Kind.REPLY, "The lid creaks.", Author.MODEL)
    return story


def texts(story: Story) -> list[str]:
    return [node.text for node in story.branch()]


def test_passages_are_divided_by_their_own_white_space(story: Story) -> None:
    assert story.text == "You stand in a yard.\n\nYou open the chest.\n\nThe lid creaks."
    story.append(Kind.REPLY, " It is empty.", Author.MODEL, join=True)
    story.append(Kind.REPLY, "\nA line.", Author.MODEL)
    assert story.text.endswith("The lid creaks. It is empty.\nA line.")
    assert story.branch()[1].lead == "\n\n"
    assert story.branch()[1].body == "You open the chest."


def test_text_is_normalised_once_on_entry() -> None:
    story = Story()
    story.append(Kind.OPENING, "a\r\nb\rc\u2028d\u2029e\0f\ud83d\ude00\ud800")
    assert story.text == "a\nb\nc\nd\nef\U0001f600\ufffd"
    story.set("memory", "x\r\ny\0")
    assert story.memory == "x\ny"
    story.put_lore({"name": "a\ud800", "keys": ["b\r\n"]})
    assert story.lore == {1: {"name": "a\ufffd", "keys": ["b\n"]}}


def test_retry_adds_a_sibling(story: Story) -> None:
    first = story.last_reply()
    assert first is not None
    assert story.retry()
    assert story.text.endswith("chest.")
    second = story.append(Kind.REPLY, "It is locked.", Author.MODEL)
    assert [node.id for node in story.siblings(second.id)] == [first.id, second.id]
    story.go_to(first.id)
    assert story.text.endswith("The lid creaks.")
    assert not Story().retry()


def test_retry_and_its_reply_can_be_one_step(story: Story) -> None:
    before = story.text
    story.retry(merge_key="retry 1")
    story.append(Kind.REPLY, "It is locked.", Author.MODEL, merge_key="retry 1")
    story.undo()
    assert story.text == before


def test_candidates_are_siblings_in_one_step(story: Story) -> None:
    reply = story.last_reply()
    assert reply is not None
    with story.verb("candidates"):
        for text in ("One.", "Two.", "Three."):
            story.append(Kind.REPLY, text, Author.MODEL, parent=reply.parent)
    assert len(story.siblings(reply.id)) == 4
    assert story.undo() == "candidates"
    assert len(story.siblings(reply.id)) == 1
    assert story.text.endswith("The lid creaks.")


def test_back_goes_past_reply_and_action(story: Story) -> None:
    assert story.back()
    assert texts(story) == ["You stand in a yard."]
    assert not story.back()  # the opening stays
    story.undo()
    assert len(story.branch()) == 3
    story.append(Kind.DO, "You run.")
    assert story.back()  # an action without a reply
    assert len(story.branch()) == 3
    assert not Story().back()


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        (0, 0, "X"),
        (20, 20, "!"),
        (5, 9, ""),
        (15, 45, "—"),
        (0, 56, ""),
        (22, 22, "x"),
        (56, 56, "y"),
    ],
)
def test_replace_is_a_replacement_in_the_text(
    story: Story, start: int, end: int, text: str
) -> None:
    before, nodes = story.text, {node.id for node in story.branch()}
    story.replace(start, end, text)
    assert story.text == before[:start] + text + before[end:]
    assert nodes <= {node.id for node in story.branch()}
    story.undo()
    assert story.text == before


def test_an_insertion_at_a_border_can_go_to_either_side(story: Story) -> None:
    border = len("You stand in a yard.")
    story.replace(border, border, "A")
    assert texts(story)[0].endswith("yard.A")
    story.replace(border + 1, border + 1, "B", near=story.branch()[1].id)
    assert texts(story)[1].startswith("B\n\nYou")
    story.replace(border, border + 3, "C", near=story.branch()[1].id)
    assert texts(story)[:2] == ["You stand in a yard.", "C\nYou open the chest."]


def test_a_person_writing_on_after_a_reply_leaves_the_reply_alone(story: Story) -> None:
    story.replace(story.length, story.length, " And")
    assert [node.kind for node in story.branch()][-2:] == [Kind.REPLY, Kind.STORY]
    assert story.branch()[-2].revision == 0
    story.replace(story.length, story.length, " then")
    assert texts(story)[-1] == " And then"
    blank = Story()
    blank.replace(0, 0, "Once")
    assert blank.branch()[0].kind is Kind.STORY


def test_replace_outside_of_the_text_is_refused(story: Story) -> None:
    with pytest.raises(IndexError):
        story.replace(0, 99, "")
    with pytest.raises(IndexError):
        story.locate(-1)
    with pytest.raises(IndexError):
        Story().locate(0)


def test_locate(story: Story) -> None:
    assert story.starts == [0, 20, 41, 58]
    assert story.locate(0) == (0, 0)
    assert story.locate(20) == (0, 20)
    assert story.locate(21) == (1, 1)
    assert story.locate(58) == (2, 17)


def test_authors(story: Story) -> None:
    reply = story.branch()[-1]
    at = story.text.index("lid")
    story.replace(at, at, "big ")
    story.replace(at + 1, at + 2, "a")
    spans = story.node(reply.id).spans
    assert spans == (
        Span(6, Author.MODEL),
        Span(4, Author.EDITED),
        Span(11, Author.MODEL),
    )
    story.edit(reply.id, story.node(reply.id).text + " Indeed.")
    assert story.node(reply.id).spans[-1] == Span(8, Author.HUMAN)
    at = story.text.index("yard")
    story.replace(at, at, "small ")
    assert story.branch()[0].spans == (Span(26, Author.HUMAN),)
    story.replace(at, at, "very ", Author.MODEL)
    assert story.branch()[0].spans[1] == Span(5, Author.MODEL)


def test_edit_keeps_every_wording(story: Story) -> None:
    reply = story.branch()[-1]
    story.edit(reply.id, "\n\nThe lid is open.")
    story.edit(reply.id, "\n\nNothing.", (Span(10, Author.EDITED),))
    found = [wording.text for wording in story.revisions(reply.id)]
    assert found == ["\n\nThe lid creaks.", "\n\nThe lid is open.", "\n\nNothing."]
    story.undo()
    story.edit(reply.id, "\n\nSomething.")
    assert [wording.text for wording in story.revisions(reply.id)] == [*found, "\n\nSomething."]
    with pytest.raises(ValueError, match="cover"):
        story.edit(reply.id, "abc", (Span(2, Author.HUMAN),))


def test_typing_is_one_revision_a_pause(story: Story, clock: Clock) -> None:
    node = story.branch()[0]
    at = 3
    for letter in " boldly":
        story.replace(at, at, letter, merge_key="typing")
        at += 1
        clock.now += 0.2
    assert story.node(node.id).revision == 1
    clock.now += 5
    story.replace(at, at, "!", merge_key="typing")
    assert story.node(node.id).revision == 2
    story.undo()
    assert story.text.startswith("You boldly stand")
    story.undo()
    assert story.text.startswith("You stand")


def test_what_is_taken_back_while_typing_is_kept_unless_it_is_a_slip(
    story: Story, clock: Clock
) -> None:
    node = story.branch()[0]
    long = "a thought that was long enough to be missed "
    for at, letter in enumerate(long):
        story.replace(at, at, letter, merge_key="typing")
    for _ in long:
        story.replace(0, 1, "", merge_key="typing")
    assert any(len(w.text) >= len(node.text) + len(long) for w in story.revisions(node.id))
    assert story.text.startswith("You stand")
    story.undo()
    assert story.text.startswith(long)
    story.undo()
    assert story.text.startswith("You stand")


def test_a_slider_drag_is_one_step(story: Story) -> None:
    for value in (0.7, 0.8, 0.9):
        story.set("settings", {"temperature": value}, merge_key="drag 1")
    story.set("settings", {"temperature": 1.0}, merge_key="drag 2")
    story.undo()
    assert story.settings == {"temperature": 0.9}
    story.undo()
    assert story.settings == {}
    assert story.redo() == "change settings"
    assert story.settings == {"temperature": 0.9}


def test_a_drag_back_to_the_start_leaves_no_step(story: Story) -> None:
    verb = story.undo_verb
    for value in (0.7, 0.8, None):
        story.set("settings", value and {"temperature": value}, merge_key="drag")
    assert story.undo_verb == verb


def test_values_cannot_be_changed_from_outside(story: Story) -> None:
    entry = {"keys": ["dragon"]}
    number = story.put_lore(entry)
    entry["keys"].append("worm")
    story.lore[number]["keys"].append("wyrm")
    assert story.lore[number] == {"keys": ["dragon"]}


def test_values_are_of_the_kind_their_name_asks_for(story: Story) -> None:
    for key, value in [("title", 5), ("settings", []), ("bookmark/x", 99), ("lore/x", {})]:
        with pytest.raises(TypeError):
            story.set(key, value)
    story.bookmark("a\ud800", 1)
    assert story.bookmarks == {"a\ufffd": 1}


def test_what_a_server_may_send_can_be_stored(story: Story) -> None:
    meta = ReplyMeta(
        "m\ud800", "", 1, {"x": float("inf")}, (1, 2), (float("nan"), float("-inf")), cut="\udfff"
    )
    kept = story.append(Kind.REPLY, "x", Author.MODEL, meta=meta).meta
    assert kept is not None
    assert (kept.model, kept.cut, kept.settings) == ("m\ufffd", "\ufffd", {"x": float("inf")})
    assert str(kept.logprobs) == "(nan, -65504.0)"


def test_lore_ids_are_not_used_twice(story: Story) -> None:
    first = story.put_lore({"name": "a"})
    story.delete_lore(first)
    second = story.put_lore({"name": "b"})
    assert first != second
    assert story.lore == {second: {"name": "b"}}
    for _ in range(3):
        story.undo()
    assert story.lore == {}


def test_old_values_can_be_found_even_if_undone(story: Story) -> None:
    story.set("memory", "one")
    story.set("memory", "two")
    story.undo()
    story.set("memory", "three")
    assert story.history("memory") == ["one", "two", "three"]


def test_split_keeps_what_followed(story: Story) -> None:
    before = story.text
    story.name_branch("main", story.head)
    second = story.split(story.branch()[2].id, 10)
    assert story.text == before
    assert story.head == second.id
    assert second.kind is Kind.REPLY
    assert second.spans == (Span(7, Author.MODEL),)
    assert story.branches == {"main": second.id}
    middle = story.branch()[1]
    story.split(middle.id, 5)
    assert story.text == before
    assert len(story.branch()) == 5
    story.undo()
    story.undo()
    assert len(story.branch()) == 3
    assert story.text == before
    with pytest.raises(IndexError):
        story.split(middle.id, 0)


def test_continue_from_the_middle_keeps_the_old_end(story: Story) -> None:
    before, old_head = story.text, story.head
    at = story.text.index("creaks")
    story.continue_from(at)
    assert story.text == before[:at]
    story.append(Kind.STORY, "is gone.", join=True)
    assert story.text == before[:at] + "is gone."
    siblings = story.siblings(story.branch()[-1].id)
    assert [node.text for node in siblings] == ["creaks.", "is gone."]
    story.undo()
    story.undo()
    assert (story.head, story.text) == (old_head, before)
    story.continue_from(0)
    assert story.text == ""
    story.undo()
    assert story.continue_from(len(before)) == old_head


def test_fork_makes_a_sibling(story: Story) -> None:
    action = story.branch()[1]
    new = story.fork(action.id, "\n\nYou close the chest.")
    assert story.text == "You stand in a yard.\n\nYou close the chest."
    assert [node.id for node in story.siblings(action.id)] == [action.id, new.id]
    assert story.leaf(action.id) == 3
    opening = story.fork(story.branch()[0].id, "You sit.")
    assert opening.parent is None
    assert len(story.children(None)) == 2


def test_delete_branch_is_undone_and_restored(story: Story) -> None:
    action = story.branch()[1].id
    story.bookmark("here", action)
    story.delete_branch(action)
    assert story.text == "You stand in a yard."
    assert story.children(story.head) == []
    assert story.bookmarks == {}
    assert [node.id for node in story.trash()] == [action]
    with pytest.raises(KnownError):
        story.go_to(3)
    with pytest.raises(KnownError):
        story.append(Kind.DO, "x", parent=action)
    story.undo()
    assert story.text.endswith("creaks.")
    story.redo()
    story.restore(3)
    assert story.text.endswith("creaks.")
    assert story.bookmarks == {"here": action}


def test_an_undone_passage_can_be_brought_back_later(story: Story) -> None:
    lost = story.append(Kind.DO, "You sing.").id
    story.undo()
    story.append(Kind.DO, "You dance.")
    assert story.redo() is None
    story.restore(lost)
    assert story.text.endswith("You sing.")


def test_purge_destroys_and_keeps_undo_working(story: Story) -> None:
    reply = story.branch()[2].id
    story.edit(reply, "\n\nSECRET")
    story.go_to(1)
    story.go_to(reply)
    story.bookmark("there", reply)
    story.purge(reply)
    assert reply not in story
    assert story.text == "You stand in a yard.\n\nYou open the chest."
    assert all("SECRET" not in entry.packed for _, entry in story.journal.placed())
    seen = [story.text]
    while story.undo():
        seen.append(story.text)
    back = [story.text]
    while story.redo():
        back.append(story.text)
    assert seen == back[::-1]
    assert seen[-1] == ""


def test_purge_of_the_trash(story: Story) -> None:
    story.delete_branch(2)
    story.undo()
    story.delete_branch(3)
    story.delete_branch(2)
    story.purge_trash()
    assert story.trash() == []
    assert story.text == "You stand in a yard."
    assert set(story.state.nodes) == {1}


def test_a_clean_copy_holds_nothing_else(story: Story) -> None:
    meta = ReplyMeta("Ember", "ab", 7, {"t": 1}, (1, 2), cut="SECRET")
    story.set("memory", "SECRET old")
    story.set("memory", "new")
    story.put_lore({"name": "x"})
    story.retry()
    story.append(Kind.REPLY, "SECRET", Author.MODEL, meta=meta)
    story.edit(story.branch()[-1].id, "\n\nfine")
    copy = story.clean_copy()
    assert copy.text == story.text
    assert copy.memory == "new"
    assert copy.lore == story.lore
    assert len(copy.state.nodes) == 3
    assert copy.undo_verb is None
    copied = copy.branch()[-1].meta
    assert copied is not None
    assert (copied.model, copied.cut, copied.ids) == ("Ember", "", ())


def test_observers_get_one_change_a_verb(story: Story) -> None:
    seen: list[Change] = []
    stop = story.watch(seen.append)
    before = story.text
    story.replace(4, 12, "sit on ")
    (change,) = seen
    splice = change.splice
    assert splice is not None
    assert before[: splice.start] + splice.text + before[splice.stop :] == story.text
    assert (splice.index, splice.removed) == (0, 1)
    assert splice.added == (story.branch()[0],)
    assert not change.head_moved
    story.set("memory", "m")
    assert seen[-1].splice is None
    assert seen[-1].keys == {"memory"}
    with story.verb("two"):
        story.append(Kind.DO, "a")
        story.append(Kind.DO, "b")
    assert len(seen) == 3
    story.set("memory", "m")
    story.replace(2, 2, "")
    assert len(seen) == 3  # nothing happened
    stop()
    story.undo()
    assert len(seen) == 3


def test_an_error_inside_a_verb_leaves_what_was_done_undoable(story: Story) -> None:
    before = story.text

    def fail() -> None:
        with story.verb("broken"):
            story.append(Kind.DO, "half")
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert story.text.endswith("half")
    assert story.undo() == "broken"
    assert story.text == before


def reply(n: int, top: int = 1) -> ReplyMeta:
    rows = tuple(((5, -0.5), (6, -1.5)) for _ in range(top))
    return ReplyMeta("m", "d", n, {"a": [1, None]}, (n, 70000), (-0.1, -2.0), rows, finish="stop")


def test_reply_metadata_is_kept(story: Story) -> None:
    meta = ReplyMeta(
        "Ember",
        "ff" * 32,
        2**63,
        {"temperature": 0.8, "order": ["top_k", "top_p"]},
        tuple(range(100)),
        tuple(-i / 7 for i in range(100)),
        (((1, -0.5),), (), ((2, -0.25), (3, -4.0))),
        Prompt(3, tuple(range(500))),
        (1, 17),
        "sentence",
        " cut öff",
    )
    kept = story.append(Kind.REPLY, "x", Author.MODEL, meta=meta).meta
    assert kept is not None
    for name in ("model", "digest", "seed", "settings", "ids", "prompt", "border", "finish", "cut"):
        assert getattr(kept, name) == getattr(meta, name)
    assert kept.top == meta.top
    assert kept.logprobs == pytest.approx(meta.logprobs, rel=1e-3)
    with pytest.raises(AttributeError):
        kept.nonsense  # noqa: B018
    empty = story.append(Kind.REPLY, "x", Author.MODEL, meta=ReplyMeta("m", "", 0)).meta
    assert empty == ReplyMeta("m", "", 0)


def test_metadata_is_small() -> None:
    ids = tuple(range(1000, 1090))
    top = tuple(tuple((i + j, -1.0 - j) for j in range(5)) for i in ids)
    meta = ReplyMeta(
        "m", "d", 1, {}, ids, tuple(-1.5 for _ in ids), top, Prompt(900, tuple(range(110)))
    )
    form = packed(meta)
    assert len(form.data) / len(ids) < 12
    assert (len(form.data) + len(form.top)) / len(ids) < 40


def test_alternatives_are_kept_for_the_newest(story: Story) -> None:
    ids = [
        story.append(Kind.REPLY, "x", Author.MODEL, meta=reply(n)).id for n in range(KEEP_TOP + 5)
    ]
    metas = [story.node(node_id).meta for node_id in ids]
    kept = [meta is not None and bool(meta.top) for meta in metas]
    assert kept == [False] * 5 + [True] * KEEP_TOP
    assert metas[0] is not None
    assert metas[0].ids == (0, 70000)


def test_prompts_are_put_together(story: Story) -> None:
    def add(prompt: Prompt) -> int:
        meta = ReplyMeta("m", "d", 0, prompt=prompt)
        story.append(Kind.DO, "go")
        return story.append(Kind.REPLY, "x", Author.MODEL, meta=meta).id

    first = add(Prompt(0, (1, 2, 3)))
    second = add(Prompt(3, (4, 5)))
    third = add(Prompt(4, (6,)))
    fourth = add(Prompt(2, (9,)))
    assert story.prompt(first) == (1, 2, 3)
    assert story.prompt(second) == (1, 2, 3, 4, 5)
    assert story.prompt(third) == (1, 2, 3, 4, 6)
    assert story.prompt(fourth) == (1, 2, 9)


def test_long_chains_of_revisions_stay_short(story: Story, clock: Clock) -> None:
    node = story.branch()[0].id
    expected = [story.node(node).text]
    for number in range(100):
        at = number % len(story.node(node).text)
        story.replace(at, at, str(number))
        expected.append(story.node(node).text)
    assert [wording.text for wording in story.revisions(node)] == expected
    for _ in range(100):
        story.undo()
    assert story.node(node).text == expected[0]


@pytest.mark.parametrize(
    "verb",
    [
        lambda s: s.append(Kind.SAY, "hello"),
        lambda s: s.edit(1, "new"),
        lambda s: s.replace(3, 40, "x"),
        lambda s: s.split(1, 4),
        lambda s: s.delete_branch(2),
        lambda s: s.back(),
        lambda s: s.retry(),
        lambda s: s.go_to(None),
        lambda s: s.fork(3, "other"),
        lambda s: s.continue_from(30),
        lambda s: s.set("memory", "m"),
        lambda s: s.set("note", "n"),
        lambda s: s.set("title", "t"),
        lambda s: s.put_lore({"name": "x"}),
        lambda s: s.name_branch("b", 2),
        lambda s: s.bookmark("b", 2),
    ],
)
def test_each_verb_can_be_undone_and_redone(story: Story, verb: Callable[[Story], object]) -> None:
    before = dict(story.state.nodes), dict(story.state.values), set(story.state.deleted)
    text = story.text
    verb(story)
    after = dict(story.state.nodes), dict(story.state.values), set(story.state.deleted)
    assert before != after
    story.undo()
    assert story.text == text
    assert dict(story.state.values) == before[1]
    for node_id, node in before[0].items():
        assert story.node(node_id) == node
    story.redo()
    assert (dict(story.state.nodes), dict(story.state.values), set(story.state.deleted)) == after
