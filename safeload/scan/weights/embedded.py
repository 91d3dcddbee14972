"""Pickles that lie somewhere within other bytes.

Trust: the bytes are hostile. Where one may begin is told by its first opcodes, so that weights are
seldom taken for one; how many are looked at is bounded, and each pays like any other stream.
Source: PEP 307, PEP 3154 (FRAME); CPython ``pickle.py``, ``Pickler.dump``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from safeload.scan.bounds.budget import OverLimitError
from safeload.scan.containers.nesting import Nesting
from safeload.scan.contents import MemberScan
from safeload.scan.pickle.interpreter import interpret
from safeload.scan.program import Buffer, Scan
from safeload.scan.sequence import flat

__all__ = ["embedded_pickles"]

# PROTO, and a FRAME of less than four gigabytes; or what a stream without frames begins with:
# a global, or a container that is put into the memo.
_BEGIN = re.compile(
    rb"\x80[\x04\x05]\x95.{4}\0{4}|\x80[\x02-\x05](?:c[A-Za-z_][\w.]*\n|[\]})][q\x94(]|\x8c.[A-Za-z_])",
    re.DOTALL,
)
_MOST = 1_000


def embedded_pickles(data: Buffer, nesting: Nesting) -> Iterator[MemberScan]:
    """Pickles that run to their end, or get to a name.

    Args:
        data: Bytes of another format.
        nesting: Bounds on each stream.

    Yields:
        Each under the name of the byte that it begins at.

    Raises:
        OverLimitError: Too many places look like one.
    """
    end = 0
    for number, found in enumerate(_BEGIN.finditer(memoryview(data))):
        nesting.work.check_time()
        if number >= _MOST:
            raise OverLimitError("Too many pickles may be in it.", "members")
        if found.start() < end:
            continue
        program = interpret(
            data, limits=nesting.limits, budget=nesting.work, start=found.start(), followed=True
        )
        if program.segments or program.globals:
            end = found.start() + program.size
            yield MemberScan(f"+{found.start()}", Scan("pickle", flat(program), [], data))
