"""Token files and mixtures: what a step sees."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from engine.errors import KnownError
from engine.lm.mixture import Mixture, Source
from engine.lm.tokenfile import TokenFile, read_tokens, write_tokens
from engine.lm.tokenizer import load_tokenizer
from engine.lm.train_data import check_sources, read_source
from tests.helpers.tiny_model import write_tokenizer

DOCUMENTS = [[0, 1, 2, 3], [0, 4, 5], [0, 6, 7, 8, 9, 10]]


def token_file(name: str = "a") -> TokenFile:
    borders = np.cumsum([0, *map(len, DOCUMENTS)])
    return TokenFile(name, np.concatenate(DOCUMENTS).astype(np.uint16), borders)


def test_token_files_give_back_their_documents(tmp_path: Path) -> None:
    path = tmp_path / "a.tokens"
    assert write_tokens(path, DOCUMENTS, n_vocab=11) == 13
    file = read_tokens(path, n_vocab=11)
    assert [file.document(i).tolist() for i in range(file.n_documents)] == DOCUMENTS


@pytest.mark.parametrize("harm", ["cut", "no borders", "borders", "vocabulary"])
def test_a_damaged_token_file_is_named(tmp_path: Path, harm: str) -> None:
    path = tmp_path / "a.tokens"
    write_tokens(path, DOCUMENTS, n_vocab=11)
    if harm == "cut":
        path.write_bytes(path.read_bytes()[:-4])
    elif harm == "no borders":
        path.with_suffix(".borders").unlink()
    elif harm == "borders":
        np.array([0, 9, 4, 13]).tofile(path.with_suffix(".borders"))
    with pytest.raises(KnownError, match="build the corpus again"):
        read_tokens(path, n_vocab=10 if harm == "vocabulary" else 11)


def test_rows_that_read_on_leave_nothing_out() -> None:
    mixture = Mixture([Source(token_file(), 1.0)], 4, seed=3)
    rows = np.concatenate([mixture.batch(step, 2, 0.0) for step in range(20)])
    stream = rows[0].tolist()
    for row, following in pairwise(rows):
        stream += following[1:].tolist() if row[-1] == following[0] else following.tolist()
    assert sorted(stream[:13]) == sorted(stream[13:26]) == sorted(np.concatenate(DOCUMENTS))


def test_aligned_rows_begin_at_a_document() -> None:
    mixture = Mixture([Source(token_file(), 1.0, aligned=True)], 4, seed=3)
    rows = np.concatenate([mixture.batch(step, 2, 0.0) for step in range(10)])
    assert set(rows[:, 0]) == {0}
    assert len({tuple(row) for row in rows}) > 2


def test_shares_move_over_the_run() -> None:
    early, late = Source(token_file("early"), 1.0, 0.0), Source(token_file("late"), 0.0, 1.0)
    assert early.share_at(0.3, 0.5) == 1.0
    assert early.share_at(0.625, 0.5) == pytest.approx(0.5)
    assert [late.share_at(at, 0.5) for at in (0.5, 0.75, 1.0)] == [0.0, 1.0, 1.0]
    mixture = Mixture([early, late], 4, seed=0, shift=0.5)
    mixture.batch(0, 8, 0.0)
    assert mixture.places["late"].document == mixture.places["late"].offset == 0


def test_a_restored_mixture_reads_on() -> None:
    whole = Mixture([Source(token_file(), 1.0), Source(token_file("b"), 1.0)], 4, seed=3)
    batches = [whole.batch(step, 3, 0.0) for step in range(9)]
    cut = Mixture(whole.sources, 4, seed=3)
    for step in range(4):
        cut.batch(step, 3, 0.0)
    again = Mixture(whole.sources, 4, seed=3)
    again.restore(cut.state())
    for step in range(4, 9):
        assert np.array_equal(again.batch(step, 3, 0.0), batches[step])


def test_a_text_file_becomes_documents(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(write_tokenizer(tmp_path))
    end = tokenizer.end_of_text
    assert end is not None
    text = tmp_path / "tales.txt"
    text.write_text("The old door.\n<|endoftext|>\n\nThe lantern.\n<|endoftext|>\n")
    source = read_source(f"{text}=0.5:2", tokenizer, end)
    assert (source.share, source.final_share, source.file.name) == (0.5, 2.0, "tales")
    documents = [source.file.document(i).tolist() for i in range(source.file.n_documents)]
    assert [document[0] for document in documents] == [end, end]
    assert [tokenizer.decode(d[1:]) for d in documents] == ["The old door.", "The lantern."]


def test_bad_data_is_a_sentence(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(write_tokenizer(tmp_path))
    (tmp_path / "empty.txt").write_text(" \n")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    for name, words in (
        ("none.txt", "cannot be read"),
        ("empty.txt", "holds no text"),
        ("latin.txt", "not UTF-8"),
        ("none.tokens", "build the corpus again"),
    ):
        with pytest.raises(KnownError, match=words):
            read_source(str(tmp_path / name), tokenizer, 0)
    with pytest.raises(KnownError, match="same name"):
        check_sources([Source(token_file(), 1.0), Source(token_file(), 1.0)])
    with pytest.raises(KnownError, match="all 0"):
        check_sources([Source(token_file(), 1.0, 0.0)])
