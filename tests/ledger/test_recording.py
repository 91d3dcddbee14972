"""Each load is recorded with how it ended; an old release is refused before any of it runs."""

from __future__ import annotations

import io
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import safeload
from safeload import gate
from safeload.errors import (
    ArtefactError,
    LoadError,
    RefusedError,
    SafeloadError,
    TrustError,
    UsageError,
)
from safeload.gate import dry_run
from safeload.ledger.database import Ledger
from safeload.loading import admit, guard
from safeload.trust.trustfile import TrustFile
from tests.ledger.releases import Releases
from tests.ledger.told import accepted

READING: dict[str, Callable[..., object]] = {"load": safeload.load, "dry_run": dry_run}


@pytest.fixture
def unpickled(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every program that the guard is given; it still runs."""
    seen: list[Any] = []
    run = guard.unpickle

    def noted(program: Any, *given: Any, **more: Any) -> Any:
        seen.append(program)
        return run(program, *given, **more)

    monkeypatch.setattr(guard, "unpickle", noted)
    return seen


def outcomes(releases: Releases) -> list[tuple[int | None, str, str]]:
    """Serial, verdict and code of each record."""
    return [(record.serial, record.verdict, record.code) for record in releases.records()]


def test_a_load_is_recorded_with_all_that_is_known_of_it(releases: Releases) -> None:
    verified = safeload.verify(releases.path(5), trust=releases.trust)

    releases.load(5)

    (record,) = releases.records()
    assert record == accepted(
        5,
        time=record.time,
        milliseconds=record.milliseconds,
        host=socket.gethostname(),
        file=str(releases.path(5)),
        payload=verified.manifest.payload_sha256,
    )
    assert datetime.fromisoformat(record.time).utcoffset() is not None
    assert record.milliseconds >= 0


class Isolated:
    """What stands for a model in a process of its own."""

    closed = False

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def isolated(monkeypatch: pytest.MonkeyPatch) -> Isolated:
    model = Isolated()
    monkeypatch.setattr("safeload.isolation.model.load_isolated", lambda *_, **__: model)
    return model


def test_a_dry_run_is_recorded_as_one(releases: Releases, isolated: Isolated) -> None:
    dry_run(releases.path(5), trust=releases.trust, ledger=releases.ledger)

    assert not isolated.closed
    (record,) = releases.records()
    assert (record.action, record.verdict, record.serial) == ("dry-run", "accepted", 5)


@pytest.mark.parametrize("give", [bytes, io.BytesIO])
def test_a_model_without_a_path_is_recorded(
    releases: Releases, give: Callable[[bytes], Any]
) -> None:
    source = give(releases.path(5).read_bytes())
    bundle = Path(f"{releases.path(5)}.sig")
    safeload.load(source, bundle=bundle, trust=releases.trust, ledger=releases.ledger)

    assert [record.file for record in releases.records()] == [""]


def test_without_a_ledger_nothing_is_written(releases: Releases) -> None:
    before = sorted(releases.folder.iterdir())
    releases.load(6, ledger=None)
    releases.load(5, ledger=None)

    assert sorted(releases.folder.iterdir()) == before


def test_the_trust_file_names_the_ledger_and_a_caller_may_name_another(releases: Releases) -> None:
    text = releases.trust.read_text()
    releases.trust.write_text(f'ledger = "ledger.sqlite"\n{text}')

    for trust in (releases.trust, TrustFile.read(releases.trust)):
        safeload.load(releases.path(6), trust=trust)
        with pytest.raises(TrustError):
            safeload.load(releases.path(5), trust=trust)
    safeload.load(releases.path(5), trust=releases.trust, ledger=releases.folder / "other.sqlite")

    assert outcomes(releases) == [(6, "accepted", ""), (5, "refused", "rollback")] * 2


# -- older releases --------------------------------------------------------------------------------


@pytest.mark.guarantee("G26")
@pytest.mark.parametrize("reading", READING)
def test_an_older_release_is_refused_before_anything_of_it_runs(
    releases: Releases, unpickled: list[Any], monkeypatch: pytest.MonkeyPatch, reading: str
) -> None:
    releases.load(6)
    unpickled.clear()
    scanned: list[Any] = []
    monkeypatch.setattr(gate, "admit", scanned.append)
    monkeypatch.setattr("safeload.isolation.model.load_isolated", scanned.append)

    with pytest.raises(TrustError) as caught:
        READING[reading](releases.path(5), trust=releases.trust, ledger=releases.ledger)

    assert (caught.value.code, caught.value.exit_code) == ("rollback", 1)
    assert (unpickled, scanned) == ([], [])
    assert outcomes(releases) == [(6, "accepted", ""), (5, "refused", "rollback")]


@pytest.mark.guarantee("G26")
def test_a_folder_of_an_older_release_is_refused(releases: Releases) -> None:
    for serial in (6, 5):
        folder = releases.folder / f"folder-{serial}"
        folder.mkdir()
        releases.path(serial).rename(folder / "model.joblib")
        safeload.sign(
            folder,
            key=releases.key,
            name="churn",
            version="1",
            serial=serial,
            model_file="model.joblib",
        )
    safeload.load(releases.folder / "folder-6", trust=releases.trust, ledger=releases.ledger)

    with pytest.raises(TrustError) as caught:
        safeload.load(releases.folder / "folder-5", trust=releases.trust, ledger=releases.ledger)
    assert caught.value.code == "rollback"


@pytest.mark.guarantee("G26")
def test_what_loads_while_a_newer_release_does_is_not_handed_over(
    releases: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    deserialise = admit.deserialise

    def slowly(*given: Any, **more: Any) -> Any:
        monkeypatch.setattr(gate, "deserialise", deserialise)
        # Another process is faster.
        releases.load(6)
        return deserialise(*given, **more)

    monkeypatch.setattr(gate, "deserialise", slowly)
    with pytest.raises(TrustError) as caught:
        releases.load(5)

    assert caught.value.code == "rollback"
    assert outcomes(releases) == [(6, "accepted", ""), (5, "refused", "rollback")]


@pytest.mark.guarantee("G26")
def test_a_release_that_does_not_load_here_leaves_the_one_before_it_usable(
    releases: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    releases.load(5)

    def fails(*_: Any, **__: Any) -> None:
        raise LoadError("It predicts otherwise.", code="probe-differs")

    with monkeypatch.context() as patched:
        patched.setattr("safeload.loading.probe.check_probe", fails)
        with pytest.raises(LoadError):
            releases.load(6, probe=True)

    releases.load(5)
    assert outcomes(releases) == [
        (5, "accepted", ""),
        (6, "undecided", "probe-differs"),
        (5, "accepted", ""),
    ]


def test_a_reason_lets_an_older_release_load_and_is_recorded_where_it_was_needed(
    releases: Releases,
) -> None:
    for serial in (5, 6, 5):
        releases.load(serial, allow_rollback="6 predicts nonsense")

    assert [(record.serial, record.rollback) for record in releases.records()] == [
        (5, ""),
        (6, ""),
        (5, "6 predicts nonsense"),
    ]
    with pytest.raises(TrustError):
        releases.load(5)


def test_a_reason_without_a_ledger_is_a_mistake(releases: Releases) -> None:
    with pytest.raises(UsageError) as caught:
        releases.load(5, ledger=None, allow_rollback="I say so")
    assert caught.value.code == "no-ledger"


@pytest.mark.parametrize("reason", ["", " ", "x" * 1_001, 5, b"x", "\ud800"])
def test_a_reason_is_in_words(releases: Releases, reason: Any) -> None:
    with pytest.raises(UsageError) as caught:
        releases.load(5, allow_rollback=reason)
    assert caught.value.code in {"argument-type", "argument-value"}
    assert not releases.ledger.exists()


# -- refusals --------------------------------------------------------------------------------------


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def append(text: str) -> Callable[[Releases], object]:
    return lambda releases: releases.trust.write_text(releases.trust.read_text() + text)


def by_a_third_party(releases: Releases) -> None:
    releases.sign(5, key=safeload.SigningKey.generate(), replace=True)


def revoke_file(releases: Releases) -> None:
    digest = safeload.verify(releases.path(5), trust=releases.trust).artefact.sha256
    append(f'[revoked]\nfiles = ["{digest}"]\n')(releases)


# What was done, and of the record: model, whether the release is told, verdict and code.
REFUSED: dict[str, tuple[Callable[[Releases], object], str | None, bool, str, str]] = {
    "there is no model": (
        lambda releases: releases.path(5).unlink(), None, False, "undecided", "unreadable",
    ),
    "there is no bundle": (
        lambda releases: Path(f"{releases.path(5)}.sig").unlink(),
        None, False, "refused", "bundle-missing",
    ),
    "a third party signed it": (by_a_third_party, None, False, "refused", "signer-unknown"),
    "one bit was flipped": (
        lambda releases: flip(releases.path(5)), "churn", True, "refused", "digest-mismatch",
    ),
    "it is another model": (
        lambda releases: releases.sign(5, name="fraud"),
        "fraud", True, "refused", "signer-not-allowed",
    ),
    "it is too old": (
        append("[models.churn]\nmin_serial = 6\n"), "churn", True, "refused", "stale",
    ),
    "its file was revoked": (revoke_file, "churn", True, "refused", "revoked"),
}  # fmt: skip


@pytest.mark.guarantee("G26")
@pytest.mark.parametrize("what", REFUSED)
def test_a_refusal_is_recorded_and_makes_no_release_old(releases: Releases, what: str) -> None:
    spoil, model, told, verdict, code = REFUSED[what]
    spoil(releases)

    with pytest.raises(SafeloadError):
        releases.load(5)

    (record,) = releases.records()
    assert (record.model, record.verdict, record.code) == (model, verdict, code)
    assert (record.serial, record.version) == ((5, "1.5") if told else (None, None))
    assert (record.payload is not None) is told
    # Who signed is not said of what nobody may have signed.
    assert record.signers == ()
    Ledger(releases.ledger).require_current("churn", 0, reason=None)


def test_a_name_that_was_asked_for_is_recorded_where_no_other_is_known(releases: Releases) -> None:
    Path(f"{releases.path(5)}.sig").unlink()
    with pytest.raises(TrustError):
        releases.load(5, name="churn")

    assert [record.model for record in releases.records()] == ["churn"]


def test_a_refusal_by_the_policy_is_recorded_with_its_signers(releases: Releases) -> None:
    policy = safeload.Policy.default().narrowed({})
    with pytest.raises(RefusedError):
        releases.load(5, policy=policy)

    (record,) = releases.records()
    assert (record.serial, record.verdict, record.code) == (5, "refused", "refused")
    assert record.signers == ("alice",)


@pytest.mark.parametrize(
    "given", [{"trust": "nowhere.toml"}, {"policy": "nowhere.toml"}, {"name": "a/b"}]
)
def test_a_mistake_of_the_caller_is_no_answer_about_the_model(
    releases: Releases, given: dict[str, str]
) -> None:
    with pytest.raises(UsageError):
        releases.load(5, **given)
    assert not releases.ledger.exists() or outcomes(releases) == []


def test_where_nobody_can_say_which_ledger_the_error_is_what_it_was(releases: Releases) -> None:
    releases.path(5).unlink()
    with pytest.raises(ArtefactError) as caught:
        safeload.load(releases.path(5), trust="nowhere.toml")
    assert caught.value.code == "unreadable"


def test_an_error_about_a_release_names_it(releases: Releases) -> None:
    append("[models.churn]\nmin_serial = 6\n")(releases)
    with pytest.raises(TrustError) as caught:
        releases.load(5, ledger=None)
    assert caught.value.release is not None
    assert caught.value.release[:3] == ("churn", "1.5", 5)
    assert TrustError("So.", code="so").release is None


# -- a ledger that fails ---------------------------------------------------------------------------


@pytest.mark.guarantee("G26")
def test_a_broken_ledger_is_seen_before_anything_runs(
    releases: Releases, unpickled: list[Any]
) -> None:
    releases.ledger.write_bytes(b"")
    unpickled.clear()
    with pytest.raises(UsageError) as caught:
        releases.load(5)
    assert caught.value.code == "ledger-malformed"
    assert unpickled == []


@pytest.mark.guarantee("G26")
@pytest.mark.parametrize("reading", READING)
def test_what_cannot_be_recorded_is_not_handed_over(
    releases: Releases, monkeypatch: pytest.MonkeyPatch, isolated: Isolated, reading: str
) -> None:
    releases.load(5)
    add = Ledger.add

    def full(self: Ledger, record: Any, **more: Any) -> None:
        if record.verdict == "accepted":
            raise LoadError("There is no room.", code="ledger-full", hint="Make room.")
        add(self, record, **more)

    monkeypatch.setattr(Ledger, "add", full)
    with pytest.raises(LoadError) as caught:
        READING[reading](releases.path(6), trust=releases.trust, ledger=releases.ledger)
    assert caught.value.code == "ledger-full"
    assert outcomes(releases) == [(5, "accepted", "")]
    assert isolated.closed is (reading == "dry_run")


@pytest.mark.guarantee("G26")
def test_a_refusal_that_cannot_be_recorded_is_told_with_what_it_was(releases: Releases) -> None:
    flip(releases.path(5))
    releases.ledger.write_bytes(b"")
    with pytest.raises(UsageError) as caught:
        releases.load(5)
    assert caught.value.code == "ledger-malformed"
    assert "digest-mismatch" in caught.value.hint
    assert isinstance(caught.value.__cause__, TrustError)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="owners of POSIX")
@pytest.mark.guarantee("G26")
def test_a_ledger_that_others_may_write_to_is_refused(releases: Releases) -> None:
    releases.load(5)
    releases.ledger.chmod(0o622)
    with pytest.raises(UsageError) as caught:
        releases.load(6)
    assert (caught.value.code, caught.value.exit_code) == ("ledger-writable", 2)


# -- at once ---------------------------------------------------------------------------------------


def test_threads_take_turns(releases: Releases) -> None:
    releases.load(5)
    # What another thread opens and closes must not end the locks that a thread has.
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(releases.load, [5] * 40))
    assert len(releases.records()) == 41
    with closing(sqlite3.connect(releases.ledger)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_whoever_has_no_ledger_imports_no_database() -> None:
    code = "import sys, safeload.ledger.recording; print('sqlite3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]
