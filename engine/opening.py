"""Opening the model of a name, wherever it is: a folder of this machine or a server (torch-free)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from engine.lm.backend import Backend
from engine.lm.library import find_model
from engine.lm.remote.servers import PREFIX, Kind, Server, checked_url, find_server, parse_kind
from engine.story.profile import FAMILIES, Profile, guess_profile, load_profile

if TYPE_CHECKING:
    from engine.lm.remote.keys import Secret
    from engine.lm.remote.remote_backend import RemoteBackend

END_OF_TEXT = "<|endoftext|>"  # how GPT-2's vocabularies, Ember's too, spell what begins a text
_SPELLS = frozenset({Kind.VLLM, Kind.LLAMACPP, Kind.LLAMA_PYTHON})  # that read it as one token


B_co = TypeVar("B_co", bound=Backend, covariant=True)


@dataclass(frozen=True, slots=True)
class Opened(Generic[B_co]):
    """A backend, how its model was taught to read a story, and sentences for the person."""

    backend: B_co
    profile: Profile
    warnings: tuple[str, ...] = ()


def is_server(name: str) -> bool:
    """Whether the name of a model is that of a server in the list."""
    return name.startswith(PREFIX)


def open_model(
    name: str,
    *,
    dtype: str = "auto",
    device: str = "auto",
    threads: int = 0,
    notice: Callable[[str], None] | None = None,
) -> Opened[Backend]:
    """The model of a name: ``server:NAME``, ``ember``, one of the library, or a folder.

    ``threads`` are those that calculate on the CPU; 0: as many as torch takes by itself.

    Raises:
        KnownError: there is none, its files are damaged, or its server does not answer.
    """
    if is_server(name):
        from engine.lm.remote.keys import load_key

        server = find_server(name)
        return open_server(server, load_key(server.name))
    folder = find_model(name)
    profile = load_profile(folder)
    from engine.lm.device import use_threads  # torch takes its time: only when it is needed
    from engine.lm.local import LocalBackend

    use_threads(threads)
    return Opened(LocalBackend.load(folder, dtype=dtype, device=device, notice=notice), profile)


def open_server(server: Server, key: Secret | None = None) -> Opened[RemoteBackend]:
    """A server's model.

    Raises:
        KnownError: it does not answer, or not as a model server does.
    """
    from engine.lm.remote.remote_backend import RemoteBackend  # loads the HTTP client

    backend = RemoteBackend(server, key)
    profile = FAMILIES.get(server.family) or guess_profile(backend.facts.model)
    if profile.family == "ember" and backend.facts.kind in _SPELLS:
        backend.begin = END_OF_TEXT  # the model never saw a text that began otherwise
    return Opened(backend, profile, backend.warnings)


def open_address(url: str, kind: str = "auto", model: str = "") -> Opened[Backend]:
    """The model of a server that is in no list; its key is that of the environment, if any.

    Raises:
        KnownError: the address or the kind makes no sense, or the server does not answer.
    """
    from engine.lm.remote.keys import environment_key

    return open_server(
        Server("server", checked_url(url), parse_kind(kind), model), environment_key()
    )
