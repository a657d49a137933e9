"""How long until the window is painted, beside a bare PySide6 window; starts in turns, medians.

python benchmarks/window_start.py [--rounds 7] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Both print the seconds from the start of the process to the end of the first paint.
BARE = """
import time; started = time.perf_counter()
from PySide6.QtWidgets import QApplication, QMainWindow, QTextEdit
app = QApplication([])
window = QMainWindow(); window.setCentralWidget(QTextEdit()); window.resize(1080, 760)
window.show(); app.processEvents(); window.grab()
print(time.perf_counter() - started)
"""
OURS = """
import time; started = time.perf_counter()
import sys
from app.application import Application, make_qt
app = make_qt(["bench"])
application = Application(load=lambda name: None, at_once=False)
application.window.show(); app.processEvents(); application.window.grab()
print(time.perf_counter() - started, "torch" in sys.modules)
application.window.close()
"""


def seconds(code: str) -> float:
    """One start of a process with an empty home."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        environment = os.environ | {
            "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen"),
            "BRASS_LANTERN_HOME": home,
        }
        # A reader's Python keeps what it compiled; a shell that forbids it would be measured instead.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True,
            text=True, check=True,
        )  # fmt: skip
    first, *rest = done.stdout.split()
    if rest == ["True"]:
        sys.exit("torch was loaded before the first paint")
    return float(first)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="The window beside a bare one.")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    times: dict[str, list[float]] = {"bare": [], "ours": []}
    for _ in range(options.rounds):
        times["bare"].append(seconds(BARE))
        times["ours"].append(seconds(OURS))
    bare, ours = (statistics.median(times[name]) for name in ("bare", "ours"))
    if options.json:
        print(json.dumps({"bare": bare, "ours": ours, "ratio": ours / bare}))
    else:
        print(f"bare window {bare * 1000:.0f} ms, Brass Lantern {ours * 1000:.0f} ms, "
              f"{ours / bare:.2f} times")  # fmt: skip


if __name__ == "__main__":
    main()
