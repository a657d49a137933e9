"""What a model makes of held-out text: likelihood, by position, by action, with and without memory.

Everything is in nats per character, so models with different vocabularies can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.lm.gpt import GPT, KVCache
from engine.tokens import Tokenizer
from training.adventures_file import Adventure, window_text

HEAD = 3200  # characters of a text that are measured
BUCKET = 128  # positions
SWAP = 5  # turns between an action and the one put in its place


class Reader(Protocol):
    """A model with its tokenizer."""

    @property
    def model(self) -> GPT:
        """The network."""
        ...

    @property
    def tokenizer(self) -> Tokenizer:
        """Its tokenizer."""
        ...


@dataclass(slots=True)
class Likelihood:
    """Sums over texts: nats, characters, and nats and tokens by bucket of positions."""

    nats: float = 0.0
    characters: int = 0
    bucket_nats: dict[int, float] = field(default_factory=dict)
    bucket_tokens: dict[int, int] = field(default_factory=dict)

    @property
    def per_character(self) -> float:
        """Nats per character."""
        return self.nats / max(1, self.characters)

    def by_position(self) -> dict[str, float]:
        """Nats per token for each bucket of positions."""
        return {
            f"{start}-{start + BUCKET - 1}": self.bucket_nats[start] / self.bucket_tokens[start]
            for start in sorted(self.bucket_nats)
        }


@torch.inference_mode()
def likelihood(reader: Reader, texts: list[str]) -> Likelihood:
    """How likely the heads of ``texts`` are, each after the end-of-text token."""
    found = Likelihood()
    for text in texts:
        ids = [_begin(reader), *reader.tokenizer.encode(text[:HEAD])][
            : reader.model.config.n_ctx + 1
        ]
        rows = torch.tensor([ids])
        nats = F.cross_entropy(reader.model(rows[:, :-1])[0].float(), rows[0, 1:], reduction="none")
        found.nats += nats.sum().item()
        found.characters += len(reader.tokenizer.decode(ids[1:]))
        for start in range(0, len(nats), BUCKET):
            part = nats[start : start + BUCKET]
            found.bucket_nats[start] = found.bucket_nats.get(start, 0.0) + part.sum().item()
            found.bucket_tokens[start] = found.bucket_tokens.get(start, 0) + len(part)
    return found


@torch.inference_mode()
def long_positions(reader: Reader, texts: list[str]) -> dict[str, float]:
    """Nats per token by position over texts that are put end to end to fill every position."""
    whole = Likelihood()
    n_ctx = reader.model.config.n_ctx
    ids: list[int] = []
    for text in texts:
        ids += [_begin(reader), *reader.tokenizer.encode(text)]
    for at in range(0, len(ids) - n_ctx, n_ctx):
        rows = torch.tensor([ids[at : at + n_ctx + 1]])
        nats = F.cross_entropy(reader.model(rows[:, :-1])[0].float(), rows[0, 1:], reduction="none")
        for start in range(0, n_ctx, BUCKET):
            part = nats[start : start + BUCKET]
            whole.bucket_nats[start] = whole.bucket_nats.get(start, 0.0) + part.sum().item()
            whole.bucket_tokens[start] = whole.bucket_tokens.get(start, 0) + len(part)
    return whole.by_position()


@dataclass(frozen=True, slots=True)
class Contrast:
    """The swapped-action contrast over turns."""

    turns: int
    won: int
    gain: float

    @property
    def share(self) -> float:
        """Part of the turns whose reply is likelier after its own action."""
        return self.won / max(1, self.turns)


@torch.inference_mode()
def contrast(reader: Reader, adventures: list[Adventure]) -> Contrast:
    """How much likelier each reply is after its own action than after that of five turns later.

    ``gain`` is the mean over turns of the difference in nats per character of the reply.
    """
    won, gains = 0, []
    memo = _Memo(reader.model)
    for adventure in adventures:
        turns = list(adventure.turns())
        for i, (before, action, reply) in enumerate(turns):
            other = turns[(i + SWAP) % len(turns)][1]
            own = reply_nats(reader, memo, before, action, reply)
            swapped = reply_nats(reader, memo, before, other, reply)
            gains.append((swapped - own) / len(reply))
            won += swapped > own
    return Contrast(len(gains), won, sum(gains) / max(1, len(gains)))


class _Memo:
    """A cache that is kept as far as the next text begins as the last one did."""

    def __init__(self, model: GPT) -> None:
        self.model = model
        self.cache = KVCache(model.config)
        self.ids: list[int] = []

    def states(self, ids: list[int], start: int) -> Tensor:
        """The final states of ``ids[start:]``, [T, C]."""
        pairs = zip(ids[:start], self.ids, strict=False)
        same = next((i for i, (a, b) in enumerate(pairs) if a != b), min(start, len(self.ids)))
        self.cache.truncate(same)
        self.ids = ids
        return self.model.hidden(torch.tensor([ids[same:]]), self.cache)[0, start - same :]


def reply_nats(reader: Reader, memo: _Memo, before: str, action: str, reply: str) -> float:
    """Nats of the reply (and the empty line in front of it) after this action."""
    encode = reader.tokenizer.encode
    middle, target = encode("\n\n" + action), encode("\n\n" + reply)
    room = reader.model.config.n_ctx - 1 - len(middle) - len(target)
    ids = [_begin(reader), *encode(before)[-room:], *middle]
    states = memo.states([*ids, *target[:-1]], len(ids) - 1)
    logits = reader.model.lm_head(states).float()
    return F.cross_entropy(logits, torch.tensor(target), reduction="sum").item()


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """How much likelier first mentions of names become when memory and lore lines name them."""

    mentions: int
    nats: float  # mean nats gained per mention
    likelier: float  # part of the mentions that gained


@torch.inference_mode()
def memory_use(reader: Reader, adventures: list[Adventure]) -> MemoryUse:
    """First mentions of the lore's names in the body, with the head lines against without."""
    gains = []
    for adventure in adventures:
        head = window_text("", memory=adventure.memory, lore=adventure.lore).rstrip()
        for name, _ in adventure.lore:
            word = name.removeprefix("the ").removeprefix("The ")
            at = adventure.body.find(" " + word)
            if at <= 0:
                continue
            before = adventure.body[max(0, at - 1500) : at]
            plain = _next_nats(reader, before, " " + word)
            named = _next_nats(reader, f"{head}\n\n{before}", " " + word)
            gains.append(plain - named)
    count = max(1, len(gains))
    return MemoryUse(len(gains), sum(gains) / count, sum(g > 0 for g in gains) / count)


def _next_nats(reader: Reader, before: str, text: str) -> float:
    target = reader.tokenizer.encode(text)
    ids = [_begin(reader), *reader.tokenizer.encode(before)]
    states = reader.model.hidden(torch.tensor([ids + target[:-1]]))[0, len(ids) - 1 :]
    logits = reader.model.lm_head(states).float()
    return F.cross_entropy(logits, torch.tensor(target), reduction="sum").item()


def _begin(reader: Reader) -> int:
    end = reader.tokenizer.end_of_text
    if end is None:
        raise ValueError("the tokenizer has no end-of-text token")
    return end
