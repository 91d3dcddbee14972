"""Array bytes between opcodes: joblib's wrapper object says how many there are.

joblib writes an array as a ``NumpyArrayWrapper`` with the array's type, shape, order and dtype.
What follows the wrapper's BUILD is, for an array of objects, a whole pickle of its own; for any
other, a byte that counts the padding, the padding (0xff), and the raw elements. joblib before 1.2
wrote no padding and says so by the lack of an attribute. Before Python 3.6, attributes were written
in any order.

Trust: the metadata is hostile. Nothing but what joblib writes is taken, so that the bytes taken
for data are exactly those.
Source: joblib ``NumpyArrayWrapper.write_array`` and ``read_array``.
"""

from __future__ import annotations

from safeload.scan.arrays.dtypes import DTypeError, describe
from safeload.scan.arrays.form import ArrayForm
from safeload.scan.pickle.machine import Machine
from safeload.scan.pickle.malformed import MalformedError
from safeload.scan.program import ArraySpan, Global, Mapping, ObjectToken, Token, Use

__all__ = ["SUBCLASSES", "locate", "read_wrapper"]

_ATTRIBUTES = ("subclass", "shape", "order", "dtype", "allow_mmap")
_ALIGNED = "numpy_array_alignment_bytes"
_ORDERS = ("C", "F")
_LENGTHS = 2**63
# What joblib wrote in this form.
SUBCLASSES = {
    ("numpy", "ndarray"),
    ("numpy", "matrix"),
    ("numpy", "memmap"),
    ("numpy.matrixlib.defmatrix", "matrix"),
    ("numpy.core.memmap", "memmap"),
}
_ALIGNMENT = 16
_PADDING = b"\xff" * _ALIGNMENT


def read_wrapper(
    m: Machine, wrapper: ObjectToken, state: Token
) -> tuple[ArrayForm, tuple[int, ...]]:
    """Read an array wrapper.

    Args:
        m: The machine, right after the wrapper's BUILD.
        wrapper: The wrapper.
        state: The state it was given.

    Returns:
        The array's form, and its shape.

    Raises:
        MalformedError: The wrapper is not as joblib writes it.
    """
    if not isinstance(state, Mapping) or wrapper.args != () or wrapper.states or wrapper.items:
        raise _malformed(m, "An array wrapper is not built as joblib builds it.")
    subclass, shape, order, token, mmap, alignment = _attributes(m, state)
    if not isinstance(subclass, Global) or (subclass.module, subclass.name) not in SUBCLASSES:
        raise _malformed(m, "An array wrapper names a type that is not an array.")
    # The wrapper's own reading of the type is not a value that the model keeps.
    m.use_up(subclass, Use.CONSTRUCT, holder=state)
    if order not in _ORDERS or type(mmap) is not bool:
        raise _malformed(m, "An array wrapper has an unknown order.")
    if alignment is not None and (type(alignment) is not int or alignment != _ALIGNMENT):
        # The count of padding bytes must stay below every opcode, lest a loader that knows no
        # arrays reads on from there.
        raise _malformed(m, "An array's alignment is not one that joblib writes.")
    if type(shape) is not tuple or not all(type(length) is int for length in shape):
        raise _malformed(m, "An array's shape is not valid.")
    try:
        dtype = describe(token)
    except DTypeError as error:
        raise _malformed(m, f"An array's dtype is forged: {error}.") from error
    return ArrayForm(subclass, dtype, order, alignment), shape


def locate(m: Machine, form: ArrayForm, shape: tuple[int, ...]) -> ArraySpan | None:
    """Find the bytes of an array.

    Args:
        m: The machine, right behind the wrapper.
        form: What the wrapper says.
        shape: The array's shape.

    Returns:
        The span of raw bytes, or None where a pickle of its own follows instead.

    Raises:
        MalformedError: The shape is none, the padding not canonical, or the bytes too few.
    """
    if len(shape) > m.limits.array_dimensions:
        raise _malformed(m, "An array has more dimensions than numpy allows.")
    nbytes = form.dtype.itemsize
    for length in shape:
        if not 0 <= length < _LENGTHS:
            raise _malformed(m, "An array's shape is not valid.")
        nbytes *= length
    if form.dtype.hasobject:
        return None
    if not form.dtype.itemsize and 0 not in shape:
        # numpy would make any number of them out of nothing.
        raise _malformed(m, "An array has elements without size.")
    offset = m.position if form.alignment is None else _skip_padding(m, form.alignment)
    if nbytes > m.size - offset:
        raise _malformed(m, "An array has more elements than there are bytes.")
    return ArraySpan(offset, nbytes, form.dtype.spec, shape, form.order)


def _attributes(m: Machine, state: Mapping) -> list[Token]:
    """The values of a wrapper's attributes, in one order; no alignment reads as None."""
    keys = state.keys
    if all(type(key) is str for key in keys) and len(set(keys)) == len(keys):
        named = dict(zip(keys, state.values, strict=True))
        values = [named.pop(key) for key in _ATTRIBUTES if key in named]
        alignment = named.pop(_ALIGNED, None)
        if len(values) == len(_ATTRIBUTES) and not named:
            return [*values, alignment]
    raise _malformed(m, "An array wrapper has attributes that joblib does not write.")


def _skip_padding(m: Machine, alignment: int) -> int:
    start = m.position + 1
    expected = alignment - start % alignment
    if m.position >= m.size or m.data[m.position] != expected:
        raise MalformedError("SL209", "An array's padding has a wrong length.", m.position)
    if m.data[start : start + expected] != _PADDING[:expected]:
        raise MalformedError("SL209", "An array's padding hides other bytes.", start)
    return start + expected


def _malformed(m: Machine, message: str) -> MalformedError:
    return MalformedError("SL210", message, m.position)
