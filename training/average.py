"""Average the weights of models: ``python -m training.average FOLDER=SHARE... -o FOLDER``.

States of one run, and of the run it went on from, lie around the same valley; their mean lies deeper
in it than any of them and has forgotten more of what single passes taught by heart.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from engine.errors import KnownError
from engine.lm.checkpoint import load_model
from engine.lm.export import save_model
from engine.lm.gpt import GPT


def average(models: list[tuple[GPT, float]]) -> GPT:
    """The weighted mean, in the first model, which is changed; shares need not add up to 1.

    Raises:
        KnownError: the shapes differ, or there is nothing to average.
    """
    total = sum(share for _, share in models)
    if total <= 0:
        raise KnownError("There is nothing to average: give at least one model a share above 0.")
    first = models[0][0]
    if any(model.config != first.config for model, _ in models):
        raise KnownError("Only models of one shape can be averaged.")
    others = [dict(model.named_parameters()) for model, _ in models]
    with torch.no_grad():
        for name, weight in first.named_parameters():
            parts = [
                own[name].double() * (share / total)
                for own, (_, share) in zip(others, models, strict=True)
            ]
            weight.copy_(torch.stack(parts).sum(0))
    return first


def main(argv: list[str] | None = None) -> int:
    """Write the mean of the folders named; 0, or 2 when they do not fit."""
    parser = argparse.ArgumentParser(description="Average the weights of models.")
    parser.add_argument("models", nargs="+", metavar="FOLDER[=SHARE]")
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args(argv)
    try:
        found: list[tuple[GPT, float]] = []
        for spec in args.models:
            folder, _, share = spec.partition("=")
            model = load_model(Path(folder), dtype="float32", device="cpu")
            found.append((model, float(share or 1)))
        first = Path(args.models[0].partition("=")[0])
        save_model(average(found), args.output, tokenizer=first)
    except (KnownError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
