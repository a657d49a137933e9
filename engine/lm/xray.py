"""The next token's distribution on its way through the chain, made ready to be looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.lm.draws import Draw
from engine.lm.samplers.row import Floats, Ids
from engine.lm.sampling import Chain, StageReport, State
from engine.tokens import Tokenizer

TOP = 20  # tokens that are shown
_BITS = 1 / math.log(2)
_SIGNS = {" ": "·", "\n": "↵", "\t": "⇥", "\r": "␍", "\u00a0": "⍽"}


@dataclass(frozen=True, slots=True)
class Step:
    """What one stage did: tokens it cut and their share of the probability, and what is left.

    ``entropy`` is in bits, after the stage; ``kept`` counts tokens that can still be drawn.
    """

    name: str
    cut: int
    lost: float
    kept: int
    entropy: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A token: its probability before and after the chain; ``cut_by`` names what struck it."""

    id: int
    text: str
    before: float
    after: float
    cut_by: str = ""


@dataclass(frozen=True, slots=True)
class Xray:
    """The picture of one place: the model's own distribution is the first step."""

    steps: tuple[Step, ...]
    bars: tuple[Bar, ...]

    @property
    def before(self) -> Step:
        """The model's own."""
        return self.steps[0]

    @property
    def after(self) -> Step:
        """What is drawn from."""
        return self.steps[-1]


def perplexity(bits: float) -> float:
    """Between how many equally likely tokens an entropy of ``bits`` would choose."""
    return 2.0**bits


def xray(
    chain: Chain,
    logits: Floats,
    history: Sequence[int] | Ids,
    tokenizer: Tokenizer,
    *,
    top: int = TOP,
    draw: Draw | None = None,
    state: State | None = None,
) -> Xray:
    """What ``chain`` makes of ``logits`` [V] behind ``history``; the ``top`` likeliest as bars.

    Without ``draw`` chances are taken: XTC strikes. Without ``state`` it is a reply's first token.

    Raises:
        KnownError: the logits are not numbers.
    """
    reports = chain.trace(logits, history, draw, state)
    first, last = reports[0], reports[-1]
    shown = np.union1d(_highest(first, top), _highest(last, top))
    table = np.stack([_shares(report, shown) for report in reports])
    before, after = table[0], table[-1]
    leading = np.argsort(-np.maximum(before, after), kind="stable")[:top]
    order = leading[np.lexsort((-after[leading], -before[leading]))]
    bars = tuple(
        Bar(
            int(shown[i]),
            visible(int(shown[i]), tokenizer),
            float(before[i]),
            float(after[i]),
            _struck(table[:, i], reports),
        )
        for i in order
    )
    return Xray(_steps(reports), bars)


def visible(token: int, tokenizer: Tokenizer) -> str:
    """What a token writes, with white space and bytes that are no character made visible."""
    if tokenizer.is_special(token):
        return "⟨end⟩"
    raw = tokenizer.decode_bytes([token])
    return show(raw.decode("utf-8", "surrogateescape"))


def show(text: str) -> str:
    """A text with white space and what cannot be printed made visible."""
    out = []
    for char in text:
        if 0xDC80 <= ord(char) <= 0xDCFF:
            out.append(f"‹{ord(char) - 0xDC00:02X}›")
        elif char in _SIGNS or char.isprintable():
            out.append(_SIGNS.get(char, char))
        else:
            out.append(f"‹U+{ord(char):04X}›")
    return "".join(out)


def _highest(report: StageReport, n: int) -> Ids:
    if len(report.ids) <= n:
        return report.ids
    return report.ids[np.argpartition(-report.after, n - 1)[:n]]


def _shares(report: StageReport, tokens: Ids) -> np.ndarray:
    """The probabilities of ``tokens`` after a stage; 0 for those that are out."""
    places = np.searchsorted(report.ids, tokens)
    places[places == len(report.ids)] = 0
    return np.where(report.ids[places] == tokens, report.after[places], 0.0)


def _struck(shares: np.ndarray, reports: Sequence[StageReport]) -> str:
    if shares[-1] > 0:
        return ""
    return next(
        (r.name for r, a, b in zip(reports[1:], shares, shares[1:], strict=False) if a > 0 >= b), ""
    )


def _steps(reports: Sequence[StageReport]) -> tuple[Step, ...]:
    steps: list[Step] = []
    for report in reports:
        kept = int(np.count_nonzero(report.after))
        cut, lost = 0, 0.0
        if steps:
            cut = steps[-1].kept - kept
            stayed = report.before if kept == len(report.ids) else report.before[report.after > 0]
            lost = max(0.0, 1.0 - float(stayed.sum())) if cut else 0.0
        steps.append(Step(report.name, cut, lost, kept, max(0.0, report.entropy * _BITS)))
    return tuple(steps)
