"""Checkpoints of torch, assembled record by record and opcode by opcode, without torch.

:func:`archive` writes a zip archive as torch's own writer does: every record stored, its bytes at a
multiple of 64, its sizes behind it, and 64-bit end records whatever the size. Every field of a
record can be replaced, which is how forgeries are made. :func:`checkpoint` is an archive with what
``torch.save`` puts into it, and :func:`legacy` the form that torch had before 1.6.

Source: PyTorch ``caffe2/serialize/inline_container.cc`` (``PyTorchStreamWriter``),
``torch/serialization.py`` (``_save``, ``_legacy_save``), ``torch/_tensor.py``.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from tests.builder import Name, Pickle, Value

__all__ = [
    "FLOATS",
    "MAGIC",
    "Record",
    "archive",
    "checkpoint",
    "legacy",
    "no_hooks",
    "parameter",
    "pickled",
    "rebuilt",
    "sized",
    "sparse",
    "storage",
    "tensor",
    "with_state",
]

MAGIC = 0x1950A86A20F9469CFC6C
FLOATS = struct.pack("<4f", 1, 2, 3, 4)

_ALIGNMENT = 64
# UTF-8 names; sizes that follow the bytes.
_FLAGS = 0x0808
_UTILS = "torch._utils"
_VERSION = 1001


@dataclass(frozen=True, slots=True)
class Record:
    """One member of an archive, legitimate unless told otherwise.

    Attributes:
        name: Its whole name.
        content: Its bytes.
        deflated: Whether they are compressed.
        local_name: The name in the local header, if another.
        flags: General purpose flags, in header and directory.
        attributes: External attributes in the directory.
        crc: CRC-32, if another than that of the bytes.
        size: Length that the directory says, if another.
        behind: Bytes between this member and the next.
    """

    name: str
    content: bytes
    deflated: bool = False
    local_name: str | None = None
    flags: int = _FLAGS
    attributes: int = 0
    crc: int | None = None
    size: int | None = None
    behind: bytes = b""


def archive(records: Iterable[Record], *, prefix: bytes = b"", comment: bytes = b"") -> bytes:
    """Write an archive.

    Args:
        records: Its members.
        prefix: Bytes in front of it, which its offsets take into account.
        comment: Comment in the end record.
    """
    data, directory, count = bytearray(prefix), bytearray(), 0
    for record in records:
        header = len(data)
        local = (record.name if record.local_name is None else record.local_name).encode()
        content = record.content
        if record.deflated:
            deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
            content = deflate.compress(content) + deflate.flush()
        crc = zlib.crc32(record.content) if record.crc is None else record.crc
        size = len(record.content) if record.size is None else record.size
        method = 8 if record.deflated else 0
        padding = -(header + 30 + len(local) + 4) % _ALIGNMENT
        data += b"PK\x03\x04"
        data += struct.pack(
            "<5H3L2H", 0, record.flags, method, 0, 0, 0, 0, 0, len(local), 4 + padding
        )
        data += local + b"FB" + struct.pack("<H", padding) + b"Z" * padding + content
        if content:
            data += b"PK\x07\x08" + struct.pack("<3L", crc, len(content), size)
        data += record.behind
        name = record.name.encode()
        directory += b"PK\x01\x02" + struct.pack(
            "<6H3L5H2L", 0, 0, record.flags, method, 0, 0, crc, len(content), size,
            len(name), 0, 0, 0, 0, record.attributes, header,
        )  # fmt: skip
        directory += name
        count += 1
    start, stop = len(data), len(data) + len(directory)
    end64 = struct.pack("<Q2H2L4Q", 44, 0x031E, 45, 0, 0, count, count, len(directory), start)
    locator = struct.pack("<LQL", 0, stop, 1)
    end = struct.pack("<4H2LH", 0, 0, count, count, len(directory), start, len(comment))
    return b"".join(
        [data, directory, b"PK\x06\x06", end64, b"PK\x06\x07", locator, b"PK\x05\x06", end, comment]
    )


def checkpoint(
    *values: Value,
    pickle: bytes | None = None,
    storages: Mapping[str, bytes] | None = None,
    folder: str = "archive",
    replaced: Mapping[str, Record | None] | None = None,
    further: Iterable[Record] = (),
    **given: bytes,
) -> bytes:
    """Write a checkpoint as ``torch.save`` does.

    Args:
        *values: What it holds, one value; see :data:`tests.builder.Value`.
        pickle: The pickle, if it is another than that of the value.
        storages: Bytes by key; by default four floats under ``"0"``.
        folder: The archive's name.
        replaced: Records in the place of those of the same name below the folder; None for none.
        further: Records behind these.
        **given: As for :func:`archive`.
    """
    numbers = {"0": FLOATS} if storages is None else storages
    contents = {
        "data.pkl": pickled(*values) if pickle is None else pickle,
        ".format_version": b"1",
        ".storage_alignment": b"64",
        "byteorder": b"little",
        **{f"data/{key}": content for key, content in numbers.items()},
        "version": b"3\n",
        ".data/serialization_id": b"0" * 40,
    }
    records = {name: Record(f"{folder}/{name}", content) for name, content in contents.items()}
    chosen = {**records, **(replaced or {})}
    return archive([*filter(None, chosen.values()), *further], **given)


def legacy(
    *values: Value,
    pickle: bytes | None = None,
    storages: Mapping[str, bytes] | None = None,
    counts: Mapping[str, int] | None = None,
    keys: bytes | None = None,
    begin: tuple[bytes, ...] | None = None,
    itemsize: int = 4,
) -> bytes:
    """Write a checkpoint as torch did before 1.6.

    Args:
        *values: What it holds, one value, whose storages are ``storage(..., legacy=True)``.
        pickle: The pickle, if it is another than that of the value.
        storages: Bytes by key; by default four floats under ``"0"``.
        counts: Elements by key, if others than there are.
        keys: The pickle of the keys, if another.
        begin: The pickles before the object's, if others.
        itemsize: Bytes of an element.
    """
    numbers = {"0": FLOATS} if storages is None else storages
    if begin is None:
        system = {"protocol_version": _VERSION, "little_endian": True, "type_sizes": {}}
        begin = pickled(MAGIC), pickled(_VERSION), pickled(system)
    parts = [*begin, pickled(*values) if pickle is None else pickle]
    parts.append(pickled(sorted(numbers)) if keys is None else keys)
    for key in sorted(numbers):
        count = (counts or {}).get(key, len(numbers[key]) // itemsize)
        parts += [struct.pack("<q", count), numbers[key]]
    return b"".join(parts)


def pickled(*values: Value) -> bytes:
    """The pickle of a value in protocol 2, which torch writes."""
    return Pickle(2).save(*values).finish()


def storage(
    key: Value = "0",
    count: Value = 4,
    *,
    cls: Value = Name("torch", "FloatStorage"),  # noqa: B008  # it cannot change
    location: Value = "cpu",
    legacy: bool = False,
) -> Callable[[Pickle], object]:
    """Opcodes that name a storage by its persistent identifier."""
    identifier = ("storage", cls, key, location, count, *([None] if legacy else []))
    return lambda p: p.save(identifier).binpersid()


def tensor(
    of: Value = None,
    shape: Value = (4,),
    strides: Value = (1,),
    *,
    offset: Value = 0,
    requires_grad: Value = False,
    hooks: Value = None,
    metadata: tuple[Value, ...] = (),
) -> Callable[[Pickle], object]:
    """Opcodes that rebuild a tensor; the storage is the default one unless given."""
    given = (of or storage(), offset, shape, strides, requires_grad, hooks or no_hooks, *metadata)
    return rebuilt("_rebuild_tensor_v2", *given)


def no_hooks(p: Pickle) -> object:
    """Opcodes that make an empty ``OrderedDict``."""
    return p.call(Name("collections", "OrderedDict"))


def rebuilt(name: str, *args: Value) -> Callable[[Pickle], object]:
    """Opcodes that call a function of ``torch._utils``."""
    return lambda p: p.call(Name(_UTILS, name), *args)


def parameter(of: Value = None) -> Callable[[Pickle], object]:
    """Opcodes that rebuild a parameter."""
    return rebuilt("_rebuild_parameter", of or tensor(), True, no_hooks)


def with_state(function: Name, args: tuple[Value, ...], state: Value) -> Callable[[Pickle], object]:
    """Opcodes that rebuild a tensor with attributes."""
    name = Name("torch._tensor", "_rebuild_from_type_v2")
    return lambda p: p.call(name, function, Name("torch", "Tensor"), args, state)


def sized(*lengths: Value) -> Callable[[Pickle], object]:
    """Opcodes that make a ``torch.Size``."""
    return lambda p: p.call(Name("torch", "Size"), lengths)


def sparse(layout: Value, *data: Value) -> Callable[[Pickle], object]:
    """Opcodes that rebuild a sparse tensor."""
    name = Name("torch.serialization", "_get_layout")
    return rebuilt("_rebuild_sparse_tensor", lambda p: p.call(name, layout), data)
