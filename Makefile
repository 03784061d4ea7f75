# `make demo` shows what nnasim answers; `make test` checks everything. Both make their environment first.
# VENV: where the environment lives. PYTHON: what makes it. DEMO: where the demo is written.
PYTHON ?= python3
VENV ?= .venv
DEMO ?= demo
BIN := $(VENV)/bin
SOURCES := nnasim reports workloads aat_training

.DELETE_ON_ERROR:
.PHONY: demo docs test lint types layers unit vendored clean help

help:
	@echo "make demo   install what the demo needs, compare five systems, write $(DEMO)/report.html"
	@echo "make test   install the tools too, then lint, types, layers and tests"
	@echo "make docs   install what the site needs, build it: docs/_build/html/index.html"
	@echo "make clean  remove the demo and the tools' caches, not the environment"

demo: $(VENV)/.installed-train
	$(BIN)/nnasim compare --out $(DEMO) --force

docs: $(VENV)/.installed-docs
	$(BIN)/python -m sphinx --fail-on-warning --keep-going -q docs docs/_build/html

test: lint types layers unit docs

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

layers: $(VENV)/.installed-dev
	$(BIN)/lint-imports

unit: $(VENV)/.installed-dev
	$(BIN)/pytest

# The scripts that pages carry, from npm's packages by their digests. Needs node; nothing else here does.
vendored:
	folder=$$(mktemp -d) && cp reports/vendored/* "$$folder" \
	&& (cd "$$folder" && npm ci --ignore-scripts --no-audit --no-fund && node build.mjs) \
	&& cp "$$folder"/*.min.js "$$folder"/LICENSES.txt reports/vendored/ && rm -rf "$$folder"

# A stamp per extra: installed again only when the project's metadata changed.
$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-%: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	touch $@

clean:
	rm -rf $(DEMO) docs/_build docs/reference/made .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
