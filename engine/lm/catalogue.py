"""The models that can be downloaded by name: ``assets/models.toml``, and ids that people type."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from engine import paths
from engine.errors import KnownError

FILE_NAME = "models.toml"
MAIN = "main"
# The Hub's own rules: letters, digits, - _ . and one slash; neither -- nor .. anywhere.
_PART = r"[A-Za-z0-9](?:[\w.-]{0,94}\w)?"
_REPO = re.compile(rf"(?:{_PART}/)?{_PART}", re.ASCII)
_REVISION = re.compile(r"\w[\w./-]{0,199}", re.ASCII)
_ADDRESS = re.compile(r"https?://[^/\s]+/(?P<repo>[^/\s]+/[^/\s?#]+)(?:/tree/(?P<rev>[^\s?#]+))?")


@dataclass(frozen=True, slots=True)
class CatalogueModel:
    """A model on the Hub; ``megabytes`` of weights, ``parameters`` in millions.

    ``verified`` is True only where its download was tried; ``evidence`` says what the entry rests on.
    """

    name: str
    repo: str
    revision: str
    licence: str
    parameters: int
    megabytes: int
    profile: str
    good_for: str
    verified: bool
    evidence: str


def catalogue(path: Path | None = None) -> tuple[CatalogueModel, ...]:
    """Every model of the catalogue, in its order."""
    path = path or paths.assets() / FILE_NAME
    with path.open("rb") as file:
        entries = tomllib.load(file)["model"]
    names = [field.name for field in fields(CatalogueModel)]
    return tuple(CatalogueModel(**{name: entry[name] for name in names}) for entry in entries)


def wanted(what: str) -> CatalogueModel:
    """The model that a person names.

    A name of the catalogue, ``owner/name``, ``owner/name@revision`` or the address of its page.

    Raises:
        KnownError: it is neither a name of the catalogue nor an id that the Hub can have.
    """
    what = what.strip()
    if found := _ADDRESS.match(what):
        what = found["repo"] + (f"@{found['rev'].rstrip('/')}" if found["rev"] else "")
    repo, _, revision = what.partition("@")
    for entry in catalogue():
        if revision in ("", entry.revision) and what and repo in (entry.name, entry.repo):
            return entry
    if "/" not in repo or not is_repo(repo):
        raise KnownError(
            f"'{what[:100]}' is not in the catalogue, and not a model's id on the Hub either: an id "
            "looks like owner/name, for example openai-community/gpt2."
        )
    if revision and (not _REVISION.fullmatch(revision) or ".." in revision):
        raise KnownError(
            f"'{revision[:100]}' cannot be a revision: use a branch, a tag or a commit, for example "
            f"{repo}@main."
        )
    return CatalogueModel(
        name=repo.replace("/", "--"),
        repo=repo,
        revision=revision or MAIN,
        licence="",
        parameters=0,
        megabytes=0,
        profile="",
        good_for="",
        verified=False,
        evidence="typed by you",
    )


def is_repo(text: str) -> bool:
    """Whether the Hub can have a repository of that id."""
    return (
        _REPO.fullmatch(text) is not None
        and "--" not in text
        and ".." not in text
        and not text.endswith(".git")
    )
