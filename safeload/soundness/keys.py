"""May a token be a key: is it a value whose hash no state decides?

A dict, a set and an index hash their keys, and compare those that are hashed alike. Of an object of
another class that would be a method of its class, with a state of the file's choice, or with none
yet. What legitimate writers have for keys are texts, bytes, numbers, dates, members of an
enumeration, names, and tuples and frozensets of these.

Trust: tokens are hostile; tuples may be nested, and one may stand in another many times over.
Source: ``__hash__`` of CPython's ``datetime``, ``decimal``, ``fractions``, ``ipaddress``,
``pathlib`` and ``uuid``; numpy ``scalarmath``; pandas ``_libs/tslibs`` and ``interval.pyx``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from safeload.scan.bounds.allowance import look_into
from safeload.scan.bounds.weight import ATOMS, FEW
from safeload.scan.program import Collection, Global, Mapping, ObjectToken, Token, Use

__all__ = ["INTERFACES", "is_key", "value_parts"]

# Attributes by which libraries ask an object for its memory, or hand their work over to it. They
# ask the instance, and a series answers with what has that label.
INTERFACES = frozenset(
    f"__{name}__"
    for name in (
        "array array_api_obj array_finalize array_function array_interface array_namespace "
        "array_prepare array_priority array_struct array_ufunc array_wrap arrow_array "
        "arrow_c_array arrow_c_device_array arrow_c_device_stream arrow_c_schema arrow_c_stream "
        "copy cuda_array_interface dataframe dataframe_consortium_standard dataframe_namespace "
        "deepcopy dlpack dlpack_device getstate html reduce reduce_ex sklearn_clone "
        "sklearn_is_fitted sklearn_tags wrapped"
    ).split()
)

# From an object to what its hash is made from, or None if it is not known to be a value.
Parts = Callable[[ObjectToken], Sequence[Token] | None]

# What a call of it makes is a value: a rule has judged its arguments.
_VALUES = frozenset(
    [
        ("builtins", "complex"),
        ("builtins", "range"),
        ("decimal", "Decimal"),
        ("fractions", "Fraction"),
        ("numpy._core.multiarray", "scalar"),
        ("numpy.core.multiarray", "scalar"),
        ("pandas", "Interval"),
        ("pandas", "Period"),
        ("pandas._libs.interval", "Interval"),
        ("pandas._libs.tslibs.nattype", "_nat_unpickle"),
        ("pandas._libs.tslibs.nattype", "__nat_unpickle"),
        ("pandas._libs.tslibs.period", "Period"),
        ("pandas._libs.tslibs.timedeltas", "_timedelta_unpickle"),
        ("pandas._libs.tslibs.timestamps", "_unpickle_timestamp"),
        ("re", "RegexFlag"),
        ("zoneinfo", "ZoneInfo._unpickle"),
    ]
)
# Modules of which every call makes a value.
_LISTED = frozenset([list, tuple])
_MODULES = frozenset(["_codecs", "datetime", "ipaddress", "numpy", "pathlib"])


def value_parts(built: ObjectToken) -> Sequence[Token] | None:
    """What the hash of a value is made from, beside what its rule has judged.

    Args:
        built: Any object.

    Returns:
        The parts, or None if it is not known to be a value.
    """
    target = built.callable
    if not isinstance(target, Global) or built.items:
        return None
    if built.use is Use.CALL and not built.states:
        if built.is_of("builtins", "frozenset") and type(built.args) is tuple:
            # As protocols before 4 write it.
            return [item for part in built.args if type(part) in _LISTED for item in part]
        known = target.module in _MODULES or (target.module, target.name) in _VALUES
        return () if known else None
    if (target.module, target.name) == ("uuid", "UUID") and len(built.states) == 1:
        state = built.states[0]
        number = state.get("int") if type(state) is Mapping else None
        return () if type(number) is int else None
    return None


def is_key(token: Token, parts: Parts = value_parts, seen: set[int] | None = None) -> bool:
    """Whether a token is a value whose hash no state decides.

    Args:
        token: Any token.
        parts: What an object's hash is made from, as :func:`value_parts` says.
        seen: Tuples and frozensets that were looked into before, by identity; those who are kept
            alive and all of whose items were keys.

    Returns:
        True for texts, bytes, numbers, names, known values, and tuples and frozensets of these.
    """
    if type(token) in ATOMS:
        return True
    seen = set() if seen is None else seen
    pending = [token]
    while pending:
        part = pending.pop()
        kind = type(part)
        if kind in ATOMS or id(part) in seen:
            continue
        if kind is tuple:
            items: Sequence[Token] | None = part
        elif kind is Collection and part.kind == "frozenset":
            items = part.items
        else:
            items = parts(part) if kind is ObjectToken else None
        if items is None:
            return False
        if len(items) > FEW:
            look_into(part, len(items))
        seen.add(id(part))
        pending += items
    return True
