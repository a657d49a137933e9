"""What can go wrong between this machine and the Hub, each as a sentence that says what to do.

``docs/faults.md`` lists them; ``tests/engine/lm/test_download_faults.py`` provokes every one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from engine.errors import KnownError

LONGEST_WAIT = 300.0  # seconds; the Hub counts requests in windows of five minutes
PAUSE = 10.0  # where it refuses without saying for how long
_RESET = re.compile(r"\bt=(\d{1,6})\b")  # "api";r=0;t=42 in the header RateLimit
KEPT = "what has arrived is kept, and the download goes on from there."


class Passing(Exception):  # noqa: N818  not an error yet: it becomes one when patience ends
    """A fault that may pass: ``str()`` is the sentence if it does not, ``seconds`` when to ask again."""

    def __init__(self, sentence: str, seconds: float | None = None) -> None:
        super().__init__(sentence)
        self.seconds = seconds


def refusal(host: str, repo: str, status: int, headers: Mapping[str, str]) -> KnownError | Passing:
    """What a status that is no success means."""
    code = headers.get("x-error-code", "")
    if code == "GatedRepo":
        return KnownError(
            f"{repo} is only for people who accepted its terms: open {host}/{repo} in a browser, accept "
            "them, then put an access token of your account into HF_TOKEN and try again."
        )
    if code == "RevisionNotFound":
        return KnownError(f"{repo} has no such revision; leave it out, or use @main.")
    if code == "EntryNotFound":
        return KnownError(
            f"A file of {repo} is gone from {host} since its list was read; try again in a minute."
        )
    if code == "RepoNotFound" or status in (401, 404):
        return KnownError(
            f"{host} has no model {repo} that you may see: check the spelling; if it is private, put an "
            "access token of your account into HF_TOKEN."
        )
    if status == 407:
        return KnownError(_proxy("wants a name and a password"))
    if status == 403 or headers.get("x-error-message") == "Access to this resource is disabled.":
        return KnownError(
            f"{host} does not let you download {repo} (403): it was disabled, your token in HF_TOKEN may "
            "not read it, or your network blocks it; choose another model, or another network."
        )
    if status == 410:
        return KnownError(f"{repo} was taken off {host}; choose another model.")
    if status == 416:
        return Passing(f"{host} would not go on with the download of {repo}; try again later.")
    if status == 429:
        return Passing(
            f"{host} answers that there were too many requests from here (429); wait some minutes and "
            f"try again: {KEPT}",
            PAUSE if (after := _retry_after(headers)) is None else after,
        )
    if status == 408 or status >= 500:
        return Passing(
            f"{host} has trouble ({status}); try again later: {KEPT}", _retry_after(headers)
        )
    return KnownError(f"{host} answered {status} to the request for {repo}; try again later.")


def broken(host: str, error: Exception) -> KnownError | Passing:
    """What a connection that failed means."""
    kind, text = type(error).__name__, str(error)
    if kind == "ProxyError":
        return KnownError(_proxy("does not let the download through"))
    if "CERTIFICATE" in text or "certificate" in text:
        return KnownError(
            f"The connection to {host} is not safe: its certificate cannot be verified. Something on the "
            "network may read along; if it is your company's proxy, name its certificate in SSL_CERT_FILE."
        )
    if kind in ("ConnectError", "ConnectTimeout"):
        if _proxies():
            return Passing(
                f"{host} cannot be reached through the proxy {_proxies()}; check HTTPS_PROXY and the "
                f"network, then try again: {KEPT}"
            )
        return Passing(
            f"{host} cannot be reached; check that this machine is online, then try again: {KEPT}"
        )
    if kind.endswith("Timeout"):
        return Passing(f"{host} went silent; try again later: {KEPT}")
    return Passing(f"The connection to {host} keeps breaking off; try again later: {KEPT}")


def broke_off(host: str) -> Passing:
    """The bytes ended before the file did."""
    return Passing(f"The connection to {host} keeps breaking off; try again later: {KEPT}")


def not_the_hub(host: str) -> KnownError:
    """An answer that the Hub would not give."""
    return KnownError(
        f"{host} answered with something else than a model, perhaps the log-in page of this network or a "
        "proxy: open a page in a browser, log in, then try again."
    )


def forbidden_offline() -> KnownError:
    """The user's own setting."""
    return KnownError(
        "Downloads are switched off by HF_HUB_OFFLINE; unset it, or add a model from a folder."
    )


def bad_endpoint(endpoint: str) -> KnownError:
    """``HF_ENDPOINT`` (or a proxy's variable) is no address."""
    return KnownError(
        f"'{endpoint[:80]}' is no address of a server; correct HF_ENDPOINT (and HTTPS_PROXY, if it is "
        "set), or unset it."
    )


def damaged(host: str, repo: str, name: str) -> KnownError:
    """A file arrived twice with another content than the Hub announced."""
    return KnownError(
        f"{name} of {repo} arrived damaged, twice: its checksum is not the one that {host} gives. It was "
        "thrown away; try again on another network, or later."
    )


def disk_full(name: str, strerror: str, *, full: bool) -> KnownError:
    """Writing failed."""
    if full:
        return KnownError(
            f"The disk is full: {name} could not be written. Make room, then try again: {KEPT}"
        )
    return KnownError(f"{name} could not be written ({strerror}); check the disk, then try again.")


def no_config(repo: str) -> KnownError:
    """A repository of something else than a model."""
    return KnownError(
        f"{repo} has no config.json, so it is no model in the form this app reads; it may be an adapter "
        "or another format (GGUF, GGML): look for the original model."
    )


def only_pickle(repo: str) -> KnownError:
    """Weights that could run code."""
    return KnownError(
        f"{repo} has its weights only as a pickle (pytorch_model.bin), which could run code; this app "
        f"downloads only safetensors. Look on its page for a version with model.safetensors, perhaps "
        f"under {repo}@refs/pr/1."
    )


def no_weights(repo: str) -> KnownError:
    """No weights at all."""
    return KnownError(
        f"{repo} has no model.safetensors, so there is nothing to play; look for the original model."
    )


def no_tokenizer(repo: str) -> KnownError:
    """No vocabulary."""
    return KnownError(
        f"{repo} has no tokenizer (vocab.json and merges.txt, or tokenizer.json); look for the original "
        "model."
    )


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds until the server wants to be asked again, if it says so."""
    value = headers.get("retry-after", "").strip()
    if value.isdecimal() and len(value) < 9:
        return min(float(value), LONGEST_WAIT)
    if value:
        from email.utils import parsedate_to_datetime

        try:
            then = parsedate_to_datetime(value)
        except (ValueError, TypeError):
            return None
        if then.tzinfo is None:
            then = then.replace(tzinfo=UTC)
        return min(max((then - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_WAIT)
    reset = _RESET.search(headers.get("ratelimit", ""))
    return min(float(reset[1]), LONGEST_WAIT) if reset else None


def _proxy(what: str) -> str:
    return (
        f"The proxy {_proxies() or 'of this network'} {what}; check HTTPS_PROXY (name and password "
        "belong into it), or ask who runs the network."
    )


def _proxies() -> str:
    """The proxies that are set up here, without names and passwords."""
    from urllib.request import getproxies  # slow to import, and the window imports this module

    found = {
        urlsplit(address).netloc.rpartition("@")[2]
        for scheme, address in getproxies().items()
        if scheme in ("http", "https", "all")
    }
    return " and ".join(sorted(found - {""}))
