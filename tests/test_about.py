"""An error says which file it is about and, where it is known, which signed model."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

import safeload
from safeload.errors import ArtefactError, LoadError, SafeloadError, UsageError, about
from safeload.gate import dry_run
from tests.builder import Name, Pickle

KEY = safeload.SigningKey.generate()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a signed model, a trust file and some files that cannot be used."""
    monkeypatch.chdir(tmp_path)
    model = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
    safeload.dump(model, "churn.joblib", key=KEY, name="churn", version="1.2.0")
    safeload.TrustFile.add("trust.toml", name="alice", key=KEY.public, models=["churn"])
    Path("bad.toml").write_text("=")
    Path("changed.joblib").write_bytes(Path("churn.joblib").read_bytes() + b" ")
    Path("changed.joblib.sig").write_bytes(Path("churn.joblib.sig").read_bytes())
    Path("theirs.pkl").write_bytes(Pickle(4).call(Name("posix", "system"), "true").finish())
    joblib.dump(model, "unsigned.joblib")
    return tmp_path


def load(path: object = "churn.joblib", trust: str = "trust.toml", **more: object) -> object:
    return safeload.load(path, trust=trust, **more)  # type: ignore[arg-type]


CASES: dict[str, tuple[Callable[[], object], str, str | None]] = {
    "a model that is not there": (lambda: load("gone"), "unreadable", "gone"),
    "one that was changed": (lambda: load("changed.joblib"), "digest-mismatch", "changed.joblib"),
    "one that was changed, verified": (
        lambda: safeload.verify("changed.joblib", trust="trust.toml"),
        "digest-mismatch",
        "changed.joblib",
    ),
    "one that nobody signed": (
        lambda: load("unsigned.joblib"),
        "bundle-missing",
        "unsigned.joblib",
    ),
    "another model": (lambda: load(name="fraud"), "wrong-model", "churn.joblib"),
    "a third party's": (lambda: safeload.load_unsigned("theirs.pkl"), "refused", "theirs.pkl"),
    "bytes": (lambda: safeload.load_unsigned(b"\x80\x04}"), "refused", "<bytes>"),
    "no trust file": (lambda: load(trust="gone.toml"), "trustfile-missing", "gone.toml"),
    "a bad trust file": (lambda: load(trust="bad.toml"), "trustfile-malformed", "bad.toml"),
    "a bad policy": (lambda: load(policy="bad.toml"), "policy-malformed", "bad.toml"),
    "no pack": (lambda: load(packs=["none"]), "pack-unknown", None),
    "an argument": (lambda: load(limits=1), "argument-type", None),
    "no key": (
        lambda: safeload.sign("unsigned.joblib", key="gone.key", name="a", version="1"),
        "key-unreadable",
        "gone.key",
    ),
    "what is not signed": (
        lambda: safeload.sign("theirs.pkl", key=KEY, name="a", version="1"),
        "refused",
        "theirs.pkl",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_error_says_which_file_it_is_about(here: Path, case: str) -> None:
    call, code, path = CASES[case]
    with pytest.raises(SafeloadError) as caught:
        call()
    assert (caught.value.code, caught.value.path) == (code, path)
    assert caught.value.line == f"{path or 'safeload'}: {code}: {caught.value}"
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.path, again.name, again.line) == (path, caught.value.name, caught.value.line)


@pytest.mark.parametrize("case", ["one that was changed", "another model"])
def test_once_a_trusted_signer_signed_it_the_model_has_a_name(here: Path, case: str) -> None:
    with pytest.raises(SafeloadError) as caught:
        CASES[case][0]()
    assert (caught.value.name, caught.value.version) == ("churn", "1.2.0")


def test_what_fails_after_verifying_knows_the_model_too(here: Path) -> None:
    # Signed without a probe.
    with pytest.raises(LoadError) as caught:
        dry_run("churn.joblib", trust="trust.toml", probe=True)
    assert caught.value.code == "no-probe"
    assert (caught.value.path, caught.value.name) == ("churn.joblib", "churn")


def test_what_a_third_party_says_of_itself_is_no_name(here: Path) -> None:
    Path("trust.toml").unlink()
    safeload.TrustFile.add(
        "trust.toml", name="bob", key=safeload.SigningKey.generate().public, models=["*"]
    )
    with pytest.raises(safeload.TrustError) as caught:
        load()
    assert caught.value.code == "signer-unknown"
    assert (caught.value.name, caught.value.version) == (None, None)


def test_the_innermost_says_it(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError) as caught, about("outer"), about("inner"):
        raise ArtefactError("So.", code="so")
    assert caught.value.path == "inner"
    with pytest.raises(UsageError) as usage, about("trust.toml", given=True), about("model"):
        raise UsageError("So.", code="so")
    assert usage.value.path == "trust.toml"


def test_a_line_holds_nothing_that_a_terminal_obeys() -> None:
    error = ArtefactError("So\nand so.", code="so", path="a\x1b[31m\nb")
    assert error.line == "a\\x1b[31m\\nb: so: So\\nand so."
    assert np.all([letter.isprintable() for letter in error.line])
