"""The README is executed: what it shows is what happens, from an empty directory on.

``text`` is the output of ``--help``; the other blocks are those of :mod:`tests.documents`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from safeload.cli.main import main
from tests.documents import ROOT, blocks_of

README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = blocks_of(README)


@pytest.mark.skipif(os.name != "posix", reason="shows a POSIX shell")
@pytest.mark.parametrize(
    ("document", "says"),
    [
        (
            "README.md",
            "['SL101']\nRefused: posix.system runs a shell command when the file is loaded.\n",
        ),
        ("docs/tutorial.md", "refused\nsklearn.pipeline.Pipeline [0 0 0]\n"),
    ],
)
def test_the_blocks_do_what_they_show_to_who_has_installed_it_and_nothing_else(
    tmp_path: Path, document: str, says: str
) -> None:
    # No home directory, no configuration, no model, no key.
    programs = f"{Path(sys.executable).parent}{os.pathsep}/usr/bin{os.pathsep}/bin"
    done = subprocess.run(
        [sys.executable, "-P", ROOT / "tests" / "documents.py", ROOT / document],
        cwd=tmp_path,
        env={"PATH": programs},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # What the python blocks print; what would have made the canary was refused.
    assert done.stdout == says
    assert not (tmp_path / "canary").exists()


def test_help_is_the_real_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["--help"]) == 0
    (shown,) = [block for language, block in BLOCKS if language == "text"]
    # How far the words are apart differs between releases of Python.
    assert shown.split() == capsys.readouterr().out.split()


def test_the_first_session_ends_in_a_refusal() -> None:
    first = next(block for language, block in BLOCKS if language == "console")
    assert len(first.splitlines()) <= 20
    assert first.endswith("exit code 1\n")


def test_what_is_not_executed_is_installation() -> None:
    others = "".join(block for language, block in BLOCKS if language == "sh")
    commands = [line.split("#")[0].strip() for line in others.splitlines()]
    assert commands == ["pip install safeload", "make demo", "make test"]
    targets = (ROOT / "Makefile").read_text()
    assert re.search("^demo:", targets, re.MULTILINE)
    assert re.search("^test:", targets, re.MULTILINE)


DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    if "_generated" not in path.parts
)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_to_files(document: str) -> None:
    path = ROOT / document
    for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text("utf-8")):
        assert (path.parent / link).exists(), link


def test_the_fields_of_the_report_are_documented() -> None:
    text = (ROOT / "docs" / "report.md").read_text("utf-8")
    from tests.report.test_json import FILE, FINDING, GLOBAL, MEMBER

    for field in FILE | FINDING | GLOBAL | MEMBER:
        assert f"{field}`" in text, field
