"""Five turns against a real server, with candidates and Stop: what a player does in an evening."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2

from engine.lm.backend import End, Finish, Request, Token
from engine.lm.remote.remote_backend import RemoteBackend
from engine.lm.remote.servers import Server
from engine.lm.settings import SamplerSettings
from engine.opening import open_server
from engine.story.context import ContextBuilder
from engine.story.node import Kind as NodeKind
from engine.story.store import Store
from engine.turn import Play, prepare

OPENING = "You stand before the gate of a ruined castle. It is getting dark."
ACTIONS = ("open the gate", "light the lantern", "look around", "call out", "go up the stairs")
SAMPLING = SamplerSettings(temperature=0.6, min_p=0.1)
UP_SECONDS = 1500.0  # 75 on a quiet machine with two cores


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def served(command: Sequence[str], url: str, log: Path, env: dict[str, str]) -> Iterator[None]:
    """The server that ``command`` starts, from the moment it lists its models."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, env=env, cwd=log.parent, start_new_session=True
        )
        try:
            end = time.monotonic() + UP_SECONDS
            while not _lists(url):
                assert process.poll() is None, log.read_text(errors="replace")[-4000:]
                assert time.monotonic() < end, "the server is not up yet"
                time.sleep(1.0)
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)  # with the processes that it has started
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(30)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)


def _lists(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/v1/models", timeout=5, trust_env=False).is_success
    except httpx2.HTTPError:
        return False


def play_five_turns(server: Server, file: Path) -> None:
    """Each turn with two candidates; the last one is stopped in the middle and kept."""
    opened = open_server(server)
    backend = opened.backend
    with closing(backend), closing(Store.create(file)) as store:
        story = store.story
        story.append(NodeKind.OPENING, OPENING)
        story.set("memory", "Your lantern is made of brass.")
        builder = ContextBuilder(backend.tokenizer, opened.profile)
        for number, action in enumerate(ACTIONS):
            story.append(NodeKind.DO, action)
            last = number == len(ACTIONS) - 1
            play = Play(SAMPLING, max_tokens=200 if last else 40, n=1 if last else 2)
            turn = prepare(story, backend, builder, play, seed=100 + number)
            work = turn.run(backend)
            for shown in work:
                if last and getattr(shown, "text", "") and len(turn.rows[0].tokens) >= 5:
                    break
            began = time.monotonic()
            work.close()  # pyright: ignore[reportAttributeAccessIssue]
            if last:
                assert time.monotonic() - began < 2, "Stop took effect too late"
                assert turn.rows[0].ended is None
            assert all(row.raw.strip() for row in turn.rows)
            if not last:
                assert turn.rows[0].raw != turn.rows[1].raw, "two candidates are the same"
            node = turn.commit(story, backend.identity)
            assert node is not None
            assert "\n>" not in node.text
        store.flush(10)
    with closing(Store.open(file)) as store:
        replies = [n for n in store.story.branch() if n.kind is NodeKind.REPLY]
        assert len(replies) == len(ACTIONS)
        assert {n.meta.model for n in replies if n.meta} == {backend.name}


def check_writing(backend: RemoteBackend) -> None:
    """Stop strings, lengths, seeds, greedy: what a request asks for is what comes."""

    def texts(**options: object) -> list[str]:
        text = "You stand in a hall.\n\n> You open the chest."
        tokens = tuple(backend.tokenizer.encode(text))
        asked = Request(text, tokens, **options)  # pyright: ignore[reportArgumentType]
        rows = [""] * asked.n
        ends: dict[int, Finish] = {}
        for event in backend.generate(asked):
            if isinstance(event, Token):
                rows[event.row] += event.text
            elif isinstance(event, End):
                ends[event.row] = event.reason
        assert set(ends) == set(range(asked.n))
        return rows

    greedy = SamplerSettings(temperature=0)
    one = texts(max_tokens=20, sampling=greedy)
    assert one == texts(max_tokens=20, sampling=greedy)
    assert texts(max_tokens=20, sampling=greedy, n=2) == one * 2
    mark = one[0].strip()[6:10]
    stopped = texts(max_tokens=20, sampling=greedy, stop=(mark,))[0]
    assert stopped == one[0][: one[0].index(mark)]
    assert texts(max_tokens=20, sampling=SAMPLING, seed=7) == texts(
        max_tokens=20, sampling=SAMPLING, seed=7
    )
    assert len(set(texts(max_tokens=20, sampling=SamplerSettings(), n=3))) == 3
