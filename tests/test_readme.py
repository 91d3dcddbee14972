"""The README is executed: what it shows is what happens.

``python`` blocks run one after the other in one namespace; ``console`` blocks are shell sessions
whose output is compared, where ``...`` stands for any text; ``text`` is the output of ``--help``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import safeload
from safeload.cli.main import main
from safeload.trust.trustfile import TrustFile

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def blocks_of(text: str) -> list[tuple[str, str]]:
    """Language and content of each fenced block."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


BLOCKS = blocks_of(README)


class Payload:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch canary",)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the README takes for granted: a model, a key, a trust file and a third party's file."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    rows, classes = load_wine(return_X_y=True)
    forest = RandomForestClassifier(n_estimators=5, random_state=0)
    joblib.dump(make_pipeline(StandardScaler(), forest).fit(rows, classes), "churn.joblib")
    np.save("rows.npy", rows[:4])
    joblib.dump([np.arange(10.0), Payload()], "theirs.joblib")
    key = safeload.SigningKey.generate()
    key.write("signing.key", passphrase=None)
    TrustFile.add(name="alice", key=key.public, models=["churn"])
    Path("secret").write_text("open sesame\n")
    # The script that installing the package makes.
    script = tmp_path / "bin" / "safeload"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m safeload.cli "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(script.parent), prepend=":")
    return here


def pattern(output: str) -> str:
    """Expected output as a regular expression, in which ``...`` is any text."""
    return ".*".join(re.escape(part) for part in output.split("..."))


def session(block: str) -> None:
    """Run the commands of a block and compare what each writes."""
    for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, expected = step.partition("\n")
        shown = subprocess.run(
            command,
            shell=True,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        ).stdout
        assert re.fullmatch(pattern(expected), shown, re.DOTALL), f"{command}\n{shown}"


@pytest.mark.skipif(os.name != "posix", reason="shows a POSIX shell")
def test_the_blocks_do_what_they_show(place: Path) -> None:
    namespace: dict[str, Any] = {}
    for language, block in BLOCKS:
        if language == "python":
            exec(compile(block, "README.md", "exec"), namespace)
        elif language == "console":
            session(block)
    assert not Path("canary").exists()


def test_help_is_the_real_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["--help"]) == 0
    (shown,) = [block for language, block in BLOCKS if language == "text"]
    # How far the words are apart differs between releases of Python.
    assert shown.split() == capsys.readouterr().out.split()


def test_the_first_transcript_has_twelve_lines_and_ends_in_a_refusal() -> None:
    first = next(block for language, block in BLOCKS if language == "console")
    assert len(first.splitlines()) == 12
    assert first.endswith("exit code 1\n")


def test_what_is_not_executed_is_installation() -> None:
    others = "".join(block for language, block in BLOCKS if language == "sh")
    commands = [line.split("#")[0].strip() for line in others.splitlines()]
    assert commands == ["make demo", "make test", "pip install safeload"]
    targets = (ROOT / "Makefile").read_text()
    assert re.search("^demo:", targets, re.MULTILINE)
    assert re.search("^test:", targets, re.MULTILINE)


@pytest.mark.parametrize(
    "document",
    [
        "CODE_OF_CONDUCT.md",
        "CONTRIBUTING.md",
        "README.md",
        "docs/certificates.md",
        "docs/ci.md",
        "docs/convert.md",
        "docs/errors.md",
        "docs/guard.md",
        "docs/isolation.md",
        "docs/keyless.md",
        "docs/notebooks.md",
        "docs/platforms.md",
        "docs/policy.md",
        "docs/report.md",
        "docs/serving.md",
        "docs/trust.md",
    ],
)
def test_links_lead_to_files(document: str) -> None:
    path = ROOT / document
    for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text("utf-8")):
        assert (path.parent / link).is_file(), link


def test_the_fields_of_the_report_are_documented() -> None:
    text = (ROOT / "docs" / "report.md").read_text("utf-8")
    from tests.report.test_json import FILE, FINDING, GLOBAL, MEMBER

    for field in FILE | FINDING | GLOBAL | MEMBER:
        assert f"{field}`" in text, field
