"""One adventure, many honest windows: the forms in which the game will show it to Ember."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random

from training.adventures_file import Adventure, window_text
from training.rename import rename, swap_gender

_SENTENCE = re.compile(r"(?<=[.!?\"])\s+(?=[A-Z\"])")


def variant(adventure: Adventure, names: frozenset[str], random: Random) -> str:
    """One window of ``adventure``; draws decide names, lines, start, quotes."""
    if random.random() < 0.8:
        adventure = _renamed(adventure, names, random)
    blocks = adventure.blocks
    start = 0
    if random.random() < 0.4 and len(blocks) > 8:  # what is left after the window has moved on
        start = random.randrange(1, max(2, 2 * len(blocks) // 3))
    kept = blocks[start:]
    if start and random.random() < 0.5 and not kept[0].startswith("> "):
        sentences = _SENTENCE.split(kept[0])
        kept[0] = " ".join(sentences[random.randrange(len(sentences)) :])
    plain = random.random() < (0.15 if start else 0.3)
    memory = adventure.memory if not plain and random.random() < 0.75 else ""
    lore = adventure.lore if not plain and random.random() < 0.6 else ()
    if lore and random.random() < 0.5:
        lore = tuple(random.sample(lore, random.randint(1, len(lore))))
    note = style_note(adventure, kept, random) if not plain and random.random() < 0.35 else ""
    if random.random() < 0.15:
        kept = _with_late_lore(kept, adventure.lore, random)
        lore = ()
    if random.random() < 0.2:
        kept = _with_hint(kept, random)
    text = window_text("\n\n".join(kept), memory=memory, lore=lore, note=note)
    return _odd_characters(text, random)


def _renamed(adventure: Adventure, names: frozenset[str], random: Random) -> Adventure:
    lore = "\n".join(f"{name} = {fact}" for name, fact in adventure.lore)
    whole = f"{adventure.memory}\x00{lore}\x00{adventure.body}"
    whole = rename(whole, names, random)
    if random.random() < 0.15:  # first the other kind of people, then names that fit them
        whole = rename(swap_gender(whole), names, random)
    memory, lore, body = whole.split("\x00")
    pairs = tuple(tuple(line.split(" = ", 1)) for line in lore.splitlines())
    return replace(adventure, memory=memory, lore=pairs, body=body)  # type: ignore[arg-type]


def style_note(adventure: Adventure, blocks: list[str], random: Random) -> str:
    """What a co-writer might ask for and this text truly is: its genre or its length of reply."""
    replies = [block for block in blocks if not block.startswith("> ")]
    words = sum(len(block.split()) for block in replies) / max(1, len(replies))
    talk = sum('"' in block for block in replies) / max(1, len(replies))
    choices = [f"Genre: {adventure.genre}.", f"A {adventure.genre} story."]
    if words < 28:
        choices += ["Short replies.", "Keep it short and simple."]
    if words > 48:
        choices += ["Long replies.", "Tell it in rich detail."]
    if talk > 0.6:
        choices += ["Much talk."]
    if talk < 0.2:
        choices += ["Little talk."]
    return random.choice(choices)


def _with_late_lore(
    blocks: list[str], lore: tuple[tuple[str, str], ...], random: Random
) -> list[str]:
    """A lore line in the text where the game would put a triggered one: before what it is about."""
    entries = [(n, f) for n, f in lore if any(n in block for block in blocks[1:])]
    if not entries:
        return blocks
    name, fact = random.choice(entries)
    at = next(i for i, block in enumerate(blocks) if i and name in block)
    at = max(1, at - random.randrange(3))
    return [*blocks[:at], f"[Lore: {name} is {fact}]", *blocks[at:]]


def _with_hint(blocks: list[str], random: Random) -> list[str]:
    """A note that gives away a sentence of what comes next, a paragraph or three ahead of it."""
    places = [i for i in range(2, len(blocks)) if not blocks[i].startswith("> ")]
    if not places:
        return blocks
    at = random.choice(places)
    sentences = [s for s in _SENTENCE.split(blocks[at]) if 3 <= len(s.split()) <= 14]
    sentences = [s for s in sentences if '"' not in s and s[-1] == "."]
    if not sentences:
        return blocks
    before = max(1, at - random.randint(1, 3))
    return [*blocks[:before], f"[Note: {random.choice(sentences)}]", *blocks[before:]]


def _odd_characters(text: str, random: Random) -> str:
    """Now and then the quotes and dashes of pasted text."""
    draw = random.random()
    if draw < 0.04:
        text = re.sub(r'(^|[\s(\[])"', "\\1\u201c", text).replace('"', "\u201d")
        text = text.replace("'", "\u2019")
    if 0.03 < draw < 0.05:
        text = text.replace(" -- ", "\u2014").replace("...", "\u2026")
    return text
