"""``safeload verify`` and ``safeload load``: accepted, refused, and what was printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import safeload
from safeload.isolation import process
from safeload.trust.envelope import signed_bundle
from safeload.trust.manifest import to_payload
from safeload.trust.trustfile import TrustFile
from tests.cli.conftest import ROWS, Run

TRUSTED = ["--trust", "trust.toml"]


def flip(path: str) -> None:
    data = bytearray(Path(path).read_bytes())
    data[len(data) // 2] ^= 1
    Path(path).write_bytes(data)


def sign_as_third_party() -> None:
    third_party = safeload.SigningKey.generate()
    safeload.sign(
        "churn.joblib",
        key=third_party,
        name="churn",
        version="1.2.0",
        probe=ROWS[:1],
        replace=True,
    )


def sign_as(name: str) -> None:
    safeload.sign("churn.joblib", key="signing.key", name=name, version="1.2.0", probe=ROWS[:1])


# What was done to the model: the exit code and the error's code, for both verbs.
REFUSED: dict[str, tuple[Callable[[], object], int, str]] = {
    "one bit of the model was flipped": (lambda: flip("churn.joblib"), 1, "digest-mismatch"),
    "one bit of the bundle was flipped": (lambda: flip("churn.joblib.sig"), 1, ""),
    "there is no bundle": (lambda: Path("churn.joblib.sig").unlink(), 1, "bundle-missing"),
    "the bundle is empty": (lambda: Path("churn.joblib.sig").write_bytes(b""), 1, ""),
    "a third party signed it": (sign_as_third_party, 1, "signer-unknown"),
    "it is another model": (lambda: sign_as("fraud"), 1, "signer-not-allowed"),
    "there is no model": (lambda: Path("churn.joblib").unlink(), 3, "unreadable"),
    "there is no trust file": (lambda: Path("trust.toml").unlink(), 2, "trustfile-missing"),
    "others may write the trust file": (
        lambda: Path("trust.toml").chmod(0o666), 2, "trustfile-writable",
    ),
    "the trust file is no TOML": (lambda: Path("trust.toml").write_text("?"), 2, ""),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("verb", ["verify", "load"])
def test_it_is_refused_when(run: Run, folder: Path, verb: str, what: str) -> None:
    spoil, code, error = REFUSED[what]
    spoil()
    outcome = run(verb, "churn.joblib", *TRUSTED)
    assert outcome.code == code
    assert outcome.out == ""
    assert outcome.error == (error or outcome.error)
    assert outcome.error


@pytest.mark.parametrize("verb", ["verify", "load"])
def test_the_name_asked_for_must_be_the_name_signed(run: Run, folder: Path, verb: str) -> None:
    assert run(verb, "churn.joblib", *TRUSTED, "--name", "churn").code == 0
    outcome = run(verb, "churn.joblib", *TRUSTED, "--name", "fraud")
    assert (outcome.code, outcome.error) == (1, "wrong-model")


VERSIONS: dict[str, tuple[list[str], int, str]] = {
    "the same": (["--model-version", "1.2"], 0, ""),
    "another": (["--model-version", "1.3"], 1, "wrong-version"),
    "newer than the least": (["--min-version", "1.1"], 0, ""),
    "older than the least": (["--min-version", "1.10"], 1, "version-too-old"),
    "a least one that is none": (["--min-version", "newest"], 2, "argument-value"),
}


@pytest.mark.parametrize("what", VERSIONS)
@pytest.mark.parametrize("verb", [["verify"], ["load"], ["export", "--cyclonedx"]], ids="-".join)
def test_the_version_asked_for(run: Run, folder: Path, verb: list[str], what: str) -> None:
    asked, code, error = VERSIONS[what]
    outcome = run(*verb, "churn.joblib", *TRUSTED, *asked)
    assert (outcome.code, outcome.error) == (code, error)


@pytest.mark.parametrize("verb", ["verify", "load"])
def test_a_trust_file_lying_about_is_not_used(run: Run, folder: Path, verb: str) -> None:
    # It is in the current directory, beside the model, and nobody asked for it.
    outcome = run(verb, "churn.joblib")
    assert (outcome.code, outcome.error) == (2, "trustfile-missing")


@pytest.mark.parametrize("verb", ["verify", "load"])
def test_the_trust_file_of_the_user_is_the_default(run: Run, folder: Path, verb: str) -> None:
    key = safeload.SigningKey.read("signing.key")
    TrustFile.add(name="alice", key=key.public, models=["churn"])
    assert run(verb, "churn.joblib").code == 0


@pytest.mark.parametrize("verb", ["verify", "load"])
def test_what_is_no_regular_file(run: Run, folder: Path, verb: str) -> None:
    os.mkfifo("fifo")
    Path("folder").mkdir()
    assert run(verb, "fifo", *TRUSTED).code == 3
    outcome = run(verb, "folder", *TRUSTED)
    assert (outcome.code, outcome.error) == (1, "bundle-missing")


def test_verify_shows_the_manifest(run: Run, folder: Path) -> None:
    outcome = run("verify", "churn.joblib", *TRUSTED)
    assert outcome.code == 0
    for shown in ["churn 1.2.0", "signed by alice", "roc_auc = 0.91", "LogisticRegression"]:
        assert shown in outcome.out


def test_verify_on_a_terminal_shows_the_same_as_a_table(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("safeload.cli.verify.is_terminal", lambda stream: True)
    monkeypatch.setenv("COLUMNS", "200")
    outcome = run("verify", "churn.joblib", *TRUSTED)
    assert outcome.code == 0
    for shown in ["churn 1.2.0", "signed by alice", "roc_auc = 0.91", "LogisticRegression"]:
        assert shown in outcome.out


def say_much() -> None:
    safeload.sign(
        "churn.joblib", key="signing.key", name="churn", version="1.2.0", rows=41_233,
        dataset=safeload.Dataset("customers \x1b[2J" + "of all years " * 20, "5" * 64),
        metrics={f"metric number {number}": number / 7 for number in range(50)},
        revision=safeload.Revision("5" * 40, dirty=True),
        extra={"team": "r\u0131sk\r\x1b]0;owned\x07", "seeds": [1, None, 2.5], "long": "x" * 1_000},
    )  # fmt: skip


CARD = ["41,233", "metric number 3 = 0.428571", "20 more", "5" * 40 + " (with changes that were",
        "team = ", "seeds = [1, null, 2.5]"]  # fmt: skip


@pytest.mark.parametrize("columns", [80, 40, 200])
def test_the_card_fits_a_terminal(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    say_much()
    monkeypatch.setattr("safeload.cli.verify.is_terminal", lambda stream: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    outcome = run("verify", "churn.joblib", *TRUSTED)
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert max(map(len, lines)) <= columns
    assert "\x1b" not in outcome.out
    squeezed = "".join(outcome.out.split())
    for text in CARD:
        assert "".join(text.split()) in squeezed


def test_the_card_in_a_pipe_has_a_line_for_each_thing(run: Run, folder: Path) -> None:
    say_much()
    lines = run("verify", "churn.joblib", *TRUSTED).out.splitlines()
    labels = [line.partition(": ")[0] for line in lines]
    assert labels == [
        "verified", "file", "sha256", "size", "statement", "model", "signed", "expires", "format",
        "made with", "dataset", "rows", "metrics", "features", "code", "extra", "signed allow-list",
        "probe",
    ]  # fmt: skip
    for text in CARD:
        assert text in "\n".join(lines)
    assert all(line.isprintable() and len(line) < 2_000 for line in lines)


def test_what_training_knew_as_json(run: Run, folder: Path) -> None:
    say_much()
    outcome = run("verify", "churn.joblib", *TRUSTED, "--format", "json")
    assert "\x1b" not in outcome.out
    training = json.loads(outcome.out)["results"][0]["model"]["training"]
    assert training["rows"] == 41_233
    assert training["revision"] == {"commit": "5" * 40, "dirty": True}
    assert training["extra"]["seeds"] == [1, None, 2.5]
    assert len(training["metrics"]) == 50


def test_verify_as_json(run: Run, folder: Path) -> None:
    answer = json.loads(run("verify", "churn.joblib", *TRUSTED, "--format", "json").out)
    assert answer["schema"] == 1
    (document,) = answer["results"]
    assert document["signer"] == "alice"
    assert document["model"]["name"] == "churn"
    assert document["model"]["probe"]["rows"]["shape"] == [3, 4]


def test_verify_imports_nothing_that_could_run_a_model(folder: Path) -> None:
    code = (
        "import sys\nfrom safeload.cli.main import main\n"
        "assert main(['verify', 'churn.joblib', '--trust', 'trust.toml']) == 0\n"
        "assert not {'sklearn', 'skops', 'joblib', 'numpy', 'fickling'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_what_the_signer_says_cannot_steer_a_terminal(run: Run, folder: Path) -> None:
    metrics = {"a\u2028b": 1.0}
    safeload.sign(
        "churn.joblib", key="signing.key", name="churn", version="1\u202e[2J", metrics=metrics
    )
    outcome = run("verify", "churn.joblib", *TRUSTED)
    assert outcome.code == 0
    assert not {"\u202e", "\u2028"} & set(outcome.out)


def test_load_compares_the_predictions(run: Run, folder: Path) -> None:
    outcome = run("load", "churn.joblib", *TRUSTED)
    assert outcome.code == 0
    assert "churn 1.2.0" in outcome.out
    assert "predict_proba" in outcome.out


def test_load_without_a_probe_says_so(run: Run, folder: Path) -> None:
    safeload.sign("churn.joblib", key="signing.key", name="churn", version="1.2.0")
    outcome = run("load", "churn.joblib", *TRUSTED)
    assert outcome.code == 0
    assert "no predictions recorded" in outcome.out.splitlines()


@pytest.mark.parametrize("by", ["option", "trust file"])
def test_whoever_requires_a_probe_cannot_decide_without_one(
    run: Run, folder: Path, by: str
) -> None:
    options = ["--require-probe"] if by == "option" else []
    if by == "trust file":
        with Path("trust.toml").open("a") as file:
            file.write('[models.churn]\nprobe = "required"\n')
    assert run("load", "churn.joblib", *TRUSTED, *options).code == 0
    safeload.sign("churn.joblib", key="signing.key", name="churn", version="1.2.0")
    outcome = run("load", "churn.joblib", *TRUSTED, *options)
    assert (outcome.code, outcome.error, outcome.out) == (3, "no-probe", "")


def test_a_folder_named_like_a_library_is_not_imported(run: Run, folder: Path) -> None:
    for library in ("sklearn", "numpy", "safeload"):
        Path(library).mkdir()
        Path(library, "__init__.py").write_text("open('canary', 'w')")
    assert run("load", "churn.joblib", *TRUSTED).code == 0
    assert not Path("canary").exists()


@pytest.mark.parametrize(
    ("code", "seconds", "error"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "600", "isolated-crashed"),
        ("", "600", "isolated-failed"),
        ("print(1)", "600", "isolated-failed"),
        ("import sys; sys.stdin.read(1); sys.stdout.write('x' * 100)", "600", "isolated-garbled"),
        ("while True: pass", "2", "isolated-timeout"),
    ],
)
@pytest.mark.parametrize("how", [[*TRUSTED], ["--unsigned"]], ids=["signed", "unsigned"])
def test_a_process_that_ends_oddly_cannot_decide(
    run: Run,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    how: list[str],
    code: str,
    seconds: str,
    error: str,
) -> None:
    monkeypatch.setattr("safeload.isolation.process._PROGRAM", code)
    outcome = run("load", "churn.joblib", *how, "--seconds", seconds)
    assert (outcome.code, outcome.error, outcome.out) == (3, error, "")


def test_load_compares_in_the_other_process(run: Run, folder: Path) -> None:
    model = safeload.load("churn.joblib", trust="trust.toml")
    model[-1].coef_ += 1
    key = safeload.SigningKey.read("signing.key")
    probe = safeload.verify("churn.joblib", trust="trust.toml").manifest.model
    assert probe is not None
    safeload.dump(model, "churn.joblib", key=key, name="churn", version="1.2.1", probe=ROWS[:3])
    assert run("load", "churn.joblib", *TRUSTED).code == 0
    changed = safeload.verify("churn.joblib", trust="trust.toml").manifest
    assert changed.model is not None
    payload = to_payload(
        subject=changed.subject,
        resources=changed.resources,
        model=replace(changed.model, probe=probe.probe),
    )
    Path("churn.joblib.sig").write_bytes(signed_bundle(payload, key))
    outcome = run("load", "churn.joblib", *TRUSTED)
    assert (outcome.code, outcome.error) == (3, "probe-mismatch")


# -- models that nobody signed --------------------------------------------------------------------


def test_a_third_partys_model_is_loaded_in_a_process_of_its_own(run: Run, unsigned: Path) -> None:
    outcome = run("load", "--unsigned", unsigned)
    assert outcome.code == 0
    for shown in ["unsigned", "StandardScaler", "transform"]:
        assert shown in outcome.out


def test_an_attack_is_refused_there(run: Run, attack: Path) -> None:
    outcome = run("load", "--unsigned", attack)
    assert (outcome.code, outcome.error, outcome.out) == (1, "refused", "")
    assert not Path("canary").exists()


def test_what_is_not_confined_is_said(
    run: Run, unsigned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "safeload.isolation.process._PROGRAM",
        process._PROGRAM.replace(
            "main(",
            "from safeload.isolation import confinement, namespaces\n"
            "namespaces._unshare = confinement.allow_system_calls = lambda: False\n"
            "main(",
        ),
    )
    outcome = run("load", "--unsigned", unsigned)
    assert outcome.code == 0
    assert "system_calls, processes" in outcome.err


@pytest.mark.parametrize(
    "option",
    [
        TRUSTED,
        ["--name", "churn"],
        ["--model-version", "1"],
        ["--min-version", "1"],
        ["--require-probe"],
    ],
)
def test_what_nobody_signed_has_no_signer(run: Run, unsigned: Path, option: list[str]) -> None:
    outcome = run("load", "--unsigned", unsigned, *option)
    assert (outcome.code, outcome.error) == (2, "unsigned")


@pytest.mark.parametrize("seconds", ["0", "-1", "inf", "nan", "x"])
def test_time_is_bounded(run: Run, folder: Path, seconds: str) -> None:
    assert run("load", "churn.joblib", *TRUSTED, "--seconds", seconds).code == 2


HOSTILE_PROBES: dict[str, Any] = {
    "an empty one": {},
    "one that expects nothing": {"rows": {}, "expected": {}, "rtol": 0, "atol": 0},
    "one that expects a list": {"rows": {}, "expected": [1, "predict"], "rtol": 0, "atol": 0},
    "one with a type as large as memory": {
        "rows": {"kind": "array", "dtype": "(9999,9999,9999)f8", "shape": [1], "values": [0]},
        "expected": {"predict": {"dtype": "<i8", "shape": [1], "values": [0]}},
        "rtol": 1e-6,
        "atol": 0,
    },
    "one with a matrix as wide as memory": {
        "rows": {
            "kind": "sparse", "dtype": "<f8", "shape": [1, 10**15], "starts": [0, 0],
            "columns": [], "values": [],
        },
        "expected": {"predict": {"dtype": "<i8", "shape": [1], "values": [0]}},
        "rtol": 1e-6,
        "atol": 0,
    },
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE_PROBES)
def test_a_probe_that_is_none_is_an_error_and_nothing_else(
    run: Run, folder: Path, what: str
) -> None:
    signed = safeload.verify("churn.joblib", trust="trust.toml").manifest
    assert signed.model is not None
    payload = to_payload(
        subject=signed.subject,
        resources=signed.resources,
        model=replace(signed.model, probe=HOSTILE_PROBES[what]),
    )
    bundle = signed_bundle(payload, safeload.SigningKey.read("signing.key"))
    Path("churn.joblib.sig").write_bytes(bundle)
    # Whoever does not compare is not concerned.
    for command in (["verify"], ["export", "--cyclonedx"], ["diff", "churn.joblib"]):
        assert run(*command, "churn.joblib", *TRUSTED).code == 0
    with pytest.raises(safeload.LoadError) as caught:
        safeload.load("churn.joblib", trust="trust.toml", probe=True)
    assert caught.value.code == "probe-failed"


def test_the_command_says_that_a_probe_cannot_be_run(run: Run, folder: Path) -> None:
    test_a_probe_that_is_none_is_an_error_and_nothing_else(run, folder, "an empty one")
    outcome = run("load", "churn.joblib", *TRUSTED)
    assert (outcome.code, outcome.error) == (3, "probe-failed")
