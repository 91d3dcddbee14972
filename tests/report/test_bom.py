"""A bill of materials is valid CycloneDX, and the same for the same statement."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given, settings
from hypothesis import strategies as st
from packageurl import PackageURL

from safeload.artefact import Artefact
from safeload.errors import TrustError
from safeload.gate import Verified
from safeload.report import bom
from safeload.report.bom import bom_of, is_validated
from safeload.trust.manifest import Manifest, Model, Resource, to_payload
from safeload.trust.training import Dataset, Revision, Training
from tests.trust.names import NAMES
from tests.trust.statements import CONTENT, MODEL, SHA256, verified

VALIDATOR = JsonStrictValidator(SchemaVersion.V1_6)
RICH = replace(
    MODEL,
    training=replace(
        MODEL.training,
        rows=41_233,
        revision=Revision("5" * 40, dirty=True),
        extra={"team": "risk", "seeds": [1, None]},
    ),
    packs=("statsmodels",),
)


def bill(model: Model | None = RICH, *, path: str = "churn.joblib", signer: str = "alice") -> bytes:
    resource = Resource(".", SHA256)
    payload = to_payload(subject="churn.joblib", resources=[resource], model=model)
    manifest = Manifest.from_payload(verified(payload))
    artefact = Artefact.holding(bytearray(CONTENT), path=Path(path))
    return bom_of(Verified(artefact.path, manifest, (signer,), _held=artefact))


def properties(part: dict[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for item in part["properties"]:
        found.setdefault(item["name"].removeprefix("safeload:"), []).append(item["value"])
    return found


def test_the_model_has_its_name_hash_and_signer() -> None:
    document = json.loads(bill())
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    component = document["metadata"]["component"]
    assert component["type"] == "machine-learning-model"
    assert (component["name"], component["version"]) == ("churn", "1.2.0")
    assert component["hashes"] == [{"alg": "SHA-256", "content": SHA256}]
    (reference,) = component["externalReferences"]
    assert (reference["type"], reference["url"]) == ("digital-signature", "churn.joblib.sig")
    said = properties(component)
    assert said["signer"] == ["alice"]
    assert said["serial"] == ["7"]
    assert said["pack"] == ["statsmodels"]
    assert said["global"] == [
        "numpy.log1p (call, reference)",
        "sklearn.pipeline.Pipeline (construct)",
    ]


def test_the_card_says_what_training_knew() -> None:
    card = json.loads(bill())["metadata"]["component"]["modelCard"]
    assert card["quantitativeAnalysis"]["performanceMetrics"] == [
        {"type": "auc", "value": "0.93"},
        {"type": "rows", "value": "12.0"},
    ]
    assert card["modelParameters"] == {"datasets": [{"ref": "dataset"}]}
    said = properties(card)
    assert said["feature"] == ["âge", "plan"]
    assert said["code-commit"] == ["5" * 40]
    assert said["code-dirty"] == ["true"]
    assert said["extra:seeds"] == ["[1, null]"]


def test_libraries_and_dataset_are_parts_that_the_model_depends_on() -> None:
    document = json.loads(bill())
    parts = {part["bom-ref"]: part for part in document["components"]}
    assert set(parts) == {"library:python", "library:scikit-learn", "dataset"}
    library = parts["library:scikit-learn"]
    assert library["purl"] == "pkg:pypi/scikit-learn@1.9.1"
    assert library["type"] == "library"
    dataset = parts["dataset"]
    assert dataset["type"] == "data"
    assert dataset["data"] == [{"type": "dataset", "name": "customers"}]
    assert dataset["hashes"] == [{"alg": "SHA-256", "content": "0" * 64}]
    assert properties(dataset) == {"rows": ["41233"]}
    depends = {item["ref"]: item.get("dependsOn", []) for item in document["dependencies"]}
    assert sorted(depends["model"]) == sorted(parts)


def test_the_same_statement_gives_the_same_bytes_and_another_one_another_number() -> None:
    assert bill() == bill()
    first, second = json.loads(bill()), json.loads(bill(replace(RICH, serial=8)))
    assert first["metadata"]["timestamp"] == "2026-05-02T08:30:00.250000+00:00"
    assert first["serialNumber"] != second["serialNumber"]


def test_a_model_of_which_little_is_known() -> None:
    bare = replace(
        MODEL, versions={}, globals=(), probe=None, not_after=None, training=Training(metrics={})
    )
    document = json.loads(bill(bare))
    assert VALIDATOR.validate_str(json.dumps(document)) is None
    assert "components" not in document or document["components"] == []


def test_a_statement_of_another_tool_has_no_bill() -> None:
    with pytest.raises(TrustError) as caught:
        bill(None)
    assert caught.value.code == "not-a-model"


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
MODELS = st.builds(
    replace,
    st.just(RICH),
    name=NAMES,
    version=TEXT,
    versions=st.dictionaries(
        TEXT | st.from_regex(r"[A-Za-z_.-]{1,8}", fullmatch=True),
        TEXT | st.from_regex(r"[0-9a-z.!+]{1,8}", fullmatch=True),
        max_size=3,
    ),
    training=st.builds(
        Training,
        dataset=st.none() | st.builds(Dataset, TEXT, st.just("a" * 64)),
        metrics=st.dictionaries(TEXT, st.floats(allow_nan=False, allow_infinity=False), max_size=2),
        feature_names=st.none() | st.lists(TEXT, max_size=2).map(tuple),
        revision=st.none() | st.builds(Revision, TEXT, st.none() | st.booleans()),
        extra=st.dictionaries(TEXT, TEXT | st.none() | st.lists(st.integers(0, 9)), max_size=2),
    ),
    signed=st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)


@settings(max_examples=30, deadline=None)
@given(model=MODELS, path=TEXT.filter(lambda name: "/" not in name), signer=TEXT)
def test_whatever_was_signed_its_bill_is_valid(model: Model, path: str, signer: str) -> None:
    written = bill(model, path=path, signer=signer)
    assert written.isascii()
    assert VALIDATOR.validate_str(written.decode()) is None
    for part in json.loads(written).get("components", []):
        if "purl" in part:
            assert PackageURL.from_string(part["purl"]).version == model.versions[part["name"]]


def test_what_is_not_valid_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_validated()
    monkeypatch.setattr(bom, "_card", lambda model: {"trusted": True})
    with pytest.raises(AssertionError):
        bill()


def test_a_name_of_bytes_has_a_reference(tmp_path: Path) -> None:
    document = json.loads(bill(path="a\udcff b.joblib"))
    (reference,) = document["metadata"]["component"]["externalReferences"]
    assert reference["url"] == "a%FF%20b.joblib.sig"


def digests(document: Any) -> Iterator[str]:
    """Every SHA-256 in a document."""
    if isinstance(document, dict):
        yield from [document["content"]] if document.get("alg") == "SHA-256" else []
        for value in document.values():
            yield from digests(value)
    elif isinstance(document, list):
        for value in document:
            yield from digests(value)


def test_the_hash_is_that_of_the_bytes_at_hand() -> None:
    assert hashlib.sha256(CONTENT).hexdigest() in digests(json.loads(bill()))
