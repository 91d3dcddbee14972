"""Which attributes does a class call, and which kinds of callable may stand there?

A model calls some of what it keeps: ``FunctionTransformer.func`` with the data, ``SVC.kernel`` with
two matrices. ``holders.toml`` says for each such attribute which kinds may stand there. It is
written by hand. ``derived.json``, which ``tools/derive_holders.py`` writes, lists what else the
sources call: in those attributes no file may have a callable or a type at all, because a legitimate
one has a number or an object there. The same holds for the names of methods, since an attribute of
an instance stands before a method of its class.

``instances.toml`` says, by hand, as which kind the instances of a class can be called. Which are
estimators, and may stand where a model calls methods of another, is derived.

Trust: the tables are ours. Modules and names are those of a file; they are only looked up.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from safeload.shipped import shipped

__all__ = [
    "Attributes",
    "Holder",
    "called_as",
    "holder",
    "is_estimator",
    "kinds_of_attribute",
    "models_of",
]


@dataclass(frozen=True, slots=True)
class Holder:
    """What may stand in an attribute that its class calls, or whose items it calls.

    Attributes:
        kinds: Kinds of callable, keys of :data:`safeload.policy.callables.kinds.KINDS` or kinds
            that only instances have. None of them: neither a function nor a class nor an instance
            that can be called.
        keywords: The attribute whose items become keyword arguments of the call, or None.
    """

    kinds: frozenset[str] = frozenset()
    keywords: str | None = None


Attributes = Mapping[str, Holder]

_NOTHING = Holder()
_EMPTY: Attributes = {}
_NO_NAMES: frozenset[str] = frozenset()


@cache
def holder(module: str, name: str) -> Attributes:
    """What a class calls of its own attributes.

    Args:
        module: Path of the module, as a file names it.
        name: Qualified name of the class.

    Returns:
        By the name of the attribute, or ``"[3]"`` for an item of a state that is a tuple. An
        attribute that is not there is not called: a type may stand in it, and no other callable.
    """
    derived, key = _derived(), _key(module, name)
    methods = derived.methods.get(module.partition(".")[0], _EMPTY)
    return {**methods, **derived.called.get(key, _EMPTY), **_reviewed().get(key, _EMPTY)}


@cache
def kinds_of_attribute(attribute: str) -> frozenset[str]:
    """The kinds that some class or other has in an attribute of this name.

    For parameters that are named without their class, as in the grid of a search.

    Args:
        attribute: Name of the attribute, without the steps before it.
    """
    found = (attributes.get(attribute, _NOTHING).kinds for attributes in _reviewed().values())
    return frozenset().union(*found)


def called_as(module: str, name: str) -> str | None:
    """As which kind the instances of a class can be called.

    Args:
        module: Path of the module, as a file names it.
        name: Qualified name of the class.

    Returns:
        A kind; an empty text if they can be called, but never stand in an attribute that is;
        None if they cannot be called, as far as the packs know.
    """
    key = _key(module, name)
    return _instances().get(key, "" if key in _derived().instances else None)


def is_estimator(module: str, name: str) -> bool:
    """Whether a class of the packs may stand where a model calls methods of another one.

    Args:
        module: Path of the module, as a file names it.
        name: Qualified name of the class.

    Returns:
        True for estimators; False for data, for what only helps a model, for the raw boosters of
        other libraries, and for what is in no pack.
    """
    return _key(module, name) in _derived().estimators


def models_of(library: str) -> frozenset[str]:
    """The attributes in which classes of a library hold models that they ask for their answers.

    Args:
        library: Its top-level package. Of one without a pack nothing is known.
    """
    return _derived().models.get(library, _NO_NAMES)


def _key(module: str, name: str) -> str:
    """A class as ``module:name``, by the module that it is in now."""
    key = f"{module}:{name}"
    home = _derived().elsewhere.get(key)
    return key if home is None else f"{home}:{name}"


def _text(name: str) -> str:
    return shipped("safeload.policy.callables", name).read_text("utf-8")


def _classes(names: Mapping[str, list[str]]) -> Iterator[str]:
    """Names by module, as ``module:name``."""
    for module, of_module in names.items():
        for name in of_module:
            yield f"{module}:{name}"


@cache
def _reviewed() -> dict[str, Attributes]:
    """What ``holders.toml`` says, by class."""
    found: dict[str, dict[str, Holder]] = {}
    for group in tomllib.loads(_text("holders.toml"))["group"]:
        attributes = {
            name: Holder(frozenset(row["kinds"]), row.get("keywords"))
            for name, row in group["attributes"].items()
        }
        for cls in _classes(group["names"]):
            found.setdefault(cls, {}).update(attributes)
    return dict(found)


@cache
def _instances() -> dict[str, str]:
    """What ``instances.toml`` says, by class."""
    return {
        cls: group["kind"]
        for group in tomllib.loads(_text("instances.toml"))["group"]
        for cls in _classes(group["names"])
    }


@dataclass(frozen=True, slots=True)
class _Derived:
    """What ``derived.json`` lists.

    Attributes:
        methods: By library, the names of methods of its classes.
        called: By class, what else is called.
        instances: Classes whose instances can be called, and are in no other table.
        estimators: Classes of estimators.
        models: By library, the attributes in which models stand.
        elsewhere: Of classes that other releases have in another module, the module now.
    """

    methods: dict[str, Attributes]
    called: dict[str, Attributes]
    instances: frozenset[str]
    estimators: frozenset[str]
    models: dict[str, frozenset[str]]
    elsewhere: dict[str, str]


@cache
def _derived() -> _Derived:
    table = json.loads(_text("derived.json"))
    called: dict[str, Attributes] = {}
    for group in table["called"]:
        attributes = dict.fromkeys(group["attributes"], _NOTHING)
        called.update(dict.fromkeys(_classes(group["names"]), attributes))
    return _Derived(
        {library: dict.fromkeys(names, _NOTHING) for library, names in table["methods"].items()},
        called,
        frozenset(_classes(table["instances"])),
        frozenset(_classes(table["estimators"])),
        {library: frozenset(names) for library, names in table["models"].items()},
        table["elsewhere"],
    )
