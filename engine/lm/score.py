"""How likely a model finds every token of a given text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from engine.errors import KnownError
from engine.lm.backend import Alternative, Prefill, Scored
from engine.lm.gpt import GPT
from engine.tokens import Tokenizer

CHUNK = 64  # positions whose logits [CHUNK, V] are held at once


@torch.inference_mode()
def score(
    model: GPT, tokenizer: Tokenizer, tokens: Sequence[int], top: int = 0
) -> Iterator[Prefill | Scored]:
    """Log-probability, rank and alternatives of every token after those before it.

    The first has nothing before it. A text longer than ``n_ctx`` is read in windows that overlap by
    half, so that every token has at least half a window before it.
    """
    if not all(0 <= token < model.config.n_vocab for token in tokens):
        raise KnownError("The text holds token ids that this model does not have.")
    total, n_ctx = len(tokens), model.config.n_ctx
    if total:
        yield Scored(tokens[0], None, None)
    known = 1  # tokens scored so far
    for start in range(0, total, n_ctx // 2 or 1):
        if known >= total:
            break
        end = min(start + n_ctx, total)
        cache = model.cache(room=end - start)
        for a in range(start, end, CHUNK):
            b = min(a + CHUNK, end)
            x = ids = torch.tensor([list(tokens[a:b])], device=model.device)
            for x in model.layers(ids, cache):  # noqa: B007
                yield Prefill(a, total)
            first, last = max(a, known - 1), min(b, end - 1)  # positions whose next token is new
            if first < last:
                logits = model.lm_head(model.ln_f(x[0, first - a : last - a])).float()
                targets = list(tokens[first + 1 : last + 1])
                yield from _scored(logits[:, : tokenizer.n_vocab], targets, top, tokenizer)
                known = last + 1
    yield Prefill(total, total)


def _scored(logits: Tensor, targets: list[int], top: int, tokenizer: Tokenizer) -> Iterator[Scored]:
    """Scores of ``targets`` [T] under ``logits`` [T, V]."""
    logprobs = logits.log_softmax(-1)
    wanted = torch.tensor(targets, device=logits.device).unsqueeze(1)
    own = logprobs.gather(1, wanted)
    ranks = (logprobs > own).sum(1).tolist()
    values, indices = logprobs.topk(min(top, logits.shape[1]), -1)
    for row, token in enumerate(targets):
        best = tuple(
            Alternative(i, tokenizer.decode([i]), value)
            for i, value in zip(indices[row].tolist(), values[row].tolist(), strict=True)
        )
        yield Scored(token, float(own[row]), ranks[row], best)
