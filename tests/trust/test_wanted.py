"""Which version of a model is asked for: PEP 440 where both sides are, exact text otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import safeload
from safeload.errors import TrustError, UsageError
from safeload.trust.envelope import UnverifiedBundle, signed_bundle, verify
from safeload.trust.manifest import Manifest, Resource, to_payload
from safeload.trust.wanted import Wanted, release_number
from tests.trust.statements import MODEL

KEY = safeload.SigningKey.generate()


def manifest(version: str | None) -> Manifest:
    """What a signer says about a model of a version; with None, about none."""
    payload = to_payload(
        subject="churn.joblib",
        resources=[Resource("churn.joblib", "0" * 64)],
        model=None if version is None else replace(MODEL, version=version),
    )
    return Manifest.from_payload(
        verify(UnverifiedBundle.read(signed_bundle(payload, KEY)), [KEY.public])
    )


def outcome(signed: str | None, **wanted: Any) -> str:
    """The code of the refusal, or an empty text."""
    said = manifest(signed)
    try:
        Wanted(**wanted).check_version(said)
    except TrustError as error:
        return error.code
    return ""


@pytest.mark.parametrize(
    ("signed", "asked", "code"),
    [
        ("1.2.0", "1.2.0", ""),
        ("1.2.0", "1.2", ""),
        ("1.2.0", "v1.2", ""),
        ("1.2.0rc1", "1.2.0-rc.1", ""),
        ("1.2.0", "1.2.1", "wrong-version"),
        ("1.2.0+ours", "1.2.0", "wrong-version"),
        ("winter", "winter", ""),
        ("winter", "Winter", "wrong-version"),
        ("winter", "1.2", "wrong-version"),
        ("1.2", "winter", "wrong-version"),
        # As text these differ, and they are no versions of PEP 440 that might be the same.
        ("2026-12-01/2", "2026-12-1/2", "wrong-version"),
        (None, "1.2", "wrong-version"),
    ],
)
def test_an_exact_version(signed: str | None, asked: str, code: str) -> None:
    assert outcome(signed, version=asked) == code


@pytest.mark.parametrize(
    ("signed", "least", "code"),
    [
        ("1.2.0", "1.2", ""),
        ("1.10", "1.9", ""),
        ("1!0.1", "99", ""),
        ("1.2.post1", "1.2", ""),
        ("1.2.0rc1", "1.2.0", "version-too-old"),
        ("1.9", "1.10", "version-too-old"),
        ("winter", "1.0", "version-unordered"),
        ("2.0-final-really", "1.0", "version-unordered"),
        (None, "1.0", "version-unordered"),
    ],
)
def test_a_least_version(signed: str | None, least: str, code: str) -> None:
    assert outcome(signed, min_version=least) == code


def test_both_have_to_hold() -> None:
    assert outcome("1.2", version="1.2", min_version="1.1") == ""
    assert outcome("1.2", version="1.2", min_version="1.3") == "version-too-old"
    assert outcome("1.4", version="1.2", min_version="1.3") == "wrong-version"


def test_nobody_who_asks_for_nothing_is_refused() -> None:
    assert outcome("winter") == outcome(None) == ""


@pytest.mark.parametrize("text", ["1." + "9" * 5_000, "1.2\u0661", "1.2+\u017f", "1.2+\u212a"])
def test_a_text_that_only_looks_like_a_version(text: str) -> None:
    # Python makes no number of so many digits; a long s and a Kelvin sign are letters to some.
    assert release_number(text) is None
    assert outcome(text, min_version="1") == "version-unordered"


@given(st.text())
def test_any_text_is_a_version_or_none(text: str) -> None:
    release_number(text)


@pytest.mark.parametrize("least", ["winter", "", "1.x", ">=1.2", 1, 1.2, b"1.2"])
def test_a_least_version_that_is_none_is_the_callers_mistake(least: Any) -> None:
    with pytest.raises(UsageError):
        safeload.load("nothing.joblib", min_version=least)
    with pytest.raises(UsageError):
        safeload.verify("nothing.joblib", min_version=least)


@pytest.mark.parametrize("version", [1, 1.2, b"1.2"])
def test_a_version_that_is_no_text_is_the_callers_mistake(version: Any) -> None:
    with pytest.raises(UsageError) as caught:
        safeload.load("nothing.joblib", version=version)
    assert caught.value.code == "argument-type"
