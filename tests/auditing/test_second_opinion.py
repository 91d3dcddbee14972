"""Other tools add findings, and take none away."""

from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path

import pytest

from safeload.auditing.run import audit
from safeload.verdict import Verdict
from tests.builder import Name, Pickle

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in is a script")

# Prints what clamscan(1) prints for files that hold a text, and ends as it does.
STANDS_IN = """#!{python}
import pathlib, sys
(listing,) = [word.partition("=")[2] for word in sys.argv if word.startswith("--file-list=")]
found = 0
for line in pathlib.Path(listing).read_text().splitlines():
    if b"virus" in pathlib.Path(line).read_bytes():
        print(f"{{line}}: Some.Virus-1 FOUND")
        found = 1
print("/elsewhere/x.pkl: Some.Virus-1 FOUND")
sys.exit({status} or found)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of a legitimate file, one that a virus scanner knows, and a hostile one."""
    files = tmp_path / "files"
    files.mkdir()
    (files / "a.pkl").write_bytes(pickle.dumps([1, 2]))
    (files / "b: x FOUND.pkl").write_bytes(pickle.dumps("virus"))
    (files / "c.pkl").write_bytes(Pickle(4).call(Name("posix", "system"), "id").finish())
    return files


def scanner(folder: Path, monkeypatch: pytest.MonkeyPatch, status: int = 0) -> None:
    """Put a clamscan on the path."""
    bin_ = folder / "bin"
    bin_.mkdir()
    script = bin_ / "clamscan"
    script.write_text(STANDS_IN.format(python=sys.executable, status=status))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(bin_))


def test_what_a_virus_scanner_knows_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanner(tmp_path, monkeypatch)

    found = audit(folder, second_opinion=True)

    verdicts = [file.verdict for file in found.files]
    assert verdicts == [Verdict.ACCEPT, Verdict.REFUSE, Verdict.REFUSE]
    assert [finding.rule for finding in found.files[1].findings] == ["SL501"]
    assert found.remarks == ()


@pytest.mark.parametrize("jobs", [1, 2])
def test_doubts_of_fickling_are_added_to_what_is_refused_anyway(
    folder: Path, jobs: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scanner(tmp_path, monkeypatch)

    alone = audit(folder / "c.pkl", jobs=jobs).files[0]
    asked = audit(folder / "c.pkl", second_opinion=True, jobs=jobs).files[0]

    assert asked.findings[: len(alone.findings)] == alone.findings
    assert {finding.rule for finding in asked.findings} == {"SL101", "SL901"}
    assert asked.verdict is Verdict.REFUSE


@pytest.mark.parametrize("status", [2, 40])
def test_a_scanner_that_fails_is_a_remark(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    scanner(tmp_path, monkeypatch, status)

    found = audit(folder / "a.pkl", second_opinion=True)

    assert found.verdict is Verdict.ACCEPT
    assert len(found.remarks) == 1


def test_no_scanner_is_a_remark(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))

    found = audit(folder / "a.pkl", second_opinion=True)

    assert (found.verdict, len(found.remarks)) == (Verdict.ACCEPT, 1)
