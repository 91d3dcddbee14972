"""safetensors: a length, a JSON header, and the bytes of tensors. All of it is checked.

Trust: the bytes are hostile. A file is accepted only if its tensors fill it without gap or overlap,
so that nothing else can be in it.
Source: the format in safetensors' README, and ``Metadata::validate`` in its ``tensor.rs``.
"""

from __future__ import annotations

from math import prod
from typing import Any

from safeload.scan.bounds.budget import OverLimitError
from safeload.scan.containers.nesting import Nesting
from safeload.scan.json_objects import json_object
from safeload.scan.program import Buffer, Scan
from safeload.verdict import Finding

__all__ = ["is_safetensors", "read_safetensors"]

_LENGTH = 8
# The library takes no longer header.
_LONGEST = 100_000_000
_DIMENSIONS = 64
# Bits of an element.
_BITS = {
    "BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8,
    "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16,
    "I32": 32, "U32": 32, "F32": 32, "F64": 64, "I64": 64, "U64": 64, "C64": 64,
}  # fmt: skip


def is_safetensors(data: Buffer) -> bool:
    """Whether a file begins with a length and as long a header in braces."""
    length = int.from_bytes(data[:_LENGTH], "little")
    if not 2 <= length <= min(_LONGEST, len(data) - _LENGTH) or data[_LENGTH] != ord("{"):
        return False
    return data[_LENGTH + length - 1] in b"} "


def read_safetensors(data: Buffer, nesting: Nesting) -> Scan:
    """Check a file of tensors.

    Args:
        data: The whole file.
        nesting: Bounds; ``schema_bytes`` and the clock apply.

    Returns:
        A scan without programs; without findings if all of the file is tensors.
    """
    length = int.from_bytes(data[:_LENGTH], "little")
    if length > nesting.limits.schema_bytes:
        raise OverLimitError("The header is too large.", "schema_bytes")
    findings = []
    try:
        header = json_object(bytes(data[_LENGTH : _LENGTH + length]))
        _check(header, len(data) - _LENGTH - length, nesting)
    except ValueError as error:
        findings.append(Finding("SL307", f"The header of safetensors is {error}."))
    return Scan("safetensors", [], findings, data, single=False)


def _check(header: dict[str, Any], size: int, nesting: Nesting) -> None:
    """Compare the tensors with the bytes behind the header."""
    metadata = header.pop("__metadata__", {})
    if type(metadata) is not dict or any(type(value) is not str for value in metadata.values()):
        raise ValueError("odd: its metadata are more than texts")
    spans = []
    for tensor in header.values():
        nesting.work.check_time()
        spans.append(_span(tensor))
    end = 0
    for start, stop in sorted(spans):
        if start != end:
            raise ValueError("odd: its tensors overlap, or leave bytes between them")
        end = stop
    if end != size:
        raise ValueError("odd: its tensors do not end where the file does")


def _span(tensor: Any) -> tuple[int, int]:
    """Where a tensor lies, counted from the first byte behind the header."""
    if type(tensor) is not dict or set(tensor) != {"dtype", "shape", "data_offsets"}:
        raise ValueError("odd: a tensor is more than a type, a shape and offsets")
    bits, shape, offsets = _BITS.get(str(tensor["dtype"])), tensor["shape"], tensor["data_offsets"]
    if bits is None or not (_is_sizes(shape) and _is_sizes(offsets)) or len(offsets) != 2:
        raise ValueError("odd: a tensor has another type, shape or place than there is")
    if len(shape) > _DIMENSIONS or 8 * (offsets[1] - offsets[0]) != prod(shape) * bits:
        raise ValueError("odd: a tensor does not have the length that its type and shape say")
    return offsets[0], offsets[1]


def _is_sizes(value: Any) -> bool:
    return type(value) is list and all(type(item) is int and 0 <= item < 1 << 63 for item in value)
