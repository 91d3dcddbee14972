"""A checkpoint of ``torch.save``, or a TorchScript program, becomes a :class:`Scan`.

``torch.load`` unpickles ``data.pkl`` and finds the numbers of its tensors in ``data/``. Where there
is a ``constants.pkl`` it hands the file to ``torch.jit.load``, which compiles and runs the code of
the archive; that code is not Python's, and is not read here. A record that neither reads is
reported as not read, and as what it would do where it is a pickle.

Trust: the bytes are hostile; nothing is imported or run. The programs are described, never loaded.
Source: PyTorch ``torch/serialization.py`` (``_load``, ``_is_torchscript_zip``),
``torch/csrc/jit/serialization/import.cpp``.
"""

from __future__ import annotations

import re

from safeload.errors import printable
from safeload.scan.containers.archive import STORED, ArchiveError
from safeload.scan.containers.nesting import Nesting
from safeload.scan.containers.torch import ARCHIVE
from safeload.scan.containers.torch.records import Record, Records, read_records
from safeload.scan.containers.torch.storages import Storages
from safeload.scan.pickle.interpreter import interpret
from safeload.scan.pickle.lenient import Outcome, reach
from safeload.scan.pickle.malformed import MalformedError
from safeload.scan.program import Buffer, Global, Program, Scan
from safeload.scan.storage import Storage
from safeload.verdict import Finding

__all__ = ["read_checkpoint"]

_PICKLE = "data.pkl"
_CONSTANTS = "constants.pkl"
_NUMBERS = "data/"
# What the C++ library and torch.load read beside pickles and storages, a few bytes of text each.
_TEXTS = frozenset(
    [".data/serialization_id", ".data/version", ".format_version", ".storage_alignment"]
) | {"byteorder", "version"}
_LONGEST_TEXT = 64
# Bytes of a record that nobody reads which are looked at for a pickle.
_LOOKED_INTO = 64 * 1024 * 1024
# Constants, traced inputs and the like, each with the folder of its tensors.
_PICKLES_OF_SCRIPT = re.compile(r"[^/]+\.pkl")
# The modules of a program's own classes, and of what its library writes beside them; that library
# looks both up in tables of its own.
_SCRIPT, _OF_SCRIPT = "__torch__", "torch.jit._pickle"
_IS_SCRIPT = (
    "It is a TorchScript program: torch.jit.load compiles and runs its code, which is not read."
)


def read_checkpoint(data: Buffer, nesting: Nesting) -> Scan:
    """Say what ``torch.load`` would do with an archive.

    Args:
        data: The whole file.
        nesting: What it may cost.

    Returns:
        The scan, with one program for each pickle that torch reads, ``data.pkl`` first.
    """
    checkpoint = _Checkpoint(data, nesting)
    try:
        checkpoint.read()
    except ArchiveError as problem:
        checkpoint.note(problem.rule, problem.message, offset=problem.offset)
    return Scan(ARCHIVE, checkpoint.programs, checkpoint.findings, data)


class _Checkpoint:
    """The file, as far as it was read."""

    def __init__(self, data: Buffer, nesting: Nesting) -> None:
        self.programs: list[Program] = []
        self.findings: list[Finding] = []
        self._data = memoryview(data)
        self._nesting = nesting
        self._limits = nesting.limits
        self._budget = nesting.work
        # Names of records that somebody reads, in lower case.
        self._read: set[str] = set()

    def read(self) -> None:
        """Read what torch reads, then say what it does not read."""
        records = read_records(self._data, self._nesting)
        is_script = records.get(_CONSTANTS) is not None
        self._stream(records, _PICKLE, _NUMBERS)
        if is_script:
            self._script(records)
        self._read |= {name for name, record in records if _is_text(name, records, record)}
        # Which storages belong to a stream that was not read to its end, nobody knows.
        is_whole = all(program.segments for program in self.programs)
        for name, record in records:
            self._budget.check_time()
            known = (is_script and name.startswith("code/")) or (
                not is_whole and name.startswith(_NUMBERS)
            )
            if name not in self._read and not known:
                self._leave(records, record)

    def note(self, rule: str, message: str, member: str = "", offset: int | None = None) -> None:
        """Add a finding."""
        if len(self.findings) < self._limits.findings:
            self.findings.append(Finding(rule, message, member, offset))

    def _stream(self, records: Records, name: str, folder: str) -> None:
        """Read a pickle whose storages lie in a folder."""
        record = records.get(name)
        if record is None:
            raise ArchiveError("SL302", f"The checkpoint has no record {name}.")
        order = records.get("byteorder")
        is_big = order is not None and bytes(records.read(order)[:8]) == b"big"

        def found(storage: Storage, offset: int) -> None:
            numbers = records.get(folder + storage.key)
            if numbers is None or numbers.size != storage.size:
                message = (
                    f"The storage {printable(storage.key)} does not have the size that it states."
                )
                raise MalformedError("SL306", message, offset)
            storage.byteorder = ">" if is_big else "<"
            storage.read = lambda: records.read(numbers)
            self._read.add(numbers.key)

        self._interpret(records, record, Storages(found=found))

    def _script(self, records: Records) -> None:
        """Read the other pickles of a TorchScript program; each has its tensors in a folder."""
        self._stream(records, _CONSTANTS, _folder_of(_CONSTANTS))
        others = set()
        for name, record in records:
            if name not in self._read and _PICKLES_OF_SCRIPT.fullmatch(name):
                # Such as traced inputs, of which torch writes the shapes alone.
                others.add(_folder_of(name))
                self._interpret(records, record, Storages())
        self._read |= {name for name, _ in records if name.partition("/")[0] + "/" in others}
        for program in self.programs:
            _leave_to_script(program)
        self.note("SL001", _IS_SCRIPT)

    def _interpret(self, records: Records, record: Record, storages: Storages | None) -> None:
        self._read.add(record.key)
        data = bytes(records.read(record))
        if record.method != STORED:
            self._budget.grow(record.size)
            self._budget.bound_density(record.packed, self._limits)
        program = interpret(
            data,
            limits=self._limits,
            budget=self._budget,
            member=record.name,
            # torch's own unpickler knows nothing of joblib's arrays.
            nested=True,
            persistent=storages,
        )
        if program.segments and program.size != len(data):
            message = "Bytes follow the end of the stream."
            program.findings.append(Finding("SL202", message, record.name, program.size))
        self.programs.append(program)

    def _leave(self, records: Records, record: Record) -> None:
        """Say that torch does not read a record, and what it would do where it is a pickle."""
        message = f"The record {record.name} is not one that torch.load reads."
        self.note("SL001", message, record.name, record.offset)
        if record.size <= _LOOKED_INTO:
            found = reach(bytes(records.read(record)))
            if found.outcome in (Outcome.NAME, Outcome.UNDECIDED):
                self._interpret(records, record, None)


def _folder_of(name: str) -> str:
    """Where a pickle of a program has its tensors."""
    return name.removesuffix(".pkl") + "/"


def _is_text(name: str, records: Records, record: Record) -> bool:
    """Whether a record is one of the few bytes of text that torch keeps beside the pickle."""
    if name not in _TEXTS or record.size > _LONGEST_TEXT:
        return False
    content = bytes(records.read(record))
    return content.isascii() and content.decode().rstrip("\n").isprintable()


def _leave_to_script(program: Program) -> None:
    """Take out the names of the program's own classes, which its code has and Python has not."""
    program.globals = [use for use in program.globals if not _is_scripted(use.module)]
    program.built = [
        built
        for built in program.built
        if not (type(built.callable) is Global and _is_scripted(built.callable.module))
    ]


def _is_scripted(module: str) -> bool:
    return module.partition(".")[0] == _SCRIPT or module == _OF_SCRIPT
