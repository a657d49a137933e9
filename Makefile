# Two commands do everything: make play, make test. The pip commands behind them are in README.md.
PYTHON ?= python3
VENV ?= .venv
# Which build of torch: auto (CUDA where an NVIDIA GPU is seen, else CPU), cpu, cuda.
TORCH ?= auto

# More options for train-toy, such as --steps 40.
TOY ?= --minutes 2

# More options for bench, such as --shape 355M.
BENCH ?=

# Where test-vllm and test-llama-server put the servers' own environments.
SERVERS ?= build/servers

BIN := $(VENV)/bin
INSTALL := $(PYTHON) tools/install.py --venv $(VENV) --torch $(TORCH)
PYTEST := $(BIN)/python -m pytest

.PHONY: play test test-slow check install dev bench bench-peers screenshots test-vllm test-llama-server train-toy format clean help

play: install  ## install, then play: in a window, or in the terminal where there is no display
	@$(BIN)/python -m app

test: dev  ## the fast tests
	@QT_QPA_PLATFORM=offscreen $(PYTEST) -q

test-slow: dev  ## the tests that take longer
	@QT_QPA_PLATFORM=offscreen $(PYTEST) -q -m slow

check: dev  ## style, types and the direction of imports
	@$(BIN)/ruff format --check -q .
	@$(BIN)/ruff check -q .
	@$(BIN)/pyright
	@$(BIN)/lint-imports

format: dev  ## put every file into shape
	@$(BIN)/ruff format -q .
	@$(BIN)/ruff check -q --fix .

train-toy: dev  ## train a tiny model on the adventures in minutes; once more goes on where it stopped
	@$(BIN)/python -m training.build_corpus --tokenizer assets/models/ember --variants 2 -o runs/toy-corpus
	@$(BIN)/python -m engine train @training/toy.args $(TOY)
	@$(BIN)/python -m engine complete --model runs/toy --temperature 0.7 --max-tokens 60 --prompt "You open the door."

test-vllm: dev  ## play five turns against a real vLLM on the CPU; the install takes several GB
	@$(BIN)/python -m tools.server_env vllm $(SERVERS)/vllm
	@BRASS_LANTERN_VLLM=$(abspath $(SERVERS))/vllm $(PYTEST) -q -o faulthandler_timeout=0 -m real tests/real/test_vllm.py

test-llama-server: dev  ## the same against llama.cpp, which is compiled for it
	@$(BIN)/python -m tools.server_env llama $(SERVERS)/llama
	@BRASS_LANTERN_LLAMA=$(abspath $(SERVERS))/llama $(PYTEST) -q -o faulthandler_timeout=0 -m real tests/real/test_llama_server.py

bench: dev  ## speed and memory beside transformers, and beside llama.cpp and CTranslate2 if installed
	@$(BIN)/python -m benchmarks.bench $(BENCH)

bench-peers: dev  ## install those two; llama.cpp is compiled, which takes ten minutes and a C++ compiler
	@$(BIN)/python -m pip install -c constraints.txt -e '.[bench]'

screenshots: dev  ## pictures of the real window, light and dark, at 1x and 2x, in docs/screenshots
	@$(BIN)/python tools/screenshots.py

install:
	@$(INSTALL)

dev:
	@$(INSTALL) --dev

clean:  ## remove what building and testing left behind
	rm -rf build dist runs .pytest_cache .ruff_cache .hypothesis

help:
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## */\t/' | expand -t 14
