r"""Blanks in a text that a person fills in before a story begins.

======================  =====================================================================
``${hero}``             asks for "hero"; the name is the question. Later places of a name
                        that was written out once need no more than this
``${hero|Mina}``        with a default
``${hero|Mina|Who?}``   with a default and a question
``${pet|cat/dog|Pet?}`` with choices, the first of which is the default; ``\/`` is a plain slash
``$${``                 a plain ``${``
======================  =====================================================================

A name is asked once, however often it stands there: the first place with a default or a question
says what is asked. A default may hold placeholders of its own (``${inn|${town}'s inn|Which inn?}``).
Answers are plain text: what looks like a placeholder in them stays as it is.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from engine.errors import KnownError

MAX_ANSWER = 200  # characters
MAX_NAME = 60
MAX_PLACEHOLDERS = 50
MAX_DEPTH = 5  # placeholders within placeholders


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One blank: what to ask, and what stands there when nobody answers."""

    name: str
    default: str = ""
    question: str = ""
    choices: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What to show beside the field."""
        return self.question or self.name[:1].upper() + self.name[1:]


@dataclass(frozen=True, slots=True)
class _Blank:
    """A placeholder where it stands in a text."""

    name: str
    middle: str
    question: str


def _pieces(text: str) -> Iterator[str | _Blank]:
    """``text`` as plain stretches and blanks; an opening without its end is plain text."""
    plain: list[str] = []
    at = 0
    while at < len(text):
        mark = text.find("${", at)
        if mark < 0:
            break
        if mark and text[mark - 1] == "$":
            plain.append(text[at : mark - 1] + "${")
            at = mark + 2
            continue
        end = _closing(text, mark + 2)
        if end < 0:
            break
        parts = _split(text[mark + 2 : end], "|")
        name = " ".join(parts[0].split())
        plain.append(text[at:mark])
        if name:
            yield "".join(plain)
            plain = []
            yield _Blank(
                name,
                parts[1].strip() if len(parts) > 1 else "",
                "|".join(parts[2:]).strip(),
            )
        else:
            plain.append(text[mark : end + 1])
        at = end + 1
    plain.append(text[at:])
    yield "".join(plain)


def _closing(text: str, start: int) -> int:
    """Where the placeholder whose inside begins at ``start`` closes; -1 if it never does."""
    depth = 1
    for match in re.compile(r"\$\{|\}").finditer(text, start):
        depth += 1 if match[0] == "${" else -1
        if not depth:
            return match.start()
        if depth > MAX_DEPTH:
            break
    return -1


def _split(text: str, mark: str) -> list[str]:
    """``text`` at each ``mark`` outside nested placeholders; a backslash before it makes it plain."""
    parts, depth, part = [], 0, ""
    for token in re.findall(r"\\.|\$\{|\}|.", text, re.DOTALL):
        depth += {"${": 1, "}": -1}.get(token, 0)
        if token == mark and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += mark if token == "\\" + mark and depth == 0 else token
    return [*parts, part]


def find_placeholders(texts: Iterable[str], *, where: str = "The text") -> tuple[Placeholder, ...]:
    """The blanks of ``texts`` in the order in which they are met, each name once.

    KnownError when there are too many, when a name is too long, or when defaults ask for each other
    in a circle.
    """
    found: dict[str, Placeholder] = {}
    for text in texts:
        _collect(text, found, where)
    fine: set[str] = set()
    for name in found:
        _check_circle(name, found, (), fine, where)
    return tuple(found.values())


def _collect(text: str, found: dict[str, Placeholder], where: str) -> None:
    for piece in _pieces(text):
        if isinstance(piece, str):
            continue
        if len(piece.name) > MAX_NAME:
            raise KnownError(
                f'{where}: the placeholder "{piece.name[:30]}..." has a name of more than '
                f"{MAX_NAME} characters."
            )
        choices = tuple(part.strip() for part in _split(piece.middle, "/") if part.strip())
        new = Placeholder(
            piece.name,
            choices[0] if choices else "",
            piece.question,
            choices if len(choices) > 1 else (),
        )
        old = found.get(piece.name)
        if old is None or not (old.default or old.question):
            found[piece.name] = new
        if len(found) > MAX_PLACEHOLDERS:
            raise KnownError(f"{where} has more than {MAX_PLACEHOLDERS} placeholders.")
        _collect(piece.middle, found, where)


def _check_circle(
    name: str,
    found: Mapping[str, Placeholder],
    path: tuple[str, ...],
    fine: set[str],
    where: str,
) -> None:
    if name in path:
        circle = " -> ".join((*path[path.index(name) :], name))
        raise KnownError(f"{where}: placeholders need each other in a circle: {circle}.")
    if name in fine:
        return
    for text in (found[name].default, *found[name].choices):
        for piece in _pieces(text):
            if not isinstance(piece, str):
                _check_circle(piece.name, found, (*path, name), fine, where)
    fine.add(name)


def fill(text: str, placeholders: Iterable[Placeholder], values: Mapping[str, str]) -> str:
    """``text`` with each blank filled: the answer in ``values``, or the default."""
    answers = {name: cleaned for name in values if (cleaned := clean_answer(values[name]))}
    return _fill(text, {item.name: item for item in placeholders}, answers)


def _fill(text: str, known: Mapping[str, Placeholder], answers: dict[str, str]) -> str:
    """``text`` filled; defaults that were worked out are added to ``answers``."""
    out: list[str] = []
    for piece in _pieces(text):
        if isinstance(piece, str):
            out.append(piece)
            continue
        if piece.name not in answers:
            default = known[piece.name].default if piece.name in known else ""
            answers[piece.name] = clean_answer(_fill(default, known, answers))
        out.append(answers[piece.name])
    return "".join(out)


def clean_answer(answer: str) -> str:
    """An answer as it is put into a text: one line, not too long."""
    return " ".join(answer.replace("\0", "").split())[:MAX_ANSWER].rstrip()


def surprise_values(placeholders: Iterable[Placeholder], seed: int) -> dict[str, str]:
    """An answer for each blank that has choices, drawn by ``seed``; the others keep their default."""
    draw = random.Random(seed)
    items = tuple(placeholders)
    return {
        item.name: _fill(draw.choice(item.choices), {other.name: other for other in items}, {})
        for item in items
        if item.choices
    }
