"""The tokenizer against transformers' GPT-2 tokenizer, and on texts that break others."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, reject, settings
from hypothesis import strategies as st

from engine import paths
from engine.errors import KnownError
from engine.lm.tokenizer import GPT2Tokenizer, load_tokenizer
from engine.lm.vocabulary import END_OF_TEXT, byte_alphabet
from engine.tokens import Tokenizer
from tests.helpers.tiny_model import N_VOCAB, tiny_merges, write_tokenizer

tokenizers = pytest.importorskip("tokenizers")

EMBER = paths.assets() / "models" / "ember"


def reference(folder: Path) -> Any:
    """tokenizers' byte-level BPE from the same files, without special tokens."""
    vocab = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    lines = (folder / "merges.txt").read_text(encoding="utf-8").split("\n")[1:]
    merges = [tuple(line.split(" ")) for line in lines if line]
    model = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=vocab, merges=merges))
    model.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    model.decoder = tokenizers.decoders.ByteLevel()
    return model


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tokenizer(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def pair() -> tuple[GPT2Tokenizer, Any]:
    return load_tokenizer(EMBER), reference(EMBER)


texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.text(
        st.sampled_from(" \n\r\t\x00\x1c\x85\xa0\u2003\u3000'stmreveladEé12½🏮👩\u200d\u0301,-_<|>")
    ),
    st.lists(st.sampled_from([" the", "You", " open", "\n\n", "> ", "'ll", "  ", "…", "”"])).map(
        "".join
    ),
)


@settings(max_examples=400)
@given(texts)
@example("<|endoftext|>")
@example("  ends in spaces   ")
@example("e\u0301 👩\u200d🚀 \x00 ﷽")
def test_ids_equal_the_reference_on_any_unicode(pair: tuple[GPT2Tokenizer, Any], text: str) -> None:
    ours, theirs = pair
    ids = ours.encode(text)
    assert ids == theirs.encode(text).ids
    assert ours.decode(ids) == text
    assert ours.count(text) == len(ids)


def test_every_code_point_is_cut_like_the_reference(pair: tuple[GPT2Tokenizer, Any]) -> None:
    ours, theirs = pair
    for start in range(0, 0x30000, 0x400):
        points = [chr(i) for i in range(start, start + 0x400) if not 0xD800 <= i < 0xE000]
        text = "".join(f"a{point}1 {point}" for point in points)
        assert ours.encode(text) == theirs.encode(text).ids, f"from {start:#x}"


letters = st.sampled_from("abc")


@st.composite
def merge_lists(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Merges of few letters, some of which can never happen, as no trainer makes them."""
    known = ["a", "b", "c"]
    merges: dict[tuple[str, str], None] = {}
    for _ in range(draw(st.integers(0, 12))):
        pair = (draw(st.sampled_from(known)), draw(st.sampled_from(known)))
        merges[pair] = None
        known.append("".join(pair))
    return list(merges)


@settings(max_examples=300)
@given(merges=merge_lists(), texts=st.lists(st.text(letters, max_size=24), min_size=1, max_size=8))
@example(merges=[("a", "b"), ("b", "c"), ("a", "bc")], texts=["abc", "aabcabc"])
@example(merges=[("a", "a"), ("aa", "a"), ("a", "aa")], texts=["a" * n for n in range(9)])
def test_any_merges_give_the_references_ids(
    tmp_path_factory: pytest.TempPathFactory, merges: list[tuple[str, str]], texts: list[str]
) -> None:
    folder = write_tokenizer(tmp_path_factory.mktemp("merges"), merges)
    theirs = reference(folder)
    try:
        ours = load_tokenizer(folder)
    except KnownError as error:
        if "out of order" not in str(error):
            raise
        reject()  # a token made twice, and used before the merge that does happen
    for text in texts:
        assert ours.encode(text) == theirs.encode(text).ids


def test_merges_out_of_order_are_refused(tmp_path: Path) -> None:
    write_tokenizer(tmp_path, [("b", "ab"), ("a", "b")])
    with pytest.raises(KnownError, match="out of order"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize("end_first", [True, False])
def test_ids_are_free_of_merge_order(tmp_path: Path, end_first: bool) -> None:
    ours = load_tokenizer(write_tokenizer(tmp_path, end_first=end_first))
    assert isinstance(ours, Tokenizer)
    assert ours.n_vocab == N_VOCAB
    assert ours.end_of_text == (0 if end_first else N_VOCAB - 1)
    assert ours.is_special(0 if end_first else N_VOCAB - 1)
    text = "You take the lantern."
    assert ours.encode(text) == reference(tmp_path).encode(text).ids
    assert ours.decode(ours.encode(text)) == text


def test_special_tokens_written_out_are_plain_characters(tiny: Path) -> None:
    ours = load_tokenizer(tiny)
    ids = ours.encode(f"a{END_OF_TEXT}b")
    assert ours.end_of_text not in ids
    assert ours.decode(ids) == f"a{END_OF_TEXT}b"


def test_special_and_unknown_ids_stand_for_no_text(tiny: Path) -> None:
    ours = load_tokenizer(tiny)
    assert ours.end_of_text is not None
    assert ours.decode([*ours.encode("a"), ours.end_of_text, 10**9, -1, *ours.encode("b")]) == "ab"
    assert ours.is_special(10**9)


def test_a_lone_surrogate_becomes_the_replacement_character(tiny: Path) -> None:
    ours = load_tokenizer(tiny)
    assert ours.encode("a\ud83dz") == ours.encode("a\ufffdz")


@pytest.mark.parametrize("unit", ["a", " ", "a b. "])
def test_ten_megabytes_take_seconds(tiny: Path, unit: str) -> None:
    check_size(tiny, unit, 10_000_000)


@pytest.mark.parametrize("unit", ["\n ", "é", "\x00", "1", "👩\u200d🚀", "<|endoftext|>"])
def test_a_megabyte_of_one_thing_is_no_trap(tiny: Path, unit: str) -> None:
    check_size(tiny, unit, 1_000_000)


def check_size(tiny: Path, unit: str, size: int) -> None:
    ours = load_tokenizer(tiny)
    text = unit * (size // len(unit.encode())) + "x"
    start = time.perf_counter()
    ids = ours.encode(text)
    assert time.perf_counter() - start < 30
    assert ours.decode(ids) == text


@pytest.mark.parametrize("run", [" " * 5000, "\n" * 5000, " \n\u3000" * 3000])
@pytest.mark.parametrize("after", ["", "x", " x", "\n", ".", "5"])
def test_long_white_space_is_cut_like_the_reference(tiny: Path, run: str, after: str) -> None:
    text = "a" + run + after
    assert load_tokenizer(tiny).encode(text) == reference(tiny).encode(text).ids


def test_added_words_are_found_and_special_ones_are_not(tmp_path: Path) -> None:
    folder = write_tokenizer(tmp_path)
    entries: dict[str, dict[str, Any]] = {
        str(N_VOCAB): {"content": "[HERO]", "special": False},
        str(N_VOCAB + 1): {"content": "[HERO]ine", "special": False, "lstrip": True},
        str(N_VOCAB + 2): {"content": "<pad>", "special": True},
        str(N_VOCAB + 3): {"content": "elf", "single_word": True, "rstrip": True},
    }
    (folder / "tokenizer_config.json").write_text(json.dumps({"added_tokens_decoder": entries}))
    ours = load_tokenizer(folder)
    theirs = reference(folder)
    for entry in entries.values():
        if not entry.get("special"):
            theirs.add_tokens([tokenizers.AddedToken(**{**entry, "normalized": False})])
    # The reference numbers them without <pad>.
    renumber = {N_VOCAB + 2: N_VOCAB + 3}
    for text in (
        "You, [HERO], open",
        "a  [HERO]ine  b",
        "an elf  here",
        "itself",
        "elf elf",
        "[HERO",
    ):
        ids = ours.encode(text)
        assert ids == [renumber.get(i, i) for i in theirs.encode(text).ids], text
    assert N_VOCAB + 2 not in ours.encode("<pad>")
    assert ours.is_special(N_VOCAB + 2)
    assert ours.decode([N_VOCAB, N_VOCAB + 2]) == "[HERO]"


def test_added_tokens_that_the_model_has_no_weights_for_are_left_out(tmp_path: Path) -> None:
    folder = write_tokenizer(tmp_path)
    (folder / "added_tokens.json").write_text(json.dumps({"[PAD]": N_VOCAB}))
    assert load_tokenizer(folder).n_vocab == N_VOCAB + 1
    config = {"n_positions": 8, "vocab_size": N_VOCAB, "n_layer": 1, "n_head": 1, "n_embd": 8}
    (folder / "config.json").write_text(json.dumps(config))
    ours = load_tokenizer(folder)
    assert ours.n_vocab == N_VOCAB
    assert ours.decode(ours.encode("[PAD]")) == "[PAD]"


@pytest.mark.parametrize("as_lists", [True, False])
def test_tokenizer_json_gives_the_same_ids(tmp_path: Path, as_lists: bool) -> None:
    write_tokenizer(tmp_path / "files")
    vocab = json.loads((tmp_path / "files" / "vocab.json").read_text(encoding="utf-8"))
    merges = [list(pair) if as_lists else " ".join(pair) for pair in tiny_merges()]
    whole = {
        "model": {"type": "BPE", "vocab": vocab, "merges": merges},
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False},
        "added_tokens": [{"id": vocab[END_OF_TEXT], "content": END_OF_TEXT, "special": True}],
    }
    (tmp_path / "tokenizer.json").write_text(json.dumps(whole), encoding="utf-8")
    ours, other = load_tokenizer(tmp_path), load_tokenizer(tmp_path / "files")
    text = "You open the chest, and the old woman says: ‘Ça alors!’ 🏮"
    assert ours.encode(text) == other.encode(text)
    assert ours.end_of_text == other.end_of_text


def test_the_byte_alphabet_is_the_references() -> None:
    assert set(byte_alphabet()) == set(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    assert sorted(byte_alphabet().values()) == list(range(256))
