"""The int8 linear: a row is a row, whatever stands beside it; and what happens where it is wrong."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.testing import assert_close

from engine import paths
from engine.cli import main
from engine.errors import KnownError
from engine.lm import device, quantize
from engine.lm.backend import Finish, Request, Token
from engine.lm.cache import BranchCache
from engine.lm.checkpoint import load_model
from engine.lm.config import GPTConfig
from engine.lm.gpt import GPT
from engine.lm.local import LocalBackend
from engine.lm.quantize import HalfEmbedding, Int8Linear, number_type, relative_error
from engine.lm.rounding import RoundedWeights
from engine.lm.settings import SamplerSettings
from tests.helpers.outliers import make_outliers, random_gpt, to_int8
from tests.helpers.tiny_model import TINY, checkpoint_tensors, write_model, write_weights

pytestmark = pytest.mark.skipif(
    quantize.usable_top() is None, reason="this machine's torch has no int8 product"
)
SHAPES = [(768, 2304), (3072, 768), (96, 1111), (33, 7), (1, 1)]


@pytest.fixture
def forgetful() -> Iterator[None]:
    """Probes of the machine are made anew, in the test and after it."""
    for probe in (quantize.usable_top, quantize.faster_than_float):
        probe.cache_clear()
    yield
    for probe in (quantize.usable_top, quantize.faster_than_float):
        probe.cache_clear()


def some_linear(n_in: int, n_out: int) -> nn.Linear:
    torch.manual_seed(n_in + n_out)
    linear = nn.Linear(n_in, n_out).requires_grad_(requires_grad=False)
    linear.weight.normal_(0.0, 0.02)
    return linear


def some_rows(n: int, width: int) -> torch.Tensor:
    """Rows of many kinds: ordinary, with loud channels, tiny, huge, zero."""
    x = torch.randn(n, width, generator=torch.Generator().manual_seed(0))
    x[::3, width // 2] *= 50.0
    x[::7] *= 1e-5
    x[3::11] *= 1e4
    x[5::16] = 0.0
    return x


@pytest.mark.parametrize("top", [255, 127])
@pytest.mark.parametrize("share", [2, 8])
@pytest.mark.parametrize("shape", SHAPES)
@torch.inference_mode()
def test_a_row_is_the_same_among_any_others(shape: tuple[int, int], share: int, top: int) -> None:
    int8 = Int8Linear(some_linear(*shape), zero=(top + 1) // share, top=top)
    rows = some_rows(64, shape[0])
    every = int8(rows)
    alone = torch.cat([int8(row[None]) for row in rows])
    assert torch.equal(alone, every)
    for n in (2, 3, 5):
        batches = torch.cat([int8(part) for part in rows.split(n)])
        assert torch.equal(batches, every)
    assert torch.equal(int8(rows.flip(0)), every.flip(0))
    assert torch.equal(int8(rows.view(4, 16, -1)), every.view(4, 16, -1))


@pytest.mark.parametrize("threads", [1, 2, 3])
@torch.inference_mode()
def test_threads_change_nothing(threads: int) -> None:
    int8, rows = Int8Linear(some_linear(768, 2304)), some_rows(64, 768)
    before, right = torch.get_num_threads(), int8(rows)
    torch.set_num_threads(threads)
    try:
        assert torch.equal(int8(rows), right)
        assert torch.equal(int8(rows[9:10]), right[9:10])
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("shape", SHAPES)
@torch.inference_mode()
def test_every_row_is_close_to_float32(shape: tuple[int, int]) -> None:
    linear, rows = some_linear(*shape), some_rows(64, shape[0])
    found, right = Int8Linear(linear)(rows), linear(rows)
    for i, row in enumerate(rows):
        assert relative_error(found[i], right[i]) < 0.03, row
    assert torch.equal(found[5], linear.bias)  # a row of zeros


@torch.inference_mode()
def test_rows_with_loud_values_are_read_in_two_parts() -> None:
    linear = some_linear(768, 256)
    int8, rows = Int8Linear(linear), some_rows(64, 768)
    rows = rows[rows.abs().amax(1) > 8 * rows.square().mean(1).sqrt()]
    assert len(rows) > 10
    rounded = F.linear(rows, int8.weight(), linear.bias)  # 8-bit weights, exact activations
    assert relative_error(int8(rows), rounded) < 1e-3


@torch.inference_mode()
def test_small_columns_under_loud_channels_keep_their_digits() -> None:
    linear, rows = some_linear(256, 64), torch.randn(32, 256)
    right = linear(rows)
    linear.weight[:, 7] /= 300.0
    rows[:, 7] *= 300.0
    assert relative_error(Int8Linear(linear)(rows), right) < 0.02


@torch.inference_mode()
def test_numbers_that_are_none_stay_visible() -> None:
    int8 = Int8Linear(some_linear(64, 8))
    rows = torch.randn(3, 64)
    rows[0, 3], rows[1, 4] = torch.nan, torch.inf
    y = int8(rows)
    assert not y[:2].isfinite().any()
    assert y[2].isfinite().all()


@torch.inference_mode()
def test_odd_weights() -> None:
    linear = some_linear(32, 6)
    linear.weight[2] = 0.0
    linear.weight[:, 5] = 0.0
    linear.weight[4, 9] = 1e6
    found, right = Int8Linear(linear)(torch.eye(32)), linear(torch.eye(32))
    assert found.isfinite().all()
    torch.testing.assert_close(found[:, 2], right[:, 2])
    assert relative_error(found[:, 0], right[:, 0]) < 0.05


def test_a_table_too_large_for_half_precision_keeps_its_range() -> None:
    table = torch.tensor([[1e6, -2.0], [0.5, 3e-3]])
    found = HalfEmbedding(table)(torch.tensor([1, 0]))
    torch.testing.assert_close(found, table[[1, 0]], rtol=5e-3, atol=1e-5)


# --- the network ---------------------------------------------------------------------------------

CONFIG = GPTConfig(n_ctx=96, n_vocab=500, n_layer=3, n_head=4, n_embd=64)


@torch.inference_mode()
def test_candidates_do_not_see_each_other() -> None:
    model = to_int8(make_outliers(random_gpt(CONFIG), 20.0, undone=False))
    ids = torch.randint(0, 500, (5, 12), generator=torch.Generator().manual_seed(3))
    prompt = model.cache()
    model(ids[:1, :8], prompt)

    def continued(rows: torch.Tensor) -> torch.Tensor:
        cache = BranchCache(CONFIG, prompt, len(rows), 96)
        return torch.stack([model(rows[:, t : t + 1], cache)[:, 0] for t in range(8, 12)], 1)

    together = continued(ids)
    for row in range(5):
        others = ids.roll(1, 0)
        others[row] = ids[row]
        assert torch.equal(continued(others)[row], together[row])
        # The prefix is looked at for five rows or for one: attention may round its sums otherwise.
        assert_close(continued(ids[row : row + 1])[0], together[row], atol=2e-3, rtol=1e-2)


def test_int8_keeps_no_copy_in_float32() -> None:
    model = to_int8(random_gpt(CONFIG))
    assert number_type(model) == "int8"
    assert model.wte.weight.dtype == torch.float16
    assert model.cache().kv.dtype == torch.float16
    assert not any(isinstance(module, nn.Linear) for module in model.modules())
    large = [p for p in model.parameters() if p.numel() >= 64 * 64 and p.dtype == torch.float32]
    assert large == [model.wpe.weight]


def write(folder: Path) -> Path:
    return write_model(folder, replace(TINY, n_ctx=128))


def generated(backend: LocalBackend, n: int) -> list[tuple[list[int], list[float]]]:
    tokens = tuple(backend.tokenizer.encode("You open the chest."))
    request = Request(
        text="",
        tokens=tokens,
        max_tokens=24,
        sampling=SamplerSettings(temperature=1.0),
        seed=4,
        n=n,
    )
    rows: list[tuple[list[int], list[float]]] = [([], []) for _ in range(n)]
    for event in backend.generate(request):
        if isinstance(event, Token):
            rows[event.row][0].append(event.id)
            rows[event.row][1].append(event.logprob)
    return rows


def test_a_candidate_is_the_same_alone_and_as_one_of_three(tmp_path: Path) -> None:
    write(tmp_path)
    backend = LocalBackend.load(tmp_path, dtype="int8")
    assert backend.identity.dtype == "int8"
    ids, logprobs = generated(backend, 1)[0]
    found = generated(LocalBackend.load(tmp_path, dtype="int8"), 3)[0]
    assert found[0] == ids
    assert found[1] == pytest.approx(logprobs, abs=0.05)


def test_the_command_line_takes_int8(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path)
    words = ["complete", "--model", str(tmp_path), "--prompt", "You", "--max-tokens", "5"]
    assert main([*words, "--dtype", "int8", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["candidates"][0]
    assert len(found["ids"]) == 5
    assert found["finish"] == Finish.LENGTH
    text = tmp_path / "text.txt"
    text.write_text("You open the chest.")
    words = ["score", "--model", str(tmp_path), "--text-file", str(text), "--json"]
    assert main([*words, "--dtype", "float32"]) == 0
    right = json.loads(capsys.readouterr().out)["nll"]
    assert main([*words, "--dtype", "int8"]) == 0
    assert json.loads(capsys.readouterr().out)["nll"] == pytest.approx(right, rel=0.02)


# --- which type is chosen, and what happens where int8 does not work ------------------------------


def test_int8_is_for_the_cpu() -> None:
    with pytest.raises(KnownError, match="CPU"):
        device.wants_int8("int8", torch.device("cuda"), TINY)


@pytest.mark.parametrize(
    ("params", "fast", "wanted"),
    [("large", True, True), ("large", False, False), ("small", True, False)],
)
def test_large_models_run_in_int8_where_it_is_faster(
    monkeypatch: pytest.MonkeyPatch, params: str, fast: bool, wanted: bool
) -> None:
    monkeypatch.setattr(device, "faster_than_float", lambda: fast)
    config = GPTConfig() if params == "large" else TINY
    assert device.wants_int8("auto", torch.device("cpu"), config) is wanted
    assert not device.wants_int8("float32", torch.device("cpu"), config)
    assert not device.wants_int8("auto", torch.device("cuda"), config)


def test_loading_picks_it_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    assert number_type(load_model(tmp_path, device="cpu")) == "float32"
    monkeypatch.setattr(device, "SMALLEST", 1000)
    monkeypatch.setattr(device, "faster_than_float", lambda: True)
    assert number_type(load_model(tmp_path, device="cpu")) == "int8"


def test_without_a_kernel_a_model_runs_in_float32_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forgetful: None
) -> None:
    def missing(*_: object) -> None:
        raise RuntimeError("Didn't find engine for operation quantized::linear_prepack NoQEngine")

    write(tmp_path)
    monkeypatch.setattr(quantize, "_pack", missing)
    said: list[str] = []
    model = load_model(tmp_path, dtype="int8", notice=said.append)
    assert number_type(model) == "float32"
    assert len(said) == 1
    assert "float32" in said[0]
    assert not quantize.faster_than_float()


def test_sums_that_overflow_are_noticed(monkeypatch: pytest.MonkeyPatch, forgetful: None) -> None:
    right = quantize._kernel()

    def saturating(q: torch.Tensor, scale: float, zero: int, packed: object) -> torch.Tensor:
        return right(q.clamp(max=127 - zero), scale, zero, packed)  # as without VNNI

    monkeypatch.setattr(quantize, "_kernel", lambda: saturating)
    assert quantize.usable_top() == 127
    quantize.usable_top.cache_clear()
    monkeypatch.setattr(quantize, "_kernel", lambda: lambda *args: right(*args) * 0.9)
    assert quantize.usable_top() is None


def test_a_layer_that_is_off_stays_in_float32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path)
    right = quantize.round_weights

    def damaged(weight: torch.Tensor) -> RoundedWeights:
        weights = right(weight)
        factor = 2.0 if weight.shape == (128, 32) else 1.0
        return replace(weights, scales=weights.scales * factor)

    monkeypatch.setattr(quantize, "round_weights", damaged)
    with caplog.at_level(logging.WARNING):
        model = load_model(tmp_path, dtype="int8")
    for layer in range(2):
        assert isinstance(model.get_submodule(f"h.{layer}.mlp.c_fc"), nn.Linear)
        assert isinstance(model.get_submodule(f"h.{layer}.attn.c_attn"), Int8Linear)
    assert [r.getMessage().split(":")[0] for r in caplog.records] == [
        "h.0.mlp.c_fc stays in float32",
        "h.1.mlp.c_fc stays in float32",
    ]


def test_what_float32_calculates_is_untouched(tmp_path: Path) -> None:
    write(tmp_path)
    model = load_model(tmp_path, dtype="float32", device="cpu")
    assert number_type(model) == "float32"
    assert model.cache().kv.dtype == torch.float32
    assert not any(isinstance(module, Int8Linear) for module in model.modules())


PEAK = """
import sys
from pathlib import Path
import torch
from engine.lm import quantize
from engine.lm.checkpoint import load_model
from engine.lm.config import GPTConfig
from engine.lm.gpt import GPT
from tests.helpers.outliers import random_gpt, to_int8
with torch.device("meta"):
    GPT(GPTConfig(n_layer=1))
quantize.faster_than_float()  # what torch loads at first use is not the model's
to_int8(random_gpt(GPTConfig(n_ctx=64, n_vocab=500, n_layer=2, n_head=8, n_embd=384)))
def peak_kb():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
before = peak_kb()
model = load_model(Path(sys.argv[1]), dtype="int8", device="cpu")
assert quantize.number_type(model) == "int8"
print((peak_kb() - before) * 1024)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_model_is_never_whole_in_float32(tmp_path: Path) -> None:
    config = GPTConfig(n_ctx=64, n_vocab=4000, n_layer=12, n_head=8, n_embd=384)
    model = GPT(config)
    model.init_weights(torch.Generator().manual_seed(0))
    write_weights(tmp_path, checkpoint_tensors(model))
    (tmp_path / "config.json").write_text(json.dumps(config.to_json()))
    table = config.n_vocab * config.n_embd
    block = sum(p.numel() for p in model.h[0].parameters())
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(tmp_path)],
        capture_output=True,
        check=True,
        timeout=100,
        cwd=paths.assets().parent,
    )
    # int8 weights, the table in 4 bytes, one tensor on its way, one block in 4 bytes, its int8.
    need = 12 * block + 4 * table + 4 * table + 5 * block
    assert int(done.stdout) < need + (16 << 20) < 4 * config.n_params
