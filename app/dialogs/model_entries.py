"""Every model there is to see: those of this machine, those on their way, those that can be had."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from app.models import spoken
from engine.errors import KnownError
from engine.lm import library
from engine.lm.catalogue import MAIN, CatalogueModel, catalogue
from engine.lm.config import read_config
from engine.lm.installed import InstalledModel, Unfinished
from engine.lm.progress import say_bytes


class Section(StrEnum):
    """Where a model is."""

    HERE = "here"
    COMING = "coming"
    THERE = "there"


@dataclass(frozen=True, slots=True)
class Entry:
    """One model: ``facts`` are a few words each; ``nbytes`` on this disk or to be downloaded."""

    name: str
    title: str
    section: Section
    facts: tuple[str, ...] = ()
    words: str = ""  # what it is good for
    note: str = ""  # a reservation
    nbytes: int = 0
    folder: Path | None = None
    problem: str = ""  # why it cannot be played
    repo: str = ""
    ask: str = ""  # what a download is asked for by

    def matches(self, text: str) -> bool:
        """Whether every word of ``text`` stands somewhere in it."""
        all_of_it = " ".join((self.name, self.title, *self.facts, self.words, self.repo)).lower()
        return all(word in all_of_it for word in text.lower().split())

    @property
    def built_in(self) -> bool:
        """Whether it came with the program."""
        return self.name == library.BUILT_IN


def entries() -> list[Entry]:
    """All of them in their order; reads small files of the disk only."""
    known = {model.name: model for model in catalogue()}
    here = [_ember(), *(_here(model, known.get(model.name)) for model in library.installed())]
    names = {entry.name for entry in here}
    waiting = [one for one in library.unfinished() if one.name not in names]
    coming = [_coming(one, known.get(one.name)) for one in waiting]
    names |= {entry.name for entry in coming}
    return [*here, *coming, *(_there(m) for m in known.values() if m.name not in names)]


def typed(name: str, ask: str) -> Entry:
    """A model that was asked for by its id and of which nothing is here yet."""
    return Entry(name, name, Section.COMING, repo=ask.partition("@")[0], ask=ask)


def _ember() -> Entry:
    folder = library.find_model(library.BUILT_IN)
    try:
        parameters, problem = _millions(read_config(folder).n_params), ""
    except KnownError as error:
        parameters, problem = "", str(error)
    return Entry(
        library.BUILT_IN,
        spoken(library.BUILT_IN),
        Section.HERE,
        tuple(fact for fact in (parameters, _tr("came with the program")) if fact),
        _tr(
            "Small and quick on any machine. It was trained for this program, on adventures: it "
            "answers what you do, and knows little of the world."
        ),
        nbytes=library.space(folder),
        folder=folder,
        problem=problem,
    )


def _here(model: InstalledModel, known: CatalogueModel | None) -> Entry:
    manifest = model.manifest
    repo = manifest.repo if manifest is not None else ""
    facts = [
        _millions(model.config.n_params) if model.config is not None else "",
        _by(repo) if repo else _tr("put here by you"),
        _licence(manifest.licence if manifest is not None and repo else ""),
        _tr("a window of %1 tokens").replace("%1", str(model.config.n_ctx))
        if model.config is not None
        else "",
    ]
    return Entry(
        model.name,
        model.name,
        Section.HERE,
        tuple(fact for fact in facts if fact),
        known.good_for if known is not None and known.repo == repo else "",
        nbytes=model.nbytes,
        folder=model.folder,
        problem=model.problem,
        repo=repo,
    )


def _coming(one: Unfinished, known: CatalogueModel | None) -> Entry:
    if known is not None and known.repo == one.repo:
        there = _there(known)
        return Entry(
            one.name, there.title, Section.COMING, there.facts, there.words, there.note,
            there.nbytes, repo=one.repo, ask=known.name,
        )  # fmt: skip
    ask = one.repo if one.revision in ("", MAIN) else f"{one.repo}@{one.revision}"
    facts = (_tr("%1 are here").replace("%1", say_bytes(one.nbytes)),)
    return Entry(one.name, one.name, Section.COMING, facts, repo=one.repo, ask=ask)


def _there(model: CatalogueModel) -> Entry:
    note = (
        ""
        if model.verified
        else _tr(
            "Not tried by the makers of this list (%1). Its files are checked when they arrive."
        ).replace("%1", model.evidence)
    )
    return Entry(
        model.name,
        model.name,
        Section.THERE,
        (
            _tr("%1 million parameters").replace("%1", str(model.parameters)),
            _by(model.repo),
            _licence(model.licence),
        ),
        model.good_for,
        note,
        model.megabytes * 1_000_000,
        repo=model.repo,
        ask=model.name,
    )


def _licence(text: str) -> str:
    if not text or text == "not stated":
        return _tr("licence not stated")
    return _tr("licence %1").replace("%1", text)


def _by(repo: str) -> str:
    return _tr("by %1").replace("%1", repo.partition("/")[0])


def _millions(n: int) -> str:
    number = f"{n / 1e6:.0f}" if n >= 1e7 else f"{n / 1e6:.1f}"
    return _tr("%1 million parameters").replace("%1", number)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Models", text)
