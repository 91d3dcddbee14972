"""What several recipes share: the payload, the wrappings, and the nodes of a skops schema.

Nothing in a payload does more than create the canary file that it is given.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import shlex
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import lz4.frame

from tests.builder import Name, Pickle, Value

__all__ = [
    "compress",
    "dictionary",
    "json_node",
    "json_text",
    "legitimate_state",
    "load_of_call",
    "make_array",
    "make_call",
    "make_dtype",
    "make_object",
    "node",
    "npy",
    "payload",
    "pickled_call",
    "python",
    "sequence",
    "seven_zip",
    "shell",
    "skops",
    "skops_archive",
    "support_vector_machine",
    "system",
    "zipped",
]

# Archives carry no time of day, so that a recipe gives the same bytes whenever it is run.
_EPOCH = (2020, 1, 1, 0, 0, 0)


def shell(canary: str) -> str:
    """A shell command that creates the canary."""
    return f"touch {shlex.quote(canary)}"


def python(canary: str) -> str:
    """A Python expression, and statement, that creates the canary."""
    return f"open({canary!r}, 'w').close()"


def system(canary: str) -> Callable[[Pickle], object]:
    """Opcodes that call ``posix.system`` with the shell command."""
    return lambda p: p.call(Name("posix", "system"), shell(canary))


def make_call(function: Value, *args: Value) -> Callable[[Pickle], object]:
    """Opcodes that call a function; for an argument that is itself a call."""
    return lambda p: p.call(function, *args)


def make_array(
    *numbers: float, dtype: str = "<f8", shape: tuple[int, ...] | None = None
) -> Callable[[Pickle], object]:
    """Opcodes of joblib that make an array of these numbers."""
    form = {"<f8": "d", "<i4": "i", "<i8": "q", "<u4": "I"}[dtype]
    data = struct.pack(f"<{len(numbers)}{form}", *numbers)
    return lambda p: p.array(data, dtype=dtype, shape=shape or (len(numbers),))


def make_dtype(code: Value = "f8", **given: Any) -> Callable[[Pickle], object]:
    """Opcodes that make a dtype; arguments as for :meth:`Pickle.dtype`."""
    return lambda p: p.dtype(code, **given)


def make_object(cls: Value, *args: Value, state: Value = None) -> Callable[[Pickle], object]:
    """Opcodes that make an instance; arguments as for :meth:`Pickle.object_`."""
    return lambda p: p.object_(cls, *args, state=state)


def pickled_call(module: str, name: str, *args: Value, proto: int = 4) -> bytes:
    """A pickle that calls one global and is otherwise empty."""
    return Pickle(proto).call(Name(module, name), *args).finish()


def payload(canary: str) -> bytes:
    """The plainest hostile pickle: a call of ``posix.system``."""
    return Pickle(4, framed=True).save(system(canary)).finish()


def load_of_call(canary: str) -> Callable[[Pickle], object]:
    """Opcodes that make a file object in memory, with the plainest hostile pickle in it."""
    return make_call(Name("_io", "BytesIO"), payload(canary))


def legitimate_state(**attributes: Value) -> dict[str, Value]:
    """State of an estimator, with what scikit-learn adds to it."""
    return {**attributes, "_sklearn_version": "1.9.1"}


def support_vector_machine(**forged: Value) -> Callable[[Pickle], object]:
    """Opcodes of joblib that make a fitted ``SVC`` of four points, some attributes forged."""
    coefficients = make_array(0.59, 1.0, -1.0, -0.59, shape=(1, 4))
    legitimate: dict[str, Value] = {
        "break_ties": False, "decision_function_shape": "ovr", "kernel": "rbf", "degree": 3,
        "gamma": "scale", "coef0": 0.0, "tol": 0.001, "C": 1.0, "nu": 0.0, "epsilon": 0.0,
        "shrinking": True, "probability": False, "cache_size": 200, "class_weight": None,
        "verbose": False, "max_iter": -1, "random_state": None, "_sparse": False,
        "_effective_probability": False, "n_features_in_": 1, "_gamma": 0.8, "fit_status_": 0,
        "shape_fit_": (4, 1), "class_weight_": make_array(1.0, 1.0),
        "classes_": make_array(0, 1, dtype="<i8"), "support_": make_array(0, 1, 2, 3, dtype="<i4"),
        "support_vectors_": make_array(0.0, 1.0, 2.0, 3.0, shape=(4, 1)),
        "_n_support": make_array(2, 2, dtype="<i4"), "dual_coef_": coefficients,
        "intercept_": make_array(0.0), "_intercept_": make_array(0.0),
        "_dual_coef_": coefficients, "_probA": make_array(), "_probB": make_array(),
    }  # fmt: skip
    state = legitimate_state(**{**legitimate, **forged})
    return make_object(Name("sklearn.svm._classes", "SVC"), state=state)


def compress(data: bytes, method: str) -> bytes:
    """Compress as ``joblib.dump`` does, but without the time of day."""
    if method == "zlib":
        return zlib.compress(data, 3)
    if method == "gzip":
        return gzip.compress(data, 3, mtime=0)
    if method == "bz2":
        return bz2.compress(data, 3)
    if method == "lzma":
        return lzma.compress(data, format=lzma.FORMAT_ALONE)
    if method == "xz":
        return lzma.compress(data, format=lzma.FORMAT_XZ)
    compressed: bytes = lz4.frame.compress(data)
    return compressed


def npy(pickled: bytes) -> bytes:
    """An ``.npy`` file whose one element is an object, pickled."""
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + pickled


# skops.


def node(loader: str, module: str, name: str, **parts: Any) -> dict[str, Any]:
    """A node of a skops schema."""
    return {"__class__": name, "__module__": module, "__loader__": loader, **parts}


def json_node(value: Any) -> dict[str, Any]:
    """The node of a value that JSON can hold."""
    return node("JsonNode", "builtins", "str", content=json.dumps(value), is_json=True)


def sequence(kind: str, *items: dict[str, Any]) -> dict[str, Any]:
    """The node of a list or tuple."""
    return node(f"{kind.title()}Node", "builtins", kind, content=list(items))


def dictionary(**items: dict[str, Any]) -> dict[str, Any]:
    """The node of a dict with string keys."""
    keys = [node("TypeNode", "builtins", "str") for _ in items]
    return node("DictNode", "builtins", "dict", content=items, key_types=sequence("list", *keys))


def json_text(root: dict[str, Any], *, protocol: Any = 2) -> str:
    """The text of a ``schema.json``."""
    return json.dumps({**root, "protocol": protocol, "_skops_version": "0.16.0"}, indent=2)


def skops(root: dict[str, Any], *, protocol: Any = 2, **members: bytes) -> bytes:
    """A skops file from the root node of its schema and further members."""
    given = {name.replace("_npy", ".npy"): data for name, data in members.items()}
    return skops_archive(*given.items(), ("schema.json", json_text(root, protocol=protocol)))


def skops_archive(
    *members: tuple[str, bytes | str], compression: int = zipfile.ZIP_STORED
) -> bytes:
    """A zip archive of these members, in this order, duplicates included."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression=compression) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = compression
            # Tell apart what zipfile warns of from what a recipe means to do.
            archive.NameToInfo.pop(name, None)
            archive.writestr(info, data)
    return buffer.getvalue()


def zipped(files: Mapping[str, bytes], method: int) -> bytes:
    """An ordinary zip, the same each time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def seven_zip(name: str, content: bytes) -> bytes:
    """A 7z archive of one stored file."""
    size = struct.pack(">H", 0x8000 | len(content))
    checksum = struct.pack("<I", zlib.crc32(content))
    names = b"\0" + name.encode("utf-16-le") + b"\0\0"
    packed = b"\x06\0\x01\x09" + size + b"\0"
    # One folder with one coder, which copies.
    folder = b"\x07\x0b\x01\0\x01\x01\0\x0c" + size + b"\x0a\x01" + checksum + b"\0"
    files = b"\x05\x01\x11" + bytes([len(names)]) + names + b"\0"
    header = b"\x01\x04" + packed + folder + b"\x08\0\0" + files + b"\0"
    start = struct.pack("<QQI", len(content), len(header), zlib.crc32(header))
    mark = b"7z\xbc\xaf\x27\x1c\0\x04"
    return mark + struct.pack("<I", zlib.crc32(start)) + start + content + header
