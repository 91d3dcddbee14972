"""Every malicious sample is refused by the scan, stopped by the load, and known to be live.

Scans and loads run in a handful of child processes, so that a sample which gets through harms
nobody and no sample costs the import of scikit-learn.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.actions import ACTIONS
from tests.samples import LOADERS, Sample, judge, let_loose, samples_made_here

SAMPLES = samples_made_here()
LIVE = [sample for sample in SAMPLES if sample.is_live_here()]
# What the tests share is made once, by the runner that has them all.
pytestmark = pytest.mark.xdist_group("samples")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with every sample as ``NAME.bin``; the canary of each is ``NAME.canary``."""
    directory = tmp_path_factory.mktemp("samples")
    for sample in SAMPLES:
        data = sample.build(str(directory / f"{sample.name}.canary"))
        (directory / f"{sample.name}.bin").write_bytes(data)
    return directory


@pytest.fixture(scope="module")
def judged(built: Path) -> dict[str, dict[str, Any]]:
    """What safeload says of each sample, and what its load ends in."""
    return judge(built, SAMPLES)


@pytest.fixture(scope="module")
def dead(built: Path) -> dict[str, str]:
    """The controls that did not fire, and what happened instead."""
    directory = built / "loose"
    directory.mkdir()
    for sample in LIVE:
        data = sample.build(str(directory / f"{sample.name}.canary"))
        (directory / f"{sample.name}.bin").write_bytes(data)
    return let_loose(directory, LIVE)


@pytest.mark.guarantee("G8")
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_the_scan_refuses_it_and_says_why(
    sample: Sample, judged: dict[str, dict[str, Any]]
) -> None:
    result = judged[sample.name]
    assert sample.rule in result["rules"]
    assert result["verdict"] == sample.expect


@pytest.mark.guarantee("G8")
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_the_load_stops_it_before_anything_happens(
    sample: Sample, judged: dict[str, dict[str, Any]], built: Path
) -> None:
    assert judged[sample.name]["stopped"] == "RefusedError"
    assert not (built / f"{sample.name}.canary").exists()


@pytest.mark.parametrize("sample", LIVE, ids=lambda sample: sample.name)
def test_an_unprotected_load_of_it_does_its_harm(sample: Sample, dead: dict[str, str]) -> None:
    assert sample.name not in dead, dead[sample.name]


def test_every_technique_has_a_control_or_cannot_have_one() -> None:
    controlled = {sample.technique for sample in SAMPLES if sample.control}
    # Malformed streams and bombs are refused for what they are, whatever they carry.
    without = {sample.technique for sample in SAMPLES} - controlled
    assert without <= {
        "bomb",
        "forged dtype",
        "length beyond the end",
        "literal in another form",
        "name from __main__",
        "name that deceives a reader",
        "import side effect",
        "key with a hash of its own",
        "path or logger as an attribute",
        "skops archive or schema",
        "other containers",
        # Its control needs torch: tests/with_torch.
        "torch checkpoint",
        "unknown format",
    }


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_its_description_is_complete(sample: Sample) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", sample.name)
    assert sample.title
    assert sample.technique
    assert sample.source
    assert re.fullmatch(r"SL[0-4][0-9]{2}", sample.rule)
    assert sample.expect == ("incomplete" if sample.rule.startswith("SL0") else "refuse")
    assert sample.control == bool(sample.loader)
    assert sample.loader in {"", *LOADERS}
    assert sample.then in {"", *ACTIONS}
    assert sample.effect in {"canary", "crash", "hang"}
    assert (sample.rule == "SL401") == bool(sample.attribute)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_its_recipe_gives_the_same_bytes_each_time(sample: Sample, built: Path) -> None:
    canary = str(built / f"{sample.name}.canary")
    again, before = sample.build(canary), (built / f"{sample.name}.bin").read_bytes()
    if sample.technique == "native state":
        # Between the fields of a record lies whatever was in memory.
        assert abs(len(again) - len(before)) < 4_096
        return
    assert again == before
