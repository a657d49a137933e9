"""Pictures of what can be seen of single words: the heat map, and the card of a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.gallery.studio import Studio, shot

if TYPE_CHECKING:
    from PySide6.QtCore import QPoint

    from engine.story.chances import Word
    from engine.story.node import Node


@shot("heat")
def _heat(studio: Studio) -> None:
    studio.open("The Ferry")
    chances, story = studio.window.chances, studio.writer.story
    assert story is not None
    studio.window.actions_["heat"].trigger()
    studio.wait(lambda: all(chances.heat.words_of(node) for node in story.branch()))
    studio.pause()
    studio.take("heat")
    studio.window.actions_["heat"].trigger()


@shot("word-card")
def _card(studio: Studio) -> None:
    studio.open("The Last Tram to Luna Garden")  # nothing is written there meanwhile
    studio.window.actions_["chances"].trigger()
    node, word = _undecided(studio)
    assert studio.window.chances.show_at(_middle(studio, node, word))
    studio.pause()
    studio.take("word-card")
    studio.window.chances.card.hide()
    studio.window.actions_["chances"].trigger()


def _undecided(studio: Studio) -> tuple[Node, Word]:
    """A word of the last reply in place of which the model nearly wrote another."""
    story = studio.writer.story
    reply = story.last_reply() if story is not None else None
    assert reply is not None
    found = studio.window.chances.words_of(reply)
    long = [word for word in found if word.end - word.start > 3]
    return reply, min(long[:12], key=lambda word: abs(word.tokens[0].logprob + 1.2))


def _middle(studio: Studio, node: Node, word: Word) -> QPoint:
    """Where a word stands on the page."""
    page = studio.window.desk.page
    cursor = page.textCursor()
    at = page.places.offset_of(node.id, (word.start + word.end) // 2)
    cursor.setPosition(page.places.position_at(at))
    return page.cursorRect(cursor).center()
