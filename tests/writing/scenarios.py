"""What is written in one run, what a reader may find when it was cut short, and a second run.

Each scenario works in a folder of its own. ``look`` reads as users read and says which of the
states it found; anything else, an error too, is an exception.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

import safeload
from safeload.errors import ArtefactError, UsageError
from safeload.trust.trustfile import TrustFile

__all__ = ["SCENARIOS", "Scenario", "leftovers"]

KEY = safeload.SigningKey.generate()
OTHER = safeload.SigningKey.generate()
DATA = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]])
OLD = LogisticRegression(C=1.0).fit(DATA, [0, 0, 1, 1])
NEW = LogisticRegression(C=2.0).fit(DATA, [0, 0, 1, 1])
TRUST = TrustFile.parse(
    b"[keys.a]\nmodels = ['*']\npublic = '''" + KEY.public.pem.encode() + b"'''\n"
)
MODEL = "churn.joblib"
# For processes that fit small models beside each other, or fork.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
# Nothing that was written is lost by a kill, so the files need not be on a disk.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None


@dataclass(frozen=True)
class Scenario:
    """One thing that is written.

    Attributes:
        prepare: Puts the old state into an empty folder.
        run: Writes the new state.
        look: Says whether the folder is in the "old" or the "new" state.
        again: Writes once more, after a run that was cut short in this state.
    """

    prepare: Callable[[Path], object]
    run: Callable[[Path], object]
    look: Callable[[Path], str]
    again: Callable[[Path, str], object]


def leftovers(folder: Path) -> list[str]:
    """What is not finished, in a folder or anywhere in it."""
    return sorted(path.name for path in folder.rglob(".safeload-*"))


def _dump(model: object, folder: Path, version: str) -> Path:
    return safeload.dump(model, folder / MODEL, key=KEY, name="churn", version=version)


def _pair(folder: Path) -> str:
    """The pair as a reader finds it: the version signed is that of the bytes."""
    try:
        about = safeload.verify(folder / MODEL, trust=TRUST).manifest.model
        model = safeload.load(folder / MODEL, trust=TRUST)
    except ArtefactError:
        assert not (folder / MODEL).exists()
        return "old"
    assert about is not None
    expected = {"1": 1.0, "2": 2.0}[about.version]
    assert expected == model.C
    return {"1": "old", "2": "new"}[about.version]


def _private(folder: Path) -> None:
    _dump(OLD, folder, "1")
    for path in folder.iterdir():
        path.chmod(0o600)


def _private_pair(folder: Path) -> str:
    state = _pair(folder)
    for name in (MODEL, f"{MODEL}.sig"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    return state


def _sign(folder: Path) -> Path:
    return safeload.sign(folder / MODEL, key=KEY, name="churn", version="2")


def _signed(folder: Path) -> str:
    about = safeload.verify(folder / MODEL, trust=TRUST).manifest.model
    assert about is not None
    return {"1": "old", "2": "new"}[about.version]


def _trust(folder: Path, *, name: str = "b", key: safeload.SigningKey = OTHER) -> None:
    TrustFile.add(folder / "trust.toml", name=name, key=key.public, models=["*"])


def _begin_trust(folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    (folder / "trust.toml").symlink_to("elsewhere/trust.toml")
    _trust(folder, name="a", key=KEY)


def _trusted(folder: Path) -> str:
    assert (folder / "trust.toml").is_symlink()
    names = [signer.name for signer in TrustFile.read(folder / "trust.toml").signers]
    return {("a",): "old", ("a", "b"): "new"}[tuple(names)]


def _trust_again(folder: Path, state: str) -> None:
    try:
        _trust(folder)
    except UsageError as error:
        assert (error.code, state) == ("trustfile-has-name", "new")  # noqa: PT017
        _trust(folder, name="c", key=safeload.SigningKey.generate())
        (folder / "elsewhere" / "trust.toml").unlink()
        _trust(folder, name="a", key=KEY)
        _trust(folder)


def _keygen(folder: Path) -> None:
    from safeload.cli.main import main

    arguments = ["--no-passphrase", "--name", "b", "--add-to-trust", str(folder / "trust.toml")]
    assert main(["keygen", str(folder / "key"), *arguments]) == 0


def _keys(folder: Path) -> str:
    """A private key that has its name has its public key; who is trusted has a private one."""
    trusted = [s.key for s in TrustFile.read(folder / "trust.toml").signers if s.name == "b"]
    try:
        private = safeload.SigningKey.read(folder / "key")
    except UsageError:
        assert not (folder / "key").exists()
        assert trusted == []
        return "old"
    public = safeload.VerifyingKey.from_text((folder / "key.pub").read_text("ascii"))
    assert private.public == public
    assert trusted in ([], [public])
    return "new"


def _keygen_again(folder: Path, state: str) -> None:
    from safeload.cli.main import main

    if state == "new":
        # Keys are never overwritten.
        assert main(["keygen", str(folder / "key"), "--no-passphrase"]) == 2
        safeload.SigningKey.generate().write(folder / "another", passphrase=None)
        _trust(folder, name="c", key=safeload.SigningKey.generate())
    else:
        _keygen(folder)


SCENARIOS: dict[str, Scenario] = {
    "dump over a pair": Scenario(
        _private,
        lambda folder: _dump(NEW, folder, "2"),
        _private_pair,
        lambda folder, _: _dump(NEW, folder, "2"),
    ),
    "dump anew": Scenario(
        lambda folder: None,
        lambda folder: _dump(NEW, folder, "2"),
        _pair,
        lambda folder, _: _dump(NEW, folder, "2"),
    ),
    "sign again": Scenario(
        lambda folder: _dump(OLD, folder, "1"), _sign, _signed, lambda folder, _: _sign(folder)
    ),
    "add to a trust file": Scenario(_begin_trust, _trust, _trusted, _trust_again),
    "make a key": Scenario(
        lambda folder: _trust(folder, name="a", key=KEY), _keygen, _keys, _keygen_again
    ),
}
