"""The model library: which models there are, and where (torch-free)."""

from __future__ import annotations

from pathlib import Path

from engine import paths
from engine.errors import KnownError

BUILT_IN = "ember"


def find_model(name: str) -> Path:
    """The folder of a model: the built-in one, one from the library, or a folder as given.

    Raises:
        KnownError: there is no such model.
    """
    if name == BUILT_IN:
        return paths.assets() / "models" / BUILT_IN
    try:
        given = Path(name).expanduser()
        if name and given.is_dir():
            return given
        if name and given.name == name:  # no separators: a name, not a path
            kept = paths.models() / name
            if kept.is_dir():
                return kept
    except (OSError, RuntimeError):  # too long a name, or the home of nobody
        pass
    raise KnownError(
        f"There is no model '{name[:200]}': name '{BUILT_IN}', a model from your library, or a folder "
        "with config.json, model.safetensors and the tokenizer's files."
    )


def model_name(folder: Path) -> str:
    """What people call the model in a folder; stored with its replies."""
    folder = folder.resolve()
    return "Ember" if folder == find_model(BUILT_IN).resolve() else folder.name
