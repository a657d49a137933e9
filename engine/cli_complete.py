"""``complete`` and ``score``: the model alone, without a story around it."""

from __future__ import annotations

import argparse
import contextlib
import math
import time
from pathlib import Path
from typing import Any

from engine.errors import KnownError
from engine.lm import presets
from engine.lm.backend import Backend, End, Finish, Prefill, Request, Scored, Token
from engine.lm.library import BUILT_IN
from engine.lm.settings import KNOBS, SWITCHES, SamplerSettings
from engine.opening import Opened, open_address, open_model

MAX_PROMPT_BYTES = 64 << 20


def add_commands(commands: Any) -> None:
    """Add ``complete`` and ``score`` to the sub-commands."""
    complete = commands.add_parser("complete", help="continue a prompt")
    source = complete.add_mutually_exclusive_group(required=True)
    source.add_argument("--prompt", help="the text to continue; may be empty")
    source.add_argument("--prompt-file", type=Path, help="a UTF-8 file with that text")
    complete.add_argument("--max-tokens", type=int, default=80, metavar="N")
    complete.add_argument("--n", type=int, default=1, help="how many continuations")
    complete.add_argument("--seed", type=int, default=0)
    complete.add_argument("--stop", action="append", default=[], help="end before this text")
    add_sampler_options(complete)
    complete.set_defaults(run=run_complete)

    score = commands.add_parser("score", help="how likely the model finds each word of a text")
    score.add_argument("--text-file", type=Path, required=True)
    score.set_defaults(run=run_score)
    for command in (complete, score):
        add_model_options(command)
        command.add_argument("--json", action="store_true", help="one JSON object, nothing else")


def add_model_options(command: argparse.ArgumentParser) -> None:
    """``--model`` or ``--server``, ``--dtype`` and ``--device``."""
    command.add_argument(
        "--model", default=BUILT_IN, help="a name from the library, server:NAME, or a folder"
    )
    command.add_argument("--server", metavar="URL", help="let the server at this address write")
    command.add_argument(
        "--server-kind", default="auto", metavar="KIND", help="which program it is"
    )
    command.add_argument("--server-model", default="", metavar="M", help="which of its models")
    command.add_argument("--dtype", default="auto", help="auto, float32, bfloat16, float16 or int8")
    command.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")


def add_sampler_options(command: argparse.ArgumentParser) -> None:
    """A preset, one option for every knob, word lists, and the order of the stages."""
    group = command.add_argument_group("sampling (every sampler is off unless given)")
    group.add_argument("--preset", help="a sampler preset to begin with")
    for knob in KNOBS:
        group.add_argument(
            f"--{knob.field.replace('_', '-')}",
            type=int if knob.whole else float,
            metavar="N" if knob.whole else "X",
            help=f"{knob.help} ({knob.low:g} to {knob.high:g})".replace("%", "%%"),
        )
    for switch in SWITCHES:
        flag = f"--{switch.field.replace('_', '-')}"
        group.add_argument(flag, action="store_true", default=None, help=switch.help)
    group.add_argument("--banned", action="append", metavar="WORDS", help="never write this")
    group.add_argument(
        "--bias", action="append", metavar="WORD=NATS", help="favour (above 0) or avoid (below 0)"
    )
    group.add_argument("--negative-prompt", help="what --guidance leads away from")
    group.add_argument("--order", help="the stages, parted by commas")


def sampler_settings(options: argparse.Namespace) -> SamplerSettings:
    """The settings that the options say, on top of the preset they name."""
    values = presets.find(options.preset).settings.to_json() if options.preset else {}
    names = [*(knob.field for knob in KNOBS), *(switch.field for switch in SWITCHES)]
    for name in (*names, "banned", "negative_prompt"):
        if getattr(options, name) is not None:
            values[name] = getattr(options, name)
    if options.bias is not None:
        values["logit_bias"] = [_bias(text) for text in options.bias]
    if options.order is not None:
        values["order"] = [name.strip() for name in options.order.split(",") if name.strip()]
    return SamplerSettings.from_json(values)


def _bias(text: str) -> list[str | float]:
    word, mark, number = text.rpartition("=")
    try:
        if mark:
            return [word, float(number)]
    except ValueError:
        pass
    raise KnownError(f"--bias takes a word and a number, as in dragon=2; not '{text[:60]}'.")


def read_text(path: Path) -> str:
    """The text of a UTF-8 file, its line breaks as they are.

    Raises:
        KnownError: no such file, too large, or not UTF-8.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_PROMPT_BYTES + 1)
        if len(raw) > MAX_PROMPT_BYTES:
            raise KnownError(f"{path.name} is larger than {MAX_PROMPT_BYTES >> 20} MB.")
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise KnownError(
            f"{path.name} is not UTF-8 text; save it as UTF-8 and try again."
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the name is not valid"
        raise KnownError(f"{path.name} cannot be read: {reason}.") from None


def load_backend(options: argparse.Namespace) -> Opened[Backend]:
    """The model that the options name, on this machine or a server; close its backend in the end."""
    if options.server:
        opened = open_address(options.server, options.server_kind, options.server_model)
    else:
        opened = open_model(
            options.model, dtype=options.dtype, device=options.device, notice=_notice
        )
    for sentence in opened.warnings:
        _notice(sentence)
    return opened


def _notice(text: str) -> None:
    import sys

    print(text, file=sys.stderr)


def beginning(opened: Opened[Backend]) -> tuple[int, ...]:
    """The ids that the model's profile puts in front of every text."""
    tokenizer, profile = opened.backend.tokenizer, opened.profile
    start = tokenizer.end_of_text
    ids = (start,) if profile.begin_token and start is not None else ()
    return (*ids, *tokenizer.encode(profile.begin_text))


def run_complete(options: argparse.Namespace) -> dict[str, Any] | None:
    """Continue a prompt; the JSON of it, or the text printed as it comes."""
    sampling = sampler_settings(options)
    text = read_text(options.prompt_file) if options.prompt_file else options.prompt
    clock = time.perf_counter()
    opened = load_backend(options)
    with contextlib.closing(opened.backend):
        return _complete(options, opened, sampling, text, time.perf_counter() - clock)


def _complete(
    options: argparse.Namespace,
    opened: Opened[Backend],
    sampling: SamplerSettings,
    text: str,
    load: float,
) -> dict[str, Any] | None:
    backend = opened.backend
    tokens = (*beginning(opened), *backend.tokenizer.encode(text))
    request = Request(
        text=opened.profile.begin_text + text,
        tokens=tokens,
        max_tokens=options.max_tokens,
        sampling=sampling,
        stop=tuple(options.stop),
        seed=options.seed,
        n=options.n,
    )
    clock = time.perf_counter()
    prefill = 0.0
    events = backend.generate(request)
    rows: list[list[Token]] = [[] for _ in range(options.n)]
    finish = [Finish.LENGTH] * options.n
    live = not options.json and options.n == 1 and not sampling.banned  # what is shown stays
    for event in events:
        match event:
            case Prefill():
                prefill = time.perf_counter() - clock
            case Token():
                rows[event.row].append(event)
                if live:
                    print(event.text, end="", flush=True)
            case End():
                finish[event.row] = event.reason
            case _:
                row = rows[event.row]
                del row[len(row) - event.n :]
    total = time.perf_counter() - clock
    if not options.json:
        if live:
            print()
        else:
            _print_rows(rows)
        return None
    exact = backend.tokenizer.exact  # a server's ids are not known for certain
    return {
        "prompt_ids": list(tokens) if exact else [],
        "candidates": [
            {
                "ids": [token.id for token in row] if exact else [],
                "text": "".join(token.text for token in row),
                "logprobs": [None if math.isnan(t.logprob) else t.logprob for t in row],
                "finish": str(reason),
            }
            for row, reason in zip(rows, finish, strict=True)
        ],
        "seconds": {"load": load, "prefill": prefill, "decode": total - prefill},
    }


def _print_rows(rows: list[list[Token]]) -> None:
    for number, row in enumerate(rows, 1):
        if len(rows) > 1:
            print(f"--- {number} ---")
        print("".join(token.text for token in row))


def run_score(options: argparse.Namespace) -> dict[str, Any] | None:
    """How likely each token of a text is; JSON, or one line a token."""
    text = read_text(options.text_file)
    opened = load_backend(options)
    backend = opened.backend
    with contextlib.closing(backend):
        start = beginning(opened)
        tokens = (*start, *backend.tokenizer.encode(text))
        scored = [e for e in backend.score(tokens) if isinstance(e, Scored)][len(start) :]
    known = [e.logprob for e in scored if e.logprob is not None]
    nll = -sum(known) / len(known) if known else None
    if not options.json:
        for event in scored:
            word = backend.tokenizer.decode([event.id])
            value = "" if event.logprob is None else f"{event.logprob:9.3f} {event.rank:6d}"
            print(f"{value:16} {word!r}")
        print("mean nats per token:", "-" if nll is None else f"{nll:.4f}")
        return None
    return {
        "ids": [e.id for e in scored],
        "logprobs": [e.logprob for e in scored],
        "ranks": [e.rank for e in scored],
        "nll": nll,
    }
