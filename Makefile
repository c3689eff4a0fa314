# The project's tasks; `make` alone lists them. Needs Python 3.11 or newer and nothing else.
#
#   PYTHON=python3.12   the interpreter for the virtualenv (default: the first that is new enough)
#   VENV=.venv          where the virtualenv is
#   URL=postgresql://…  the database for `make demo` (default: a fresh SQLite file)
#   JOBS=3              test processes, each with a PostgreSQL server of its own; many tests wait
#   ARGS='-k search'    more arguments for pytest
#   EXTRA=dev           what is installed for developing: dev, or test without the linters
#   RAWSTORE_TEST_URL=… tests run on that PostgreSQL server instead of their own

CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11
IS_NEW_ENOUGH := import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in $(CANDIDATES); do \
	"$$p" -c '$(IS_NEW_ENOUGH)' 2>/dev/null && echo "$$p" && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
JOBS ?= 3
EXTRA ?= dev

# Stamps: one for what the demo needs, one for what developers need.
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest --quiet -n $(JOBS)

.DEFAULT_GOAL := help
.PHONY: help demo venv test test-slow lint plans format bench build clean
.DELETE_ON_ERROR:

help: ## List the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(RUNTIME) ## See the main job run, on SQLite or on URL=postgresql://…
	@$(BIN)/python -m rawstore.demo $(if $(URL),--url '$(URL)')

venv: $(DEV) ## Install everything that developing needs into .venv

test: $(DEV) ## Run the tests on both dialects, without the slow ones
	@$(PYTEST) -m 'not slow' $(ARGS)

test-slow: $(DEV) ## Run the slow tests too, with many more generated examples
	@RAWSTORE_THOROUGH=1 $(PYTEST) $(ARGS)

lint: $(DEV) ## Check style, types, SQL and migrations
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint sql migrations plans bench/rawstore_bench
	@find migrations/postgres bench/rawstore_bench/migrations/postgres -name '*.sql' ! -name '*.rollback.sql' -exec $(BIN)/squawk {} +
	@$(BIN)/rawstore migrate check
	@$(BIN)/rawstore check
	@$(BIN)/rawstore check bench/rawstore_bench

plans: $(DEV) ## Hold every query's plan at 100 000 rows against those in plans/; under a minute
	@$(BIN)/rawstore plans verify $(ARGS)

format: $(DEV) ## Format the Python files
	@$(BIN)/ruff check --fix --select I
	@$(BIN)/ruff format

bench: $(DEV) ## Time calls beside other ways to make them; ARGS='--quick', --help for more
	@$(BIN)/python -m bench $(ARGS)

build: $(DEV) ## Build the source archive and the wheel into dist/
	@$(BIN)/python -m build --no-isolation

clean: ## Remove everything that is built or cached, and the virtualenv
	@rm -rf build dist $(VENV) .coverage .coverage.* htmlcov
	@rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n '$(PYTHON)' || { echo 'rawstore needs Python 3.11 or newer with its venv module;' \
		'none of these is: $(CANDIDATES). Name one: make PYTHON=/path/to/python3' >&2; exit 1; }
	@'$(PYTHON)' -c '$(IS_NEW_ENOUGH)' || { echo 'rawstore needs Python 3.11 or newer with its' \
		'venv module; $(PYTHON) is not' >&2; exit 1; }
	@echo 'Creating $(VENV) with $(PYTHON) …'
	@'$(PYTHON)' -m venv '$(VENV)'

$(RUNTIME): pyproject.toml | $(BIN)/python
	@echo 'Installing rawstore into $(VENV) …'
	@$(PIP) --editable .
	@touch $@

$(DEV): pyproject.toml | $(RUNTIME)
	@echo 'Installing the tools for tests and checks into $(VENV); this takes a minute or two …'
	@$(PIP) --editable '.[$(EXTRA)]'
	@touch $@ $(RUNTIME)
