"""A passphrase is shown to nobody: not in an argument, a log, a ``repr`` or a traceback."""

from __future__ import annotations

import copy
import io
import logging
import os
import pickle
import stat
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import joblib
import pytest
from rich.console import Console
from rich.pretty import pretty_repr
from rich.traceback import Traceback

import safeload
from safeload.cli.main import main
from safeload.errors import SafeloadError, UsageError
from safeload.trust.keys import SigningKey
from safeload.trust.secret import Secret, hidden
from safeload.trust.trustfile import TrustFile

PACKAGE = Path(safeload.__file__).parent
PASSPHRASE = b"xyzzy-open-sesame"
KEY = SigningKey.generate()


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    KEY.write("team.key", passphrase=PASSPHRASE)
    SigningKey.generate().write("plain.key", passphrase=None)
    joblib.dump([1, 2], "model.joblib")
    Path("no-model").write_bytes(b"none")
    TrustFile.add("trust.toml", name="alice", key=KEY.public, models=["*"])
    return tmp_path


# What is shown of a secret


def test_a_secret_is_bytes_that_are_not_shown() -> None:
    secret = Secret(PASSPHRASE)
    assert secret == PASSPHRASE
    assert bytes(secret) == PASSPHRASE
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>40}", ascii(secret)]
    shown += [repr([{"a": (secret,)}]), pretty_repr({"a": [secret]})]
    for text in shown:
        assert "xyzzy" not in text
    for send in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            send(secret)


def test_a_secret_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("tests").warning("with %s and %r", Secret(PASSPHRASE), Secret(PASSPHRASE))
    assert "xyzzy" not in caplog.text


def test_what_asks_is_asked_once_each_time_and_hidden() -> None:
    asked: list[int] = []

    def ask() -> bytes:
        asked.append(1)
        return PASSPHRASE

    again = hidden(hidden(ask))
    assert "xyzzy" not in repr(again)
    assert again() == PASSPHRASE
    assert isinstance(again(), Secret)
    assert len(asked) == 2


# Tracebacks. Each ends in an error deep within, with the secret in an argument of the call.


def facts(**changed: Any) -> dict[str, Any]:
    return {
        "key": "team.key", "passphrase": PASSPHRASE, "name": "churn", "version": "1", **changed,
    }  # fmt: skip


FAILING: dict[str, Callable[[], object]] = {
    "another passphrase": lambda: safeload.sign("model.joblib", **facts(passphrase=b"xyzzy")),
    "a passphrase too long": lambda: safeload.sign(
        "model.joblib", **facts(passphrase=b"xyzzy" * 999)
    ),
    "text for a passphrase": lambda: safeload.sign("model.joblib", **facts(passphrase="xyzzy")),
    "what asks gives text": lambda: safeload.sign(
        "model.joblib", **facts(passphrase=lambda: "xyzzy")
    ),
    "what asks gives another one": lambda: safeload.sign(
        "model.joblib", **facts(passphrase=lambda: b"xyzzy")
    ),
    "no model": lambda: safeload.sign("no-model", **facts()),
    "no file": lambda: safeload.sign("none", **facts()),
    "no name": lambda: safeload.sign("model.joblib", **facts(name="a/b")),
    "an expiry in the past": lambda: safeload.sign("model.joblib", **facts(serial=-1)),
    "a model that cannot be written": lambda: safeload.dump(lambda: 0, "x.joblib", **facts()),
    "a folder that is not there": lambda: safeload.dump([1], "none/x.joblib", **facts()),
    "a fact that is none": lambda: safeload.dump([1], "x.joblib", **facts(xyz=1)),
    "nothing to countersign": lambda: safeload.countersign(
        "model.joblib", key="team.key", passphrase=PASSPHRASE, trust="trust.toml"
    ),
    "a key that exists": lambda: KEY.write("team.key", passphrase=PASSPHRASE),
    "a key where none can be": lambda: KEY.write("none/team.key", passphrase=PASSPHRASE),
    "an empty passphrase": lambda: SigningKey.read("team.key", passphrase=b""),
}


def frames(error: BaseException | None) -> Iterator[FrameType]:
    """Every frame of the package that an error went through, and those of its causes."""
    while error is not None:
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if Path(frame.f_code.co_filename).is_relative_to(PACKAGE):
                yield frame
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("fail", FAILING.values(), ids=list(FAILING))
def test_no_traceback_with_variables_shows_a_passphrase(fail: Callable[[], object]) -> None:
    with pytest.raises((SafeloadError, TypeError)) as caught:
        fail()
    seen = 0
    for frame in frames(caught.value):
        seen += 1
        for name, value in frame.f_locals.items():
            assert "xyzzy" not in repr(value), (frame.f_code.co_qualname, name)
            assert "xyzzy" not in pretty_repr(value), (frame.f_code.co_qualname, name)
    assert seen
    assert "xyzzy" not in str(caught.value) + getattr(caught.value, "hint", "")


@pytest.mark.parametrize("case", ["another passphrase", "a folder that is not there"])
def test_what_rich_shows_of_a_traceback_has_no_passphrase(case: str) -> None:
    with pytest.raises(SafeloadError) as caught:
        FAILING[case]()
    error = caught.value
    # Without the frames of this test, which has it in clear.
    while error.__traceback__ is not None and not Path(
        error.__traceback__.tb_frame.f_code.co_filename
    ).is_relative_to(PACKAGE):
        error.__traceback__ = error.__traceback__.tb_next
    out = io.StringIO()
    shown = Traceback.from_exception(
        type(error), error, error.__traceback__, show_locals=True, locals_hide_dunder=False
    )
    Console(file=out, width=200).print(shown)
    assert "passphrase" in out.getvalue()
    assert "xyzzy" not in out.getvalue()


def test_no_traceback_shows_a_private_key(monkeypatch: pytest.MonkeyPatch) -> None:
    text = Path("plain.key").read_text().splitlines()[1]

    def fail(*_: object) -> object:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("safeload.trust.keys.serialization.load_pem_private_key", fail)
        with pytest.raises(ZeroDivisionError) as reading:
            SigningKey.read("plain.key")
    key = SigningKey.read("plain.key")
    monkeypatch.setattr("safeload.trust.keys.write_together", fail)
    with pytest.raises(ZeroDivisionError) as writing:
        key.write("new.key", passphrase=None)
    for error in (reading.value, writing.value):
        found = list(frames(error))
        assert found
        for frame in found:
            for value in frame.f_locals.values():
                assert text not in repr(value)


# Where it comes from


def test_a_passphrase_is_no_argument_and_no_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ["sign", "model.joblib", "--key", "team.key", "--name", "a", "--version", "1"]
    for option in ("--passphrase", "--passphrase=xyzzy", "--pass", "--pin", "-p"):
        assert main([*base, option, "xyzzy"]) == 2
    for name in ("PASSPHRASE", "SAFELOAD_PASSPHRASE", "SAFELOAD_KEY_PASSPHRASE"):
        monkeypatch.setenv(name, PASSPHRASE.decode())
    assert main(base) == 2
    assert "passphrase-needed" in capsys.readouterr().err
    assert not Path("model.joblib.sig").exists()


@pytest.mark.skipif(os.name != "posix", reason="modes are a POSIX matter")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o666, 0o610])
def test_a_key_is_refused_by_its_mode_each_time_it_is_used(mode: int) -> None:
    key = Path("team.key")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert SigningKey.read(key, passphrase=PASSPHRASE).public == KEY.public
    key.chmod(mode)
    for use in (
        lambda: SigningKey.read(key, passphrase=PASSPHRASE),
        lambda: safeload.sign("model.joblib", **facts()),
        lambda: safeload.dump([1], "other.joblib", **facts()),
    ):
        with pytest.raises(UsageError) as caught:
            use()
        assert caught.value.code == "key-permissions"
    assert not Path("other.joblib").exists()
