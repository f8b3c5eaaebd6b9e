# Every target builds what it needs. `make PYTHON=python3.13 test` takes another interpreter.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -q --disable-pip-version-check
NODE_CLIENTS := examples/clients tests/clients/node

.PHONY: help demo test test-corpus check fix docs bench bench-quick test-live test-clients clean

help:
	@echo 'make demo       the whole job without a key: record, list, replay, analyze'
	@echo 'make test       the tests'
	@echo 'make test-corpus the tests on a corpus of real bodies, where one is'
	@echo 'make check      format, lint, types, import contracts, generated docs'
	@echo 'make fix        format, and mend what the linter can'
	@echo 'make docs       write the generated docs anew'
	@echo 'make bench      the benchmarks beside other tools (installs them: 500 MB), into docs/benchmarks.md'
	@echo 'make bench-quick whether they work, not how fast anything is: under a minute, ours only'
	@echo 'make test-live  the tests against a real LLM server (installs it: 220 MB)'
	@echo 'make test-clients the tests with SDKs, HTTP clients and a browser (installs them: 600 MB)'

demo: $(VENV)/.runtime
	@$(BIN)/streamlab demo

test: $(VENV)/.dev
	$(BIN)/pytest -q -n auto -m 'not corpus' --ignore=tests/live --ignore=tests/clients

test-corpus: $(VENV)/.dev
	$(BIN)/pytest -q -n auto -m corpus --ignore=tests/live --ignore=tests/clients

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check

fix: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/.dev
	$(BIN)/python docs/generate.py

bench: $(VENV)/.dev
	$(BIN)/python bench/run.py

bench-quick: $(VENV)/.dev
	$(BIN)/python bench/run.py --quick

test-live: $(VENV)/.dev .venv-live/.installed
	$(BIN)/pytest -q tests/live

test-clients: $(VENV)/.dev .venv-clients/.installed
	$(BIN)/pytest -q -n auto --dist loadfile tests/clients

clean:
	rm -rf $(VENV) .venv-live .venv-clients $(addsuffix /node_modules,$(NODE_CLIENTS)) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else \
	"Python 3.11 or newer is needed; name one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: $(VENV)/.made pyproject.toml
	$(PIP) -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.made pyproject.toml
	$(PIP) -e '.[dev]'
	@touch $@ $(VENV)/.runtime

.venv-live/.installed: tests/live/requirements.txt
	$(PYTHON) -m venv .venv-live
	.venv-live/bin/python -m pip install -q --disable-pip-version-check \
		--no-deps --only-binary :all: --require-hashes -r tests/live/requirements.txt
	@touch $@

# Node comes from PyPI, too: the one that the pins name, on any machine.
.venv-clients/.installed: tests/clients/requirements.txt tests/clients/chromium.py \
		$(addsuffix /package-lock.json,$(NODE_CLIENTS))
	$(PYTHON) -m venv .venv-clients
	.venv-clients/bin/python -m pip install -q --disable-pip-version-check \
		--no-deps --only-binary :all: -r tests/clients/requirements.txt
	for folder in $(NODE_CLIENTS); do \
		.venv-clients/bin/npm ci --prefix $$folder --no-audit --no-fund --ignore-scripts || exit 1; \
	done
	.venv-clients/bin/python tests/clients/chromium.py
	@touch $@
