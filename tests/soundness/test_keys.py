"""Keys of dicts, members of sets and labels: values whose hash no state decides."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import enum
import fractions
import ipaddress
import pathlib
import pickle
import re
import uuid
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.scan import scan

UUID = uuid.UUID(int=5)
VALUES: dict[str, Any] = {
    "texts and numbers": ["a", b"b", 1, 2**80, 1.5, True, None, ..., 1j, float("nan")],
    "types and functions": [int, np.float64, len],
    "numbers of numpy's": [np.int64(1), np.float32(2.5), np.str_("a"), np.datetime64("2020")],
    "dates": [dt.date(2020, 1, 1), dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.timedelta(1)],
    "exact numbers": [decimal.Decimal("1.5"), fractions.Fraction(1, 3)],
    "identifiers": [UUID, ipaddress.ip_address("192.0.2.1"), pathlib.PurePosixPath("a/b")],
    "members of enumerations": [re.IGNORECASE],
    "times of pandas": [pd.Timestamp("2020"), pd.Period("2020", "M"), pd.Interval(0, 1), pd.NaT],
    "tuples and frozensets": [(1, ("a", UUID)), frozenset([1, (2, 3)]), ()],
    "ranges": [range(3)],
}
OBJECTS: dict[str, Any] = {
    "a type with a state": pd.CategoricalDtype(["a"]),
    "a text with attributes": collections.UserString("a"),
    "a model": Ridge(),
    "an object in a tuple": (1, (2, Ridge())),
    "an object in a frozenset": frozenset([1, Ridge()]),
}


def rules(value: Any, protocol: int = 4, policy: Policy | None = None) -> set[str]:
    data = bytearray(pickle.dumps(value, protocol))
    found = judge(scan(data), policy or Policy.default()).findings
    return {finding.rule for finding in found}


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("name", VALUES)
def test_values_may_be_keys(name: str, protocol: int) -> None:
    keys = VALUES[name]
    assert rules([dict.fromkeys(keys, 1), set(keys), frozenset(keys)], protocol) == set()
    assert rules([collections.OrderedDict.fromkeys(keys), collections.Counter(keys)]) == set()


@pytest.mark.parametrize("holder", [dict.fromkeys, set, frozenset, collections.Counter])
@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("name", OBJECTS)
def test_objects_may_not(name: str, protocol: int, holder: Any) -> None:
    assert "SL111" in rules(holder([OBJECTS[name]]), protocol)


def test_an_identifier_is_made_from_a_number() -> None:
    key = uuid.UUID(int=5)
    object.__setattr__(key, "int", "text")
    assert rules({key: 1}) == {"SL111"}


class Colour(enum.Enum):
    RED = 1


def test_a_member_of_an_enumeration_of_a_teams_may_be_a_key() -> None:
    names = f'[group.names]\n"{__name__}" = ["Colour"]\n'
    group = f'[[group]]\nreason = "ours"\nuses = ["call"]\nrule = "one_integer"\n{names}'
    policy = Policy.parse(group.encode(), "ours.toml")
    assert rules({Colour.RED: 1}, 4, policy) == set()


def test_a_tuple_that_is_many_keys_is_looked_into_once() -> None:
    # Each of the tuples is in the next one twice.
    key: Any = (1, 2)
    for _ in range(20):
        key = (key, key)
    assert rules({key: 1}) <= {"SL002"}
