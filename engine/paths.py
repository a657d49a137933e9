"""Where things live: assets beside the code (in a clone, installed, in the bundle), the rest per user."""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path

import appdirs

APP_NAME = "Brass Lantern"
HOME_VARIABLE = "BRASS_LANTERN_HOME"  # one folder for everything of the user: portable use, tests
SETTINGS_FILE = "settings.toml"
MAX_SETTINGS = 256_000  # bytes of it that are read


def assets() -> Path:
    """The folder with the built-in model, scenarios, themes and fonts."""
    bundle = getattr(sys, "_MEIPASS", None)  # PyInstaller unpacks data here
    return Path(bundle or Path(__file__).resolve().parent.parent) / "assets"


def data_home() -> Path:
    """The user's data: models, the search index, locks, backups."""
    home = os.environ.get(HOME_VARIABLE)
    return Path(home) / "data" if home else Path(appdirs.user_data_dir(APP_NAME, appauthor=False))


def config_home() -> Path:
    """The user's settings."""
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return Path(home) / "config"
    return Path(appdirs.user_config_dir(APP_NAME, appauthor=False))


def stories() -> Path:
    """Where stories are kept unless the user chose another folder."""
    home = os.environ.get(HOME_VARIABLE)
    return Path(home) / "stories" if home else Path.home() / "Documents" / APP_NAME


def models() -> Path:
    """Where downloaded and imported models are kept: the folder in the settings, else our own."""
    try:
        with (config_home() / SETTINGS_FILE).open("rb") as file:
            settings = tomllib.loads(file.read(MAX_SETTINGS).decode("utf-8", "replace"))
    except (OSError, ValueError, RecursionError):
        settings = {}
    chosen = settings.get("models_folder")
    if isinstance(chosen, str) and chosen.isprintable() and Path(chosen).is_absolute():
        return Path(chosen)
    return data_home() / "models"


def backups() -> Path:
    """Where rotating backups of stories are kept, outside the stories' folder."""
    return data_home() / "backups"


def locks() -> Path:
    """Where the locks of open stories are kept."""
    return data_home() / "locks"


def shown(path: Path) -> str:
    """A path as a person reads it: what is in their home begins with ``~``."""
    home = Path.home()
    return str(Path("~") / path.relative_to(home)) if path.is_relative_to(home) else str(path)
