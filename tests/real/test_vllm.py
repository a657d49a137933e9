"""A real vLLM serves Ember on the CPU. Opt-in: ``make test-vllm`` installs it and sets the variable."""

from __future__ import annotations

import math
import os
import time
from contextlib import closing
from pathlib import Path

import pytest

from engine.lm.backend import Request, Token
from engine.lm.library import BUILT_IN, find_model
from engine.lm.remote.remote_backend import RemoteBackend
from engine.lm.remote.servers import Kind, Server
from engine.lm.tokenizer import load_tokenizer
from tests.real.evening import check_writing, free_port, play_five_turns, served

VARIABLE = "BRASS_LANTERN_VLLM"  # the folder of the environment that has vLLM in it

pytestmark = [pytest.mark.real, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def vllm(tmp_path_factory: pytest.TempPathFactory):
    """vLLM with Ember."""
    environment = Path(os.environ[VARIABLE])
    folder = tmp_path_factory.mktemp("vllm")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        str(environment / "bin" / "vllm"), "serve", str(find_model(BUILT_IN)),
        "--served-model-name", BUILT_IN, "--dtype", "bfloat16", "--enforce-eager",
        "--max-model-len", "1024", "--host", "127.0.0.1", "--port", str(port),
    ]  # fmt: skip
    env = os.environ | {
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "HF_HUB_OFFLINE": "1",
        "PATH": f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    with served(command, url, folder / "vllm.log", env):
        yield Server("Real", url)


def test_vllm_is_recognised_and_its_ids_are_embers(vllm: Server) -> None:
    with closing(RemoteBackend(vllm)) as backend:
        assert (backend.facts.kind, backend.facts.model) == (Kind.VLLM, BUILT_IN)
        assert backend.n_ctx == 1024
        text = "\n\n> You open the chest."
        backend.tokenizer.encode(text)
        end = time.monotonic() + 20
        while not backend.tokenizer.knows(text) and time.monotonic() < end:
            time.sleep(0.05)
        ember = load_tokenizer(find_model(BUILT_IN))
        assert backend.tokenizer.encode(text) == ember.encode(text)
        tokens = tuple(backend.tokenizer.encode(text))
        asked = Request(text, tokens, max_tokens=8, top=3)
        written = [e for e in backend.generate(asked) if isinstance(e, Token)]
        assert ember.decode([t.id for t in written]).startswith(written[0].text)
        assert all(t.logprob <= 0 and not math.isnan(t.logprob) for t in written if t.text)
        assert all(len(t.top) >= 3 for t in written if t.text)


def test_what_is_asked_for_is_what_comes(vllm: Server) -> None:
    with closing(RemoteBackend(vllm)) as backend:
        check_writing(backend)


def test_five_turns_with_candidates_and_stop(vllm: Server, tmp_path: Path) -> None:
    play_five_turns(vllm, tmp_path / "evening.story")


def test_a_text_longer_than_the_window_is_shortened(vllm: Server) -> None:
    with closing(RemoteBackend(vllm)) as backend:
        backend.n_ctx = 4096
        text = "".join(f"\n\nThis is paragraph number {n} of a long tale." for n in range(300))
        asked = Request(text, tuple(backend.tokenizer.encode(text)), max_tokens=10)
        assert any(isinstance(event, Token) for event in backend.generate(asked))
        assert backend.n_ctx == 1024
