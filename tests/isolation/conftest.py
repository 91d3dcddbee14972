"""A model that does what it is told, for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import safeload
from tests.isolation.test_model import load
from tests.isolation.third_parties import ThirdParty


@pytest.fixture(scope="module")
def third_party(tmp_path_factory: pytest.TempPathFactory) -> Iterator[safeload.IsolatedModel]:
    """A model that is told what to try."""
    with load(tmp_path_factory.mktemp("third-party") / "a.joblib", ThirdParty()) as isolated:
        yield isolated
