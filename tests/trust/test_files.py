"""Small files are read whole, and who could have written them is judged."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from safeload.trust.files import read_small


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
