"""What does a callable that is built on others take and give? Partials, getters, callers, methods.

A combinator has a signature as any other callable has, and only if all it is built on has one:

- ``partial(f, **constants)`` has the kind of ``f`` and sets what ``f`` lets a file set. Constants
  by position are leading operands of an elementwise function, or the pattern of a search. There is
  no partial of a partial, over ``operator`` or over a class.
- ``attrgetter`` and ``methodcaller`` take closed lists of names, ``itemgetter`` one plain key.
- ``numpy.vectorize`` takes a function of one value that is on the list.
- A bound method is one of a text, of a pattern, of a dict, or of an estimator in the file.

Trust: tokens are hostile; the policy's signatures are ours.
Source: ``__reduce__`` of ``functools.partial`` and of ``operator``'s callables; ``getattr`` and
``types.MethodType`` as pickle, cloudpickle and dill write bound methods; ``numpy.vectorize``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from safeload.policy.callables.kinds import Signature
from safeload.policy.callables.methods import gives_arrays
from safeload.policy.callables.parameters import Parameter
from safeload.policy.policy import Policy
from safeload.policy.rules.plain import is_numpy, is_plain
from safeload.scan.bounds.allowance import look_into
from safeload.scan.program import Global, Mapping, ObjectToken, Token, Use

__all__ = [
    "COMBINATORS",
    "UntypedError",
    "is_combinator",
    "is_passing",
    "may_give_text",
    "owner_of",
    "signature_of",
]


class UntypedError(Exception):
    """Nothing is known of what a callable takes and gives; the text says why, in a clause."""


_ARRAY = Signature(frozenset(["array"]), ("X",))
_OPERAND = Parameter("numbers")
_TEXT = Signature(frozenset(["text"]), ("text",))
_TOKENS = Signature(frozenset(["tokens"]), ("text",))
_LOOKUP = Signature(frozenset(["elementwise", "text"]), ("key",))
_SELECT = Signature(frozenset(["select"]), ("data",))
_FIELD = Signature(frozenset(["select", "text"]), ("document",))
# Of a document that is a dict: its text, or its words.
_ENTRY = Signature(frozenset(["select", "text", "tokens"]), ("document",))
_IMPORTANCE = Signature(frozenset(["importance"]), ("estimator",))

# Of a text or a pattern that the stream holds: what gives a text, or a list of texts.
_METHODS_OF_TEXT = {"join": _TEXT}
_METHODS_OF_PATTERN = {"findall": _TOKENS, "split": _TOKENS}
# Functions of re within a partial that holds their pattern, by how many arguments it holds.
_SEARCHES = {("re.findall", 1): _TOKENS, ("re.split", 1): _TOKENS, ("re.sub", 2): _TEXT}
# Kinds whose callables may give a single value for an array.
_SINGLE = frozenset(["reduction", "text", "tokens"])
# But for these, which divide: of texts they give an error, and of anything else numbers.
_OF_NUMBERS = frozenset(
    f"numpy.{name}"
    for name in "argmax average linalg.norm mean median nanmean nanmedian nanstd nanvar std "
    "var".split()
)
_DICTS = frozenset(["Counter", "OrderedDict", "defaultdict"])

# Attributes of arrays, tables and sparse matrices that are arrays themselves.
_ATTRIBUTES = frozenset(
    "T imag real values cat.codes dt.day dt.day_of_week dt.day_of_year dt.dayofweek dt.dayofyear "
    "dt.days dt.days_in_month dt.daysinmonth dt.hour dt.is_leap_year dt.is_month_end "
    "dt.is_month_start dt.is_quarter_end dt.is_quarter_start dt.is_year_end dt.is_year_start "
    "dt.microsecond dt.microseconds dt.minute dt.month dt.nanosecond dt.nanoseconds dt.quarter "
    "dt.second dt.seconds dt.weekday dt.year".split()
)
# Attributes that documents may have, and that neither texts, arrays, lists nor dicts do.
_FIELDS = frozenset(
    "abstract body content description headline message subject summary text".split()
)
# Which columns matter to an estimator, or to one within it.
_IMPORTANT = re.compile(
    r"(?:(?:best_estimator_|estimator_?|final_estimator_?|regressor_?|classifier_?"
    r"|named_steps\.[A-Za-z][A-Za-z0-9_]{0,99})\.){0,5}(?:coef_|feature_importances_)",
    re.ASCII,
)


def is_combinator(token: Token) -> bool:
    """Whether an object is a callable that is built on others."""
    target = token.callable if type(token) is ObjectToken else None
    return type(target) is Global and (target.module, target.name) in COMBINATORS


def is_passing(built: ObjectToken) -> bool:
    """Whether a combinator is only on the way to another callable, and kept by nobody.

    ``partial(methodcaller, name, key=value)`` is how a caller with keyword arguments is written,
    and is called at once; a getter of a class's attribute became the attribute itself. Whoever
    keeps the first keeps something that makes callables: it has no signature.
    """
    first = built.args[0] if type(built.args) is tuple and built.args else None
    if not isinstance(first, Global):
        return False
    if built.is_of("functools", "partial"):
        return first.path == "operator.methodcaller"
    return built.is_of("builtins", "getattr")


def owner_of(built: ObjectToken) -> Token:
    """What a bound method is bound to, also where it is applied to each element; else None."""
    if built.is_of("builtins", "getattr") and len(built.args) == 2:
        return built.args[0]
    if built.is_of("types", "MethodType") and len(built.args) == 2:
        return built.args[1]
    state = built.states[0] if len(built.states) == 1 else None
    function = state.get("pyfunc") if isinstance(state, Mapping) else None
    return owner_of(function) if isinstance(function, ObjectToken) else None


def may_give_text(token: Token, signature: Signature) -> bool:
    """Whether a callable may give a single text, where its data are texts.

    Args:
        token: The callable.
        signature: What it takes and gives.
    """
    if isinstance(token, ObjectToken) and token.is_of("operator", "itemgetter"):
        parts = token.args[0] if type(token.args[0]) is tuple else (token.args[0],)
        return all(type(part) in (bool, int, float, str) or is_numpy(part) for part in parts)
    function = token.args[0] if _is_partial(token) else token
    path = function.path if isinstance(function, Global) else ""
    if signature.kinds & _SINGLE:
        return path not in _OF_NUMBERS
    # Of a row it takes a single item.
    return path == "numpy.take"


def _is_partial(token: Token) -> bool:
    return isinstance(token, ObjectToken) and token.is_of("functools", "partial")


def signature_of(token: Token, policy: Policy) -> Signature | None:
    """What a token takes and gives when it is called.

    Args:
        token: A global, or an object of the stream.
        policy: What the signatures of names come from.

    Returns:
        Its signature; None if it is a type or an object of the file that is no combinator.

    Raises:
        UntypedError: It may not be kept.
    """
    if type(token) is Global:
        return _of_global(token, policy)
    if not is_combinator(token):
        return None
    return COMBINATORS[token.callable.module, token.callable.name](token, policy)


def _of_global(token: Global, policy: Policy) -> Signature | None:
    entry = policy.entries.get((token.module, token.name))
    if entry is None:
        # A method of a class that is on the list: without its object it is nothing to call.
        raise UntypedError("is a method without its object")
    return entry.signature


def _partial(built: ObjectToken, policy: Policy) -> Signature:
    """``partial(f)`` with the state ``(f, args, kwargs, namespace)``."""
    function = built.args[0] if type(built.args) is tuple and built.args else None
    state = built.states[0] if len(built.states) == 1 else ()
    if not isinstance(function, Global):
        raise UntypedError("is a partial of something that is not an allowed function")
    if not built.states:
        state = function, (), None, None
    if type(state) is not tuple or len(state) != 4 or state[0] is not function:
        raise UntypedError("is a partial in another form than it writes")
    _, positional, keywords, _ = state
    if type(positional) is not tuple:
        raise UntypedError("is a partial in another form than it writes")
    if (function.path, len(positional)) in _SEARCHES:
        # Its pattern and the rest were judged by the rule of partials.
        return _SEARCHES[function.path, len(positional)]
    signature = _of_global(function, policy)
    if signature is None:
        raise UntypedError("is a partial of a class")
    if positional and not _are_operands(signature, positional):
        raise UntypedError("is a partial that gives its function more than leading operands")
    for name, value in _pairs(keywords):
        reason = signature.refuses(name, value)
        if reason is not None:
            raise UntypedError(f"is a partial that {reason}")
    return signature


def _are_operands(signature: Signature, values: tuple[Token, ...]) -> bool:
    """Whether values are operands before the data: numbers and arrays of numbers."""
    return (
        "elementwise" in signature.kinds
        and len(values) < len(signature.data)
        and all(map(_OPERAND.admits, values))
    )


def _pairs(keywords: Token) -> list[tuple[Token, Token]]:
    if keywords is None:
        return []
    if type(keywords) is not Mapping:
        raise UntypedError("has keyword arguments that are not a dict")
    return list(zip(keywords.keys, keywords.values, strict=True))


def _itemgetter(built: ObjectToken, _: Policy) -> Signature:
    """``itemgetter(key)``: one key; of several it would give a tuple."""
    if len(built.args) != 1:
        raise UntypedError("takes several items, where a model takes one part of its data")
    return _ENTRY if type(built.args[0]) in (int, str) else _SELECT


def _attrgetter(built: ObjectToken, _: Policy) -> Signature:
    """``attrgetter(name)``: an attribute of data that is an array, or the importance of columns."""
    args = built.args
    name = args[0] if type(args) is tuple and len(args) == 1 else None
    if type(name) is str and name in _ATTRIBUTES:
        return _SELECT
    if type(name) is str and name in _FIELDS:
        return _FIELD
    if type(name) is str and _IMPORTANT.fullmatch(name):
        return _IMPORTANCE
    raise UntypedError("asks for an attribute that is not on the allow-list")


def _methodcaller(built: ObjectToken, policy: Policy) -> Signature:
    """``methodcaller(name, *args, **kwargs)``: a method of data that is on the list."""
    name, *positional = built.args if type(built.args) is tuple and built.args else (None,)
    reason = "calls a method that is not on the allow-list"
    fitting = []
    for signature in policy.methods(name) if type(name) is str else ():
        given = [*zip(signature.positional, positional, strict=False), *_pairs(built.kwargs)]
        if len(positional) > len(signature.positional):
            reason = f"calls {name} with more arguments than are allowed"
            continue
        problems = [signature.refuses(*pair) for pair in given]
        problem = next(filter(None, problems), None)
        if problem is None:
            fitting.append(signature)
        else:
            reason = f"calls {name} and {problem}"
    if not fitting:
        raise UntypedError(reason)
    # Which of these methods it is, the data say: a text has another ``replace`` than a table.
    kinds = frozenset().union(*(signature.kinds for signature in fitting))
    return Signature(kinds, fitting[0].data)


def _bound(built: ObjectToken, policy: Policy) -> Signature:
    """``getattr(owner, name)`` of an object that the stream holds."""
    owner, name = built.args if type(built.args) is tuple and len(built.args) == 2 else (None, None)
    return _method(owner, name, policy)


def _method(owner: Token, name: Token, policy: Policy) -> Signature:
    found = None
    if type(owner) is str:
        found = _METHODS_OF_TEXT.get(name)
    elif type(owner) is Mapping:
        found = _LOOKUP if name == "get" and _is_flat(owner, owner.values) else None
    elif isinstance(owner, ObjectToken) and isinstance(owner.callable, Global):
        found = _method_of_object(owner, owner.callable, name, policy)
    if found is None:
        raise UntypedError("is a method that is not on the allow-list")
    return found


def _method_of_object(
    owner: ObjectToken, cls: Global, name: Token, policy: Policy
) -> Signature | None:
    if cls.path == "re._compile":
        return _METHODS_OF_PATTERN.get(name)
    if cls.module == "collections" and cls.name in _DICTS:
        return _LOOKUP if name == "get" and _is_flat(owner, owner.items[1::2]) else None
    if owner.use is not Use.CONSTRUCT:
        return None
    entry = policy.entries.get((cls.module, f"{cls.name}.{name}"))
    if entry is not None:
        return entry.signature
    if type(name) is str and gives_arrays(cls.module, cls.name, name):
        return _ARRAY
    return None


def _is_flat(owner: Token, values: list[Token] | tuple[Token, ...]) -> bool:
    """Whether what a dict answers with is plain data, one by one."""
    look_into(owner, len(values))
    return all(is_plain(value, arrays=False) for value in values)


def _method_type(built: ObjectToken, policy: Policy) -> Signature:
    """``MethodType(Class.method, owner)``: a method of the class of the owner."""
    function, owner = built.args if len(built.args) == 2 else (None, None)
    cls = owner.callable if isinstance(owner, ObjectToken) else None
    if not isinstance(function, Global) or not isinstance(cls, Global):
        raise UntypedError("binds something other than a method to an object of the file")
    entry = policy.entries.get((function.module, function.name))
    if entry is not None and entry.signature is not None and "own" in entry.signature.kinds:
        return entry.signature
    home, _, name = function.name.rpartition(".")
    if (function.module, home) != (cls.module, cls.name):
        raise UntypedError("binds a method of one class to an object of another")
    return _method(owner, name, policy)


def _vectorize(built: ObjectToken, policy: Policy) -> Signature:
    """``numpy.vectorize`` with its function in the state: one of a single value."""
    state = built.states[0] if len(built.states) == 1 else None
    function = state.get("pyfunc") if isinstance(state, Mapping) else None
    signature = signature_of(function, policy)
    if signature is not None and signature.kinds & {"elementwise", "text"}:
        return Signature(frozenset(["elementwise"]), signature.data)
    if signature is not None and "own" in signature.kinds:
        return signature
    raise UntypedError("applies something other than a function of one value to each element")


COMBINATORS: dict[tuple[str, str], Callable[[ObjectToken, Policy], Signature]] = {
    ("builtins", "getattr"): _bound,
    ("functools", "partial"): _partial,
    ("numpy", "vectorize"): _vectorize,
    ("numpy.lib._function_base_impl", "vectorize"): _vectorize,
    ("numpy.lib.function_base", "vectorize"): _vectorize,
    ("operator", "attrgetter"): _attrgetter,
    ("operator", "itemgetter"): _itemgetter,
    ("operator", "methodcaller"): _methodcaller,
    ("types", "MethodType"): _method_type,
}
