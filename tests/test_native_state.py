"""Native state that is not sound is refused in every container it can be written in.

The models are those of the malicious samples; that each does its harm to who loads it unguarded is
shown in ``test_samples.py``. Nothing here loads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import safeload
from tests.samples import CONTAINERS, Sample, samples_made_here

NATIVE = [sample for sample in samples_made_here() if sample.rule == "SL401" and sample.has_model]


def cases(*, written: bool) -> Iterator[Any]:
    for sample in NATIVE:
        for container in CONTAINERS:
            if (container in sample.not_in) is not written:
                yield pytest.param(sample, container, id=f"{sample.name}-{container}")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("sample", "container"), list(cases(written=True)))
def test_it_is_refused_with_its_attribute(sample: Sample, container: str, tmp_path: Path) -> None:
    path = tmp_path / "model"
    CONTAINERS[container](sample.model(), path)
    findings = safeload.audit(path, packs=sample.packs).files[0].findings
    # Some set a callable before a method, or more columns than any limit allows.
    assert "SL401" in {finding.rule for finding in findings} <= {"SL002", "SL110", "SL401"}
    assert any(sample.attribute in finding.message for finding in findings)
    with pytest.raises(safeload.RefusedError):
        safeload.load_unsigned(path, packs=sample.packs)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("sample", "container"), list(cases(written=False)))
def test_a_container_is_left_out_only_where_it_cannot_hold_the_state(
    sample: Sample, container: str, tmp_path: Path
) -> None:
    path = tmp_path / "model"
    try:
        CONTAINERS[container](sample.model(), path)
    except Exception:  # noqa: BLE001  # each library has errors of its own
        return
    # Or it is written without the state in question, in a form that is refused anyhow.
    with pytest.raises(safeload.RefusedError):
        safeload.load_unsigned(path)
