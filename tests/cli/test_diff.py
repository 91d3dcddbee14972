"""``safeload diff``: two verified models, what differs, and what that makes of the exit code."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import safeload
from tests.cli.conftest import ROWS, Run

DIFF = ["diff", "churn.joblib", "second.joblib"]
TRUSTED = ["--trust", "trust.toml"]


@pytest.fixture
def two(folder: Path) -> Path:
    """A second model beside the first, which is called the same and signed by the same key."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.5)).fit(ROWS, np.arange(10) % 2)
    safeload.dump(
        model,
        "second.joblib",
        key="signing.key",
        name="churn",
        version="1.3.0",
        metrics={"roc_auc": 0.92, "f1": 0.5},
        revision="abc",
        extra={"team\x1b[2J": "risk"},
        rows=10,
    )
    return folder


def test_what_differs_is_said(run: Run, two: Path) -> None:
    outcome = run(*DIFF, *TRUSTED)
    assert (outcome.code, outcome.err) == (0, "")
    for line in [
        "  ~ version: 1.2.0 -> 1.3.0",
        "  ~ metric roc_auc: 0.91 -> 0.92",
        "  + metric f1: 0.5",
        "  + rows: 10",
        "  + code: abc",
        "  ~ .steps[1][1].C: 1.0 -> 0.5",
    ]:
        assert line in outcome.out.splitlines()
    assert "coef_: float64 array of 1x4, 4 elements changed, by " in outcome.out
    assert "\x1b" not in outcome.out


def test_on_a_terminal_it_has_colours_and_says_the_same(
    run: Run, two: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = run(*DIFF, *TRUSTED).out
    monkeypatch.setattr("safeload.cli.diff.is_terminal", lambda stream: True)
    monkeypatch.setenv("COLUMNS", "300")
    assert run(*DIFF, *TRUSTED).out == plain
    monkeypatch.setenv("COLUMNS", "80")
    assert max(map(len, run(*DIFF, *TRUSTED).out.splitlines())) <= 80


def test_as_json(run: Run, two: Path) -> None:
    outcome = run(*DIFF, *TRUSTED, "--format", "json")
    document = json.loads(outcome.out)
    assert (outcome.code, document["schema"], document["same"]) == (0, 1, False)
    assert (document["a"]["signer"], document["b"]["version"]) == ("alice", "1.3.0")
    entries = {entry["name"]: entry for entry in document["parameters"]}
    assert entries[".steps[1][1].C"] == {
        "name": ".steps[1][1].C", "a": 1.0, "b": 0.5, "only": None,
    }  # fmt: skip
    arrays = {entry["name"]: entry for entry in document["arrays"]}
    changed = arrays[".steps[1][1].coef_"]
    assert changed["change"]["elements"] == 4
    assert changed["a"]["shape"] == [1, 4]


@pytest.mark.parametrize("form", [[], ["--format", "json"]])
def test_the_exit_code_is_asked_for(run: Run, two: Path, form: list[str]) -> None:
    assert run(*DIFF, *TRUSTED, *form).code == 0
    outcome = run(*DIFF, *TRUSTED, *form, "--exit-code")
    assert (outcome.code, outcome.err) == (1, "")
    assert run("diff", "churn.joblib", "churn.joblib", *TRUSTED, *form, "--exit-code").code == 0


@pytest.mark.parametrize("place", [0, 1])
def test_neither_is_compared_if_one_is_not_verified(run: Run, two: Path, place: int) -> None:
    with Path(DIFF[1 + place]).open("ab") as file:
        file.write(b"\n")
    outcome = run(*DIFF, *TRUSTED)
    assert (outcome.code, outcome.out, outcome.error) == (1, "", "digest-mismatch")


def test_a_folder_is_compared_by_its_model(run: Run, two: Path) -> None:
    Path("models").mkdir()
    Path("models/inner.joblib").write_bytes(Path("second.joblib").read_bytes())
    key = ["--key", "signing.key", "--name", "churn", "--version", "3"]
    assert run("sign", "models", *key, "--no-revision").code == 0
    outcome = run("diff", "churn.joblib", "models", *TRUSTED)
    assert (outcome.code, outcome.err) == (0, "")
    assert "  ~ .steps[1][1].C: 1.0 -> 0.5" in outcome.out.splitlines()


def test_of_the_wrong_name(run: Run, two: Path) -> None:
    assert run(*DIFF, *TRUSTED, "--name", "fraud").error == "wrong-model"


def test_without_bundles(run: Run, two: Path) -> None:
    for name in DIFF[1:]:
        Path(f"{name}.sig").unlink()
    assert run(*DIFF, *TRUSTED).error == "bundle-missing"
    outcome = run(*DIFF, "--unsigned")
    assert outcome.code == 0
    assert "unsigned" in outcome.out
    assert ".steps[1][1].C: 1.0 -> 0.5" in outcome.out
    assert run(*DIFF, "--unsigned", *TRUSTED).error == "unsigned"


def test_a_third_partys_file_is_not_run(run: Run, two: Path, attack: Path) -> None:
    outcome = run("diff", "churn.joblib", attack.name, "--unsigned")
    assert (outcome.code, outcome.error) == (1, "refused")
    assert not Path("canary").exists()


def test_what_is_no_model(run: Run, two: Path) -> None:
    Path("text").write_text("To be or not to be\n")
    assert run("diff", "churn.joblib", "text", "--unsigned").code == 3
    assert run("diff", "churn.joblib", "nowhere", "--unsigned").code == 3
    assert run("diff", "churn.joblib", *TRUSTED).code == 2


def test_a_name_of_a_file_cannot_steer_a_terminal(run: Run, two: Path) -> None:
    odd = "a\x1b[2J\nb.joblib"
    shutil.copy("churn.joblib", odd)
    outcome = run("diff", odd, "churn.joblib", "--unsigned")
    assert outcome.code == 0
    assert "\x1b" not in outcome.out + outcome.err
    assert len(outcome.out.splitlines()) == 3


def test_no_library_of_the_models_is_imported(two: Path) -> None:
    code = (
        "import sys\nfrom safeload.cli.main import main\n"
        f"assert main({[*DIFF, *TRUSTED]!r}) == 0\n"
        "assert not {'sklearn', 'skops', 'joblib', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
