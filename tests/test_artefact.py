"""A file is read once, whole and regular, into memory that nobody else can change."""

from __future__ import annotations

import gc
import hashlib
import mmap
import os
from pathlib import Path
from typing import Any

import pytest

from safeload.artefact import Artefact
from safeload.errors import ArtefactError, UsageError
from safeload.limits import Limits

SIZES = [0, 1, 65_535, 65_536, 1 << 20, (1 << 20) + 1, 3_500_000]
MODES = [None, "r", "c"]


def content(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.joblib"
    path.write_bytes(content(100_000))
    return path


def code_of(path: Any, **given: Any) -> str:
    with pytest.raises(ArtefactError) as caught:
        Artefact.read(path, **given)
    return caught.value.code


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", SIZES)
def test_a_regular_file_becomes_its_bytes_and_their_digest(
    tmp_path: Path, size: int, mode: str | None
) -> None:
    path = tmp_path / "model.joblib"
    path.write_bytes(content(size))

    artefact = Artefact.read(path, mmap_mode=mode)

    assert bytes(artefact.data) == content(size)
    assert artefact.size == size == len(artefact.data)
    assert artefact.sha256 == hashlib.sha256(content(size)).hexdigest()
    assert artefact.path == path


@pytest.mark.parametrize("form", [str, os.fspath, Path])
def test_a_path_may_be_given_in_any_form(model: Path, form: Any) -> None:
    assert Artefact.read(form(model)).size == 100_000


def test_progress_adds_up_to_the_size(model: Path) -> None:
    steps: list[int] = []

    Artefact.read(model, progress=steps.append)

    assert sum(steps) == 100_000


def test_a_symbolic_link_is_followed(model: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(model)

    assert Artefact.read(link).sha256 == Artefact.read(model).sha256


def test_a_link_to_nothing_is_unreadable(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nothing")

    assert code_of(link) == "unreadable"


def test_a_link_to_itself_is_unreadable(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(link)

    assert code_of(link) == "unreadable"


def test_a_missing_file_is_unreadable(tmp_path: Path) -> None:
    assert code_of(tmp_path / "nothing") == "unreadable"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_must_not_be_read_is_unreadable(model: Path) -> None:
    model.chmod(0)

    assert code_of(model) == "unreadable"


def test_a_file_that_cannot_be_opened_is_unreadable(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: Any) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)

    assert code_of(model) == "unreadable"


def test_a_disk_that_fails_is_unreadable(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: Any) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "readv", fail)

    assert code_of(model) == "unreadable"


def test_a_directory_is_no_regular_file(tmp_path: Path) -> None:
    assert code_of(tmp_path) == "not-regular"


def test_a_pipe_is_no_regular_file_and_nothing_waits_for_it(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    assert code_of(pipe) == "not-regular"


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/urandom"])
def test_a_device_is_no_regular_file(device: str) -> None:
    if not Path(device).exists():
        pytest.skip("this system has no such device")

    assert code_of(device) == "not-regular"


@pytest.mark.parametrize("path", ["", "a\0b", 3, None, b"model", ["model"]])
def test_what_is_no_path_is_a_usage_error(path: Any) -> None:
    with pytest.raises(UsageError) as caught:
        Artefact.read(path)

    assert caught.value.code == "no-path"


def test_a_file_beyond_the_limit_is_not_read(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*given: Any) -> int:
        pytest.fail("it was read")

    assert Artefact.read(model, limits=Limits(bytes_in=100_000)).size == 100_000
    monkeypatch.setattr(os, "readv", never)
    assert code_of(model, limits=Limits(bytes_in=99_999)) == "too-large"


def test_a_file_larger_than_memory_is_an_error(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: Any, **more: Any) -> mmap.mmap:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(mmap, "mmap", refuse)

    assert code_of(model) == "too-large"


class _Meddler:
    """Stands for ``os.readv`` and does something to the file between two reads."""

    def __init__(self, meddle: Any) -> None:
        self.readv = os.readv
        self.meddle = meddle
        self.reads = 0

    def __call__(self, descriptor: int, buffers: Any) -> int:
        self.reads += 1
        if self.reads == 2:
            self.meddle()
        return self.readv(descriptor, buffers)


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("change", [-1_000_000, -1, 1, 1_000_000])
def test_a_file_that_changes_size_while_it_is_read_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: int, mode: str | None
) -> None:
    path = tmp_path / "model.joblib"
    path.write_bytes(content(3_000_000))
    monkeypatch.setattr(os, "readv", _Meddler(lambda: os.truncate(path, 3_000_000 + change)))

    assert code_of(path, mmap_mode=mode) == "changed"


@pytest.mark.guarantee("G5")
def test_a_file_replaced_while_it_is_read_is_the_one_that_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, other = tmp_path / "model.joblib", tmp_path / "other"
    path.write_bytes(content(3_000_000))
    other.write_bytes(bytes(3_000_000))
    monkeypatch.setattr(os, "readv", _Meddler(lambda: other.replace(path)))

    assert bytes(Artefact.read(path).data) == content(3_000_000)


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("mode", MODES)
def test_a_file_rewritten_while_it_is_read_has_the_digest_of_what_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str | None
) -> None:
    path = tmp_path / "model.joblib"
    path.write_bytes(content(3_000_000))

    def rewrite() -> None:
        with path.open("r+b") as file:
            file.write(bytes(3_000_000))

    monkeypatch.setattr(os, "readv", _Meddler(rewrite))

    artefact = Artefact.read(path, mmap_mode=mode)

    assert artefact.sha256 == hashlib.sha256(artefact.data).hexdigest()


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("mode", MODES)
def test_what_happens_to_the_file_later_does_not_happen_to_the_bytes(
    model: Path, mode: str | None
) -> None:
    artefact = Artefact.read(model, mmap_mode=mode)

    with model.open("r+b") as file:
        file.write(bytes(100_000))
    model.unlink()

    assert bytes(artefact.data) == content(100_000)


def test_short_reads_are_put_together(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readv = os.readv
    monkeypatch.setattr(os, "readv", lambda fd, buffers: readv(fd, [buffers[0][:777]]))

    artefact = Artefact.read(model)

    assert bytes(artefact.data) == content(100_000)
    assert artefact.sha256 == hashlib.sha256(content(100_000)).hexdigest()


def test_a_system_without_readv_reads_the_same(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "readv")

    assert bytes(Artefact.read(model).data) == content(100_000)


def test_bytes_to_be_mapped_for_reading_cannot_be_written(model: Path) -> None:
    data = Artefact.read(model, mmap_mode="r").data

    assert memoryview(data).readonly
    with pytest.raises(TypeError):
        data[0] = 1


def test_bytes_to_be_mapped_for_copying_can_be_written_and_the_file_stays(model: Path) -> None:
    data = Artefact.read(model, mmap_mode="c").data

    data[0] = 99

    assert data[0] == 99
    assert model.read_bytes() == content(100_000)


def descriptors() -> set[str]:
    # What only an exception's traceback still holds is not open for long.
    gc.collect()
    return {path.name for path in Path("/proc/self/fd").iterdir()}


needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")


@needs_proc
@pytest.mark.parametrize("mode", MODES)
def test_no_descriptor_stays_open(model: Path, tmp_path: Path, mode: str | None) -> None:
    before = descriptors()

    held = Artefact.read(model, mmap_mode=mode)
    assert code_of(tmp_path, mmap_mode=mode) == "not-regular"

    # A map keeps a descriptor of its own.
    assert len(descriptors() - before) <= (mode is not None)
    assert held.size


@needs_proc
@pytest.mark.parametrize("mode", MODES)
def test_no_descriptor_stays_open_where_reading_fails(
    model: Path, monkeypatch: pytest.MonkeyPatch, mode: str | None
) -> None:
    def fail(*given: Any) -> int:
        raise OSError(5, "Input/output error")

    before = descriptors()
    monkeypatch.setattr(os, "readv", fail)

    assert code_of(model, mmap_mode=mode) == "unreadable"

    assert descriptors() <= before


@pytest.mark.guarantee("G5")
@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="needs memory files")
def test_sealed_bytes_cannot_be_changed_through_their_memory_file(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    create = os.memfd_create

    def noted(*given: Any) -> int:
        descriptor = create(*given)
        made.append(os.dup(descriptor))
        return descriptor

    monkeypatch.setattr(os, "memfd_create", noted)
    artefact = Artefact.read(model, mmap_mode="r")

    (memory,) = made
    try:
        for attack in (
            lambda: os.pwrite(memory, b"evil", 0),
            lambda: os.ftruncate(memory, 10),
            lambda: os.ftruncate(memory, 1_000_000),
            lambda: mmap.mmap(memory, 100_000),
        ):
            with pytest.raises(PermissionError):
                attack()
    finally:
        os.close(memory)
    assert bytes(artefact.data) == content(100_000)


def test_it_is_told_whether_the_path_leads_to_the_same_file_still(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"model")
    artefact = Artefact.read(path)
    (tmp_path / "backup").hardlink_to(path)
    path.chmod(0o600)
    assert artefact.is_current()
    with path.open("ab") as file:
        file.write(b"x")
    assert not artefact.is_current()
    artefact = Artefact.read(path)
    (tmp_path / "other").write_bytes(b"modelx")
    (tmp_path / "other").replace(path)
    assert not artefact.is_current()
    path.unlink()
    assert not artefact.is_current()
