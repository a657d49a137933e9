"""``servers``: the list of servers, their keys, and whether they answer."""

from __future__ import annotations

import argparse
import contextlib
import getpass
import sys
from typing import Any

from engine.errors import KnownError
from engine.lm.remote.keys import Secret, delete_key, key_file, load_key, save_key
from engine.lm.remote.servers import (
    PREFIX,
    Kind,
    Server,
    checked_url,
    find_server,
    load_servers,
    parse_kind,
    put_server,
    remove_server,
)
from engine.opening import open_server


def add_commands(commands: Any) -> None:
    """Add ``servers`` and what can be done with them."""
    servers = commands.add_parser("servers", help="servers that may write instead of this machine")
    verbs = servers.add_subparsers(dest="verb", required=True, metavar="VERB")

    listing = verbs.add_parser("list", help="those you have entered")
    listing.set_defaults(run=run_list)

    add = verbs.add_parser("add", help="enter one, or change it")
    add.add_argument("name")
    add.add_argument("url", help="its address, such as http://192.168.0.7:8000/v1")
    add.add_argument("--kind", default=Kind.AUTO, help=f"which program it is: {', '.join(Kind)}")
    add.add_argument("--model", default="", help="which of its models; the first unless given")
    add.add_argument("--n-ctx", type=int, default=0, help="its window, if it does not say")
    add.add_argument("--family", default="", help="how stories are shown: ember, gpt2 or dungeon")
    add.set_defaults(run=run_add)

    key = verbs.add_parser("key", help="keep its key; it is asked for, or read from a pipe")
    key.set_defaults(run=run_key)
    test = verbs.add_parser("test", help="ask it what it is")
    test.set_defaults(run=run_test)
    remove = verbs.add_parser("remove", help="forget it and its key")
    remove.set_defaults(run=run_remove)
    for command in (key, test, remove):
        command.add_argument("name")
    for command in (listing, test):
        command.add_argument("--json", action="store_true", help="one JSON object, nothing else")


def run_list(options: argparse.Namespace) -> dict[str, Any] | None:
    """The servers of the list."""
    servers, problems = load_servers()
    for sentence in problems:
        print(sentence, file=sys.stderr)
    if options.json:
        return {"servers": [_plain(server) for server in servers]}
    if not servers:
        print("No servers yet: servers add NAME URL enters one.")
    for server in servers:
        print(f"{PREFIX}{server.name:24} {server.kind:16} {server.url}  {server.model}".rstrip())
    return None


def _plain(server: Server) -> dict[str, Any]:
    return {
        "name": server.name,
        "url": server.url,
        "kind": str(server.kind),
        "model": server.model,
        "n_ctx": server.n_ctx,
        "family": server.family,
    }


def run_add(options: argparse.Namespace) -> None:
    """Enter a server."""
    server = Server(
        options.name,
        checked_url(options.url),
        parse_kind(options.kind),
        options.model,
        options.n_ctx,
        options.family,
    )
    put_server(server)
    print(f"Entered. Play with it: play --model {PREFIX}{server.name}")
    if server.warning:
        print(server.warning)


def run_key(options: argparse.Namespace) -> None:
    """Keep the key of a server; it never stands on the command line, where others could see it."""
    server = find_server(options.name)
    if sys.stdin.isatty():
        text = getpass.getpass(f"Key of {server.name}: ")
    else:
        text = sys.stdin.readline()
    if not text.strip():
        raise KnownError("No key was entered; the old one, if any, stays.")
    kept = save_key(server.name, Secret(text))
    where = "the system's keyring" if kept else f"{key_file().name}, which only you can read"
    print(f"Kept in {where}.")


def run_test(options: argparse.Namespace) -> dict[str, Any] | None:
    """Ask a server what it is."""
    server = find_server(options.name)
    opened = open_server(server, load_key(server.name))
    with contextlib.closing(opened.backend) as backend:
        facts = backend.facts
        found = {
            "kind": str(facts.kind),
            "model": facts.model,
            "models": list(facts.models),
            "n_ctx": backend.n_ctx,
            "counts_tokens": facts.tokenizes,
            "unavailable": dict(backend.capabilities.unavailable),
            "warnings": list(opened.warnings),
        }
    if options.json:
        return found
    print(f"{server.place} answers: {facts.kind}, model {facts.model}, {found['n_ctx']} tokens.")
    for sentence in opened.warnings:
        print(sentence)
    return None


def run_remove(options: argparse.Namespace) -> None:
    """Take a server off the list, and forget its key."""
    server = find_server(options.name)
    remove_server(server.name)
    delete_key(server.name)
    print(f"{server.name} is forgotten.")
