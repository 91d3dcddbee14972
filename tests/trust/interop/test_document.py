"""What docs/interop.md shows is what happens."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import joblib
import pytest

from tests.documents import ROOT, blocks_of, here, session

DOCUMENT = (ROOT / "docs" / "interop.md").read_text("utf-8")


@pytest.mark.skipif(os.name != "posix", reason="shows a POSIX shell")
def test_other_tools_do_what_the_document_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    command = tmp_path / "bin" / "model_signing"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m model_signing "$@"\n')
    command.chmod(0o700)
    monkeypatch.setenv("PATH", str(command.parent), prepend=os.pathsep)
    joblib.dump([1.5], "churn.joblib")
    Path("release", "logs").mkdir(parents=True)
    Path("release", "logs", "run.log").write_text("as it is run\n")
    joblib.dump([1.5], "release/churn.joblib")
    blocks = [block for language, block in blocks_of(DOCUMENT) if language == "console"]
    assert len(blocks) == 2
    for block in blocks:
        session(block, here)
