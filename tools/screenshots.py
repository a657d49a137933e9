"""Take the gallery: the real window with real stories, light and dark, at 1x and 2x.

    python tools/screenshots.py [FOLDER] [--only SCENE ...] [--home FOLDER]

Ember plays the stories first, with fixed seeds; then each scale is a start of its own, because Qt
reads it once. With ``--home`` the stories are kept there for the next time.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "docs" / "screenshots")
    parser.add_argument("--only", nargs="+", default=[], metavar="SCENE")
    parser.add_argument("--home", type=Path, help="keep the stories here")
    parser.add_argument("--step", choices=("stories", "1", "2"), help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    """Prepare the stories, then start once for each scale."""
    asked = arguments()
    if asked.step is not None:
        return run_step(asked)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        home = asked.home or Path(temporary) / "Brass Lantern"
        steps = ("1", "2") if any(home.rglob("*.story")) else ("stories", "1", "2")
        for step in steps:
            environment = os.environ | {
                "BRASS_LANTERN_HOME": str(home.resolve()),
                "HOME": str(home.resolve().parent),  # what is shown of paths is the same everywhere
                "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen"),
                "QT_SCALE_FACTOR": step if step != "stories" else "1",
            }
            command = [sys.executable, __file__, *sys.argv[1:], "--step", step]
            done = subprocess.run(command, env=environment, check=False)
            if done.returncode:
                return done.returncode
    return 0


def run_step(asked: argparse.Namespace) -> int:
    """One start: play the stories, or take the pictures of one scale."""
    from tools.gallery.stories import make_stories
    from tools.gallery.studio import take_all

    if asked.step == "stories":
        make_stories()
    else:
        take_all(asked.folder.resolve(), asked.step, asked.only)
    return 0


if __name__ == "__main__":
    sys.exit(main())
