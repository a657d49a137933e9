from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.page import Page
from app.page_layout import Mode
from engine.story.node import Author, Kind
from engine.story.normalize import normalize
from tests.app.page_book import Book, check

PIECES = st.sampled_from(
    ["a", "the lamp", " ", "é", "🐉", "👩‍👩‍👧", "\n", "\n\n", "\n\n\n", "*dim*", "# ", "“Oh!”", "\ufdd0",
     ". ", "***", "\t", "ﬁ", "e\u0301", "שלום"]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=6).map("".join)
PASTED = st.one_of(
    TEXTS, TEXTS.map(lambda t: t.replace("\n", "\r\n")), st.just("a\u2028b\u2029c\0d")
)
KEYS = st.sampled_from(
    [Qt.Key.Key_Backspace, Qt.Key.Key_Delete, Qt.Key.Key_Return, Qt.Key.Key_A, Qt.Key.Key_Left,
     Qt.Key.Key_End, Qt.Key.Key_Home, Qt.Key.Key_Space]
)  # fmt: skip
_MODIFIER = Qt.KeyboardModifier
MODIFIERS = st.sampled_from(
    [_MODIFIER.NoModifier, _MODIFIER.ShiftModifier, _MODIFIER.ControlModifier]
)
SPOT = st.floats(0, 1)


class Writing(RuleBasedStateMachine):
    """A person and a model write on one page."""

    first_fill = 400_000

    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self.page.first_fill = self.first_fill
        self.page.back_fill = 30
        self.page.resize(500, 300)
        self.book = Book(self.page)
        self.story = self.book.story
        self.draft: str | None = None  # what was streamed, while it is

    def teardown(self) -> None:
        self.page.deleteLater()
        QApplication.sendPostedEvents(None, 52)  # deferred deletion

    def _spot(self, share: float) -> int:
        return round(share * len(self.page.text()))

    @initialize(opening=TEXTS, by_change=st.booleans())
    def open(self, opening: str, *, by_change: bool) -> None:
        self.book.by_change = by_change
        if opening:
            self.story.append_root(Kind.OPENING, opening)
        self.page.show_branch(self.story.branch())

    @rule(at=SPOT)
    def click(self, at: float) -> None:
        self.page.set_caret(self._spot(at))

    @rule(a=SPOT, b=SPOT)
    def select(self, a: float, b: float) -> None:
        self.page.select(self._spot(a), self._spot(b))

    @rule(key=KEYS, modifier=MODIFIERS, times=st.integers(1, 3))
    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier, times: int) -> None:
        if key is Qt.Key.Key_A and modifier is Qt.KeyboardModifier.ControlModifier:
            self.page.load_all()
        for _ in range(times):
            QTest.keyClick(self.page, key, modifier)

    @rule(text=st.sampled_from(["x", "and then", "*so*", "# T", "..."]))
    def type(self, text: str) -> None:
        QTest.keyClicks(self.page, text)

    @rule(text=st.sampled_from(["日本", "é", "🐉"]))
    def compose(self, text: str) -> None:
        event = QInputMethodEvent("にほ", [])
        QApplication.sendEvent(self.page, event)
        event = QInputMethodEvent()
        event.setCommitString(text)
        QApplication.sendEvent(self.page, event)

    @rule(text=PASTED, rich=st.booleans())
    def paste(self, text: str, *, rich: bool) -> None:
        data = QMimeData()
        data.setText(text)
        if rich:
            data.setHtml(f"<b>{text}</b><p>more</p>")
        self.page.insertFromMimeData(data)

    @rule(a=SPOT, b=SPOT)
    def delete_across(self, a: float, b: float) -> None:
        self.page.select(self._spot(a), self._spot(b))
        QTest.keyClick(self.page, Qt.Key.Key_Delete)

    @precondition(lambda self: self.draft is None)
    @rule(kind=st.sampled_from([Kind.DO, Kind.SAY, Kind.STORY]), text=TEXTS, join=st.booleans())
    def act(self, kind: Kind, text: str, *, join: bool) -> None:
        self.story.append(kind, text, join=join)

    @precondition(lambda self: self.draft is None)
    @rule()
    def begin(self) -> None:
        self.page.begin_stream()
        self.draft = ""

    @precondition(lambda self: self.draft is not None)
    @rule(text=TEXTS)
    def stream(self, text: str) -> None:
        self.page.stream(text)
        self.draft = (self.draft or "") + text
        self.page.arriving.flush()

    @precondition(lambda self: bool(self.draft))
    @rule(share=SPOT)
    def retract(self, share: float) -> None:
        count = round(share * len(self.draft or ""))
        self.page.retract(count)
        self.draft = (self.draft or "")[: len(self.draft or "") - count]

    @precondition(lambda self: self.draft is not None)
    @rule(trim=st.integers(0, 3), keep=st.booleans(), join=st.booleans())
    def finish(self, trim: int, *, keep: bool, join: bool) -> None:
        text = (self.draft or "")[: len(self.draft or "") - trim]
        self.draft = None
        if keep:
            self.story.append(Kind.REPLY, text, Author.MODEL, join=join)
        self.page.end_stream(self.story.branch())

    @precondition(lambda self: self.draft is None)
    @rule(verb=st.sampled_from(["undo", "redo", "back", "retry"]))
    def turn(self, verb: str) -> None:
        getattr(self.story, verb)()

    @precondition(lambda self: self.draft is None and len(self.story.branch()) > 1)
    @rule(share=SPOT, text=TEXTS)
    def reword(self, share: float, text: str) -> None:
        branch = self.story.branch()
        self.story.edit(branch[round(share * (len(branch) - 1))].id, text, author=Author.MODEL)

    @rule(old=st.sampled_from(["a", "the", "\n", "本"]), text=TEXTS)
    def replace_all(self, old: str, text: str) -> None:
        whole = self.book.text
        starts = [i for i in range(len(whole)) if whole.startswith(old, i)]
        edits = [self.page.edits.edit(i, i + len(old), text) for i in starts]
        assert self.page.replace_many(edits) is bool(edits)
        assert self.book.text == whole.replace(old, normalize(text))

    @rule(at=SPOT, text=TEXTS)
    def refuse(self, at: float, text: str) -> None:
        self.book.willing = False
        self.page.set_caret(self._spot(at))
        QTest.keyClicks(self.page, "zz")
        QTest.keyClick(self.page, Qt.Key.Key_Backspace)
        self.page.insert_text(text)
        self.book.willing = True

    @rule(mode=st.sampled_from(Mode))
    def set_mode(self, mode: Mode) -> None:
        self.page.apply_setting(replace(self.page.setting, mode=mode))

    @rule()
    def wait(self) -> None:
        QApplication.processEvents()

    @invariant()
    def agree(self) -> None:
        check(self.page, self.book.text + (self.draft or ""), self.story.branch())


class WritingWhileLoading(Writing):
    """The same while most of the story is not in the document yet."""

    first_fill = 10


@pytest.mark.parametrize("machine", [Writing, WritingWhileLoading])
def test_page_and_story_agree_whatever_happens(qapp: QApplication, machine: type) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
