"""Plain text and Markdown: the branch as it reads, actions as lines that begin with ``>``.

The two differ in their heads: Markdown has the title as ``# Title`` and so its chapters one level
deeper; plain text has neither marks nor a title line.
"""

from __future__ import annotations

import re

from engine.story.adventure import ACTIONS, line
from engine.story.formats.colophon import colophon, without_colophon
from engine.story.formats.report import Report
from engine.story.node import Kind
from engine.story.normalize import normalize
from engine.story.tree import Story

_CHAPTER = re.compile(r"^(#{1,5}) (?=\S)", re.MULTILINE)
_DEEPER = re.compile(r"^#(#{1,5}) (?=\S)", re.MULTILINE)
_TITLE = re.compile(r"\A\s*# ([^\n]+)\n*")
_ACTION = re.compile(r"^>[ \t]*(\S[^\n]*)$", re.MULTILINE)
_BLANKS = re.compile(r"\n{3,}")


def reading_text(story: Story, last: int | None = None) -> str:
    """The branch, or its ``last`` passages, as a reader sees it."""
    parts: list[str] = []
    for node in story.branch()[-last if last else 0 :]:
        if node.kind in ACTIONS:
            parts.append(f"{node.lead}> {line(node).strip()}")
        else:
            parts.append(node.text)
    return _BLANKS.sub("\n\n", "".join(parts)).strip()


def to_text(story: Story) -> str:
    """The branch as plain text, and who wrote it."""
    return _ended(reading_text(story), colophon(story))


def to_markdown(story: Story) -> str:
    """The branch as Markdown under its title, and who wrote it."""
    body = _CHAPTER.sub(r"#\1 ", reading_text(story))
    head = f"# {' '.join(story.title.split())}\n\n" if story.title.strip() else ""
    line_ = colophon(story)
    return _ended(head + body, f"*{line_}*" if line_ else "")


def _ended(body: str, last: str) -> str:
    return f"{body}\n\n{last}\n" if last else f"{body}\n"


def from_text(text: str, title: str, *, markdown: bool) -> tuple[Story, Report]:
    """A story from plain text or Markdown: lines that begin with ``>`` are actions."""
    report = Report("Markdown" if markdown else "plain text")
    text = normalize(text)
    text, had = without_colophon(text)
    if had:
        report.dropped.append("The line that says who wrote the story: it is made anew.")
    if markdown:
        found = _TITLE.match(text)
        if found:
            title, text = found[1].strip(), text[found.end() :]
        text = _DEEPER.sub(r"\1 ", text)
    story = Story()
    with story.verb("import"):
        story.set("title", title)
        _passages(story, text, report)
    if story.text:
        report.changed.append(
            "Who wrote what is not said in the file: all of it is marked as a person's."
        )
    return story, report


def _passages(story: Story, text: str, report: Report) -> None:
    place = 0
    kind = Kind.OPENING
    for match in [*_ACTION.finditer(text), None]:
        end = match.start() if match else len(text)
        passage = text[place:end].strip()
        if passage:
            story.append(kind, passage)
            report.keep("passages")
        if match:
            story.append(Kind.DO, match[1].strip())
            report.keep("actions")
            place, kind = match.end(), Kind.REPLY
