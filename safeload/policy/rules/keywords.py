"""Keyword arguments that a model keeps for later: what they must not ask of a function.

Functions of numpy and scipy write their results wherever the keyword ``out`` says, and filters of
images wherever ``output`` does. Among the arguments that a model keeps it can only be an array of
the model's own, such as one that native code follows, and that was checked as it lies in the file.

Trust: tokens are hostile.
Source: numpy's ufuncs and reductions; scipy ``cdist`` and ``ndimage/_ni_support.py``
(``_get_output``); ``FunctionTransformer`` of scikit-learn.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from safeload.policy.rules.plain import is_plain
from safeload.scan.bounds.allowance import is_new, look_into
from safeload.scan.bounds.weight import size_of
from safeload.scan.program import Global, Mapping, ObjectToken, Token
from safeload.scan.texts import text_of

__all__ = ["asks_to_write", "keeps_keywords"]

_WRITES, _WRITES_OR_TYPE = "out", "output"
_LISTED = frozenset([list, tuple])
# ``kw_args``, ``metric_params``, ``kwargs`` and the like.
_KEPT = re.compile(r"kw|args|arguments|params|options")


def keeps_keywords(attribute: str) -> bool:
    """Whether an attribute is one that keeps keyword arguments, judging by its name."""
    return _KEPT.search(attribute) is not None


def asks_to_write(keywords: Token) -> bool:
    """Whether keyword arguments name an array to write to.

    Args:
        keywords: A dict, a dict of another class, or anything else.
    """
    return any(
        (name == _WRITES and value is not None)
        # Or the type of the results, or its name.
        or (name == _WRITES_OR_TYPE and not isinstance(value, Global) and not _is_bare(value))
        for name, value in ((text_of(key), value) for key, value in _pairs(keywords))
    )


def _is_bare(value: Token) -> bool:
    return (isinstance(value, ObjectToken) and value.is_of("numpy", "dtype")) or is_plain(
        value, arrays=False
    )


def _pairs(keywords: Token) -> Iterator[tuple[Token, Token]]:
    """Keys and values of a dict, or of whatever else may be unpacked as one."""
    waiting, seen = [keywords], set()
    while waiting:
        token = waiting.pop()
        if id(token) in seen or not is_new("keywords that write", token):
            continue
        seen.add(id(token))
        if isinstance(token, Mapping):
            look_into(token, size_of(token))
            yield from zip(token.keys, token.values, strict=True)
        elif isinstance(token, ObjectToken):
            yield from zip(token.items[::2], token.items[1::2], strict=False)
            # Such as ``OrderedDict([["out", array]])``.
            for part in token.args if type(token.args) is tuple else ():
                if type(part) in _LISTED:
                    pairs = (pair for pair in part if type(pair) in _LISTED and len(pair) == 2)
                    yield from map(tuple, pairs)
                else:
                    waiting.append(part)
            waiting += _held(token)


def _held(wrapper: ObjectToken) -> Iterator[Token]:
    """The dicts that a ``UserDict`` or a ``ChainMap`` answers for."""
    if not (wrapper.is_of("collections", "UserDict") or wrapper.is_of("collections", "ChainMap")):
        return
    for part in wrapper.dicts():
        for held in part.values:
            yield from held if type(held) is list else (held,)
