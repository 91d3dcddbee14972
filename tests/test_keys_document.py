"""What docs/keys.md tells people to do about their keys is what happens."""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import joblib
import pytest

from safeload.cli.main import main
from tests.documents import blocks_of, pattern

ROOT = Path(__file__).parent.parent
CARE = (ROOT / "docs" / "keys.md").read_text("utf-8").partition("\n## Their care\n")[2]
NOWHERE = " > /dev/null"
ALL_NOWHERE = " > /dev/null 2>&1"
FIRST_LINE = " | head -1"


def shown(command: str) -> str:
    """What a command writes; in this process, as thirty of its own would take half a minute."""
    if not command.startswith("safeload "):
        done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
        return done.stdout + done.stderr
    plain = command
    for suffix in (ALL_NOWHERE, NOWHERE, FIRST_LINE):
        plain = plain.removesuffix(suffix)
    out, err = io.StringIO(), io.StringIO()
    both = plain == command
    with redirect_stdout(out), redirect_stderr(out if both else err):
        main(shlex.split(plain)[1:])
    if command.endswith(ALL_NOWHERE):
        return ""
    first = out.getvalue().partition("\n")[0] + "\n" if command.endswith(FIRST_LINE) else ""
    return out.getvalue() if both else err.getvalue() + first


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
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = step.partition("\n")
            found = shown(command)
            assert re.fullmatch(pattern(expected), found, re.DOTALL), f"{command}\n{found}"
