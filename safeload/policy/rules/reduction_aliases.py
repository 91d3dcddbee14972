"""Argument rules of the calls by which cloudpickle and dill spell types, arrays and methods.

The same contract as :mod:`safeload.policy.rules`. The scan has put what such a call makes in
its place (:mod:`safeload.scan.pickle.reduction_aliases`), where the allow-list judges it in its own
right; these rules see to it that the call itself is the writer's, to the letter.

Trust: all arguments are hostile.
Source: ``cloudpickle.py`` of cloudpickle 3.1, ``_dill.py`` of dill 0.4, CPython.
"""

from __future__ import annotations

import re

from safeload.policy.rules.plain import is_plain
from safeload.policy.rules.rule import Rule
from safeload.scan.bounds.allowance import look_at
from safeload.scan.pickle.reduction_aliases import (
    CONSTANT,
    RECONSTRUCT,
    described_as,
    type_of_constant,
)
from safeload.scan.pickle.ufunc_names import home_of_ufunc
from safeload.scan.program import Global, Mapping, ObjectToken, Use

__all__ = ["ALIAS_RULES"]


_LOGGER = re.compile(r"[A-Za-z0-9_. -]{1,100}", re.ASCII)


def _named_type(built: ObjectToken) -> str | None:
    """The name of a built-in type, which is then judged as if the file had named it.

    ``_builtin_type("SimpleNamespace")``, ``_load_type("PartialType")``.
    """
    args = built.args
    if type(args) is tuple and len(args) == 1 and type(args[0]) is str and not built.states:
        return None
    return "a type is not asked for by its name"


def _bound_method(built: ObjectToken) -> str | None:
    """A method of a class, bound to an instance in the file: what ``getattr`` may give.

    ``MethodType(Class.method, instance)`` is ``getattr(instance, "method")``. The scan records
    both ``Class.method`` and the method of the instance's own class; the allow-list judges them.
    """
    args = built.args
    if len(args) != 2 or built.states or built.items:
        return "a method is not bound the way cloudpickle binds it"
    function, owner = args
    if not isinstance(function, Global) or "." not in function.name:
        return "something that is not a method of a class is bound to an object"
    if not (
        isinstance(owner, ObjectToken)
        and owner.use is Use.CONSTRUCT
        and isinstance(owner.callable, Global)
    ):
        return "a method is bound to something that is not an instance made in the file"
    return None


def _dict_view(built: ObjectToken) -> str | None:
    """A list of keys or values, or a dict, that the file itself lists.

    ``_make_dict_keys(list)``, ``_make_dict_values(list)``, ``_make_dict_items(dict)``.
    """
    args, expected = built.args, Mapping if built.is_of(*_ITEMS) else list
    if (
        type(args) is tuple
        and len(args) in (1, 2)
        and type(args[0]) is expected
        and args[1:] in ((), (True,))
    ):
        return None
    return "a view of a dict is not made the way cloudpickle makes it"


_ITEMS = ("cloudpickle.cloudpickle", "_make_dict_items")


def _mapping_view(built: ObjectToken) -> str | None:
    """A dict in the file.

    ``MappingProxyType(dict)``.
    """
    args = built.args
    if type(args) is tuple and len(args) == 1 and type(args[0]) is Mapping and not built.states:
        return None
    return "a read-only dict is made from something that is not a dict"


def _logger_name(built: ObjectToken) -> str | None:
    """A short name, or none for the logger above all others.

    ``getLogger(name)``; every name that is asked for stays in the process.
    """
    args = built.args
    if built.states or len(args) > 1:
        return "a logger is not asked for the way pickle does it"
    if args == () or (type(args[0]) is str and _LOGGER.fullmatch(args[0])):
        return None
    return "a logger is asked for by something that is not a name"


def _dill_array(built: ObjectToken) -> str | None:
    """An empty array that numpy makes, and its state; both judged as those of any array.

    ``_create_array(_reconstruct, (subtype, (0,), b"b"), state, attributes)``.
    """
    args = built.args
    if len(args) != 4 or built.states:
        return "an array is not made the way dill makes it"
    make, given, _, attributes = args
    if not isinstance(make, Global) or (make.module, make.name) not in RECONSTRUCT:
        return "an array is made by something other than numpy"
    if type(given) is not tuple or len(given) != 3:
        return "an array is not made the way dill makes it"
    if attributes is None or (
        isinstance(attributes, Mapping)
        and all(type(key) is str and key in _ATTRIBUTES for key in attributes.keys)
    ):
        return None
    return "an array is given attributes that numpy's arrays do not have"


# What numpy.matrix keeps beside its elements.
_ATTRIBUTES = frozenset(["_getitem"])


def _dill_attribute(built: ObjectToken) -> str | None:
    """A class, the name of a public method, and how Python shows it, to the letter.

    ``_getattr(str, "lower", "<method 'lower' of 'str' objects>")``:
    dill evaluates a part of the text, so that it must be the very one.
    """
    args = built.args
    if (
        type(args) is tuple
        and len(args) == 3
        and isinstance(args[0], Global)
        and type(args[1]) is str
        and args[1].isidentifier()
        and not args[1].startswith("_")
        and args[2] in described_as(args[0], args[1])
    ):
        return None
    return "a method of a class is not asked for the way dill does it"


def _dill_constant(built: ObjectToken) -> str | None:
    """A range of whole numbers, ``Ellipsis`` or ``NotImplemented``, as Python shows them.

    ``_eval_repr("range(0, 3)")``: dill evaluates the text.
    """
    args = built.args
    if (
        type(args) is tuple
        and len(args) == 1
        and type(args[0]) is str
        and CONSTANT.fullmatch(args[0])
        and not built.states
    ):
        return None
    return "dill would evaluate text that is neither a range nor a constant"


def _dill_namedtuple(built: ObjectToken) -> str | None:
    """The names of a class, its fields and its module; the class is judged by its own name.

    ``_create_namedtuple(name, fields, module)``; without such a class dill would make one.
    """
    args = built.args
    if len(args) not in (3, 4) or built.states:
        return "a named tuple is not asked for the way dill does it"
    name, fields, module = args[:3]
    if not (
        type(name) is str
        and name.isidentifier()
        and type(module) is str
        and all(part.isidentifier() for part in module.split("."))
        and module.split(".")[0] != "joblib"
    ):
        return "a named tuple is asked for by something that is not a name"
    if type(fields) is not tuple or not is_plain(args[3:]):
        return "a named tuple is not asked for the way dill does it"
    if not all(type(field) is str and _is_identifier(field) for field in fields):
        return "a named tuple is not asked for the way dill does it"
    return None


def _is_identifier(text: str) -> bool:
    look_at(text, len(text))
    return text.isidentifier()


def _fourier_name(built: ObjectToken) -> str | None:
    """The module and the name of a Fourier transform, which is then judged as if it were named.

    ``unpickle_function("scipy.fft._basic", "rfft", None)``; it would import any module.
    """
    args = built.args
    if (
        type(args) is tuple
        and len(args) == 3
        and args[0] in ("scipy.fft._basic", "scipy.fft._realtransforms")
        and type(args[1]) is str
        and args[1].isidentifier()
        and args[2] is None
        and not built.states
    ):
        return None
    return "a function is named that is no Fourier transform of scipy"


def _type_of_constant(built: ObjectToken) -> str | None:
    """``None``, ``Ellipsis`` or ``NotImplemented``, whose types have no name to be written by.

    ``type(None)``; with more arguments it would make a class, of anything else find one.
    """
    args = built.args
    if type(args) is tuple and len(args) == 1 and type_of_constant(args[0]) and not built.states:
        return None
    return "it is asked for the type of something other than a constant"


def _ufunc_name(built: ObjectToken) -> str | None:
    """A module that computes and the name of a universal function, which is judged by its name.

    ``_ufunc_reconstruct("numpy", "log1p")``; it would import any module.
    """
    args = built.args
    if type(args) is tuple and len(args) == 2 and home_of_ufunc(*args) and not built.states:
        return None
    return "a universal function is not asked for the way numpy does it"


ALIAS_RULES: dict[str, Rule] = {
    "bound_method": _bound_method,
    "dict_view": _dict_view,
    "dill_array": _dill_array,
    "dill_attribute": _dill_attribute,
    "dill_constant": _dill_constant,
    "dill_namedtuple": _dill_namedtuple,
    "fourier_name": _fourier_name,
    "logger_name": _logger_name,
    "mapping_view": _mapping_view,
    "named_type": _named_type,
    "type_of_constant": _type_of_constant,
    "ufunc_name": _ufunc_name,
}
