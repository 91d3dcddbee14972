"""How Python and libraries spell what pickle has a word for: types, arrays, functions.

Both write objects that can be imported much as pickle does, but name some types by a call
(``_builtin_type("SimpleNamespace")``, ``_load_type("PartialType")``), bind methods by calling
``types.MethodType``, dill makes every array by a call of its own, and scipy names its Fourier
transforms by one. Here such a call becomes the
token of what it makes, so that everything that follows is judged as in any other pickle. The call
itself stays recorded, and the policy's rules decide about its arguments.

Trust: nothing is called; a call that has not exactly the writer's form stays an ordinary call.
Source: ``_builtin_type`` of cloudpickle 3.1; ``_load_type``, ``_create_array``, ``_getattr``,
``_eval_repr`` and ``_create_namedtuple`` of dill 0.4; ``unpickle_function`` of scipy's uarray.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable

from safeload.scan.pickle.machine import Machine
from safeload.scan.pickle.ufunc_names import UFUNC_RECONSTRUCT, home_of_ufunc
from safeload.scan.program import Global, ObjectToken, Token, Use

__all__ = [
    "CONSTANT",
    "RECONSTRUCT",
    "RESPELLED",
    "described_as",
    "respelled",
    "type_of_constant",
]

# What makes an empty array, by the names of both generations of numpy.
RECONSTRUCT = frozenset(
    [("numpy._core.multiarray", "_reconstruct"), ("numpy.core.multiarray", "_reconstruct")]
)
# What dill gives to eval: a range, or one of two constants.
CONSTANT = re.compile(
    r"range\((-?\d{1,18}), (-?\d{1,18})(?:, (-?\d{1,18}))?\)|(Ellipsis|NotImplemented)", re.ASCII
)

# How scipy names a function that other libraries may put their own in the place of.
_FOURIER = ("scipy._lib._uarray._backend", "unpickle_function")
_DILL = ("dill._dill", "dill.dill")
# The modules of everything that is respelled here.
RESPELLED = frozenset(
    ["builtins", "cloudpickle.cloudpickle", "types", _FOURIER[0], UFUNC_RECONSTRUCT[0], *_DILL]
)
# The types of constants, which have no name that pickle could write, by the constants' names.
_TYPES_OF = {"Ellipsis": "EllipsisType", "NotImplemented": "NotImplementedType"}
# Types that dill knows under names of its own.
_OF_DILL = {
    "AttrGetterType": ("operator", "attrgetter"),
    "ItemGetterType": ("operator", "itemgetter"),
    "PartialType": ("functools", "partial"),
}


def respelled(m: Machine, key: tuple[str, str], args: tuple[Token, ...]) -> Token | None:
    """The token of what such a call makes, or None for any other call.

    Args:
        m: The machine.
        key: Module and name of what is called.
        args: Its arguments.
    """
    module, name = key
    if key == ("types", "MethodType"):
        _bind(m, args)
        return None
    if key in _NAMING:
        return _NAMING[key](m, args)
    if module not in _DILL:
        return None
    if name == "_load_type" and len(args) == 1 and type(args[0]) is str:
        return _named(m, *_OF_DILL.get(args[0], (_home(args[0]), args[0])))
    if name == "_create_array":
        return _array(m, args)
    if name == "_getattr" and len(args) == 3 and type(args[1]) is str:
        owner = args[0]
        if isinstance(owner, Global) and args[2] in described_as(owner, args[1]):
            m.use_up(owner, None, holder=args)
            return _pushed(m.attribute(owner, args[1]))
    if name == "_create_namedtuple" and len(args) in (3, 4):
        return _namedtuple(m, args[0], args[2])
    if name == "_eval_repr" and len(args) == 1 and type(args[0]) is str:
        return _constant(m, args[0])
    return None


def described_as(owner: Global, name: str) -> tuple[str, ...]:
    """How Python shows a method of a built-in class.

    Args:
        owner: The class.
        name: The method's name.

    Returns:
        Its representations in the releases of Python and of numpy.
    """
    return tuple(f"<method {name!r} of {shown!r} objects>" for shown in (owner.name, owner.path))


def _named(m: Machine, module: str, name: str) -> Global:
    """The token of a type that is known by its name, as if it were an attribute of its module."""
    return _pushed(m.named_by_call(module, name))


def _namedtuple(m: Machine, name: Token, module: Token) -> Global | None:
    """``_create_namedtuple(name, fields, module)``: the class of that name, imported beforehand.

    joblib's wrapper of arrays must not come this way: whoever names it first decides what follows.
    """
    if type(name) is not str or type(module) is not str or module.split(".")[0] == "joblib":
        return None
    return _imported(m, module, name)


def _builtin_type(m: Machine, args: tuple[Token, ...]) -> Global | None:
    return _named(m, "types", args[0]) if len(args) == 1 and type(args[0]) is str else None


def _fourier(m: Machine, args: tuple[Token, ...]) -> Global | None:
    if len(args) != 3 or args[2] is not None or not type(args[0]) is type(args[1]) is str:
        return None
    return _named(m, args[0], args[1]) if "." not in args[1] else None


def _type(m: Machine, args: tuple[Token, ...]) -> Global | None:
    constant = type_of_constant(args[0]) if len(args) == 1 else None
    return _named(m, "types", constant) if constant else None


def _ufunc(m: Machine, args: tuple[Token, ...]) -> Global | None:
    home = home_of_ufunc(*args) if len(args) == 2 else None
    return _imported(m, *home) if home else None


# Calls that do nothing but name what is then judged.
_NAMING: dict[tuple[str, str], Callable[[Machine, tuple[Token, ...]], Global | None]] = {
    ("builtins", "type"): _type,
    ("cloudpickle.cloudpickle", "_builtin_type"): _builtin_type,
    _FOURIER: _fourier,
    UFUNC_RECONSTRUCT: _ufunc,
}


def type_of_constant(token: Token) -> str | None:
    """The name in ``types`` of what ``type(token)`` is, for the three that pickle writes so."""
    if token is None:
        return "NoneType"
    if isinstance(token, Global) and token.module == "builtins":
        return _TYPES_OF.get(token.name)
    return None


def _imported(m: Machine, module: str, name: str) -> Global:
    """The token of what a stand-in takes from a module, which is imported beforehand."""
    token = _named(m, module, name)
    token.raw = token.raw or (module, name)
    return token


def _pushed(token: Global) -> Global:
    token.pushed += 1
    return token


def _home(name: str) -> str:
    return "builtins" if hasattr(builtins, name) else "types"


def _bind(m: Machine, args: tuple[Token, ...]) -> None:
    """``MethodType(function, owner)``: what ``getattr(owner, name)`` gives, which is recorded."""
    if len(args) != 2 or not isinstance(args[0], Global):
        return
    owner = args[1]
    if isinstance(owner, ObjectToken) and isinstance(owner.callable, Global):
        name = args[0].name.rpartition(".")[2]
        m.attribute(owner.callable, name).uses.add(Use.REFERENCE)


def _array(m: Machine, args: tuple[Token, ...]) -> ObjectToken | None:
    """``_create_array(_reconstruct, (subtype, (0,), b"b"), state, attributes)``."""
    if len(args) != 4 or not isinstance(args[0], Global) or type(args[1]) is not tuple:
        return None
    make, given, state = args[:3]
    if (make.module, make.name) not in RECONSTRUCT or len(given) != 3:
        return None
    m.use_up(make, Use.CALL, holder=args)
    make.uses.add(Use.BUILD)
    m.use_up(given[0], Use.CONSTRUCT, holder=given)
    made = m.build(make, Use.CALL, given)
    made.states = (state,)
    return made


def _constant(m: Machine, text: str) -> Token | None:
    found = CONSTANT.fullmatch(text)
    if found is None:
        return None
    if found[4] is not None:
        return _named(m, "builtins", found[4])
    bounds = tuple(int(part) for part in found.group(1, 2, 3) if part is not None)
    target = _named(m, "builtins", "range")
    m.use_up(target, Use.CALL)
    return m.build(target, Use.CALL, bounds)
