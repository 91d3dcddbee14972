"""What no attribute may be, whatever its class: a cache that is not a dict, a path, a huge count.

Some attributes are trusted wherever they stand. Compiled properties of pandas take ``_cache`` for a
dict. A model makes as many columns and starts as many processes as it says. And where an object is
asked to do its work, a path deletes, renames and writes, and a logger does what the process has set
up.

Trust: all attributes are hostile.
Source: pandas ``_libs/properties.pyx`` (``CachedProperty``); numpy's interface to memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from safeload.errors import printable
from safeload.policy.rules.counts import claim_columns, claim_products, is_counted, too_many
from safeload.policy.rules.keywords import asks_to_write, keeps_keywords
from safeload.policy.rules.plain import is_container, is_numpy
from safeload.scan.bounds.allowance import is_new, look_into
from safeload.scan.bounds.weight import size_of
from safeload.scan.program import Array, Collection, Global, Mapping, ObjectToken, Program, Token
from safeload.scan.texts import text_of
from safeload.soundness.keys import INTERFACES

__all__ = [
    "LONGEST_NAME",
    "Places",
    "is_resource",
    "is_resource_module",
    "looked_at",
    "resource_problem",
    "value_problems",
]

# What looked_at() says of the keys of a state.
Places = list[tuple[int, bool]]
# Characters of an attribute's name; longer ones are refused.
LONGEST_NAME = 255

# What was computed before.
_CACHES = frozenset(["_cache", "_item_cache"])
# Names of columns, which become labels of what a model returns.
_NAMES = frozenset(["feature_names", "feature_names_", "feature_names_in_", "feature_names_out_"])
_STRINGS = frozenset([str])
_LISTED = frozenset([list, tuple])
_KEYWORDS = frozenset([ObjectToken, Mapping])
_CONTAINERS = frozenset([list, tuple, Collection, Mapping])
# Paths, and the logs of the process.
_RESOURCES = frozenset(["logging", "pathlib"])


def _is_trusted(attribute: str) -> bool:
    """Whether an attribute of this name is taken for what it should be, so that it is looked at.

    Args:
        attribute: Its name.
    """
    return attribute in _CACHES or attribute in _NAMES or is_counted(attribute)


def _misleading(attribute: str, value: Token) -> str | None:
    """Why an attribute may not have this value, or None.

    Args:
        attribute: Its name.
        value: What it is to be.
    """
    if attribute in _NAMES and any(map(_is_interface, _listed(value))):
        return f"its {attribute} has a name by which libraries ask for an object's memory"
    if attribute not in _CACHES or value is None:
        return None
    if type(value) is Mapping and _STRINGS.issuperset(map(type, value.form)):
        return None
    return f"its {attribute} is not a dict of names"


def _listed(value: Token) -> Iterable[Token]:
    """The items of a list, or of an array of objects."""
    if isinstance(value, Array) and isinstance(value.span, Program):
        value = value.span.root
    if is_numpy(value) and len(value.states) == 1 and type(value.states[0]) is tuple:
        value = value.states[0][-1] if value.states[0] else ()
    items: Iterable[Token] = value
    return items if type(value) in _LISTED and is_new("names of columns", value) else ()


def _is_interface(token: Token) -> bool:
    return (type(token) is str and token in INTERFACES) or text_of(token) in INTERFACES


def is_resource_module(module: str) -> bool:
    """Whether a module is one of paths or loggers.

    Args:
        module: Its name.
    """
    return module.partition(".")[0] in _RESOURCES


def is_resource(token: Token) -> bool:
    """Whether a token is a path or a logger.

    Args:
        token: Any token.
    """
    target = token.callable if isinstance(token, ObjectToken) else None
    return isinstance(target, Global) and is_resource_module(target.module)


def _keeps_resource(value: Token) -> bool:
    """Whether an attribute is a path or a logger, or has one within plain containers.

    Args:
        value: What the attribute is to be.
    """
    pending, seen = [value], set()
    while pending:
        part = pending.pop()
        if is_resource(part):
            return True
        parts = _parts(part)
        if parts is None or id(part) in seen or not is_new("paths and loggers", part):
            continue
        seen.add(id(part))
        look_into(part, size_of(part))
        pending += parts
    return False


def _parts(token: Token) -> Iterable[Token] | None:
    """What is in a container or an array of objects; None for anything else."""
    kind = type(token)
    if kind in _CONTAINERS:
        items: Iterable[Token] = token.items if kind is Collection else token
        return items
    if kind is Array and isinstance(token.span, Program):
        return [token.span.root]
    if isinstance(token, ObjectToken) and (is_numpy(token) or is_container(token)):
        return [*token.states, *token.items, token.args]
    return None


def looked_at(keys: tuple[Token, ...]) -> Places:
    """Where among the keys of a state those are whose values :func:`value_problems` looks at.

    Args:
        keys: Names of attributes; those that are too long for one are passed over.

    Returns:
        Each place, and whether a number there says how many there are of something.
    """
    return [
        (place, is_counted(key))
        for place, key in enumerate(keys)
        if type(key) is str and len(key) <= LONGEST_NAME and _is_looked_at(key)
    ]


@lru_cache(maxsize=4096)
def _is_looked_at(key: str) -> bool:
    return keeps_keywords(key) or _is_trusted(key)


def value_problems(
    built: ObjectToken,
    target: Global,
    dicts: Iterable[Mapping],
    places_of: Callable[[Mapping], Places | None],
) -> Iterator[tuple[str, str]]:
    """Look at the values of attributes that somebody trusts, or will call a function with.

    Args:
        built: An object with states.
        target: Its class.
        dicts: Those among its states.
        places_of: What :func:`looked_at` said of a state, as far as anybody remembers.

    Yields:
        The rule id and the reason of each problem.
    """
    for part in dicts:
        keys, pairs, places = part.form, part.pairs, places_of(part)
        for place, counts in looked_at(keys) if places is None else places:
            key, value = keys[place], pairs[2 * place + 1]
            if type(value) in _KEYWORDS and keeps_keywords(key) and asks_to_write(value):
                yield "SL103", "it keeps an array that a function would write to"
            reason = _misleading(key, value)
            if reason is not None:
                yield "SL105", reason
            if counts:
                reason = too_many(target, key, value)
                if reason is not None:
                    yield "SL105", reason
                claim_columns(target, key, value)
    claim_products(built)


def resource_problem(built: ObjectToken, allowed: frozenset[str]) -> str | None:
    """Why an object may not keep a path or a logger that it keeps, or None.

    Args:
        built: Any object; a plain container may have anything in it that no model holds.
        allowed: Attributes that may keep one.
    """
    if is_resource(built) or is_container(built):
        return None
    for part in built.dicts():
        for key, value in zip(part.form, part.values, strict=True):
            if not (type(key) is str and key in allowed) and _keeps_resource(value):
                return f"it keeps a path or a logger as {printable(str(key))}"
    return None
