"""This engine and its peers behind one seam, for ``bench.py``: continue a prompt, and when what came.

This engine runs as the app uses it; the peers choose the likeliest token, which is the least they can
do (candidates, which would all be the same, are drawn from the 50 likeliest).
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from benchmarks.bench_model import ctranslate2_of, gguf_of
from engine.lm.backend import Request, Token
from engine.lm.presets import DEFAULT, find
from engine.lm.settings import SamplerSettings
from engine.story.profile import GPT2
from engine.turn import Play

DRAWN = 50  # tokens that candidates of peers are drawn from


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds until the first token was there and until the last was; how many came in all."""

    first: float
    last: float
    tokens: int

    @property
    def decoding(self) -> float:
        """Seconds from the first token to the last."""
        return self.last - self.first


class Stopwatch:
    """Notes when tokens arrive."""

    def __init__(self) -> None:
        self._begun = time.perf_counter()
        self._first = self._last = 0.0
        self._tokens = 0

    def token(self) -> None:
        """One token has arrived."""
        self._last = time.perf_counter() - self._begun
        self._first = self._first or self._last
        self._tokens += 1

    def run(self) -> Run:
        """What has been noted."""
        return Run(self._first, self._last, self._tokens)


class Engine(Protocol):
    """Something that reads token ids and writes more of them."""

    def run(self, prompt: Sequence[int], new: int, rows: int = 1, seed: int = 0) -> Run:
        """Continue ``prompt`` by ``new`` tokens in each of ``rows`` candidates."""
        ...

    def greedy(self, prompt: Sequence[int], new: int) -> list[int]:
        """The ``new`` tokens that are likeliest one after the other."""
        ...


class Here:
    """This engine: default preset, alternatives kept, stop strings, stream decoder."""

    def __init__(self, folder: Path, kind: str, threads: int) -> None:
        from engine.lm.local import LocalBackend

        _torch_threads(threads)
        self._backend = LocalBackend.load(folder, dtype=kind)

    def run(self, prompt: Sequence[int], new: int, rows: int = 1, seed: int = 0) -> Run:
        """Continue a prompt; the few that end of themselves are written again with another seed."""
        return self._events(prompt, new, rows, seed, find(DEFAULT).settings)[0]

    def greedy(self, prompt: Sequence[int], new: int) -> list[int]:
        """The likeliest tokens."""
        return self._events(prompt, new, 1, 0, SamplerSettings(temperature=0))[1]

    def _events(
        self, prompt: Sequence[int], new: int, rows: int, seed: int, sampling: SamplerSettings
    ) -> tuple[Run, list[int]]:
        request = Request(
            "", tuple(prompt), new, sampling, stop=GPT2.stop, seed=seed, n=rows, top=Play().top
        )
        watch, ids = Stopwatch(), []
        for event in self._backend.generate(request):
            if isinstance(event, Token):
                watch.token()
                ids.append(event.id)
        return watch.run(), ids


class Transformers:
    """transformers' own ``generate``, in float32 or bfloat16."""

    def __init__(self, folder: Path, kind: str, threads: int) -> None:
        _torch_threads(threads)
        import torch
        import transformers

        transformers.logging.set_verbosity_error()
        self._torch = torch
        model: Any = transformers.GPT2LMHeadModel.from_pretrained(
            folder, dtype=getattr(torch, kind)
        )
        self._model = model.eval()
        self._model.generation_config.eos_token_id = None
        self._model.generation_config.pad_token_id = 0

    def run(self, prompt: Sequence[int], new: int, rows: int = 1, seed: int = 0) -> Run:
        """Continue a prompt, all candidates as one batch."""
        self._torch.manual_seed(seed)
        watch = Stopwatch()
        many = {"do_sample": True, "top_k": DRAWN, "num_return_sequences": rows}
        self._generate(prompt, new, _Streamer(watch, rows), **(many if rows > 1 else {}))
        return watch.run()

    def greedy(self, prompt: Sequence[int], new: int) -> list[int]:
        """The likeliest tokens."""
        return self._generate(prompt, new, None)

    def _generate(
        self, prompt: Sequence[int], new: int, streamer: _Streamer | None, **options: Any
    ) -> list[int]:
        ids = self._torch.tensor([list(prompt)])
        options = {"do_sample": False} | options
        with self._torch.inference_mode():
            out = self._model.generate(
                ids,
                attention_mask=self._torch.ones_like(ids),
                max_new_tokens=new,
                streamer=streamer,
                **options,
            )
        return out[0, len(prompt) :].tolist()


class _Streamer:
    """What transformers tells of tokens as they come, the prompt first."""

    def __init__(self, watch: Stopwatch, rows: int) -> None:
        self._watch, self._rows, self._prompt = watch, rows, True

    def put(self, _value: object) -> None:
        if self._prompt:
            self._prompt = False
            return
        for _ in range(self._rows):
            self._watch.token()

    def end(self) -> None:
        return


class LlamaCpp:
    """llama.cpp through llama-cpp-python; it keeps the prefix that two prompts share, as we do."""

    def __init__(self, folder: Path, kind: str, threads: int) -> None:
        llama_cpp = importlib.import_module("llama_cpp")
        self._model: Any = llama_cpp.Llama(
            str(gguf_of(folder, kind)),
            n_ctx=1024,
            n_batch=1024,
            n_ubatch=1024,
            n_threads=threads,
            n_threads_batch=threads,
            verbose=False,
        )

    def run(self, prompt: Sequence[int], new: int, rows: int = 1, seed: int = 0) -> Run:
        """Continue a prompt; it writes candidates one after the other."""
        watch = Stopwatch()
        for row in range(rows):
            self._model.set_seed(seed + row)
            many = {"temp": 1.0, "top_k": DRAWN} if rows > 1 else {"temp": 0.0}
            self._generate(prompt, new, watch.token, **many)
        return watch.run()

    def greedy(self, prompt: Sequence[int], new: int) -> list[int]:
        """The likeliest tokens."""
        return self._generate(prompt, new, lambda: None, temp=0.0)

    def _generate(
        self, prompt: Sequence[int], new: int, tell: Callable[[], None], **options: Any
    ) -> list[int]:
        ids: list[int] = []
        plain = {"top_p": 1.0, "min_p": 0.0, "repeat_penalty": 1.0}
        for token in self._model.generate(list(prompt), **plain, **options):
            tell()
            ids.append(token)
            if len(ids) == new:
                break
        return ids


class CTranslate2:
    """CTranslate2's generator."""

    def __init__(self, folder: Path, kind: str, threads: int) -> None:
        ctranslate2 = importlib.import_module("ctranslate2")
        vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
        self._tokens = {number: token for token, number in vocabulary.items()}
        self._model: Any = ctranslate2.Generator(
            str(ctranslate2_of(folder, kind)), compute_type=kind, intra_threads=threads
        )

    def run(self, prompt: Sequence[int], new: int, rows: int = 1, seed: int = 0) -> Run:
        """Continue a prompt, all candidates as one batch."""
        importlib.import_module("ctranslate2").set_random_seed(seed)
        watch = Stopwatch()
        many = {"sampling_topk": DRAWN} if rows > 1 else {}
        self._generate(prompt, new, rows, lambda _: watch.token(), **many)
        return watch.run()

    def greedy(self, prompt: Sequence[int], new: int) -> list[int]:
        """The likeliest tokens."""
        return self._generate(prompt, new, 1, None)

    def _generate(
        self,
        prompt: Sequence[int],
        new: int,
        rows: int,
        tell: Callable[[Any], None] | None,
        **options: Any,
    ) -> list[int]:
        words = [self._tokens[i] for i in prompt]
        # The callback's answer is whether to stop; None is taken for no.
        told = {"callback": lambda step: bool(tell(step))} if tell is not None else {}
        results = self._model.generate_batch(
            [words] * rows,
            max_length=new,
            min_length=new,
            include_prompt_in_result=False,
            **told,
            **options,
        )
        return list(results[0].sequences_ids[0])


@dataclass(frozen=True, slots=True)
class Kind:
    """An engine in one number type, by the name that stands in the table."""

    label: str
    make: Callable[[Path, str, int], Engine]
    dtype: str
    module: str  # importing it is not part of loading a model
    needs: tuple[str, ...] = ()  # packages that may be missing
    usual: bool = True  # measured unless engines are named
    file: Callable[[Path, str], Path] | None = None  # makes what it reads of a model folder

    @property
    def missing(self) -> str:
        """The first module that is not installed, or nothing."""
        return next((name for name in self.needs if importlib.util.find_spec(name) is None), "")


_HERE = "engine.lm.local"
_TRANSFORMERS = ("transformers.models.gpt2.modeling_gpt2", ("transformers",))
_LLAMA = ("llama_cpp", ("llama_cpp", "gguf"))
# Its converter reads the folder with transformers.
_CTRANSLATE2 = ("ctranslate2", ("ctranslate2", "transformers"))

KINDS = {
    "here-int8": Kind("here int8", Here, "int8", _HERE),
    "here-float32": Kind("here f32", Here, "float32", _HERE),
    "transformers": Kind("transformers f32", Transformers, "float32", *_TRANSFORMERS),
    "transformers-bfloat16": Kind(
        "transformers bf16", Transformers, "bfloat16", *_TRANSFORMERS, usual=False
    ),
    "llama-q8_0": Kind("llama.cpp Q8_0", LlamaCpp, "q8_0", *_LLAMA, file=gguf_of),
    "llama-q4_0": Kind("llama.cpp Q4_0", LlamaCpp, "q4_0", *_LLAMA, file=gguf_of),
    "llama-f16": Kind("llama.cpp F16", LlamaCpp, "f16", *_LLAMA, usual=False, file=gguf_of),
    "ctranslate2-int8": Kind(
        "CTranslate2 int8", CTranslate2, "int8", *_CTRANSLATE2, file=ctranslate2_of
    ),
    "ctranslate2-float32": Kind(
        "CTranslate2 f32", CTranslate2, "float32", *_CTRANSLATE2, usual=False, file=ctranslate2_of
    ),
}


def _torch_threads(threads: int) -> None:
    import torch

    torch.set_num_threads(threads)
