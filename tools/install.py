"""Make the virtual environment and install what Brass Lantern needs. Run by make; by hand too.

    python tools/install.py            what playing needs
    python tools/install.py --dev      and what testing needs
    python tools/install.py --torch cuda|cpu|auto

Only the standard library of Python 3.11 is used here: nothing is installed yet.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CPU_WHEELS = "https://download.pytorch.org/whl/cpu"
# What Qt's wheels expect of a Linux system: Debian's and Ubuntu's package names.
QT_PACKAGES = (
    "libegl1 libgl1 libglib2.0-0 libdbus-1-3 libfontconfig1 libfreetype6 libx11-xcb1 "
    "libxkbcommon0 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 "
    "libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0 "
    "libgssapi-krb5-2"
)


def main() -> int:
    """Install; 0 if everything is in place."""
    parser = argparse.ArgumentParser(description=(__doc__ or "Install").splitlines()[0])
    parser.add_argument("--dev", action="store_true", help="also what the tests and checks need")
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", help="where it goes")
    parser.add_argument(
        "--torch",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="which build of torch; auto takes CUDA where an NVIDIA GPU is seen",
    )
    options = parser.parse_args()
    if sys.version_info < (3, 11):
        return fail(
            f"Brass Lantern needs Python 3.11 or newer; this is {sys.version.split()[0]}. "
            "Name another one with: make PYTHON=python3.12 play"
        )
    stamp = options.venv / (".installed-dev" if options.dev else ".installed")
    wanted = fingerprint(options.torch)
    stamps = (options.venv / ".installed-dev", stamp)
    if any(path.exists() and path.read_text() == wanted for path in stamps):
        return 0
    if not make_venv(options.venv):
        return 1
    python = options.venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    print("Installing Brass Lantern's packages; the first time takes a few minutes.", flush=True)
    constraints = ["-c", str(ROOT / "constraints.txt")]
    extras = "[dev]" if options.dev else ""
    if not (
        pip(python, "torch", *constraints, *torch_source(options.torch))
        and pip(python, "-e", f"{ROOT}{extras}", *constraints)
    ):
        return fail("pip could not install the packages; its last lines above say which and why.")
    if not check_qt(python):
        return 1
    stamp.write_text(wanted)
    return 0


def fail(message: str) -> int:
    """Print one sentence; the exit code of a failure."""
    print(message, file=sys.stderr)
    return 1


def fingerprint(torch: str) -> str:
    """Changes whenever an installation made earlier is out of date."""
    parts = [(ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")]
    return hashlib.sha256(b"\0".join([*parts, torch.encode(), str(ROOT).encode()])).hexdigest()


def make_venv(folder: Path) -> bool:
    """A virtual environment with pip in it."""
    if (folder / "pyvenv.cfg").exists():
        return True
    made = run_quietly(sys.executable, "-m", "venv", str(folder))
    if made.returncode and apt_install("python3-venv"):
        shutil.rmtree(folder, ignore_errors=True)
        made = run_quietly(sys.executable, "-m", "venv", str(folder))
    if made.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        fail(
            "Python's venv module is missing or broken here. On Debian or Ubuntu this installs it:\n"
            "    sudo apt-get install python3-venv"
        )
    return made.returncode == 0


def torch_source(choice: str) -> list[str]:
    """Options for pip that choose the build of torch.

    On Linux the ordinary wheel brings several GB of CUDA libraries; PyTorch's own index has a CPU
    build. Elsewhere the ordinary wheel is the CPU (or Metal) build already.
    """
    if choice == "auto":
        seen = shutil.which("nvidia-smi") or Path("/proc/driver/nvidia/version").exists()
        choice = "cuda" if seen else "cpu"
    if choice == "cuda" or not sys.platform.startswith("linux"):
        return []
    try:
        with urllib.request.urlopen(f"{CPU_WHEELS}/torch/", timeout=8):
            return ["--index-url", CPU_WHEELS]
    except OSError:
        return []  # behind a mirror: whatever build it offers


def pip(python: Path, *arguments: str) -> bool:
    """Run pip in the environment; whether it succeeded."""
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    return subprocess.run([*command, *arguments], cwd=ROOT, check=False).returncode == 0


def check_qt(python: Path) -> bool:
    """Whether Qt can open a window's libraries; says how to get the ones that are missing."""
    if not sys.platform.startswith("linux") or qt_works(python):
        return True
    if apt_install(*QT_PACKAGES.split()) and qt_works(python):
        return True
    fail(
        "Qt needs system libraries that are missing here. On Debian or Ubuntu this installs them:\n"
        f"    sudo apt-get install {QT_PACKAGES}"
    )
    return False


def qt_works(python: Path) -> bool:
    """Whether Qt and its X11 platform plugin find every library."""
    probe = (
        "import ctypes, pathlib, PySide6, PySide6.QtGui, PySide6.QtWidgets, PySide6.QtSvg, PySide6.QtNetwork;"
        "folder = pathlib.Path(PySide6.__file__).parent / 'Qt' / 'plugins' / 'platforms';"
        "[ctypes.CDLL(str(folder / f)) for f in ('libqoffscreen.so', 'libqxcb.so')]"
    )
    return run_quietly(str(python), "-c", probe).returncode == 0


def apt_install(*packages: str) -> bool:
    """Install Debian packages where this runs as root on Debian or its kin."""
    if os.name != "posix" or os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    print(f"Installing system packages: {' '.join(packages)}", flush=True)
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    run_quietly("apt-get", "update", "-qq")
    done = run_quietly("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages)
    if done.returncode:
        print(done.stderr.strip()[-500:], file=sys.stderr)
    return done.returncode == 0


def run_quietly(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command, its output kept."""
    return subprocess.run(command, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    sys.exit(main())
