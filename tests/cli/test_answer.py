"""``--format json``: one object of one schema on stdout, whether a verb works or fails."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError
from referencing import Registry, Resource

import safeload
from safeload.cli import verify
from safeload.cli.answer import Answer
from safeload.errors import TrustError
from safeload.rule_ids import RULE_IDS
from safeload.shipped import shipped
from tests.cli.conftest import ROWS, Outcome, Run


def schema(name: str) -> Any:
    return json.loads(shipped("safeload.report", name).read_text("utf-8"))


SCHEMA = schema("answer.schema.json")
REPORT = schema("report.schema.json")
REGISTRY: Registry[Any] = Registry().with_resource(REPORT["$id"], Resource.from_contents(REPORT))
VALIDATOR = Draft202012Validator(SCHEMA, registry=REGISTRY)

TRUSTED = ["--trust", "trust.toml"]
SIGN = ["--key", "signing.key", "--name", "churn", "--version", "2", "--no-revision"]
TEAM = '[[group]]\nreason = "{}"\nuses = ["construct"]\n[group.names]\n"acme" = ["Model"]\n'
# What each verb is asked for, and the exit code, the statuses and the errors' codes.
CASES: dict[str, tuple[list[str], int, list[str], list[str]]] = {
    "verify": (["verify", "churn.joblib", *TRUSTED], 0, ["verified"], []),
    "verify: refused": (
        ["verify", "attack.pkl", *TRUSTED], 1, ["refused"], ["bundle-missing"],
    ),
    "verify: usage": (
        ["verify", "churn.joblib", "--trust", "none"], 2, ["usage"], ["trustfile-missing"],
    ),
    "verify: undecided": (["verify", "none", *TRUSTED], 3, ["undecided"], ["unreadable"]),
    "verify: each": (
        ["verify", "churn.joblib", "attack.pkl", "none", *TRUSTED], 1,
        ["verified", "refused", "undecided"], ["bundle-missing", "unreadable"],
    ),
    "load": (["load", "churn.joblib", *TRUSTED], 0, ["loaded"], []),
    "load: unsigned": (["load", "unsigned.joblib", "--unsigned"], 0, ["loaded"], []),
    "load: refused": (
        ["load", "attack.pkl", "--unsigned"], 1, ["refused"], ["refused"],
    ),
    "load: usage": (
        ["load", "churn.joblib", *TRUSTED, "--pack", "none"], 2, ["usage"], ["pack-unknown"],
    ),
    "load: undecided": (
        ["load", "churn.joblib", *TRUSTED, "--limit", "bytes_in=9"], 3,
        ["undecided"], ["too-large"],
    ),
    "sign": (["sign", "unsigned.joblib", *SIGN], 0, ["signed"], []),
    "sign: refused": (["sign", "attack.pkl", *SIGN], 1, ["refused"], ["refused"]),
    "sign: usage": (
        ["sign", "unsigned.joblib", *SIGN, "--metric", "a=b"], 2, ["usage"], ["metric"],
    ),
    "sign: undecided": (["sign", "none", *SIGN], 3, ["undecided"], ["unreadable"]),
    "explain": (["explain", "churn.joblib"], 0, ["accepted"], []),
    "explain: a rule": (["explain", "SL101"], 0, ["shown"], []),
    "explain: refused": (["explain", "attack.pkl"], 1, ["refused"], []),
    "explain: usage": (["explain", "SL999"], 2, ["usage"], ["rule-unknown"]),
    "explain: undecided": (["explain", "odd.h5"], 3, ["undecided"], []),
    "explain: unread": (["explain", "none"], 3, ["undecided"], ["unreadable"]),
    "learn": (["policy", "learn", "churn.joblib"], 0, ["accepted"], []),
    "learn: refused": (
        ["policy", "learn", "churn.joblib", "attack.pkl"], 1, ["accepted", "refused"], [],
    ),
    "learn: usage": (
        ["policy", "learn", "churn.joblib", "-o", "no/where"], 2,
        ["usage"], ["output-unwritable"],
    ),
    "learn: undecided": (["policy", "learn", "odd.h5"], 3, ["undecided"], []),
    "learn: nothing": (["policy", "learn", "empty"], 3, [], []),
    "show": (["policy", "show", "numpy.log1p", "--policy", "team.toml"], 0, ["shown"], []),
    "show: refused": (["policy", "show", "os.system"], 1, ["refused"], []),
    "show: usage": (
        ["policy", "show", "--library", "none"], 2, ["usage"], ["library-unknown"],
    ),
    "packs": (["policy", "packs"], 0, ["shown"], []),
    "packs: usage": (["policy", "packs", "--pack", "none"], 2, ["usage"], ["pack-unknown"]),
    "check": (["policy", "check", "team.toml"], 0, ["accepted"], []),
    "check: refused": (["policy", "check", "unfilled.toml"], 1, ["refused"], []),
    "check: usage": (
        ["policy", "check", "team.toml", "none"], 2, ["accepted", "usage"], ["policy-unreadable"],
    ),
    "check: undecided": (["policy", "check", "call.toml"], 3, ["undecided"], []),
}  # fmt: skip


@pytest.fixture(autouse=True)
def here(folder: Path, attack: Path, unsigned: Path) -> Path:
    (folder / "odd.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    (folder / "empty").mkdir()
    (folder / "team.toml").write_text(TEAM.format("ours"))
    (folder / "unfilled.toml").write_text(TEAM.format(""))
    (folder / "call.toml").write_text(TEAM.format("ours").replace("construct", "call"))
    return folder


def object_of(outcome: Outcome) -> Any:
    """The object on stdout, which is all that is there."""
    assert outcome.out.isascii()
    assert all(text.isprintable() for text in outcome.out.split("\n"))
    document = json.loads(outcome.out)
    VALIDATOR.validate(document)
    assert document["exit_code"] == outcome.code
    assert document["safeload"] == safeload.__version__
    return document


def errors_of(document: Any) -> list[str]:
    return [each["error"]["code"] for each in document["results"] if each["error"]]


@pytest.mark.parametrize("what", CASES)
def test_a_verb_answers_with_an_object_of_the_schema(run: Run, what: str) -> None:
    arguments, code, statuses, errors = CASES[what]
    outcome = run(*arguments, "--format", "json")
    document = object_of(outcome)
    assert outcome.code == code
    assert [each["status"] for each in document["results"]] == statuses
    assert errors_of(document) == errors
    # People who watch get the same errors on stderr.
    assert outcome.errors == errors
    words = arguments[:2] if arguments[0] == "policy" else arguments[:1]
    assert document["verb"] == " ".join(words)


def test_every_verb_that_answers_so_is_tested() -> None:
    verbs = set(SCHEMA["properties"]["verb"]["enum"])
    assert {" ".join(a[: 1 + (a[0] == "policy")]) for a, *_ in CASES.values()} == verbs


def test_the_schema_is_one_and_refuses_what_is_not_of_it(run: Run) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    document = object_of(run("verify", "churn.joblib", *TRUSTED, "--format", "json"))
    (result,) = document["results"]
    for change in (
        {"schema": 2},
        {"verb": "audit"},
        {"exit_code": 1},
        {"results": [{**result, "signers": []}]},
        {"results": [{**result, "status": "usage"}]},
        {"results": [{**result, "status": "signed"}]},
        {"results": [{**result, "error": {"code": "x"}}]},
        {"results": [{key: result[key] for key in ("path", "status", "error")}]},
    ):
        with pytest.raises(ValidationError):
            VALIDATOR.validate({**document, **change})


def test_the_document_shows_an_object_of_the_schema() -> None:
    text = (Path(__file__).parents[2] / "docs" / "calling.md").read_text("utf-8")
    (block,) = re.findall(r"^```json\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    VALIDATOR.validate(json.loads(block))
    result = SCHEMA["$defs"]["result"]["properties"]
    fields = {*SCHEMA["properties"], *SCHEMA["$defs"]["error"]["properties"]}
    for word in fields | set(result["status"]["enum"]):
        assert re.search(rf"[`.]{word}`", text), word


def test_an_error_says_what_it_is_about(run: Run) -> None:
    safeload.sign("churn.joblib", key="signing.key", name="fraud", version="3", probe=ROWS[:1])
    (result,) = object_of(run("verify", "churn.joblib", *TRUSTED, "--format", "json"))["results"]
    assert result["path"] == result["error"]["path"] == "churn.joblib"
    assert result["error"]["code"] == "signer-not-allowed"
    assert (result["error"]["name"], result["error"]["version"]) == ("fraud", "3")
    assert result["error"]["hint"]


def test_a_scan_that_does_not_accept_is_in_the_error(run: Run) -> None:
    outcome = run("sign", "attack.pkl", *SIGN, "--format", "json")
    (result,) = object_of(outcome)["results"]
    assert [each["rule"] for each in result["error"]["report"]["findings"]] == ["SL101"]


def test_the_wrong_key_is_about_no_model(run: Run) -> None:
    sign = ["sign", "unsigned.joblib", "churn.joblib", "--name", "{stem}", "--version", "2"]
    (result,) = object_of(run(*sign, "--key", "team.toml", "--format", "json"))["results"]
    assert (result["path"], result["status"]) == (None, "usage")
    assert result["error"]["path"] == "team.toml"


def test_usage_that_argparse_finds_is_text(run: Run) -> None:
    outcome = run("verify", "--format", "json")
    assert (outcome.code, outcome.out) == (2, "")
    assert "usage:" in outcome.err


def test_a_bug_is_an_object_and_no_answer(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: str) -> int:
        if path == "churn.joblib":
            raise SystemExit("\x1b[2J")
        return 1

    monkeypatch.setattr(verify, "size_of", broken)
    outcome = run("verify", "churn.joblib", "attack.pkl", *TRUSTED, "--format", "json")
    assert errors_of(object_of(outcome)) == ["internal", "bundle-missing"]
    assert outcome.code == 1
    assert "\x1b" not in outcome.err
    assert "Traceback" in outcome.err


def test_a_bug_before_the_first_model_is_an_object(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(options: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(verify, "run", broken)
    outcome = run("verify", "churn.joblib", "--format", "json")
    assert errors_of(object_of(outcome)) == outcome.errors == ["internal"]
    assert outcome.code == 3


def test_what_is_done_when_it_is_interrupted_is_told(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(path: str) -> int:
        if path == "churn.joblib":
            return 1
        raise KeyboardInterrupt

    monkeypatch.setattr(verify, "size_of", interrupted)
    outcome = run("verify", "churn.joblib", "attack.pkl", *TRUSTED, "--format", "json")
    assert outcome.code == 130
    assert [each["path"] for each in object_of(outcome)["results"]] == ["churn.joblib"]


HOSTILE = "a\x1b[2J\x7f\u202e\u2028\n\x9b\ud800\udcff\U0001f600"


def test_a_hostile_string_is_valid_and_steers_no_terminal(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = Answer("verify", as_json=True)
    answer.fail(HOSTILE, TrustError(HOSTILE, code="digest-mismatch", hint=HOSTILE, path=HOSTILE))
    answer.tell(unsigned=[HOSTILE])
    answer.write(1)
    shown = capsys.readouterr()
    document = object_of(Outcome(1, shown.out, shown.err))
    # Half a character is none to other readers of JSON; the rest is as it was.
    expected = HOSTILE.replace("\ud800", "\\ud800").replace("\udcff", "\\udcff")
    assert document["results"][0]["path"] == document["unsigned"][0] == expected
    assert document["results"][0]["error"]["message"].isprintable()
    assert document["results"][0]["error"]["hint"].isprintable()
    assert "\x1b" not in shown.err


@pytest.mark.skipif(sys.platform != "linux", reason="a file whose name is not UTF-8")
def test_the_name_of_a_file_is_hostile(run: Run) -> None:
    name = os.fsdecode(b"a\x1b[2J\xff\n\x7f.pkl")
    Path("attack.pkl").rename(name)
    for arguments in (["verify", name, *TRUSTED], ["explain", name], ["policy", "learn", name]):
        object_of(run(*arguments, "--format", "json"))


def test_what_a_signer_says_is_hostile(run: Run) -> None:
    sign = ["--key", "signing.key", "--name", "churn", "--version", "1\x1b[2J\x7f", "--no-revision"]
    assert run("sign", "churn.joblib", *sign, "--extra", "a\x7f=\x1b]0;x\x07").code == 0
    (result,) = object_of(run("verify", "churn.joblib", *TRUSTED, "--format", "json"))["results"]
    assert result["model"]["version"] == "1\x1b[2J\x7f"
    assert result["model"]["training"]["extra"] == {"a\x7f": "\x1b]0;x\x07"}


def test_learning_into_a_file_answers_with_what_was_learnt(run: Run) -> None:
    outcome = run("policy", "learn", "churn.joblib", "-o", "out.toml", "--format", "json")
    document = object_of(outcome)
    assert document["output"] == "out.toml"
    assert document["proposal"] == Path("out.toml").read_text()


def test_an_answer_that_nobody_can_have_is_no_success(here: Path) -> None:
    learn = ["policy", "learn", "churn.joblib", "-o", "out.toml", "--format", "json"]
    line = [sys.executable, "-m", "safeload", *learn]
    child = subprocess.run(["/bin/sh", "-c", 'exec "$@" >&-', "sh", *line], check=False)
    assert child.returncode == 3
    # No work is done for nobody.
    assert not Path("out.toml").exists()


def test_explaining_a_rule_gives_its_page(run: Run) -> None:
    (result,) = object_of(run("explain", "SL101", "--format", "json"))["results"]
    assert (result["rule"], result["path"]) == ("SL101", None)
    assert "SL101" in RULE_IDS
    assert result["page"].startswith("# ")


def test_explaining_a_file_gives_its_program(run: Run) -> None:
    (result,) = object_of(run("explain", "attack.pkl", "--format", "json", "--lines", "1"))[
        "results"
    ]
    assert result["verdict"] == "refuse"
    assert (len(result["programs"][0]["lines"]), result["programs"][0]["left_out"] > 0) == (1, True)
