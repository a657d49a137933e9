"""What is done with servers off the GUI thread: asking them, and keeping entries and keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.lm.remote.keys import Secret, delete_key, load_key, save_key
from engine.lm.remote.servers import Server, put_server, remove_server
from engine.opening import open_server

if TYPE_CHECKING:
    from engine.lm.remote.speaker import Facts


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said of itself; ``n_ctx`` tokens are what would be sent."""

    facts: Facts
    n_ctx: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry is in the list."""

    server: Server
    in_keyring: bool | None  # None: there was no new key


def test(server: Server, key: Secret | None, saved_as: str) -> Callable[[], Iterator[Answer]]:
    """Connect, ask what it is, and hang up; without a ``key`` the one that was saved is used."""

    def work() -> Iterator[Answer]:
        secret = key or (load_key(saved_as) if saved_as else None)
        opened = open_server(server, secret)
        try:
            backend = opened.backend
            yield Answer(backend.facts, backend.n_ctx, backend.warnings)
        finally:
            opened.backend.close()

    return work


def keep(server: Server, key: Secret | None, was: str) -> Callable[[], Iterator[Kept]]:
    """Put an entry into the list and its key into a safe place; ``was`` is its name so far."""

    def work() -> Iterator[Kept]:
        renamed = was and was != server.name
        secret = key or (load_key(was) if renamed else None)
        put_server(server)
        in_keyring = save_key(server.name, secret) if secret is not None else None
        if renamed and was.casefold() != server.name.casefold():  # else it was put in its place
            remove_server(was)
        if renamed:
            delete_key(was)
        yield Kept(server, in_keyring if key is not None else None)

    return work


def forget(name: str, *, key_only: bool) -> Callable[[], Iterator[None]]:
    """Take a server's key away, and its entry too unless ``key_only``."""

    def work() -> Iterator[None]:
        if not key_only:
            remove_server(name)
        delete_key(name)
        yield None

    return work
