"""Any sequence of verbs, in memory and through the file: nothing is lost, undo is the inverse."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from engine.story.change import Change
from engine.story.node import Author, Kind, Prompt, ReplyMeta
from engine.story.normalize import normalize
from engine.story.spans import total
from engine.story.store import Store
from engine.story.tree import Story

TEXTS = st.text(st.sampled_from("ab \n\r\u2028\0\U0001f600\ud800é."), max_size=12)
AUTHORS = st.sampled_from(Author)
KEYS = st.sampled_from(["", "", "k1", "k2"])


def snapshot(story: Story) -> tuple[Any, ...]:
    """Everything about a story that reopening must bring back."""
    state, placed = story.state, story.journal.placed()
    return (
        dict(state.nodes),
        {node: list(revisions) for node, revisions in state.revisions.items()},
        dict(state.values),
        set(state.deleted),
        sorted((entry.number, place, entry.verb, entry.deltas) for place, entry in placed),
    )


class StoryMachine(RuleBasedStateMachine):
    """Verbs at random; the model is the text that each of them should leave."""

    words: Bundle[str] = Bundle("words")

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "it.story"
        self.store = Store.create(self.path)
        self.clock = 0.0
        self.wordings: set[str] = set()
        self.purged: set[str] = set()
        self.mirror = ""
        self._watch()

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            assert [p.name for p in self.path.parent.iterdir()] == [self.path.name]
            self.folder.cleanup()

    def _watch(self) -> None:
        self.story = self.store.story
        self.story._clock = lambda: self.clock
        self.story.watch(self.observe)
        self.mirror = self.story.text

    def observe(self, change: Change) -> None:
        if change.splice is not None:
            start, stop = change.splice.start, change.splice.stop
            self.mirror = self.mirror[:start] + change.splice.text + self.mirror[stop:]

    def remember(self, *texts: str) -> None:
        self.wordings.update(text for text in texts if text)

    def some(self, number: int) -> int | None:
        nodes = [n for n in sorted(self.story.state.nodes) if self.story.state.alive(n)]
        return nodes[number % len(nodes)] if nodes else None

    @rule(kind=st.sampled_from(Kind), text=TEXTS, author=AUTHORS, join=st.booleans(), key=KEYS)
    def append(self, kind: Kind, text: str, author: Author, join: bool, key: str) -> None:
        before = self.story.text
        meta = None
        if kind is Kind.REPLY:
            top = (((1, -0.5), (2, -1.5)), ((2, -0.25),))
            meta = ReplyMeta("m", "d", 1, {"x": 1}, (1, 2), (-0.5, -0.25), top, Prompt(1, (3,)))
        node = self.story.append(kind, text, author, meta=meta, join=join, merge_key=key)
        assert self.story.text == before + node.text
        assert node.text.endswith(normalize(text))
        if join:
            assert node.text == normalize(text)
        self.remember(node.text)

    @rule(number=st.integers(0, 99), text=TEXTS, author=AUTHORS)
    def edit(self, number: int, text: str, author: Author) -> None:
        node_id = self.some(number)
        if node_id is not None:
            self.story.edit(node_id, text, author=author)
            assert self.story.node(node_id).text == normalize(text)
            self.remember(normalize(text))

    @rule(
        a=st.integers(0, 200),
        b=st.integers(0, 200),
        text=TEXTS,
        author=AUTHORS,
        near=st.integers(0, 9),
    )
    def replace(self, a: int, b: int, text: str, author: Author, near: int) -> None:
        before = self.story.text
        start, end = sorted((a % (len(before) + 1), b % (len(before) + 1)))
        branch = self.story.branch()
        hint = branch[near % len(branch)].id if branch and near else None
        self.story.replace(start, end, text, author, near=hint)
        assert self.story.text == before[:start] + normalize(text) + before[end:]
        self.remember(*(node.text for node in self.story.branch()))

    @rule(
        at=st.integers(0, 200), letters=st.text("xyz", min_size=1, max_size=5), pause=st.booleans()
    )
    def type(self, at: int, letters: str, pause: bool) -> None:
        self.clock += 10 if pause else 0
        at %= self.story.length + 1
        for letter in letters:
            before = self.story.text
            self.story.replace(at, at, letter, merge_key="typing")
            at += 1
            assert self.story.text == before[: at - 1] + letter + before[at - 1 :]

    @rule(number=st.integers(0, 99), offset=st.integers(0, 20))
    def split(self, number: int, offset: int) -> None:
        node_id = self.some(number)
        if node_id is not None and 0 < offset < len(self.story.node(node_id).text):
            before = self.story.text
            self.story.split(node_id, offset)
            assert self.story.text == before

    @rule(at=st.integers(0, 200))
    def continue_from(self, at: int) -> None:
        before = self.story.text
        at %= len(before) + 1
        self.story.continue_from(at)
        assert self.story.text == before[:at]

    @rule(number=st.integers(0, 99), text=TEXTS)
    def fork(self, number: int, text: str) -> None:
        node_id = self.some(number)
        if node_id is not None:
            node = self.story.fork(node_id, text)
            assert self.story.branch()[-1].text == node.text == normalize(text)
            self.remember(node.text)

    @rule(number=st.integers(0, 99))
    def go_to(self, number: int) -> None:
        self.story.go_to(self.some(number))

    @rule()
    def retry(self) -> None:
        self.story.retry()

    @rule()
    def back(self) -> None:
        before = self.story.text
        self.story.back()
        assert before.startswith(self.story.text)

    @rule(number=st.integers(0, 99))
    def delete(self, number: int) -> None:
        node_id = self.some(number)
        if node_id is not None:
            self.story.delete_branch(node_id)

    @rule(number=st.integers(0, 99))
    def restore(self, number: int) -> None:
        trash = self.story.trash()
        if trash:
            self.story.restore(trash[number % len(trash)].id)

    @rule(number=st.integers(0, 99), chance=st.integers(0, 5))
    def purge(self, number: int, chance: int) -> None:
        node_id = self.some(number)
        if node_id is not None and chance == 0:
            for doomed in self.story.state.subtree(node_id):
                self.purged.update(w.text for w in self.story.revisions(doomed))
            self.story.purge(node_id)

    @rule(
        key=st.sampled_from(["title", "memory", "note"]),
        text=TEXTS,
        merge=st.sampled_from(["", "m"]),
    )
    def set_text(self, key: str, text: str, merge: str) -> None:
        self.story.set(key, text, merge_key=merge)
        assert self.story.get(key) == normalize(text)

    @rule(number=st.integers(0, 3), text=TEXTS)
    def lore(self, number: int, text: str) -> None:
        if number in self.story.lore:
            self.story.put_lore({"text": text}, number)
        else:
            self.story.put_lore({"text": text})

    @rule(number=st.integers(0, 99), name=st.sampled_from(["a", "b"]))
    def name(self, number: int, name: str) -> None:
        self.story.name_branch(name, self.some(number))
        self.story.bookmark(name, self.some(number + 1))

    @rule(times=st.integers(1, 4))
    def undo_and_redo(self, times: int) -> None:
        before, text = snapshot(self.story), self.story.text
        done = 0
        while done < times and self.story.undo():
            done += 1
        for _ in range(done):
            assert self.story.redo()
        assert snapshot(self.story) == before
        assert self.story.text == text

    @rule(times=st.integers(1, 4))
    def undo(self, times: int) -> None:
        for _ in range(times):
            self.story.undo()

    @rule(times=st.integers(1, 4))
    def redo(self, times: int) -> None:
        for _ in range(times):
            self.story.redo()

    @rule()
    @precondition(lambda self: self.story.state.nodes)
    def reopen(self) -> None:
        before, text = snapshot(self.story), self.story.text
        self.store.close()
        self.store = Store.open(self.path)
        assert self.store.damage == ()
        self._watch()
        assert snapshot(self.story) == before
        assert self.story.text == text

    @invariant()
    def the_text_is_its_passages(self) -> None:
        if not hasattr(self, "store"):
            return
        story = self.story
        path = story.state.path(story.state.head)
        assert list(story.branch()) == path
        assert story.text == "".join(node.text for node in path) == self.mirror
        assert story.starts[-1] == len(story.text)
        for place, node in enumerate(path):
            assert story.place(node.id) == place
            assert total(node.spans) == len(node.text)
            assert story.state.alive(node.id)

    @invariant()
    def no_wording_is_out_of_reach(self) -> None:
        if not hasattr(self, "store"):
            return
        held = {
            wording.text
            for node_id in self.story.state.nodes
            for wording in self.story.revisions(node_id)
        }
        assert self.wordings <= held | self.purged
        reachable: set[int] = set()
        for start in [
            *(n.id for n in self.story.children(None)),
            *(n.id for n in self.story.trash()),
        ]:
            reachable.update(self.story.state.subtree(start))
        assert reachable == set(self.story.state.nodes)


TestStory = StoryMachine.TestCase
TestStory.settings = settings(
    max_examples=50,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
