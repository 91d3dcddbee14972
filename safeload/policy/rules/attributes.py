"""What no attribute may be, whatever its class: a cache that is no dict, a path, a huge count.

Some attributes are trusted wherever they stand. Compiled properties of pandas take ``_cache`` for a
dict. scikit-learn writes a name for each of ``n_features_in_`` columns when a notebook shows the
model. And where an object is asked to do its work, a path deletes, renames and writes, and a logger
does what the process has set up.

Trust: all attributes are hostile.
Source: pandas ``_libs/properties.pyx`` (``CachedProperty``); scikit-learn ``utils/validation.py``
(``_check_feature_names_in``, ``_generate_get_feature_names_out``), ``utils/_repr_html``,
``preprocessing/_polynomial.py``, ``ensemble/_stacking.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from safeload.errors import printable
from safeload.policy.rules.keywords import asks_to_write, keeps_keywords
from safeload.policy.rules.plain import is_numpy
from safeload.scan.bounds.allowance import claim, is_new, look_into
from safeload.scan.bounds.weight import size_of
from safeload.scan.program import Array, Collection, Global, Mapping, ObjectToken, Program, Token
from safeload.scan.texts import text_of
from safeload.soundness.keys import INTERFACES

__all__ = [
    "Places",
    "is_resource",
    "is_resource_module",
    "looked_at",
    "resource_problem",
    "value_problems",
]

# What looked_at() says of the keys of a state.
Places = list[tuple[int, bool]]

# What was computed before.
_CACHES = frozenset(["_cache", "_item_cache"])
# Names of columns, which become labels of what a model returns.
_NAMES = frozenset(["feature_names", "feature_names_", "feature_names_in_", "feature_names_out_"])
# ``n_features_in_``, ``_n_features_out``, ``n_outputs_`` and the like.
_COUNTED = re.compile(r"bins|class|cluster|column|component|feature|knot|label|output|spline")
# Trees are many, and not shown.
_NOT_SHOWN = "sklearn.tree."
_POLYNOMIAL = ("sklearn.preprocessing._polynomial", "PolynomialFeatures")
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
    return attribute in _CACHES or attribute in _NAMES or _is_count(attribute)


def _is_count(attribute: str) -> bool:
    bare = attribute.removeprefix("_")
    return (
        bare.startswith("n_")
        and (bare is not attribute or bare.endswith("_"))
        and _COUNTED.search(bare) is not None
    )


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
    return f"its {attribute} is no dict of names"


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


def _claim_columns(target: Global, value: Token) -> None:
    """Bound the columns that an attribute says there are.

    Args:
        target: The class whose attribute it is.
        value: A number, or several.
    """
    for count in _counts(value):
        claim(count, named=not target.module.startswith(_NOT_SHOWN))


def _counts(value: Token) -> Iterable[int]:
    if type(value) is int:
        return (value,)
    if type(value) in _LISTED:
        look_into(value, len(value))
        return [item for item in value if type(item) is int]
    if isinstance(value, Array) or is_numpy(value):
        return _numbers(value)
    if isinstance(value, ObjectToken) and type(value.args) is tuple:
        # Such as a member of an enumeration, which is a whole number as well.
        return [item for item in value.args if type(item) is int]
    return ()


def _numbers(value: Token) -> Iterable[int]:
    """The largest number of an array, or a number of numpy's."""
    # It needs numpy, which is not imported before a model keeps such a thing.
    from safeload.soundness.states import UnsoundError
    from safeload.soundness.values import array, scalar

    number = scalar(value)
    if isinstance(value, Array) or number is value or number is None:
        try:
            found = array(value, "a count")
        except UnsoundError:
            return ()
        number = found.max() if found.size and found.dtype.kind in "iu" else None
    return (int(number),) if hasattr(number, "__index__") else ()


def _claim_products(built: ObjectToken) -> None:
    """Bound the products of columns that a model makes, each of which has a name.

    Args:
        built: Any object.
    """
    for state in built.states if built.is_of(*_POLYNOMIAL) else ():
        if type(state) is not Mapping:
            continue
        columns, lowest, highest = (state.get(name) for name in _OF_POLYNOMIAL)
        if not all(type(number) is int for number in (columns, lowest, highest)):
            continue
        # Each product has as many factors.
        claim(highest * highest)
        highest = min(highest, _HIGHEST)
        products, together = 1, 0
        for degree in range(1, highest + 1):
            more = columns - degree + 1 if state.get(_DISTINCT) is True else columns + degree - 1
            products = products * more // degree
            together += products if degree >= lowest else 0
            claim(together)
        claim(together, named=True)


# More has been claimed by then than any limit allows.
_HIGHEST = 10_000
_OF_POLYNOMIAL = ("n_features_in_", "_min_degree", "_max_degree")
_DISTINCT = "interaction_only"


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
    if isinstance(token, ObjectToken) and (is_numpy(token) or _is_container(token)):
        return [*token.states, *token.items, token.args]
    return None


def _is_container(built: ObjectToken) -> bool:
    target = built.callable
    return isinstance(target, Global) and target.module in ("collections", "types")


def looked_at(keys: tuple[Token, ...]) -> Places:
    """Where among the keys of a state those are whose values :func:`value_problems` looks at.

    Args:
        keys: Names of attributes.

    Returns:
        Each place, and whether a number there counts columns or the like.
    """
    return [
        (place, _is_count(key))
        for place, key in enumerate(keys)
        if type(key) is str and (_is_looked_at(key) if len(key) < _LONGEST_KEPT else _matters(key))
    ]


# Longer names are not kept, so that what is kept stays small whatever files there are.
_LONGEST_KEPT = 64


def _matters(key: str) -> bool:
    return keeps_keywords(key) or _is_trusted(key)


_is_looked_at = lru_cache(maxsize=4096)(_matters)


def value_problems(
    built: ObjectToken, target: Global, places_of: Callable[[Mapping], Places | None]
) -> Iterator[tuple[str, str]]:
    """Look at the values of attributes that somebody trusts, or will call a function with.

    Args:
        built: An object with states.
        target: Its class.
        places_of: What :func:`looked_at` said of a state, as far as anybody remembers.

    Yields:
        The rule id and the reason of each problem.
    """
    for part in _dicts(built):
        keys, pairs, places = part.form, part.pairs, places_of(part)
        for place, counts in looked_at(keys) if places is None else places:
            key, value = keys[place], pairs[2 * place + 1]
            if type(value) in _KEYWORDS and keeps_keywords(key) and asks_to_write(value):
                yield "SL103", "it keeps an array for a function to write to"
            reason = _misleading(key, value)
            if reason is not None:
                yield "SL105", reason
            if counts:
                _claim_columns(target, value)
    _claim_products(built)


def resource_problem(built: ObjectToken, allowed: frozenset[str]) -> str | None:
    """Why an object may not keep a path or a logger that it keeps, or None.

    Args:
        built: Any object; a plain container may have anything in it that no model holds.
        allowed: Attributes that may keep one.
    """
    if is_resource(built) or _is_container(built):
        return None
    for part in _dicts(built):
        for key, value in zip(part.form, part.values, strict=True):
            if not (type(key) is str and key in allowed) and _keeps_resource(value):
                return f"it keeps a path or a logger as {printable(str(key))}"
    return None


def _dicts(built: ObjectToken) -> Iterator[Mapping]:
    """The dicts that a state consists of."""
    for state in built.states:
        for part in state if type(state) is tuple else (state,):
            if type(part) is Mapping:
                yield part
