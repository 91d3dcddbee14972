"""A trust file may demand several signers, and nothing but several signers will do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import safeload
from safeload.errors import TrustError, UsageError
from safeload.limits import Limits
from safeload.trust import countersignatures as beside
from safeload.trust.bundle import read_bundle
from safeload.trust.envelope import signed_bundle
from safeload.trust.keys import KeyType, SigningKey
from safeload.trust.trustfile import TrustFile, entry_text
from tests.writing.scenarios import MODEL, NEW, OLD

ALICE, BOB, CAROL, MALLORY = (SigningKey.generate() for _ in range(4))
BOB_P256 = SigningKey.generate(KeyType.P256)
KEYS = {"alice": ALICE, "bob": BOB, "carol": CAROL}


def trust(threshold: int, extra: str = "", **models: str) -> TrustFile:
    """Who may sign churn, and how many have to."""
    entries = [
        entry_text(name, key.public, [models.get(name, "churn")]) for name, key in KEYS.items()
    ]
    text = "".join(entries) + f"[models.churn]\nthreshold = {threshold}\n{extra}"
    return TrustFile.parse(text.encode())


ONE, TWO, THREE = map(trust, (1, 2, 3))


@pytest.fixture(scope="module")
def signed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("signed")
    safeload.dump(OLD, folder / MODEL, key=ALICE, name="churn", version="1", serial=1)
    return folder


@pytest.fixture
def model(signed_once: Path, tmp_path: Path) -> Path:
    """A model that Alice alone has signed."""
    shutil.copytree(signed_once, tmp_path / "model")
    return tmp_path / "model" / MODEL


def add(model: Path, key: SigningKey, label: str | None = None) -> Path:
    return safeload.countersign(model, key=key, trust=ONE, label=label).bundle


def refused(model: Path, trusted: TrustFile) -> str:
    with pytest.raises(TrustError) as caught:
        safeload.load(model, trust=trusted)
    return caught.value.code


# Counting


@pytest.mark.guarantee("G4")
def test_so_many_signers_are_needed_as_the_trust_file_demands(model: Path) -> None:
    assert safeload.verify(model, trust=ONE).signers == ("alice",)
    assert refused(model, TWO) == "threshold-not-met"
    add(model, BOB)
    assert safeload.verify(model, trust=TWO).signers == ("alice", "bob")
    assert safeload.load(model, trust=TWO).C == OLD.C
    assert refused(model, THREE) == "threshold-not-met"
    add(model, CAROL)
    assert set(safeload.verify(model, trust=THREE).signers) == set(KEYS)


def test_what_is_demanded_of_one_model_is_not_demanded_of_another(model: Path) -> None:
    text = entry_text("alice", ALICE.public, ["*"]) + "[models.fraud]\nthreshold = 2\n"
    assert safeload.verify(model, trust=TrustFile.parse(text.encode())).signers == ("alice",)


def test_a_countersignature_is_over_the_very_same_payload(model: Path) -> None:
    one, two = read_bundle(Path(f"{model}.sig")), read_bundle(add(model, BOB))
    assert one.unverified_payload == two.unverified_payload
    assert one.unverified_key_id != two.unverified_key_id


def payload(model: Path) -> bytes:
    return read_bundle(Path(f"{model}.sig")).unverified_payload


def other_payload(folder: Path) -> bytes:
    folder.mkdir()
    safeload.dump(OLD, folder / MODEL, key=ALICE, name="churn", version="1", serial=2)
    return payload(folder / MODEL)


ATTACKS: dict[str, tuple[str, Callable[[Path], bytes]]] = {
    "alice's bundle under a second name": (
        "signer-repeated",
        lambda model: Path(f"{model}.sig").read_bytes(),
    ),
    "alice signs it once more": (
        "signer-repeated",
        lambda model: signed_bundle(payload(model), ALICE),
    ),
    "bob's bundle is about another release": (
        "countersignature-differs",
        lambda model: signed_bundle(other_payload(model.parent / "other"), BOB),
    ),
    "somebody unknown signs": (
        "threshold-not-met",
        lambda model: signed_bundle(payload(model), MALLORY),
    ),
    "a bundle says that bob signed it": (
        "threshold-not-met",
        lambda model: signed_bundle(payload(model), MALLORY).replace(
            MALLORY.public.key_id.encode(), BOB.public.key_id.encode()
        ),
    ),
    "it is not a bundle": ("threshold-not-met", lambda _: b"{}"),
    "it is too large": ("threshold-not-met", lambda _: b" " * (Limits().bundle_bytes + 1)),
}


@pytest.mark.guarantee("G4")
@pytest.mark.parametrize(("code", "forge"), ATTACKS.values(), ids=list(ATTACKS))
def test_what_does_not_count_is_named_and_does_no_harm(
    model: Path, code: str, forge: Callable[[Path], bytes]
) -> None:
    model.with_name(f"{MODEL}.a.sig").write_bytes(forge(model))
    assert refused(model, TWO) == code
    add(model, BOB)
    assert safeload.verify(model, trust=TWO).signers == ("alice", "bob")


WITHOUT_RIGHT = {
    "bob may sign another model": trust(2, bob="fraud"),
    "bob's key is revoked": trust(2, f"[revoked]\nkeys = ['{BOB.public.key_id}']\n"),
    "bob's time is over": TrustFile.parse(
        (
            entry_text("alice", ALICE.public, ["churn"])
            + entry_text("bob", BOB.public, ["churn"])
            + "not_after = 2020-01-01T00:00:00Z\n[models.churn]\nthreshold = 2\n"
        ).encode()
    ),
    "bob is retired": TrustFile.parse(
        (
            entry_text("alice", ALICE.public, ["churn"])
            + entry_text("bob", BOB.public, ["churn"])
            + "only = []\n[models.churn]\nthreshold = 2\n"
        ).encode()
    ),
    "bob has another key now": TrustFile.parse(
        (
            entry_text("alice", ALICE.public, ["churn"])
            + entry_text("bob", BOB_P256.public, ["churn"])
            + "[models.churn]\nthreshold = 2\n"
        ).encode()
    ),
}


@pytest.mark.guarantee("G4")
@pytest.mark.parametrize("trusted", WITHOUT_RIGHT.values(), ids=list(WITHOUT_RIGHT))
def test_whoever_may_not_sign_the_model_does_not_count(model: Path, trusted: TrustFile) -> None:
    add(model, BOB)
    assert refused(model, trusted) == "threshold-not-met"


def test_others_cannot_take_the_place_of_the_ordinary_bundle(model: Path) -> None:
    add(model, BOB)
    add(model, CAROL)
    Path(f"{model}.sig").unlink()
    assert refused(model, ONE) == "bundle-missing"
    assert refused(model, TWO) == "bundle-missing"


# Finding them


def test_the_bundle_of_another_model_is_not_a_further_one(model: Path) -> None:
    further = add(model, BOB, "bob")
    assert further.name == f"{MODEL}.bob.sig"
    other = model.with_name(f"{MODEL}.bob")
    shutil.copy(model, other)
    assert list(beside.countersignatures(model, Limits())) == []
    other.unlink()
    assert [name for name, _ in beside.countersignatures(model, Limits())] == [further.name]


def test_names_of_other_forms_are_not_looked_at(model: Path) -> None:
    for name in ("a.b", "", "ü", "a" * 65, "a b"):
        model.with_name(f"{MODEL}.{name}.sig").write_bytes(b"{}")
    model.with_name(f"{MODEL}x.a.sig").write_bytes(b"{}")
    model.with_name(f"{MODEL}.a.sig.bak").write_bytes(b"{}")
    assert list(beside.countersignatures(model, Limits())) == []


def test_of_very_many_only_some_are_read(model: Path) -> None:
    for number in range(beside._MOST + 10):
        model.with_name(f"{MODEL}.{number:03}.sig").write_bytes(b"{}")
    assert len(list(beside.countersignatures(model, Limits()))) == beside._MOST


def test_a_folder_of_models_has_them_within(tmp_path: Path) -> None:
    assert beside.labelled_path(tmp_path, "bob") == tmp_path / "model.bob.sig"
    assert beside.label_of("model.sig", "model.bob.sig") == "bob"
    assert beside.label_of("model.sig", "model.sig") is None


@pytest.mark.skipif(os.name != "posix", reason="a pipe of a name")
def test_a_pipe_in_the_place_of_a_bundle_is_not_waited_for(model: Path) -> None:
    os.mkfifo(model.with_name(f"{MODEL}.a.sig"))
    assert refused(model, TWO) == "threshold-not-met"


# Countersigning


def test_a_label_is_part_of_a_name_and_nothing_more(model: Path) -> None:
    for label in ("../x", "a.b", "", "ü", "a" * 65):
        with pytest.raises(UsageError) as caught:
            add(model, BOB, label or "\0")
        assert caught.value.code in ("label", "argument-value")
    assert sorted(path.name for path in model.parent.iterdir()) == [MODEL, f"{MODEL}.sig"]


def test_the_first_signer_does_not_countersign(model: Path) -> None:
    with pytest.raises(TrustError) as caught:
        add(model, ALICE)
    assert caught.value.code == "signer-repeated"


def test_what_nobody_trusted_has_signed_is_not_countersigned(model: Path) -> None:
    text = entry_text("carol", CAROL.public, ["*"])
    with pytest.raises(TrustError) as caught:
        safeload.countersign(model, key=BOB, trust=TrustFile.parse(text.encode()))
    assert caught.value.code == "signer-unknown"
    with pytest.raises(TrustError) as caught:
        safeload.countersign(model, key=BOB, trust=ONE, name="fraud")
    assert caught.value.code == "wrong-model"
    with model.open("ab") as file:
        file.write(b"\0")
    with pytest.raises(TrustError) as caught:
        add(model, BOB)
    assert caught.value.code == "digest-mismatch"
    assert len(list(model.parent.iterdir())) == 2


def test_a_new_release_takes_new_countersignatures_that_may_lie_there_before(
    model: Path, tmp_path: Path
) -> None:
    add(model, BOB)
    staged = tmp_path / "staged"
    staged.mkdir()
    safeload.dump(NEW, staged / MODEL, key=ALICE, name="churn", version="2", serial=2)
    further = add(staged / MODEL, BOB)
    # By the digest of the statement in its name, it does not take the place of the old one.
    shutil.copy(further, model.parent)
    assert safeload.load(model, trust=TWO).C == OLD.C
    shutil.copy(staged / MODEL, model)
    shutil.copy(staged / f"{MODEL}.sig", f"{model}.sig")
    assert safeload.load(model, trust=TWO).C == NEW.C


def test_a_new_release_without_them_is_said_to_lack_them(model: Path) -> None:
    add(model, BOB)
    safeload.dump(NEW, model, key=ALICE, name="churn", version="2", serial=2)
    assert refused(model, TWO) == "countersignature-differs"
