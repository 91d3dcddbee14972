"""The recipes of CONTRIBUTING.md are followed: in a copy, to the letter, and with their results."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.preprocessing import FunctionTransformer

import safeload
from safeload import __version__
from safeload.limits import Limits
from safeload.policy.policy import Policy
from safeload.scan.scan import scan
from safeload.verdict import Verdict
from tests import samples
from tests.builder import Name, Pickle

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
BLOCKS = {
    match[1]: match[2]
    for match in re.finditer(r"^```\w+\n# (\S+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
}

# What stands for the name of whatever is added.
MADE_UP = re.compile(r"FAMILY|NAME|LIBRARY|\.\.\.")


def test_a_sample_by_the_recipe_is_refused_and_does_harm_without_protection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "malicious_samples" / "names" / "call-logging-filehandler"
    folder.mkdir(parents=True)
    for name in ("make.py", "case.toml"):
        (folder / name).write_text(BLOCKS[name], "utf-8")
    monkeypatch.setattr(samples, "ROOT", tmp_path / "malicious_samples")
    (sample,) = samples.samples()
    work = tmp_path / "work"
    work.mkdir()
    canary = work / f"{sample.name}.canary"
    (work / f"{sample.name}.bin").write_bytes(sample.build(str(canary)))

    report = safeload.audit(work / f"{sample.name}.bin")

    assert report.files[0].verdict is Verdict.REFUSE
    assert sample.rule in {finding.rule for finding in report.files[0].findings}
    assert not canary.exists()
    load = "import pickle, sys; pickle.load(open(sys.argv[1], 'rb'))"
    subprocess.run([sys.executable, "-c", load, work / f"{sample.name}.bin"], check=True)
    assert canary.exists()


def test_a_callable_by_the_recipe_is_allowed_and_was_not_before(tmp_path: Path) -> None:
    import math

    path = tmp_path / "compass.joblib"
    joblib.dump(FunctionTransformer(np.vectorize(math.degrees)), path)
    policy = Policy.parse(BLOCKS["callables"].encode(), "CONTRIBUTING.md")
    verdicts = [safeload.audit(path, policy=each).files[0].verdict for each in (None, policy)]
    assert verdicts == [Verdict.REFUSE, Verdict.ACCEPT]


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        ((0,), True),
        ((23,), True),
        ((24,), False),
        ((-1,), False),
        ((True,), False),
        (("5",), False),
        ((5.0,), False),
        ((), False),
        ((1, 2), False),
    ],
)
def test_a_rule_by_the_recipe_takes_what_it_says(
    arguments: tuple[Any, ...], *, allowed: bool
) -> None:
    namespace: dict[str, Any] = {}
    exec(BLOCKS["rule"], namespace)
    (program,) = scan(Pickle().call(Name("acme", "Hours"), *arguments).finish(), Limits()).programs
    (built,) = program.built
    assert (namespace["_whole_hours"](built) is None) is allowed


def test_every_file_folder_and_target_that_it_names_is_there() -> None:
    paths = re.findall(
        r"`((?:safeload|tests|tools|malicious_samples|docs|\.github)[/\w.-]*)`", TEXT
    )
    paths += re.findall(r"\]\((?!https?:)([^)#]+)", TEXT)
    missing = [path for path in paths if not (ROOT / path).exists() and not MADE_UP.search(path)]
    assert len(paths) > 30
    assert missing == []
    targets = (ROOT / "Makefile").read_text("utf-8")
    named = {each for words in re.findall(r"\bmake ([a-z ]+)", TEXT) for each in words.split()[:2]}
    known = set(re.findall(r"^([a-z-]+):", targets, re.MULTILINE))
    assert {"lint", "test", "dist", "sbom", "policy", "docs", "search"} <= named & known


def test_a_release_has_one_version() -> None:
    declared = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert declared is not None
    assert declared[1] == __version__
