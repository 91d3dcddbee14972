"""``verify``, ``load`` and ``sign`` with several models: each has its line, the worst decides."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

import safeload
from safeload.cli import passphrase
from safeload.cli.models import signed_models
from safeload.trust.keys import SigningKey
from safeload.trust.trustfile import TrustFile
from tests.cli.conftest import Run

TRUSTED = ["--trust", "trust.toml"]
SIGN = ["--key", "signing.key", "--version", "2", "--no-revision"]


def copy(path: str) -> None:
    """The signed model under another name."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    for ending in ("", ".sig"):
        shutil.copy(f"churn.joblib{ending}", f"{path}{ending}")


def statuses(out: str) -> dict[str, str]:
    return {each["path"]: each["status"] for each in json.loads(out)["results"]}


def test_one_that_fails_does_not_stop_the_others(run: Run, folder: Path, attack: Path) -> None:
    copy("other.joblib")
    outcome = run("verify", "churn.joblib", "attack.pkl", "none", "other.joblib", *TRUSTED)
    assert outcome.code == 1
    assert outcome.out.splitlines() == [
        "churn.joblib: verified: churn 1.2.0, signed by alice",
        "other.joblib: verified: churn 1.2.0, signed by alice",
    ]
    assert outcome.errors == ["bundle-missing", "unreadable"]
    assert "attack.pkl: bundle-missing:" in outcome.err
    assert outcome.err.splitlines()[-1] == "4 models: 2 verified, 1 refused, 1 undecided"


@pytest.mark.parametrize(
    ("models", "code"),
    [
        (["churn.joblib", "churn.joblib"], 0),
        (["churn.joblib", "none"], 3),
        (["none", "attack.pkl"], 1),
        (["attack.pkl", "none", "churn.joblib"], 1),
    ],
)
def test_the_worst_decides(
    run: Run, folder: Path, attack: Path, models: list[str], code: int
) -> None:
    assert run("verify", *models, *TRUSTED).code == code


def test_a_usage_error_hides_no_failure(run: Run, folder: Path, attack: Path) -> None:
    Path("locked").mkdir()
    shutil.copy("churn.joblib", "locked/b.joblib")
    Path("locked/b.joblib.sig").mkdir()
    sign = ["sign", *SIGN, "--name", "{stem}"]
    outcome = run(*sign, "churn.joblib", "locked/b.joblib")
    assert (outcome.code, outcome.errors) == (2, ["unwritable"])
    assert outcome.err.splitlines()[-1] == "2 models: 1 signed, 1 not usable"
    assert run(*sign, "none", "locked/b.joblib").code == 3
    assert run(*sign, "locked/b.joblib", "none", "attack.pkl").code == 1


def test_one_model_prints_as_ever(run: Run, folder: Path) -> None:
    outcome = run("verify", "churn.joblib", *TRUSTED)
    assert outcome.out.startswith("verified: signature and digest; signed by alice\nfile: churn")
    assert outcome.err == ""
    assert run("verify", "none", *TRUSTED).err.count("\n") == 2


@pytest.mark.parametrize("verb", ["verify", "load"])
def test_what_is_wrong_with_all_is_said_once(run: Run, folder: Path, verb: str) -> None:
    outcome = run(verb, "churn.joblib", "churn.joblib", "--trust", "none")
    assert (outcome.code, outcome.errors, outcome.out) == (2, ["trustfile-missing"], "")


@pytest.mark.parametrize("verb", [["verify", *TRUSTED], ["load", *TRUSTED], ["sign", *SIGN]])
def test_a_bundle_is_about_one_model(run: Run, folder: Path, verb: list[str]) -> None:
    given = ["churn.joblib", "churn.joblib", "--bundle", "churn.joblib.sig", "--name", "{stem}"]
    outcome = run(*verb, *given)
    assert (outcome.code, outcome.error, outcome.out) == (2, "several-models", "")


def test_several_are_loaded_each_in_a_process(run: Run, folder: Path, unsigned: Path) -> None:
    outcome = run("load", "churn.joblib", "unsigned.joblib", *TRUSTED)
    assert (outcome.code, outcome.errors) == (1, ["bundle-missing"])
    (line,) = outcome.out.splitlines()
    assert line.startswith(
        "churn.joblib: churn 1.2.0: verified, signed by alice; loaded: sklearn.pipeline."
    )
    assert "2 models: 1 loaded, 1 refused" in outcome.err


# -- folders ---------------------------------------------------------------------------------------


def test_a_folder_stands_for_the_signed_models_in_it(run: Run, folder: Path) -> None:
    copy("models/a.joblib")
    copy("models/below/b.joblib")
    shutil.copy("churn.joblib", "models/rows.npy")
    Path("models/notes.txt").write_text("no model")
    outcome = run("verify", "models", *TRUSTED, "--format", "json")
    assert outcome.code == 0
    assert statuses(outcome.out) == {
        str(Path("models", "a.joblib")): "verified",
        str(Path("models", "below", "b.joblib")): "verified",
    }
    # What was not verified is told of, so that nobody takes it for verified.
    assert json.loads(outcome.out)["unsigned"] == [str(Path("models", "rows.npy"))]
    assert "1 file with the name of a model" in outcome.err
    Path("models/below/b.joblib").write_bytes(b"")
    assert run("verify", "models", *TRUSTED).code == 1


@pytest.mark.parametrize("verb", ["verify", "load"])
def test_taking_a_bundle_away_hides_no_model(run: Run, folder: Path, verb: str) -> None:
    copy("models/a.joblib")
    copy("models/b.skops")
    Path("models/b.skops.sig").unlink()
    outcome = run(verb, "models", *TRUSTED)
    assert (outcome.code, outcome.error) == (1, "bundle-missing")
    assert "2 models: " in outcome.err


def test_a_signed_folder_is_one_model(run: Run, folder: Path) -> None:
    copy("models/a.joblib")
    Path("models/whole/deep").mkdir(parents=True)
    shutil.copy("churn.joblib", "models/whole/churn.joblib")
    copy("models/whole/deep/b.joblib")
    sign = ["sign", "models/whole", *SIGN, "--name", "churn", "--model-file", "churn.joblib"]
    assert run(*sign).out == str(Path("models", "whole", "model.sig")) + "\n"
    assert run("verify", "models/whole", *TRUSTED).out.startswith("verified: ")
    assert run("verify", "models/whole", "--bundle", "models/whole/model.sig", *TRUSTED).code == 0
    outcome = run("verify", "models", *TRUSTED, "--format", "json")
    assert statuses(outcome.out) == {
        str(Path("models", "a.joblib")): "verified",
        str(Path("models", "whole")): "verified",
    }


def test_a_folder_can_be_required_to_be_signed_as_a_whole(run: Run, folder: Path) -> None:
    copy("whole/churn.joblib")
    sign = ["sign", "whole", *SIGN, "--name", "churn", "--model-file", "churn.joblib"]
    assert run(*sign).code == 0
    verify = ["verify", "whole", *TRUSTED, "--bundle", "whole/model.sig"]
    assert run(*verify).code == 0
    Path("whole/model.sig").unlink()
    assert run(*verify).error == "bundle-missing"


@pytest.mark.parametrize("verb", ["verify", "load"])
def test_a_folder_without_a_signed_model_is_no_success(run: Run, folder: Path, verb: str) -> None:
    Path("models").mkdir()
    shutil.copy("churn.joblib", "models/unsigned.joblib")
    outcome = run(verb, "models", "churn.joblib.sig", *TRUSTED)
    assert (outcome.code, outcome.errors) == (1, ["bundle-missing"] * 2)


def test_a_model_that_leads_nowhere_is_not_passed_over(folder: Path) -> None:
    copy("models/a.joblib")
    copy("models/b.joblib")
    Path("models/b.joblib").unlink()
    Path("models/b.joblib").symlink_to("nowhere")
    Path("models/c").symlink_to(folder)
    names = [str(Path("models", name)) for name in ("a.joblib", "b.joblib")]
    assert signed_models(["models"]) == (names, [])


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="a folder that nobody may list"
)
def test_a_folder_that_cannot_be_listed_is_not_passed_over(run: Run, folder: Path) -> None:
    copy("models/a.joblib")
    Path("models/closed").mkdir(mode=0)
    assert run("verify", "models", *TRUSTED).code == 1


# -- sign ------------------------------------------------------------------------------------------


@pytest.fixture
def three(folder: Path) -> list[str]:
    names = ["north.joblib", "south.v2.joblib", "region/west.joblib"]
    Path("region").mkdir()
    for name in names:
        shutil.copy("churn.joblib", name)
    return names


def name_of(path: str, trust: TrustFile) -> Any:
    return safeload.verify(path, trust=trust).manifest.require_model().name


def test_each_is_signed_by_a_name_of_its_own(run: Run, three: list[str]) -> None:
    key = SigningKey.read("signing.key").public
    TrustFile.add("any.toml", name="alice", key=key, models=["*"])
    trust = TrustFile.read("any.toml")
    outcome = run("sign", *three, *SIGN, "--name", "sales-{stem}", "--format", "json")
    assert outcome.code == 0
    assert [name_of(path, trust) for path in three] == [
        "sales-north",
        "sales-south.v2",
        "sales-west",
    ]
    assert [each["bundle"] for each in json.loads(outcome.out)["results"]] == [
        str(Path(f"{path}.sig")) for path in three
    ]
    assert "3 models: 3 signed" in outcome.err
    # One file that a pattern of the shell stands for is signed like several.
    assert run("sign", three[0], *SIGN, "--name", "{stem}-1").code == 0
    assert name_of(three[0], trust) == "north-1"
    # A folder has no ending, and is called what it is called from outside.
    shutil.copytree("region", "east.v1")
    os.chdir("east.v1")
    sign = ["sign", ".", "--key", "../signing.key", "--version", "2", "--name", "{stem}"]
    assert run(*sign, "--no-revision").code == 0
    assert name_of(".", trust) == "east.v1"


@pytest.mark.parametrize(
    "facts",
    [
        ["--name", "churn"],
        ["--name", "{stem}", "--metric", "roc_auc=0.9"],
        ["--name", "{stem}", "--metadata", "facts.json"],
    ],
)
def test_nothing_is_signed_by_mistake(run: Run, three: list[str], facts: list[str]) -> None:
    Path("facts.json").write_text('{"metrics": {"roc_auc": 0.9}}')
    outcome = run("sign", *three, *SIGN, *facts)
    assert (outcome.code, outcome.error, outcome.out) == (2, "several-models", "")
    assert not any(Path(f"{path}.sig").exists() for path in three)


def test_two_files_of_one_name_are_not_signed_alike(run: Run, three: list[str]) -> None:
    shutil.copy(three[0], "region")
    outcome = run("sign", "region/north.joblib", *three, *SIGN, "--name", "{stem}")
    assert (outcome.code, outcome.error) == (2, "several-models")
    assert not Path("region/north.joblib.sig").exists()


def test_one_that_is_refused_is_not_signed_and_the_others_are(
    run: Run, three: list[str], attack: Path
) -> None:
    outcome = run("sign", three[0], attack.name, three[1], *SIGN, "--name", "{stem}")
    assert (outcome.code, outcome.errors) == (1, ["refused"])
    assert outcome.out.splitlines() == [f"{three[0]}.sig", f"{three[1]}.sig"]
    assert not Path("attack.pkl.sig").exists()


def test_the_passphrase_is_asked_for_once(
    run: Run, three: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    SigningKey.generate().write("locked.key", passphrase=b"correct horse")
    asked = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return "correct horse"

    monkeypatch.setattr(passphrase, "is_terminal", lambda stream: True)
    monkeypatch.setattr("getpass.getpass", ask)
    sign = ["sign", *three, "--key", "locked.key", "--version", "2", "--no-revision"]
    assert run(*sign, "--name", "{stem}").code == 0
    assert len(asked) == 1


def test_a_second_signer_signs_several(run: Run, folder: Path) -> None:
    copy("other.joblib")
    SigningKey.generate().write("bob.key", passphrase=None)
    adding = ["sign", "churn.joblib", "other.joblib", "none", "--key", "bob.key", "--add"]
    outcome = run(*adding, *TRUSTED, "--label", "bob")
    assert (outcome.code, outcome.errors) == (3, ["unreadable"])
    assert outcome.out.splitlines() == ["churn.joblib.bob.sig", "other.joblib.bob.sig"]
