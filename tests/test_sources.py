"""A model is loaded, verified and signed from wherever it is: a path, bytes, or an open file."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import safeload
from safeload.artefact import Artefact, Hashing, Source
from safeload.errors import ArtefactError, RefusedError, SafeloadError, UsageError
from tests.builder import Name, Pickle

KEY, SECOND = safeload.SigningKey.generate(), safeload.SigningKey.generate()
ENTRY = '[keys.{}]\npublic = """\n{}"""\nmodels = ["*"]\n'
ONE = ENTRY.format("alice", KEY.public.pem)
TRUST = safeload.TrustFile.parse(ONE.encode())
TWO = safeload.TrustFile.parse(
    (ONE + ENTRY.format("bob", SECOND.public.pem) + "[models.churn]\nthreshold = 2\n").encode()
)
FACTS: dict[str, Any] = {"key": KEY, "name": "churn", "version": "1"}
MODEL = LogisticRegression().fit([[0.0], [1.0]], [0, 1])


def content() -> bytes:
    buffer = io.BytesIO()
    joblib.dump(MODEL, buffer)
    return buffer.getvalue()


DATA = content()


def zipped() -> BinaryIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("models/churn.joblib", DATA)
    return zipfile.ZipFile(buffer).open("models/churn.joblib")  # type: ignore[return-value]


def halfway() -> BinaryIO:
    file = io.BytesIO(b"a header" + DATA)
    file.seek(8)
    return file


class Slow(io.RawIOBase):
    """A file that gives a byte or two at a time, as a socket may."""

    def __init__(self) -> None:
        self.rest = DATA

    def read(self, size: int = -1) -> bytes:
        piece, self.rest = self.rest[:199], self.rest[199:]
        return piece


SOURCES: dict[str, Callable[[], Any]] = {
    "bytes": lambda: DATA,
    "a bytearray": lambda: bytearray(DATA),
    "a view": lambda: memoryview(DATA),
    "a view of larger items": lambda: memoryview(DATA + b"." * (-len(DATA) % 4)).cast("B")[
        : len(DATA)
    ],
    "a view with gaps": lambda: memoryview(bytes(b for octet in DATA for b in (octet, 0)))[::2],
    "a file in memory": lambda: io.BytesIO(DATA),
    "a member of a zip": zipped,
    "a file from where it stands": halfway,
    "a file that gives little at a time": Slow,
    "what was read already": lambda: Artefact.of(DATA),
}
every_source = pytest.mark.parametrize("make", SOURCES.values(), ids=list(SOURCES))


@pytest.fixture(scope="module")
def bundle() -> bytes:
    made: bytes = safeload.sign(DATA, **FACTS)
    return made


@every_source
def test_a_model_from_anywhere_is_verified_and_loaded(
    make: Callable[[], Source], bundle: bytes, tmp_path: Path
) -> None:
    (tmp_path / "churn.sig").write_bytes(bundle)
    verified = safeload.verify(make(), bundle=bundle, trust=TRUST)
    assert bytes(verified.artefact.data) == DATA
    assert len(verified.files) == 1
    for given in (bundle, tmp_path / "churn.sig", str(tmp_path / "churn.sig")):
        loaded = safeload.load(make(), bundle=given, trust=TRUST)
        assert loaded.coef_.tolist() == MODEL.coef_.tolist()
    assert safeload.load_unsigned(make()).coef_.tolist() == MODEL.coef_.tolist()


@pytest.mark.parametrize("mode", ["r", "c"])
@every_source
def test_arrays_of_any_source_are_mapped(
    make: Callable[[], Source], bundle: bytes, mode: str
) -> None:
    loaded = safeload.load(make(), bundle=bundle, trust=TRUST, mmap_mode=mode)
    assert loaded.coef_.tolist() == MODEL.coef_.tolist()
    assert loaded.coef_.flags.writeable is (mode == "c")


@every_source
def test_a_model_from_anywhere_is_signed(make: Callable[[], Any], tmp_path: Path) -> None:
    made = safeload.sign(make(), **FACTS)
    assert safeload.load(DATA, bundle=made, trust=TRUST).coef_.tolist() == MODEL.coef_.tolist()
    where = tmp_path / "beside.sig"
    assert safeload.sign(make(), bundle=where, **FACTS) == where
    assert safeload.verify(DATA, bundle=where, trust=TRUST).signer == "alice"


def test_what_callers_do_with_their_bytes_afterwards_is_nothing_to_us(bundle: bytes) -> None:
    data = bytearray(DATA)
    verified = safeload.verify(data, bundle=bundle, trust=TRUST)
    data[:] = b"x" * len(data)
    assert bytes(verified.artefact.data) == DATA
    file = io.BytesIO(DATA)
    artefact = Artefact.of(file)
    file.seek(0)
    file.write(b"x")
    assert artefact.sha256 == Artefact.of(DATA).sha256


@pytest.mark.guarantee("G2")
def test_other_bytes_are_not_those_that_were_signed(bundle: bytes) -> None:
    with pytest.raises(SafeloadError) as caught:
        safeload.load(DATA[:-1], bundle=bundle, trust=TRUST)
    assert caught.value.code == "digest-mismatch"


@pytest.mark.parametrize("call", [safeload.load, safeload.verify])
def test_bytes_have_no_bundle_beside_them(call: Callable[..., object]) -> None:
    with pytest.raises(UsageError) as caught:
        call(DATA, trust=TRUST)
    assert (caught.value.code, caught.value.exit_code) == ("bundle-needed", 2)


def test_several_signers_of_bytes_are_given_as_a_list(tmp_path: Path) -> None:
    path = tmp_path / "churn.joblib"
    path.write_bytes(DATA)
    first = safeload.sign(path, **FACTS).read_bytes()
    second = safeload.countersign(path, key=SECOND, trust=TRUST).bundle.read_bytes()
    assert safeload.verify(DATA, bundle=[first, second], trust=TWO).signers == ("alice", "bob")
    for given in (first, [first], [first, first], [first, b"{}"]):
        with pytest.raises(SafeloadError) as caught:
            safeload.verify(DATA, bundle=given, trust=TWO)
        assert caught.value.code in {"threshold-not-met", "signer-repeated"}
    nothing: Any
    for nothing in ([], ()):
        with pytest.raises(UsageError):
            safeload.verify(DATA, bundle=nothing, trust=TWO)


def test_a_folder_is_countersigned(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "churn.joblib").write_bytes(DATA)
    safeload.sign(tmp_path / "model", **FACTS)
    with pytest.raises(SafeloadError):
        safeload.verify(tmp_path / "model", trust=TWO)
    done = safeload.countersign(tmp_path / "model", key=SECOND, trust=TRUST, label="bob")
    assert done.bundle == tmp_path / "model" / "model.bob.sig"
    assert safeload.verify(tmp_path / "model", trust=TWO).signers == ("alice", "bob")


def test_who_countersigns_a_folder_looks_at_all_files_in_it(tmp_path: Path) -> None:
    """The first signer's policy allows what the second one's does not."""
    folder, lax = tmp_path / "model", tmp_path / "lax.toml"
    folder.mkdir()
    (folder / "churn.joblib").write_bytes(DATA)
    (folder / "other.pkl").write_bytes(Pickle(4).object_(Name("acme", "Thing")).finish())
    lax.write_text(
        '[[group]]\nreason = "ours"\nuses = ["construct"]\n[group.names]\nacme = ["Thing"]\n'
    )
    safeload.sign(folder, policy=lax, model_file="churn.joblib", **FACTS)
    again = partial(safeload.countersign, folder, key=SECOND, trust=TRUST, label="bob")
    with pytest.raises(RefusedError) as caught:
        again()
    assert "other.pkl" in caught.value.message
    assert not (folder / "model.bob.sig").exists()
    again(policy=lax)
    assert safeload.verify(folder, trust=TWO).signers == ("alice", "bob")


class Nameless(io.BytesIO):
    """A file whose name cannot be asked for, as that of a detached one."""

    @property
    def name(self) -> str:
        raise ValueError("raw stream has been detached")


class Named(io.BytesIO):
    def __init__(self, name: object) -> None:
        super().__init__(DATA)
        self.name = name


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "..", "../..", "", "/", b"x", 3, None])
def test_a_file_of_any_name_is_staged_in_its_folder(
    bundle: bytes, name: object, tmp_path: Path
) -> None:
    verified = safeload.verify(Named(name), bundle=bundle, trust=TRUST)
    staged = verified.stage(tmp_path / "staged")
    assert [path.read_bytes() for path in staged.iterdir()] == [DATA]


def test_a_file_need_not_have_a_name(bundle: bytes) -> None:
    safeload.verify(Nameless(DATA), bundle=bundle, trust=TRUST)


def test_what_is_loaded_from_an_artefact_is_not_loaded_into_it(tmp_path: Path) -> None:
    """Else whoever writes to an array of the model has other bytes pass for those signed."""
    joblib.dump({"rows": np.zeros(20_000)}, tmp_path / "rows.joblib")
    safeload.sign(tmp_path / "rows.joblib", **FACTS)
    verified = safeload.verify(tmp_path / "rows.joblib", trust=TRUST)
    first = safeload.load_unsigned(verified.artefact)
    first["rows"][:] = 1
    second = safeload.load_unsigned(verified.artefact)
    third = safeload.load(verified.artefact, trust=TRUST)
    assert not second["rows"].any()
    assert not third["rows"].any()
    staged = verified.stage(tmp_path / "staged") / "rows.joblib"
    assert staged.read_bytes() == (tmp_path / "rows.joblib").read_bytes()


@pytest.mark.parametrize(
    "view",
    [
        np.zeros((0, 3)).data,
        np.zeros(3, [("a", "i4"), ("b", "f8")]).data,
        np.zeros((2, 2), order="F").data,
        np.zeros(4)[::2].data,
        np.array(1.0).data,
    ],
    ids=["empty", "of records", "by columns", "with gaps", "of no dimension"],
)
def test_a_view_of_any_shape_is_its_bytes(view: memoryview) -> None:
    assert bytes(Artefact.of(view).data) == view.tobytes()


@pytest.mark.parametrize("bundle_type", [bytearray, memoryview, lambda data: [memoryview(data)]])
def test_a_bundle_is_any_bytes(bundle: bytes, bundle_type: Callable[[bytes], Any]) -> None:
    safeload.verify(DATA, bundle=bundle_type(bundle), trust=TRUST)


class Broken(io.RawIOBase):
    def read(self, size: int = -1) -> bytes:
        raise ValueError("I/O operation on closed file")


class Unwilling:
    def __getattr__(self, name: str) -> object:
        raise ValueError(name)


def _released() -> memoryview:
    view = memoryview(DATA)
    view.release()
    return view


WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "a file of text": (lambda: io.StringIO("x"), "argument-value"),
    "a file that cannot be read": (Broken, "unreadable"),
    "a file that is closed": (lambda: _closed(), "unreadable"),
    "a view that was released": (lambda: _released(), "argument-value"),
    "an object that answers nothing": (Unwilling, "no-path"),
    "a number": (lambda: 3, "no-path"),
    "nothing": (lambda: None, "no-path"),
    "a list": (lambda: [DATA], "no-path"),
}


def _closed() -> BinaryIO:
    file = io.BytesIO(DATA)
    file.close()
    return file


@pytest.mark.parametrize(("make", "code"), WRONG.values(), ids=list(WRONG))
def test_what_is_no_source(make: Callable[[], Any], code: str) -> None:
    with pytest.raises(SafeloadError) as caught:
        safeload.load_unsigned(make())
    assert caught.value.code == code


def test_a_file_without_an_end_is_read_up_to_the_limit() -> None:
    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return b"x" * 1_000

    with pytest.raises(ArtefactError) as caught:
        safeload.load_unsigned(cast("BinaryIO", Endless()), limits=safeload.Limits(bytes_in=10_000))
    assert caught.value.code == "too-large"
    with pytest.raises(ArtefactError):
        safeload.load_unsigned(DATA, limits=safeload.Limits(bytes_in=10))


@pytest.mark.parametrize(
    "text",
    [
        b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 9\n",
        b"<!doctype html><title>Sign in</title>",
        b"",
    ],
    ids=["an LFS pointer", "a page", "nothing"],
)
def test_what_was_put_in_the_place_of_the_model_is_named(
    tmp_path: Path, bundle: bytes, text: bytes
) -> None:
    path = tmp_path / "churn.joblib"
    path.write_bytes(text)
    (tmp_path / "churn.joblib.sig").write_bytes(bundle)
    given: Any
    for given in ({}, {"bundle": bundle}):
        with pytest.raises(SafeloadError) as caught:
            safeload.load(path, trust=TRUST, **given)
        assert caught.value.code == "placeholder"
        assert "changed" not in caught.value.message


@pytest.mark.parametrize("hashing", list(Hashing))
def test_the_digest_is_the_same_whenever_it_is_computed(tmp_path: Path, hashing: Hashing) -> None:
    path = tmp_path / "model"
    path.write_bytes(DATA)
    assert Artefact.read(path, hashing=hashing).sha256 == Artefact.of(DATA).sha256


@every_source
def test_a_model_from_anywhere_is_audited(make: Callable[[], Any]) -> None:
    made = make()
    if isinstance(made, Artefact):
        pytest.skip("audits take what can be sent to another process")
    (file,) = safeload.audit(made).files
    assert (file.verdict, file.format, file.sha256) == (
        "accept",
        "joblib",
        Artefact.of(DATA).sha256,
    )


def test_bytes_are_audited_beside_files_by_several_processes(tmp_path: Path) -> None:
    (tmp_path / "churn.joblib").write_bytes(DATA)
    hostile = bytes(Pickle(2).call(Name("posix", "system"), "touch canary").stop())
    report = safeload.audit(tmp_path, hostile, io.BytesIO(DATA), jobs=2)
    assert [file.verdict for file in report.files] == ["accept", "refuse", "accept"]
    assert [file.path for file in report.files][1:] == ["<bytes>", "<file>"]
    assert safeload.audit(hostile, limits=safeload.Limits(bytes_in=3)).exit_code == 3
