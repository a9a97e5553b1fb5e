# Every target works on a fresh machine with Python 3.11 (or newer) and make; the environment is made on first use.
# Nothing outside this folder is written: caches and Jupyter's runtime files go to .cache/.

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v $$p; break; }; done)
VENV := .venv
SCALE ?= 10
BIN := $(VENV)/bin
CACHE := $(CURDIR)/.cache
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1  # of linear algebra: workers side by side would wait for each other

export PIP_CACHE_DIR := $(CACHE)/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export MPLCONFIGDIR := $(CACHE)/matplotlib
export IPYTHONDIR := $(CACHE)/ipython
export JUPYTER_RUNTIME_DIR := $(CACHE)/jupyter
export RUFF_CACHE_DIR := $(CACHE)/ruff
export MYPY_CACHE_DIR := $(CACHE)/mypy

.DEFAULT_GOAL := help
.PHONY: help reports test check lab bench fuzz sample notebooks lock clean

help:  ## show this list
	@sed -n 's/^\([a-z]*\):.*  ## /  make \1|/p' Makefile | awk -F'|' '{printf "%-16s %s\n", $$1, $$2}'

reports: $(VENV)/.installed  ## build what has changed of reports/reports.toml; on another market: make reports SNAPSHOT=...
	@$(BIN)/research report build $(if $(SNAPSHOT),--snapshot "$(SNAPSHOT)") $(if $(AS_OF),--as-of "$(AS_OF)")

test: $(VENV)/.installed check  ## checks, the test-suite, and nbval on every notebook
	@$(ONE_THREAD) $(BIN)/python -m pytest -n auto --dist loadfile --nbval --nbval-sanitize-with tests/nbval_sanitize.cfg

check: $(VENV)/.installed  ## formatting, lint, types and the import contract
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@PYTHONPATH=. $(BIN)/lint-imports --cache-dir $(CACHE)/import-linter

lab: $(VENV)/.installed  ## open JupyterLab on the notebooks
	@$(BIN)/jupyter lab --notebook-dir .

bench: $(VENV)/.installed  ## speed and memory against peers, as ratios within one run
	@$(BIN)/python -m pip install --quiet -c requirements.lock -e ".[bench]"
	@$(BIN)/python -m tests.benchmarks

fuzz: $(VENV)/.installed  ## the attack on inputs, builds and imports, so many times as long as in CI: make fuzz SCALE=20
	@$(ONE_THREAD) ROBUSTNESS_SCALE=$(SCALE) $(BIN)/python -m pytest -n auto tests/robustness

sample: $(VENV)/.installed  ## make data/sample anew (simulated, seeded: the same bytes each time)
	@$(BIN)/research data simulate --out data/sample --replace

notebooks: $(VENV)/.installed  ## run every notebook and store its outputs, after a change that is meant to change them
	@$(ONE_THREAD) RESEARCH_STILL=yes $(BIN)/jupyter nbconvert --to notebook --inplace --execute --ExecutePreprocessor.record_timing=False \
		--ExecutePreprocessor.store_widget_state=False notebooks/*.ipynb

lock: $(VENV)/.installed  ## renew requirements.lock from pyproject.toml (needs the network), then run make test
	@$(BIN)/python -m venv $(CACHE)/lock && $(CACHE)/lock/bin/pip install --quiet uv
	@$(CACHE)/lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --all-extras \
		--no-annotate --no-header --no-emit-index-url pyproject.toml -o $(CACHE)/requirements.lock
	@{ echo "# Exact versions of every dependency, for Python 3.11 and newer. Made by 'make lock' from pyproject.toml: do not edit."; \
		cat $(CACHE)/requirements.lock; } > requirements.lock

clean:  ## remove the environment, caches and built reports
	@rm -rf $(VENV) .cache .pytest_cache .hypothesis reports/site reports/work reports/markets reports/as-of *.egg-info

$(VENV)/.installed: pyproject.toml requirements.lock
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer with venv found. Install it (Debian: apt install python3-venv), or say make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Setting up $(VENV) with $(PYTHON): about two minutes, once"
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet -c requirements.lock -e ".[dev]"
	@touch $@
