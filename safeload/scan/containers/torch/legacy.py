"""A checkpoint in the form that torch had before 1.6 becomes a :class:`Scan`.

It is five pickles one behind the other: a magic number, the version of the form, what was said of
the machine, the object, and the keys of its storages. Then each storage follows: its number of
elements in eight bytes, and the elements. ``torch.load`` runs all five of the pickles.

It first tries to read a file that has the header of a tar archive as an older form still, whatever
else the file may be.

Trust: the bytes are hostile; nothing is imported or run. The programs are described, never loaded.
Source: PyTorch ``torch/serialization.py`` (``_legacy_save``, ``_legacy_load``),
``torch/csrc/serialization.cpp`` (``THPStorage_readFileRaw``).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from safeload.scan.containers.nesting import Nesting
from safeload.scan.containers.tars import is_tar
from safeload.scan.containers.torch import LEGACY
from safeload.scan.containers.torch.storages import Storages
from safeload.scan.pickle.interpreter import interpret
from safeload.scan.pickle.malformed import MalformedError
from safeload.scan.program import Buffer, Program, Scan, Token
from safeload.verdict import Finding, Severity

__all__ = ["is_legacy", "read_legacy"]

_MAGIC = 0x1950A86A20F9469CFC6C
_VERSION = 1001
# LONG1 with the magic number, as every protocol from 2 writes it; behind PROTO, or a FRAME as well.
_NUMBER = b"\x8a\x0a" + _MAGIC.to_bytes(10, "little") + b"."
_BEFORE = 16
_COUNT = struct.Struct("<q")
# The streams before and behind the object's own, as findings name them.
_BEGIN = ("magic_number", "protocol_version", "sys_info")
_KEYS = "storage_keys"


def is_legacy(head: bytes) -> bool:
    """Whether a file begins with torch's magic number.

    Args:
        head: Its first bytes, a few dozen at least.
    """
    return head[:1] == b"\x80" and _NUMBER in head[: _BEFORE + len(_NUMBER)]


def read_legacy(data: Buffer, nesting: Nesting) -> Scan:
    """Say what ``torch.load`` would do with a file of the old form.

    Args:
        data: The whole file.
        nesting: What it may cost.

    Returns:
        The scan, with the program of the object first.
    """
    if is_tar(data):
        message = "It is a tar archive as well, which torch would read in its place."
        return Scan(LEGACY, [], [Finding("SL302", message)], data)
    reader = _Reader(data, nesting)
    findings = []
    try:
        reader.read()
    except MalformedError as problem:
        findings.append(Finding(problem.rule, problem.message, "", problem.offset))
    # The object comes first: what people ask about a file they ask about its object.
    programs = sorted(reader.programs, key=lambda program: program.member != "")
    return Scan(LEGACY, programs, findings, data)


class _Reader:
    """The file, as far as it was read."""

    def __init__(self, data: Buffer, nesting: Nesting) -> None:
        self.programs: list[Program] = []
        self._data = data
        self._limits = nesting.limits
        self._budget = nesting.work
        self._position = 0

    def read(self) -> None:
        """Read all pickles, and find the bytes of the storages.

        Raises:
            MalformedError: What follows is not what torch writes.
        """
        roots = [self._stream(member) for member in _BEGIN]
        if roots[:2] != [_MAGIC, _VERSION]:
            raise MalformedError("SL306", "It does not have the numbers that torch begins with.", 0)
        storages = Storages(legacy=True)
        self._stream("", storages)
        keys = self._stream(_KEYS)
        if type(keys) is not list or sorted(_texts(keys)) != sorted(storages.by_key):
            message = "The keys of the storages are not those of the object."
            raise MalformedError("SL306", message, self._position)
        for key in keys:
            self._budget.check_time()
            self._storage(storages, key)
        if self._position != len(self._data):
            message = "Bytes follow the last storage."
            raise MalformedError("SL202", message, self._position)

    def _stream(self, member: str, storages: Storages | None = None) -> Token:
        """What the next pickle makes."""
        program = interpret(
            self._data,
            limits=self._limits,
            budget=self._budget,
            member=member,
            start=self._position,
            nested=True,
            persistent=storages,
        )
        self.programs.append(program)
        if not program.segments:
            # Where it ends is unknown, and so is everything behind it.
            if any(finding.severity is Severity.ERROR for finding in program.findings):
                raise MalformedError("SL201", "A stream of the file has no end.", self._position)
            raise MalformedError("SL002", "A stream was not read to its end.", self._position)
        self._position += program.size
        return program.root

    def _storage(self, storages: Storages, key: str) -> None:
        """Find the bytes of a storage and step over them."""
        storage = storages.by_key[key]
        start = self._position + _COUNT.size
        stop = start + storage.size
        if stop > len(self._data):
            raise MalformedError("SL212", "A storage has no end.", self._position)
        if _COUNT.unpack_from(self._data, self._position)[0] != storage.count:
            message = "A storage does not have as many elements as the stream says."
            raise MalformedError("SL306", message, self._position)
        storage.read = lambda: memoryview(self._data)[start:stop]
        self._position = stop


def _texts(keys: list[Token]) -> Iterator[str]:
    """The keys; one that is not a text is none of an object's."""
    return (key if type(key) is str else "" for key in keys)
