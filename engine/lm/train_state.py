"""A training run on disk: everything needed to go on as if it had never stopped."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from engine.errors import KnownError

STATE_FILE = "state.pt"


def save_state(folder: Path, state: dict[str, Any]) -> None:
    """Write the state so that a crash at any moment leaves the old or the new one whole."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / (STATE_FILE + ".part")
    with part.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / STATE_FILE)


def load_state(folder: Path) -> dict[str, Any] | None:
    """The state saved in ``folder``, or None if there is none.

    Only tensors and plain values are read (no pickled code).

    Raises:
        KnownError: the file is damaged.
    """
    path = folder / STATE_FILE
    if not path.exists():
        return None
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 - torch raises half a dozen kinds for a bad file
        raise KnownError(
            f"{path} is damaged ({type(error).__name__}); delete it to start again."
        ) from None
