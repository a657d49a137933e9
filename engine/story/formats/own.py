"""Brass Lantern's own JSON: a whole story, every branch, readable by any program.

``{"format": "brass-lantern-story", "version": 1, "title", "memory", "note", "settings", "lore",
"tags", "bookmarks", "branches", "head", "nodes": [{"id", "parent", "kind", "text", "spans":
[[length, author]], "created", "reply"?}]}``. Parents come before their children. The way back
(undo), older wordings and deleted passages stay in the story file alone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from engine.errors import KnownError
from engine.story.formats.report import Report
from engine.story.node import Author, Kind, Node, Prompt, ReplyMeta, Span
from engine.story.normalize import normalize
from engine.story.tree import Story

FORMAT, VERSION = "brass-lantern-story", 1
MAX_NODES = 2_000_000
_WORDS = ("title", "memory", "note")


def to_json(story: Story) -> dict[str, Any]:
    """The whole story as plain JSON values."""
    nodes: list[Node] = []
    waiting = list(reversed(story.children(None)))
    while waiting:
        node = waiting.pop()
        nodes.append(node)
        waiting += reversed(story.children(node.id))
    return {
        "format": FORMAT,
        "version": VERSION,
        **{name: story.get(name, "") for name in _WORDS},
        "settings": story.settings,
        "tags": story.get("tags", []),
        "lore": list(story.lore.values()),
        "bookmarks": story.bookmarks,
        "branches": story.branches,
        "head": story.head,
        "nodes": [_node(node) for node in nodes],
    }


def _node(node: Node) -> dict[str, Any]:
    out: dict[str, Any] = {
        "id": node.id,
        "parent": node.parent,
        "kind": str(node.kind),
        "text": node.text,
        "spans": [[span.length, str(span.author)] for span in node.spans],
        "created": node.created,
    }
    meta = node.meta
    if meta is not None:
        out["reply"] = {
            "model": meta.model,
            "digest": meta.digest,
            "seed": meta.seed,
            "settings": meta.settings,
            "ids": list(meta.ids),
            "logprobs": list(meta.logprobs),
            "prompt": {"shared": meta.prompt.shared, "rest": list(meta.prompt.rest)},
            "border": list(meta.border) if meta.border else None,
            "finish": meta.finish,
            "cut": meta.cut,
        }
    return out


def from_json(text: str) -> tuple[Story, Report]:
    """A story from such JSON.

    Raises:
        KnownError: it is something else, or damaged; the sentence says where.
    """
    try:
        data = json.loads(text, parse_constant=_number, parse_float=_number)
    except (ValueError, RecursionError):
        raise KnownError("The file is not valid JSON; export the story again.") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise KnownError("The file is JSON, but not a story exported by Brass Lantern.")
    if data.get("version") != VERSION:
        raise KnownError(
            f"The file has version {str(data.get('version'))[:20]} of the format; this Brass Lantern "
            f"reads version {VERSION}. Take a newer one."
        )
    try:
        return _Reading(data).story()
    except RecursionError:
        raise KnownError("The file's settings or lore are nested too deeply for a story.") from None


def _number(digits: str) -> float:
    """A number of the file: what JSON has no way to write must not come out of here again."""
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(digits)
    return value


class _Reading:
    """One pass over the JSON of a story."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data
        self._report = Report("Brass Lantern JSON")
        self._now = 0.0
        self._story = Story(clock=lambda: self._now)
        self._ids: dict[int, int] = {}  # of the file to those of the story

    def story(self) -> tuple[Story, Report]:
        """The story and what became of the file."""
        story, report, data = self._story, self._report, self._data
        nodes = _of(data.get("nodes"), list, "'nodes'")
        if len(nodes) > MAX_NODES:
            raise KnownError(f"The file has more than {MAX_NODES} passages.")
        with story.verb("import"):
            for name in _WORDS:
                story.set(name, normalize(_of(data.get(name, ""), str, f"'{name}'")))
            story.set("settings", _of(data.get("settings", {}), dict, "'settings'"))
            tags = _of(data.get("tags", []), list, "'tags'")
            story.set("tags", [tag for tag in tags if isinstance(tag, str)] or None)
            for entry in _of(data.get("lore", []), list, "'lore'"):
                story.put_lore(_of(entry, dict, "a lore entry"))
                report.keep("lore entries")
            for number, node in enumerate(nodes, 1):
                self._passage(_of(node, dict, f"passage {number}"), f"passage {number}")
            self._names("bookmarks", story.bookmark)
            self._names("branches", story.name_branch)
            head = data.get("head")
            story.go_to(None if head is None else self._place(head, "'head'"))
        return story, report

    def _passage(self, raw: Mapping[str, Any], where: str) -> None:
        try:
            kind = Kind(raw.get("kind"))
        except ValueError:
            raise KnownError(f"In the file, {where} has an unknown kind.") from None
        number = _of(raw.get("id"), int, f"the id of {where}")
        if number in self._ids:
            raise KnownError(f"In the file, {where} has an id that another passage has.")
        text = _of(raw.get("text"), str, f"the text of {where}")
        parent = raw.get("parent")
        at = None if parent is None else self._place(parent, f"the parent of {where}")
        self._now = _finite(raw.get("created", 0.0), f"the time of {where}")
        meta = None
        if raw.get("reply") is not None and kind is Kind.REPLY:
            meta = _reply(_of(raw["reply"], dict, f"the reply of {where}"), where, self._place)
        spans: tuple[Span, ...] | None = _spans(raw.get("spans"), text, where)
        if normalize(text) != text:
            spans = None
            self._report.changed.append(f"The text of {where} held characters no story can hold.")
        author = Author.MODEL if kind is Kind.REPLY else Author.HUMAN
        if at is None and self._story.head is not None:
            self._story.go_to(None)  # the beginning of another story
        if at == self._story.head:
            at = None  # it goes on from there: no need to look up all that came before
        node = self._story.append(kind, text, author, spans=spans, meta=meta, parent=at, join=True)
        self._ids[number] = node.id
        self._report.keep("passages")

    def _place(self, number: object, where: str) -> int:
        if not isinstance(number, int) or number not in self._ids:
            raise KnownError(f"In the file, {where} names a passage that did not come before.")
        return self._ids[number]

    def _names(self, key: str, put: Callable[[str, int], None]) -> None:
        for name, number in _of(self._data.get(key, {}), dict, f"'{key}'").items():
            put(normalize(str(name))[:200], self._place(number, f"the name {str(name)[:40]!r}"))
            self._report.keep(key)


def _of(value: object, kind: type, where: str) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise KnownError(f"In the file, {where} is missing or of the wrong kind.")
    return value


def _finite(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise KnownError(f"In the file, {where} is not a number.")
    if not 0 <= value < 1e11:
        raise KnownError(f"In the file, {where} is out of range.")
    return float(value)


def _numbers(value: object, where: str) -> tuple[int, ...]:
    items = _of(value, list, where)
    if not all(type(item) is int and 0 <= item < 1 << 31 for item in items):
        raise KnownError(f"In the file, {where} holds something other than token ids.")
    return tuple(items)


def _spans(value: object, text: str, where: str) -> tuple[Span, ...]:
    spans: list[Span] = []
    for item in _of(value, list, f"the authors of {where}"):
        try:
            length, author = item
            span = Span(length, Author(author))
        except (TypeError, ValueError):
            raise KnownError(f"In the file, the authors of {where} make no sense.") from None
        if type(length) is not int or length <= 0:
            raise KnownError(f"In the file, the authors of {where} make no sense.")
        spans.append(span)
    if sum(span.length for span in spans) != len(text):
        raise KnownError(f"In the file, the authors of {where} do not cover its text.")
    return tuple(spans)


def _reply(raw: Mapping[str, Any], where: str, place: Callable[[object, str], int]) -> ReplyMeta:
    ids = _numbers(raw.get("ids", []), f"the tokens of {where}")
    logprobs = _of(raw.get("logprobs", []), list, f"the log-probabilities of {where}")
    if len(logprobs) != len(ids) or not all(
        isinstance(p, int | float) and not isinstance(p, bool) and math.isfinite(p)
        for p in logprobs
    ):
        raise KnownError(f"In the file, the log-probabilities of {where} do not fit its tokens.")
    prompt = _of(raw.get("prompt", {}), dict, f"the prompt of {where}")
    shared = _of(prompt.get("shared", 0), int, f"the prompt of {where}")
    if not 0 <= shared < 1 << 31:
        raise KnownError(f"In the file, the prompt of {where} makes no sense.")
    border = raw.get("border")
    if border is not None:
        pair = _numbers(border, f"the border of {where}")
        if len(pair) != 2:
            raise KnownError(f"In the file, the border of {where} makes no sense.")
        border = (place(pair[0], f"the border of {where}"), pair[1])
    seed = _of(raw.get("seed", 0), int, f"the seed of {where}")
    if not -(1 << 63) <= seed < 1 << 63:
        raise KnownError(f"In the file, the seed of {where} is out of range.")
    return ReplyMeta(
        model=normalize(_of(raw.get("model", ""), str, f"the model of {where}")),
        digest=normalize(_of(raw.get("digest", ""), str, f"the model of {where}")),
        seed=seed,
        settings=_of(raw.get("settings", {}), dict, f"the settings of {where}"),
        ids=ids,
        logprobs=tuple(float(p) for p in logprobs),
        prompt=Prompt(shared, _numbers(prompt.get("rest", []), f"the prompt of {where}")),
        border=border,
        finish=normalize(_of(raw.get("finish", ""), str, f"the end of {where}")),
        cut=normalize(_of(raw.get("cut", ""), str, f"the cut of {where}")),
    )
