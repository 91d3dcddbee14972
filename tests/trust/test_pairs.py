"""A model and its bundle are replaced as one: who reads meanwhile finds the old pair or the new."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import joblib
import pytest

import safeload
from safeload.errors import ArtefactError, TrustError
from safeload.signing import dumping
from safeload.trust import pairs
from safeload.trust.bundle import read_bundle
from safeload.trust.trustfile import Revoked
from safeload.writing.folder import Folder
from tests.owners.users import as_root
from tests.writing.scenarios import DATA, KEY, MODEL, NEW, OLD, OTHER, TRUST, leftovers


def dump(folder: Path, model: Any, version: str, **given: Any) -> Path:
    given = {"key": KEY, "name": "churn", "version": version, **given}
    safeload.dump(model, folder / MODEL, **given)
    return folder


def version(path: Path) -> str:
    about = safeload.verify(path, trust=TRUST).manifest.model
    assert about is not None
    return about.version


def refused(path: Path) -> str:
    with pytest.raises(TrustError) as caught:
        safeload.verify(path, trust=TRUST)
    return caught.value.code


def waiting(path: Path, name: str | None = None) -> Path:
    """Where the bundle of the bytes at a path waits for its place."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return path.with_name(pairs._waiting(name or path.name, digest))


@pytest.fixture
def between(tmp_path: Path) -> Path:
    """A folder as a dump leaves it that is killed between its two renames."""
    new = dump(_folder(tmp_path / "new"), NEW, "2")
    here = dump(_folder(tmp_path / "here"), OLD, "1")
    (new / MODEL).replace(here / MODEL)
    (new / f"{MODEL}.sig").replace(waiting(here / MODEL))
    return here


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


# -- reading --------------------------------------------------------------------------------------


def test_a_bundle_that_waits_for_its_place_is_found(between: Path) -> None:
    assert version(between / MODEL) == "2"
    assert safeload.load(between / MODEL, trust=TRUST).C == NEW.C


def test_it_is_found_where_there_is_no_other(between: Path) -> None:
    (between / f"{MODEL}.sig").unlink()
    assert version(between / MODEL) == "2"


def test_it_is_found_by_a_link_to_the_model(between: Path) -> None:
    links = _folder(between / "links")
    for name in (MODEL, f"{MODEL}.sig"):
        (links / f"current-{name}").symlink_to(between / name)
    assert version(links / f"current-{MODEL}") == "2"


FORGED: dict[str, Callable[[Path], object]] = {
    "it is not a bundle": lambda path: path.write_bytes(b"{}"),
    "it is of another key": lambda path: _forge(path, NEW, key=OTHER),
    "it is about other bytes": lambda path: _forge(path, OLD),
    "it is a folder": lambda path: _make_folder(path),
    "it is not there": lambda path: path.unlink(),
}


def _make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _forge(path: Path, model: Any, **given: Any) -> None:
    folder = _folder(path.parent / "forged")
    (dump(folder, model, "3", **given) / f"{MODEL}.sig").replace(path)


@pytest.mark.guarantee("G23")
@pytest.mark.parametrize("case", FORGED)
def test_no_other_is_accepted_and_the_error_is_that_of_the_ordinary_one(
    between: Path, case: str
) -> None:
    FORGED[case](waiting(between / MODEL))
    assert refused(between / MODEL) == "digest-mismatch"
    (between / f"{MODEL}.sig").unlink()
    assert refused(between / MODEL) == "bundle-missing"


@pytest.mark.guarantee("G23")
def test_the_rights_of_its_signer_are_checked(between: Path) -> None:
    text = b"[keys.a]\nmodels = ['fraud']\npublic = '''" + KEY.public.pem.encode() + b"'''\n"
    narrow = safeload.TrustFile.parse(text)
    with pytest.raises(TrustError) as caught:
        safeload.verify(between / MODEL, trust=narrow)
    assert caught.value.code == "signer-not-allowed"


@pytest.mark.guarantee("G23")
def test_no_other_bundle_revives_what_the_ordinary_one_does_not_vouch_for(tmp_path: Path) -> None:
    expires = datetime.now(UTC) + timedelta(days=1)
    dump(tmp_path, OLD, "1", not_after=expires)
    ordinary, beside = tmp_path / f"{MODEL}.sig", waiting(tmp_path / MODEL)
    older = _folder(tmp_path / "older")
    (dump(older, OLD, "0") / f"{MODEL}.sig").replace(beside)
    payload = hashlib.sha256(read_bundle(ordinary).unverified_payload).hexdigest()
    revoking = replace(TRUST, revoked=Revoked(payloads=frozenset({payload})))
    with pytest.raises(TrustError) as caught:
        safeload.verify(tmp_path / MODEL, trust=revoking)
    assert caught.value.code == "revoked"


def test_a_pair_that_is_replaced_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dump(tmp_path, OLD, "1")
    original, times = read_bundle, [0]

    def slow(*given: Any) -> Any:
        # All of a dump falls between the reading of the model and that of its bundle.
        if not times[0]:
            times[0] += 1
            monkeypatch.setattr(pairs, "read_bundle", original)
            dump(tmp_path, NEW, "2")
        return original(*given)

    monkeypatch.setattr(pairs, "read_bundle", slow)
    assert version(tmp_path / MODEL) == "2"
    assert times == [1]


def test_who_replaces_the_pair_without_end_does_not_keep_a_reader_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dump(tmp_path, OLD, "1")
    model, bundle = tmp_path / MODEL, tmp_path / f"{MODEL}.sig"
    (dump(_folder(tmp_path / "other"), NEW, "2") / bundle.name).replace(bundle)
    original, reads = safeload.artefact.Artefact.read, [0]

    def replaced(*given: Any, **more: Any) -> Any:
        reads[0] += 1
        artefact = original(*given, **more)
        copy = tmp_path / "copy"
        copy.write_bytes(model.read_bytes())
        copy.replace(model)
        return artefact

    monkeypatch.setattr(safeload.artefact.Artefact, "read", replaced)
    assert refused(model) == "digest-mismatch"
    assert reads == [16]


def test_a_pair_that_does_not_fit_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dump(tmp_path, OLD, "1")
    with (tmp_path / MODEL).open("ab") as file:
        file.write(b"x")
    original, reads = safeload.artefact.Artefact.read, [0]

    def counted(*given: Any, **more: Any) -> Any:
        reads[0] += 1
        return original(*given, **more)

    monkeypatch.setattr(safeload.artefact.Artefact, "read", counted)
    assert refused(tmp_path / MODEL) == "digest-mismatch"
    assert reads == [1]


# -- the next run ---------------------------------------------------------------------------------


@pytest.mark.parametrize("writing", ["dump", "sign"])
def test_the_next_run_for_the_model_leaves_two_files(between: Path, writing: str) -> None:
    if writing == "dump":
        dump(between, NEW, "3")
    else:
        safeload.sign(between / MODEL, key=KEY, name="churn", version="3")
    assert version(between / MODEL) == "3"
    assert {path.name for path in between.iterdir()} == {MODEL, f"{MODEL}.sig"}


def test_the_next_run_for_another_model_finishes_the_pair(between: Path) -> None:
    safeload.dump(OLD, between / "other.joblib", key=KEY, name="other", version="1")
    assert leftovers(between) == []
    assert version(between / MODEL) == "2"


def test_what_waits_in_vain_is_removed(between: Path) -> None:
    beside = waiting(between / MODEL)
    (between / MODEL).rename(between / "moved.joblib")
    safeload.dump(OLD, between / "other.joblib", key=KEY, name="other", version="1")
    assert not beside.exists()
    assert leftovers(between) == []


def test_what_is_in_its_place_by_now_is_not_replaced(between: Path) -> None:
    beside = waiting(between / MODEL)
    older = beside.read_bytes()
    safeload.sign(between / MODEL, key=KEY, name="churn", version="9")
    beside.write_bytes(older)
    safeload.dump(OLD, between / "other.joblib", key=KEY, name="other", version="1")
    assert leftovers(between) == []
    assert version(between / MODEL) == "9"


@as_root
def test_what_somebody_else_has_begun_is_left_to_them(between: Path) -> None:
    beside = waiting(between / MODEL)
    os.chown(beside, 65534, 65534)
    safeload.dump(OLD, between / "other.joblib", key=KEY, name="other", version="1")
    assert beside.exists()
    assert version(between / MODEL) == "2"


def test_what_waits_is_put_in_place_only_if_it_is_about_the_model(between: Path) -> None:
    beside, ordinary = waiting(between / MODEL), between / f"{MODEL}.sig"
    before = ordinary.read_bytes()
    beside.write_bytes(b"a file of ours that somebody gave this name")
    safeload.dump(OLD, between / "other.joblib", key=KEY, name="other", version="1")
    assert ordinary.read_bytes() == before
    assert leftovers(between) == []


@as_root
def test_a_model_of_somebody_else_is_not_read_to_finish_its_pair(between: Path) -> None:
    # It may have no end, while all other writers wait.
    os.chown(between / MODEL, 65534, 65534)
    safeload.dump(OLD, between / "other.joblib", key=KEY, name="other", version="1")
    assert waiting(between / MODEL).exists()
    assert version(between / MODEL) == "2"


@as_root
def test_a_pair_of_somebody_else_stays_theirs_and_stays_two_files(tmp_path: Path) -> None:
    dump(tmp_path, OLD, "1")
    for path in tmp_path.iterdir():
        os.chown(path, 65534, 65534)
    dump(tmp_path, NEW, "2")
    assert {(path.name, path.stat().st_uid) for path in tmp_path.iterdir()} == {
        (MODEL, 65534),
        (f"{MODEL}.sig", 65534),
    }


def test_a_folder_that_cannot_be_listed_holds_two_files_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Folder.names

    def names(folder: Folder) -> list[str]:
        # Root may list every folder, so no mode will do.
        if folder.path == tmp_path:
            raise PermissionError(errno.EACCES, "Permission denied")
        return original(folder)

    monkeypatch.setattr(Folder, "names", names)
    dump(tmp_path, OLD, "1")
    dump(tmp_path, NEW, "2")
    assert {path.name for path in tmp_path.iterdir()} == {MODEL, f"{MODEL}.sig"}


def test_a_model_that_is_replaced_while_it_is_signed_is_not_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dump(tmp_path, OLD, "1")

    def meanwhile(*_: Any) -> None:
        monkeypatch.undo()
        dump(tmp_path, NEW, "2")

    monkeypatch.setattr("safeload.signing.statement._probe", meanwhile)
    with pytest.raises(ArtefactError) as caught:
        safeload.sign(tmp_path / MODEL, key=KEY, name="churn", version="9", probe=DATA)
    assert caught.value.code == "changed"
    assert version(tmp_path / MODEL) == "2"


NAMES = ["bundle", "before", "new-0", "model", "x" * 250, "é" * 125, "a.gz"]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_does(tmp_path: Path, name: str) -> None:
    for model, number in ((OLD, "1"), (NEW, "2")):
        safeload.dump(model, tmp_path / name, key=KEY, name="churn", version=number)
        assert version(tmp_path / name) == number
        assert safeload.load(tmp_path / name, trust=TRUST).C == model.C
    assert {path.name for path in tmp_path.iterdir()} == {name, f"{name}.sig"}


def test_a_model_that_is_open_is_not_disturbed(tmp_path: Path) -> None:
    dump(tmp_path, OLD, "1")
    mapped = safeload.load(tmp_path / MODEL, trust=TRUST, mmap_mode="r")
    expected = OLD.predict_proba(DATA).tolist()
    with (tmp_path / MODEL).open("rb") as file:
        before = (tmp_path / MODEL).read_bytes()
        dump(tmp_path, NEW, "2")
        assert file.read() == before
    assert mapped.predict_proba(DATA).tolist() == expected


def exchange_the_draft(folder: Path, monkeypatch: pytest.MonkeyPatch, *, before: bool) -> None:
    """Have another draft in the place of the next one, before or after its model is written."""
    original = dumping.write_model

    def exchanged(model: Any, path: Path, compress: Any, **more: Any) -> None:
        if not before:
            original(model, path, compress, **more)
        (draft,) = folder.glob(".safeload-????????????????")
        draft.rename(folder / "moved")
        draft.mkdir()
        original(NEW, draft / path.name, compress, **more)
        if before:
            (draft / path.name).rename(folder / "precious")
            (draft / path.name).symlink_to(folder / "precious")
            original(model, path, compress, **more)

    monkeypatch.setattr("safeload.signing.dumping.write_model", exchanged)


@pytest.mark.guarantee("G24")
def test_another_model_in_the_place_of_the_draft_is_not_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever may write to the folder can exchange the draft, though not enter it.
    dump(tmp_path, OLD, "1")
    exchange_the_draft(tmp_path, monkeypatch, before=False)
    monkeypatch.setattr("safeload.writing.folder._OPEN_FILES", tmp_path)
    with pytest.raises(ArtefactError) as caught:
        dump(tmp_path, OLD, "2")
    assert caught.value.code == "changed"
    assert version(tmp_path / MODEL) == "1"


@pytest.mark.guarantee("G24")
@pytest.mark.skipif(sys.platform != "linux", reason="a path leads to an open folder on Linux")
@pytest.mark.parametrize("before", [True, False])
def test_a_draft_is_written_where_it_was_made_whoever_renames_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    exchange_the_draft(tmp_path, monkeypatch, before=before)
    dump(tmp_path, OLD, "2")
    assert safeload.load(tmp_path / MODEL, trust=TRUST).C == OLD.C
    if before:
        # What the link leads to is as it was.
        assert joblib.load(tmp_path / "precious").C == NEW.C
