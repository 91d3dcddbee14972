"""The training part of a manifest: what it says survives, and what is off is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeload.errors import TrustError, UsageError
from safeload.trust.manifest import ANNOTATION
from safeload.trust.training import EXTRA_BYTES, Revision, Training
from tests.trust.statements import MODEL, PAYLOAD, edited, manifest_of, payload_of, setting

OURS = ("subject", 0, "annotations", ANNOTATION, "training")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | st.just(""),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
REVISIONS = st.builds(Revision, TEXT, st.none() | st.booleans())


def nested(levels: int) -> Any:
    """An object in which ``levels`` objects lie in each other, itself included."""
    return {"deeper": nested(levels - 1)} if levels > 1 else {"end": 1}


def training_of(payload: bytes) -> Training:
    model = manifest_of(payload).model
    assert model is not None
    return model.training


@given(
    rows=st.none() | st.integers(0, 2**53 - 1),
    revision=st.none() | REVISIONS,
    extra=st.dictionaries(TEXT, PLAIN, max_size=3).filter(lambda extra: depth(extra) <= 8),
)
def test_what_is_said_makes_the_round_trip(
    rows: int | None, revision: Revision | None, extra: dict[str, Any]
) -> None:
    said = replace(MODEL.training, rows=rows, revision=revision, extra=extra)
    assert training_of(payload_of(training=said)) == said


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return max(map(depth, inner), default=0) + isinstance(value, dict | list)


def test_what_is_not_said_is_not_written_so_that_older_releases_read_it() -> None:
    written = json.loads(PAYLOAD)["subject"][0]["annotations"][ANNOTATION]["training"]
    assert set(written) == {"date", "dataset", "metrics", "feature_names", "n_features"}
    said = training_of(PAYLOAD)
    assert (said.rows, said.revision, said.extra) == (None, None, {})


MALFORMED: dict[str, Callable[[Any], None]] = {
    "rows that are a text": setting(*OURS, "rows", to="5"),
    "rows below zero": setting(*OURS, "rows", to=-1),
    "rows that are null": setting(*OURS, "rows", to=None),
    "a revision that is a text": setting(*OURS, "revision", to="0" * 40),
    "a revision that is null": setting(*OURS, "revision", to=None),
    "a revision without a commit": setting(*OURS, "revision", to={"dirty": True}),
    "an empty commit": setting(*OURS, "revision", to={"commit": "", "dirty": None}),
    "a revision that is nearly dirty": setting(*OURS, "revision", to={"commit": "a", "dirty": 1}),
    "a revision that says more": setting(
        *OURS, "revision", to={"commit": "a", "dirty": None, "signed": True}
    ),
    "an extra that is a list": setting(*OURS, "extra", to=[1]),
    "an extra that is null": setting(*OURS, "extra", to=None),
    "an extra with an empty name": setting(*OURS, "extra", to={"": 1}),
    "an extra with an empty name within": setting(*OURS, "extra", to={"a": [{"": 1}]}),
    "an extra that is nine levels deep": setting(*OURS, "extra", to=nested(9)),
    "an extra of nine lists": setting(*OURS, "extra", to={"a": [[[[[[[[1]]]]]]]]}),
    "an extra that is hundreds deep": setting(*OURS, "extra", to=nested(300)),
    "an extra with a number that is lost": setting(*OURS, "extra", to={"a": 2**53}),
    "an extra that is large": setting(*OURS, "extra", to={"a": "x" * EXTRA_BYTES}),
    "an extra of many": setting(*OURS, "extra", to={"a": [0] * EXTRA_BYTES}),
    "a member that is unknown": setting(*OURS, "columns", to=1),
}


@pytest.mark.parametrize("edit", MALFORMED.values(), ids=list(MALFORMED))
def test_what_is_off_is_refused(edit: Callable[[Any], None]) -> None:
    with pytest.raises(TrustError) as caught:
        manifest_of(edited(PAYLOAD, edit))
    assert caught.value.code == "manifest-malformed"


@pytest.mark.parametrize(
    "extra", [nested(8), {"a": "x" * (EXTRA_BYTES - 8)}, {"a": -(2**53) + 1, "b": ""}]
)
def test_what_is_just_within_the_bounds_is_taken(extra: dict[str, Any]) -> None:
    assert training_of(edited(PAYLOAD, setting(*OURS, "extra", to=extra))).extra == extra


@pytest.mark.parametrize("extra", [nested(9), {"a": 2**60}, {"a": float("inf")}, {1: "a", "b": 2}])
def test_what_could_not_be_read_is_not_signed(extra: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        payload_of(training=replace(MODEL.training, extra=extra))
    assert caught.value.code == "manifest-unsuitable"
