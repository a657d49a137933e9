"""A server for every test, and backends that are closed in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from engine.lm.remote.keys import Secret
from engine.lm.remote.remote_backend import RemoteBackend
from engine.lm.remote.servers import Kind, Server
from engine.lm.remote.wire import Patience
from tests.helpers.model_server import ModelServer, serving

# Retries come fast; what is waited for is there even on a machine that has much else to do.
QUICK = Patience(connect=20.0, first=30.0, silent=30.0, answer=20.0, retries=(0.01, 0.02))
Connect = Callable[..., RemoteBackend]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with serving() as one:
        yield one


@pytest.fixture
def connect(server: ModelServer) -> Iterator[Connect]:
    made: list[RemoteBackend] = []

    def make(
        kind: Kind = Kind.AUTO,
        *,
        url: str = "",
        key: str = "",
        patience: Patience = QUICK,
        **entry: Any,
    ) -> RemoteBackend:
        secret = Secret(key) if key else None
        one = Server("Test", url or server.url, kind, **entry)
        made.append(RemoteBackend(one, secret, patience=patience))
        return made[-1]

    yield make
    for one in made:
        one.close()
