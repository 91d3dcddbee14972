"""Methods of classes whose native state is checked, which no attribute may stand before.

An attribute that a state sets is found before the method of that name, and would be called in its
place: a model whose ``_check_test_data`` is ``numpy.positive`` compares no columns any more. What
the checks leave to the code between data and native code holds only as long as that code runs.

The names are in ``methods.toml``, by check, which ``tools/derive_methods.py`` writes.

Trust: states are hostile, the table is ours.
Source: CPython ``PyObject_GenericGetAttr``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from functools import cache

from safeload.scan.program import ObjectToken, Token
from safeload.shipped import shipped

__all__ = ["shadowing", "table"]

_NONE: frozenset[str] = frozenset()


@cache
def table() -> dict[str, frozenset[str]]:
    """The names of methods, by the name of the check of their class."""
    text = shipped("safeload.soundness", "methods.toml").read_text("utf-8")
    return {check: frozenset(names) for check, names in tomllib.loads(text).items()}


def shadowing(check: str, builts: Sequence[ObjectToken]) -> Iterator[tuple[ObjectToken, str]]:
    """Find states that set what their class has as a method.

    Args:
        check: Name of the check of these objects.
        builts: The objects.

    Yields:
        Each such object, with the reason.
    """
    methods = table().get(check, _NONE)
    if not methods:
        return
    # Keys of states that are none of them; most states have those of one before.
    known: set[tuple[Token, ...]] = set()
    for built in builts:
        for part in built.dicts():
            if part.form in known:
                continue
            found = methods.intersection(part.form)
            if found:
                yield built, f"{min(found)} replaces a method of the class"
            else:
                known.add(part.form)
