"""Small files are read whole, and who could have written them is judged."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from safeload.trust.files import others_may_write, read_small

posix = pytest.mark.skipif(os.name != "posix", reason="owners and modes are a POSIX matter")


def test_a_file_up_to_the_limit_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for data in (b"", b"x" * 100):
        path.write_bytes(data)
        assert read_small(path, limit=100)[0] == data
    with pytest.raises(OSError, match="99 bytes") as caught:
        read_small(path, limit=99)
    assert caught.value.errno == errno.EFBIG


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_a_file_that_holds_more_than_it_says_is_read_whole_or_refused() -> None:
    # Files in /proc say that they are empty.
    path = Path("/proc/self/status")
    assert read_small(path, limit=100_000)[0].startswith(b"Name:")
    with pytest.raises(OSError, match="10 bytes"):
        read_small(path, limit=10)


@posix
def test_on_a_read_only_file_system_nobody_may_replace_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "trust.toml"
    path.write_bytes(b"")
    tmp_path.chmod(0o777)
    assert others_may_write(path, path.stat())
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY))
    assert not others_may_write(path, path.stat())


def test_elsewhere_than_on_posix_modes_say_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "trust.toml"
    path.write_bytes(b"")
    path.chmod(0o666)
    status = path.stat()
    monkeypatch.setattr("safeload.trust.files.os.name", "nt")
    verdict = others_may_write(path, status)
    monkeypatch.undo()
    assert verdict == ""
