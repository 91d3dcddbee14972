"""What any unpickler can get to, the walk gets to; and it ends, whatever the bytes."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safeload.scan.pickle import lenient
from safeload.scan.pickle.lenient import Outcome, reach
from tests.fuzz.targets.reached import check, grow
from tests.scan import originals
from tests.scan.streams import mutations

ROOT = Path(__file__).parents[3]
_settings = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.guarantee("G21")
@_settings
@given(st.randoms(use_true_random=False))
def test_no_name_that_an_unpickler_asks_for_is_missed(rng: random.Random) -> None:
    check(grow(rng))


@pytest.mark.guarantee("G21")
@_settings
@given(mutations([data for data in originals.pickles() if len(data) < 4_000]))
def test_nor_any_in_a_pickle_that_was_damaged(data: bytes) -> None:
    check(data)


@pytest.mark.slow
def test_nor_any_in_many_streams(tmp_path: Path) -> None:
    flags = ["--engine=random", "--seed=11", "--runs=30000", "--seconds=600"]
    command = [sys.executable, "-m", "tests.fuzz", "reached", *flags, f"--corpus={tmp_path}"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@given(st.binary(max_size=300))
def test_any_bytes_are_walked(data: bytes) -> None:
    assert reach(data).outcome in Outcome


@pytest.mark.parametrize(
    "data",
    [
        # The number begins within the frame and ends behind it.
        b"\x95\x02\0\0\0\0\0\0\0NJ\x01\0\0\0.",
        # So does the line.
        b"\x95\x03\0\0\0\0\0\0\0NVa\nb\n.",
        # A frame begins within another and ends behind it.
        b"\x95\x0b\0\0\0\0\0\0\0N\x95\x05\0\0\0\0\0\0\0NNNNNNNN.",
        # The stream ends before its frame.
        b"\x95\x03\0\0\0\0\0\0\0N.NN.",
    ],
)
def test_what_readers_read_differently_is_not_decided(data: bytes) -> None:
    assert reach(data).outcome is Outcome.UNDECIDED


def test_frames_as_picklers_write_them_are_read() -> None:
    data = b"\x80\x04\x95\x02\0\0\0\0\0\0\0N0\x95\x02\0\0\0\0\0\0\0N."

    assert reach(data) == (Outcome.ENDED, len(data), True)


@pytest.mark.parametrize("data", [b"N0" * 100, b"(" * 100])
def test_what_is_too_long_is_not_decided(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lenient, "_OPCODES", 150)
    monkeypatch.setattr(lenient, "_MARKS", 50)

    assert reach(data).outcome is Outcome.UNDECIDED


@pytest.mark.parametrize(
    ("data", "needed"), [(b"N", 2), (b"X\x05\0\0\0ab", 10), (b"\x8e" + bytes(7), 9), (b"Va", 3)]
)
def test_what_is_cut_off_says_how_much_it_takes_to_go_on(data: bytes, needed: int) -> None:
    assert reach(data) == (Outcome.ENDED, needed, False)


@pytest.mark.parametrize(
    "data",
    [b".", b"0", b"1", b"2", b"t", b"a", b"NR", b"]R", b"(NNo", b"N)\x81.", b"h\0", b"g0\n",
     b"Ix\n", b"Fx\n", b"Sx\n", b"p0\n", b"\x93", b"N\x93", b"\x82\0", b"\xff", b"\n", b"Nb",
     b"u", b"(u"],
)  # fmt: skip
def test_what_no_unpickler_takes_ends_the_walk(data: bytes) -> None:
    assert reach(data + b"cposix\nsystem\n").outcome is Outcome.NOTHING
