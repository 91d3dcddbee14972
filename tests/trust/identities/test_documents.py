"""docs/certificates.md is executed, and both documents list every error there is."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from tests.documents import ROOT, blocks_of, session

TEXT = (ROOT / "docs" / "certificates.md").read_text("utf-8")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model, and the command that installing the package makes."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    joblib.dump(StandardScaler().fit(np.arange(8.0).reshape(4, 2)), "churn.joblib")
    script = tmp_path / "bin" / "safeload"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m safeload "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(script.parent), prepend=":")
    return here


@pytest.mark.skipif(os.name != "posix", reason="shows a POSIX shell")
def test_the_commands_do_what_they_show(place: Path) -> None:
    for language, block in blocks_of(TEXT):
        if language == "toml":
            (place / "trust.toml").write_text(block, encoding="utf-8")
            (place / "trust.toml").chmod(0o600)
        else:
            session(block)


DOCUMENTS = {
    "certificates": ("certificates", "chain", "credentials"),
    "keyless": ("keyless", "keyless_signer"),
}


@pytest.mark.parametrize(("document", "modules"), DOCUMENTS.items(), ids=list(DOCUMENTS))
def test_every_error_is_listed(document: str, modules: tuple[str, ...]) -> None:
    text = (ROOT / "docs" / f"{document}.md").read_text("utf-8")
    folder = ROOT / "safeload" / "trust" / "identities"
    source = "".join((folder / f"{module}.py").read_text("utf-8") for module in modules)
    codes = {line.split('"')[1] for line in source.splitlines() if 'code="' in line}
    # A trust file with such roots is malformed.
    assert codes - {"roots-malformed"} <= {word.strip("`,| ") for word in text.split()}
