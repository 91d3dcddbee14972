"""What processes tell each other of policies, errors and reports; and what a liar cannot tell."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

import safeload
from safeload.errors import ArtefactError, LoadError, RefusedError, SafeloadError, UsageError
from safeload.isolation.channel import GarbledError
from safeload.isolation.clock import Clock
from safeload.isolation.confinement import Confinement
from safeload.isolation.forms import (
    read_confinement,
    read_error,
    read_policy,
    read_text,
    read_texts,
    write_error,
    write_policy,
)
from safeload.policy.policy import Policy
from tests.builder import Pickle

CLOCK = Clock(1000)


def there(form: Any) -> Any:
    """A form as the other side reads it."""
    return json.loads(json.dumps(form))


def test_a_policy_arrives_as_it_is() -> None:
    policy = Policy.default()
    assert read_policy(there(write_policy(policy))) == policy
    narrowed = policy.narrowed({("numpy", "clip"): frozenset(["reference"])})
    assert narrowed.entries
    assert read_policy(there(write_policy(narrowed))) == narrowed


@pytest.mark.parametrize("kind", [ArtefactError, LoadError, UsageError])
def test_an_error_arrives_as_it_is(kind: type[SafeloadError]) -> None:
    error = read_error(there(write_error(kind("What.", code="why-so", hint="Do."))), "here", CLOCK)
    assert type(error) is kind
    assert (error.message, error.code, error.hint) == ("What.", "why-so", "Do.")


def refusal(tmp_path: Path) -> RefusedError:
    path = tmp_path / "a.pkl"
    path.write_bytes(Pickle(4).global_("posix", "sys\u202etem").empty_tuple().reduce().finish())
    with pytest.raises(RefusedError) as caught:
        safeload.load_unsigned(path)
    return caught.value


def test_a_refusal_arrives_with_its_report(tmp_path: Path) -> None:
    told = refusal(tmp_path)
    error = read_error(there(write_error(told)), told.report.path, CLOCK)
    assert isinstance(error, RefusedError)
    assert (error.code, error.exit_code) == ("refused", 1)
    assert error.report == told.report


# -- lies -----------------------------------------------------------------------------------------

LIES: dict[str, dict[str, Any]] = {
    "accepted": {"verdict": "accept"},
    "a verdict that is none": {"verdict": "fine"},
    "a size that is text": {"size": "3"},
    "a size that is a boolean": {"size": True},
    "findings that are text": {"findings": "none"},
    "a finding that is text": {"findings": ["none"]},
    "a severity that is none": {"findings": [{"rule": "SL101", "severity": "joke"}]},
    "members that are none": {"members": None},
    "globals without uses": {"globals": [{"name": "a"}]},
}


@pytest.mark.guarantee("G19")
@pytest.mark.parametrize("what", LIES)
def test_a_report_that_is_none_is_none(tmp_path: Path, what: str) -> None:
    form = there(write_error(refusal(tmp_path)))
    form["report"].update(LIES[what])
    with pytest.raises(GarbledError):
        read_error(form, "here", CLOCK)


@pytest.mark.guarantee("G19")
@pytest.mark.parametrize(
    "form",
    [
        None,
        [],
        {},
        {"type": "LoadError"},
        {"type": "LoadError", "message": 1, "hint": "", "code": "x"},
        {"type": "LoadError", "message": "", "hint": "", "code": "A b"},
        {"type": "LoadError", "message": "", "hint": "", "code": "a-" * 1000 + "a"},
        {"type": ["LoadError"], "message": "", "hint": "", "code": "x"},
        {"type": "RefusedError", "message": "", "hint": "", "code": "x"},
    ],
)
def test_an_error_that_is_none_is_none(form: Any) -> None:
    with pytest.raises(GarbledError):
        read_error(form, "here", CLOCK)


@pytest.mark.guarantee("G19")
def test_an_error_of_another_kind_is_that_it_did_not_load() -> None:
    for kind in ("KeyboardInterrupt", "SystemExit", "TrustError", "SafeloadError", "__class__"):
        form = {"type": kind, "message": "", "hint": "", "code": "x"}
        assert type(read_error(form, "here", CLOCK)) is LoadError


@pytest.mark.guarantee("G16")
def test_a_text_does_not_steer_the_terminal() -> None:
    for text in ("\x1b[2J", "a\nb", "\u202e", "\udc80", "x" * 10_000):
        shown = read_text(text)
        assert shown.isascii()
        assert shown.isprintable()
        assert len(shown) <= 1_000
    assert read_text("what is \\u202e 'safe'") == "what is \\u202e 'safe'"
    assert len(read_texts(["w"] * 10_000)) == 100


@pytest.mark.parametrize(
    "form", [None, {}, {"memory": True}, dict.fromkeys(asdict(Confinement()), 1)]
)
def test_a_confinement_that_is_none_is_none(form: Any) -> None:
    with pytest.raises(GarbledError):
        read_confinement(form)


def test_a_confinement_says_what_is_missing() -> None:
    confinement = Confinement(memory=True, files=True)
    assert read_confinement(there(asdict(confinement))) == confinement
    assert confinement.missing == ("processor", "paths", "system_calls", "processes")
