"""Which types of numbers does torch write, and how many bytes does one take?

Trust: tables; nothing hostile gets here.
Source: PyTorch ``torch/storage.py`` (``_dtype_to_storage_type_map``, ``_new_dtypes``).
"""

from __future__ import annotations

__all__ = ["ITEMSIZES", "PACKED", "STORAGES", "UNTYPED"]

# Bytes of one element.
ITEMSIZES = {
    "bfloat16": 2,
    "bits16": 2,
    "bits1x8": 1,
    "bits2x4": 1,
    "bits4x2": 1,
    "bits8": 1,
    "bool": 1,
    "complex128": 16,
    "complex32": 4,
    "complex64": 8,
    "float16": 2,
    "float32": 4,
    "float4_e2m1fn_x2": 1,
    "float64": 8,
    "float8_e4m3fn": 1,
    "float8_e4m3fnuz": 1,
    "float8_e5m2": 1,
    "float8_e5m2fnuz": 1,
    "float8_e8m0fnu": 1,
    "int16": 2,
    "int32": 4,
    "int64": 8,
    "int8": 1,
    "qint32": 4,
    "qint8": 1,
    "quint2x4": 1,
    "quint4x2": 1,
    "quint8": 1,
    "uint16": 2,
    "uint32": 4,
    "uint64": 8,
    "uint8": 1,
}
# Types of which several elements share a byte, with how many.
PACKED = {"quint2x4": 4, "quint4x2": 2}
# The type of a storage that does not say what is in it; it is counted in bytes.
UNTYPED = "bytes"
# The type of the elements of each class of storages, by the class as a stream names it.
STORAGES = {
    ("torch", "BFloat16Storage"): "bfloat16",
    ("torch", "BoolStorage"): "bool",
    ("torch", "ByteStorage"): "uint8",
    ("torch", "CharStorage"): "int8",
    ("torch", "ComplexDoubleStorage"): "complex128",
    ("torch", "ComplexFloatStorage"): "complex64",
    ("torch", "DoubleStorage"): "float64",
    ("torch", "FloatStorage"): "float32",
    ("torch", "HalfStorage"): "float16",
    ("torch", "IntStorage"): "int32",
    ("torch", "LongStorage"): "int64",
    ("torch", "QInt32Storage"): "qint32",
    ("torch", "QInt8Storage"): "qint8",
    ("torch", "QUInt2x4Storage"): "quint2x4",
    ("torch", "QUInt4x2Storage"): "quint4x2",
    ("torch", "QUInt8Storage"): "quint8",
    ("torch", "ShortStorage"): "int16",
    ("torch.storage", "UntypedStorage"): UNTYPED,
}
