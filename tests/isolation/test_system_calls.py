"""The filter allows what its list names, as its conditions say, and refuses every other call.

The filter is run here as the kernel runs it, for each architecture; what the kernel of this machine
makes of it, the process of a model shows, which makes every call there is.
"""

from __future__ import annotations

import errno
import os
import re
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import safeload
from safeload.isolation.system_calls import (
    _ARCHITECTURES,
    _UNKNOWN,
    SystemCall,
    filter_program,
    system_calls,
)
from tests.isolation.test_model import held

ALLOW = 0x7FFF_0000
REFUSE = 0x0005_0000 | errno.EPERM
ABSENT = 0x0005_0000 | errno.ENOSYS
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "generic": Path("/usr/include/asm-generic/unistd.h"),
}
# Whoever makes these is not there afterwards to say what came of it.
ENDING = {"exit", "exit_group", "rt_sigreturn"}
# uretprobe and uprobe of x86-64: newer kernels ask no filter about them. They mean something to a
# traced process only, and end every other.
UNFILTERED = {335, 336} if os.uname().machine == "x86_64" else set()
# Arguments that meet each condition, and others that do not: writing, truncating, making, a mere
# path; another process; limits that are set; a lease, a watch on a folder, a signal, a lock; input
# for a terminal; memory that is compared with that of others; death with the parent, leave to be
# traced, a longer life for capabilities.
THREAD = 0x003D_0F00
CONDITIONS: dict[str, tuple[Sequence[tuple[int, ...]], Sequence[tuple[int, ...]]]] = {
    "": ([(0,) * 6, (2**64 - 1,) * 6], []),
    "reads": (
        [(0, 0, flags) for flags in (0, os.O_CLOEXEC, os.O_DIRECTORY | os.O_NOFOLLOW)],
        [(0, 0, flags) for flags in (1, 2, os.O_CREAT, os.O_TRUNC, 0o20200000 | 2, 0o10000000)],
    ),
    "opens": (
        [(0, flags) for flags in (0, os.O_CLOEXEC, os.O_DIRECTORY | os.O_NOFOLLOW)],
        [(0, flags) for flags in (1, 2, os.O_CREAT, os.O_TRUNC, 0o20200000 | 2, 0o10000000)],
    ),
    "thread": (
        [(THREAD,), (THREAD | 0x0140_0000,)],
        [(flags,) for flags in (0, 17, 0x4100 | 17, 0x0120_0011, 0x1000_0000, 2**32)]
        + [(flags | THREAD, 0) for flags in (0x2000, 0x1000_0000, 0x0002_0000, 0x8000_0000)]
        # With memory, folder, open files or handlers of its own.
        + [(THREAD & ~flag, 0) for flag in (0x100, 0x200, 0x400, 0x800)],
    ),
    "advises": (
        [(0, 0, advice) for advice in (0, 4, 8, 14, 16, 22, 102)],
        [(0, 0, advice) for advice in (9, 12, 13, 21, 100, 101, 2**32 - 1)],
    ),
    "itself": (
        [(os.getpid(), 1, 6)],
        [(0, 1, 6), (1, 1, 9), (os.getpid() + 1, 1, 9), (2**32 - 1, 1, 9)],
    ),
    "asks": (
        [(0, 7, 0, 1)],
        [(0, 7, 1, 0), (1, 7, 0, 1), (0, 7, 2**32, 0), (os.getpid(), 7, 0, 1)],
    ),
    "flags": (
        [(1, command) for command in (0, 1, 2, 3, 1030)],
        [(1, command) for command in (4, 6, 8, 10, 14, 1024, 1026, 1031, 1033)],
    ),
    "terminal": ([(1, 0x5401), (1, 0x5451)], [(1, 0x5412), (1, 0x541B), (1, 0x8933), (1, 0)]),
    "name": ([(15, 1), (16, 1)], [(1, 9), (4, 1), (22, 2), (28, 1), (38, 1), (0x5961_6D61, -1)]),
}


def run(program: bytes, architecture: int, number: int, arguments: tuple[int, ...] = ()) -> int:
    """What a filter says of a call."""
    words = [argument % 2**64 for argument in (*arguments, *(0,) * 6)][:6]
    data = struct.pack("=IIQ6Q", number, architecture, 0, *words)
    instructions = list(struct.iter_unpack("=HBBI", program))
    place = word = 0
    while True:
        code, if_so, if_not, value = instructions[place]
        place += 1
        if code == 0x20:
            (word,) = struct.unpack_from("=I", data, value)
        elif code == 0x54:
            word &= value
        elif code in (0x15, 0x35):
            place += if_so if (word == value if code == 0x15 else word >= value) else if_not
        else:
            assert code == 0x06
            return int(value)


def listed(machine: str) -> dict[int, SystemCall]:
    """The calls of the list that an architecture has, by number."""
    table = _ARCHITECTURES[machine][1]
    calls = [call for call in system_calls() if table in call.numbers]
    by_number = {call.numbers[table]: call for call in calls}
    assert len(by_number) == len(calls)
    return by_number


@pytest.mark.parametrize("machine", _ARCHITECTURES)
def test_what_is_listed_is_allowed_and_nothing_else(machine: str) -> None:
    architecture = _ARCHITECTURES[machine][0]
    program = filter_program(machine)
    assert program is not None
    calls = listed(machine)
    for number in [*range(1100), 0x3FFF_FFFF, 0x4000_0000, 0x4000_0029, 0xFFFF_FFFF]:
        call = calls.get(number)
        if call is None:
            assert run(program, architecture, number) == (ABSENT if number >= _UNKNOWN else REFUSE)
        elif not call.allowed:
            assert run(program, architecture, number) == ABSENT
        else:
            meet, fail = CONDITIONS[call.when]
            assert {run(program, architecture, number, given) for given in meet} == {ALLOW}
            assert {run(program, architecture, number, given) for given in fail} <= {REFUSE}


@pytest.mark.parametrize("machine", _ARCHITECTURES)
def test_every_call_of_another_architecture_is_refused(machine: str) -> None:
    program = filter_program(machine)
    assert program is not None
    for other in (0x4000_0003, 0xC000_003F, 0):
        for number in range(600):
            assert run(program, other, number) == REFUSE


@pytest.mark.parametrize("table", HEADERS)
def test_the_numbers_are_those_of_the_kernel(table: str) -> None:
    if not HEADERS[table].exists():
        pytest.skip("the kernel's headers are not installed")
    text = HEADERS[table].read_text()
    # The generic table calls a few by a name for 32 and 64 bits, which is given another below it.
    numbers = {
        name: int(number)
        for name, number in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)$", text, re.MULTILINE)
    }
    numbers["newfstatat"] = numbers.get("newfstatat", numbers.get("fstatat", 0))
    for call in system_calls():
        if table in call.numbers and call.name in numbers:
            assert call.numbers[table] == numbers[call.name], call.name
    known = {call.name for call in system_calls() if table in call.numbers}
    # Of the architecture itself, or newer than some headers.
    assert known - numbers.keys() <= {"mseal", "riscv_flush_icache", "riscv_hwprobe"}
    # None is left out by mistake where the architecture has it.
    assert not {call.name for call in system_calls()} & numbers.keys() - known


def test_where_the_numbers_are_not_known_there_is_no_filter() -> None:
    assert filter_program("vax") is None


def test_every_line_has_a_reason_and_a_condition_that_there_is() -> None:
    for call in system_calls():
        assert call.numbers
        assert call.why
        assert call.when in CONDITIONS
        assert call.allowed or not call.when


# -- in the process of a model ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def third_party(third_party: safeload.IsolatedModel) -> safeload.IsolatedModel:
    """One that is held in the way that is tried here."""
    held(third_party, "system_calls")
    return third_party


@pytest.mark.guarantee("G20")
def test_a_model_makes_the_calls_of_the_list_and_no_others(
    third_party: safeload.IsolatedModel,
) -> None:
    calls = listed(os.uname().machine)
    ending = {number for number, call in calls.items() if call.name in ENDING}
    numbers = sorted({*range(1100), 0x4000_0029, 0x4000_0208} - ending - UNFILTERED)
    # No pointer, no descriptor and no process is -1.
    found = third_party.predict([f"call({number}, -1, -1, -1, -1, -1, -1)" for number in numbers])
    for number, text in zip(numbers, found, strict=True):
        call = calls.get(number)
        if call is not None and call.allowed and not call.when:
            assert text not in (errno.errorcode[errno.EPERM], "PermissionError"), call.name
        elif (call is None and number >= _UNKNOWN) or (call is not None and not call.allowed):
            assert text == "ENOSYS", number
        else:
            assert text == "EPERM", number


@pytest.mark.guarantee("G20")
@pytest.mark.parametrize("when", [when for when in CONDITIONS if when])
def test_a_model_makes_no_call_whose_condition_does_not_hold(
    third_party: safeload.IsolatedModel, when: str
) -> None:
    calls = listed(os.uname().machine)
    (number,) = [n for n, call in calls.items() if call.allowed and call.when == when] or [-1]
    if number < 0:
        pytest.skip("this architecture has no such call")
    fail = [given for given in CONDITIONS[when][1] if given[0] != os.getpid()]
    tried = [f"call({number}, {', '.join(map(str, given))})" for given in fail]
    assert third_party.predict(tried) == ["EPERM"] * len(fail)


@pytest.mark.guarantee("G20")
def test_a_model_changes_nothing_about_files_that_it_may_read(
    third_party: safeload.IsolatedModel,
) -> None:
    path = str(Path(safeload.__file__))
    before = Path(path).stat()
    system = "__import__('os')"
    tried = [
        f"{system}.chmod({path!r}, 0o4777)",
        f"{system}.chown({path!r}, -1, -1)",
        f"{system}.utime({path!r}, (0, 0))",
        f"{system}.setxattr({path!r}, 'user.a', b'a')",
        f"{system}.removexattr({path!r}, 'user.a')",
        f"{system}.link({path!r}, '/a')",
        f"{system}.symlink({path!r}, '/a')",
        f"{system}.truncate({path!r}, 0)",
        f"{system}.mkfifo('/a')",
        f"{system}.open({path!r}, {os.O_WRONLY})",
        f"{system}.open({path!r}, {os.O_RDONLY | os.O_TRUNC})",
        f"{system}.open('/', {os.O_RDWR | os.O_TMPFILE})",
        f"{system}.open('/', {os.O_PATH})",
        f"__import__('fcntl').flock(open({path!r}), 1)",
        f"__import__('fcntl').lockf(open({path!r}), 1)",
        f"__import__('fcntl').fcntl(open({path!r}), 1024, 0)",  # a lease
    ]
    assert third_party.predict(tried) == ["PermissionError"] * len(tried)
    after = Path(path).stat()
    assert (after.st_mode, after.st_uid, after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_mode,
        before.st_uid,
        before.st_mtime_ns,
        before.st_ctime_ns,
    )


@pytest.mark.guarantee("G20")
def test_a_model_starts_threads_and_no_processes(third_party: safeload.IsolatedModel) -> None:
    assert third_party.predict(["threads(20)"]) == ["20"]
    system = "__import__('os')"
    tried = [
        f"{system}.fork()",
        f"{system}.posix_spawn('/bin/true', ['true'], {{}})",
        f"{system}.execv('/bin/true', ['true'])",
        f"{system}.forkpty()",
        "__import__('multiprocessing').get_context('fork').Process(target=print).start()",
        "__import__('subprocess').run(['/bin/true'])",
    ]
    assert third_party.predict(tried) == ["PermissionError"] * len(tried)


@pytest.mark.guarantee("G20")
def test_a_model_has_no_memory_that_is_not_counted(third_party: safeload.IsolatedModel) -> None:
    shared = "__import__('multiprocessing.shared_memory').shared_memory"
    tried = [
        f"{shared}.SharedMemory(create=True, size=9)",
        "__import__('_posixshmem').shm_open('/a', 0o102, 0o600)",
        "__import__('os').memfd_create('a')",
        "__import__('os').pipe()",
        "__import__('tempfile').TemporaryFile()",
    ]
    assert set(third_party.predict(tried)) <= {"PermissionError", "OSError", "FileNotFoundError"}
    # shmget, mq_open, memfd_secret
    calls = {"x86_64": (29, 240, 447), "aarch64": (194, 180, 447), "riscv64": (194, 180, 447)}
    tried = [f"call({number}, 0, 4096, 0o1600)" for number in calls[os.uname().machine]]
    assert third_party.predict(tried) == ["EPERM"] * len(tried)


def test_a_thread_started_later_is_held_as_well() -> None:
    if os.uname().machine not in _ARCHITECTURES:
        pytest.skip("there is no filter for this machine")
    code = (
        "import socket, threading\n"
        "from safeload.isolation.system_calls import allow_system_calls\n"
        "print(allow_system_calls())\n"
        "def act():\n"
        "    try: socket.socket()\n"
        "    except PermissionError as error: print(error.errno)\n"
        "thread = threading.Thread(target=act)\n"
        "thread.start()\n"
        "thread.join()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "1"]
