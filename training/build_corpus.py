"""Build the token files: ``python -m training.build_corpus --stories FOLDER -o FOLDER``."""

from __future__ import annotations

import argparse
import json
import lzma
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from random import Random

from tokenizers.implementations.byte_level_bpe import ByteLevelBPETokenizer

from engine.lm.tokenfile import write_tokens
from training.adventures_file import END, read_adventures
from training.augment import variant
from training.rename import proper_names

HERE = Path(__file__).parent
HELD_OUT = 50  # every 50th document of a story source is validation


def story_documents(path: Path) -> Iterator[str]:
    """The documents of one ``.txt`` or ``.txt.xz`` file, parted by the end-of-text line."""
    data = path.read_bytes()
    text = (lzma.decompress(data) if path.suffix == ".xz" else data).decode("utf-8")
    for part in text.split(END):
        if part.strip():
            yield part.strip()


def encode(tokenizer: ByteLevelBPETokenizer, texts: Iterable[str], end: int) -> Iterator[list[int]]:
    """Token ids of each text, the end-of-text token in front."""
    queue = iter(texts)
    while some := list(islice(queue, 256)):
        for encoding in tokenizer.encode_batch(some):
            yield [end, *encoding.ids]


def main(argv: list[str] | None = None) -> int:
    """Write train and validation token files and ``corpus.json``; 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--adventures", type=Path, default=HERE / "adventures")
    parser.add_argument("--stories", type=Path, help="folder of .txt or .txt.xz story files")
    parser.add_argument("--tokenizer", type=Path, required=True, help="vocab.json and merges.txt")
    parser.add_argument("--variants", type=int, default=24, help="windows made of each adventure")
    parser.add_argument("--megabytes", type=float, default=20.0, help="at most, per story source")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args(argv)
    vocab, merges = args.tokenizer / "vocab.json", args.tokenizer / "merges.txt"
    tokenizer = ByteLevelBPETokenizer(str(vocab), str(merges))
    n_vocab = tokenizer.get_vocab_size()
    end = json.loads(vocab.read_text(encoding="utf-8"))[END]
    args.output.mkdir(parents=True, exist_ok=True)
    counts: dict[str, int] = {}

    def write(name: str, texts: Iterable[str]) -> None:
        path = args.output / f"{name}.tokens"
        counts[name] = write_tokens(path, encode(tokenizer, texts, end), n_vocab=n_vocab)
        print(f"{name}: {counts[name]} tokens", file=sys.stderr)

    files = sorted(args.adventures.glob("*.txt"))
    for kind in ("simple", "full"):
        some = [
            adventure
            for path in files
            if path.stem != "validation" and path.stem.startswith("simple") == (kind == "simple")
            for adventure in read_adventures(path)
        ]
        if not some:
            continue
        names = proper_names(f"{a.memory} {a.body}" for a in some)
        random = Random(args.seed)
        # Round by round, so that a file's order is a fresh walk over all adventures.
        write(
            f"adventures_{kind}",
            (variant(a, names, random) for _ in range(args.variants) for a in some),
        )
    held = args.adventures / "validation.txt"
    if held.exists():
        write("adventures.validation", (a.body for a in read_adventures(held)))
    for path in sorted(args.stories.glob("*.txt*")) if args.stories else ():
        name = path.name.split(".", 1)[0]
        documents = list(story_documents(path))
        held_out = documents[HELD_OUT - 1 :: HELD_OUT]
        rest = [d for i, d in enumerate(documents) if (i + 1) % HELD_OUT]
        Random(args.seed).shuffle(rest)
        kept, size = [], 0
        for document in rest:
            size += len(document)
            if size > args.megabytes * 1e6:
                break
            kept.append(document)
        write(name, kept)
        if held_out:
            write(f"{name}.validation", held_out[:40])
    corpus = {"n_vocab": n_vocab, "end": end, "tokens": counts}
    (args.output / "corpus.json").write_text(json.dumps(corpus, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
