"""The process of a model ends when it must, whatever it does, and takes nothing with it.

Processes here speak for themselves: a program stands in for the one that serves models.
"""

from __future__ import annotations

import errno
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from safeload.errors import LoadError, UsageError
from safeload.isolation import clock
from safeload.isolation import process as module
from safeload.isolation.channel import GarbledError, receive, send
from safeload.isolation.clock import Clock
from safeload.isolation.held import Held
from safeload.isolation.model import IsolatedModel
from safeload.isolation.process import Process
from safeload.limits import Isolation

SOON = Isolation(seconds=2)
LATE = Isolation(seconds=100)

# Comes up as the real one does, and answers as told.
COMES_UP = """
import os, signal, struct, sys, json
def answer(header, body=b"", lengths=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    os.write(1, struct.pack(">QQ", *(lengths or (len(text), len(body)))) + text + body)
def asked():
    data = b""
    while len(data) < 16 or len(data) < 16 + sum(struct.unpack(">QQ", data[:16])):
        chunk = os.read(0, 1 << 16)
        if not chunk: sys.exit()
        data += chunk
names = ["memory", "processor", "files", "paths", "system_calls", "processes"]
asked(); answer({"confinement": dict.fromkeys(names, False)})
asked()
"""


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """Have another program started, and see that nothing is left of it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    mark = f"/nonexistent{tmp_path}"
    monkeypatch.setattr(sys, "path", [*sys.path, mark])
    yield lambda code: monkeypatch.setattr(module, "_PROGRAM", code)
    assert list(tmp_path.iterdir()) == []
    assert comes_true(lambda: not processes_with(mark))


def comes_true(condition: Callable[[], bool]) -> bool:
    """Whether something that takes its time comes true within a minute."""
    until = time.monotonic() + 60
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    return condition()


def processes_with(mark: str) -> list[str]:
    """Processes, zombies too, that were started with an argument that holds a text."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if mark.encode() in arguments:
            found.append(folder.name)
    return found


def asked(process: Process, question: Any = None, parts: Any = ()) -> tuple[Any, bytes]:
    """What a process answers to a question."""
    return process.ask(question or {}, lambda answer, data, _: (answer, bytes(data)), parts)


def code_of(process: Process) -> str:
    """The code of the error that a question ends in; afterwards the process has ended."""
    with pytest.raises(LoadError) as caught:
        asked(process)
    assert caught.value.hint
    assert process._held.process.returncode is not None
    with pytest.raises(UsageError) as closed:
        asked(process)
    assert closed.value.code == "isolated-closed"
    return caught.value.code


ENDS = {
    "it ends": ("sys.exit()", LATE, "isolated-failed"),
    "it ends with an error": ("sys.exit(3)", LATE, "isolated-failed"),
    "it raises": ("1 / 0", LATE, "isolated-failed"),
    "it crashes": ("os.kill(os.getpid(), signal.SIGSEGV)", LATE, "isolated-crashed"),
    "it is killed": ("os.kill(os.getpid(), signal.SIGKILL)", LATE, "isolated-crashed"),
    "it has crashed within": ("os._exit(128 + signal.SIGABRT)", LATE, "isolated-crashed"),
    "it has no time left": ("os.kill(os.getpid(), signal.SIGXCPU)", LATE, "isolated-timeout"),
    "it closes its pipe and goes on": (
        "os.close(1)\nwhile True: pass", LATE, "isolated-garbled"),
    "it says nothing": ("while True: pass", SOON, "isolated-timeout"),
    "it says one byte after the other": (
        "import time\nanswer(b'', lengths=(9999, 0))\nwhile os.write(1, b' '): time.sleep(0.1)",
        SOON, "isolated-timeout"),
    "it closes its pipe when there is little time left": (
        "os.close(1)\nwhile True: pass", SOON, "isolated-timeout"),
    "it says half": ("answer(b'', lengths=(100, 0))\nwhile True: pass", SOON, "isolated-timeout"),
    "it announces too much text": (
        "answer(b'', lengths=(1 << 40, 0))\nasked()", LATE, "isolated-garbled"),
    "it announces too much": ("answer(b'{}', lengths=(2, 1 << 40))\nasked()", LATE,
                              "isolated-garbled"),
    "it speaks no JSON": ("answer(b'{')\nasked()", LATE, "isolated-garbled"),
    "it speaks a pickle": ("answer(b'\\x80\\x04N.')\nasked()", LATE, "isolated-garbled"),
    "it sends a list": ("answer([])\nasked()", LATE, "isolated-garbled"),
    "it nests without end": ("answer(b'[' * 100000)\nasked()", LATE, "isolated-garbled"),
    "it counts without end": ("answer(b'1' * 100000)\nasked()", LATE, "isolated-garbled"),
    "it ignores to be interrupted": (
        "for n in (1, 2, 13, 15): signal.signal(n, signal.SIG_IGN)\nwhile True: pass", SOON,
        "isolated-timeout"),
    "it leaves a process behind": (
        "if os.fork(): sys.exit()\nos.close(0); os.close(1)\nwhile True: pass", LATE,
        "isolated-failed"),
    "it leaves a process with its pipe": (
        "if os.fork(): os.kill(os.getpid(), signal.SIGKILL)\nwhile True: pass", SOON,
        "isolated-timeout"),
}  # fmt: skip


@pytest.mark.guarantee("G19")
@pytest.mark.parametrize("what", ENDS)
def test_it_is_ended_when(program: Any, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    code, isolation, expected = ENDS[what]
    if "goes on" in what:
        monkeypatch.setattr(module, "_END_SECONDS", 0.5)
    program(COMES_UP + code)
    process = Process(LATE)
    # It has come up, however long that took on a busy machine.
    process._isolation = isolation
    assert code_of(process) == expected


@pytest.mark.guarantee("G19")
def test_who_never_reads_is_ended(program: Any) -> None:
    program(COMES_UP.rpartition("asked()")[0] + "while True: signal.pause()")
    process = Process(LATE)
    process._isolation = SOON
    with pytest.raises(LoadError) as caught:
        asked(process, {}, [bytes(10_000_000)])
    assert caught.value.code == "isolated-timeout"
    assert process._held.process.returncode is not None


@pytest.mark.parametrize(
    ("code", "isolation", "expected"),
    [
        ("", LATE, "isolated-failed"),
        ("import no_such_module", LATE, "isolated-failed"),
        ("while True: pass", SOON, "isolated-timeout"),
        (COMES_UP.replace("False", "0"), LATE, "isolated-garbled"),
        (COMES_UP.replace('"memory", ', ""), LATE, "isolated-garbled"),
    ],
)
def test_it_is_not_there_until_it_has_come_up(
    program: Any, code: str, isolation: Isolation, expected: str
) -> None:
    program(code)
    with pytest.raises(LoadError) as caught:
        Process(isolation)
    assert caught.value.code == expected


def test_where_there_is_no_python_nothing_is_isolated(
    program: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for nothing in ("/nonexistent/python", "", None):
        monkeypatch.setattr(sys, "executable", nothing)
        with pytest.raises(LoadError) as caught:
            Process(SOON)
        assert caught.value.code == "isolated-unavailable"


def test_where_no_more_files_can_be_opened_nothing_is_left(
    program: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for count in (0, 1):
        left, pipe = iter(range(count)), os.pipe

        def few(*_: Any, left: Iterator[int] = left, pipe: Any = pipe) -> Any:
            if next(left, None) is None:
                raise OSError(errno.EMFILE, "Too many open files")
            return pipe()

        with monkeypatch.context() as patched:
            patched.setattr(os, "pipe", few)
            with pytest.raises(LoadError) as caught:
                Process(SOON)
        assert caught.value.code == "isolated-unavailable"


def test_a_question_is_answered(program: Any) -> None:
    program(COMES_UP + "answer({'a': 1}, b'xyz')\nasked()")
    process = Process(LATE)
    question = {"large": "x" * 100_000}
    assert asked(process, question, [bytes(3_000_000), b"", bytearray(5)]) == ({"a": 1}, b"xyz")
    process.end()
    process.end()


@pytest.mark.guarantee("G19")
def test_an_answer_is_read_within_the_time(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    described = {"kind": "list", "items": [{"kind": "plain", "value": 1}] * 10}
    program(COMES_UP + f"answer({{'warnings': [], 'value': {described}}})\nasked()")
    times = iter([0] * 100)

    def receive_it(*given: Any, **named: Any) -> Any:
        nonlocal times
        answer = receive(*given, **named)
        times = itertools.count(step=20)
        return answer

    model = IsolatedModel(Process(LATE), "", "", ("predict",))
    monkeypatch.setattr(clock, "monotonic", lambda: next(times))
    monkeypatch.setattr(module, "receive", receive_it)
    with pytest.raises(LoadError) as caught:
        model.predict(1)
    assert caught.value.code == "isolated-timeout"
    assert model._process._held.process.returncode is not None


def test_an_answer_for_which_there_is_no_memory_here_is_none(program: Any) -> None:
    program(COMES_UP + "answer({'a': 1})\nasked()")
    process = Process(LATE)

    def read(*_: Any) -> None:
        raise MemoryError

    with pytest.raises(LoadError) as caught:
        process.ask({}, read)
    assert caught.value.code == "isolated-memory"
    assert process._held.process.returncode is not None


def test_an_error_that_is_told_leaves_it_there(program: Any) -> None:
    program(COMES_UP + "while True: answer({'a': 1}); asked()")
    process = Process(LATE)

    def read(*_: Any) -> None:
        raise LoadError("It failed.", code="call-failed")

    for _ in range(2):
        with pytest.raises(LoadError) as caught:
            process.ask({}, read)
        assert caught.value.code == "call-failed"
    assert asked(process)[0] == {"a": 1}
    process.end()


def test_coming_up_and_loading_share_one_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks: list[Any] = []
    monkeypatch.setattr(Process, "ask", lambda *_, clock: clocks.append(clock))
    monkeypatch.setattr(module, "_PROGRAM", "")
    given = Clock(100)
    Process(LATE, given).end()
    assert clocks == [given]


def test_who_interrupts_the_wait_ends_it(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    program(COMES_UP + "while True: pass")
    process = Process(LATE)

    def wait(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Held, "wait", wait)
    with pytest.raises(KeyboardInterrupt):
        asked(process)
    assert process._held.process.returncode is not None


def test_what_nobody_holds_is_ended(program: Any) -> None:
    program(COMES_UP)
    process = Process(LATE)
    inner = process._held.process
    del process
    assert inner.returncode is not None


def test_what_is_left_open_ends_with_the_program(program: Any) -> None:
    code = (
        "from safeload.isolation import process\n"
        f"process._PROGRAM = {COMES_UP!r}\n"
        "from safeload.limits import Isolation\n"
        "kept = process.Process(Isolation())\n"
        "print(kept._held.process.pid)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not Path(f"/proc/{int(done.stdout)}").exists()


def said_by_the_program() -> bytes:
    """What the program says that is started for a model."""
    with module._start() as started:
        if started.life is not None:
            started.life.close()
        return started.communicate()[0]


@pytest.mark.guarantee("G20")
def test_it_is_given_no_secrets_and_no_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("DATABASE_PASSWORD", "secret")
    monkeypatch.setenv("PYTHONSTARTUP", "/nonexistent")
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setattr(sys, "path", ["", "relative", *sys.path])
    monkeypatch.setattr(
        module,
        "_PROGRAM",
        "import json, os, sys\n"
        "sys.stdin.read()\n"
        "try: folder = os.getcwd()\n"
        "except FileNotFoundError: folder = None\n"
        "told = [dict(os.environ), folder, sys.flags.isolated, json.loads(sys.argv[1])]\n"
        "print(json.dumps(told))",
    )
    environment, folder, is_isolated, path = json.loads(said_by_the_program())
    assert environment.keys() <= {*module._VARIABLES, *module._OVERRIDDEN, "LC_CTYPE"}
    assert environment["LANG"] == "C.UTF-8"
    assert environment["HOME"] == "/nonexistent"
    assert folder is None
    assert is_isolated
    assert all(Path(entry).is_absolute() for entry in path)
    assert list(tmp_path.iterdir()) == []


def test_where_there_is_no_folder_for_temporary_files_it_starts_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none() -> str:
        raise FileNotFoundError

    monkeypatch.setattr(tempfile, "gettempdir", none)
    monkeypatch.setattr(tempfile, "mkdtemp", lambda **_: none())
    monkeypatch.setattr(module, "_PROGRAM", "print(1)")
    assert said_by_the_program() == b"1\n"


# -- messages -------------------------------------------------------------------------------------


def test_a_message_arrives_as_it_was_sent() -> None:
    reader, writer = os.pipe()
    header = {"a": [1.5, None, "\udc80\u2028"], "b": {"c": float("inf")}}
    send(writer, header, [b"ab", memoryview(b"cdef").cast("H"), b""])
    received, data = receive(reader, text=1000, size=6)
    assert (received, bytes(data)) == (header, b"abcdef")
    os.close(writer)
    with pytest.raises(EOFError):
        receive(reader, text=1000, size=6)
    os.close(reader)


@pytest.mark.parametrize(("text", "size"), [(7, 3), (8, 2)])
def test_a_message_that_is_too_long_is_not_taken(text: int, size: int) -> None:
    reader, writer = os.pipe()
    send(writer, {"a": 12}, [b"abc"])
    with pytest.raises(GarbledError):
        receive(reader, text=text, size=size)
    os.close(reader)
    os.close(writer)


def test_a_message_cut_short_is_none() -> None:
    reader, writer = os.pipe()
    os.write(writer, bytes(10))
    os.close(writer)
    with pytest.raises(EOFError):
        receive(reader, text=10, size=10)
    os.close(reader)
