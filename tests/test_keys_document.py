"""What docs/keys.md tells people to do about their keys is what happens."""

from __future__ import annotations

import os
from pathlib import Path

import joblib
import pytest

from tests.documents import ROOT, blocks_of, here, session

CARE = (ROOT / "docs" / "keys.md").read_text("utf-8").partition("\n## Their care\n")[2]


@pytest.mark.skipif(os.name != "posix", reason="shows a POSIX shell")
def test_the_care_of_keys_is_what_the_document_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    Path("secret").write_text("open sesame\n")
    Path("secret").chmod(0o600)
    joblib.dump([1.5], "model.joblib")
    joblib.dump([2.5], "next.joblib")
    blocks = [block for language, block in blocks_of(CARE) if language == "console"]
    assert len(blocks) == 4
    for block in blocks:
        session(block, here)
