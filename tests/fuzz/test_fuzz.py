"""A short part of the fuzzing, with a fixed seed: each target holds for inputs made at random."""

from __future__ import annotations

import pkgutil
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from safeload.limits import Limits
from safeload.scan.pickle.interpreter import interpret
from safeload.verdict import Finding
from tests.fuzz import targets
from tests.fuzz.mutation import opcodes, respelt
from tests.fuzz.slate import Slate
from tests.fuzz.target import Target, Violation, foreseen
from tests.fuzz.worker import Harness, load
from tests.scan.grammar import stream

ROOT = Path(__file__).parents[2]
EVERY = sorted(module.name for module in pkgutil.iter_modules(targets.__path__))
# These take their examples from fitted models, or load what they are given.
COSTLY = {"accepted", "explained", "judged", "schema", "used"}
INPUTS = 300


@pytest.mark.guarantee("G15")
@pytest.mark.parametrize("name", sorted(set(EVERY) - COSTLY))
def test_a_reader_holds_for_inputs_made_at_random(name: str) -> None:
    target, rng = load(name), random.Random(20261123)
    examples = target.examples()

    for data in examples[:INPUTS]:
        target.check(data)
    for _ in range(INPUTS):
        if target.grow is not None:
            target.check(target.grow(rng))
        target.check(target.vary(rng.choice(examples), examples, rng))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(COSTLY))
def test_a_reader_of_models_holds_for_inputs_made_at_random(name: str, tmp_path: Path) -> None:
    # In a process of its own, since hooks and limits stay, and a crash would end the tests.
    flags = ["--engine=random", "--seed=7", "--runs=2000", "--seconds=300", f"--corpus={tmp_path}"]
    command = [sys.executable, "-m", "tests.fuzz", name, *flags]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("seed", range(200))
def test_the_grammar_writes_streams_that_the_machine_understands(seed: int) -> None:
    data = stream(random.Random(seed), arrays=0.1)

    found = {finding.rule for finding in interpret(data, limits=Limits()).findings}

    # Items put into what an overwritten memo held, a dtype without its state, a wrapper again.
    assert found <= {"SL104", "SL106", "SL210", "SL215", "SL217"}


def test_opcodes_are_cut_as_they_are_written() -> None:
    data = stream(random.Random(5))

    parts = opcodes(data)

    assert b"".join(parts) == data
    assert parts[-1] == b"."
    assert b"".join(opcodes(respelt(data, [data], random.Random(1)))) != data


def failing(data: bytes) -> None:
    if data == b"bad":
        raise Violation("bad")


def test_what_fails_is_kept_and_does_not_end_the_work(tmp_path: Path, capsys: Any) -> None:
    target = Target(name="x", about="", examples=list, check=failing)
    slate = Slate(tmp_path / "slate", fresh=True)
    harness = Harness(target, tmp_path, slate, 0)

    for data in (b"good", b"bad", b"good"):
        harness(data)

    kept = [path for path in tmp_path.iterdir() if path.suffix != ".txt" and path.name != "slate"]
    assert [path.read_bytes() for path in kept] == [b"bad"]
    assert (slate.executions, slate.data) == (3, b"good")
    assert "FOUND" in capsys.readouterr().out


@pytest.mark.parametrize(
    "finding",
    [
        Finding("SL008", "The scan failed: TypeError."),
        Finding("SL201", "It lies beyond.", offset=11),
        Finding("SL201", "\u202e"),
    ],
)
def test_a_finding_that_no_report_should_hold_is_a_violation(finding: Finding) -> None:
    with pytest.raises(Violation):
        foreseen([finding], 10)
