"""What holds for all tests: properties are not told to be quick, because other work is not, too."""

from __future__ import annotations

import gc
import os

from hypothesis import HealthCheck, settings

settings.register_profile("no clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# For a run of what another one has tried already: --hypothesis-profile brief.
settings.register_profile("brief", parent=settings.get_profile("no clock"), max_examples=15)
settings.load_profile("no clock")

# Before any library is imported. Each processor has a runner of tests already: further threads of
# libraries for linear algebra wait for each other, and take the time of both.
for variable in ("MKL_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")


def pytest_collection_finish() -> None:
    """Leave what belongs to the tests themselves out of every later collection of garbage.

    They are a million objects, which take seconds to go through where a test collects garbage.
    """
    gc.collect()
    gc.freeze()
