"""A signed folder is what was signed: every file, no other one, and nothing but files."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import safeload
from safeload import hashing
from safeload.artefact import Artefact
from safeload.errors import ArtefactError, RefusedError, SafeloadError, TrustError, UsageError
from safeload.hashing import SHARD, SHARDED_FROM, Digests
from safeload.signing import statement
from safeload.writing.drafts import PART, draft
from safeload.writing.files import writing
from tests.builder import Name, Pickle

KEY = safeload.SigningKey.generate()
TRUST = safeload.TrustFile.parse(
    f'[keys.alice]\npublic = """\n{KEY.public.pem}"""\nmodels = ["*"]\n'.encode()
)
FACTS: dict[str, Any] = {"key": KEY, "name": "churn", "version": "1"}
MODEL = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
MORE = LogisticRegression().fit([[0.0], [2.0]], [0, 1])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a model in a sub-folder, and files beside it; not signed."""
    folder = tmp_path / "model"
    (folder / "sub" / "deep").mkdir(parents=True)
    joblib.dump(MODEL, folder / "sub" / "model.joblib")
    (folder / "README.md").write_text("What this is.\n")
    (folder / "sub" / "deep" / "notes.txt").write_text("Grüße\n", "utf-8")
    (folder / "empty").touch()
    np.save(folder / "rows.npy", np.arange(4.0))
    return folder


@pytest.fixture
def signed(folder: Path) -> Path:
    safeload.sign(folder, **FACTS)
    return folder


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(SafeloadError) as caught:
        call()
    return caught.value.code


def verify(folder: Path) -> safeload.Verified:
    return safeload.verify(folder, trust=TRUST)


FILES = ("README.md", "empty", "rows.npy", "sub/deep/notes.txt", "sub/model.joblib")


def test_a_folder_is_signed_with_its_sub_folders(signed: Path) -> None:
    verified = verify(signed)
    assert verified.files == FILES
    assert verified.is_folder
    assert verified.manifest.model_file == "sub/model.joblib"
    assert bytes(verified.open("sub/deep/notes.txt").data) == "Grüße\n".encode()
    assert verified.artefact.sha256 == Artefact.read(signed / "sub/model.joblib").sha256
    loaded = safeload.load(signed, trust=TRUST)
    assert loaded.coef_.tolist() == MODEL.coef_.tolist()


def test_a_folder_is_staged_for_tools_that_want_paths(signed: Path, tmp_path: Path) -> None:
    staged = verify(signed).stage(tmp_path / "staged")
    assert sorted(str(p.relative_to(staged)) for p in staged.rglob("*") if p.is_file()) == sorted(
        FILES
    )
    assert (staged / "README.md").read_bytes() == (signed / "README.md").read_bytes()
    assert staged.stat().st_mode & 0o777 == 0o700
    assert {p.name for p in tmp_path.iterdir()} == {"model", "staged"}
    assert code_of(lambda: verify(signed).stage(staged)) == "exists"
    assert code_of(lambda: verify(signed).stage(tmp_path / "no" / "folder")) == "unwritable"


def test_a_file_is_staged_as_well(tmp_path: Path) -> None:
    safeload.dump(MODEL, tmp_path / "churn.joblib", **FACTS)
    staged = verify(tmp_path / "churn.joblib").stage(tmp_path / "staged")
    assert (staged / "churn.joblib").read_bytes() == (tmp_path / "churn.joblib").read_bytes()


# Each change to a signed folder, and the error that it ends in.
def _extra(folder: Path) -> None:
    (folder / "sub" / "__init__.py").touch()


def _swapped(folder: Path) -> None:
    one, two = folder / "README.md", folder / "sub" / "deep" / "notes.txt"
    texts = one.read_bytes(), two.read_bytes()
    two.write_bytes(texts[0])
    one.write_bytes(texts[1])


def _linked(folder: Path) -> None:
    (folder.parent / "same").write_bytes((folder / "README.md").read_bytes())
    (folder / "README.md").unlink()
    (folder / "README.md").symlink_to(folder.parent / "same")


def _linked_folder(folder: Path) -> None:
    shutil.move(folder / "sub", folder.parent / "elsewhere")
    (folder / "sub").symlink_to(folder.parent / "elsewhere")


def _socket(folder: Path) -> None:
    (folder / "rows.npy").unlink()
    server = socket.socket(socket.AF_UNIX)
    here = Path.cwd()
    os.chdir(folder)  # the name of a socket is short
    try:
        server.bind("rows.npy")
    finally:
        os.chdir(here)
        server.close()


def _other_model(folder: Path) -> None:
    joblib.dump(MORE, folder / "sub" / "model.joblib")


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a byte more": (lambda f: (f / "README.md").write_text("What this is!\n"), "digest-mismatch"),
    "another model": (_other_model, "digest-mismatch"),
    "a file that was empty": (lambda f: (f / "empty").write_text("x"), "digest-mismatch"),
    "two files swapped": (_swapped, "digest-mismatch"),
    "an LFS pointer": (
        lambda f: (f / "rows.npy").write_text("version https://git-lfs.github.com/spec/v1\n"),
        "placeholder",
    ),
    "a file that is missing": (lambda f: (f / "rows.npy").unlink(), "file-missing"),
    "an empty file that is missing": (lambda f: (f / "empty").unlink(), "file-missing"),
    "a file more": (_extra, "file-unlisted"),
    "a hidden file more": (lambda f: (f / ".env").touch(), "file-unlisted"),
    "a bundle in a sub-folder": (lambda f: (f / "sub" / "model.sig").touch(), "file-unlisted"),
    "a name in another case": (lambda f: (f / "README.md").rename(f / "readme.md"), "file-missing"),
    "names that differ by case": (lambda f: (f / "readme.MD").touch(), "file-name"),
    "names that differ by composition": (lambda f: _composed(f), "file-name"),
    "a name that no statement can have": (lambda f: (f / "a\nb").touch(), "file-name"),
    "a name that is not in UTF-8": (lambda f: (f / os.fsdecode(b"\xff")).touch(), "file-name"),
    "a link to the same bytes": (_linked, "not-regular"),
    "a link to the same folder": (_linked_folder, "not-regular"),
    "a link more": (lambda f: (f / "more").symlink_to("README.md"), "not-regular"),
    "a pipe": (lambda f: os.mkfifo(f / "pipe"), "not-regular"),
    "a socket for a file": (_socket, "not-regular"),
    "a folder for a file": (lambda f: _folder_for_file(f), "file-missing"),
    "no bundle": (lambda f: (f / "model.sig").unlink(), "bundle-missing"),
    "a bundle of another folder": (lambda f: _other_bundle(f), "digest-mismatch"),
    "a bundle of a file": (lambda f: _bundle_of_file(f), "bundle-of-file"),
}


def _composed(folder: Path) -> None:
    (folder / "mod\u00e9le").touch()
    (folder / "mode\u0301le").touch()


def _folder_for_file(folder: Path) -> None:
    (folder / "README.md").unlink()
    (folder / "README.md").mkdir()


def _other_bundle(folder: Path) -> None:
    other = folder.parent / "other"
    shutil.copytree(folder, other)
    (other / "model.sig").unlink()
    _other_model(other)
    safeload.sign(other, **FACTS)
    shutil.copy(other / "model.sig", folder / "model.sig")


def _bundle_of_file(folder: Path) -> None:
    path = folder.parent / "churn.joblib"
    safeload.dump(MODEL, path, **FACTS)
    shutil.copy(f"{path}.sig", folder / "model.sig")


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize(("change", "code"), CHANGES.values(), ids=list(CHANGES))
def test_what_is_not_what_was_signed_is_refused(
    signed: Path, change: Callable[[Path], object], code: str
) -> None:
    change(signed)
    assert code_of(lambda: verify(signed)) == code
    assert code_of(lambda: safeload.load(signed, trust=TRUST)) == code


@pytest.mark.guarantee("G2")
def test_what_changes_after_it_was_verified_is_not_handed_on(signed: Path, tmp_path: Path) -> None:
    verified = verify(signed)
    _other_model(signed)
    assert code_of(lambda: verified.open("sub/model.joblib")) == "digest-mismatch"
    assert code_of(lambda: verified.artefact) == "digest-mismatch"
    assert code_of(lambda: verified.stage(tmp_path / "staged")) == "digest-mismatch"
    assert not (tmp_path / "staged").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"model"}
    (signed / "sub" / "model.joblib").unlink()
    (signed / "sub" / "model.joblib").symlink_to("/etc/passwd")
    assert code_of(lambda: verified.open("sub/model.joblib")) == "unreadable"
    shutil.rmtree(signed)
    assert code_of(lambda: verified.open("README.md")) == "unreadable"


@pytest.mark.parametrize(
    "name", ["other", "../model/README.md", "/etc/passwd", "sub", "SUB/model.joblib", "model.sig"]
)
def test_nothing_unlisted_is_ever_opened(signed: Path, name: str) -> None:
    assert code_of(lambda: verify(signed).open(name)) == "not-covered"


@pytest.mark.parametrize("name", [None, 3, b"README.md", ""])
def test_what_is_no_name_is_a_usage_error(signed: Path, name: Any) -> None:
    with pytest.raises(UsageError):
        verify(signed).open(name)


def test_a_bundle_of_a_folder_is_not_about_a_file_in_it(signed: Path) -> None:
    path, bundle = signed / "sub" / "model.joblib", signed / "model.sig"
    assert code_of(lambda: safeload.verify(path, bundle=bundle, trust=TRUST)) == "bundle-of-folder"


@pytest.mark.guarantee("G4")
def test_a_revoked_file_in_a_folder_is_refused_whatever_the_statement_calls_it(
    signed: Path,
) -> None:
    sha256 = Artefact.read(signed / "rows.npy").sha256
    revoking = safeload.TrustFile.parse(
        f'[keys.alice]\npublic = """\n{KEY.public.pem}"""\nmodels = ["*"]\n'
        f'[revoked]\nfiles = ["{sha256}"]\n'.encode()
    )
    assert code_of(lambda: safeload.verify(signed, trust=revoking)) == "revoked"


def test_while_a_folder_is_written_to_it_is_what_was_signed(signed: Path) -> None:
    with writing(signed) as opened, draft(opened) as inner:
        inner.write(f"{PART}bundle", b"half", mode=0o600)
        assert verify(signed).files == FILES
        (signed / f".safeload-{'0' * 16}-{'1' * 32}.sig").write_bytes(b"waits")
        (signed / "model.bob.sig").symlink_to("elsewhere")
        assert verify(signed).files == FILES


@pytest.mark.guarantee("G4")
def test_a_folder_is_staged_where_nobody_else_can_write(
    signed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who may write to the parent puts a folder of theirs in the place of the draft."""
    theirs, made = tmp_path / "theirs", tempfile.mkdtemp

    def exchanged(*args: Any, **options: Any) -> str:
        path: str = made(*args, **options)
        Path(path).rename(tmp_path / "taken")
        theirs.mkdir()
        theirs.chmod(0o777)
        Path(path).symlink_to(theirs)
        return path

    verified = verify(signed)
    monkeypatch.setattr(tempfile, "mkdtemp", exchanged)
    assert code_of(lambda: verified.stage(tmp_path / "staged")) == "unwritable"
    assert not list(theirs.iterdir())
    assert not (tmp_path / "staged").exists()


def test_what_was_staged_is_no_one_elses_whatever_the_umask(signed: Path, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        staged = verify(signed).stage(tmp_path / "staged")
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o077 for path in (staged, *staged.rglob("*"))} == {0}


# -- signing -------------------------------------------------------------------------------------


def test_what_is_ignored_may_come_and_go(folder: Path) -> None:
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (folder / "run.log").write_text("x")
    safeload.sign(folder, ignore=["*.log", "tmp"], **FACTS)
    verified = verify(folder)
    assert verified.files == FILES
    assert verified.manifest.covered.ignored == ("*.log", "tmp", ".git", "model.sig")
    # A clone of it would be refused otherwise.
    shutil.rmtree(folder / ".git")
    safeload.sign(folder, ignore=["*.log", "tmp"], **FACTS)
    (folder / ".git").write_text("gitdir: ../elsewhere\n")
    assert verify(folder).manifest.covered.ignored == ("*.log", "tmp", ".git", "model.sig")
    (folder / "run.log").unlink()
    (folder / "sub" / "other.log").touch()
    (folder / "tmp").mkdir()
    (folder / "tmp" / "anything").symlink_to("/etc/passwd")
    assert code_of(lambda: verify(folder).open("run.log")) == "not-covered"


@pytest.mark.parametrize("ignore", ["../x", "/x", "a/*", "C:x"])
def test_what_is_ignored_lies_in_the_folder(folder: Path, ignore: str) -> None:
    assert code_of(lambda: safeload.sign(folder, ignore=[ignore], **FACTS)) == "argument-value"
    assert not (folder / "model.sig").exists()


def test_the_model_has_to_be_told_where_there_are_two(folder: Path) -> None:
    joblib.dump(MORE, folder / "other.joblib")
    assert code_of(lambda: safeload.sign(folder, **FACTS)) == "no-model"
    safeload.sign(folder, model_file="other.joblib", **FACTS)
    assert safeload.load(folder, trust=TRUST).coef_.tolist() == MORE.coef_.tolist()
    for wrong in ("README.md", "nothing", "../model/other.joblib"):
        with pytest.raises(UsageError, match="no model"):
            safeload.sign(folder, model_file=wrong, **FACTS)


def test_a_folder_of_plain_data_has_an_array_for_its_model(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    np.save(tmp_path / "data" / "rows.npy", np.arange(4.0))
    safeload.sign(tmp_path / "data", **FACTS)
    assert safeload.load(tmp_path / "data", trust=TRUST).tolist() == [0, 1, 2, 3]


def test_a_hostile_file_beside_the_model_is_not_signed(folder: Path) -> None:
    (folder / "sub" / "extra.dat").write_bytes(
        Pickle(2).call(Name("posix", "system"), "touch canary").finish()
    )
    with pytest.raises(RefusedError, match=r"extra\.dat"):
        safeload.sign(folder, **FACTS)
    assert not (folder / "model.sig").exists()


@pytest.mark.parametrize("change", ["link", "pipe", "name"])
def test_what_is_no_plain_file_is_not_signed(folder: Path, change: str) -> None:
    path = folder / "sub" / ("a\x1b[2J" if change == "name" else "more")
    if change == "link":
        path.symlink_to("x")
    elif change == "pipe":
        os.mkfifo(path)
    else:
        path.touch()
    with pytest.raises(ArtefactError) as caught:
        safeload.sign(folder, **FACTS)
    assert "\x1b" not in str(caught.value)
    assert not (folder / "model.sig").exists()


def test_what_changes_while_it_is_signed_is_not_signed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = statement.model_of

    def meanwhile(*given: Any, **more: Any) -> Any:
        (folder / "README.md").write_text("Something else.\n")
        return original(*given, **more)

    monkeypatch.setattr("safeload.signing.folders.model_of", meanwhile)
    assert code_of(lambda: safeload.sign(folder, **FACTS)) == "changed"
    assert not (folder / "model.sig").exists()


def test_signing_again_replaces_the_bundle(signed: Path) -> None:
    before = (signed / "model.sig").read_bytes()
    _other_model(signed)
    safeload.sign(signed, **{**FACTS, "version": "2"})
    model = verify(signed).manifest.model
    assert model is not None
    assert model.version == "2"
    assert (signed / "model.sig").read_bytes() != before


def test_a_bundle_may_have_a_name_of_its_own_in_the_folder(folder: Path) -> None:
    bundle = safeload.sign(folder, bundle=folder / "sub" / "signature", **FACTS)
    assert safeload.verify(folder, bundle=bundle, trust=TRUST).files == FILES


def test_what_is_too_large_to_be_read_is_not_written(folder: Path) -> None:
    limits = safeload.Limits(bundle_bytes=1_000)
    assert code_of(lambda: safeload.sign(folder, limits=limits, **FACTS)) == "bundle-too-large"
    assert not (folder / "model.sig").exists()


def test_a_bundle_may_lie_elsewhere(folder: Path, tmp_path: Path) -> None:
    where = safeload.sign(folder, bundle=tmp_path / "elsewhere.sig", **FACTS)
    assert not (folder / "model.sig").exists()
    assert code_of(lambda: verify(folder)) == "bundle-missing"
    assert safeload.verify(folder, bundle=where, trust=TRUST).files == FILES
    assert safeload.verify(folder, bundle=where.read_bytes(), trust=TRUST).files == FILES


def test_a_single_file_is_not_asked_what_to_ignore(folder: Path) -> None:
    path = folder / "sub" / "model.joblib"
    assert code_of(lambda: safeload.sign(path, ignore=["x"], **FACTS)) == "no-folder"
    assert code_of(lambda: safeload.sign(path, model_file="x", **FACTS)) == "no-folder"


# -- shards --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A model of more than 64 MiB, signed, in a folder of its own."""
    folder = tmp_path_factory.mktemp("large")
    rows = np.zeros((SHARDED_FROM // 8 + 1_000, 1))
    rows[:, 0] = np.arange(len(rows))
    joblib.dump({"rows": rows}, folder / "rows.joblib")
    (folder / "empty").touch()
    yield folder
    shutil.rmtree(folder)


@pytest.mark.guarantee("G2")
def test_a_large_file_is_signed_in_shards(large: Path) -> None:
    path = large / "rows.joblib"
    safeload.sign(path, **FACTS)
    verified = verify(path)
    (resource,) = verified.manifest.resources
    assert verified.manifest.covered.shard_size == SHARD
    assert len(resource.shards) == 5
    verified.check_whole()
    assert resource.sha256 == Artefact.read(path).sha256
    with path.open("r+b") as file:
        file.seek(3 * SHARD + 17)
        before = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([before[0] ^ 1]))
        file.flush()
        assert code_of(lambda: verify(path)) == "digest-mismatch"
        file.seek(-1, os.SEEK_CUR)
        file.write(before)
    assert verify(path).files == ("rows.joblib",)
    safeload.sign(path, whole=True, **FACTS)
    assert verify(path).manifest.covered.shard_size is None


def test_a_folder_with_a_large_file_is_signed_in_shards(large: Path) -> None:
    safeload.sign(large, ignore=["*.sig"], **FACTS)
    verified = verify(large)
    assert verified.files == ("empty", "rows.joblib")
    assert verified.manifest.covered.shard_size == SHARD
    verified.check_whole()
    assert verified.open("empty").size == 0
    (large / "empty").write_text("x")
    assert code_of(lambda: verify(large)) == "digest-mismatch"
    (large / "empty").unlink()
    assert code_of(lambda: verify(large)) == "file-missing"


def test_a_digest_of_the_whole_that_is_wrong_is_found_by_whoever_asks(large: Path) -> None:
    from safeload.trust.envelope import signed_bundle
    from safeload.trust.manifest import ANNOTATION
    from tests.trust.statements import edited

    path = large / "rows.joblib"
    safeload.sign(path, **FACTS)
    bundle = safeload.trust.bundle.read_bundle(f"{path}.sig")

    def edit(statement: Any) -> None:
        size, _ = statement["subject"][0]["annotations"][ANNOTATION]["files"]["."]
        statement["subject"][0]["annotations"][ANNOTATION]["files"]["."] = [size, "0" * 64]

    Path(f"{path}.sig").write_bytes(signed_bundle(edited(bundle.unverified_payload, edit), KEY))
    with pytest.raises(TrustError) as caught:
        verify(path).check_whole()
    assert caught.value.code == "digest-mismatch"


def test_threads_that_share_a_position_do_not_mix_what_they_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on systems that read at the position of the open file alone."""
    data = b"".join([number.to_bytes(4) * 64 for number in range(5_000)])
    (tmp_path / "file").write_bytes(data)
    monkeypatch.delattr(os, "pread")
    monkeypatch.setattr(hashing, "workers", lambda: 8)
    with (tmp_path / "file").open("rb") as file:
        found = Digests.of_file(file.fileno(), len(data)).shards(256)
    expected = Digests(lambda start, end: data[start:end], len(data)).shards(256)
    assert found == expected
