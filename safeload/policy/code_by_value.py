"""Code pickled by value: how cloudpickle, dill and bare ``types`` rebuild functions and classes.

Such a file brings its code along, so that no allow-list can say what it would do. Its many helper
names and computed calls come down to that one fact, which is said first and once.

Trust: the names of functions and classes are the file's own words; they are escaped and cut.
Source: cloudpickle ``cloudpickle.py`` 0.5 to 3.1, dill ``_dill.py`` 0.3 to 0.4, CPython ``types``,
numba ``core/serialize.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from safeload.errors import printable
from safeload.rule_ids import CODE
from safeload.scan.program import Global, ObjectToken, Program, Token
from safeload.verdict import Finding

__all__ = ["is_code", "summary"]

_MODULES = frozenset(
    ["cloudpickle.cloudpickle_fast", "dill._dill", "dill.dill", "marshal", "types"]
)
# What numba compiles is written by value, always, in a pickle within the bytes of another.
_NUMBA = "numba.core.serialize"
_OF_NUMBA = frozenset(
    "_numba_unpickle _rebuild_reduction _unpickle__CustomPickled custom_rebuild".split()
)
# joblib, pyspark and others have a copy of cloudpickle of their own.
_COPIES = ("cloudpickle.cloudpickle", ".cloudpickle.cloudpickle_fast")
_NAMES = frozenset(
    "CodeType FunctionType _builtin_type _class_setstate _create_code _create_function "
    "_create_namedtuple _create_type _fill_function _function_setstate _make_cell "
    "_make_empty_cell _make_function _make_skel_func _make_skeleton_class _make_skeleton_enum "
    "_rehydrate_skeleton_class dynamic_subimport loads".split()
)
# Where the name of a class stands among the arguments of what makes it.
_CLASS_NAMES = {
    "_create_namedtuple": 0,
    "_create_type": 1,
    "_make_skeleton_class": 1,
    "_make_skeleton_enum": 1,
}
_NAMES_SHOWN = 3
_LONGEST = 40


def is_code(module: str, name: str) -> bool:
    """Whether a name serves to rebuild code, so that what it makes is in the file.

    Args:
        module: Module, as it would be imported.
        name: Qualified name.
    """
    if module == _NUMBA:
        return name in _OF_NUMBA
    return name in _NAMES and (module in _MODULES or module.endswith(_COPIES))


def summary(programs: Iterable[Program], first: Finding) -> Finding:
    """Say in one sentence that a file is code, and which.

    Args:
        programs: All streams of the file.
        first: The first finding about one of its names.

    Returns:
        A finding at the same place.
    """
    programs = list(programs)
    modules = {use.module for program in programs for use in program.globals
               if is_code(use.module, use.name)}  # fmt: skip
    if modules == {_NUMBA}:
        message = (
            "It holds functions compiled by numba, which are pickled by value, and no allow-list "
            "can say what code does; docs/policy.md says which models this concerns."
        )
        return Finding(CODE, message, first.member, first.offset)
    named = list(dict.fromkeys(_named(programs)))
    classes = {name for kind, name in named if kind == "class"}
    if classes:
        # Its methods go without saying, those that Python wrote for it as well.
        named = [item for item in named if item[0] == "class" or _is_alone(item[1], classes)]
    shown = [f"{kind} {printable(name, limit=_LONGEST)}" for kind, name in named[:_NAMES_SHOWN]]
    if len(named) > _NAMES_SHOWN:
        shown.append(f"{len(named) - _NAMES_SHOWN} more")
    what = f" ({', '.join(shown)})" if shown else ""
    message = (
        f"It holds code{what} pickled by value, and no allow-list can say what code does; "
        "move it to a module that can be imported and dump the model again."
    )
    return Finding(CODE, message, first.member, first.offset)


def _named(programs: Iterable[Program]) -> Iterator[tuple[str, str]]:
    """Kind and name of each class and function that a file rebuilds, as far as it names them."""
    for program in programs:
        for built in program.built:
            args = built.args
            if type(args) is not tuple:
                continue
            target = built.callable
            if isinstance(target, Global) and is_code(target.module, target.name):
                place = _CLASS_NAMES.get(target.name)
                if place is not None and len(args) > place and type(args[place]) is str:
                    yield "class", args[place]
            if _makes_code(target):
                # The arguments of a code object differ between releases of Python, but the texts
                # among them are its file, its name and, since 3.11, its qualified name.
                texts = [part for part in args if type(part) is str]
                if len(texts) > 1:
                    yield "function", texts[2] if len(texts) > 2 else texts[1]


def _is_alone(function: str, classes: set[str]) -> bool:
    *owners, name = function.split(".")
    return classes.isdisjoint(owners) and "<locals>" not in owners and not name.startswith("__")


def _makes_code(target: Token) -> bool:
    if isinstance(target, Global):
        return target.name in ("CodeType", "_create_code") and is_code(target.module, target.name)
    # cloudpickle asks for the type by its name in ``types``; dill for some of its own as well.
    return isinstance(target, ObjectToken) and target.args == ("CodeType",)
