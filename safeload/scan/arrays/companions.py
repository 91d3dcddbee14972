"""The wrapper of joblib before 0.10 becomes the array that lies in a file beside.

``NDArrayWrapper`` names a file in numpy's form; ``ZNDArrayWrapper`` one that holds the bytes alone,
compressed, and says itself what they are.

Trust: all of it is hostile. Nothing but what joblib wrote is taken, and a name with a folder in it
is refused.
Source: joblib 0.9 ``numpy_pickle.py``; joblib ``numpy_pickle_compat.py`` (``NDArrayWrapper.read``).
"""

from __future__ import annotations

from safeload.beside import is_plain
from safeload.errors import printable
from safeload.scan.arrays.dtypes import DTypeError, describe
from safeload.scan.arrays.old_wrappers import ZIPPED
from safeload.scan.arrays.wrappers import SUBCLASSES
from safeload.scan.pickle.machine import Machine
from safeload.scan.pickle.malformed import MalformedError
from safeload.scan.program import Array, Blob, Global, Mapping, ObjectToken, Program, Token, Use
from safeload.verdict import Finding

__all__ = ["find_array"]

_PLAIN = (frozenset(["filename", "subclass"]), frozenset(["filename", "subclass", "allow_mmap"]))
_ZIPPED = frozenset(["filename", "init_args", "state"])
_LENGTHS = 2**63


def find_array(m: Machine, wrapper: ObjectToken, state: Token) -> Array:
    """Let the array that a wrapper stands for take its place.

    Args:
        m: The machine, right after the wrapper's BUILD.
        wrapper: The wrapper.
        state: The state it was given.

    Returns:
        The array's token. Its program has a finding and no code where the file was not read.

    Raises:
        MalformedError: The wrapper is not as joblib wrote it.
    """
    program = _read(m, wrapper, state)
    m.wrappers -= 1
    m.cut(m.position, m.position, instead=b"Q")
    m.program.arrays.append(program)
    return program.root if type(program.root) is Array else Array(program, m.data)


def _read(m: Machine, wrapper: ObjectToken, state: Token) -> Program:
    if not isinstance(state, Mapping) or wrapper.args != () or wrapper.states or wrapper.items:
        raise _malformed(m, "An array wrapper is not built as joblib builds it.")
    keys = state.keys
    given = dict(zip(keys, state.values, strict=True)) if {str}.issuperset(map(type, keys)) else {}
    is_zipped = wrapper.callable.name == ZIPPED
    if len(given) != len(keys) or given.keys() not in ((_ZIPPED,) if is_zipped else _PLAIN):
        raise _malformed(m, "An array wrapper has attributes that joblib does not write.")
    name = given["filename"]
    if type(name) is not str:
        raise _malformed(m, "The name of an array's file is not valid.")
    if is_zipped:
        return _zipped(m, name, given["init_args"], given["state"])
    subclass = given["subclass"]
    if not _is_array_type(subclass) or type(given.get("allow_mmap", True)) is not bool:
        raise _malformed(m, "An array wrapper names a type that is not an array.")
    m.use_up(subclass, Use.CONSTRUCT, holder=state)
    if m.companions is None or not is_plain(name):
        return _unread(m, name)
    return m.companions.plain(name)


def _zipped(m: Machine, name: str, init_args: Token, state: Token) -> Program:
    if type(init_args) is not tuple or len(init_args) != 3 or not _is_array_type(init_args[0]):
        raise _malformed(m, "An array wrapper names a type that is not an array.")
    subclass, empty, code = init_args
    m.use_up(subclass, Use.CONSTRUCT, holder=init_args)
    if empty != (0,) or not (code == "b" or (isinstance(code, Blob) and code.head == b"b")):
        raise _malformed(m, "An array wrapper is not built as joblib builds it.")
    if type(state) is not tuple or len(state) != 4 or (type(state[0]), state[0]) != (int, 1):
        raise _malformed(m, "An array's state is not one that numpy writes.")
    _, shape, token, fortran = state
    if type(fortran) is not bool or type(shape) is not tuple or not all(map(_is_length, shape)):
        raise _malformed(m, "An array's shape is not valid.")
    if len(shape) > m.limits.array_dimensions:
        raise _malformed(m, "An array has more dimensions than numpy allows.")
    try:
        dtype = describe(token)
    except DTypeError as error:
        raise _malformed(m, f"An array's dtype is forged: {error}.") from error
    if dtype.hasobject or (not dtype.itemsize and 0 not in shape):
        raise _malformed(m, "An array's elements are not plain bytes.")
    is_matrix = subclass.name == "matrix"
    if is_matrix and len(shape) != 2:
        raise _malformed(m, "A matrix has two dimensions.")
    if m.companions is None or not is_plain(name):
        return _unread(m, name)
    return m.companions.zipped(name, dtype, shape, "F" if fortran else "C", matrix=is_matrix)


def _unread(m: Machine, name: str) -> Program:
    where = printable(name)
    if not is_plain(name):
        message = f"An array lies in the file {where}, out of the model's folder."
        m.note("SL308", message, m.position)
        return Program(where)
    message = f"An array lies in the file {where} beside it, which is not available."
    return Program(where, findings=[Finding("SL004", message, where)])


def _is_array_type(token: Token) -> bool:
    return isinstance(token, Global) and (token.module, token.name) in SUBCLASSES


def _is_length(token: Token) -> bool:
    return type(token) is int and 0 <= token < _LENGTHS


def _malformed(m: Machine, message: str) -> MalformedError:
    return MalformedError("SL210", message, m.position)
