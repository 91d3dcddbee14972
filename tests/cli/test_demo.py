"""``safeload demo``: every step ends as promised, or the demo does not exit with 0."""

from __future__ import annotations

from pathlib import Path

import pytest

from safeload.cli import demo
from tests.cli.conftest import Run


def test_every_step_ends_as_promised(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    outcome = run("demo")
    assert outcome.code == 0, outcome.out
    for promised in [
        "predictions are identical",
        ": digest-mismatch: ",
        ": signer-unknown: ",
        "'the-attack-ran' was created",
        "SL101 error: posix.system",
        "'the-attack-ran' was not created",
        "0 accepted",
        "What to do next",
    ]:
        assert promised in outcome.out
    assert list(tmp_path.iterdir()) == []


def test_a_step_that_fails_is_not_success(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # The attack is a legitimate file, which nothing has a reason to refuse.
    monkeypatch.setattr(demo, "_hide_a_call", lambda path: Path(path).write_bytes(b"\x80\x04N."))
    monkeypatch.setattr(demo, "_audit_samples", lambda shown: None)
    outcome = run("demo")
    assert outcome.code == 1
    assert "NOT AS PROMISED" in outcome.out
    assert "What to do next" not in outcome.out
