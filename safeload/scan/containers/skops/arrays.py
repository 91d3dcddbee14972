"""The nodes of a skops schema that stand for numpy and scipy objects, one function for each kind.

skops keeps the bytes of an array in a member of the archive, in numpy's own form, and reads it with
``allow_pickle=False``. The classes in these nodes are not always those of the objects: a sparse
matrix gets its class from a name inside the member, a bit generator from a string in a dict. Here
both must say the same.

Trust: every value is hostile; members are described, never loaded.
Source: skops ``io/_numpy.py``, ``io/_scipy.py``, ``io/old/_numpy_v1.py``; scipy's ``load_npz``.
"""

from __future__ import annotations

import struct
from typing import Any

from safeload.scan.containers.archive import ArchiveError, read_archive
from safeload.scan.containers.npy import Npy, NpyError, read_npy
from safeload.scan.containers.skops.walk import Loader, OddNodeError, Walk, names, part, text
from safeload.scan.containers.unpack import extract
from safeload.scan.program import Array, ArraySpan, Mapping, ObjectToken, Token, Use

__all__ = ["ARRAY_LOADERS"]

# Names of the scalar types by what numpy.dtype takes, without byte order and size where it varies.
_SCALARS = {
    "b1": {"bool", "bool_"},
    "i1": {"int8"}, "i2": {"int16"}, "i4": {"int32", "intc"}, "i8": {"int64", "longlong"},
    "u1": {"uint8"}, "u2": {"uint16"}, "u4": {"uint32", "uintc"}, "u8": {"uint64", "ulonglong"},
    "f2": {"float16"}, "f4": {"float32"}, "f8": {"float64"},
    "f12": {"longdouble", "float96"}, "f16": {"longdouble", "float128"},
    "c8": {"complex64"}, "c16": {"complex128"},
    "c24": {"clongdouble", "complex192"}, "c32": {"clongdouble", "complex256"},
    "S": {"bytes_"}, "U": {"str_"}, "M": {"datetime64"}, "m": {"timedelta64"},
}  # fmt: skip
_NPZ_PARTS = {
    "csr": {"indices", "indptr"},
    "csc": {"indices", "indptr"},
    "bsr": {"indices", "indptr"},
    "dia": {"offsets"},
    "coo": {"row", "col"},
}
_COORDINATES = {"coords"}
# What a shape is written as, by what the struct module calls it.
_INTEGERS = {"<i4": "i", "<i8": "q", ">i4": "i", ">i8": "q"}
_SHAPE_BYTES = 1_024
_POOL_SIZE = 1_024
# Flags in the state of numpy.dtype, which are 0 for all others: elements are objects, or need to
# be filled with zeros.
_DTYPE_FLAGS = {"O": 0x3F, "U": 0x08}


def _ndarray(walk: Walk, state: dict[str, Any]) -> Token:
    """An array, or a scalar: a numpy type called with an array of no dimensions."""
    module, name = names(state)
    if module != "numpy":
        raise OddNodeError("it is not of a numpy type")
    kind = text(state, "type")
    if kind == "json" and name == "ndarray":
        return _object_array(walk, state)
    if kind != "numpy":
        raise OddNodeError("its type is unknown")
    offset, content = walk.take(state)
    header: Npy = walk.once(state, lambda: _header(walk, content))
    array = walk.array(
        ArraySpan(offset + header.offset, header.nbytes, header.dtype, header.shape, header.order)
    )
    if name == "ndarray":
        return array
    if name == "memmap":
        # skops writes the elements, and cannot make a map of them again.
        walk.global_("numpy", "memmap", Use.CONSTRUCT)
        return array
    # Any other type would be called with the array all the same: numpy.void takes it for a size.
    if header.shape != () or name not in _SCALARS.get(_code(header.dtype), ()):
        raise OddNodeError("its type is not that of the number in its member")
    return walk.built(walk.global_("numpy", name, Use.CALL), Use.CALL, (array,))


def _header(walk: Walk, content: memoryview) -> Npy:
    try:
        return read_npy(content, walk.limits)
    except NpyError as error:
        raise OddNodeError(str(error)) from error


def _code(dtype: Any) -> str:
    if type(dtype) is not str:
        return ""
    return dtype[1] if dtype[1] in "SUMm" else dtype[1:]


def _object_array(walk: Walk, state: dict[str, Any]) -> list[Token]:
    """An array of objects, as the nested lists that it is written as."""
    items = walk.nodes(part(state, "content"))
    shape = walk.node(part(state, "shape"))
    if type(shape) is not tuple or not 1 <= len(shape) <= walk.limits.array_dimensions:
        raise OddNodeError("its shape is not valid")
    if not all(type(length) is int and length >= 0 for length in shape):
        raise OddNodeError("its shape is not valid")
    # numpy finds the shape out anew and would look into whatever has a length.
    level: list[Token] = [items]
    for length in shape:
        if not all(type(row) is list and len(row) == length for row in level):
            raise OddNodeError("its content does not have its shape")
        level = [item for row in level for item in row]
    return items


def _masked_array(walk: Walk, state: dict[str, Any]) -> Token:
    """A masked array.

    It counts as constructed: the file chooses neither the callable nor the form of its arguments.
    """
    module, name = names(state)
    if name != "MaskedArray" or module not in ("numpy.ma", "numpy.ma.core"):
        raise OddNodeError("it claims a different class from numpy.ma.MaskedArray")
    content = part(state, "content")
    data, mask = walk.node(part(content, "data")), walk.node(part(content, "mask"))
    if not _is_array(data) or not (_is_array(mask) or _is_bool(mask)):
        raise OddNodeError("its data or mask is not an array")
    target = walk.global_(module, name, Use.CONSTRUCT)
    return walk.built(target, Use.CONSTRUCT, state=(data, mask))


def _is_array(token: Token) -> bool:
    return isinstance(token, Array) or type(token) is list


def _is_bool(token: Token) -> bool:
    if not isinstance(token, ObjectToken):
        return False
    return token.is_of("numpy", "bool") or token.is_of("numpy", "bool_")


def _dtype(walk: Walk, state: dict[str, Any]) -> Token:
    """The dtype of an empty array: the call and the state that pickles make of it."""
    if names(state) != ("numpy", "dtype"):
        raise OddNodeError("it claims a different class from numpy.dtype")
    content = walk.node(part(state, "content"))
    code = None
    if isinstance(content, Array):
        span = content.span
        if isinstance(span, ArraySpan) and type(span.dtype) is str:
            code = span.dtype[1:3] if span.dtype[1] in "Mm" else span.dtype[1:]
    elif content == []:
        code = "O8"
    if code is None:
        raise OddNodeError("it is not made from an empty array of plain elements")
    target = walk.global_("numpy", "dtype", Use.CALL)
    flags = _DTYPE_FLAGS.get(code[0], 0)
    built_state: tuple[Token, ...] = (3, "=", None, None, None, -1, -1, flags)
    if code[0] in "Mm":
        built_state = (4, *built_state[1:], (None, ("generic", 1, 1, 1)))
    return walk.built(target, Use.CALL, (code, False, True), state=built_state)


def _random_state(walk: Walk, state: dict[str, Any]) -> Token:
    """``RandomState()``, then ``set_state``."""
    if names(state) != ("numpy.random.mtrand", "RandomState"):
        raise OddNodeError("it claims a different class from numpy.random.RandomState")
    content = walk.node(part(state, "content"))
    if not isinstance(content, Mapping):
        raise OddNodeError("its state is not a dict")
    target = walk.global_("numpy.random.mtrand", "RandomState", Use.CALL)
    return walk.built(target, Use.CALL, state=content)


def _random_generator(walk: Walk, state: dict[str, Any]) -> Token:
    """``Generator(bit_generator=Bits(SeedSequence(**seed)))``; ``Bits`` is named in a string."""
    if names(state) != ("numpy.random._generator", "Generator"):
        raise OddNodeError("it claims a different class from numpy.random.Generator")
    if walk.protocol == 0:
        raise OddNodeError("no release of skops reads it in protocol 0")
    content = part(state, "content")
    bits = walk.node(part(content, "bit_generator"))
    name = bits.get("bit_generator") if isinstance(bits, Mapping) else None
    if type(name) is not str or not name.isidentifier():
        raise OddNodeError("its bit generator has no name")
    seed: tuple[Token, ...] = ()
    if walk.protocol > 1:
        seed = (_seed_sequence(walk, walk.node(part(content, "seed_seq"))),)
    target = walk.global_("numpy.random", name, Use.CALL)
    generator = walk.built(target, Use.CALL, seed, state=bits)
    arguments = Mapping(["bit_generator", generator])
    target = walk.global_("numpy.random._generator", "Generator", Use.CALL)
    return walk.built(target, Use.CALL, kwargs=arguments)


def _seed_sequence(walk: Walk, seed: Token) -> ObjectToken:
    if not isinstance(seed, Mapping):
        raise OddNodeError("its seed is not a dict")
    known = {"entropy", "spawn_key", "pool_size", "n_children_spawned"}
    size = seed.get("pool_size")
    if not set(seed.keys) <= known or type(size) is not int or size > _POOL_SIZE:
        raise OddNodeError("its seed is not one that numpy writes")
    target = walk.global_("numpy.random.bit_generator", "SeedSequence", Use.CALL)
    return walk.built(target, Use.CALL, kwargs=seed)


def _sparse_matrix(walk: Walk, state: dict[str, Any]) -> Token:
    """A sparse matrix or array.

    It counts as constructed, as it does in a pickle: ``load_npz`` chooses the callable and the form
    of its arguments, not the file.
    """
    if text(state, "type") != "scipy":
        raise OddNodeError("its type is unknown")
    _, content = walk.take(state)
    try:
        layout, suffix, parts = walk.once(state, lambda: _npz(walk, content))
    except ArchiveError as error:
        if error.rule != "SL302":
            raise
        raise OddNodeError(error.message.rstrip(".").lower()) from error
    if names(state) != (f"scipy.sparse._{layout}", f"{layout}_{suffix}"):
        raise OddNodeError("its member holds a matrix of another class")
    target = walk.global_(*names(state), Use.CONSTRUCT)
    return walk.built(target, Use.CONSTRUCT, state=_pickled_state(parts))


_Parts = dict[str, tuple[Npy, memoryview]]


def _npz(walk: Walk, content: memoryview) -> tuple[str, str, _Parts]:
    """Layout, such as ``"csr"``; ``"matrix"`` or ``"array"``; and the arrays by name."""
    members = read_archive(content, walk.limits)
    arrays: _Parts = {}
    for name, member in members.items():
        data = memoryview(extract(content, member, walk.budget))
        arrays[name] = (_header(walk, data), data)
    layout = _scalar_bytes(arrays, "format.npy", "S").decode("latin-1")
    suffix = "matrix"
    if "_is_array.npy" in arrays:
        suffix = "array" if _scalar_bytes(arrays, "_is_array.npy", "b") == b"\x01" else "matrix"
    parts = _NPZ_PARTS.get(layout, set())
    if layout == "coo" and "coords.npy" in arrays:
        parts = _COORDINATES
    expected = {f"{name}.npy" for name in parts | {"data", "shape", "format"}}
    if not parts or arrays.keys() - {"_is_array.npy"} != expected:
        raise OddNodeError("its member is not a matrix that scipy would write")
    return layout, suffix, arrays


def _pickled_state(arrays: _Parts) -> Mapping:
    """The state that a pickle of the same matrix has."""
    state = Mapping(["_shape", _lengths(*arrays["shape.npy"])])
    for name, (header, data) in arrays.items():
        span = ArraySpan(header.offset, header.nbytes, header.dtype, header.shape, header.order)
        state += [name.removesuffix(".npy"), Array(span, data)]
    return state


def _lengths(header: Npy, data: memoryview) -> tuple[int, ...]:
    if header.dtype not in _INTEGERS or len(header.shape) != 1 or header.nbytes > _SHAPE_BYTES:
        raise OddNodeError("its member is not a matrix that scipy would write")
    content = data[header.offset : header.offset + header.nbytes]
    return struct.unpack(f"{header.dtype[0]}{header.shape[0]}{_INTEGERS[header.dtype]}", content)


def _scalar_bytes(arrays: _Parts, name: str, kind: str) -> bytes:
    header, data = arrays.get(name, (None, None))
    if header is None or data is None or header.shape != () or _code(header.dtype)[:1] != kind:
        raise OddNodeError("its member is not a matrix that scipy would write")
    return bytes(data[header.offset :])


ARRAY_LOADERS: dict[str, Loader] = {
    "DTypeNode": _dtype,
    "MaskedArrayNode": _masked_array,
    "NdArrayNode": _ndarray,
    "RandomGeneratorNode": _random_generator,
    "RandomStateNode": _random_state,
    "SparseMatrixNode": _sparse_matrix,
}
