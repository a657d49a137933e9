"""A model folder in Hugging Face layout -> a GPT, checked before memory is taken for it.

Weights come from ``model.safetensors``, its shards, or ``pytorch_model.bin``, tensor by tensor into
a network that has no memory yet, so loading takes the model plus one tensor.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.errors import KnownError
from engine.lm.config import GPTConfig, read_config
from engine.lm.device import choose_device, choose_dtype, wants_int8
from engine.lm.gpt import GPT
from engine.lm.pages import nothing_kept
from engine.lm.quantize import Quantizer, usable_top
from engine.lm.weights import Source, find_weights, weight_files

Convert = Callable[[GPT, str], None]
_BLOCK = 1 << 16  # bytes of one sample of a large file
_SAMPLES = 128
_WHOLE = 32 << 20  # up to this size a file is hashed in full


def load_model(
    folder: Path,
    *,
    dtype: str = "auto",
    device: str = "auto",
    notice: Callable[[str], None] | None = None,
    convert: Convert | None = None,
) -> GPT:
    """The network of a model folder, ready to run (no gradients, evaluation mode).

    ``dtype`` is float32, bfloat16, float16, int8, or auto: the fastest that this machine has for
    the model. ``convert`` is called as soon as a part of the network has its weights (wte, wpe, h.0
    and so on, ln_f, lm_head) and may replace what is in it, so that a quantized model never exists
    whole in floating point. ``notice`` is told, in a sentence, what was done otherwise than asked.

    Raises:
        KnownError: what is wrong with which file and tensor, and what to do.
    """
    config = read_config(folder)
    sources = find_weights(folder)
    place = choose_device("cpu" if (dtype, device) == ("int8", "auto") else device)
    kind, quantizer = _number_type(dtype, place, config, notice)
    try:
        return _load(config, sources, place, kind, convert or quantizer)
    except (torch.OutOfMemoryError, RuntimeError, MemoryError) as error:
        if not _out_of_memory(error):
            raise
    if place.type == "cpu":
        raise KnownError(_too_large(folder, config, kind))
    if notice is not None:
        notice(f"The GPU has too little free memory for {folder.name}; it runs on the CPU instead.")
    cpu = torch.device("cpu")
    kind, quantizer = _number_type("auto" if dtype == "float16" else dtype, cpu, config, notice)
    try:
        return _load(config, sources, cpu, kind, convert or quantizer)
    except (RuntimeError, MemoryError) as error:
        if not _out_of_memory(error):
            raise
        raise KnownError(_too_large(folder, config, kind)) from None


def _number_type(
    name: str, place: torch.device, config: GPTConfig, notice: Callable[[str], None] | None
) -> tuple[torch.dtype, Convert | None]:
    """The type that weights are read in, and what makes int8 of them where that is wanted."""
    if not wants_int8(name, place, config):
        return choose_dtype(name, place), None
    if (top := usable_top()) is not None:
        return torch.float32, Quantizer(top)
    if notice is not None:
        notice("This machine's torch cannot calculate in int8; the model runs in float32 instead.")
    return torch.float32, None


def check_model(folder: Path) -> GPTConfig:
    """The config of a folder whose weights have the names and shapes it calls for; none is loaded.

    Raises:
        KnownError: what loading it would say.
    """
    config, sources = _settle_head(read_config(folder), find_weights(folder))
    with torch.device("meta"):
        model = GPT(config)
    _check_shapes({name: tuple(w.shape) for name, w in model.named_parameters()}, sources)
    return config


def digest(folder: Path) -> str:
    """16 hex digits that tell one model's weights from another's.

    For identity, not for integrity: a file of more than 32 MB is hashed by its size, its head and
    128 samples of 64 kB (training moves every weight), which takes milliseconds for any size.
    """
    config = read_config(folder)
    total = hashlib.sha256(repr(config).encode())
    for path in weight_files(folder):
        try:
            size = path.stat().st_size
            total.update(size.to_bytes(8, "little"))
            with path.open("rb", buffering=0) as file:
                if size <= _WHOLE:
                    total.update(file.read())
                    continue
                for i in range(_SAMPLES):
                    file.seek((size - _BLOCK) * i // (_SAMPLES - 1))
                    total.update(file.read(_BLOCK))
        except OSError as error:
            raise KnownError(f"{path.name} cannot be read: {error.strerror}.") from None
    return total.hexdigest()[:16]


def _load(
    config: GPTConfig,
    sources: Mapping[str, Source],
    device: torch.device,
    dtype: torch.dtype,
    convert: Convert | None,
) -> GPT:
    config, sources = _settle_head(config, dict(sources))
    with torch.device("meta"):
        model = GPT(config)
    expected = {name: tuple(weight.shape) for name, weight in model.named_parameters()}
    _check_shapes(expected, sources)
    with nothing_kept():
        # One place for every tensor on its way: freed and taken anew, they would leave holes behind.
        scratch = torch.empty(max(source.nbytes for source in sources.values()), dtype=torch.uint8)
        for part in _parts(model):
            for key, _ in list(model.get_submodule(part).named_parameters()):
                full = f"{part}.{key}"
                if full not in expected:  # the tied head: the same weights under a second name
                    continue
                weight = _read(sources[full], expected[full], device, dtype, scratch)
                owner, _, name = full.rpartition(".")
                parameter = nn.Parameter(weight, requires_grad=False)
                model.get_submodule(owner).register_parameter(name, parameter)
            if part == "lm_head" and config.tie_word_embeddings:
                model.lm_head.weight = model.wte.weight
            if convert is not None:
                convert(model, part)
    return model.eval()


def _parts(model: GPT) -> list[str]:
    """The parts of a network in the order in which a token passes them."""
    return ["wte", "wpe", *(f"h.{i}" for i in range(len(model.h))), "ln_f", "lm_head"]


def _settle_head(
    config: GPTConfig, sources: dict[str, Source]
) -> tuple[GPTConfig, dict[str, Source]]:
    """Use of ``lm_head.weight`` and ``wte.weight`` where files and config are at odds."""
    if not config.tie_word_embeddings or "lm_head.weight" not in sources:
        return config, sources
    if "wte.weight" not in sources:  # saved under the head's name only
        sources["wte.weight"] = sources.pop("lm_head.weight")
        return config, sources
    head, wte = sources["lm_head.weight"], sources["wte.weight"]
    if head.shape == wte.shape and not torch.equal(head.read(), wte.read()):
        return replace(config, tie_word_embeddings=False), sources  # trained apart after all
    del sources["lm_head.weight"]
    return config, sources


def _check_shapes(expected: Mapping[str, tuple[int, ...]], sources: Mapping[str, Source]) -> None:
    for name, shape in expected.items():
        source = sources.get(name)
        if source is None:
            raise KnownError(
                f"{next(iter(sources.values())).path.name} lacks the tensor {name}, which config.json "
                "calls for; the files are incomplete or of two models: download or copy it again."
                if sources
                else f"The weights lack the tensor {name}; download or copy the model again."
            )
        stored = shape[::-1] if _is_conv1d(name) else shape
        if source.shape != stored:
            raise KnownError(
                f"{source.path.name} has {source.name} with the shape {list(source.shape)}, but "
                f"config.json calls for {list(stored)}; the files are damaged or of two models."
            )
        if not source.dtype.is_floating_point:
            raise KnownError(
                f"{source.path.name} has {source.name} as {str(source.dtype).removeprefix('torch.')}; "
                "only plain floating-point weights can be read: use the original model."
            )
    for name in sources.keys() - expected.keys():
        raise KnownError(
            f"{sources[name].path.name} has a tensor {sources[name].name[:80]} that no GPT-2 of this "
            "config.json has; the files are of another kind of model, or of two models."
        )


def _is_conv1d(name: str) -> bool:
    """Whether checkpoints store this weight as [in, out], the transpose of a linear's."""
    return name.endswith(("c_attn.weight", "c_proj.weight", "c_fc.weight"))


def _read(
    source: Source,
    shape: tuple[int, ...],
    device: torch.device,
    dtype: torch.dtype,
    scratch: Tensor,
) -> Tensor:
    """One weight in its final place and type; only the stored form exists beside it."""
    stored = source.read(scratch)
    weight = torch.empty(shape, dtype=dtype, device=device)
    weight.copy_(stored if stored.shape == shape and not _is_conv1d(source.plain) else stored.T)
    if not _finite(weight):
        if _finite(stored):
            raise KnownError(
                f"{source.path.name} has numbers in {source.name} that are too large for "
                f"{str(dtype).removeprefix('torch.')}; use float32."
            )
        raise KnownError(
            f"{source.path.name} has NaN or infinity in {source.name}; the file is damaged or its "
            "training failed: download it again or use another model."
        )
    return weight


def _finite(tensor: Tensor) -> bool:
    # One NaN or infinity spoils a sum, which needs no second tensor; sums may also overflow.
    if tensor.sum(dtype=torch.float32).isfinite().item():
        return True
    return bool(tensor.isfinite().all().item())


def _out_of_memory(error: BaseException) -> bool:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(error).lower()
    return "out of memory" in text or "can't allocate memory" in text or "not enough memory" in text


def _too_large(folder: Path, config: GPTConfig, dtype: torch.dtype) -> str:
    need = config.n_params * dtype.itemsize / 2**30
    return (
        f"There is too little free memory for {folder.name}, which needs {need:.1f} GB; close other "
        "programs or use a smaller model."
    )
