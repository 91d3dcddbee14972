"""A bound on an isolated process is a number that means something, or is refused at once."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from safeload.errors import UsageError
from safeload.limits import Isolation

WHOLE = [field.name for field in fields(Isolation) if field.name != "seconds"]
NEITHER: list[Any] = [0, -1, True, False, "5", None, [], math.nan, math.inf, 10**30, 10**5000, 1j]


@pytest.mark.parametrize("name", [field.name for field in fields(Isolation)])
def test_what_is_no_bound_is_refused_by_name(name: str) -> None:
    nothing = [*NEITHER, -math.inf, Decimal(5), np.float64("nan"), np.True_]
    for value in nothing if name == "seconds" else [*nothing, 5.0, np.float64(5), Fraction(5, 2)]:
        with pytest.raises(UsageError) as caught:
            Isolation(**{name: value})
        assert caught.value.code == "isolation-bounds"
        assert f"Isolation({name}=" in caught.value.message
        assert caught.value.hint


def test_numbers_of_numpy_are_bounds_and_can_be_sent() -> None:
    seven: Any = np.int64(7)
    fraction: Any = np.float32(2.5)
    given = Isolation(seconds=fraction, **dict.fromkeys(WHOLE, seven))
    assert given == Isolation(seconds=2.5, **dict.fromkeys(WHOLE, 7))
    assert json.loads(json.dumps(asdict(given))) == asdict(given)
    assert Isolation(seconds=3).seconds == 3
