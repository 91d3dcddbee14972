"""Which attributes does a class call, and which kinds of callable may stand there?

A model calls some of what it keeps: ``FunctionTransformer.func`` with the data, ``SVC.kernel`` with
two matrices. ``holders.toml`` says for each such attribute which kinds may stand there. It is
written by hand. ``called.toml``, which ``tools/derive_holders.py`` writes, lists what else the
sources call: in those attributes no file may have a callable or a type at all, because an honest
one has a number or an object there. The same holds for the names of a class's methods, since an
attribute of an instance stands before a method of its class.

``instances.toml`` says of which classes the instances can be called, and as what kind.

Trust: the tables are ours. Modules and names are those of a file; they are only looked up.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

__all__ = ["Attributes", "Holder", "called_as", "holder", "kinds_of_attribute"]


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
    key = f"{module}:{name}"
    methods = _called()[0].get(module.partition(".")[0], _EMPTY)
    return {**methods, **_called()[1].get(key, _EMPTY), **_reviewed().get(key, _EMPTY)}


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
    return _instances().get(f"{module}:{name}")


def _table(name: str) -> dict[str, Any]:
    text = (resources.files("safeload.policy.callables") / name).read_text("utf-8")
    return tomllib.loads(text)


def _classes(group: Mapping[str, Any]) -> Iterator[str]:
    """The classes of a group, as ``module:name``."""
    for module, names in group["names"].items():
        for name in names:
            yield f"{module}:{name}"


@cache
def _reviewed() -> dict[str, Attributes]:
    """What ``holders.toml`` says, by class."""
    found: dict[str, dict[str, Holder]] = {}
    for group in _table("holders.toml")["group"]:
        attributes = {
            name: Holder(frozenset(row["kinds"]), row.get("keywords"))
            for name, row in group["attributes"].items()
        }
        for cls in _classes(group):
            found.setdefault(cls, {}).update(attributes)
    return dict(found)


@cache
def _called() -> tuple[dict[str, Attributes], dict[str, Attributes]]:
    """What ``called.toml`` lists: methods by library, further attributes by class."""
    table = _table("called.toml")
    methods: dict[str, Attributes] = {
        library: dict.fromkeys(names, _NOTHING) for library, names in table["methods"].items()
    }
    attributes: dict[str, Attributes] = {}
    for group in table["group"]:
        called = dict.fromkeys(group["attributes"], _NOTHING)
        attributes.update(dict.fromkeys(_classes(group), called))
    return methods, attributes


@cache
def _instances() -> dict[str, str]:
    """What ``instances.toml`` says, by class."""
    return {
        cls: group["kind"] for group in _table("instances.toml")["group"] for cls in _classes(group)
    }
