"""Existence: what the names of a policy file stand for in this environment.

To find out, their modules are imported, and importing runs a module's code. So nothing here is
called unless a person asked for it.

Trust: the modules named by a policy file are the team's own code.
Source: CPython ``Lib/pickle.py``, ``save_global``, for the name a class or function is pickled by.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from types import ModuleType
from typing import Any

from safeload.errors import printable
from safeload.policy.packs import opt_in_packs
from safeload.policy.policy import Entry, Policy
from safeload.policy.team.gadgets import gadget
from safeload.policy.team.review import Issue
from safeload.policy.team.sight import blind_spots
from safeload.scan.program import Use
from safeload.unruly import UNRULY, described
from safeload.verdict import Severity

__all__ = ["examine"]

# Methods that run without being asked for while an instance is made, given its state, and dropped.
_OWN_METHODS = ("__new__", "__setstate__", "__del__")
_MISSING = object()


class _AbsentError(Exception):
    """A name that cannot be resolved."""

    def __init__(self, severity: Severity, message: str) -> None:
        super().__init__(message)
        self.severity = severity
        self.message = message


def examine(module: str, name: str, entry: Entry) -> Iterator[Issue]:
    """Import a name and say what it is. Runs the module's code.

    Args:
        module: Module.
        name: Qualified name.
        entry: What the policy file allows for it.

    Yields:
        What there is to say.
    """
    path = f"{module}.{name}"
    try:
        owner, value = _resolve(module, name)
    except _AbsentError as absent:
        yield Issue(absent.severity, path, absent.message)
        return
    for severity, message in _said_of(module, name, owner, value, entry):
        yield Issue(severity, path, message)


def _resolve(module: str, name: str) -> tuple[Any, Any]:
    """The owner of the last part of a name, and what it stands for."""
    value: Any = _import(module)
    owner = value
    for part in name.split("."):
        owner = value
        static = inspect.getattr_static(owner, part, None)
        if inspect.isclass(owner) and isinstance(static, property):
            raise _AbsentError(Severity.ERROR, "is a property, which is another value each time")
        try:
            value = getattr(owner, part, _MISSING)
        except UNRULY as error:
            # A module may have a __getattr__ of its own.
            raise _failed(error) from error
        if value is _MISSING:
            raise _AbsentError(Severity.ERROR, "does not exist")
    return owner, value


def _import(module: str) -> ModuleType:
    top = module.partition(".")[0]
    try:
        # What a module prints while it is imported is no part of the result.
        with redirect_stdout(sys.stderr):
            return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name == top or top not in sys.modules:
            raise _AbsentError(
                Severity.WARNING, f"could not be looked up: {printable(top)} is not installed here"
            ) from error
        if error.name is not None and f"{module}.".startswith(f"{error.name}."):
            raise _AbsentError(Severity.ERROR, "does not exist: there is no such module") from error
        raise _failed(error) from error
    except UNRULY as error:
        # Whatever a team's module does when it is imported, the other names are looked up.
        raise _failed(error) from error


def _failed(error: BaseException) -> _AbsentError:
    return _AbsentError(
        Severity.WARNING, f"could not be looked up: its module fails with {described(error)}"
    )


def _said_of(
    module: str, name: str, owner: Any, value: Any, entry: Entry
) -> Iterator[tuple[Severity, str]]:
    if isinstance(value, ModuleType):
        yield Severity.ERROR, "is a module"
        return
    is_class, is_function = inspect.isclass(value), inspect.isroutine(value)
    if is_class or is_function:
        # Methods and such are reached through a class that is named; they may be inherited.
        real = str(getattr(value, "__module__", None)), value.__qualname__
        shown = printable(".".join(real))
        danger = None if _every_pack().get(*real) else gadget(*real)
        if not inspect.isclass(owner) and real != (module, name):
            yield (
                Severity.ERROR,
                f"is {shown} under another name" + (f"; that {danger}" if danger else ""),
            )
        elif danger is not None and danger != gadget(module, name):
            yield Severity.ERROR, f"is {shown}, which {danger}"
        # What it is called where it comes from; of its name here, the review has spoken.
        if real != (module, name) and _every_pack().get(*real) is None:
            spoken = set(blind_spots(module, name))
            yield from (said for said in blind_spots(*real) if not spoken)
    elif callable(value):
        kind = printable(f"{type(value).__module__}.{type(value).__qualname__}")
        yield Severity.WARNING, f"is an instance of {kind}; look at what it does when called"
    if Use.CALL in entry.uses and entry.rule is None:
        if is_class:
            yield Severity.NOTE, "may be called with any arguments; a rule would narrow that"
        else:
            yield (
                Severity.ERROR,
                "is not a class and may be called with any arguments; give it a rule",
            )
    if Use.CONSTRUCT in entry.uses:
        if is_class:
            yield from _own_methods(value)
        else:
            yield Severity.ERROR, "is not a class, and nothing can be constructed from it"


def _every_pack() -> Policy:
    return Policy.default(packs=opt_in_packs())


def _own_methods(cls: type) -> Iterator[tuple[Severity, str]]:
    reviewed = {module.partition(".")[0] for module, _ in _every_pack().entries}
    reviewed |= sys.stdlib_module_names
    for method in _OWN_METHODS:
        definer = next((base for base in cls.__mro__ if method in vars(base)), object)
        if str(getattr(getattr(cls, method, None), "__module__", "")).startswith("namedtuple_"):
            # The __new__ that Python writes for a named tuple, in a module that does not exist.
            continue
        if definer.__module__.partition(".")[0] not in reviewed:
            where = printable(f"{definer.__module__}.{definer.__qualname__}")
            yield Severity.NOTE, f"has a {method} of its own, in {where}: has somebody read it?"
