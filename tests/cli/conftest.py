"""A signed model in a folder of its own, and the command line called as a function."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import safeload
from safeload.cli.main import main
from safeload.error_codes import ERROR_CODES
from safeload.trust.trustfile import TrustFile
from tests.builder import Pickle

ROWS = np.arange(40, dtype=float).reshape(10, 4) % 7


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The code of the error on stderr, or an empty string."""
        return next(iter(self.errors), "")

    @property
    def errors(self) -> list[str]:
        """The codes of all errors on stderr, each in a line after what it is about."""
        parts = [line.split(": ")[1:2] for line in self.err.splitlines()]
        return [part[0] for part in parts if part and part[0] in ERROR_CODES]


Run = Callable[..., Outcome]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process."""

    def command(*arguments: object) -> Outcome:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Outcome(code, *capsys.readouterr())

    return command


@pytest.fixture(scope="session")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a signed model, its key and a trust file. Tests work on copies."""
    folder = tmp_path_factory.mktemp("signed")
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(ROWS, np.arange(10) % 2)
    key = safeload.SigningKey.generate()
    key.write(folder / "signing.key", passphrase=None)
    safeload.dump(
        model,
        folder / "churn.joblib",
        key=key,
        name="churn",
        version="1.2.0",
        metrics={"roc_auc": 0.91},
        probe=ROWS[:3],
    )
    TrustFile.add(folder / "trust.toml", name="alice", key=key.public, models=["churn"])
    return folder


@pytest.fixture
def folder(signed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the signed model's folder, which is the current one."""
    copy = tmp_path / "work"
    shutil.copytree(signed, copy)
    monkeypatch.chdir(copy)
    # Neither the trust file nor anything else of whoever runs the tests.
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return copy


@pytest.fixture
def attack(folder: Path) -> Path:
    """A pickle that would create a file ``canary``, and no more."""
    path = folder / "attack.pkl"
    call = Pickle(4).global_("posix", "system").unicode("touch canary").tuple1().reduce().stop()
    path.write_bytes(bytes(call))
    return path


@pytest.fixture
def unsigned(folder: Path) -> Path:
    """A model without a bundle."""
    path = folder / "unsigned.joblib"
    joblib.dump(StandardScaler().fit(ROWS), path)
    return path
