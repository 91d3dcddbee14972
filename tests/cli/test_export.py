"""``safeload export``: a bill of materials of a model that is verified, and of no other."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run

EXPORT = ["export", "churn.joblib", "--trust", "trust.toml"]


def test_it_is_written_to_standard_output(run: Run, folder: Path) -> None:
    outcome = run(*EXPORT, "--cyclonedx")
    assert (outcome.code, outcome.err) == (0, "")
    document = json.loads(outcome.out)
    assert document["specVersion"] == "1.6"
    assert document["metadata"]["component"]["name"] == "churn"
    assert outcome.out == run(*EXPORT, "--cyclonedx").out


def test_it_is_written_to_a_file(run: Run, folder: Path) -> None:
    outcome = run(*EXPORT, "--cyclonedx", "-o", "churn.cdx.json")
    assert (outcome.code, outcome.out) == (0, "")
    assert Path("churn.cdx.json").read_text("ascii") == run(*EXPORT, "--cyclonedx").out


@pytest.mark.parametrize("name", ["churn.joblib", "churn.joblib.sig", "trust.toml"])
def test_it_is_not_written_over_what_it_is_about(run: Run, folder: Path, name: str) -> None:
    before = Path(name).read_bytes()
    outcome = run(*EXPORT, "--cyclonedx", "-o", name)
    assert (outcome.code, outcome.error) == (2, "output-is-input")
    assert Path(name).read_bytes() == before


def test_of_a_folder(run: Run, folder: Path) -> None:
    Path("models").mkdir()
    Path("models/inner.joblib").write_bytes(Path("churn.joblib").read_bytes())
    key = ["--key", "signing.key", "--name", "churn", "--version", "3"]
    assert run("sign", "models", *key, "--no-revision").code == 0
    outcome = run("export", "models", "--trust", "trust.toml", "--cyclonedx")
    assert (outcome.code, outcome.err) == (0, "")
    component = json.loads(outcome.out)["metadata"]["component"]
    assert component["version"] == "3"
    assert component["externalReferences"][0]["url"] == "model.sig"
    written = run(*EXPORT[:1], "models", *EXPORT[2:], "--cyclonedx", "-o", "models/model.sig")
    assert (written.code, written.error) == (2, "output-is-input")


def test_where_nothing_can_be_written(run: Run, folder: Path) -> None:
    outcome = run(*EXPORT, "--cyclonedx", "-o", "nowhere/churn.json")
    assert (outcome.code, outcome.error) == (2, "output-unwritable")


def test_a_form_has_to_be_named(run: Run, folder: Path) -> None:
    assert run(*EXPORT).code == 2


def test_a_model_that_is_not_verified_has_no_bill(run: Run, folder: Path) -> None:
    with Path("churn.joblib").open("ab") as file:
        file.write(b"\n")
    outcome = run(*EXPORT, "--cyclonedx", "-o", "churn.cdx.json")
    assert (outcome.code, outcome.error) == (1, "digest-mismatch")
    assert not Path("churn.cdx.json").exists()


def test_without_the_schema_it_is_written_and_said(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as changed:
        changed.setattr("safeload.report.bom.is_validated", lambda: False)
        outcome = run(*EXPORT, "--cyclonedx")
    assert outcome.code == 0
    assert "safeload[bom]" in outcome.err
    assert outcome.out == run(*EXPORT, "--cyclonedx").out


def test_nothing_is_imported_that_could_run_a_model(folder: Path) -> None:
    code = (
        "import sys\nfrom safeload.cli.main import main\n"
        f"assert main({[*EXPORT, '--cyclonedx']!r}) == 0\n"
        "assert not {'sklearn', 'skops', 'joblib', 'numpy', 'fickling'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
