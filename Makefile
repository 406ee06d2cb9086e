# The whole of lienthong for a newcomer: `make demo` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
PIP    := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test oracles check bench chaos fuzz docs fix lock setup clean

help: ## Show what can be made
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(STAMP): requirements/dev.lock pyproject.toml
	@echo "Chuẩn bị môi trường (setting up) …"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --require-hashes -r requirements/dev.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

setup: $(STAMP) ## Make the environment (.venv)

demo: $(STAMP) ## Move real dossiers both ways through everything, and show it (KEEP=1 leaves it running)
	@$(BIN)/lienthong demo $(if $(KEEP),--keep,)

test: $(STAMP) ## Run all tests
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder tests

oracles: $(STAMP) ## Bring other makers' software (as root) and run the tests against it
	@$(PYTHON) -m tests.oracles
	@$(BIN)/python -m pytest -q tests/interop

check: $(STAMP) ## Lint, types, floors
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(STAMP) ## Measure; writes build/bench.tsv (ONLY="queue journal": only these)
	@$(BIN)/python -m tests.bench $(ONLY)

chaos: $(STAMP) ## Break everything under load, on purpose; writes build/chaos.tsv (ARGS="--only freeze")
	@$(BIN)/python -m tests.chaos $(ARGS)

fuzz: $(STAMP) ## Fuzz each parser and verifier, guided by coverage (SECONDS=60 for each; ONLY="xml message")
	@for each in $(or $(ONLY),xml json container token document message header lasting insider maker caller locked); do \
		$(BIN)/python -m tests.fuzz $$each --seconds $(or $(SECONDS),60) || exit 1; done

docs: $(STAMP) ## Write the generated reference pages
	@$(BIN)/python -m tests.docs.generate

fix: $(STAMP) ## Format and mend what can be mended
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: $(STAMP) ## Renew the locked versions
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11 requirements/run.in -o requirements/run.lock
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11 requirements/dev.in -o requirements/dev.lock

clean: ## Remove what was made
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .import_linter_cache
