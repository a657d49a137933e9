"""Play openings with a model and count what a program can see in its replies."""

from __future__ import annotations

# ruff: noqa: SIM905 - word lists read better as text
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from engine.lm.backend import Backend, End, Finish, Request, Retract, Token
from engine.lm.settings import SamplerSettings
from training.adventures_file import Adventure, window_text

SAMPLING = SamplerSettings(temperature=0.7, top_p=0.9, repetition_penalty=1.05)
MAX_TOKENS = 120
TURNS = 3
_WORD = re.compile(r"[A-Za-z']+")
_SMALL = frozenset(
    "you your the a an and of to in on at it its for with from into out up down say says ask tell "
    "go look take get put give is are what who where how why him her them his this that my me i all "
    "back over about then there one more some try not do be can will if".split()
)


@dataclass(frozen=True, slots=True)
class Opening:
    """Where a play-through begins, and what the player will do."""

    title: str
    head: str
    story: str
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """An action and what the model made of it."""

    action: str
    text: str
    stopped: bool


def openings(adventures: list[Adventure], limit: int = 40) -> list[Opening]:
    """Beginnings and later places of the adventures, with their own next three actions."""
    found = []
    for skip in (0, 3, 6):
        for adventure in adventures:
            turns = list(adventure.turns())[skip : skip + TURNS]
            if len(turns) == TURNS:
                head = window_text("", memory=adventure.memory, lore=adventure.lore).rstrip()
                actions = tuple(action for _, action, _ in turns)
                found.append(Opening(adventure.title, head, turns[0][0], actions))
    return found[:limit]


def play(backend: Backend, opening: Opening, seed: int) -> Iterator[Reply]:
    """The model's replies to the opening's actions, one after the other."""
    encode, begin = backend.tokenizer.encode, backend.tokenizer.end_of_text
    head = [] if begin is None else [begin]
    story = opening.story
    for turn, action in enumerate(opening.actions):
        story += "\n\n" + action
        fixed = [*head, *encode(opening.head), *(encode("\n\n") if opening.head else [])]
        room = backend.n_ctx - MAX_TOKENS - len(fixed)
        request = Request(
            text=story,
            tokens=(*fixed, *encode(story)[-room:]),
            max_tokens=MAX_TOKENS,
            sampling=SAMPLING,
            stop=("\n>",),
            seed=seed + turn,
        )
        tokens: list[Token] = []
        reason = Finish.LENGTH
        for event in backend.generate(request):
            if isinstance(event, Token):
                tokens.append(event)
            elif isinstance(event, Retract):
                del tokens[-event.n :]
            elif isinstance(event, End):
                reason = event.reason
        text = "".join(token.text for token in tokens).strip()
        story += "\n\n" + text
        yield Reply(action, text, stopped=reason in (Finish.STOP, Finish.END))


@dataclass(frozen=True, slots=True)
class Marks:
    """Counts over many replies; all are parts of one but ``words``, a mean."""

    answered: float  # content words of the action that the reply takes up
    repeated: float  # 4-grams that stand in the same play-through already
    distinct: float  # different 2-grams among all
    stopped: float  # replies that ended by themselves
    balanced: float  # replies whose quotes close
    unknown: float  # words that no adventure contains
    words: float


def marks(plays: list[list[Reply]], known: frozenset[str]) -> Marks:
    """Score play-throughs; ``known`` are the words (lower case) that count as words."""
    replies = [reply for replies in plays for reply in replies]
    taken = asked = repeated = grams = 0
    pairs: Counter[tuple[str, ...]] = Counter()
    unknown = words = 0
    for play_through in plays:
        seen: set[tuple[str, ...]] = set()
        for reply in play_through:
            text = [word.lower() for word in _WORD.findall(reply.text)]
            stems = {_stem(word) for word in text}
            wanted = {_stem(w.lower()) for w in _WORD.findall(reply.action)}
            wanted -= {_stem(w) for w in _SMALL}
            asked += len(wanted)
            taken += len(wanted & stems)
            for gram in zip(*(text[i:] for i in range(4)), strict=False):
                grams += 1
                repeated += gram in seen
                seen.add(gram)
            pairs.update(pairwise(text))
            words += len(text)
            unknown += sum(
                w.strip("'").removesuffix("'s") not in known and w not in known for w in text
            )
    return Marks(
        answered=taken / max(1, asked),
        repeated=repeated / max(1, grams),
        distinct=len(pairs) / max(1, pairs.total()),
        stopped=sum(r.stopped for r in replies) / max(1, len(replies)),
        balanced=sum(r.text.count('"') % 2 == 0 for r in replies) / max(1, len(replies)),
        unknown=unknown / max(1, words),
        words=words / max(1, len(replies)),
    )


def known_words(texts: list[str]) -> frozenset[str]:
    """Every word of ``texts`` in lower case."""
    return frozenset(w.lower().strip("'") for text in texts for w in _WORD.findall(text))


def _stem(word: str) -> str:
    """So that "opened" takes up "open": the first five letters."""
    return word.removesuffix("'s").rstrip("s")[:5]
