"""Stories out into text, Markdown and JSON, and back in."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import KnownError
from engine.story.formats import own
from engine.story.formats.colophon import colophon, shares
from engine.story.formats.report import read_source
from engine.story.formats.text import from_text, reading_text, to_markdown, to_text
from engine.story.node import Author, Kind, Prompt, ReplyMeta
from engine.story.tree import Story

META = ReplyMeta(
    model="Ember",
    digest="abc",
    seed=7,
    settings={"temperature": 0.5},
    ids=(5, 6, 7),
    logprobs=(-0.5, -1.0, -2.0),
    prompt=Prompt(0, (1, 2, 3)),
    border=(1, 4),
    finish="stop",
    cut=" And th",
)


def lamp() -> Story:
    """A short story with two endings, a bookmark and lore."""
    story = Story()
    story.set("title", "The Lamp")
    story.set("memory", "You are Ann.")
    story.put_lore({"name": "Bo", "keys": ["Bo"], "text": "a dog"})
    story.append(Kind.OPENING, "# One\n\nYou stand in a hall.")
    door = story.append(Kind.DO, "open the door")
    story.append(Kind.REPLY, "\n\nIt is dark.", Author.MODEL, meta=META, join=True)
    story.bookmark("here", story.head)
    story.append(Kind.REPLY, "\n\nIt is bright.", Author.MODEL, parent=door.id, join=True)
    story.append(Kind.SAY, "Hello?")
    return story


def test_the_reading_text_has_actions_as_lines() -> None:
    assert reading_text(lamp()) == (
        "# One\n\nYou stand in a hall.\n\n> You open the door.\n\nIt is bright.\n\n"
        '> You say "Hello?"'
    )


def test_markdown_has_the_title_above_the_chapters_and_says_who_wrote() -> None:
    text = to_markdown(lamp())
    assert text.startswith("# The Lamp\n\n## One\n\nYou stand")
    assert "by a language model.*" in text
    assert "%" in to_text(lamp()).splitlines()[-1]


def test_text_comes_back_with_its_actions() -> None:
    for markdown, out in ((True, to_markdown), (False, to_text)):
        story, report = from_text(out(lamp()), "lamp", markdown=markdown)
        assert reading_text(story) == reading_text(lamp())
        assert story.title == ("The Lamp" if markdown else "lamp")
        assert [n.kind for n in story.branch()] == [
            Kind.OPENING,
            Kind.DO,
            Kind.REPLY,
            Kind.DO,
        ]
        assert report.kept == {"passages": 2, "actions": 2}
        assert any("marked as a person's" in sentence for sentence in report.changed)
        assert any("who wrote" in sentence for sentence in report.dropped)


def test_the_shares_of_the_authors_add_up() -> None:
    by = shares(lamp())
    assert sum(by.values()) == pytest.approx(1)
    assert set(by) == {Author.HUMAN, Author.MODEL}
    assert "Ember" not in colophon(lamp())  # its reply is not on this branch
    assert shares(Story()) == {}
    alone = Story()
    alone.append(Kind.OPENING, "All mine.")
    assert colophon(alone) == ""


def plain(story: Story) -> dict[str, Any]:
    """A story's JSON with passages numbered as they stand, so that two can be compared."""
    data = own.to_json(story)
    number = {node["id"]: n for n, node in enumerate(data["nodes"])}
    for node in data["nodes"]:
        node["id"], node["parent"] = number[node["id"]], number.get(node["parent"])
        if node.get("reply") and node["reply"]["border"]:
            node["reply"]["border"][0] = number[node["reply"]["border"][0]]
    for names in ("bookmarks", "branches"):
        data[names] = {name: number[at] for name, at in data[names].items()}
    data["head"] = number.get(data["head"])
    return data


def test_json_brings_back_every_branch() -> None:
    story, report = own.from_json(json.dumps(own.to_json(lamp())))
    assert plain(story) == plain(lamp()) | {
        "nodes": [
            node | {"created": other["created"]}
            for node, other in zip(plain(lamp())["nodes"], plain(story)["nodes"], strict=True)
        ]
    }
    assert report.kept == {"lore entries": 1, "passages": 5, "bookmarks": 1}
    assert report.changed == report.dropped == []
    reply = next(node for node in story.branch()[0:1])
    assert reply.kind is Kind.OPENING


STEP = st.tuples(
    st.sampled_from(["append", "reply", "back", "go", "edit"]),
    st.text(max_size=12),
    st.integers(0, 99),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(STEP, max_size=14))
def test_any_story_survives_json(steps: list[tuple[str, str, int]]) -> None:
    story = Story()
    made: list[int] = []
    for verb, text, number in steps:
        match verb:
            case "append":
                made.append(story.append(list(Kind)[number % 4], text).id)
            case "reply" if made:
                made.append(story.append(Kind.REPLY, text, Author.MODEL, meta=META_BARE).id)
            case "back":
                story.back()
            case "go" if made:
                story.go_to(made[number % len(made)])
            case "edit" if made and text:
                story.edit(made[number % len(made)], text)
    again, _ = own.from_json(json.dumps(own.to_json(story)))
    assert again.text == story.text
    assert plain(again) == plain(story)


META_BARE = ReplyMeta(model="m", digest="", seed=0, ids=(1,), logprobs=(-1.0,))


def damaged(change: dict[str, Any]) -> str:
    return json.dumps(own.to_json(lamp()) | change)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        '{"format": "brass-lantern-story", "version": 2}',
        '{"format": "brass-lantern-story", "version": 1}',
        damaged({"nodes": 7}),
        damaged({"nodes": [7]}),
        damaged({"nodes": [{"id": 1}]}),
        damaged({"head": 99}),
        damaged({"head": "1"}),
        damaged({"title": 5}),
        damaged({"lore": [1]}),
        damaged({"bookmarks": {"x": 99}}),
    ],
)
def test_other_json_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(KnownError) as caught:
        own.from_json(text)
    assert "\n" not in str(caught.value)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_mutated_json_is_a_story_or_a_sentence(data: st.DataObject) -> None:
    value: Any = own.to_json(lamp())
    target: Any = value
    while True:
        keys = list(target) if isinstance(target, dict) else list(range(len(target)))
        key = data.draw(st.sampled_from(keys))
        inner = target[key]
        if isinstance(inner, dict | list) and inner and data.draw(st.booleans()):
            target = inner
            continue
        target[key] = data.draw(
            st.one_of(st.none(), st.integers(), st.floats(), st.text(), st.just([]), st.just({}))
        )
        break
    with contextlib.suppress(KnownError):  # anything else is a bug
        own.from_json(json.dumps(value))


def test_sources_are_capped_and_must_be_utf8(tmp_path: Any) -> None:
    bad = tmp_path / "bad.txt"
    bad.write_bytes(b"\xff\xfe")
    with pytest.raises(KnownError, match="UTF-8"):
        read_source(bad)
    with pytest.raises(KnownError, match="cannot be read"):
        read_source(tmp_path / "missing.txt")
    marked = tmp_path / "marked.txt"
    marked.write_bytes(b"\xef\xbb\xbfHello")
    assert read_source(marked) == "Hello"


@pytest.mark.timeout(20)
def test_long_files_are_read_in_linear_time() -> None:
    text = "> go\n\nYou go on." + "\n" * 50_000 + "> go\n\nYou go on.\n\n" * 2_000
    story, report = from_text(text, "long", markdown=True)
    assert report.kept == {"actions": 2001, "passages": 2001}
    again, _ = own.from_json(json.dumps(own.to_json(story)))
    assert again.text == story.text


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "1e400", "[" * 800 + "]" * 800])
def test_numbers_and_depths_that_json_cannot_carry_are_refused(value: str) -> None:
    data = json.dumps(own.to_json(lamp())).replace(
        '"settings": {', f'"settings": {{"x": {value},', 1
    )
    data = data.replace(",}", "}")
    with pytest.raises(KnownError):
        own.from_json(data)


def test_only_replies_have_a_prompt() -> None:
    data = own.to_json(lamp())
    reply = next(node["reply"] for node in data["nodes"] if "reply" in node)
    data["nodes"][0] |= {"reply": reply | {"border": None}}
    assert data["nodes"][0]["kind"] != "reply"
    story, _ = own.from_json(json.dumps(data))
    assert story.branch()[0].meta is None
