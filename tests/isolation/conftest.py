"""A model that does what it is told, for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import safeload
from tests.isolation.strangers import Stranger
from tests.isolation.test_model import load


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[safeload.IsolatedModel]:
    """A model that is told what to try."""
    with load(tmp_path_factory.mktemp("stranger") / "a.joblib", Stranger()) as isolated:
        yield isolated
