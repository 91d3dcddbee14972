"""The nodes of a skops schema that stand for Python objects, one function for each kind.

Each function says what skops will do with the node: which names it resolves, what it constructs,
what it calls. The built-in containers and scalars stand for themselves, as they do in a pickle.

Trust: every value is hostile and its type is checked before use; a node of another form than
skops' own writer gives it is refused (:class:`~safeload.scan.containers.skops.walk.OddNodeError`).
Source: skops ``io/_general.py``, ``io/_sklearn.py``, ``io/_quantile_forest.py``,
``io/old/_general_v0.py``; each function mirrors the class of the same name.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from safeload.scan.containers.skops.arrays import ARRAY_LOADERS
from safeload.scan.containers.skops.collections import CONTAINER_LOADERS
from safeload.scan.containers.skops.walk import (
    LITERAL_TYPES,
    Loader,
    OddNodeError,
    Walk,
    names,
    part,
    require,
    text,
)
from safeload.scan.program import (
    Array,
    ArraySpan,
    Blob,
    Global,
    Mapping,
    ObjectToken,
    Token,
    Use,
)

__all__ = ["LOADERS"]

# Bytes that a Blob keeps.
_HEAD = 256
# Characters of a scalar that is kept with what it says.
_SHORT = 32
_JSON_SCALARS = (bool, float, int, str)


def _json(_walk: Walk, state: dict[str, Any]) -> Token:
    """A scalar, as JSON within the JSON. skops itself writes NaN and the infinities here."""
    require(state, "builtins", "str")
    content = text(state, "content")
    return _short_scalar(content) if len(content) <= _SHORT else _scalar(content)


def _scalar(content: str) -> Token:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise OddNodeError("its content is not JSON") from error
    if value is not None and type(value) not in _JSON_SCALARS:
        raise OddNodeError("its content is not a scalar")
    return value


# Most parameters of models have one of a few values.
_short_scalar = lru_cache(maxsize=1_024)(_scalar)


def _object(walk: Walk, state: dict[str, Any]) -> Token:
    target = walk.global_(*names(state), Use.CONSTRUCT)
    content = state.get("content")
    token = None if content is None else walk.node(content)
    return walk.built(target, Use.CONSTRUCT, state=checked_state(walk, token))


def checked_state(walk: Walk, token: Token) -> Token:
    """A state whose keys are plain to see, or None.

    Without ``__setstate__``, skops passes the state to ``__dict__.update``, which also takes pairs
    and anything that has ``keys``: attributes could hide in a list of pairs.
    """
    if token is None:
        return None
    if isinstance(token, Mapping):
        if any(type(key) is not str for key in token.keys):
            raise OddNodeError("its state has keys that are not strings")
        return token
    if type(token) is not tuple:
        raise OddNodeError("its state is neither a dict nor a tuple")
    if token and not _ends_update(walk, token[0]):
        raise OddNodeError("its state could be a sequence of names and values")
    return token


def _ends_update(walk: Walk, token: Token) -> bool:
    """Whether ``dict.update`` fails on a sequence that begins with this."""
    if isinstance(token, Array):
        span = token.span
        # Two numbers would pass as a pair; a row of a matrix cannot be a key.
        return isinstance(span, ArraySpan) and span.shape != (2,)
    if isinstance(token, ObjectToken):
        # What scipy's splines delegate to has no items to be read as a name and a value.
        return token.is_of("scipy.interpolate._bsplines", "_BSpline")
    return token is None or type(token) in (bool, int, float)


def _constructor_from_reduce(walk: Walk, state: dict[str, Any]) -> Token:
    target = walk.global_(*names(state), Use.CALL)
    return walk.built(target, Use.CALL, arguments(walk.node(part(state, "content"))))


def arguments(token: Token) -> tuple[Token, ...]:
    """Positional arguments: a tuple made by the schema itself."""
    if type(token) is not tuple:
        raise OddNodeError("its arguments are not a tuple")
    return token


def _reduce(walk: Walk, state: dict[str, Any]) -> Token:
    """``cls(*args)``, then ``__setstate__``."""
    target = walk.global_(*names(state), Use.CALL)
    content = walk.node(part(state, "content"))
    args = arguments(walk.node(part(part(state, "__reduce__"), "args")))
    empty = content == () or (isinstance(content, Mapping) and not content)
    return walk.built(target, Use.CALL, args, state=None if empty else checked_state(walk, content))


def _tree(walk: Walk, state: dict[str, Any]) -> Token:
    require(state, "sklearn.tree._tree", "Tree")
    return _reduce(walk, state)


def _quantile_forest(walk: Walk, state: dict[str, Any]) -> Token:
    require(state, "quantile_forest._quantile_forest_fast", "QuantileForest")
    return _reduce(walk, state)


def _bytes(walk: Walk, state: dict[str, Any]) -> Token:
    require(state, "builtins", "bytes")
    return _blob(walk, state, "bytes")


def _bytearray(walk: Walk, state: dict[str, Any]) -> Token:
    require(state, "builtins", "bytearray")
    return _blob(walk, state, "bytearray")


def _blob(walk: Walk, state: dict[str, Any], kind: str) -> Blob:
    offset, content = walk.take(state)
    return Blob(kind, offset, len(content), bytes(content[:_HEAD]), walk.data)


def _slice(walk: Walk, state: dict[str, Any]) -> Token:
    require(state, "builtins", "slice")
    content = part(state, "content")
    bounds = tuple(part(content, key) for key in ("start", "stop", "step"))
    # The columns of a frame are named by texts.
    if not all(bound is None or type(bound) in (bool, int, float, str) for bound in bounds):
        raise OddNodeError("its bounds are neither numbers nor names")
    return walk.built(walk.global_("builtins", "slice", Use.CALL), Use.CALL, bounds)


def _function(walk: Walk, state: dict[str, Any]) -> Token:
    if walk.protocol > 0:
        return walk.global_(*names(state), Use.REFERENCE)
    content = part(state, "content")
    module, name = text(part_dict(content), "module_path"), text(content, "function")
    if "." in name:
        raise OddNodeError("its function has a dot, so that no attribute can have that name")
    return walk.global_(module, name, Use.REFERENCE)


def part_dict(value: Any) -> dict[str, Any]:
    """A JSON object."""
    if type(value) is not dict:
        raise OddNodeError("its content is not an object")
    return value


def _type(walk: Walk, state: dict[str, Any]) -> Token:
    module, name = names(state)
    if walk.naming_keys and module == "builtins" and name in LITERAL_TYPES:
        # It turns keys into plain values, which need no permission.
        return Global(module, name, (module, name), 0)
    return walk.global_(module, name, Use.REFERENCE)


def _partial(walk: Walk, state: dict[str, Any]) -> Token:
    """``partial(func, *args, **kwds)`` and its attributes, in the form that pickles have."""
    require(state, "functools", "partial")
    content = part(state, "content")
    func, args, keywords, namespace = (
        walk.node(part(content, key)) for key in ("func", "args", "kwds", "namespace")
    )
    if not isinstance(keywords, Mapping) or any(type(k) is not str for k in keywords.keys):
        raise OddNodeError("its keyword arguments are not a dict of names")
    if namespace is not None and not isinstance(namespace, Mapping):
        raise OddNodeError("its attributes are not a dict")
    target = walk.global_("functools", "partial", Use.CALL)
    full = (func, arguments(args), keywords, namespace)
    return walk.built(target, Use.CALL, (func,), state=full)


def _method(walk: Walk, state: dict[str, Any]) -> Token:
    content = part(state, "content")
    owner, name = walk.node(part(content, "obj")), text(content, "func")
    if not (isinstance(owner, ObjectToken) and isinstance(owner.callable, Global)):
        raise OddNodeError("its owner is not an object made by the schema")
    if (owner.callable.module, owner.callable.name) != names(state):
        raise OddNodeError("its owner is of a different class from the one it names")
    if not (name.isascii() and name.isidentifier()) or name.startswith("__"):
        raise OddNodeError("its name is not the name of a method")
    walk.attribute(owner.callable, name)
    return walk.built(walk.global_("builtins", "getattr", Use.CALL), Use.CALL, (owner, name))


def _operator(walk: Walk, state: dict[str, Any]) -> Token:
    module, name = names(state)
    if module != "operator":
        raise OddNodeError("it is not of the operator module")
    args = arguments(walk.node(part(state, "attrs")))
    return walk.built(walk.global_("operator", name, Use.CALL), Use.CALL, args)


# CachedNode and _DictWithDeprecatedKeysNode are left out: no release of skops that reads protocol
# 2 writes them.
LOADERS: dict[str, Loader] = {
    "BytearrayNode": _bytearray,
    "BytesNode": _bytes,
    "ConstructorFromReduceNode": _constructor_from_reduce,
    "FunctionNode": _function,
    "JsonNode": _json,
    "LossNode": _reduce,
    "MethodNode": _method,
    "ObjectNode": _object,
    "OperatorFuncNode": _operator,
    "PartialNode": _partial,
    "QuantileForestNode": _quantile_forest,
    "SliceNode": _slice,
    "TreeNode": _tree,
    "TypeNode": _type,
    **ARRAY_LOADERS,
    **CONTAINER_LOADERS,
}
