"""``safeload baseline``, and what it does to the exit code of an audit."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Run

UNTIL = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()


def add(run: Run, *more: object) -> int:
    return run("baseline", "add", "attack.pkl", "--reason", "ours", "--until", UNTIL, *more).code


def audited(run: Run, *more: str) -> int:
    return run("audit", "attack.pkl", "--baseline", "safeload-baseline.toml", *more).code


@pytest.mark.usefixtures("attack")
def test_what_is_added_does_not_count_until_it_is_removed(run: Run) -> None:
    assert add(run, "--author", "maria") == 0
    assert audited(run) == 0
    document = json.loads(run("baseline", "show", "--format", "json").out)
    (entry,) = document["accepted"]
    assert (entry["rule"], entry["author"], entry["until"]) == ("SL101", "maria", UNTIL)
    report = json.loads(
        run("audit", ".", "--baseline", "safeload-baseline.toml", "--format", "json").out
    )
    (file,) = [file for file in report["files"] if file["path"] == "attack.pkl"]
    assert file["verdict"] == "refuse"
    assert file["findings"][0]["suppressed"]["reason"] == "ours"

    assert run("baseline", "remove", "attack.pkl").code == 0
    assert audited(run) == 1
    assert not Path("canary").exists()


@pytest.mark.usefixtures("attack")
def test_the_console_shows_what_was_accepted_as_refused(run: Run) -> None:
    add(run)
    out = run("audit", "attack.pkl", "--baseline", "safeload-baseline.toml").out
    assert out.startswith("REFUSE ")
    assert f"accepted until {UNTIL}" in out


@pytest.mark.usefixtures("attack")
@pytest.mark.parametrize(
    "arguments",
    [
        ["add", "attack.pkl", "--reason", "r", "--until", "2020-01-01"],
        ["add", "attack.pkl", "--reason", "r", "--until", "tomorrow"],
        ["add", "attack.pkl", "--reason", "r"],
        ["add", "attack.pkl", "--until", UNTIL],
        ["add", "attack.pkl", "--reason", "r", "--until", UNTIL, "--rule", "SL401"],
        ["add", "churn.joblib", "--reason", "r", "--until", UNTIL],
        ["add", "missing.pkl", "--reason", "r", "--until", UNTIL],
        ["show"],
        ["remove", "attack.pkl"],
    ],
)
def test_what_cannot_be_added_shown_or_removed(run: Run, arguments: list[str]) -> None:
    outcome = run("baseline", *arguments)
    assert outcome.code == 2
    assert not Path("safeload-baseline.toml").exists()


@pytest.mark.usefixtures("attack")
def test_from_which_verdict_on_the_exit_code_is_not_zero(run: Run) -> None:
    Path("unread.pkl").write_bytes(b"")
    assert run("audit", "unread.pkl", "--fail-on", "refuse").code == 0
    assert run("audit", "attack.pkl", "--fail-on", "refuse").code == 1
    assert run("audit", "attack.pkl", "--fail-on", "never").code == 0
    assert run("audit", "attack.pkl", "--fail-on-new").code == 2
    assert run("audit", "attack.pkl", "--baseline", "none.toml").code == 2


@pytest.mark.usefixtures("attack")
def test_a_folder_has_a_cache_unless_there_is_to_be_none(run: Run, tmp_path: Path) -> None:
    cache = tmp_path / "cache" / "safeload" / "audit.sqlite"
    run("audit", "attack.pkl")
    run("audit", ".", "--no-cache")
    assert not cache.exists()
    run("audit", ".", "--jobs", "1")
    assert cache.exists()
    assert run("audit", ".", "--cache", "here.sqlite", "--no-cache").code == 2


@pytest.mark.usefixtures("attack")
def test_an_audit_that_is_ended_prints_what_it_found(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safeload.cli import audit

    def ended(done):  # type: ignore[no-untyped-def]
        yield next(iter(done))
        raise KeyboardInterrupt

    monkeypatch.setattr(audit, "_with_bar", ended)
    outcome = run("audit", "attack.pkl", "churn.joblib", "--format", "json")
    assert outcome.code == 130
    document = json.loads(outcome.out)
    assert [file["path"] for file in document["files"]] == ["attack.pkl"]
    assert document["unfinished"] == 1
    Path("report").write_text("of yesterday")
    assert run("audit", "attack.pkl", "--output", "report").code == 130
    assert Path("report").read_text() == "of yesterday"
