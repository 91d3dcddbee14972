"""What calls cost that the packs allow: each with the largest arguments that its rule lets pass.

Run in a child process; prints a line of JSON for each name: how many calls were accepted, and the
most processor time (seconds) and memory (bytes) that one of them took.

Arguments are plain values far larger than any writer gives, by themselves and in twos and threes;
and the arguments of legitimate objects, of which one after the other gives way to such a value.

Trust: what is accepted is called. Nothing here is from a file.
"""

from __future__ import annotations

import itertools
import json
import pickle
import pickletools
import resource
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.policy.rules import RULES
from safeload.scan.program import Global, ObjectToken, Use
from safeload.scan.scan import scan
from tests.builder import Name, Pickle
from tests.legitimate.values import VALUES

__all__ = ["names"]

# Beyond what is mapped at the start; who asks for more ends in a MemoryError, which counts as more.
_MEMORY = 1 << 30
_LONG = 30_000
# One opcode takes and leaves one value with each of these.
_PUSHING = frozenset(
    "NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT BINUNICODE "
    "SHORT_BINUNICODE BINBYTES SHORT_BINBYTES EMPTY_TUPLE EMPTY_LIST EMPTY_DICT".split()
)

Fragment = Callable[[Pickle], object]


def _shared(pickle_: Pickle) -> None:
    """A list of one list a thousand times, which is as long."""
    pickle_.mark().save([0] * 1_000).memo("shared")
    for _ in range(999):
        pickle_.recall("shared")
    pickle_.list_()


_LARGE: list[Any] = [
    "1" * _LONG,
    "a" * _LONG,
    "1" * 4_000,
    b"1" * _LONG,
    10**4_200,
    2**63 - 1,
    -(2**63),
    1e308,
    [1] * _LONG,
    _shared,
    {str(number): number for number in range(_LONG)},
    tuple(range(1_000)),
    lambda p: p.call(Name("builtins", "range"), 0, 1_000_000, 1),
]
_SMALL: list[Any] = [
    None, True, 1, "1E+999999", "2020-01-01", "M", "period[M]", "f8", "", Name("numpy", "float64"),
]  # fmt: skip
_FEW: list[Any] = ["1" * _LONG, 10**4_200, [1] * _LONG, None, "M", 1]


def names() -> list[tuple[str, str]]:
    """Every name of the packs that may be called and exists here."""
    return [key for key, entry in sorted(ENTRIES.items()) if Use.CALL in entry.uses and _here(*key)]


ENTRIES = Policy.default().entries


def _here(module: str, name: str) -> bool:
    try:
        value: Any = import_module(module)
        for part in name.split("."):
            value = getattr(value, part)
    except (ImportError, AttributeError):
        return False
    return True


class _Value:
    """A value as opcodes, which memoise nothing that is recalled elsewhere, and as a token."""

    def __init__(self, value: Any) -> None:
        stream = bytes(Pickle(4).save(value))
        self.opcodes = stream[2:]
        self.token = scan(bytearray(stream + b".")).programs[0].root


def _plain(module: str, name: str, values: dict[int, list[_Value]]) -> Iterator[bytes]:
    """Calls with plain values, none to three of them, that the rule of a name lets pass."""
    entry, target = ENTRIES[module, name], Global(module, name, None, 0)
    head = bytes(Pickle(4).save(Name(module, name)))
    for count in range(4):
        for given in itertools.product(values.get(count, []), repeat=count):
            call = ObjectToken(target, Use.CALL, tuple(value.token for value in given), 0)
            if entry.rule is None or RULES[entry.rule](call) is None:
                yield head + b"(" + b"".join(value.opcodes for value in given) + b"tR."


def _legitimate() -> dict[tuple[str, str], list[bytes]]:
    """Streams of legitimate values, by the names that they have."""
    found = defaultdict(list)
    for make in VALUES.values():
        value = make()
        for part in value if isinstance(value, list | tuple) else [value]:
            data = pickle.dumps(part, 4)
            if len(data) < 3_000:
                for use in scan(bytearray(data)).programs[0].globals:
                    found[use.module, use.name].append(data)
    return found


def _varied(data: bytes) -> Iterator[bytes]:
    """A stream as it is, and with a large value in the place of one after the other."""
    yield data
    opcodes = list(pickletools.genops(data))
    ends = [*(position for _, _, position in opcodes[1:]), len(data)]
    for (opcode, _, start), end in zip(opcodes, ends, strict=True):
        if opcode.name in _PUSHING:
            for value in _LARGE[:9]:
                yield _unframed(data[:start]) + _written(value) + data[end:]


def _written(value: Any) -> bytes:
    """Opcodes that push a value and memoise nothing."""
    if isinstance(value, str):
        return b"X" + len(value).to_bytes(4, "little") + value.encode()
    if isinstance(value, bytes):
        return b"B" + len(value).to_bytes(4, "little") + value
    if isinstance(value, int):
        data = pickle.encode_long(value)
        return b"\x8b" + len(data).to_bytes(4, "little") + data
    if isinstance(value, float):
        return bytes(Pickle(0).binfloat(value))
    return b"(" + b"K\x01" * len(value) + b"l"


def _unframed(head: bytes) -> bytes:
    """The beginning of a stream without its frame, which would no longer be as long."""
    return head[:2] + head[11:] if head[2:3] == b"\x95" else head


def _is_accepted(data: bytes) -> bool:
    return not judge(scan(bytearray(data)), POLICY).findings


POLICY = Policy.default()


def _main() -> None:
    legitimate = _legitimate()
    # What is saved first is memoised first, so that each can only stand alone or beside itself.
    few = [_Value(value) for value in _FEW]
    values = {1: [_Value(value) for value in _LARGE + _SMALL], 2: few, 3: few}
    pages = int(open("/proc/self/statm").read().split()[0])  # noqa: PTH123, SIM115
    most = pages * resource.getpagesize() + _MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    for module, name in names():
        streams = [*_plain(module, name, values)]
        for data in legitimate[module, name][:2]:
            streams += _varied(data)
        accepted, slowest, largest = 0, 0.0, 0
        for data in streams:
            if not _is_accepted(data):
                continue
            accepted += 1
            before, start = _peak(), time.thread_time()
            try:
                pickle.loads(data)
            except MemoryError:
                largest = _MEMORY
            except Exception:  # noqa: BLE001  # whatever a constructor refuses
                pass
            slowest = max(slowest, time.thread_time() - start)
            largest = max(largest, _peak() - before)
        line = {"name": f"{module}.{name}", "accepted": accepted, "seconds": slowest}
        sys.stdout.write(json.dumps({**line, "memory": largest}) + "\n")
        sys.stdout.flush()


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    _main()
