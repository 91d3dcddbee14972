"""What a file may set: each type with its bounds, from tokens of values as files hold them."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from safeload.policy.callables.parameters import TYPES, MalformedSignatureError, Parameter
from safeload.scan.program import Token
from safeload.scan.scan import scan

NAN, INFINITE = float("nan"), float("inf")

ADMITTED: list[tuple[dict[str, Any], Any]] = [
    ({"type": "bool"}, True),
    ({"type": "int"}, -5),
    ({"type": "int", "least": 0, "most": 3}, 3),
    ({"type": "int"}, np.int64(4)),
    ({"type": "int", "optional": True}, None),
    ({"type": "number"}, 1.5),
    ({"type": "number"}, NAN),
    ({"type": "number"}, np.float32(1.5)),
    ({"type": "number", "least": 0, "most": 1}, 0.5),
    ({"type": "text", "one_of": ["l1", "l2"]}, "l1"),
    ({"type": "plain"}, "missing"),
    ({"type": "plain"}, None),
    ({"type": "numbers"}, [0.1, 0.9]),
    ({"type": "numbers"}, [[1, 2], [3, 4]]),
    ({"type": "numbers"}, 2),
    ({"type": "numbers"}, np.arange(5.0)),
    ({"type": "labels"}, ["a", 1, None]),
    ({"type": "labels"}, "age"),
    ({"type": "mapping"}, {"a": [1, 2]}),
    ({"type": "dtype"}, np.float32),
    ({"type": "dtype"}, float),
    ({"type": "dtype"}, "category"),
    ({"type": "dtype"}, [np.float64, np.float32]),
    ({"type": "dtype"}, {"age": "float32"}),
    ({"type": "mapping"}, 0),
    ({"type": "dtype"}, np.dtype("f4")),
    ({"type": "bool", "least": 1}, True),
    ({"type": "string"}, ","),
    ({"type": "text", "one_of": ["auto"], "or": "numbers"}, "auto"),
    ({"type": "text", "one_of": ["auto"], "or": "numbers"}, [0.3, 0.7]),
]

REFUSED: list[tuple[dict[str, Any], Any]] = [
    ({"type": "bool"}, 1),
    ({"type": "int"}, 1.0),
    ({"type": "int", "most": 3}, 4),
    ({"type": "int"}, 2**40),
    ({"type": "int"}, None),
    ({"type": "int"}, "1"),
    ({"type": "number", "most": 1}, NAN),
    ({"type": "number", "most": 1}, INFINITE),
    ({"type": "number"}, "inf"),
    ({"type": "number"}, np.arange(3)),
    ({"type": "text", "one_of": ["l1"]}, "l3"),
    ({"type": "text", "one_of": ["l1"]}, ["l1"]),
    ({"type": "plain"}, "__array_interface__"),
    ({"type": "plain"}, ["a"]),
    ({"type": "plain"}, np.log1p),
    ({"type": "numbers"}, ["a"]),
    ({"type": "numbers"}, [[[1]]]),
    ({"type": "numbers"}, np.array(["a"])),
    ({"type": "numbers"}, np.array([None])),
    ({"type": "numbers", "most": 3}, [1, 2, 3, 4]),
    ({"type": "numbers", "most": 3}, np.arange(4)),
    ({"type": "labels"}, ["__array_struct__"]),
    ({"type": "labels"}, [np.log1p]),
    ({"type": "mapping"}, {"a": {"b": "__array__"}}),
    ({"type": "mapping"}, {"__array__": 1}),
    ({"type": "mapping"}, {"a": np.log1p}),
    ({"type": "dtype"}, np.dtype("O")),
    ({"type": "dtype"}, dict),
    ({"type": "dtype"}, "O"),
    ({"type": "dtype"}, [np.float64, np.log1p]),
    ({"type": "dtype"}, {"__array_interface__": "f8"}),
    ({"type": "mapping"}, np.log1p),
    ({"type": "dtype"}, np.log1p),
    ({"type": "bool", "least": 1}, False),
    ({"type": "string"}, 1),
    ({"type": "string"}, "__array__"),
    ({"type": "text", "one_of": ["auto"], "or": "numbers"}, "other"),
    ({"type": "text", "one_of": ["auto"], "or": "numbers", "most": 1}, [0.3, 0.7]),
]


def token_of(value: Any) -> Token:
    """What the scan reads of a value."""
    return scan(pickle.dumps(value, 4)).programs[0].root


def shown(case: tuple[dict[str, Any], Any]) -> str:
    return f"{case[0]}-{case[1]!r}"


@pytest.mark.parametrize("case", ADMITTED, ids=shown)
def test_a_value_within_its_bounds_is_admitted(case: tuple[dict[str, Any], Any]) -> None:
    table, value = case
    assert Parameter.parse(table).admits(token_of(value))


@pytest.mark.guarantee("G22")
@pytest.mark.parametrize("case", REFUSED, ids=shown)
def test_any_other_value_is_not(case: tuple[dict[str, Any], Any]) -> None:
    table, value = case
    assert not Parameter.parse(table).admits(token_of(value))


def test_every_type_is_tried() -> None:
    assert {table["type"] for table, _ in ADMITTED} == set(TYPES)
    assert {table["type"] for table, _ in REFUSED} == set(TYPES)


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"type": "callable"},
        {"type": "int", "size": 3},
        {"type": "int", "or": "callable"},
        {"type": "int", "or": ["bool"]},
        {"type": "int", "or": "text"},
        {"type": "int", "least": "0"},
        {"type": "int", "most": True},
        {"type": "text"},
        {"type": "int", "one_of": ["a"]},
        {"type": "text", "one_of": "a"},
        {"type": "int", "optional": 1},
        {"type": "int", "keyword": "yes"},
        "int",
    ],
    ids=repr,
)
def test_a_table_of_another_form_is_an_error(table: Any) -> None:
    with pytest.raises(MalformedSignatureError):
        Parameter.parse(table)
