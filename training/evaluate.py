"""Judge models beside each other: ``python -m training.evaluate ember FOLDER --transcripts FILE``."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from engine.lm.library import find_model
from engine.lm.local import LocalBackend
from training.adventures_file import Adventure, read_adventures
from training.build_corpus import story_documents
from training.measures import contrast, likelihood, long_positions, memory_use
from training.playtest import Opening, Reply, known_words, marks, openings, play

HERE = Path(__file__).parent
VALIDATION = HERE / "adventures" / "validation.txt"
TRANSCRIPTS = 6


def main(argv: list[str] | None = None) -> int:
    """Print one JSON object with a column per model; 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", help="names from the library or folders")
    parser.add_argument("--text", nargs="*", type=Path, default=[], help="held-out story files")
    parser.add_argument("--quick", action="store_true", help="likelihood and contrast alone")
    parser.add_argument("--transcripts", type=Path, help="write six play-throughs of each here")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int)
    args = parser.parse_args(argv)
    if args.threads:
        torch.set_num_threads(args.threads)
    adventures = read_adventures(VALIDATION)
    texts = {path.name.split(".")[0]: list(story_documents(path)) for path in args.text}
    page = []
    for name in args.models:
        folder = find_model(name)
        backend = LocalBackend.load(folder, dtype="float32", device="cpu", name=folder.name)
        row, plays = judge(backend, adventures, texts, args.seed, quick=args.quick)
        print(json.dumps({"model": name, **row}), flush=True)
        page.append(transcript(name, plays))
        backend.close()
    if args.transcripts:
        args.transcripts.write_text("\n".join(page), encoding="utf-8")
    return 0


def judge(
    backend: LocalBackend,
    adventures: list[Adventure],
    texts: dict[str, list[str]],
    seed: int,
    *,
    quick: bool = False,
) -> tuple[dict[str, Any], list[tuple[Opening, list[Reply]]]]:
    """All measures of one model, and its play-throughs."""
    whole = likelihood(backend, [a.body for a in adventures])
    swapped = contrast(backend, adventures)
    row: dict[str, Any] = {
        "nats_per_character": round(whole.per_character, 4),
        "contrast": round(swapped.share, 4),
        "contrast_gain": round(swapped.gain, 4),
    }
    if quick:
        return row, []
    row["by_source"] = {
        name: round(likelihood(backend, some).per_character, 4) for name, some in texts.items()
    }
    bodies = [a.body for a in adventures]
    row["nats_per_token_by_position"] = {
        bucket: round(nats, 3) for bucket, nats in long_positions(backend, bodies).items()
    }
    use = memory_use(backend, adventures)
    row["memory"] = {name: round(value, 3) for name, value in asdict(use).items()}
    plays = [
        (opening, list(play(backend, opening, seed + 100 * i)))
        for i, opening in enumerate(openings(adventures))
    ]
    known = known_words(
        [
            a.body + a.memory
            for path in VALIDATION.parent.glob("*.txt")
            for a in read_adventures(path)
        ]
    )
    scored = asdict(marks([replies for _, replies in plays], known))
    row["play"] = {name: round(value, 4) for name, value in scored.items()}
    return row, plays


def transcript(name: str, plays: list[tuple[Opening, list[Reply]]]) -> str:
    """The first six play-throughs as a page for reading, unpicked."""
    parts = [f"# {name}\n"]
    for opening, replies in plays[:TRANSCRIPTS]:
        parts.append(f"## {opening.title}\n\n{opening.head}\n\n{opening.story}\n")
        parts += [f"**{reply.action}**\n\n{reply.text or '(nothing)'}\n" for reply in replies]
    return "\n".join(parts)


if __name__ == "__main__":
    sys.exit(main())
