"""Argument rules of particular libraries: numpy, scipy, scikit-learn.

The same contract as :mod:`safeload.policy.rules`, whose ``RULES`` take these in: each rule goes
from a :class:`~safeload.scan.program.ObjectToken` to the reason why it is refused, or None.

A mapping in a stream may be changed after it was used, so a rule looks at every pair that a mapping
was ever given, never only at the last one for a key.

Trust: all arguments and states are hostile.
Source: the ``__reduce__`` and ``__setstate__`` of each callable named here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from safeload.policy.patterns.judge import backtracks
from safeload.policy.rules.plain import is_numpy, is_plain
from safeload.policy.rules.rule import Rule
from safeload.scan.arrays.dtypes import DTypeError, describe
from safeload.scan.bounds.allowance import look_at, look_into
from safeload.scan.bounds.weight import size_of
from safeload.scan.program import Array, Blob, Global, Mapping, ObjectToken, Token

__all__ = ["LIBRARY_RULES"]


# -- numpy ----------------------------------------------------------------------------------------

_MASKED_STATE = 7


def _numpy_array(built: ObjectToken) -> str | None:
    """Nothing, as numpy makes an array empty by a function; skops makes masked arrays of two parts.

    The state of an array is judged with ``_reconstruct``. Made by NEWOBJ it would be given one that
    nobody has seen, in which numpy finds as many objects as the shape says.
    """
    if built.is_of("numpy.ma", "MaskedArray") or built.is_of("numpy.ma.core", "MaskedArray"):
        parts = built.states[0] if len(built.states) == 1 else None
        if built.args == () and not built.items and type(parts) is tuple and len(parts) == 2:
            return None
    return "an array is not made the way numpy makes it"


def _numpy_mareconstruct(built: ObjectToken) -> str | None:
    """An empty masked array, with as many data as its shape says, and a mask.

    ``_mareconstruct(MaskedArray, ndarray, (0,), "b")`` with the state a masked array writes.
    """
    args = built.args
    if len(args) != 4 or args[2] != (0,):
        return "_mareconstruct is not called the way numpy calls it"
    kinds = [(item.module, item.name) for item in args[:2] if isinstance(item, Global)]
    if (
        kinds
        not in (
            [("numpy.ma", "MaskedArray"), ("numpy", "ndarray")],
            [("numpy.ma.core", "MaskedArray"), ("numpy", "ndarray")],
        )
        or _text(args[3]) != "b"
    ):
        return "_mareconstruct is not called the way numpy calls it"
    for state in built.states:
        if type(state) is not tuple or len(state) != _MASKED_STATE:
            return "the state of a masked array does not have the form that numpy writes"
        _, shape, dtype, _, data, mask, _ = state
        try:
            described = describe(dtype)
        except DTypeError as error:
            return str(error)
        count = _count(shape)
        if count is None:
            return "an array's shape is not valid"
        if count and not described.itemsize:
            return "an array has elements without size"
        if described.hasobject:
            whole = type(data) is list and len(data) == count
        else:
            whole = isinstance(data, Blob) and data.size == count * described.itemsize
        if not whole or not isinstance(mask, Blob):
            return "a masked array's data are not as many as its shape says"
    return None


def _count(shape: Token) -> int | None:
    if type(shape) is not tuple or len(shape) > 64:
        return None
    count = 1
    for length in shape:
        if type(length) is not int or not 0 <= length < 2**63:
            return None
        count *= length
    return count


def _text(token: Token) -> str | None:
    if isinstance(token, Blob) and token.size == len(token.head):
        return token.head.decode("latin-1")
    return token if type(token) is str else None


_BIT_GENERATORS = frozenset(["MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"])
_CONSTRUCTOR = ("numpy.random._pickle", "__bit_generator_ctor")
# Positions that a generator's compiled code uses as an index without looking, and their bounds.
_POSITIONS = {"pos": 624, "buffer_pos": 4}


def _bit_generator(built: ObjectToken) -> str | None:
    """One of numpy's five bit generators, with positions inside its buffer.

    ``__bit_generator_ctor(cls)``, ``__generator_ctor(bits)``, ``__randomstate_ctor(bits)``.

    Releases before 1.25 give a name instead of a class, and the constructor as a second argument.
    """
    args = built.args
    if args == () and built.is_of("numpy.random", "__RandomState_ctor"):
        # Of numpy before 1.17, which had one bit generator.
        args = ("MT19937",)
    if len(args) not in (1, 2):
        return "a random number generator is not made the way numpy makes it"
    source = args[0]
    known = (
        (type(source) is str and source in _BIT_GENERATORS)
        or (isinstance(source, Global) and source.name in _BIT_GENERATORS)
        or (isinstance(source, ObjectToken) and source.is_of(*_CONSTRUCTOR))
    )
    if not known:
        return "a random number generator is made from something unknown"
    if len(args) == 2 and not (
        isinstance(args[1], Global) and (args[1].module, args[1].name) == _CONSTRUCTOR
    ):
        return "a random number generator is made by something unknown"
    return next(filter(None, map(_generator_state, built.states)), None)


_RANDOM_PARTS = _BIT_GENERATORS | {"SeedSequence", "RandomState", "Generator"}


def _random_part(built: ObjectToken) -> str | None:
    """Parts of numpy's generators as skops makes them, from plain seeds.

    ``RandomState()``, ``PCG64(seed)``, ``SeedSequence(**seed)``, ``Generator(bit_generator=…)``.

    This is how skops makes them; a pickle has numpy's own constructors.
    """
    args, keywords = built.args, built.kwargs
    given = [*args] if type(args) is tuple else [args]
    if isinstance(keywords, Mapping):
        given += [value for key, value in _pairs(keywords) if key == "bit_generator"]
        if not all(_is_seed(value) for key, value in _pairs(keywords) if key != "bit_generator"):
            return "a random number generator is made from something that is not plain data"
    for part in given:
        target = part.callable if isinstance(part, ObjectToken) else None
        if not (
            isinstance(target, Global)
            and target.module.startswith("numpy.random")
            and target.name in _RANDOM_PARTS
        ):
            return "a random number generator is made from something unknown"
    return next(filter(None, map(_generator_state, built.states)), None)


def _is_seed(value: Token) -> bool:
    """Whether a value is plain, or a numpy scalar made of what is."""
    if isinstance(value, ObjectToken) and isinstance(value.callable, Global):
        return value.callable.module == "numpy" and is_plain(value.args) and not value.states
    return is_plain(value)


def _generator_state(state: Token) -> str | None:
    """A dict with a dict ``state`` in it; or that dict and the seed it came from; or None.

    Only real dicts will do: what merely behaves like one hides the position it holds. Before numpy
    1.17 it was a tuple: name, key, position, and two parts for a number that is left over.
    """
    if type(state) is tuple and state[:1] == ("MT19937",):
        return _twister_state(state)
    if type(state) is tuple and state:
        state = state[0]
    if state is None:
        return None
    if not isinstance(state, Mapping):
        return "the state of a random number generator is not a dict"
    for key, value in _pairs(state):
        reason = _unlike_state(key, value, nested=key == "state")
        inner = value if key == "state" and isinstance(value, Mapping) else Mapping()
        look_into(inner, size_of(inner))
        for inner_key, inner_value in _pairs(inner):
            reason = reason or _unlike_state(inner_key, inner_value, nested=False)
        if reason:
            return reason
    return None


def _twister_state(state: tuple[Token, ...]) -> str | None:
    if len(state) in (3, 5):
        _, key, position, *left = state
        reason = _unlike_state("key", key, nested=False) or _unlike_state(
            "pos", position, nested=False
        )
        if reason or all(type(part) in (int, float) for part in left):
            return reason
    return "the state of a random number generator is not as numpy writes it"


def _unlike_state(key: Token, value: Token, *, nested: bool) -> str | None:
    if type(key) is not str:
        return "the state of a random number generator has a key that is not a string"
    if key in _POSITIONS and not (type(value) is int and 0 <= value <= _POSITIONS[key]):
        return "the position of a random number generator is outside its buffer"
    if nested:
        legitimate = isinstance(value, Mapping)
    else:
        legitimate = type(value) in (str, int, float, Array) or is_numpy(value)
    return (
        None if legitimate else "the state of a random number generator is not as numpy writes it"
    )


def _pairs(mapping: Mapping) -> Iterator[tuple[Token, Token]]:
    """Every pair a mapping was ever given, those since overwritten as well."""
    return zip(mapping.keys, mapping.values, strict=True)


# -- scipy ----------------------------------------------------------------------------------------

# scipy executes this text to define three methods on the instance: names of shape parameters, and
# two fixed endings for distributions on the line and on the whole numbers.
_TEMPLATE = re.compile(
    r"\n"
    r"def _parse_args\(self, (?P<s>(?:[A-Za-z_][A-Za-z0-9_]*, )*) (?P<l>loc=0(?:, scale=1)?)\):\n"
    r"    return \((?P=s)\), (?P<o>loc, (?:scale|1))\n"
    r"\n"
    r"def _parse_args_rvs\(self, (?P=s) (?P=l), size=None\):\n"
    r"    return self\._argcheck_rvs\((?P=s) (?P=o), size=size\)\n"
    r"\n"
    r"def _parse_args_stats\(self, (?P=s) (?P=l), moments='mv'\):\n"
    r"    return \((?P=s)\), (?P=o), moments\n",
    re.ASCII,
)
_TEMPLATE_KEY = "_parse_arg_template"


def is_argument_parser(text: str) -> bool:
    """Whether a text is one that scipy writes to define how a distribution reads its arguments."""
    return _TEMPLATE.fullmatch(text) is not None


_PARAMETERS = frozenset(
    """a b badvalue extradoc inc longname momtype moment_tol name seed shapes values xtol""".split()
)
_SHAPES = re.compile(r"[A-Za-z_]\w*(?:, ?[A-Za-z_]\w*){0,9}", re.ASCII)
# A dict of two keys could be taken for a name and a value.
_LEAST = 3


def _is_pair(state: Token) -> bool:
    """Whether a state is the pair that scipy wrote before 1.6, of which it takes no code."""
    if type(state) is not tuple or len(state) != 2 or type(state[0]) is not Mapping:
        return False
    keys, shapes = state[0].keys, state[0].get("shapes")
    if not all(type(key) is str for key in keys) or not _PARAMETERS.issuperset(keys):
        return False
    if len(set(keys)) < max(_LEAST, len(keys)):
        return False
    if not (shapes is None or (type(shapes) is str and _SHAPES.fullmatch(shapes))):
        return False
    if not all(is_plain(value) or is_numpy(value) for value in state[0].values):
        return False
    source = state[1]
    return source is None or (
        isinstance(source, ObjectToken)
        and isinstance(source.callable, Global)
        and source.callable.name in _RANDOM_MAKERS
    )


_RANDOM_MAKERS = frozenset(["__RandomState_ctor", "__generator_ctor", "__randomstate_ctor"])


def _scipy_distribution(built: ObjectToken) -> str | None:
    """A state whose template, which scipy executes, is to the letter one that it writes.

    ``rv_generic.__setstate__`` executes ``_parse_arg_template`` of the state. Before scipy 1.6 the
    state was a pair, of what the distribution is made with and its random numbers.
    """
    if len(built.states) > 1 or built.items:
        return "a distribution is not given its state the way scipy gives it"
    for state in built.states:
        if _is_pair(state):
            continue
        if not isinstance(state, Mapping):
            return "the state of a distribution is not a dict"
        templates = []
        for key, value in _pairs(state):
            if type(key) is not str:
                return "the state of a distribution has a key that is not a string"
            if key == _TEMPLATE_KEY:
                templates.append(value)
        if len(templates) != 1 or type(templates[0]) is not str:
            return "a distribution holds code in another way than scipy writes it"
        look_at(templates[0], len(templates[0]))
        if not is_argument_parser(templates[0]):
            return "a distribution holds code that is not scipy's own"
    return None


# -- scikit-learn ---------------------------------------------------------------------------------


def _cython_newobj(built: ObjectToken) -> str | None:
    """A class of the same compiled module.

    ``newObj(cls)`` of a Cython module: an empty instance.
    """
    args, target = built.args, built.callable
    if (
        type(args) is tuple
        and len(args) == 1
        and isinstance(args[0], Global)
        and isinstance(target, Global)
        and args[0].module == target.module
        and args[0].name != target.name
    ):
        return None
    return "newObj is given something other than a class of its own module"


def _vectoriser(built: ObjectToken) -> str | None:
    """A state that reads texts and opens no files; a ``token_pattern`` that passes ``regex``.

    A function before it could make any text into such a name.
    """
    if built.args != () or built.kwargs:
        return "it is constructed with arguments"
    for state in built.states:
        if not isinstance(state, Mapping):
            return "its state is not a dict"
        for key, value in _pairs(state):
            if key == "input" and value != "content":
                return "it opens files named by its input instead of reading text"
            if key == "token_pattern" and not _is_pattern(value):
                return "its token pattern can take time exponential in the text"
    return None


def _is_pattern(value: Token) -> bool:
    """Whether a value is no pattern, one that was judged, or a text that passes for one."""
    if value is None or (isinstance(value, ObjectToken) and value.is_of("re", "_compile")):
        return True
    return type(value) is str and not backtracks(value, 0)


LIBRARY_RULES: dict[str, Rule] = {
    "numpy_array": _numpy_array,
    "numpy_mareconstruct": _numpy_mareconstruct,
    "bit_generator": _bit_generator,
    "random_part": _random_part,
    "scipy_distribution": _scipy_distribution,
    "cython_newobj": _cython_newobj,
    "vectoriser": _vectoriser,
}
