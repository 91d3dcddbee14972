"""The nodes of a skops schema that stand for containers: dicts, lists, sets and tuples.

The built-in types are literals. Of any other class an instance is made: a dict's without arguments,
a named tuple's from its items as NEWOBJ does; a list's or set's class is called with a list of the
items. The keys of a dict are JSON strings, and skops calls a type on each to have the key back.

Trust: every value is hostile; the types of keys are names from the file like any other.
Source: ``DictNode``, ``DefaultDictNode``, ``ListNode``, ``SetNode`` and ``TupleNode`` in skops
``io/_general.py``.
"""

from __future__ import annotations

from typing import Any

from safeload.scan.containers.skops.walk import (
    Loader,
    OddNodeError,
    Walk,
    is_builtin,
    names,
    part,
    require,
)
from safeload.scan.program import Collection, Global, Mapping, ObjectToken, Token, Use

__all__ = ["CONTAINER_LOADERS"]

_KEY_LITERALS = {"bool": bool, "float": float, "int": int, "str": str}


def _dict(walk: Walk, state: dict[str, Any]) -> Token:
    """``cls()``, then ``instance[key_type(key)] = value`` for each pair.

    A class made without arguments counts as constructed. It counts as filled even if it stays
    empty, so that only a class that the policy allows to hold items is ever made this way.
    """
    keys = _key_types(walk, part(state, "key_types"))
    content = part(state, "content")
    if type(content) is not dict or len(content) != len(keys):
        raise OddNodeError("it does not have a type for each of its keys")
    pairs: list[Token] = []
    for key_type, (key, value) in zip(keys, content.items(), strict=True):
        pairs.append(_key(walk, key_type, key))
        pairs.append(walk.node(value))
    module, name = names(state)
    if (module, name) == ("builtins", "dict"):
        made = Mapping(pairs)
        walk.shape.hash_keys(made, pairs[::2])
        return made
    target = walk.global_(module, name, Use.CONSTRUCT)
    return _filled(walk, walk.built(target, Use.CONSTRUCT), pairs)


def _filled(walk: Walk, built: ObjectToken, pairs: list[Token]) -> ObjectToken:
    built.items = tuple(pairs)
    walk.shape.hash_keys(built, pairs[::2])
    if built.use is Use.CALL:
        walk.shape.put_into(built, pairs)
    built.callable.uses.add(Use.FILL)
    return built


def _key_types(walk: Walk, state: Any) -> list[Global]:
    outer, walk.naming_keys = walk.naming_keys, True
    try:
        types = walk.node(state)
    finally:
        walk.naming_keys = outer
    if type(types) is not list or not all(isinstance(item, Global) for item in types):
        raise OddNodeError("its key types are not a list of types")
    return types


def _key(walk: Walk, key_type: Global, key: str) -> Token:
    if key_type.module == "builtins" and key_type.name in _KEY_LITERALS:
        try:
            return _KEY_LITERALS[key_type.name](key)
        except ValueError as error:
            raise OddNodeError("a key is not of its type") from error
    return walk.built(key_type, Use.CALL, (key,))


def _default_dict(walk: Walk, state: dict[str, Any]) -> Token:
    require(state, "collections", "defaultdict")
    content = part(state, "content")
    main = walk.node(part(content, "main"))
    factory = walk.node(part(content, "default_factory"))
    if not isinstance(main, Mapping):
        raise OddNodeError("its content is not a dict")
    target = walk.global_("collections", "defaultdict", Use.CALL)
    return _filled(walk, walk.built(target, Use.CALL, (factory,)), main)


def _list(walk: Walk, state: dict[str, Any]) -> Token:
    items = walk.nodes(part(state, "content"))
    return items if is_builtin(state, "list") else _called(walk, state, (items,))


def _set(walk: Walk, state: dict[str, Any]) -> Token:
    items = walk.nodes(part(state, "content"))
    made = Collection("set", items) if is_builtin(state, "set") else _called(walk, state, (items,))
    walk.shape.hash_keys(made, items)
    return made


def _tuple(walk: Walk, state: dict[str, Any]) -> Token:
    items = tuple(walk.nodes(part(state, "content")))
    if is_builtin(state, "tuple"):
        return items
    # skops looks whether the class is that of a named tuple, and calls no other.
    return walk.built(walk.global_(*names(state), Use.CONSTRUCT), Use.CONSTRUCT, items)


def _called(walk: Walk, state: dict[str, Any], args: tuple[Token, ...]) -> ObjectToken:
    return walk.built(walk.global_(*names(state), Use.CALL), Use.CALL, args)


CONTAINER_LOADERS: dict[str, Loader] = {
    "DefaultDictNode": _default_dict,
    "DictNode": _dict,
    "ListNode": _list,
    "SetNode": _set,
    "TupleNode": _tuple,
}
