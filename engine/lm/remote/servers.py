"""The servers a person has entered: a value, checked, and one TOML file without any key in it."""

from __future__ import annotations

import ipaddress
import json
import os
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from engine import paths
from engine.errors import KnownError

PREFIX = "server:"  # a model called so is a server of the list
FILE_NAME = "servers.toml"
MAX_BYTES = 256 * 1024
MAX_SERVERS = 100
MAX_NAME = 60
MAX_URL = 500
MAX_MODEL = 300
SMALLEST_WINDOW, LARGEST_WINDOW = 64, 16_777_216
_OPENAI_PATH = "/v1"


class Kind(StrEnum):
    """Which program serves; it decides what can be asked of it."""

    AUTO = "auto"  # found out by asking
    OPENAI = "openai"  # anything OpenAI-compatible: LM Studio, Ollama ...
    VLLM = "vllm"
    LLAMACPP = "llamacpp"  # llama.cpp's own server
    LLAMA_PYTHON = "llama-cpp-python"  # the server of that package
    KOBOLD = "kobold"  # KoboldCpp and KoboldAI, by KoboldAI's own API


@dataclass(frozen=True, slots=True)
class Server:
    """One server: ``url`` without a trailing slash; ``model`` and ``n_ctx`` where it does not say.

    ``family`` is the profile by which stories are shown to its model (``ember``, ``gpt2``,
    ``dungeon``), empty: by the model's name.
    """

    name: str
    url: str
    kind: Kind = Kind.AUTO
    model: str = ""
    n_ctx: int = 0
    family: str = ""

    def __post_init__(self) -> None:
        """Refuse what no list could show and no connection could use."""
        check_name(self.name)
        checked_url(self.url)
        if len(self.model) > MAX_MODEL or not self.model.isprintable():
            raise KnownError(f"The model of server '{self.name}' is no name of a model.")
        if self.n_ctx and not SMALLEST_WINDOW <= self.n_ctx <= LARGEST_WINDOW:
            raise KnownError(
                f"The window of server '{self.name}' has {self.n_ctx} tokens; "
                f"at least {SMALLEST_WINDOW} are needed."
            )

    @property
    def host(self) -> str:
        """Name or address of the machine."""
        return urlsplit(self.url).hostname or ""

    @property
    def place(self) -> str:
        """Machine and port, for sentences."""
        return urlsplit(self.url).netloc

    @property
    def root(self) -> str:
        """The address without ``/v1`` or ``/api``: where a server keeps what is its own."""
        url = self.url.rstrip("/")
        for tail in ("/v1", "/api/v1", "/api"):
            if url.endswith(tail):
                return url[: -len(tail)].rstrip("/")
        return url

    @property
    def openai_url(self) -> str:
        """Where the OpenAI-compatible part begins: ``/v1`` is added to a bare machine."""
        url = self.url.rstrip("/")
        if urlsplit(url).path.strip("/"):
            return url if not url.endswith("/api") else self.root + _OPENAI_PATH
        return url + _OPENAI_PATH

    @property
    def warning(self) -> str:
        """A sentence if what is sent can be read on the way, else an empty text."""
        if urlsplit(self.url).scheme == "https" or is_near(self.host):
            return ""
        return (
            f"The story and any key travel to {self.host} unencrypted (http): anyone on the way can "
            "read them. Use an https address or a tunnel."
        )


def is_local(host: str) -> bool:
    """Whether a machine is this one."""
    if host.lower() in {"localhost", ""} or host.lower().endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def is_near(host: str) -> bool:
    """Whether a machine is this one or has an address of a private network."""
    address = _address(host)
    return is_local(host) or (address is not None and address.is_private)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def check_name(name: str) -> None:
    """KnownError unless ``name`` can stand in a list and behind ``server:``."""
    if not name.strip() or name != name.strip() or len(name) > MAX_NAME or not name.isprintable():
        raise KnownError(f"A server's name is one line of 1 to {MAX_NAME} characters.")


def checked_url(url: str) -> str:
    """An address as it is stored.

    Raises:
        KnownError: no http or https address, or one with a password in it.
    """
    url = url.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        port_is_number = parts.port is None or 0 < parts.port < 65536
    except ValueError:
        parts, port_is_number = urlsplit(""), False
    if (
        len(url) > MAX_URL
        or parts.scheme not in {"http", "https"}
        or not parts.hostname
        or not port_is_number
        or any(c.isspace() or not c.isprintable() for c in url)
    ):
        raise KnownError(
            "A server's address looks like http://192.168.0.7:8000/v1 or https://models.example/v1."
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise KnownError(
            "A server's address holds no password, '?' or '#'. Enter its key as a key: it is kept "
            "in a safe place then."
        )
    return url


def parse_kind(text: str) -> Kind:
    """The kind of that name; KnownError that lists them."""
    try:
        return Kind(text.strip().lower())
    except ValueError:
        known = ", ".join(Kind)
        raise KnownError(f"'{text:.40}' is no kind of server; there are: {known}.") from None


def list_path() -> Path:
    """The file of the list."""
    return paths.config_home() / FILE_NAME


def load_servers(path: Path | None = None) -> tuple[list[Server], list[str]]:
    """The servers of the list, and a sentence for everything in the file that is not usable."""
    path = path or list_path()
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            return [], [f"{path.name} is larger than {MAX_BYTES // 1024} KB and was not read."]
        data = tomllib.loads(raw.decode("utf-8"))
    except FileNotFoundError:
        return [], []
    except OSError as error:
        return [], [f"{path.name} cannot be read: {error.strerror}."]
    except (ValueError, RecursionError) as error:
        return [], [f"{path.name} is not valid TOML ({str(error).splitlines()[0]:.100})."]
    rows = data.get("server", [])
    if not isinstance(rows, list):
        return [], [f"{path.name}: 'server' is not a list of tables."]
    servers: list[Server] = []
    problems: list[str] = []
    for row in rows[:MAX_SERVERS]:
        try:
            server = _parse(row)
            if any(server.name.casefold() == other.name.casefold() for other in servers):
                raise KnownError(f"there are two servers called '{server.name}'.")
            servers.append(server)
        except KnownError as error:
            problems.append(f"{path.name}: {error}")
    return servers, problems


def _parse(row: Any) -> Server:
    if not isinstance(row, dict):
        raise KnownError("a server is not a table.")
    texts = {key: row.get(key, "") for key in ("name", "url", "kind", "model", "family")}
    if not all(isinstance(value, str) for value in texts.values()):
        raise KnownError("name, url, kind, model and family of a server are texts.")
    n_ctx = row.get("n_ctx", 0)
    if type(n_ctx) is not int:
        raise KnownError("the n_ctx of a server is a whole number.")
    return Server(
        texts["name"],
        checked_url(texts["url"]),
        parse_kind(texts["kind"] or Kind.AUTO),
        texts["model"],
        n_ctx,
        texts["family"],
    )


def find_server(name: str, path: Path | None = None) -> Server:
    """The server of that name, with or without ``server:`` before it.

    Raises:
        KnownError: there is none.
    """
    wanted = name.removeprefix(PREFIX).strip().casefold()
    servers, problems = load_servers(path)
    for server in servers:
        if server.name.casefold() == wanted:
            return server
    known = ", ".join(server.name for server in servers) or "none yet"
    more = f" {problems[0]}" if problems else ""
    raise KnownError(
        f"There is no server '{name.removeprefix(PREFIX):.60}' in your list (there are: {known}).{more}"
    )


def save_servers(servers: Sequence[Server], path: Path | None = None) -> None:
    """Write the list; the old file is replaced as a whole.

    Raises:
        KnownError: the folder cannot be written to.
    """
    path = path or list_path()
    lines = ["# Servers that Brass Lantern knows. Keys are not in this file."]
    for server in servers:
        lines += ["", "[[server]]"]
        for key in ("name", "url", "kind", "model", "n_ctx", "family"):
            value = getattr(server, key)
            if value:
                lines.append(f"{key} = {_literal(value)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".servers-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise KnownError(f"The list of servers cannot be written: {error.strerror}.") from None


def _literal(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    # A JSON string is a TOML string, but for DEL.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def put_server(server: Server, path: Path | None = None) -> None:
    """Add a server, or replace the one of its name."""
    servers, problems = load_servers(path)
    if problems:  # what is in the file must not be lost by writing it anew
        raise KnownError(f"The list of servers needs mending by hand first: {problems[0]}")
    kept = [one for one in servers if one.name.casefold() != server.name.casefold()]
    if len(kept) >= MAX_SERVERS:
        raise KnownError(f"At most {MAX_SERVERS} servers can be kept.")
    save_servers([*kept, server], path)


def remove_server(name: str, path: Path | None = None) -> None:
    """Take a server off the list; KnownError if there is none of that name."""
    gone = find_server(name, path)
    save_servers([one for one in load_servers(path)[0] if one.name != gone.name], path)
