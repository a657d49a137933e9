"""The training loop: an iterator of ``Step`` that can be stopped and resumed anywhere.

Trains from scratch and fine-tunes; on one processor or, under ``torchrun``, on several.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.nn.parallel import DistributedDataParallel

from engine.lm.gpt import GPT
from engine.lm.loss import cross_entropy
from engine.lm.mixture import Mixture
from engine.lm.optim import optimizers, rate
from engine.lm.tokenfile import TokenFile
from engine.lm.train_state import load_state, save_state


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """How a run goes. Its length is ``steps`` or ``minutes`` of training, whichever is given."""

    steps: int | None = None
    minutes: float | None = None
    rows: int = 8
    micro_rows: int = 8
    matrix_lr: float = 0.01
    other_lr: float = 1e-3
    weight_decay: float = 0.05
    muon: bool = True
    warmup: float = 0.02
    decay: float = 0.45
    clip: float = 1.0
    dtype: torch.dtype = torch.bfloat16
    recompute: bool = False
    dropout: float = 0.0
    seed: int = 0
    save_seconds: float = 55.0
    validate_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did. ``loss`` and ``validation`` are nats per token; seconds left may be off."""

    step: int
    progress: float
    loss: float
    rate: float
    tokens_per_second: float
    seconds_left: float
    validation: dict[str, float] = field(default_factory=dict)
    saved: bool = False


class _Loss(nn.Module):
    """The model and its loss in one forward, as DDP wants it."""

    def __init__(self, model: GPT, *, recompute: bool, dropout: float) -> None:
        super().__init__()
        self.model = model
        self.recompute = recompute
        if dropout:  # on what each half of a block adds, as GPT-2's resid_pdrop
            for name, module in model.h.named_modules():
                if name.endswith((".attn", ".mlp")):
                    module.register_forward_hook(_Dropout(dropout))

    def forward(self, rows: Tensor) -> Tensor:
        """rows [B, T + 1] -> mean nats per token."""
        inputs, targets = rows[:, :-1], rows[:, 1:]
        states = self.model.hidden(inputs, recompute=self.recompute)
        head = self.model.lm_head.weight
        kind = torch.get_autocast_dtype(states.device.type)
        if torch.is_autocast_enabled(states.device.type):
            states = states.to(kind)
        return cross_entropy(states.flatten(0, 1), head, targets.reshape(-1))


class _Dropout:
    """A hook that drops parts of a module's output while training."""

    def __init__(self, p: float) -> None:
        self.p = p

    def __call__(self, module: nn.Module, _: object, output: Tensor) -> Tensor:
        return nn.functional.dropout(output, self.p, module.training)


class Trainer:
    """One run in one folder. ``run()`` goes on from where the folder's state stands."""

    def __init__(
        self,
        model: GPT,
        mixture: Mixture,
        settings: TrainSettings,
        folder: Path,
        validation: list[TokenFile] | None = None,
    ) -> None:
        self.model, self.mixture, self.settings, self.folder = model, mixture, settings, folder
        self.validation = validation or []
        self.step = 0
        self.seconds = 0.0
        self.world = dist.get_world_size() if dist.is_initialized() else 1
        self.rank = dist.get_rank() if dist.is_initialized() else 0
        self.optimizers = optimizers(
            model,
            matrix_lr=settings.matrix_lr,
            other_lr=settings.other_lr,
            weight_decay=settings.weight_decay,
            muon=settings.muon,
        )
        state = load_state(folder)
        if state is not None:
            self._restore(state)
        self._loss: nn.Module = _Loss(model, recompute=settings.recompute, dropout=settings.dropout)
        if self.world > 1:
            self._loss = DistributedDataParallel(self._loss)

    @property
    def progress(self) -> float:
        """How much of the run is done, 0 to 1, by steps or by time."""
        s = self.settings
        parts = [self.step / s.steps] if s.steps else []
        if s.minutes:
            parts.append(self.seconds / (60.0 * s.minutes))
        return min(1.0, max(parts, default=0.0))

    def run(self) -> Iterator[Step]:
        """Train to the end of the run, saving by time and at the end; stop iterating to abort."""
        s = self.settings
        saved = checked = self.seconds
        self.model.train()
        while self.progress < 1.0:
            started = time.monotonic()
            progress = self._agreed(self.progress)
            factor = rate(progress, s.warmup, s.decay)
            loss = self._update(progress, factor)
            self.step += 1
            took = self._agreed(time.monotonic() - started)
            self.seconds += took
            done = self.progress >= 1.0
            losses: dict[str, float] = {}
            if done or self.seconds - checked >= s.validate_seconds:
                checked = self.seconds
                losses = {file.name: self.validate(file) for file in self.validation}
            save = done or self.seconds - saved >= s.save_seconds
            if save:
                saved = self.seconds
                self.save()
            yield Step(
                step=self.step,
                progress=self.progress,
                loss=loss,
                rate=factor,
                tokens_per_second=s.rows * self.mixture.length / took,
                seconds_left=self.seconds * (1 / max(self.progress, 1e-9) - 1),
                validation=losses,
                saved=save,
            )

    def _update(self, progress: float, factor: float) -> float:
        s = self.settings
        rows = torch.from_numpy(self.mixture.batch(self.step, s.rows, progress))
        mine = rows[self.rank :: self.world].to(self.model.device)
        if s.dropout:  # drawn anew for each step and process, the same again after a resume
            torch.manual_seed((s.seed * 1_000_003 + self.step) * self.world + self.rank)
        parts = mine.split(s.micro_rows)
        total = 0.0
        for i, part in enumerate(parts):
            last = i == len(parts) - 1
            with contextlib.ExitStack() as stack:
                if isinstance(self._loss, DistributedDataParallel) and not last:
                    stack.enter_context(self._loss.no_sync())
                stack.enter_context(self._autocast())
                loss = self._loss(part) * (len(part) / len(mine))
                loss.backward()
            total += loss.item()
        trained = [p for p in self.model.parameters() if p.requires_grad]
        nn.utils.clip_grad_norm_(trained, s.clip)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * factor
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        return self._agreed(total)

    def _autocast(self) -> torch.autocast:
        on = self.settings.dtype != torch.float32
        return torch.autocast(self.model.device.type, self.settings.dtype, enabled=on)

    def _agreed(self, value: float) -> float:
        """The mean over all processes, so that clocks and losses agree."""
        if self.world == 1:
            return value
        shared = torch.tensor(value, dtype=torch.float64, device=self.model.device)
        dist.all_reduce(shared)
        return shared.item() / self.world

    @torch.no_grad()
    def validate(self, file: TokenFile, limit: int = 24) -> float:
        """Mean nats per token over the heads of the first documents of ``file``."""
        self.model.eval()
        total, count = 0.0, 0
        for index in range(min(limit, file.n_documents)):
            document = file.document(index)[: self.mixture.length + 1].astype(np.int64)
            if len(document) < 2:
                continue
            rows = torch.from_numpy(document)[None].to(self.model.device)
            with self._autocast():
                total += self._loss_of(rows) * (len(document) - 1)
            count += len(document) - 1
        self.model.train()
        return total / max(1, count)

    def _loss_of(self, rows: Tensor) -> float:
        logits = self.model(rows[:, :-1]).float()
        return nn.functional.cross_entropy(logits[0], rows[0, 1:]).item()

    def save(self) -> None:
        """Write the run's state into its folder (the first process does)."""
        if self.rank == 0:
            state = {
                "step": self.step,
                "seconds": self.seconds,
                "model": {n: p.data for n, p in self.model.named_parameters() if p.requires_grad},
                "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
                "mixture": self.mixture.state(),
            }
            save_state(self.folder, state)

    def _restore(self, state: dict[str, Any]) -> None:
        self.step, self.seconds = state["step"], state["seconds"]
        self.model.load_state_dict(state["model"], strict=False)
        peaks = [[g["peak"] for g in o.param_groups] for o in self.optimizers]
        for optimizer, saved, peak in zip(self.optimizers, state["optimizers"], peaks, strict=True):
            optimizer.load_state_dict(saved)
            for group, value in zip(optimizer.param_groups, peak, strict=True):
                group["peak"] = value  # a resumed run may be given another rate
        self.mixture.restore(state["mixture"])
