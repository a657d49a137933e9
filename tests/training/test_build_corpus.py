"""The corpus: documents with borders, validation apart from training."""

from __future__ import annotations

import lzma
from pathlib import Path

from engine.lm.tokenfile import TokenFile, read_tokens
from engine.lm.tokenizer import load_tokenizer
from training.build_corpus import main
from training.train_tokenizer import main as train_tokenizer

ADVENTURE = """title: {0}
genre: farm
memory: You are Oto. You have a broom.
lore: Ruby = the dragon
---
You meet Ruby in the yard of the farm {0}.

> You look at Ruby.

You look at Ruby. She is red.
"""


def words(file: TokenFile, folder: Path) -> list[str]:
    tokenizer = load_tokenizer(folder)
    return [tokenizer.decode(file.document(i)[1:].tolist()) for i in range(file.n_documents)]


def test_a_corpus_is_built_and_held_out_text_stays_out(tmp_path: Path) -> None:
    stories = tmp_path / "stories"
    stories.mkdir()
    tales = [f"This is tale number {i}, and it is about a goose." for i in range(120)]
    packed = lzma.compress("\n<|endoftext|>\n".join(tales).encode())
    (stories / "tales.txt.xz").write_bytes(packed)
    own = tmp_path / "adventures"
    own.mkdir()
    own.joinpath("simple_1.txt").write_text(ADVENTURE.format("One"))
    own.joinpath("fairy_1.txt").write_text(ADVENTURE.format("Two"))
    own.joinpath("validation.txt").write_text(ADVENTURE.format("Held"))
    files = [str(stories / "tales.txt.xz"), *map(str, own.glob("*.txt"))]
    vocabulary = tmp_path / "vocabulary"
    assert train_tokenizer([*files, "--size", "400", "-o", str(vocabulary)]) == 0
    out = tmp_path / "out"
    options = ["--adventures", str(own), "--stories", str(stories), "--variants", "3"]
    assert main([*options, "--tokenizer", str(vocabulary), "-o", str(out)]) == 0

    n_vocab = load_tokenizer(vocabulary).n_vocab
    found = {p.stem: read_tokens(p, n_vocab=n_vocab) for p in out.glob("*.tokens")}
    texts = {name: words(file, vocabulary) for name, file in found.items()}
    assert len(texts["adventures_simple"]) == len(texts["adventures_full"]) == 3
    assert not any("Held" in text for name in texts for text in texts[name] if "valid" not in name)
    assert texts["adventures.validation"][0].startswith(
        "You meet Ruby in the yard of the farm Held"
    )
    assert texts["tales.validation"] == [tales[49], tales[99]]
    assert sorted([*texts["tales"], *texts["tales.validation"]]) == sorted(tales)
    assert all(file.document(0)[0] == 0 for file in found.values())


def test_the_vocabulary_has_every_byte(tmp_path: Path) -> None:
    text = tmp_path / "a.txt"
    text.write_text("plain words only, plain words again")
    assert train_tokenizer([str(text), "--size", "270", "-o", str(tmp_path / "v")]) == 0
    tokenizer = load_tokenizer(tmp_path / "v")
    assert tokenizer.end_of_text == 0
    for piece in ("\u00e9\u201c\u2026", "\U0001f409", "\t\n"):
        assert tokenizer.decode(tokenizer.encode(piece)) == piece
