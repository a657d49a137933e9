"""What an import made of a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import KnownError

MAX_BYTES = 256 << 20  # a million words with every token explained takes about a tenth of it


@dataclass(slots=True)
class Report:
    """Counts of what was kept; sentences about what was changed and what was dropped."""

    format: str
    kept: dict[str, int] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    def keep(self, what: str, count: int = 1) -> None:
        """Count something as kept."""
        if count:
            self.kept[what] = self.kept.get(what, 0) + count

    def to_json(self) -> dict[str, Any]:
        """The report as plain JSON values."""
        return {
            "format": self.format,
            "kept": dict(self.kept),
            "changed": list(self.changed),
            "dropped": list(self.dropped),
        }


def read_source(path: Path) -> str:
    """The text of a file that is to be imported.

    Raises:
        KnownError: it cannot be read, is too large, or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the name is not valid"
        raise KnownError(f"{path.name} cannot be read: {reason}.") from None
    if len(raw) > MAX_BYTES:
        raise KnownError(f"{path.name} is larger than {MAX_BYTES >> 20} MB; import it in parts.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise KnownError(
            f"{path.name} is not UTF-8 text; save it as UTF-8 and try again."
        ) from None
