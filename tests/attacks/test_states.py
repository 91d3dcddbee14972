"""States that are not a dict, in which attributes could hide that nobody has seen."""

from __future__ import annotations

import pytest

from tests.attacks.conftest import Rules
from tests.builder import Name, Pickle, Value

INTERFACE = ("__array_interface__", {"shape": (4,), "typestr": "<i8", "data": (4096, False)})
NAMESPACE = Name("types", "SimpleNamespace")


def _namespace(pickle: Pickle) -> Pickle:
    return pickle.object_(NAMESPACE, state={"get": Name("builtins", "max")})


@pytest.mark.parametrize(
    "state",
    [
        [INTERFACE],
        (INTERFACE,),
        (INTERFACE, 1),
        ([INTERFACE], None),
        ({}, INTERFACE),
        "ab",
        b"ab",
        _namespace,
    ],
    ids=["list", "tuple", "pair", "pair of a list", "pair with a pair", "text", "bytes", "object"],
)
@pytest.mark.parametrize(
    "name",
    [
        Name("pandas.core.arrays.sparse.array", "SparseArray"),
        Name("sklearn.preprocessing._data", "Binarizer"),
    ],
    ids=lambda name: name.name,
)
def test_a_state_that_is_no_dict_goes_to_no_class_that_would_update_itself_from_it(
    name: Name, state: Value, rules: Rules
) -> None:
    pickle = Pickle().save(name).empty_tuple().newobj().save(state).build()

    assert rules(pickle.stop()) == {"SL105"}


@pytest.mark.parametrize("state", [{"a": 1}, (None, {"a": 1}), ({"a": 1}, {"b": 2}), (1.0, 2)])
def test_states_that_legitimate_writers_give_are_accepted(state: Value, rules: Rules) -> None:
    name = Name("sklearn.preprocessing._data", "Binarizer")
    pickle = Pickle().save(name).empty_tuple().newobj().save(state).build()

    assert rules(pickle.stop()) == set()
