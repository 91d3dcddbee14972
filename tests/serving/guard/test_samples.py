"""Under the guard, no loader lets a malicious sample do harm, whatever it can read of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.samples import Sample, samples_made_here
from tests.serving.guard.loaders import LOADERS
from tests.serving.guard.scripts import outcome_of

# Every so many of them take their turn in each run; all do where slow tests are run.
FEW = 8


def outcomes_of(samples: list[Sample], folder: Path) -> dict[str, dict[str, str]]:
    for sample in samples:
        (folder / f"{sample.name}.bin").write_bytes(
            sample.build(str(folder / f"{sample.name}.canary"))
        )
    found = outcome_of("tests.serving.guard.loaders", str(folder), folder=folder)
    outcomes: dict[str, dict[str, str]] = found["outcomes"]
    assert set(outcomes) == {sample.name for sample in samples}
    return outcomes


@pytest.mark.guarantee("G27")
@pytest.mark.parametrize("every", [FEW, pytest.param(1, marks=pytest.mark.slow)])
def test_no_loader_lets_a_sample_do_harm(every: int, tmp_path: Path) -> None:
    # Those that need time or memory alone would take it from an unpickler that is not ours.
    dangerous = [sample for sample in samples_made_here() if sample.effect == "canary"]
    samples = [sample for sample in dangerous if sample.loader or every == 1][::every]
    outcomes = outcomes_of(samples, tmp_path)
    assert list(tmp_path.glob("*.canary")) == []
    for sample in samples:
        # What harms a program that has no guard is an error for one that has.
        if sample.loader in LOADERS:
            assert outcomes[sample.name][sample.loader] != "loaded", sample.name
        assert set(outcomes[sample.name]) == set(LOADERS)


def test_the_loaders_of_the_samples_are_among_them() -> None:
    assert {sample.loader for sample in samples_made_here()} - {""} <= set(LOADERS)
