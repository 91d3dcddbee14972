"""How cloudpickle, dill and scipy spell what pickle has a word for: types, arrays, functions.

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

from safeload.scan.pickle.machine import Machine
from safeload.scan.program import Global, ObjectToken, Token, Use

__all__ = ["CONSTANT", "RECONSTRUCT", "RESPELLED", "described_as", "respelled"]

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
RESPELLED = frozenset(["cloudpickle.cloudpickle", "types", _FOURIER[0], *_DILL])
# Types that dill knows under names of its own.
_OF_DILL = {
    "AttrGetterType": ("operator", "attrgetter"),
    "ItemGetterType": ("operator", "itemgetter"),
    "PartialType": ("functools", "partial"),
}


def respelled(m: Machine, key: tuple[str, str], args: tuple[Token, ...]) -> Token | None:
    """The token of what a call of cloudpickle, dill or scipy makes, or None for any other call.

    Args:
        m: The machine.
        key: Module and name of what is called.
        args: Its arguments.
    """
    module, name = key
    if key == ("types", "MethodType"):
        _bind(m, args)
        return None
    if key == ("cloudpickle.cloudpickle", "_builtin_type"):
        return _named(m, "types", args[0]) if len(args) == 1 and type(args[0]) is str else None
    if key == _FOURIER and len(args) == 3 and args[2] is None:
        named = type(args[0]) is str and type(args[1]) is str
        return _named(m, args[0], args[1]) if named and "." not in args[1] else None
    if module not in _DILL:
        return None
    if name == "_load_type" and len(args) == 1 and type(args[0]) is str:
        return _named(m, *_OF_DILL.get(args[0], (_home(args[0]), args[0])))
    if name == "_create_array":
        return _array(m, args)
    if name == "_getattr" and len(args) == 3 and type(args[1]) is str:
        owner = args[0]
        if isinstance(owner, Global) and args[2] in described_as(owner, args[1]):
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
