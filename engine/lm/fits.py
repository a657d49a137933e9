"""Whether a model fits this machine, in which number type, and what to expect of it.

Memory comes from the config alone, so a model can be judged before it is downloaded; speed comes
from ``probe.measure``. Everything is said in sentences a front end can show as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from engine.lm.catalogue import catalogue
from engine.lm.config import GPTConfig, read_config
from engine.lm.library import find_model, kept_folder
from engine.lm.machine import Machine, this_machine
from engine.lm.probe import Speed, measure
from engine.lm.progress import say_bytes

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2, "int8": 1}
PROGRAM_BYTES = 350 << 20  # what the program and torch take before any model
CHUNK = 256  # tokens of a prompt read at once
SPARE = 0.9  # of what is free: the rest is for everything else
READER = 6.0  # tokens a second of somebody reading for pleasure: about 270 words a minute
# GPT-2's published shapes by millions of parameters: layers, heads, width.
SHAPES = {82: (6, 12, 768), 124: (12, 12, 768), 355: (24, 16, 1024), 774: (36, 20, 1280)}
SHAPES |= {1558: (48, 25, 1600)}


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to run a model; bytes, tokens a second (0: not measured)."""

    dtype: str
    device: str
    needs: int
    free: int
    writing: float = 0.0
    reading: float = 0.0

    @property
    def fits(self) -> bool:
        """Whether the memory suffices; True where the system does not say what is free."""
        return not self.free or self.needs <= self.free * SPARE


@dataclass(frozen=True, slots=True)
class Report:
    """What a front end shows: the choices, the best of them, a recommendation, a warning or ''."""

    name: str
    choices: tuple[Choice, ...]
    best: Choice | None
    recommendation: str
    warning: str

    def lines(self) -> list[str]:
        """The report as lines of text."""
        table = [
            f"  {c.dtype:9} on {c.device:5} {say_bytes(c.needs):>8} of {say_bytes(c.free)} free"
            + (f", {c.writing:5.1f} tokens/s" if c.writing else "")
            + ("" if c.fits else ", too large")
            for c in self.choices
        ]
        return [
            f"{self.name} needs:",
            *table,
            self.recommendation,
            *([self.warning] * bool(self.warning)),
        ]

    def to_json(self) -> dict[str, Any]:
        """The report as JSON's values."""
        choices = [asdict(choice) | {"fits": choice.fits} for choice in self.choices]
        best = {"dtype": self.best.dtype, "device": self.best.device} if self.best else None
        return {
            "name": self.name,
            "choices": choices,
            "best": best,
            "recommendation": self.recommendation,
            "warning": self.warning,
        }


def weight_bytes(config: GPTConfig, dtype: str, *, loading: bool = False) -> int:
    """Bytes of the weights in memory.

    In int8 every matrix has a byte a weight and a float32 scale a row; the head is a matrix of its
    own then, the embeddings have 16 bits (32 while ``loading``), the rest stays float32.
    """
    if dtype != "int8":
        return config.n_params * BYTES[dtype]
    c, f, v = config.n_embd, config.d_inner, config.n_vocab
    matrices = config.n_layer * (4 * c * c + 2 * c * f) + v * c
    rows = config.n_layer * (5 * c + f) + v
    floats = config.n_ctx * c + config.n_layer * (14 * c + 2 * f) + 3 * c
    return matrices + 4 * rows + (4 if loading else 2) * v * c + 4 * floats


def memory_bytes(config: GPTConfig, dtype: str, device: str = "cpu") -> int:
    """Bytes at the worst moment of loading and playing, the program included."""
    # While loading, the largest matrix stands there as stored beside its place.
    largest = 4 * max(config.n_vocab * config.n_embd, config.n_embd * config.d_inner)
    loading = weight_bytes(config, dtype, loading=True) + largest
    if dtype == "int8":  # a matrix is rounded, wrapped and packed before its float form goes
        loading += 3 * config.n_vocab * config.n_embd
    item = max(BYTES[dtype], 2)
    cache = 2 * config.n_layer * config.n_ctx * config.n_embd * item
    chunk = min(CHUNK, config.n_ctx) * (8 * config.n_embd + 2 * config.d_inner) * 4
    row = 12 * config.n_vocab * 4  # the samplers' copies of one row of logits
    playing = weight_bytes(config, dtype) + cache + chunk + row
    return max(loading, playing) + (PROGRAM_BYTES if device == "cpu" else 0)


def kinds(machine: Machine) -> list[tuple[str, str]]:
    """The number types and devices that are worth looking at on a machine."""
    found = (
        [("bfloat16" if machine.gpu.device == "cuda" else "float16", machine.gpu.device)]
        if machine.gpu
        else []
    )
    if has_int8():
        found.append(("int8", "cpu"))
    return [*found, ("bfloat16", "cpu"), ("float32", "cpu")]


def has_int8() -> bool:
    """Whether this processor calculates in int8; the first call imports torch and tries it."""
    from engine.lm.quantize import usable_top

    return usable_top() is not None


def config_of(name: str) -> GPTConfig:
    """The config of a model in the library, of the catalogue (before it is here), or of a folder.

    Raises:
        KnownError: there is no such model.
    """
    if kept_folder(name) is None:
        for entry in catalogue():
            if name in (entry.name, entry.repo):
                layers, heads, width = SHAPES[entry.parameters]
                return GPTConfig(n_layer=layers, n_head=heads, n_embd=width)
    return read_config(find_model(name))


def advise(name: str, config: GPTConfig, machine: Machine, speeds: list[Speed]) -> Report:
    """The report on a model, from what the machine has and what was measured (nothing: memory only)."""
    measured = {(speed.dtype, speed.device): speed for speed in speeds}
    choices = []
    for dtype, device in kinds(machine):
        gpu = machine.gpu if device != "cpu" else None
        speed = measured.get((dtype, device))
        choices.append(
            Choice(
                dtype,
                device,
                memory_bytes(config, dtype, device),
                gpu.free if gpu else machine.free,
                speed.writing if speed else 0.0,
                speed.reading if speed else 0.0,
            )
        )
    fitting = [choice for choice in choices if choice.fits]
    best = _best(fitting, config)
    if best is None:
        least = min(choices, key=lambda choice: choice.needs)
        return Report(
            name,
            tuple(choices),
            None,
            f"{name} does not fit: choose a smaller model, or a server on another machine.",
            f"It needs {say_bytes(least.needs)} and {say_bytes(least.free)} are free; loading it would "
            "slow down everything on this machine, or fail.",
        )
    where = "the GPU" if best.device != "cpu" else "the processor"
    text = f"Best as {best.dtype} on {where}"
    if not best.writing:
        return Report(name, tuple(choices), best, f"{text}.", "")
    text += f": about {best.writing:.0f} tokens a second, {_pace(best.writing)}."
    if best.reading and config.n_ctx / best.reading > 3:
        text += f" Reading a full window anew takes {config.n_ctx / best.reading:.0f} s."
    slow = best.writing < READER / 2
    warning = "It will feel slow here; a smaller model answers sooner." if slow else ""
    return Report(name, tuple(choices), best, text, warning)


def judge(name: str) -> Report:
    """The report on a model with speeds; takes about two seconds and torch's import.

    Raises:
        KnownError: there is no such model.
    """
    *_, report = judging(name)
    if report is None:
        raise RuntimeError("the last event is the report")
    return report


def judging(name: str) -> Iterator[Report | None]:
    """Like ``judge``, as an iterator for a worker: None while it measures, the report at the end.

    Raises:
        KnownError: while iterating: there is no such model.
    """
    config, machine = config_of(name), this_machine()
    fitting = [(c.dtype, c.device) for c in advise(name, config, machine, []).choices if c.fits]
    speeds = []
    for speed in measure(config, fitting) if fitting else ():
        if speed is not None:
            speeds.append(speed)
        yield None
    yield advise(name, config, machine, speeds)


def warning(config: GPTConfig, name: str, dtype: str = "auto", device: str = "auto") -> str:
    """A sentence if loading is about to take more memory than is free, '' if not.

    ``dtype`` and ``device`` are what ``load_model`` is going to be told. Where a GPU is too small
    the model goes to the processor by itself, so only the processor's memory is looked at.
    """
    from engine.lm.device import choose_device, wants_int8

    place = choose_device("cpu" if dtype == "int8" else device)
    if place.type != "cpu":
        return ""
    if wants_int8(dtype, place, config) and has_int8():
        dtype = "int8"
    elif dtype not in BYTES:
        dtype = "float32"
    free = this_machine(with_gpu=False).free
    choice = Choice(dtype, "cpu", memory_bytes(config, dtype), free)
    if choice.fits:
        return ""
    smaller = [kind for kind in ("int8", "bfloat16") if memory_bytes(config, kind) < choice.needs]
    other = f" or load it as {smaller[0]}" if smaller else ""
    return (
        f"{name} needs about {say_bytes(choice.needs)} as {dtype} and {say_bytes(free)} are free: "
        f"close other programs, choose a smaller model{other}."
    )


def _best(fitting: list[Choice], config: GPTConfig) -> Choice | None:
    """The fastest; where nothing was measured, what the model is loaded as by itself."""
    if not fitting or any(choice.writing for choice in fitting):
        return max(fitting, key=lambda choice: choice.writing, default=None)
    first = fitting[0]
    if first.device != "cpu":
        return first
    from engine.lm.device import choose_device, wants_int8

    usual = "int8" if wants_int8("auto", choose_device("cpu"), config) else "float32"
    return next((choice for choice in fitting if choice.dtype == usual), first)


def _pace(writing: float) -> str:
    if writing >= 1.5 * READER:
        return "faster than most people read"
    if writing >= READER * 0.75:
        return "about as fast as people read"
    return "slower than people read"
