"""The library of stories: listed, searched, and never believed more than the files."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from engine import paths
from engine.story.node import Author, Kind, ReplyMeta
from engine.story.shelf import Shelf
from engine.story.store import Store, save_copy
from engine.story.tree import Story


@pytest.fixture
def shelf() -> object:
    with Shelf() as shelf:
        yield shelf


def make(title: str, *texts: str, model: str = "Ember") -> Story:
    story = Story()
    story.set("title", title)
    story.append(Kind.OPENING, texts[0])
    for text in texts[1:]:
        story.append(Kind.REPLY, text, Author.MODEL, meta=ReplyMeta(model, "d", 1))
    return story


def test_a_folder_that_is_not_there_is_empty(shelf: Shelf) -> None:
    assert shelf.cards() == []
    assert shelf.search("x") == []


def test_cards_tell_what_a_story_is(shelf: Shelf) -> None:
    story = make("The Well", "Once there was\n\na well.", "It was deep and dark.")
    story.set("tags", ["fairy tale", "short"])
    save_copy(story, shelf.path_for("The Well"))
    (card,) = shelf.cards()
    assert card.title == "The Well"
    assert card.opening == "Once there was a well. It was deep and dark."
    assert card.words == 10
    assert card.tags == ("fairy tale", "short")
    assert card.model == "Ember"
    assert card.trouble == ""
    assert card.path.name == "The Well.story"
    assert card.played == pytest.approx(card.path.stat().st_mtime)


def test_search_finds_words_on_every_branch(shelf: Shelf) -> None:
    story = make("A", "You open the café door.", "A dragon sleeps.")
    story.retry()
    story.append(Kind.REPLY, "A griffin wakes.", Author.MODEL)
    save_copy(story, shelf.path_for("A"))
    save_copy(make("B", "Nothing here."), shelf.path_for("B"))
    (match,) = shelf.search("dragon sle")
    assert match.title == "A"
    assert story.node(match.node).body == "A dragon sleeps."
    assert match.snippet == "A \x02dragon\x03 \x02sleeps\x03."
    assert [m.title for m in shelf.search("CAFE")] == ["A"]
    assert shelf.search('"; DROP TABLE story --') == []
    assert shelf.search("*") == []
    assert shelf.search("dragon nothing") == []


def test_changes_are_noticed_also_in_an_open_story(shelf: Shelf) -> None:
    path = shelf.path_for("Live")
    with Store.create(path, make("Live", "A beginning.")) as store:
        assert [card.words for card in shelf.cards()] == [2]
        store.story.append(Kind.DO, "You whistle loudly.")
        assert store.flush()
        assert [card.words for card in shelf.cards()] == [5]
        assert len(shelf.search("whistle")) == 1
        store.story.append(Kind.DO, "You hum.")  # nobody broke the lock or the file
        assert store.flush()
        assert store.trouble is None
    path.unlink()
    assert shelf.cards() == []
    assert shelf.search("whistle") == []


def test_undone_passages_are_not_found(shelf: Shelf) -> None:
    story = make("A", "One.")
    story.append(Kind.DO, "You vanish.")
    story.undo()
    save_copy(story, shelf.path_for("A"))
    assert shelf.search("vanish") == []


def test_what_is_no_story_is_listed_with_its_trouble(shelf: Shelf) -> None:
    shelf.folder.mkdir(parents=True)
    (shelf.folder / "text.story").write_text("just words")
    (shelf.folder / "notes.txt").write_text("not listed")
    (card,) = shelf.cards()
    assert "not a Brass Lantern story" in card.trouble
    assert card.title == "text"


def test_the_index_is_rebuilt_when_missing_or_damaged() -> None:
    with Shelf() as shelf:
        save_copy(make("A", "A lantern."), shelf.path_for("A"))
        assert len(shelf.search("lantern")) == 1
    index = paths.data_home() / "library.sqlite"
    index.write_bytes(b"rubbish" * 1000)
    with Shelf() as shelf:
        assert len(shelf.search("lantern")) == 1
    connection = sqlite3.connect(index)
    connection.execute("DROP TABLE story")
    connection.commit()
    connection.close()
    with Shelf() as shelf:
        assert len(shelf.cards()) == 1
    data = bytearray(index.read_bytes())
    for at in range(4096, len(data), 97):
        data[at] ^= 0xFF
    index.write_bytes(data)
    with Shelf() as shelf:
        assert [card.title for card in shelf.cards()] == ["A"]
        shelf.rebuild()
        assert len(shelf.search("lantern")) == 1


def test_another_folder_has_another_list(tmp_path: Path) -> None:
    with Shelf() as shelf:
        save_copy(make("A", "A lantern."), shelf.path_for("A"))
        assert len(shelf.cards()) == 1
    with Shelf(tmp_path / "elsewhere") as shelf:
        assert shelf.cards() == []
        save_copy(make("B", "A candle."), shelf.path_for("B"))
        assert [card.title for card in shelf.cards()] == ["B"]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("The Well", "The Well.story"),
        ("a/b\\c:d", "a b c d.story"),
        ("../../etc", "etc.story"),
        ("", "Story.story"),
        ("CON", "Story CON.story"),
        ("x" * 300, "x" * 80 + ".story"),
        ("Ünïcode ☂", "Ünïcode ☂.story"),
    ],
)
def test_titles_become_file_names(shelf: Shelf, title: str, name: str) -> None:
    path = shelf.path_for(title)
    assert path == shelf.folder / name
    save_copy(Story(), path)
    assert shelf.path_for(title) == shelf.folder / f"{path.stem} 2.story"


def test_nothing_is_written_into_the_folder(shelf: Shelf) -> None:
    path = shelf.path_for("A")
    save_copy(make("A", "A lantern."), path)
    before = path.read_bytes(), path.stat().st_mtime_ns
    shelf.cards()
    shelf.search("lantern")
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert [p.name for p in shelf.folder.iterdir()] == ["A.story"]
