"""``--limit NAME=VALUE``: a limit that a legitimate model meets is named, and can be raised."""

from __future__ import annotations

import ast
import json
from argparse import Namespace
from dataclasses import fields
from pathlib import Path

import pytest

from safeload.cli.limits import limits_of
from safeload.errors import UsageError
from safeload.limits import FIXED, Limits
from tests.builder import Pickle
from tests.cli.conftest import Run

NAMES = [field.name for field in fields(Limits)]


@pytest.fixture
def many(folder: Path) -> Path:
    path = folder / "many.pkl"
    path.write_bytes(Pickle(4).save({f"key {n}": n for n in range(100)}).finish())
    return path


def test_what_a_limit_stops_says_which_and_how_to_raise_it(run: Run, many: Path) -> None:
    outcome = run("audit", str(many), "--limit", "opcodes=50", "--format", "json")

    assert outcome.code == 3
    (finding,) = json.loads(outcome.out)["files"][0]["findings"]
    assert finding["rule"] == "SL002"
    assert "(limit: opcodes)" in finding["message"]
    assert run("audit", str(many)).code == 0


@pytest.mark.parametrize(
    "verb",
    [
        ["audit"],
        ["explain"],
        ["policy", "learn"],
        ["load", "--unsigned"],
    ],
    ids=" ".join,
)
def test_every_verb_that_scans_takes_limits(run: Run, many: Path, verb: list[str]) -> None:
    assert run(*verb, str(many), "--limit", "opcodes=50").code == 3
    assert run(*verb, str(many), "--limit", "opcodes=50", "--limit", "opcodes=100000").code == 0


def test_signing_and_verifying_take_limits(run: Run, many: Path) -> None:
    to_sign = ["sign", str(many), "--key", "signing.key", "--name", "m", "--version", "1"]

    assert run(*to_sign, "--limit", "bytes_in=10").code == 3
    assert run("verify", "churn.joblib", "--limit", "bytes_in=10").code == 3


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("speed=1", "limit-unknown"),
        ("opcodes", "limit-malformed"),
        ("opcodes=", "limit-malformed"),
        ("opcodes=many", "limit-malformed"),
        ("opcodes=1.5", "limit-malformed"),
        ("opcodes=0", "limit-malformed"),
        ("opcodes=-1", "limit-malformed"),
        ("seconds=inf", "limit-malformed"),
        ("seconds=nan", "limit-malformed"),
        ("nesting=1001", "limit-fixed"),
    ],
)
def test_what_is_no_limit_is_a_usage_error(given: str, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        limits_of(Namespace(limit=[given]))

    assert caught.value.code == code
    assert caught.value.hint


@pytest.mark.parametrize("name", NAMES)
def test_each_limit_can_be_set(name: str) -> None:
    least = limits_of(Namespace(limit=[f"{name}=2"]))

    assert getattr(least, name) == 2
    assert least == Limits(**{name: 2})


def test_what_protects_the_process_is_lowered_and_not_raised() -> None:
    assert FIXED.issubset(NAMES)
    assert limits_of(Namespace(limit=["nesting=10"])).nesting == 10


SOURCE = Path(__file__).parents[2] / "safeload"


def test_every_limit_that_is_reached_is_named() -> None:
    """Whoever raises for a limit names it, and names one that there is."""
    named = []
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id not in ("OverLimitError", "over"):
                    continue
                # What hands on a message hands on the name in it.
                if isinstance(node.args[0], ast.Attribute):
                    continue
                assert len(node.args) == 2, path
                named.append(node.args[1])

    assert len(named) > 15
    assert {name.value for name in named if isinstance(name, ast.Constant)} <= set(NAMES)
