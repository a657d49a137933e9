"""A real llama.cpp serves Ember. Opt-in: ``make test-llama-server`` builds it and sets the variable."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from engine.lm.backend import Request, Token
from engine.lm.library import BUILT_IN, find_model
from engine.lm.remote.remote_backend import RemoteBackend
from engine.lm.remote.servers import Kind, Server
from engine.lm.settings import SamplerSettings
from engine.lm.tokenizer import load_tokenizer
from engine.opening import open_model
from tests.real.evening import check_writing, free_port, play_five_turns, served

VARIABLE = "BRASS_LANTERN_LLAMA"  # the folder of the environment that has llama-cpp-python in it
HELPER = Path(__file__).resolve().parents[1] / "helpers" / "gguf_file.py"

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory):
    """llama-cpp-python's server with Ember."""
    python = Path(os.environ[VARIABLE]) / "bin" / "python"
    folder = tmp_path_factory.mktemp("llama")
    model = folder / "ember.gguf"
    subprocess.run([python, HELPER, find_model(BUILT_IN), model], check=True)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        str(python), "-m", "llama_cpp.server", "--model", str(model), "--model_alias", BUILT_IN,
        "--n_ctx", "1024", "--host", "127.0.0.1", "--port", str(port),
    ]  # fmt: skip
    with served(command, url, folder / "llama.log", dict(os.environ)):
        yield Server("Real", url, n_ctx=1024)


def test_the_server_is_recognised_and_its_ids_are_embers(llama: Server) -> None:
    with closing(RemoteBackend(llama)) as backend:
        assert (backend.facts.kind, backend.facts.model) == (Kind.LLAMA_PYTHON, BUILT_IN)
        text = "\n\n> You open the chest."
        backend.tokenizer.encode(text)
        end = time.monotonic() + 20
        while not backend.tokenizer.knows(text) and time.monotonic() < end:
            time.sleep(0.05)
        assert backend.tokenizer.encode(text) == load_tokenizer(find_model(BUILT_IN)).encode(text)


def test_it_writes_what_this_machines_engine_writes(llama: Server) -> None:
    """Greedy in float16 and here in float32: the same words, at least for a while."""
    text = "You stand in a hall.\n\n> You open the chest."
    greedy = SamplerSettings(temperature=0)
    words: list[str] = []
    with closing(open_model(BUILT_IN, dtype="float32").backend) as here:
        start = here.tokenizer.end_of_text
        assert start is not None
        tokens = (start, *here.tokenizer.encode(text))
        asked = Request(text, tokens, max_tokens=12, sampling=greedy)
        words.append("".join(e.text for e in here.generate(asked) if isinstance(e, Token)))
    with closing(RemoteBackend(llama)) as there:
        there.begin = "<|endoftext|>"
        asked = Request(text, tuple(there.tokenizer.encode(text)), max_tokens=12, sampling=greedy)
        words.append("".join(e.text for e in there.generate(asked) if isinstance(e, Token)))
    assert words[0] == words[1]


def test_what_is_asked_for_is_what_comes(llama: Server) -> None:
    with closing(RemoteBackend(llama)) as backend:
        check_writing(backend)


def test_five_turns_with_candidates_and_stop(llama: Server, tmp_path: Path) -> None:
    play_five_turns(llama, tmp_path / "evening.story")
