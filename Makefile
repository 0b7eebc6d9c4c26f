# Set up, run, test and measure Swath. `make` alone lists what there is.
# Needs GNU make and Python 3.11 or later; everything else goes into .venv.

PYTHON ?= python3
PORT ?= 8080
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := .make/installed
PYTEST_ARGS ?=
# Twice as many as cores do not end sooner, and wait for each other.
JOBS ?= $(shell getconf _NPROCESSORS_ONLN)
BENCH_ARGS ?=
CAMPAIGN_ARGS ?=

# Lint before test and set-up before either, whatever -j says: the last line of `make test` is pytest's.
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help install demo test lint format bench bench-tiny campaign clean

help:  ## Show this list
	@echo "Swath: a dynamic image server. Start with 'make demo'."
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | \
		while IFS='|' read -r target text; do printf '%-20s %s\n' "$$target" "$$text"; done
	@echo
	@echo "Variables: PORT=8080 (demo), PYTHON=python3.12 (install), PYTEST_ARGS='-k mosaic' and JOBS=2 (test),"
	@echo "BENCH_ARGS='--rounds 5' (bench)."

install: $(INSTALLED)  ## Set up .venv with everything pinned, and compile the kernels

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Swath needs Python 3.11 or later; name one: make install PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet \
		-c constraints.txt -e '.[dev,demo,bench]'
	$(BIN)/python -m engine.warmup
	@mkdir -p $(@D)
	@touch $@

demo: install  ## Make demo services and serve them with a map at http://localhost:8080/ (PORT=8080)
	$(BIN)/swath demo --port $(PORT)

# All of them run, whichever fails: kernels as plain Python, the clients one after the other (each drives
# a browser that wants the machine), then all else. 5 = PYTEST_ARGS chose none of these.
test: lint  ## Run the linters, the type check and every test, JOBS at once
	@failed=0; \
	run() { $(BIN)/python -m pytest "$$@" || [ $$? -eq 5 ] || failed=1; }; \
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -q -m small -n $(JOBS) || failed=1; \
	run tests/clients $(PYTEST_ARGS); \
	run -n $(JOBS) --dist loadfile --no-loadscope-reorder --ignore tests/clients $(PYTEST_ARGS); \
	exit $$failed

lint: install  ## Run the linters and the type check alone
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/hadolint Dockerfile

format: install  ## Format the code and repair what the linter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install  ## Compare speed with TiTiler and MapServer (needs wrk, mapserv, lighttpd)
	$(BIN)/python -m benchmarks.compare $(BENCH_ARGS)
	$(BIN)/python -m benchmarks.products
	$(BIN)/python -m benchmarks.absolute
	$(BIN)/python -m benchmarks.aliasing
	$(BIN)/python -m benchmarks.catalog
	$(BIN)/python -m benchmarks.authoring
	$(BIN)/python -m benchmarks.rpc
	$(BIN)/python -m benchmarks.ortho
	$(BIN)/python -m benchmarks.ortho_tile
	$(BIN)/python -m benchmarks.frame_ortho
	$(BIN)/python -m benchmarks.claimed_error
	$(BIN)/python -m benchmarks.functions
	$(BIN)/python -m benchmarks.garbage
	$(BIN)/python -m benchmarks.histograms
	$(BIN)/python -m benchmarks.dispatch

bench-tiny: install  ## The same on tiny data, to see that it runs
	$(BIN)/python -m benchmarks.compare --tiny $(BENCH_ARGS)
	$(BIN)/python -m benchmarks.products --tiny

campaign: install  ## Attack a server of our own: load, overload, kills, faults, fuzz (CAMPAIGN_ARGS=--short)
	$(BIN)/python -m benchmarks.campaign --write $(CAMPAIGN_ARGS)

clean:  ## Remove the environment, caches and build output (never data)
	rm -rf $(VENV) .make build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache tests/clients/node_modules tests/clients/.arcgis-python
	find config engine raster_types server benchmarks tests -name __pycache__ -prune \
		-not -path '*/node_modules/*' -exec rm -rf {} +
