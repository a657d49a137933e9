"""Keys of servers: in the system's keyring, or in a file that only the user can read.

A key is never printed: it travels as a ``Secret``, whose text is asked for where it is sent.
"""

from __future__ import annotations

import json
import logging
import os
import re
import stat
from pathlib import Path
from typing import Any

from engine import paths
from engine.errors import KnownError

SERVICE = "Brass Lantern"
VARIABLE = "BRASS_LANTERN_SERVER_KEY"  # for a server given by its address alone
FILE_NAME = "keys.json"
MAX_KEY = 4096
MAX_BYTES = 1 << 20
HIDDEN = "(key)"

_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[^\s'\",;]+")
_NAMED = re.compile(r"\bsk-[A-Za-z0-9_-]{8,}")

log = logging.getLogger(__name__)


class Secret:
    """A key that does not show itself."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        text = text.strip()
        if not text or len(text) > MAX_KEY or not text.isascii() or not text.isprintable():
            raise KnownError(f"A key is one line of 1 to {MAX_KEY} plain characters.")
        self._text = text

    def reveal(self) -> str:
        """The key itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret()"

    def __reduce__(self) -> Any:
        raise TypeError("a key is not to be written down")


def redact(text: str, secret: Secret | None = None) -> str:
    """``text`` without the key, or what looks like one."""
    if secret is not None:
        text = text.replace(secret.reveal(), HIDDEN)
    return _NAMED.sub(HIDDEN, _BEARER.sub(lambda found: f"{found[1]} {HIDDEN}", text))


def key_file() -> Path:
    """The file that is used where the system has no keyring."""
    return paths.config_home() / FILE_NAME


def environment_key() -> Secret | None:
    """The key in the environment, for a server given by its address alone."""
    text = os.environ.get(VARIABLE, "")
    return Secret(text) if text.strip() else None


def load_key(server: str) -> Secret | None:
    """The key of a server, if one was saved.

    Raises:
        KnownError: the file of keys cannot be read.
    """
    ring = _keyring()
    if ring is not None:
        try:
            text = ring.get_password(SERVICE, server)
        except Exception as error:  # noqa: BLE001  a keyring may fail in any way of its own
            log.info("the keyring failed: %s", type(error).__name__)
        else:
            if text:
                return Secret(text)
    text = _read().get(server)
    return Secret(text) if text else None


def save_key(server: str, key: Secret) -> bool:
    """Keep the key of a server; whether the system's keyring took it (else the file did).

    Raises:
        KnownError: the file cannot be written.
    """
    ring = _keyring()
    if ring is not None:
        try:
            ring.set_password(SERVICE, server, key.reveal())
        except Exception as error:  # noqa: BLE001
            log.info("the keyring failed: %s", type(error).__name__)
        else:
            _write({name: text for name, text in _read().items() if name != server})
            return True
    _write(_read() | {server: key.reveal()})
    return False


def delete_key(server: str) -> None:
    """Forget the key of a server, wherever it is."""
    ring = _keyring()
    if ring is not None:
        try:
            ring.delete_password(SERVICE, server)
        except Exception as error:  # noqa: BLE001  also: it held none
            log.info("the keyring failed: %s", type(error).__name__)
    keys = _read()
    if keys.pop(server, None) is not None:
        _write(keys)


def _keyring() -> Any | None:
    """The system's keyring, where there is one that works."""
    try:
        import keyring
        from keyring.backends.fail import Keyring as NoKeyring
        from keyring.backends.null import Keyring as Forgetful

        ring = keyring.get_keyring()
    except Exception as error:  # noqa: BLE001  a broken keyring is none
        log.info("there is no keyring: %s", type(error).__name__)
        return None
    return None if isinstance(ring, NoKeyring | Forgetful) else ring


def _read() -> dict[str, str]:
    """The keys in the file; none where its content makes no sense."""
    path = key_file()
    try:
        with path.open("rb") as file:
            if os.name == "posix" and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                os.fchmod(file.fileno(), 0o600)  # copied carelessly: for the user's eyes again
            raw = file.read(MAX_BYTES + 1)
        data = json.loads(raw)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise KnownError(f"The file of keys cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        return {}
    if not isinstance(data, dict):
        return {}
    return {name: text for name, text in data.items() if isinstance(text, str) and text}


def _write(keys: dict[str, str]) -> None:
    """Replace the file; it is the user's alone from its first byte on."""
    path = key_file()
    if not keys:
        path.unlink(missing_ok=True)
        return
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(keys, file)
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise KnownError(f"The file of keys cannot be written: {error.strerror}.") from None
