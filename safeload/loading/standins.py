"""Stand-ins for the functions by which files spell types, arrays, constants and ufuncs.

What those functions could do is more than what the policy lets a file ask of them: they hand out
any built-in type, evaluate texts and import modules. An accepted file is given these in their
place, which do nothing but what was accepted, and neither library is imported.

Trust: arguments passed the policy's rules; the stand-ins hold to the same bounds all the same.
Source: ``cloudpickle.py`` 3.1 and ``_dill.py`` 0.4, of which each does what the name says.
"""

from __future__ import annotations

import builtins
import functools
import operator
import sys
import types
from collections import OrderedDict
from collections.abc import Callable, ItemsView, KeysView, ValuesView
from typing import Any

from safeload.errors import LoadError, printable
from safeload.scan.pickle.reduction_aliases import CONSTANT
from safeload.scan.pickle.ufunc_names import UFUNC_RECONSTRUCT, home_of_ufunc

__all__ = ["STAND_INS"]

# The types that a file may ask for by name: what they are for is the policy's business.
_TYPES: dict[str, Any] = {
    **{
        name: getattr(builtins, name)
        for name in "bool bytearray bytes complex dict float frozenset int list object range set "
        "slice str tuple".split()
    },
    "AttrGetterType": operator.attrgetter,
    "ItemGetterType": operator.itemgetter,
    "MappingProxyType": types.MappingProxyType,
    "MethodType": types.MethodType,
    "PartialType": functools.partial,
    "SimpleNamespace": types.SimpleNamespace,
}


def _type(name: str) -> Any:
    try:
        return _TYPES[name]
    except KeyError:
        raise _denied(f"the type {name}") from None


def _keys(items: list[Any], is_ordered: bool = False) -> KeysView[Any]:  # noqa: FBT001, FBT002
    made: dict[Any, Any] = OrderedDict.fromkeys(items) if is_ordered else dict.fromkeys(items)
    return made.keys()


def _values(items: list[Any], is_ordered: bool = False) -> ValuesView[Any]:  # noqa: FBT001, FBT002
    made = OrderedDict(enumerate(items)) if is_ordered else dict(enumerate(items))
    return made.values()


def _items(pairs: dict[Any, Any], is_ordered: bool = False) -> ItemsView[Any, Any]:  # noqa: FBT001, FBT002
    return OrderedDict(pairs).items() if is_ordered else pairs.items()


def _array(
    make: Callable[..., Any],
    arguments: tuple[Any, ...],
    state: Any,
    attributes: dict[str, Any] | None = None,
) -> Any:
    array = make(*arguments)
    array.__setstate__(state)
    if attributes:
        array.__dict__.update(attributes)
    return array


def _method(owner: type, name: str, _shown: str) -> Any:
    if name.startswith("_"):
        raise _denied(f"the method {name}")
    return getattr(owner, name)


def _constant(text: str) -> Any:
    found = CONSTANT.fullmatch(text)
    if found is None:
        raise _denied(f"the value of {text}")
    if found[4] is not None:
        return getattr(builtins, found[4])
    return range(*(int(part) for part in found.group(1, 2, 3) if part is not None))


def _namedtuple(name: str, _fields: tuple[str, ...], module: str, _defaults: Any = None) -> Any:
    # Imported with all other names, before anything was unpickled.
    found = getattr(sys.modules.get(module), name, None)
    if not (isinstance(found, type) and issubclass(found, tuple)):
        raise _denied(f"the named tuple {module}.{name}")
    return found


def _ufunc(module: str, name: str) -> Any:
    home = home_of_ufunc(module, name)
    found = getattr(sys.modules.get(home[0]), home[1], None) if home else None
    # numpy itself is imported with its functions, and not by this module.
    if type(found).__name__ != "ufunc":
        raise _denied(f"the universal function {module}.{name}")
    return found


def _denied(what: str) -> LoadError:
    return LoadError(
        f"While loading, the file asked for {printable(what)}, which is never granted.",
        code="not-granted",
        hint="Nothing was handed over. Please report this file's scan; it should not be possible.",
    )


_OF_DILL: dict[str, Callable[..., Any]] = {
    "_create_array": _array,
    "_create_namedtuple": _namedtuple,
    "_eval_repr": _constant,
    "_getattr": _method,
    "_load_type": _type,
}
STAND_INS: dict[tuple[str, str], Callable[..., Any]] = {
    UFUNC_RECONSTRUCT: _ufunc,
    ("cloudpickle.cloudpickle", "_builtin_type"): _type,
    ("cloudpickle.cloudpickle", "_make_dict_items"): _items,
    ("cloudpickle.cloudpickle", "_make_dict_keys"): _keys,
    ("cloudpickle.cloudpickle", "_make_dict_values"): _values,
    **{
        (module, name): stand_in
        for module in ("dill._dill", "dill.dill")
        for name, stand_in in _OF_DILL.items()
    },
}
