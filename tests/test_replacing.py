"""Signing takes the place of one's own bundle, and of nobody else's unless it is told to."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sklearn.linear_model import LogisticRegression

import safeload
from safeload.errors import UsageError
from safeload.trust.envelope import UnverifiedBundle, signed_bundle
from safeload.trust.trustfile import TrustFile
from tests.trust.identities.issuing import leaf, root

ANN, BOB = safeload.SigningKey.generate(), safeload.SigningKey.generate()
DATA = [[0.0], [1.0], [2.0], [3.0]]
MODEL = LogisticRegression().fit(DATA, [0, 0, 1, 1])
OTHER = LogisticRegression().fit(DATA, [1, 1, 0, 0])


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model and a folder with one, which Ann has signed."""
    monkeypatch.chdir(tmp_path)
    safeload.dump(MODEL, "churn.joblib", key=ANN, name="churn", version="1")
    Path("release").mkdir()
    Path("release/churn.joblib").write_bytes(Path("churn.joblib").read_bytes())
    safeload.sign("release", key=ANN, name="churn", version="1")
    Path("elsewhere.sig").write_bytes(Path("churn.joblib.sig").read_bytes())
    TrustFile.add("trust.toml", name="ann", key=ANN.public, models=["churn"])
    safeload.countersign("churn.joblib", key=BOB, trust="trust.toml", label="second")
    return tmp_path


def sign(path: str, **given: Any) -> object:
    return safeload.sign(path, name="churn", version="2", **given)


# What signs, and where its bundle goes; Ann's is there.
WAYS: dict[str, tuple[Callable[..., object], str]] = {
    "a file": (lambda **given: sign("churn.joblib", **given), "churn.joblib.sig"),
    "a folder": (lambda **given: sign("release", **given), "release/model.sig"),
    "a bundle elsewhere": (
        lambda **given: sign("churn.joblib", bundle="elsewhere.sig", **given), "elsewhere.sig",
    ),
    "bytes": (
        lambda **given: safeload.sign(
            Path("churn.joblib").read_bytes(), bundle="elsewhere.sig", name="churn", version="2",
            **given,
        ),
        "elsewhere.sig",
    ),
    "a dump": (
        lambda **given: safeload.dump(OTHER, "churn.joblib", name="churn", version="2", **given),
        "churn.joblib.sig",
    ),
}  # fmt: skip


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("way", WAYS)
def test_another_signers_bundle_stays_unless_it_is_to_be_replaced(here: Path, way: str) -> None:
    write, where = WAYS[way]
    before = contents(here)
    with pytest.raises(UsageError) as caught:
        write(key=BOB)
    error = caught.value
    assert (error.code, error.exit_code) == ("bundle-taken", 2)
    assert "--add" in error.hint
    assert "--replace" in error.hint
    # To be compared, so it is there in full.
    assert ANN.public.key_id in error.message
    assert error.path is not None
    assert Path(error.path).name == Path(where).name
    assert contents(here) == before
    write(key=BOB, replace=True)
    made = UnverifiedBundle.read(Path(where).read_bytes())
    assert made.unverified_key_id == BOB.public.key_id


@pytest.mark.parametrize("way", WAYS)
def test_ones_own_is_replaced_unasked(here: Path, way: str) -> None:
    write, where = WAYS[way]
    before = Path(where).read_bytes()
    write(key=ANN)
    assert Path(where).read_bytes() != before


NO_BUNDLES = {
    "nothing": b"",
    "a signature of another tool": b"-----BEGIN PGP SIGNATURE-----\n",
    "JSON": b"{}",
    "a bundle that was cut": b"half",
}


@pytest.mark.parametrize("what", NO_BUNDLES)
@pytest.mark.parametrize("way", WAYS)
def test_what_is_no_bundle_is_not_ours(here: Path, way: str, what: str) -> None:
    write, where = WAYS[way]
    data = NO_BUNDLES[what]
    Path(where).write_bytes(Path(where).read_bytes()[:100] if data == b"half" else data)
    before = contents(here)
    with pytest.raises(UsageError) as caught:
        write(key=ANN)
    assert caught.value.code == "bundle-taken"
    assert contents(here) == before
    write(key=ANN, replace=True)
    UnverifiedBundle.read(Path(where).read_bytes())


def test_a_bundle_that_names_no_key_is_not_ours(here: Path) -> None:
    path = Path("churn.joblib.sig")
    key_id = ANN.public.key_id.encode()
    path.write_bytes(path.read_bytes().replace(key_id, b""))
    assert UnverifiedBundle.read(path.read_bytes()).unverified_key_id == ""
    with pytest.raises(UsageError) as caught:
        sign("churn.joblib", key=ANN)
    assert caught.value.code == "bundle-taken"


def test_a_bundle_of_ones_own_that_was_spoilt_is_replaced(here: Path) -> None:
    path = Path("churn.joblib.sig")
    other = signed_bundle(b"no statement", ANN)
    path.write_bytes(other)
    sign("churn.joblib", key=ANN)
    safeload.load("churn.joblib", trust="trust.toml", version="2")


@pytest.mark.skipif(os.name != "posix", reason="links")
@pytest.mark.parametrize("way", ["a file", "a folder", "a dump"])
def test_a_link_to_another_signers_bundle_is_one(here: Path, way: str) -> None:
    write, where = WAYS[way]
    Path(where).unlink()
    Path(where).symlink_to(here / "elsewhere.sig")
    with pytest.raises(UsageError) as caught:
        write(key=BOB)
    assert caught.value.code == "bundle-taken"
    assert Path(where).is_symlink()
    # One that leads nowhere is nobody's.
    Path("elsewhere.sig").unlink()
    write(key=BOB)


@pytest.mark.skipif(os.name != "posix", reason="pipes")
@pytest.mark.parametrize("way", WAYS)
def test_what_is_no_file_is_never_replaced(here: Path, way: str) -> None:
    write, where = WAYS[way]
    Path(where).unlink()
    os.mkfifo(where)
    for replace in (False, True):
        with pytest.raises(UsageError) as caught:
            write(key=ANN, replace=replace)
        assert caught.value.code == "unwritable"
    assert Path(where).is_fifo()


@pytest.mark.parametrize("way", WAYS)
def test_whoever_signs_meanwhile_is_not_replaced_either(
    here: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    write, where = WAYS[way]
    Path(where).unlink()
    model = Path("churn.joblib").read_bytes()
    sign_with_key = safeload.SigningKey.sign
    theirs = signed_bundle(b"theirs", ANN)

    def slow(key: safeload.SigningKey, data: bytes) -> bytes:
        Path(where).write_bytes(theirs)
        return sign_with_key(key, data)

    monkeypatch.setattr(safeload.SigningKey, "sign", slow)
    with pytest.raises(UsageError) as caught:
        write(key=BOB)
    assert caught.value.code == "bundle-taken"
    assert Path(where).read_bytes() == theirs
    assert Path("churn.joblib").read_bytes() == model


# -- beside each other -----------------------------------------------------------------------------


def add(key: safeload.SigningKey, label: str | None = "second", **given: Any) -> Path:
    return safeload.countersign(
        "churn.joblib", key=key, trust="trust.toml", label=label, **given
    ).bundle


def test_a_label_is_its_signers_own(here: Path) -> None:
    carol = safeload.SigningKey.generate()
    before = contents(here)
    with pytest.raises(UsageError) as caught:
        add(carol)
    assert caught.value.code == "bundle-taken"
    assert "--label" in caught.value.hint
    assert contents(here) == before
    # The same again, without a label, and because it is wanted.
    add(BOB)
    assert add(carol, None).name != "churn.joblib.second.sig"
    made = UnverifiedBundle.read(add(carol, replace=True).read_bytes())
    assert made.unverified_key_id == carol.public.key_id


# -- certificates ----------------------------------------------------------------------------------


def chained(folder: Path, name: str, key: safeload.SigningKey) -> Path:
    """A certificate of a key, with the authority above it."""
    now = datetime.now(UTC)
    times: dict[str, Any] = {"start": now - timedelta(days=1), "end": now + timedelta(days=1)}
    above = root(**times)
    own = leaf(above, name=name, own=key._private, **times)
    path = folder / f"{name}.pem"
    path.write_text(own.pem + above.pem)
    return path


def test_a_certificate_is_its_keys_owners(here: Path) -> None:
    ann, bob = (safeload.SigningKey.generate(safeload.KeyType.P256) for _ in range(2))
    chains = {key: chained(here, name, key) for name, key in (("ann", ann), ("bob", bob))}

    def signed_by(key: safeload.SigningKey, *, certified: bool, replace: bool = False) -> None:
        chain = chains[key] if certified else None
        sign("churn.joblib", key=key, certificate_chain=chain, replace=replace)

    signed_by(ann, certified=True, replace=True)
    for certified in (True, False):
        with pytest.raises(UsageError) as caught:
            signed_by(bob, certified=certified)
        assert caught.value.code == "bundle-taken"
    # With the certificate, without it, and with it again: the same key.
    signed_by(ann, certified=True)
    signed_by(ann, certified=False)
    signed_by(ann, certified=True)
