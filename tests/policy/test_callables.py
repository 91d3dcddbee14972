"""The callables on the packs: few, with evidence, and of the parameters that the packs say."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from safeload.policy.callables.kinds import KINDS, Signature
from safeload.policy.callables.parameters import Parameter
from safeload.policy.policy import Policy
from tests.attacks.calling import resolved

ENTRIES = Policy.default().entries
CALLABLES = {key: entry.signature for key, entry in ENTRIES.items() if entry.signature is not None}
HERE = {key: value for key in CALLABLES if (value := resolved(*key)) is not None}
# Beside universal functions, and what is a private method of the class that keeps it.
MOST = 250

# Of callables that do not say it, what they take: parameters by name.
UNSIGNED = {
    "builtins.bool": ("x",),
    "builtins.dict": (),
    "builtins.int": ("x",),
    "builtins.max": ("x",),
    "builtins.min": ("x",),
    "builtins.set": ("iterable",),
    "builtins.str": ("x",),
    "collections.OrderedDict": (),
    "collections.defaultdict": (),
    "collections.deque": (),
    "math.log": ("x",),
}
# What other releases call a parameter, or had beside those of today.
OF_OTHER_RELEASES = {
    "newshape": "numpy before 2.1",
    "interpolation": "numpy before 2.0",
    "force_all_finite": "scikit-learn before 1.6",
    "method": "pandas before 3.0",
    "squared": "scikit-learn before 1.6",
}
# Parameters that no file may set, whatever their type: they call, write, or ask for places.
NEVER = frozenset(
    "callback converters default_factory detrend engine eval func function initializer inplace "
    "into key kernel metric n_jobs out output plot regex target where workers".split()
)


def _objects() -> dict[int, tuple[str, str]]:
    """A name of each object on the packs that is installed here, but for universal functions."""
    return {id(value): key for key, value in HERE.items() if not isinstance(value, np.ufunc)}


@pytest.mark.guarantee("G8")
def test_few_functions_may_be_called_beside_universal_functions() -> None:
    ufuncs = {id(value) for value in HERE.values() if isinstance(value, np.ufunc)}
    # What is a class's own stands in its own attribute only, and never beside another step.
    composed = [key for key in _objects().values() if CALLABLES[key].kinds != {"own"}]
    assert 150 < len(composed) <= MOST
    assert 100 < len(ufuncs) < 200


@pytest.mark.guarantee("G8")
def test_what_is_kept_as_a_value_without_a_kind_is_a_type_and_no_function() -> None:
    kept = {
        key: value
        for key, entry in ENTRIES.items()
        if entry.is_type and entry.signature is None and (value := resolved(*key)) is not None
    }
    assert len(kept) > 500
    assert [
        key for key, value in kept.items() if callable(value) and not isinstance(value, type)
    ] == []


def test_each_callable_has_kinds_and_evidence() -> None:
    assert {kind for each in CALLABLES.values() for kind in each.kinds} <= KINDS.keys()
    assert [key for key, each in CALLABLES.items() if len(each.evidence) < 10] == []


def test_one_object_has_one_signature_under_all_its_names() -> None:
    signatures: dict[int, Signature] = {}
    for key, value in HERE.items():
        assert signatures.setdefault(id(value), CALLABLES[key]) == CALLABLES[key], key


@pytest.mark.parametrize("key", sorted(_objects().values()), ids=".".join)
def test_a_callable_takes_what_the_packs_say(key: tuple[str, str]) -> None:
    signature, names = CALLABLES[key], _parameters(key)
    if "own" in signature.kinds:
        return
    data = signature.data
    # A name that can be given by its place only is any label.
    assert len(data) <= len(names)
    for place, name in enumerate(data):
        kind = list(names.values())[place]
        assert name in names or kind in (
            inspect.Parameter.POSITIONAL_ONLY,
            inspect.Parameter.VAR_POSITIONAL,
        )
    if inspect.Parameter.VAR_KEYWORD not in names.values():
        unknown = set(signature.parameters) - names.keys() - OF_OTHER_RELEASES.keys()
        assert unknown <= _PLACES.get(key, set())
    assert signature.parameters.keys().isdisjoint(NEVER)


# Of a method that takes any number of arguments by place, the names of their places here.
_PLACES = {("numpy", "ndarray.reshape"): {"shape", "shape_2", "shape_3"}}


def _parameters(key: tuple[str, str]) -> dict[str, Any]:
    """The parameters of a callable, each with its kind."""
    names = UNSIGNED.get(".".join(key))
    if names is not None:
        return dict.fromkeys(names, inspect.Parameter.POSITIONAL_ONLY)
    try:
        parameters = inspect.signature(HERE[key]).parameters
    except ValueError:
        # Methods of arrays say nothing of what they take, but in their text.
        return {"self": inspect.Parameter.POSITIONAL_ONLY, **_documented(HERE[key])}
    return {name: each.kind for name, each in parameters.items()}


def _documented(method: Any) -> dict[str, Any]:
    text = (method.__doc__ or "").partition("(")[2].partition(")")[0]
    names = [part.strip().partition("=")[0] for part in text.split(",")]
    return {name: inspect.Parameter.POSITIONAL_OR_KEYWORD for name in names if name.isidentifier()}


METHODS = {
    key: value
    for key, value in HERE.items()
    if CALLABLES[key].data == ("self",) and CALLABLES[key].parameters
}


@pytest.mark.parametrize("key", sorted(METHODS), ids=".".join)
def test_what_a_caller_gives_a_method_by_place_arrives_where_the_packs_say(
    key: tuple[str, str],
) -> None:
    """``methodcaller("drop", labels)``: the parameters stand in the order of the method's own."""
    positional = CALLABLES[key].positional
    names = (
        list(_PLACES.get(key, ()))
        or [
            name
            for name, kind in _parameters(key).items()
            if kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        ][1:]
    )
    if key in _PLACES:
        assert set(positional) == set(names)
    else:
        assert list(positional) == names[: len(positional)]


def test_texts_and_sizes_have_bounds() -> None:
    def is_bounded(parameter: Parameter) -> bool:
        return parameter.kind != "int" or abs(parameter.least) + abs(parameter.most) < 2**33

    parameters = [
        each for signature in CALLABLES.values() for each in signature.parameters.values()
    ]
    assert len(parameters) > 300
    assert all(map(is_bounded, parameters))


@pytest.mark.guarantee("G8")
@pytest.mark.parametrize(
    "name",
    [
        "matmul", "vecdot", "divmod", "frexp", "modf", "frompyfunc", "frombuffer", "fromfile",
        "load", "shape", "gradient", "histogram", "meshgrid", "tile", "repeat", "vectorize",
        "apply_along_axis", "piecewise", "einsum", "where", "pad", "nonzero", "broadcast_arrays",
    ],
)  # fmt: skip
def test_numpy_functions_that_stay_out(name: str) -> None:
    assert ("numpy", name) not in CALLABLES


@pytest.mark.guarantee("G8")
def test_no_class_of_native_state_may_be_called() -> None:
    classes = {key for key, value in HERE.items() if isinstance(value, type)}
    called = {key for key in classes if not CALLABLES[key].kinds <= {"factory", "splitter"}}
    assert {module.partition(".")[0] for module, _ in called} == {"builtins", "numpy", "pandas"}
    assert {name for module, name in called if module == "pandas"} == {"DataFrame", "Series"}


def test_universal_functions_of_the_packs_give_one_array_of_one_or_two() -> None:
    for key, value in HERE.items():
        if isinstance(value, np.ufunc):
            assert (value.nout, value.signature) == (1, None)
            assert len(CALLABLES[key].data) == value.nin <= 2
            assert CALLABLES[key].parameters == {}
