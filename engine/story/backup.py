"""Backups of stories, kept outside the stories' folder and thinned out as they age."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from engine import paths
from engine.story import schema

NEWEST = 5  # backups kept whatever their age; of older ones one a day, later one a week
DAYS = 7
WEEKS = 8
_STAMP = "%Y%m%d-%H%M%S"


def folder_of(story: Path) -> Path:
    """Where the backups of a story are: named after it, told apart by where it lies."""
    place = os.path.normcase(story.resolve())
    digest = hashlib.sha256(os.fsencode(place)).hexdigest()[:12]
    return paths.backups() / f"{story.stem[:60]}-{digest}"


def listing(story: Path) -> list[Path]:
    """A story's backups, newest first."""
    found = folder_of(story).glob(f"*{schema.EXTENSION}")
    return sorted((path for path in found if moment(path) is not None), reverse=True)


def moment(backup: Path) -> float | None:
    """When a backup was made, in seconds since the epoch; None if its name does not say."""
    try:
        return datetime.strptime(backup.stem, _STAMP).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def make(connection: sqlite3.Connection, story: Path, now: float | None = None) -> Path:
    """Copy a live story through SQLite, then drop backups that are no longer needed.

    OSError or sqlite3.Error where it cannot be written; a half-written one is never listed.
    """
    now = time.time() if now is None else now
    folder = folder_of(story)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{datetime.fromtimestamp(now, UTC).strftime(_STAMP)}{schema.EXTENSION}"
    part = target.with_suffix(".part")
    part.unlink(missing_ok=True)
    copy = sqlite3.connect(part)
    try:
        connection.backup(copy)
    finally:
        copy.close()
    part.replace(target)
    for old in spare(listing(story), now):
        old.unlink(missing_ok=True)
    return target


def spare(backups: Sequence[Path], now: float) -> list[Path]:
    """Those of a story's backups that may go."""
    kept: set[Path] = set()
    slots: set[tuple[str, int]] = set()
    ordered = sorted(backups, reverse=True)
    kept.update(ordered[:NEWEST])
    for backup in ordered:
        made = moment(backup)
        if made is None:
            continue
        age = (now - made) / 86400
        slot = ("day", int(made // 86400)) if age < DAYS else ("week", int(made // (7 * 86400)))
        if age < 7 * WEEKS and slot not in slots:
            slots.add(slot)
            kept.add(backup)
    return [backup for backup in ordered if backup not in kept]


def forget(story: Path) -> None:
    """Destroy all backups of a story: what was purged must not live on in them."""
    for backup in listing(story):
        backup.unlink(missing_ok=True)
