"""What ``pip install safeload`` brings is all that safeload needs: no more is imported anywhere."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
import venv
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest

from safeload.cli import main
from safeload.report.formats import FORMATS

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

# What safeload imports only after a file has asked for it, so that it is there or was not needed.
ASKED_FOR_BY_FILES = {"pandas", "pytz", "tzdata"}
# Which library brings a module of another name; few environments have these.
BROUGHT_BY = {
    "backports": "backports-zstd",
    "cyclonedx": "cyclonedx-python-lib",
    "packageurl": "packageurl-python",
    "google": "google-cloud-kms",
    "grpc": "grpcio",
    "mlflow": "mlflow-skinny",
    "pynndescent": "umap-learn",
    "sigstore_models": "sigstore",
    "skbase": "sktime",
    "umap": "umap-learn",
    "xgboost": "xgboost-cpu",
}
# What tests write and import.
MADE_BY_TESTS = {"acme", "work_of_another_thread"}
# What Python 2 has, in which one of the tools is run as well, and what Python has from 3.14 on.
OF_OTHER_PYTHONS = {"cPickle", "compression"}


def distribution(requirement: str) -> str:
    """The name of what is required, as packages are compared: ``scikit-learn``."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def imported(folder: Path) -> set[str]:
    """Top-level modules beyond the standard library and the project that a folder imports."""
    files = sorted(folder.rglob("*.py"))
    found: set[str] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                found.add(node.module.partition(".")[0])
    own = {path.name for path in ROOT.iterdir()} | MADE_BY_TESTS | OF_OTHER_PYTHONS
    # Scripts that are run by their path import what lies beside them.
    beside = {file.stem for file in files} if folder.name in ("benchmarks", "tools") else set()
    return found - own - beside - set(sys.stdlib_module_names)


@cache
def installed_modules() -> Mapping[str, list[str]]:
    """The distributions that bring each top-level module."""
    return metadata.packages_distributions()


def brings(module: str) -> set[str]:
    """The distributions that bring a module, or that it is called after if it is not installed."""
    names = installed_modules().get(module, [])
    return {distribution(name) for name in [BROUGHT_BY.get(module, module), *names]}


def undeclared(folder: Path, requirements: list[str]) -> set[str]:
    """Modules that a folder imports and that no requirement brings."""
    declared = {distribution(requirement) for requirement in requirements}
    return {module for module in imported(folder) if not declared & brings(module)}


def test_every_library_that_safeload_imports_is_declared() -> None:
    extras = PROJECT["optional-dependencies"]
    chosen = (
        "archives",
        "dask",
        "hsm",
        "mlflow",
        "mlserver",
        "onnx",
        "pytest",
        "sigstore",
        "watch",
    )
    needed = PROJECT["dependencies"] + [name for extra in chosen for name in extras[extra]]
    assert undeclared(ROOT / "safeload", needed) - ASKED_FOR_BY_FILES == set()


@pytest.mark.parametrize("folder", ["tests", "tools", "benchmarks", "malicious_samples"])
def test_every_library_that_the_project_imports_is_declared(folder: str) -> None:
    extras = [name for extra in PROJECT["optional-dependencies"].values() for name in extra]
    assert undeclared(ROOT / folder, PROJECT["dependencies"] + extras) == set()


def test_every_library_that_is_declared_is_imported() -> None:
    used = set().union(*map(brings, imported(ROOT / "safeload")))
    # Asked for on behalf of another: see pyproject.toml.
    used.add("typing-extensions")
    assert {distribution(name) for name in PROJECT["dependencies"]} - used == set()


# -- an environment with nothing else --------------------------------------------------------------

MODEL = """
from pathlib import Path
import joblib, numpy as np
from sklearn.linear_model import LogisticRegression
rows = np.arange(40, dtype=float).reshape(10, 4) % 7
joblib.dump(LogisticRegression().fit(rows, np.arange(10) % 2), "churn.joblib")
np.save("rows.npy", rows)
for name in ("drop", "accepted", "quarantine"):
    Path(name).mkdir()
Path("loads.jsonl").write_text(
    '{"loader": "joblib.load", "source": "a", "verdict": "accept", "names": [], "stack": [], '
    '"findings": [], "error": null}\\n'
)
"""
TRUST = "--trust trust.toml"
VERBS = {
    "demo": "demo",
    "keygen": "keygen team.key --no-passphrase --name team --add-to-trust trust.toml",
    "public": "public team.key",
    "sign": "sign churn.joblib --key team.key --name churn --version 1 --probe rows.npy",
    "verify": f"verify churn.joblib {TRUST}",
    "export": f"export churn.joblib --cyclonedx -o churn.cdx.json {TRUST}",
    "diff": f"diff churn.joblib churn.joblib {TRUST}",
    "load": f"load churn.joblib {TRUST} --ledger ledger.sqlite",
    "ledger show": "ledger show --ledger ledger.sqlite",
    "load of a third party's": "load churn.joblib --unsigned",
    "convert": "convert churn.joblib churn.skops --probe rows.npy",
    "audit": "audit churn.joblib",
    "audit in every format": "audit churn.joblib "
    + " ".join(f"--report {name}=report-{name}" for name in FORMATS),
    "explain": "explain churn.joblib",
    "explain a rule": "explain SL101",
    "policy learn": "policy learn churn.joblib -o policy.toml",
    "policy check": "policy check policy.toml",
    "policy show": "policy show --policy policy.toml collections.OrderedDict",
    "baseline add": "baseline add policy.toml --reason reviewed --until 2999-12-31",
    "trust check": "trust check trust.toml --key team.key --policy policy.toml",
    "watch": "watch drop --accepted accepted --quarantine quarantine --once",
    "guard summarise": "guard summarise loads.jsonl",
    "completion": "completion zsh",
}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands' folder of an environment in which the wheel was installed and nothing else."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder / "environment", with_pip=True)
    scripts = folder / "environment" / ("Scripts" if os.name == "nt" else "bin")
    pip: list[str | Path] = [
        scripts / "python",
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--quiet",
    ]
    run([*pip, "wheel", "--no-deps", "--wheel-dir", folder, ROOT], folder)
    (wheel,) = folder.glob("safeload-*.whl")
    run([*pip, "install", wheel], folder)
    return scripts


@pytest.fixture(scope="module")
def work(bare: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model."""
    folder = tmp_path_factory.mktemp("work")
    run([bare / "python", "-c", MODEL], folder)
    return folder


def run(command: list[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command with nothing of this environment; it must succeed."""
    alien = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
    environment = {name: value for name, value in os.environ.items() if name not in alien}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


# One test: each verb works on what those before it wrote.
def test_every_verb_works_where_nothing_but_the_wheel_was_installed(bare: Path, work: Path) -> None:
    assert {line.split()[0] for line in VERBS.values()} == set(main._VERBS)
    for line in VERBS.values():
        run([bare / "safeload", *line.split()], work)
