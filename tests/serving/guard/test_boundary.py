"""One pickle is read from a file, and the file stands behind it."""

from __future__ import annotations

import io
import os
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeload.limits import Limits
from safeload.serving.guard.boundary import read_pickle

VALUES: list[Any] = [
    {"a": 1},
    [1.5, None, True] * 3_000,
    "x" * 100_000,
    b"y" * 70_000,
    (1, "two"),
    print,
    2**5_000,
    -(2**40),
    {number: str(number) for number in range(2_000)},
    bytearray(b"z" * 9),
]


class Pipe:
    """A file that cannot go back, and knows how much was read of it."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def read(self, size: int) -> bytes:
        return self._file.read(size)

    def readline(self) -> bytes:
        return self._file.readline()

    @property
    def position(self) -> int:
        return self._file.tell()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("kind", [io.BytesIO, Pipe])
def test_pickles_are_read_one_after_the_other(kind: Any, protocol: int) -> None:
    parts = [pickle.dumps(value, protocol) for value in VALUES]
    file = kind(b"".join(parts))
    for part in parts:
        assert read_pickle(file, Limits()) == part
    assert read_pickle(file, Limits()) == b""


def test_nothing_is_read_ahead_from_what_cannot_go_back() -> None:
    part = pickle.dumps(VALUES)
    file = Pipe(part + b"what follows")
    assert read_pickle(file, Limits()) == part
    assert file.position == len(part)


def test_a_pipe_of_the_system_is_read_to_the_end_of_the_stream_alone() -> None:
    source, target = os.pipe()
    with os.fdopen(source, "rb", buffering=0) as file, os.fdopen(target, "wb", buffering=0) as out:
        out.write(pickle.dumps({"a": 1}) + pickle.dumps({"b": 2}))
        assert pickle.loads(read_pickle(file, Limits())) == {"a": 1}
        assert pickle.loads(read_pickle(file, Limits())) == {"b": 2}


@given(data=st.binary(max_size=200))
def test_any_bytes_are_read_and_no_more_than_there_are(data: bytes) -> None:
    file, pipe = io.BytesIO(b"#" + data), Pipe(data)
    file.read(1)
    found = read_pickle(file, Limits())
    assert data.startswith(found)
    assert file.tell() == 1 + len(found)
    # What asks for more than any file may hold is not read on.
    assert found.startswith(read_pickle(pipe, Limits()))


def test_what_is_too_large_is_not_read_to_its_end() -> None:
    limits = Limits(bytes_in=100_000)
    file = io.BytesIO(b"\x80\x04" + b"N0" * 500_000 + b".")
    assert len(read_pickle(file, limits)) == 100_001


def test_what_is_no_file_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        read_pickle(object(), Limits())
