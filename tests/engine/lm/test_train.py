"""The loop: deterministic, resumable anywhere, the same however a step is cut up."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from engine.lm.checkpoint import load_model
from engine.lm.export import save_model
from engine.lm.gpt import GPT
from engine.lm.lora import add_lora, merge_lora
from engine.lm.loss import cross_entropy
from engine.lm.mixture import Mixture, Source
from engine.lm.optim import orthogonalize, rate
from engine.lm.tokenfile import TokenFile
from engine.lm.train import Step, Trainer, TrainSettings
from tests.helpers.tiny_model import N_VOCAB, TINY, tiny_gpt, write_model

SETTINGS = TrainSettings(steps=8, rows=4, micro_rows=4, other_lr=3e-3, dtype=torch.float32)
LENGTH = 32


def source(name: str = "song", documents: int = 6) -> Source:
    """Documents that repeat a few numbers, so that a little training helps."""
    random = np.random.default_rng(5)
    some = [np.tile(random.integers(1, 40, 5), 9) for _ in range(documents)]
    borders = np.cumsum([0, *map(len, some)])
    return Source(TokenFile(name, np.concatenate(some).astype(np.uint16), borders), 1.0)


def trainer(folder: Path, settings: TrainSettings = SETTINGS, model: GPT | None = None) -> Trainer:
    if model is None:
        model = tiny_gpt(TINY).requires_grad_(requires_grad=True)
    return Trainer(model, Mixture([source()], LENGTH, settings.seed), settings, folder)


def losses(steps: list[Step]) -> list[float]:
    return [step.loss for step in steps]


@pytest.mark.parametrize("muon", [True, False])
def test_the_loss_falls(tmp_path: Path, *, muon: bool) -> None:
    steps = list(trainer(tmp_path, replace(SETTINGS, steps=20, muon=muon)).run())
    assert steps[-1].loss < 0.8 * steps[0].loss
    assert steps[-1].progress == 1.0
    assert steps[-1].saved


def test_the_same_seed_is_the_same_run(tmp_path: Path) -> None:
    one, two = (losses(list(trainer(tmp_path / name).run())) for name in "ab")
    other = losses(list(trainer(tmp_path / "c", replace(SETTINGS, seed=1)).run()))
    assert one == two
    assert one != other


@pytest.mark.parametrize(("stop", "dropout"), [(1, 0.0), (3, 0.2), (7, 0.0)])
def test_a_resumed_run_equals_an_uninterrupted_one(
    tmp_path: Path, stop: int, dropout: float
) -> None:
    settings = replace(SETTINGS, save_seconds=0.0, dropout=dropout)
    whole = trainer(tmp_path / "whole", settings)
    expected = losses(list(whole.run()))
    first = losses(list(islice(trainer(tmp_path / "cut", settings).run(), stop)))
    again = trainer(tmp_path / "cut", settings)
    assert again.step == stop
    assert first + losses(list(again.run())) == expected
    for a, b in zip(whole.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(a, b)


def test_what_was_not_saved_is_done_again(tmp_path: Path) -> None:
    expected = losses(list(trainer(tmp_path / "whole").run()))
    cut = trainer(tmp_path / "cut")
    for step in cut.run():
        if step.step == 3:
            cut.save()
        if step.step == 5:
            break  # two steps are lost, as after kill -9
    assert losses(list(trainer(tmp_path / "cut").run())) == expected[3:]


def test_a_longer_run_goes_on_from_a_finished_one(tmp_path: Path) -> None:
    list(trainer(tmp_path).run())
    assert list(trainer(tmp_path).run()) == []
    more = list(trainer(tmp_path, replace(SETTINGS, steps=10)).run())
    assert [step.step for step in more] == [9, 10]


@pytest.mark.parametrize("change", [{"micro_rows": 1}, {"micro_rows": 3}, {"recompute": True}])
def test_cutting_a_step_up_changes_nothing(tmp_path: Path, change: dict[str, int]) -> None:
    whole = losses(list(trainer(tmp_path / "a").run()))
    parts = losses(list(trainer(tmp_path / "b", replace(SETTINGS, **change)).run()))
    assert parts == pytest.approx(whole, rel=1e-4)


def test_a_damaged_state_is_named(tmp_path: Path) -> None:
    (tmp_path / "state.pt").write_bytes(b"PK\x03\x04 no state")
    with pytest.raises(Exception, match=r"state\.pt is damaged"):
        trainer(tmp_path)


def test_validation_is_the_mean_per_token(tmp_path: Path) -> None:
    run = trainer(tmp_path)
    file = run.mixture.sources[0].file
    total = count = 0.0
    with torch.no_grad():
        for i in range(file.n_documents):
            ids = torch.from_numpy(file.document(i)[: LENGTH + 1].astype(np.int64))
            total += F.cross_entropy(run.model(ids[None, :-1])[0], ids[1:], reduction="sum").item()
            count += len(ids) - 1
    assert run.validate(file) == pytest.approx(total / count, rel=1e-5)


def test_sliced_cross_entropy_is_cross_entropy() -> None:
    torch.manual_seed(0)
    states = torch.randn(1100, 8, requires_grad=True)
    head = torch.randn(30, 8, requires_grad=True)
    targets = torch.randint(0, 30, (1100,))
    targets[::7] = -1
    expected = F.cross_entropy(states @ head.t(), targets, ignore_index=-1)
    wanted = torch.autograd.grad(3 * expected, (states, head))
    found = cross_entropy(states, head, targets)
    given = torch.autograd.grad(3 * found, (states, head))
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)
    for a, b in zip(given, wanted, strict=True):
        assert torch.allclose(a, b, atol=1e-6)


@pytest.mark.parametrize("shape", [(24, 8), (8, 24), (16, 16)])
def test_orthogonalized_singular_values_are_near_one(shape: tuple[int, int]) -> None:
    torch.manual_seed(1)
    values = torch.linalg.svdvals(orthogonalize(torch.randn(shape)))
    assert values.min() > 0.3
    assert values.max() < 1.4


def test_the_rate_warms_up_holds_and_falls_to_zero() -> None:
    at = [rate(i / 100, 0.1, 0.4) for i in range(101)]
    assert at[0] < at[5] < at[10] == 1.0
    assert set(at[10:60]) == {1.0}
    assert at[60:] == sorted(at[60:], reverse=True)
    assert at[100] == 0.0


def test_lora_lowers_the_loss_and_merges_into_the_same_model(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = tiny_gpt(TINY)
    frozen = {name: weight.clone() for name, weight in model.named_parameters()}
    trained = add_lora(model, rank=4, alpha=8.0)
    assert trained == sum(p.numel() for p in model.parameters() if p.requires_grad)
    settings = replace(SETTINGS, steps=30, muon=False, other_lr=1e-2)
    steps = list(trainer(tmp_path, settings, model).run())
    assert steps[-1].loss < 0.9 * steps[0].loss
    assert torch.equal(model.wte.weight, frozen["wte.weight"])
    ids = torch.randint(0, N_VOCAB, (1, 12))
    with torch.no_grad():
        before = model(ids)
        merge_lora(model)
        assert torch.allclose(model(ids), before, atol=1e-5)
    assert {name for name, _ in model.named_parameters()} == set(frozen)


def test_a_lora_run_resumes(tmp_path: Path) -> None:
    def run(folder: Path, count: int | None) -> list[float]:
        torch.manual_seed(0)
        model = tiny_gpt(TINY)
        add_lora(model, rank=4)
        settings = replace(SETTINGS, muon=False, save_seconds=0.0)
        return losses(list(islice(trainer(folder, settings, model).run(), count)))

    expected = run(tmp_path / "whole", None)
    assert run(tmp_path / "cut", 3) + run(tmp_path / "cut", None) == expected


def test_an_exported_folder_loads_here_and_in_transformers(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    write_model(tmp_path / "tokenizer")
    model = tiny_gpt(TINY)
    save_model(model, tmp_path / "out", tokenizer=tmp_path / "tokenizer", dtype=torch.float32)
    ids = torch.randint(0, N_VOCAB, (2, 20))
    reference = transformers.GPT2LMHeadModel.from_pretrained(tmp_path / "out").eval()
    with torch.no_grad():
        expected = model(ids)
        here = load_model(tmp_path / "out", dtype="float32", device="cpu")(ids)
        there = reference(ids).logits
    assert torch.allclose(here, expected, atol=1e-6)
    assert torch.allclose(there, expected, atol=1e-4)
    assert reference.config.eos_token_id == N_VOCAB - 1
    assert not list((tmp_path / "out").glob("*.part"))
