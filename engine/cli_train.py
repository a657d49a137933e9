"""``train``: teach a model from text files, from scratch or onward from one that exists."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import KnownError
from engine.lm.config import read_config
from engine.lm.library import find_model

if TYPE_CHECKING:
    from engine.lm.gpt import GPT
    from engine.lm.train import Step, TrainSettings

RUN_FOLDER = "run"  # the resumable state, beside the finished model
SECONDS_BETWEEN_LINES = 5.0


def add_commands(commands: Any) -> None:
    """Add ``train`` to the sub-commands."""
    train = commands.add_parser(
        "train",
        help="train or fine-tune a model on texts",
        description="Options may also stand in a file, one word a line, named as @FILE.",
        fromfile_prefix_chars="@",
    )
    add_arguments(train)
    train.set_defaults(run=run)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``train``."""
    parser.add_argument(
        "--data",
        nargs="+",
        required=True,
        metavar="FILE[=SHARE[:FINAL]]",
        help="UTF-8 texts parted by <|endoftext|>, or .tokens files; SHARE of the rows, moving to "
        "FINAL as the rate falls",
    )
    parser.add_argument("--aligned", nargs="*", default=[], metavar="NAME", help="files whose rows "
                        "begin at a document's beginning")  # fmt: skip
    parser.add_argument("--validation", nargs="*", default=[], metavar="FILE")
    parser.add_argument("--init", required=True, help="a model to go on from, or a config.json")
    parser.add_argument("--tokenizer", type=Path, help="its folder, when --init is a config.json")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER")
    length = parser.add_argument_group("length of the run (what is reached first)")
    length.add_argument("--minutes", type=float)
    length.add_argument("--steps", type=int)
    how = parser.add_argument_group("how")
    how.add_argument("--lora", type=int, default=0, metavar="RANK", help="train adapters only")
    how.add_argument("--optimizer", choices=("muon", "adamw"), help="muon when from scratch")
    how.add_argument("--lr", type=float, help="peak rate of AdamW")
    how.add_argument("--matrix-lr", type=float, default=0.01, help="peak rate of Muon")
    how.add_argument("--weight-decay", type=float, default=0.05)
    how.add_argument("--dropout", type=float, default=0.0, help="against learning by heart")
    how.add_argument("--warmup", type=float, default=0.02, help="part of the run")
    how.add_argument("--decay", type=float, default=0.5, help="part of the run, at its end")
    how.add_argument("--rows", type=int, default=8, help="windows in a step")
    how.add_argument("--micro-rows", type=int, help="windows at once; less takes less memory")
    how.add_argument("--length", type=int, help="tokens in a window (the model's n_ctx)")
    how.add_argument("--recompute", action="store_true", help="save memory, take a third longer")
    how.add_argument("--dtype", choices=("bfloat16", "float32"), default="bfloat16")
    how.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    how.add_argument("--threads", type=int, help="processor threads")
    how.add_argument("--seed", type=int, default=0)
    how.add_argument("--save-seconds", type=float, default=55.0, help="between two saves")
    how.add_argument("--snapshot-steps", type=int, help="a model folder each N steps, to average")
    how.add_argument("--validate-seconds", type=float, default=300.0)
    parser.add_argument("--json", action="store_true", help="one JSON object, nothing else")


def run(options: argparse.Namespace) -> dict[str, Any] | None:
    """Train (or go on training) into the output folder; the result for ``--json``."""
    if not options.minutes and not options.steps:
        raise KnownError("Say how long to train: --minutes or --steps.")
    numbers = (options.rows, options.micro_rows or 1, options.steps or 1, options.length or 1)
    if min(numbers) < 1 or (options.minutes or 1) <= 0 or options.lora < 0:
        raise KnownError("--rows, --micro-rows, --length, --steps and --minutes must be above 0.")
    if options.snapshot_steps and options.lora:
        raise KnownError("--snapshot-steps writes whole models; it cannot be used with --lora.")
    if not (0 <= options.warmup < 1 and 0 < options.decay <= 1 and 0 <= options.dropout < 1):
        raise KnownError("--warmup, --decay and --dropout are parts, between 0 and 1.")

    import torch

    if options.threads:
        torch.set_num_threads(options.threads)
    launched = "RANK" in os.environ  # by torchrun
    if launched:
        torch.distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        return _train(options)
    finally:
        if launched:
            torch.distributed.destroy_process_group()


def _train(options: argparse.Namespace) -> dict[str, Any] | None:
    from engine.lm.export import save_model
    from engine.lm.lora import merge_lora
    from engine.lm.mixture import Mixture
    from engine.lm.tokenizer import load_tokenizer
    from engine.lm.train import Trainer
    from engine.lm.train_data import check_sources, read_source

    init = Path(options.init)
    scratch = init.is_file()
    if scratch and options.tokenizer is None:
        raise KnownError("A config.json has no tokenizer: name its folder with --tokenizer.")
    folder = options.tokenizer or find_model(options.init)
    tokenizer = load_tokenizer(folder)
    end = tokenizer.end_of_text
    if end is None:
        raise KnownError("The tokenizer has no <|endoftext|> token to part documents with.")
    model = _model(options, scratch=scratch)
    length = options.length or model.config.n_ctx
    if length > model.config.n_ctx:
        raise KnownError(f"--length {length} is more than the model's {model.config.n_ctx}.")
    sources = [
        read_source(spec, tokenizer, end, aligned=Path(spec.split("=")[0]).stem in options.aligned)
        for spec in options.data
    ]
    check_sources(sources)
    if any(int(source.file.tokens.max()) >= model.config.n_vocab for source in sources):
        raise KnownError(
            "The tokenizer has more tokens than the model; they do not belong together."
        )
    validation = [read_source(spec, tokenizer, end).file for spec in options.validation]
    settings = _settings(options, scratch=scratch)
    mixture = Mixture(sources, length, options.seed, shift=1.0 - options.decay)
    trainer = Trainer(model, mixture, settings, options.output / RUN_FOLDER, validation)
    last: Step | None = None
    spoken = 0.0
    for last in trainer.run():
        if trainer.rank == 0 and (last.saved or time.monotonic() - spoken > SECONDS_BETWEEN_LINES):
            spoken = time.monotonic()
            print(describe(last), file=sys.stderr, flush=True)
        if trainer.rank == 0 and options.snapshot_steps and last.step % options.snapshot_steps == 0:
            snapshot = options.output / "snapshots" / f"{last.step:06d}"
            save_model(model, snapshot, tokenizer=folder)
    if trainer.rank != 0:
        return None
    if options.lora:
        merge_lora(model)
    save_model(model, options.output, tokenizer=folder)
    result = {
        "folder": str(options.output),
        "steps": trainer.step,
        "seconds": round(trainer.seconds, 1),
        "loss": last.loss if last else None,
        "validation": last.validation if last else {},
    }
    if options.json:
        return result
    print(f"{options.output} holds the model after {trainer.step} steps.")
    return None


def describe(step: Step) -> str:
    """The progress line."""
    minutes = step.seconds_left / 60.0
    parts = [
        f"step {step.step} ({step.progress:.1%})",
        f"loss {step.loss:.3f}",
        f"{step.tokens_per_second:.0f} tokens/s",
        f"{minutes:.1f} min left",
        *(f"{name} {loss:.3f}" for name, loss in step.validation.items()),
    ]
    return "  ".join(parts)


def _model(options: argparse.Namespace, *, scratch: bool) -> GPT:
    import torch

    from engine.lm.checkpoint import load_model
    from engine.lm.device import choose_device
    from engine.lm.gpt import GPT
    from engine.lm.lora import add_lora

    torch.manual_seed(options.seed)
    if scratch:
        config = read_config(Path(options.init).parent, name=Path(options.init).name)
        model = GPT(config)
        model.init_weights(torch.Generator().manual_seed(options.seed))
        model.to(choose_device(options.device))
    else:
        model = load_model(find_model(options.init), dtype="float32", device=options.device)
        model.requires_grad_(requires_grad=True)
    if options.lora:
        add_lora(model, rank=options.lora, alpha=2.0 * options.lora)
    return model


def _settings(options: argparse.Namespace, *, scratch: bool) -> TrainSettings:
    import torch

    from engine.lm.train import TrainSettings

    muon = options.optimizer == "muon" or (options.optimizer is None and scratch)
    gentle = 2e-4 if options.lora else 5e-5
    return TrainSettings(
        steps=options.steps,
        minutes=options.minutes,
        rows=options.rows,
        micro_rows=options.micro_rows or options.rows,
        matrix_lr=options.matrix_lr,
        other_lr=options.lr or (1e-3 if muon else gentle),
        weight_decay=options.weight_decay,
        muon=muon and not options.lora,
        dropout=options.dropout,
        warmup=options.warmup,
        decay=options.decay,
        dtype=getattr(torch, options.dtype),
        recompute=options.recompute,
        seed=options.seed,
        save_seconds=options.save_seconds,
        validate_seconds=options.validate_seconds,
    )
