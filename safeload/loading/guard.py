"""The guard: canonical code becomes objects, and nothing but the judged names is within reach.

CPython's C unpickler runs the code of a program. It asks for globals here, and here are only those
that the policy allowed and that were imported beforehand. Should the scan have missed one, the
guard refuses it: one list, two readers.

Trust: the code is canonical, made of opcodes the machine interpreted; what its allowed callables
do with its arguments is the policy's business.
Source: CPython ``Modules/_pickle.c``; "Restricting Globals" in the ``pickle`` documentation.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from safeload.errors import LoadError, printable
from safeload.loading.arrays import make_array
from safeload.scan.program import ArraySpan, Buffer, Program

__all__ = ["unpickle"]

_BUFFER = 1 << 17
# Views must make up this part of the bytes before they may keep all of them in memory.
_WORTHWHILE = 0.5


def unpickle(
    program: Program,
    data: Buffer,
    names: Mapping[tuple[str, str], Any],
    *,
    mmap_mode: str | None = None,
) -> Any:
    """Run an accepted program.

    Args:
        program: The file's outermost program, accepted by the policy.
        data: The bytes its spans point into.
        names: What :func:`safeload.loading.names.resolve` found for it.
        mmap_mode: None, ``"r"`` or ``"c"``, as ``joblib.load`` takes it.

    Returns:
        The object.

    Raises:
        LoadError: The code asks for what it was not granted, or an allowed callable failed.
    """
    large = sum(span.nbytes for span in program.arrays if isinstance(span, ArraySpan))
    views = large >= _WORTHWHILE * len(data)
    return _Run(program, data, names, views=views, mmap_mode=mmap_mode).load()


class _Run:
    """One run of a program and of the programs nested in it."""

    def __init__(
        self,
        program: Program,
        data: Buffer,
        names: Mapping[tuple[str, str], Any],
        *,
        views: bool,
        mmap_mode: str | None,
    ) -> None:
        self._program = program
        self._data = data
        self._names = names
        self._views = views
        self._mmap_mode = mmap_mode
        self._arrays: Iterator[ArraySpan | Program] = iter(program.arrays)

    def load(self) -> Any:
        # The buffered reader can be peeked into, which saves the unpickler a call per opcode.
        stream = io.BufferedReader(io.BytesIO(self._program.code), _BUFFER)
        return _Guard(stream, self._names, self._next_array).load()

    def _next_array(self, wrapper: object) -> Any:
        array = next(self._arrays, None)
        if array is None:
            raise _denied("an array that the scan did not see")
        if isinstance(array, Program):
            return _Run(
                array, self._data, self._names, views=self._views, mmap_mode=self._mmap_mode
            ).load()
        return make_array(array, wrapper, self._data, views=self._views, mmap_mode=self._mmap_mode)


class _Guard(pickle.Unpickler):
    """The C unpickler, granted exactly the names it is given."""

    def __init__(
        self,
        stream: io.BufferedReader[io.BytesIO],
        names: Mapping[tuple[str, str], Any],
        next_array: Callable[[object], Any],
    ) -> None:
        super().__init__(stream)
        self._names = names
        self._next_array = next_array

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._names[module, name]
        except KeyError:
            raise _denied(printable(f"{module}.{name}")) from None

    def persistent_load(self, wrapper: Any) -> Any:
        return self._next_array(wrapper)


def _denied(what: str) -> LoadError:
    return LoadError(
        f"While loading, the file asked for {what}, which the scan did not grant.",
        code="not-granted",
        hint="Nothing was handed over. Please report this file's scan; it should not be possible.",
    )
