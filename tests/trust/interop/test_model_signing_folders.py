"""``model_signing`` and safeload verify each other's signatures of folders, and of shards.

In Python, as its command line hashes files as a whole alone; where a command behaves otherwise, it
is run. An unusual folder that it signed is verified here, or refused for a reason that is said.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import model_signing
import pytest
from sklearn.linear_model import LogisticRegression

import safeload
from safeload.errors import SafeloadError
from safeload.hashing import SHARD, SHARDED_FROM
from safeload.signing import statement
from safeload.trust.keys import KeyType
from tests.trust.interop.desks import Desk, every_curve

pytestmark = pytest.mark.skipif(os.name != "posix", reason="names and links of POSIX")
# It has types, and leaves some out.
theirs: Any = model_signing
p256 = pytest.mark.parametrize("key_type", [KeyType.P256])

FILES = ("README.md", "a-b/x", "a/b/c.txt", "a/empty", "a/z.txt", "churn.joblib")
FACTS: dict[str, Any] = {"name": "churn", "version": "1"}
MODEL = LogisticRegression().fit([[0.0], [1.0]], [0, 1])


@pytest.fixture
def desk(tmp_path: Path, key_type: KeyType) -> Desk:
    """A desk whose folder holds a model, sub-folders, and names that sort in two ways."""
    desk = Desk(tmp_path, key_type)
    joblib.dump(MODEL, desk.file)
    for name in FILES:
        if name != desk.file.name:
            put(desk.folder, name, b"" if name.endswith("empty") else name.encode() * 20)
    desk.bundle = desk.folder / "model.sig"
    return desk


def put(folder: Path, name: str, content: bytes = b"1") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def they_sign(desk: Desk, path: Path, hashing: Any = None, *ignored: str) -> None:
    hashing = hashing or theirs.hashing.Config()
    signature = os.path.relpath(desk.bundle, path)
    hashing.set_ignored_paths(paths=[*ignored, signature])
    config = theirs.signing.Config()
    config.use_elliptic_key_signer(private_key=desk.private).set_hashing_config(hashing)
    config.sign(path, desk.bundle)


def they_verify(desk: Desk, path: Path, hashing: Any = None) -> bool:
    config = theirs.verifying.Config()
    config.use_elliptic_key_verifier(public_key=desk.public)
    if hashing is not None:
        config.set_hashing_config(hashing)
    try:
        config.verify(path, desk.bundle)
    except ValueError:
        return False
    return True


def we_verify(desk: Desk, path: Path) -> tuple[str, ...]:
    return safeload.verify(path, bundle=desk.bundle, trust=desk.trust).files


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(SafeloadError) as caught:
        call()
    return caught.value.code


def change(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def shards(size: int, **options: Any) -> Any:
    return theirs.hashing.Config().use_shard_serialization(shard_size=size, **options)


# -- what they sign --------------------------------------------------------------------------------


@every_curve
@pytest.mark.parametrize("shard_size", [None, 7, 20, 100, 1_000_000_000])
def test_we_verify_a_folder_that_they_sign(desk: Desk, shard_size: int | None) -> None:
    hashing = None if shard_size is None else shards(shard_size)
    they_sign(desk, desk.folder, hashing)
    # Empty files have no shards, so that no statement in shards covers them.
    covered = [name for name in FILES if shard_size is None or name != "a/empty"]
    assert sorted(we_verify(desk, desk.folder)) == covered
    opened = safeload.verify(desk.folder, trust=desk.trust).open("a/b/c.txt")
    assert bytes(opened.data) == b"a/b/c.txt" * 20
    change(desk.folder / "a" / "b" / "c.txt")
    assert code_of(lambda: we_verify(desk, desk.folder)) == "digest-mismatch"


@every_curve
def test_we_verify_a_file_that_they_sign_in_shards(desk: Desk, tmp_path: Path) -> None:
    desk.bundle = tmp_path / "bundle"
    they_sign(desk, desk.file, shards(100))
    assert we_verify(desk, desk.file) == ("churn.joblib",)
    change(desk.file)
    assert code_of(lambda: we_verify(desk, desk.file)) == "digest-mismatch"


@p256
def test_a_file_of_a_folder_that_they_sign_is_verified_alone(desk: Desk) -> None:
    """Here that stands for their ``--ignore_unsigned_files``."""
    they_sign(desk, desk.folder)
    put(desk.folder, "added.txt")
    assert code_of(lambda: we_verify(desk, desk.folder)) == "file-unlisted"
    assert we_verify(desk, desk.file) == ("churn.joblib",)
    assert code_of(lambda: we_verify(desk, desk.folder / "added.txt")) == "not-covered"


@dataclass(frozen=True)
class Odd:
    """A folder that is not as most are.

    Attributes:
        files: Names of further files.
        ignored: Names that the signer leaves out.
        covered: Which of the further files the statement covers; by default all.
        code: The error that verifying ends in here; none if it is verified.
        hashing: How they hash it.
        edit: What else is done to the folder before it is signed.
    """

    files: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    covered: tuple[str, ...] | None = None
    code: str = ""
    hashing: Callable[[], Any] = theirs.hashing.Config
    edit: Callable[[Path], object] = lambda _: None


def whole(algorithm: Any) -> Callable[[], Any]:
    return lambda: theirs.hashing.Config().use_file_serialization(hashing_algorithm=algorithm)


def with_links() -> Any:
    return theirs.hashing.Config().set_allow_symlinks(True)


def linked_file(folder: Path) -> None:
    (folder / "link").symlink_to("README.md")


def emptied(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def linked_folder(folder: Path) -> None:
    (folder / "link").symlink_to("a")


ODD = {
    "files of git, which they leave out": Odd(
        (".git/HEAD", ".gitignore", ".gitattributes", ".github/x.yml"), covered=()
    ),
    "files of git further down, which they do not": Odd(("a/.gitignore", "a/.git/HEAD")),
    "a file left out": Odd(("notes.txt",), ("notes.txt",), ()),
    "a folder left out": Odd(("tmp/x", "tmp/y/z"), ("tmp",), ()),
    "a file in a folder left out": Odd(("tmp/x", "tmp/y"), ("tmp/x",), ("tmp/y",)),
    "a file left out whose name is a pattern": Odd(("t*", "tx"), ("t*",), ("tx",)),
    "a folder left out whose name is a pattern": Odd(("t?/x", "tx/x"), ("t?",), ("tx/x",)),
    "a file left out whose name is none for us": Odd(("a:b",), ("a:b",), ()),
    "an older bundle that they cover": Odd(("model.ann.sig", "sub/model.sig")),
    "a file with a name like our own": Odd((".safeload-x", ".safeload-y/z")),
    "letters of other scripts": Odd(("Größe", "模型", "😀")),
    "a name not in normal form C": Odd(("Gro\u0308\u00dfe",)),
    "blanks and quotes": Odd(("a b", " c", '"d"', "e'f")),
    "what a shell takes for more": Odd(("*", "[a]", "$(x)", "~", "-rf", "#")),
    "a dot at the end": Odd(("end.", "a.b./c")),
    "the longest name": Odd(("x" * 255,)),
    "a direction that is overridden": Odd(("\u202exyz",)),
    "links allowed, and none there": Odd(hashing=with_links),
    "a link to a file": Odd(hashing=with_links, edit=linked_file, code="not-regular"),
    "a link to a folder": Odd(hashing=with_links, edit=linked_folder, code="not-regular"),
    "BLAKE2": Odd(hashing=whole("blake2"), code="manifest-malformed"),
    "BLAKE3": Odd(hashing=whole("blake3"), code="manifest-malformed"),
    "BLAKE2 in shards": Odd(
        hashing=lambda: shards(20, hashing_algorithm="blake2"), code="manifest-malformed"
    ),
    "a colon in a name": Odd(("a:b",), code="manifest-malformed"),
    "a backslash in a name": Odd(("a\\b",), code="manifest-malformed"),
    "a line break in a name": Odd(("a\nb",), code="manifest-malformed"),
    "a device of Windows": Odd(("aux.txt",), code="manifest-malformed"),
    "names that differ in case alone": Odd(("readme.MD",), code="manifest-malformed"),
    "names that are one in normal form C": Odd(("e\u0301", "\u00e9"), code="manifest-malformed"),
    "folders in folders in folders": Odd(("d/" * 64 + "x",), code="manifest-malformed"),
    "no file at all": Odd(edit=emptied, code="manifest-malformed"),
}


@p256
@pytest.mark.parametrize("odd", ODD.values(), ids=list(ODD))
def test_an_unusual_folder_that_they_sign_is_verified_or_refused_by_name(
    desk: Desk, odd: Odd
) -> None:
    for name in odd.files:
        put(desk.folder, name)
    odd.edit(desk.folder)
    they_sign(desk, desk.folder, odd.hashing(), *odd.ignored)
    if odd.code:
        assert code_of(lambda: we_verify(desk, desk.folder)) == odd.code
        return
    assert they_verify(desk, desk.folder)
    further = odd.files if odd.covered is None else odd.covered
    assert sorted(we_verify(desk, desk.folder)) == sorted([*FILES, *further])
    for name in further:
        change(desk.folder / name)
        assert code_of(lambda: we_verify(desk, desk.folder)) == "digest-mismatch"
        change(desk.folder / name)
    put(desk.folder, "a/added")
    assert code_of(lambda: we_verify(desk, desk.folder)) == "file-unlisted"


# -- what we sign ----------------------------------------------------------------------------------


@every_curve
def test_they_verify_a_folder_that_we_sign(desk: Desk) -> None:
    put(desk.folder, "tmp/x")
    safeload.sign(desk.folder, key=desk.key, ignore=["tmp"], **FACTS)
    assert we_verify(desk, desk.folder) == FILES
    assert they_verify(desk, desk.folder)
    change(desk.folder / "a" / "b" / "c.txt")
    assert not they_verify(desk, desk.folder)


@every_curve
@pytest.mark.parametrize("what", ["file", "folder"])
def test_they_verify_shards_that_we_sign(
    desk: Desk, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement, "SHARD", 100)
    monkeypatch.setattr(statement, "SHARDED_FROM", 200)
    path = desk.file if what == "file" else desk.folder
    desk.bundle = safeload.sign(path, key=desk.key, **FACTS)
    covered = safeload.verify(path, trust=desk.trust).manifest.covered
    assert covered.shard_size == 100
    assert they_verify(desk, path)
    change(desk.file)
    assert not they_verify(desk, path)


@p256
def test_their_command_verifies_what_we_sign_as_a_whole(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement, "SHARDED_FROM", 200)
    for signed_whole in (False, True):
        desk.bundle = safeload.sign(desk.file, key=desk.key, whole=signed_whole, **FACTS)
        assert desk.model_signing_verifies(desk.file) is signed_whole


@p256
def test_they_verify_a_file_that_is_as_large_as_those_in_shards(desk: Desk) -> None:
    with desk.file.open("wb") as file:
        joblib.dump({"rows": bytes(SHARDED_FROM)}, file)
    desk.bundle = safeload.sign(desk.file, key=desk.key, **FACTS)
    assert safeload.verify(desk.file, trust=desk.trust).manifest.covered.shard_size == SHARD
    assert they_verify(desk, desk.file)


@p256
def test_they_verify_their_own_shards_only_if_they_are_told_the_size(desk: Desk) -> None:
    """They write the size as 20.0, and do not read that; ours they read, and we read both."""
    they_sign(desk, desk.folder, shards(20))
    with pytest.raises(TypeError):
        they_verify(desk, desk.folder)
    assert they_verify(desk, desk.folder, shards(20))


@p256
def test_their_command_is_told_what_else_lies_in_a_folder_that_we_signed(desk: Desk) -> None:
    """They know no patterns, no countersignatures, and leave out files of git unasked."""
    put(desk.folder, ".gitignore")
    put(desk.folder, "a/run.log")
    safeload.sign(desk.folder, key=desk.key, ignore=["*.log"], **FACTS)
    (desk.folder / "model.bob.sig").write_bytes(desk.bundle.read_bytes())
    assert not desk.model_signing_verifies(desk.folder)
    told = ["--no-ignore-git-paths"]
    for name in ("a/run.log", "model.bob.sig"):
        told += ["--ignore-paths", str(desk.folder / name)]
    assert desk.model_signing_verifies(desk.folder, *told)
