"""The files that joblib before 0.10 put beside a model become programs that make its arrays.

Each points into bytes of its own: what was read of that file, once.

Trust: the bytes are as hostile as the model's; so are their names.
Source: joblib ``numpy_pickle_compat.py`` (``read_zfile``, ``NDArrayWrapper.read``).
"""

from __future__ import annotations

from typing import cast

from safeload.errors import ArtefactError, printable
from safeload.limits import Limits
from safeload.scan.array_programs import array_at, handing_over
from safeload.scan.arrays.dtypes import DType
from safeload.scan.bounds.budget import WorkBudget
from safeload.scan.containers.compressed import decompress
from safeload.scan.containers.nesting import Nesting
from safeload.scan.program import ArraySpan, Buffer, Program
from safeload.verdict import Finding

__all__ = ["OLD_JOBLIB", "Companions", "read_zfile"]

# The format of a file whose arrays lie beside it: what it is worth depends on them, too.
OLD_JOBLIB = "joblib-old"
_PREFIX, _HEADER = b"ZF", 21


class Companions:
    """The arrays beside one file.

    Args:
        nesting: Bounds, and who reads the files beside; nobody does where that is None.

    Attributes:
        asked: Whether an array was looked for.
    """

    def __init__(self, nesting: Nesting) -> None:
        self._nesting = nesting
        self.asked = False

    def plain(self, name: str) -> Program:
        """As :meth:`safeload.scan.arrays.old_wrappers.ArrayFiles.plain`."""
        data = self._read(name)
        if isinstance(data, Program):
            return data
        where = printable(name)
        program = array_at(data, 0, self._nesting, member=where)
        program.elsewhere = data
        if program.segments and program.size != len(data):
            message = "An array does not end where its file does."
            program.findings.append(Finding("SL305", message, where, program.size))
        return program

    def zipped(
        self, name: str, dtype: DType, shape: tuple[int, ...], order: str, *, matrix: bool
    ) -> Program:
        """As :meth:`safeload.scan.arrays.old_wrappers.ArrayFiles.zipped`."""
        packed = self._read(name)
        if isinstance(packed, Program):
            return packed
        where = printable(name)
        nesting = self._nesting
        data, findings = read_zfile(packed, nesting.limits, nesting.work)
        nesting.unpacked.take(len(data))
        nbytes = dtype.itemsize
        for length in shape:
            nbytes *= length
        if not findings and nbytes != len(data):
            findings = [
                Finding("SL210", "An array does not have the number of bytes that it states.")
            ]
        if findings:
            located = [Finding(one.rule, one.message, where) for one in findings]
            return Program(where, data, findings=located)
        span = ArraySpan(0, nbytes, dtype.spec, shape, order, described=True, matrix=matrix)
        program = handing_over(where, data, span)
        program.elsewhere = data
        if matrix:
            # It is no plain array, and nothing that looks into arrays is to take it for one.
            program.root = None
        return program

    def _read(self, name: str) -> Buffer | Program:
        """The bytes of a file, or a program that says why there are none."""
        self.asked = True
        where = printable(name)
        why = "which is not available."
        if self._nesting.beside is not None:
            try:
                return self._nesting.beside.read(name)
            except ArtefactError as error:
                why = f"which was not read. {error.message}"
        message = f"An array lies in the file {where} beside it, {why}"
        return Program(where, findings=[Finding("SL004", message, where)])


def read_zfile(data: Buffer, limits: Limits, work: WorkBudget) -> tuple[bytearray, list[Finding]]:
    """Decompress what joblib compressed before 0.10.

    Args:
        data: The length of what comes out, and a zlib stream.
        limits: As :func:`safeload.scan.containers.compressed.decompress` takes them.
        work: Likewise.

    Returns:
        What came out, and the findings.
    """
    head = bytes(data[: _HEADER + 1])
    try:
        length = int(head[len(_PREFIX) : _HEADER], 16)
    except ValueError:
        length = -1
    if not head.startswith(_PREFIX) or length < 0:
        message = "It does not begin with the length that joblib before 0.10 wrote."
        return bytearray(), [Finding("SL301", message)]
    # joblib before 0.9 wrote one more space under Python 2.
    start = _HEADER + (head[_HEADER:] == b" ")
    out, findings = decompress(cast("Buffer", memoryview(data)[start:]), "zlib", limits, work)
    if not findings and len(out) != length:
        findings = [Finding("SL301", "It does not decompress to the length that it states.")]
    return out, findings
