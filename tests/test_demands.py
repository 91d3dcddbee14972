"""What a trust file demands of one model holds wherever it is loaded: policy, probe, drift."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

import safeload
from safeload.errors import LoadError, RefusedError, UsageError
from safeload.gate import dry_run
from safeload.loading import environment
from safeload.policy.policy import Policy
from safeload.trust.keys import SigningKey
from safeload.trust.trustfile import entry_text

KEY = SigningKey.generate()
ROWS = np.arange(6.0).reshape(3, 2)
MODEL = StandardScaler().fit(ROWS)
# Nothing of the packs is in it, and a team's file lists it.
OWN = """\
[[group]]
reason = "ours"
uses = ["construct", "reference", "fill"]
[group.names]
"tests.test_demands" = ["Own"]
"""


class Own(StandardScaler):  # type: ignore[misc]
    """An estimator of a team's own."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "churn.joblib"
    safeload.dump(MODEL, path, key=KEY, name="churn", version="1", probe=ROWS)
    return path


def trust(folder: Path, rule: str) -> Path:
    path = folder / "trust.toml"
    path.write_text(entry_text("alice", KEY.public, ["*"]) + f"[models.churn]\n{rule}\n")
    path.chmod(0o600)
    return path


def load(path: Path, rule: str, **given: Any) -> Any:
    return safeload.load(path, trust=trust(path.parent, rule), **given)


# The policy


def test_a_model_is_loaded_by_the_policy_that_the_trust_file_names(tmp_path: Path) -> None:
    path, policy = tmp_path / "churn.joblib", tmp_path / "own.toml"
    policy.write_text(OWN)
    policy.chmod(0o600)
    safeload.dump(Own().fit(ROWS), path, key=KEY, name="churn", version="1", policy=policy)
    assert isinstance(load(path, "policy = 'own.toml'"), Own)
    dry_run(path, trust=path.with_name("trust.toml"))[1].close()
    with pytest.raises(LoadError) as caught:
        dry_run(path, trust=path.with_name("trust.toml"), probe=True)
    assert caught.value.code == "no-probe"
    # Without it, and where the caller gives another one, it is not allowed.
    for rule, given in (("", {}), ("policy = 'own.toml'", {"policy": Policy.default()})):
        with pytest.raises(RefusedError):
            load(path, rule, **given)
    # For another model it says nothing.
    safeload.dump(Own().fit(ROWS), path, key=KEY, name="other", version="1", policy=policy)
    with pytest.raises(RefusedError):
        load(path, "policy = 'own.toml'")


@pytest.mark.parametrize(
    ("mode", "code"), [(0o666, "policy-writable"), (None, "policy-unreadable")]
)
def test_a_policy_that_cannot_be_believed_loads_nothing(
    path: Path, mode: int | None, code: str
) -> None:
    policy = path.with_name("own.toml")
    if mode is not None:
        policy.write_text(OWN)
        policy.chmod(mode)
    with pytest.raises(UsageError) as caught:
        load(path, "policy = 'own.toml'")
    assert caught.value.code == code


# The probe


def test_a_probe_that_is_required_is_compared_though_nobody_asks_for_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load(path, "probe = 'required'").n_features_in_ == 2
    monkeypatch.setattr(StandardScaler, "transform", lambda _, rows: np.zeros_like(rows))
    assert load(path, "").n_features_in_ == 2
    for given in ({}, {"probe": False}):
        with pytest.raises(LoadError) as caught:
            load(path, "probe = 'required'", **given)
        assert caught.value.code == "probe-mismatch"


def test_a_model_without_a_probe_does_not_get_by(tmp_path: Path) -> None:
    path = tmp_path / "churn.joblib"
    safeload.dump(MODEL, path, key=KEY, name="churn", version="1")
    assert load(path, "").n_features_in_ == 2
    with pytest.raises(LoadError) as caught:
        load(path, "probe = 'required'")
    assert caught.value.code == "no-probe"


# Drift


def drifted(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    """From now on another minor release of a library is installed."""
    version = environment._version
    monkeypatch.setattr(
        environment, "_version", lambda name: "0.0.1" if name == library else version(name)
    )


@pytest.mark.parametrize("library", ["scikit-learn", "numpy", "python"])
@pytest.mark.parametrize("rule", ["", "drift = 'warn'", "drift = 'refuse'"])
def test_another_minor_release_leads_to_what_the_trust_file_says(
    path: Path, monkeypatch: pytest.MonkeyPatch, rule: str, library: str
) -> None:
    drifted(monkeypatch, library)
    refused = "refuse" in rule or (rule == "" and library == "scikit-learn")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            load(path, rule)
            code = ""
        except LoadError as error:
            code = error.code
    assert code == ("version-mismatch" if refused else "")
    assert bool(said) == ("warn" in rule)


def test_what_a_policy_says_of_one_library_outweighs_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drifted(monkeypatch, "numpy")
    policy = path.with_name("own.toml")
    policy.write_text("[versions]\nnumpy = 'ignore'\n")
    policy.chmod(0o600)
    assert load(path, "drift = 'refuse'\npolicy = 'own.toml'").n_features_in_ == 2
    drifted(monkeypatch, "python")
    with pytest.raises(LoadError):
        load(path, "drift = 'refuse'\npolicy = 'own.toml'")


def test_the_process_of_its_own_goes_by_it_too(path: Path) -> None:
    text = path.with_name("churn.joblib.sig")
    assert text.exists()
    verified, model = dry_run(path, trust=trust(path.parent, "drift = 'refuse'"))
    model.close()
    assert verified.rule.drift == "refuse"


def test_drift_is_carried_into_another_process() -> None:
    from safeload.isolation.forms import read_policy, write_policy

    policy = Policy.default().with_drift("error")
    again = read_policy(write_policy(policy))
    for library in ("numpy", "python", "scikit-learn"):
        assert again.version_check(library, signed=True) == "error"
