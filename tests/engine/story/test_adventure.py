"""A reply from its first token to the passage it becomes."""

from __future__ import annotations

from engine.story.adventure import Halt, ReplyWatch, Stop, finish, line
from engine.story.endings import Ending
from engine.story.node import Kind, Node
from engine.story.trim import Mode


def stream(text: str, mode: Mode = Mode.ADVENTURE) -> tuple[str, Stop | None]:
    """Feed ``text`` word by word, as a model would write it."""
    watch = ReplyWatch(mode)
    ids: dict[str, int] = {}
    for word in text.replace(" ", "\0 ").replace("\n", "\0\n").split("\0"):
        stop = watch.feed(ids.setdefault(word, len(ids)), word)
        if stop:
            return watch.text, stop
    return watch.text, None


def node(kind: Kind, text: str) -> Node:
    return Node(id=1, parent=None, kind=kind, text=text, spans=(), created=0.0)


def test_the_line_of_a_passage() -> None:
    assert line(node(Kind.DO, "open the door")) == "You open the door."
    assert line(node(Kind.SAY, "hello")) == 'You say "Hello."'
    assert line(node(Kind.REPLY, "I am here\n")) == "I am here\n"


def test_a_reply_stops_before_the_player_speaks() -> None:
    raw, stop = stream("\n\nYou open it. Gold!\n\n> You take the gold.\n\nYou take")
    assert stop is not None
    assert stop.why is Halt.TURN
    reply = finish(raw, stop=stop)
    assert reply.text == "You open it. Gold!"
    assert reply.trimmed.raw == raw


def test_a_loop_is_rolled_back_to_its_first_round() -> None:
    raw, stop = stream("You run. " + "Left and right and up. " * 12)
    assert stop is not None
    assert stop.why is Halt.LOOP
    reply = finish(raw, stop=stop)
    assert reply.text == "You run. Left and right and up."
    assert reply.trimmed.raw == raw


def test_a_story_that_ends() -> None:
    raw, stop = stream("The dragon yawns. You have died. ")
    assert stop is None
    assert finish(raw).ending is Ending.DEATH
    assert finish(raw, Mode.STORY).ending is None


def test_a_reply_that_says_nothing_new() -> None:
    earlier = ["You look around. The cave is dark and wet."]
    assert finish("The cave is dark and wet.", earlier=earlier).stale
    assert not finish("A bat flies over your head.", earlier=earlier).stale


def test_retracted_tokens_are_forgotten() -> None:
    watch = ReplyWatch()
    watch.feed(1, "Hello")
    watch.feed(2, "\n>")
    watch.retract(1)
    assert watch.text == "Hello"
    assert watch.feed(3, " there.") is None


def test_a_refrain_is_no_loop_in_a_poem() -> None:
    refrain = "Row, row, row your boat to the sea.\n"
    _, stop = stream(refrain * 3, Mode.POEM)
    assert stop is None
