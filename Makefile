# Every target sets up what it needs in .venv; a Debian machine needs python3, python3-venv and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install

.DEFAULT_GOAL := help
.PHONY: help demo test ecosystem lint format bench policy docs clean

help: ## Say what the targets do
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 14

demo: $(VENV)/installed ## Sign, load and refuse a real model, from start to end
	@$(BIN)/safeload demo

test: $(VENV)/installed-for-tests ## Run the tests, except those marked slow
	$(BIN)/python -m pytest -n 2 -m "not slow"

ecosystem: $(VENV)-ecosystem/installed ## Test the models of large libraries, in their own environment
	$(VENV)-ecosystem/bin/python -m pytest -n 2 tests/ecosystem tests/policy/test_packs.py

lint: $(VENV)/installed-for-tests ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/installed-for-tests ## Put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/installed ## Measure loading against plain joblib
	$(BIN)/python benchmarks/bench.py

policy: $(VENV)/installed-for-tests ## Derive the allow-list packs anew
	$(BIN)/python tools/derive_packs.py

docs: $(VENV)/installed ## Make the tables of SECURITY.md and of argument rules anew
	$(BIN)/python tools/security_tables.py

clean: ## Remove the environment and what the tools left behind
	rm -rf $(VENV) $(VENV)-ecosystem .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist

# A stamp is newer than pyproject.toml as long as what that asks for is installed.
$(VENV)/created:
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/installed: $(VENV)/created pyproject.toml
	$(PIP) --editable .
	@touch $@

$(VENV)/installed-for-tests: $(VENV)/installed
	$(PIP) --editable ".[test,lint]"
	@touch $@

$(VENV)-ecosystem/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)-ecosystem
	$(VENV)-ecosystem/bin/python -m pip --disable-pip-version-check --quiet install \
		--editable ".[test,ecosystem]"
	@touch $@
