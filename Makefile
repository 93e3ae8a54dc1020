# Everything a clone needs: Python >= 3.10, make and a package index.
# `make demo` and `make test` set up .venv by themselves; once installed, no network is used.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Families of tests that take long or need more than this clone; pyproject.toml describes them.
SLOW := interpreter or compiler or ahead or loops or thorough or program or data

# Data sets that lie beside the clone are used as they are.
ifndef GRAPHMP_DATA
ifneq ($(wildcard ../shared/data/planetoid),)
export GRAPHMP_DATA := $(abspath ../shared/data)
endif
endif
export MPLBACKEND := Agg

.DEFAULT_GOAL := help
.PHONY: help install demo test test-all test-gpu lint hooks format doctest check bench bench-gpu notebooks docs docs-check \
    release-check clean

help:  ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(STAMP)  ## Create .venv and install graphmp into it, with the versions that were tested

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	    { echo 'graphmp needs Python >= 3.10; name one: make <target> PYTHON=python3.12' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(STAMP)  ## Train GraphSAGE, print its accuracy, draw build/demo.png
	$(BIN)/python tutorials/00_demo.py

test: $(STAMP)  ## Run the quick tests, on all cores: at most 5 minutes on two
	$(BIN)/python -m pytest -n auto --dist worksteal -m 'not ($(SLOW))'

test-all: $(STAMP)  ## Run all tests, and the examples in the docstrings: at most 20 minutes
	$(BIN)/python -m pytest -n auto --dist worksteal
	$(MAKE) doctest

test-gpu: $(STAMP)  ## Run the tests of kernels and devices on a GPU
	$(BIN)/python -m pytest tests/kernels tests/gpu

lint: $(STAMP)  ## Run ruff, mypy and codespell
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell

hooks: $(STAMP)  ## Let git run the linters before each commit
	$(BIN)/python -m pre_commit install

format: $(STAMP)  ## Let ruff format the code and mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

doctest: $(STAMP)  ## Run the examples in the docstrings
	$(BIN)/python -m pytest --doctest-modules graphmp

check: lint test-all  ## All that must be clean before a change is taken

bench: $(STAMP)  ## Run all benchmarks, against DGL=path/to/python and PYG=path/to/python
	$(BIN)/python -m benchmarks.suite $(if $(DGL),--dgl $(DGL)) $(if $(PYG),--pyg $(PYG))

bench-gpu: $(STAMP)  ## Run the benchmarks of a GPU
	$(BIN)/python -m benchmarks.gpu

notebooks: $(STAMP)  ## Turn the tutorials into notebooks, in build/
	mkdir -p build
	set -e; for script in tutorials/*.py; do \
	    $(BIN)/jupytext --to ipynb --output build/$$(basename $$script .py).ipynb $$script; done

docs: $(STAMP)  ## Build the site into build/site; the tutorials are executed once
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt -e '.[docs]'
	rm -rf docs/reference/generated  # pages of names that are gone
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs build/site

# FULL=1 runs all quick tests, PYTHONS="3.10 3.13" or PYTHONS=all tests with those Pythons.
release-check: $(STAMP)  ## Build wheel and sdist into dist/, check them, test the installed wheel
	$(BIN)/python -m release.check --markers 'not ($(SLOW))' $(if $(FULL),--full) \
	    $(if $(PYTHONS),--pythons $(PYTHONS))

docs-check: docs  ## Check the names, the links and, with Chromium and playwright, the look of the site
	$(BIN)/python -m pytest docs/_checks

clean:  ## Remove what was built and the caches; .venv stays
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache
	find graphmp tests benchmarks tutorials release -name __pycache__ -prune -exec rm -rf {} +
