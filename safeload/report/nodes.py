"""A skops file becomes an indented tree: which object holds which, and of what type.

Trust: the schema is hostile and was parsed in full by the scan; nothing it names is imported. Every
name and value is escaped, and depth and length are bounded.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

from safeload.errors import printable
from safeload.scan.program import Scan

__all__ = ["tree"]

_DEPTH = 60
_VALUE = 80


def tree(scan: Scan) -> Iterator[str]:
    """Write a skops file as a tree.

    Args:
        scan: Of a skops file whose schema was read.

    Yields:
        One line for each node, indented by its depth.
    """
    with zipfile.ZipFile(io.BytesIO(scan.data)) as archive:
        schema = json.loads(archive.read("schema.json"))
    yield from _node("model", schema, 0)


def _node(label: str, value: Any, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if depth > _DEPTH:
        yield f"{indent}{label}: ..."
        return
    if not isinstance(value, dict) or "__loader__" not in value:
        if isinstance(value, dict | list) and value:
            yield f"{indent}{label}"
            yield from _children(value, depth + 1)
        else:
            yield f"{indent}{label}: {_short(value)}"
        return
    kind = printable(f"{value.get('__module__')}.{value.get('__class__')}")
    content = value.get("content")
    if value["__loader__"] == "JsonNode":
        yield f"{indent}{label}: {_short(content, quoted=False)}"
        return
    file = value.get("file")
    stored = f" in {_short(file, quoted=False)}" if isinstance(file, str) else ""
    yield f"{indent}{label}: {kind}{stored}"
    if isinstance(content, dict) and "__loader__" in content:
        # An object's state is a dict node; its entries are the object's attributes.
        content = content.get("content", content)
    yield from _children(content, depth + 1)
    for name, part in value.items():
        if name not in ("content", "key_types", "file", "type", "is_json") and not (
            name.startswith("__") and name.endswith("__")
        ):
            yield from _node(printable(name), part, depth + 1)


def _children(content: Any, depth: int) -> Iterator[str]:
    if isinstance(content, dict):
        for name, part in content.items():
            yield from _node(printable(name), part, depth)
    elif isinstance(content, list):
        for index, part in enumerate(content):
            yield from _node(f"[{index}]", part, depth)


def _short(value: Any, *, quoted: bool = True) -> str:
    if not isinstance(value, str):
        return printable(repr(value), limit=_VALUE)
    text = printable(value, limit=_VALUE)
    return f'"{text}"' if quoted else text
