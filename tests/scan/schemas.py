"""skops files assembled node by node: no live object is made, so that any schema can be written."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np

__all__ = [
    "archive",
    "at",
    "dict_",
    "json_",
    "list_",
    "ndarray",
    "node",
    "npy",
    "object_",
    "parts",
    "places",
    "tuple_",
    "type_",
]

Node = dict[str, Any]


def node(loader: str, module: str, name: str, **rest: Any) -> Node:
    """Any node."""
    return {"__loader__": loader, "__module__": module, "__class__": name, **rest}


def json_(value: Any) -> Node:
    """A scalar."""
    return node("JsonNode", "builtins", "str", content=json.dumps(value), is_json=True)


def type_(module: str, name: str) -> Node:
    """A type or built-in function."""
    return node("TypeNode", module, name)


def list_(*items: Node) -> Node:
    """A list."""
    return node("ListNode", "builtins", "list", content=list(items))


def tuple_(*items: Node) -> Node:
    """A tuple."""
    return node("TupleNode", "builtins", "tuple", content=list(items))


def dict_(items: dict[str, Node], key_type: Node | None = None) -> Node:
    """A dict whose keys are all of one type, strings unless said otherwise."""
    types = list_(*[key_type or type_("builtins", "str") for _ in items])
    return node("DictNode", "builtins", "dict", content=items, key_types=types)


def object_(module: str, name: str, state: Node | None = None) -> Node:
    """An instance with a state."""
    return node("ObjectNode", module, name, content=state)


def ndarray(file: str, name: str = "ndarray") -> Node:
    """An array or numpy scalar in a member."""
    return node("NdArrayNode", "numpy", name, type="numpy", file=file)


def npy(value: Any) -> bytes:
    """An array in numpy's own form."""
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(value), allow_pickle=False)
    return buffer.getvalue()


def archive(
    schema: Any,
    members: dict[str, bytes] | None = None,
    *,
    protocol: Any = 2,
    method: int = zipfile.ZIP_STORED,
) -> bytes:
    """A skops file.

    Args:
        schema: The root node; or the very text of ``schema.json``.
        members: Content of the other members by name.
        protocol: Written into the root node.
        method: How members are compressed.
    """
    text = (
        schema if isinstance(schema, str | bytes) else json.dumps(schema | {"protocol": protocol})
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, content in (members or {}).items():
            file.writestr(name, content)
        file.writestr("schema.json", text)
    return buffer.getvalue()


def parts(data: bytes) -> tuple[Any, dict[str, bytes]]:
    """The schema of a skops file, and the content of its other members by name."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        members = {name: file.read(name) for name in file.namelist()}
    return json.loads(members.pop("schema.json")), members


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value within a schema, its own first."""
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    return [path, *[place for key, item in items for place in places(item, (*path, key))]]


def at(value: Any, path: tuple[Any, ...]) -> Any:
    """What lies at a path."""
    for key in path:
        value = value[key]
    return value
