"""What every attack is judged by: the default policy, on the bytes alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.scan import scan
from tests.builder import Pickle

Rules = Callable[[Pickle], set[str]]


@pytest.fixture
def rules() -> Rules:
    """The rules that the default policy finds broken in a pickle; none means accepted."""

    def rules_of(pickle: Pickle) -> set[str]:
        judgement = judge(scan(bytearray(bytes(pickle))), Policy.default())
        return {finding.rule for finding in judgement.findings}

    return rules_of
