"""Make a byte-level BPE of our own: ``python -m training.train_tokenizer FILE... -o FOLDER``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tokenizers.implementations.byte_level_bpe import ByteLevelBPETokenizer

from training.adventures_file import END
from training.build_corpus import story_documents


def main(argv: list[str] | None = None) -> int:
    """Write ``vocab.json`` and ``merges.txt``; end-of-text is id 0, every byte has a token; 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "files", nargs="+", type=Path, help=".txt or .txt.xz, parted by end-of-text"
    )
    parser.add_argument("--size", type=int, default=4096, help="tokens, bytes included")
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args(argv)
    tokenizer = ByteLevelBPETokenizer()
    texts = (text for path in args.files for text in story_documents(path))
    tokenizer.train_from_iterator(
        texts, vocab_size=args.size, min_frequency=2, show_progress=False, special_tokens=[END]
    )
    args.output.mkdir(parents=True, exist_ok=True)
    tokenizer.save_model(str(args.output))
    return 0


if __name__ == "__main__":
    sys.exit(main())
