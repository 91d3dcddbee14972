"""The filter refuses what it names, on the architecture that it is for, and allows the rest.

The filter is run here as the kernel runs it; that the kernel takes it, the tests of isolated models
show.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from safeload.isolation.system_calls import _ARCHITECTURES, _REFUSED, filter_program

ALLOW, REFUSE = 0x7FFF0000, 0x00050001
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}


def run(program: bytes, architecture: int, number: int) -> int:
    """What a filter says of a call."""
    data = struct.pack("=IIQ", number, architecture, 0)
    instructions = list(struct.iter_unpack("=HBBI", program))
    place = word = 0
    while True:
        code, if_so, if_not, value = instructions[place]
        place += 1
        if code == 0x20:
            (word,) = struct.unpack_from("=I", data, value)
        elif code in (0x15, 0x35):
            place += if_so if (word == value if code == 0x15 else word >= value) else if_not
        else:
            assert code == 0x06
            return int(value)


@pytest.mark.parametrize("machine", _ARCHITECTURES)
def test_what_is_named_is_refused_and_nothing_else(machine: str) -> None:
    architecture, column = _ARCHITECTURES[machine]
    program = filter_program(machine)
    assert program is not None
    named = {row[column] for row in _REFUSED}
    for number in [*range(600), 0x3FFF_FFFF]:
        assert run(program, architecture, number) == (REFUSE if number in named else ALLOW)
    for number in (0x4000_0000, 0x4000_0029, 0xFFFF_FFFF):
        assert run(program, architecture, number) == REFUSE


@pytest.mark.parametrize("machine", _ARCHITECTURES)
def test_every_call_of_another_architecture_is_refused(machine: str) -> None:
    program = filter_program(machine)
    assert program is not None
    for other in (0x4000_0003, 0xC000_003F, 0):
        assert run(program, other, 0) == REFUSE


@pytest.mark.parametrize("machine", HEADERS)
def test_the_numbers_are_those_of_the_kernel(machine: str) -> None:
    if not HEADERS[machine].exists():
        pytest.skip("the kernel's headers are not installed")
    text = HEADERS[machine].read_text()
    for row in _REFUSED:
        assert f"#define __NR_{row[0]} {row[_ARCHITECTURES[machine][1]]}\n" in text


def test_where_the_numbers_are_not_known_there_is_no_filter() -> None:
    assert filter_program("vax") is None


def test_a_thread_started_later_is_held_as_well() -> None:
    if os.uname().machine not in _ARCHITECTURES:
        pytest.skip("there is no filter for this machine")
    code = (
        "import socket, threading\n"
        "from safeload.isolation.system_calls import refuse_system_calls\n"
        "print(refuse_system_calls())\n"
        "def act():\n"
        "    try: socket.socket()\n"
        "    except PermissionError as error: print(error.errno)\n"
        "thread = threading.Thread(target=act)\n"
        "thread.start()\n"
        "thread.join()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "1"]
