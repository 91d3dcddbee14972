"""docs/platforms.md is executed, and says of isolation what the code does."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from safeload.isolation.confinement import Confinement
from safeload.trust.resources import why_no_file_name
from tests.documents import blocks_of

TEXT = (Path(__file__).parents[2] / "docs" / "platforms.md").read_text("utf-8")


def test_its_python_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = [block for language, block in blocks_of(TEXT) if language == "python"]
    assert len(blocks) == 1
    exec(blocks[0], {})
    assert capsys.readouterr().out.startswith("missing here: (")


def test_what_holds_a_process_on_linux_is_all_that_there_is() -> None:
    row = re.search(r"^\| the process of an isolated model .*$", TEXT, re.MULTILINE)
    assert row is not None
    _, linux, *_ = (cell.strip() for cell in row[0].strip("|").split("|"))
    assert linux.replace(" ", "_").split(",_") == [field.name for field in fields(Confinement)]


def test_names_that_it_says_are_refused_in_signed_folders_are() -> None:
    names = re.search(r"devices of Windows (.*?), two that differ", TEXT)
    assert names is not None
    refused = re.findall(r"`([^`]+)`", names[1])
    assert refused == ["CON", "NUL", "C:", "a:b"]
    assert all(map(why_no_file_name, refused))
    assert not why_no_file_name("models/churn.joblib")
