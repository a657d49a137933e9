"""Damaged and hostile tokenizer files end in a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.errors import KnownError
from engine.lm.tokenizer import load_tokenizer
from engine.lm.vocabulary import byte_alphabet
from tests.helpers.tiny_model import N_VOCAB, write_tokenizer


def refused(folder: Path) -> str:
    with pytest.raises(KnownError) as caught:
        load_tokenizer(folder)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert len(sentence) < 300
    return sentence


@pytest.mark.parametrize("name", ["vocab.json", "merges.txt"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    write_tokenizer(tmp_path)
    (tmp_path / name).unlink()
    assert name in refused(tmp_path)


def test_an_empty_or_absent_folder_is_refused(tmp_path: Path) -> None:
    refused(tmp_path)
    refused(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["vocab.json", "merges.txt"])
@pytest.mark.parametrize("part", [i / 20 for i in range(20)])
def test_a_cut_file_is_refused(tmp_path: Path, name: str, part: float) -> None:
    write_tokenizer(tmp_path)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: int(len(data) * part)])
    refused(tmp_path)


def test_one_lost_merge_is_noticed(tmp_path: Path) -> None:
    write_tokenizer(tmp_path)
    lines = (tmp_path / "merges.txt").read_text(encoding="utf-8").split("\n")
    (tmp_path / "merges.txt").write_text("\n".join(lines[:-2]), encoding="utf-8")
    assert "merges" in refused(tmp_path)


def edit(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        path = folder / "vocab.json"
        vocab = json.loads(path.read_text(encoding="utf-8"))
        change(vocab)
        path.write_text(json.dumps(vocab), encoding="utf-8")

    return apply


DAMAGE = {
    "a missing byte": edit(lambda vocab: vocab.pop(next(iter(byte_alphabet())))),
    "a negative id": edit(lambda vocab: vocab.update(a=-1)),
    "a huge id": edit(lambda vocab: vocab.update(a=10**18)),
    "a text as id": edit(lambda vocab: vocab.update(a="7")),
    "true as id": edit(lambda vocab: vocab.update(a=True)),
    "a fraction as id": edit(lambda vocab: vocab.update(a=1.5)),
    "one id twice": edit(lambda vocab: vocab.update(a=vocab["b"])),
    "an endless token": edit(lambda vocab: vocab.update({"x" * 5000: 5000})),
    "an empty token": edit(lambda vocab: vocab.update({"": 5000})),
    "a list": lambda folder: (folder / "vocab.json").write_text("[]"),
    "deep nesting": lambda folder: (folder / "vocab.json").write_text("[" * 200_000),
    "no text": lambda folder: (folder / "merges.txt").write_bytes(b"\xff\xfe\x00\x01"),
    "three parts": lambda folder: (folder / "merges.txt").write_text("a b c\n"),
    "foreign characters": lambda folder: (folder / "merges.txt").write_text("雨 雨\n", "utf-8"),
    "a folder as file": lambda folder: (
        (folder / "merges.txt").unlink(),
        (folder / "merges.txt").mkdir(),
    ),
    "an added token without id": lambda folder: (folder / "added_tokens.json").write_text(
        '{"x": null}'
    ),
    "an added token with two ids": lambda folder: (folder / "added_tokens.json").write_text(
        '{"a": 5000}'
    ),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_is_refused(tmp_path: Path, damage: Callable[[Path], Any]) -> None:
    write_tokenizer(tmp_path)
    damage(tmp_path)
    refused(tmp_path)


def test_an_added_token_with_an_absurd_id_takes_no_memory(tmp_path: Path) -> None:
    write_tokenizer(tmp_path)
    (tmp_path / "added_tokens.json").write_text(json.dumps({"[X]": 10**15}))
    assert load_tokenizer(tmp_path).n_vocab == N_VOCAB


FOREIGN = [
    {},
    {"model": {"type": "WordPiece"}},
    {"model": {"type": "BPE"}, "pre_tokenizer": {"type": "Whitespace"}},
    {"model": {"type": "BPE"}, "pre_tokenizer": None},
    {"model": {"type": "BPE"}, "pre_tokenizer": {"type": "ByteLevel", "use_regex": False}},
    {"model": {"type": "BPE"}, "pre_tokenizer": {"type": "ByteLevel"}},
    {"model": {"type": "BPE", "byte_fallback": True}, "pre_tokenizer": {"type": "ByteLevel"}},
    {
        "model": {"type": "BPE", "vocab": {}, "merges": [1]},
        "pre_tokenizer": {"type": "ByteLevel"},
    },
    {
        "model": {"type": "BPE", "vocab": {}, "merges": []},
        "pre_tokenizer": {"type": "ByteLevel"},
    },
]


@pytest.mark.parametrize("whole", FOREIGN)
def test_another_kind_of_tokenizer_json_is_refused(tmp_path: Path, whole: dict[str, Any]) -> None:
    (tmp_path / "tokenizer.json").write_text(json.dumps(whole))
    refused(tmp_path)
