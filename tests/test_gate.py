"""The gate: each step that fails is the last, and nothing is deserialised before step 8."""

from __future__ import annotations

import argparse
import json
import os
import pickle
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import sklearn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

import safeload
from safeload.errors import ArtefactError, LoadError, RefusedError, TrustError, UsageError
from safeload.loading import guard
from safeload.trust.envelope import signed_bundle
from safeload.trust.manifest import Manifest, Resource, to_payload
from tests.builder import Name, Pickle
from tests.trust.statements import edited

KEY = safeload.SigningKey.generate()
STRANGER = safeload.SigningKey.generate()
DATA = np.array([[0.0], [1.0], [2.0], [3.0]])
MODEL = LogisticRegression().fit(DATA, [0, 0, 1, 1])


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    return safeload.TrustFile.add(
        tmp_path / "trust.toml", name="alice", key=KEY.public, models=["churn", "fraud-*"]
    )


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "churn.joblib"
    safeload.dump(MODEL, path, key=KEY, name="churn", version="1", probe=DATA)
    return path


@pytest.fixture
def unpickled(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every program that the guard is given; it still runs."""
    seen: list[Any] = []
    run = guard.unpickle

    def noted(program: Any, *given: Any, **more: Any) -> Any:
        seen.append(program)
        return run(program, *given, **more)

    monkeypatch.setattr(guard, "unpickle", noted)
    return seen


def resign(path: Path, key: safeload.SigningKey = KEY, **changes: Any) -> None:
    """Sign another statement about the file as it is now, whatever is in it."""
    bundle = Path(f"{path}.sig")
    manifest = safeload.verify(path, trust=_trusting_all(path)).manifest
    assert manifest.model is not None
    statement = to_payload(
        subject=path.name, resources=list(manifest.resources), model=manifest.model
    )
    for key_, value in changes.items():
        statement = edited(
            statement,
            lambda s, key_=key_, value=value: s["subject"][0]["annotations"][  # type: ignore[misc]
                "safeload_manifest_v1"
            ].update({key_: value}),
        )
    bundle.write_bytes(signed_bundle(statement, key))


def _trusting_all(path: Path) -> safeload.TrustFile:
    where = path.parent / "all.toml"
    where.unlink(missing_ok=True)
    return safeload.TrustFile.read(
        safeload.TrustFile.add(where, name="all", key=KEY.public, models=["*"])
    )


def sign_anything(path: Path, data: bytes, globals_: tuple[Any, ...] = ()) -> None:
    """Write a file and a bundle that vouches for it, as a signer without scruples would."""
    import hashlib
    from dataclasses import replace

    from tests.trust.statements import MODEL as STATEMENT

    path.write_bytes(data)
    described = replace(
        STATEMENT, name="churn", size=len(data), globals=globals_, versions={}, not_after=None
    )
    digest = hashlib.sha256(data).hexdigest()
    payload = to_payload(
        subject=path.name, resources=[Resource(path.name, digest)], model=described
    )
    Path(f"{path}.sig").write_bytes(signed_bundle(payload, KEY))


# -- all is well ---------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [None, "r", "c"])
def test_a_signed_model_loads_and_predicts_as_before(
    model: Path, trust: Path, mode: str | None
) -> None:
    loaded = safeload.load(model, trust=trust, name="churn", probe=True, mmap_mode=mode)

    assert loaded.predict(DATA).tolist() == MODEL.predict(DATA).tolist()
    assert loaded.coef_.tolist() == MODEL.coef_.tolist()


@pytest.mark.parametrize("suffix", ["joblib", "skops", "pkl"])
@pytest.mark.parametrize("compress", [0, 3, ("lz4", 1)])
def test_every_format_is_signed_and_loaded(
    tmp_path: Path, trust: Path, suffix: str, compress: Any
) -> None:
    path = tmp_path / f"churn.{suffix}"

    safeload.dump(MODEL, path, key=KEY, name="churn", version="1", compress=compress)

    assert safeload.load(path, trust=trust).coef_.tolist() == MODEL.coef_.tolist()


def test_a_verified_file_names_its_signer_and_holds_the_bytes(model: Path, trust: Path) -> None:
    verified = safeload.verify(model, trust=trust)

    assert verified.signer == "alice"
    assert bytes(verified.artefact.data) == model.read_bytes()
    assert verified.manifest.model is not None
    assert verified.manifest.model.name == "churn"


def test_verifying_deserialises_nothing(model: Path, trust: Path, unpickled: list[Any]) -> None:
    safeload.verify(model, trust=trust)

    assert unpickled == []


def test_a_file_may_be_renamed_with_its_bundle(model: Path, trust: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved.joblib"
    model.rename(moved)
    Path(f"{model}.sig").rename(f"{moved}.sig")

    assert safeload.load(moved, trust=trust).coef_.tolist() == MODEL.coef_.tolist()


# -- each step -----------------------------------------------------------------------------------


def fails(
    path: Path,
    trust: Any,
    unpickled: list[Any],
    error: type[safeload.SafeloadError],
    code: str,
    **given: Any,
) -> None:
    with pytest.raises(error) as caught:
        safeload.load(path, trust=trust, **given)
    assert caught.value.code == code
    assert unpickled == []


def test_step_1_a_file_that_cannot_be_read(model: Path, trust: Path, unpickled: list[Any]) -> None:
    model.unlink()

    fails(model, trust, unpickled, ArtefactError, "unreadable")


def test_step_2_no_bundle(model: Path, trust: Path, unpickled: list[Any]) -> None:
    Path(f"{model}.sig").unlink()

    fails(model, trust, unpickled, TrustError, "bundle-missing")


def test_step_2_a_third_party_signed(model: Path, trust: Path, unpickled: list[Any]) -> None:
    safeload.sign(model, key=STRANGER, name="churn", version="1", replace=True)
    unpickled.clear()

    fails(model, trust, unpickled, TrustError, "signer-unknown")


def test_step_2_the_signature_belongs_to_other_bytes(
    model: Path, trust: Path, unpickled: list[Any]
) -> None:
    bundle = Path(f"{model}.sig")
    document = json.loads(bundle.read_bytes())
    other = signed_bundle(b"{}", KEY)
    document["dsseEnvelope"]["signatures"] = json.loads(other)["dsseEnvelope"]["signatures"]
    bundle.write_text(json.dumps(document))

    fails(model, trust, unpickled, TrustError, "signature-invalid")


def test_step_2_comes_before_step_3(model: Path, trust: Path, unpickled: list[Any]) -> None:
    # No statement at all, and signed by nobody known: the signature is what is reported.
    Path(f"{model}.sig").write_bytes(signed_bundle(b"no statement", STRANGER))

    fails(model, trust, unpickled, TrustError, "signer-unknown")


def test_step_3_what_was_signed_is_no_statement(
    model: Path, trust: Path, unpickled: list[Any]
) -> None:
    Path(f"{model}.sig").write_bytes(signed_bundle(b"no statement", KEY))

    fails(model, trust, unpickled, TrustError, "manifest-malformed")


def test_step_4_another_model_was_asked_for(model: Path, trust: Path, unpickled: list[Any]) -> None:
    fails(model, trust, unpickled, TrustError, "wrong-model", name="fraud-eu")


@pytest.mark.parametrize(
    ("asked", "code"),
    [({"version": "1.0.1"}, "wrong-version"), ({"min_version": "1.1"}, "version-too-old")],
)
def test_step_4_another_version_was_asked_for(
    model: Path, trust: Path, unpickled: list[Any], asked: dict[str, str], code: str
) -> None:
    fails(model, trust, unpickled, TrustError, code, **asked)


def test_the_version_that_was_asked_for_loads(model: Path, trust: Path) -> None:
    safeload.load(model, trust=trust, version="1.0", min_version="0.9")


def test_step_4_the_signer_may_not_sign_that_model(
    model: Path, trust: Path, unpickled: list[Any]
) -> None:
    safeload.sign(model, key=KEY, name="pricing", version="1")
    unpickled.clear()

    fails(model, trust, unpickled, TrustError, "signer-not-allowed")


def test_step_4_the_statement_has_expired(model: Path, trust: Path, unpickled: list[Any]) -> None:
    past = datetime.now(UTC) - timedelta(days=1)
    resign(model, not_after=past.strftime("%Y-%m-%dT%H:%M:%SZ"))

    fails(model, trust, unpickled, TrustError, "expired")


def test_step_4_comes_before_step_5(model: Path, trust: Path, unpickled: list[Any]) -> None:
    model.write_bytes(model.read_bytes() + b".")

    fails(model, trust, unpickled, TrustError, "wrong-model", name="fraud-eu")


def test_step_5_other_bytes_of_the_same_size(
    model: Path, trust: Path, unpickled: list[Any]
) -> None:
    data = bytearray(model.read_bytes())
    data[-2] ^= 1
    model.write_bytes(data)

    fails(model, trust, unpickled, TrustError, "digest-mismatch")


def test_step_5_comes_before_step_6(
    model: Path, trust: Path, unpickled: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from safeload.loading import admit

    def never(*given: Any) -> None:
        pytest.fail("bytes were scanned that nobody signed")

    monkeypatch.setattr(admit, "scan", never)
    model.write_bytes(Pickle(4).call(Name("posix", "system"), "true").finish())

    fails(model, trust, unpickled, TrustError, "digest-mismatch")


def test_step_6_a_signature_does_not_allow_what_the_policy_refuses(
    tmp_path: Path, trust: Path, unpickled: list[Any]
) -> None:
    from safeload.trust.model import SignedGlobal

    path = tmp_path / "churn.joblib"
    evil = Pickle(4).call(Name("posix", "system"), "true").finish()
    sign_anything(path, evil, (SignedGlobal("posix", "system", ("call",)),))

    fails(path, trust, unpickled, RefusedError, "refused")


def test_step_6_what_was_not_read_is_not_loaded(
    tmp_path: Path, trust: Path, unpickled: list[Any]
) -> None:
    path = tmp_path / "churn.joblib"
    sign_anything(path, b"no model at all")

    fails(path, trust, unpickled, RefusedError, "incomplete")


def test_step_6_a_global_that_was_not_signed_is_not_allowed(
    model: Path, trust: Path, unpickled: list[Any]
) -> None:
    verified = safeload.verify(model, trust=trust).manifest.model
    assert verified is not None
    for dropped in verified.globals:
        kept = [[g.module, g.name, list(g.uses)] for g in verified.globals if g != dropped]
        resign(model, globals=kept)

        fails(model, trust, unpickled, RefusedError, "refused")


def test_step_6_a_use_that_was_not_signed_is_not_allowed(
    model: Path, trust: Path, unpickled: list[Any]
) -> None:
    verified = safeload.verify(model, trust=trust).manifest.model
    assert verified is not None
    resign(model, globals=[[g.module, g.name, ["reference"]] for g in verified.globals])

    fails(model, trust, unpickled, RefusedError, "refused")


def test_step_6_signing_more_than_the_file_has_changes_nothing(model: Path, trust: Path) -> None:
    verified = safeload.verify(model, trust=trust).manifest.model
    assert verified is not None
    more = [*verified.globals, ("posix", "system", ("call",))]
    resign(model, globals=[[module, name, list(uses)] for module, name, uses in more])

    assert safeload.load(model, trust=trust).coef_.tolist() == MODEL.coef_.tolist()


def test_step_7_a_library_that_is_not_there(
    tmp_path: Path, trust: Path, unpickled: list[Any]
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(
        '[[group]]\nreason = "ours"\nuses = ["construct"]\n[group.names]\n'
        '"a_library_that_nobody_has" = ["Model"]\n'
    )
    path = tmp_path / "churn.joblib"
    from safeload.trust.model import SignedGlobal

    data = Pickle(4).object_(Name("a_library_that_nobody_has", "Model")).finish()
    sign_anything(path, data, (SignedGlobal("a_library_that_nobody_has", "Model", ("construct",)),))

    fails(path, trust, unpickled, LoadError, "library-missing", policy=policy)


def test_step_8_an_allowed_callable_that_fails(tmp_path: Path, trust: Path) -> None:
    from safeload.trust.model import SignedGlobal

    path = tmp_path / "churn.joblib"
    data = Pickle(4).call(Name("fractions", "Fraction"), 1, 0).finish()
    sign_anything(path, data, (SignedGlobal("fractions", "Fraction", ("call",)),))

    with pytest.raises(LoadError) as caught:
        safeload.load(path, trust=trust)
    assert caught.value.code == "load-failed"


def test_step_7_another_release_of_scikit_learn(model: Path, trust: Path, tmp_path: Path) -> None:
    resign(model, versions={"scikit-learn": "0.24.2"})

    with pytest.raises(LoadError) as caught:
        safeload.load(model, trust=trust)
    assert caught.value.code == "version-mismatch"
    lenient = tmp_path / "policy.toml"
    lenient.write_text('versions = "warn"\n')
    with pytest.warns(safeload.DriftWarning) as warned:
        loaded = safeload.load(model, trust=trust, policy=lenient)
    (drift,) = [item.message for item in warned]
    assert isinstance(drift, safeload.DriftWarning)
    assert (drift.library, drift.signed) == ("scikit-learn", "0.24.2")
    assert drift.installed == sklearn.__version__
    assert {item.filename for item in warned} == {__file__}
    assert loaded.coef_.tolist() == MODEL.coef_.tolist()


def test_step_9_predictions_that_differ(model: Path, trust: Path) -> None:
    verified = safeload.verify(model, trust=trust).manifest.model
    assert verified is not None
    assert verified.probe is not None
    probe = json.loads(json.dumps(verified.probe))
    probe["expected"]["predict"]["values"][0] = 1
    resign(model, probe=probe)

    assert safeload.load(model, trust=trust).coef_.tolist() == MODEL.coef_.tolist()
    with pytest.raises(LoadError) as caught:
        safeload.load(model, trust=trust, probe=True)
    assert caught.value.code == "probe-mismatch"


def test_step_9_a_probe_that_was_not_signed(tmp_path: Path, trust: Path) -> None:
    path = tmp_path / "churn.joblib"
    safeload.dump(MODEL, path, key=KEY, name="churn", version="1")

    with pytest.raises(LoadError):
        safeload.load(path, trust=trust, probe=True)


def test_the_path_is_opened_once(model: Path, trust: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    real = os.open

    def noted(path: Any, *given: Any, **more: Any) -> int:
        opened.append(os.fspath(path))
        return real(path, *given, **more)

    monkeypatch.setattr(os, "open", noted)
    safeload.load(model, trust=trust)

    assert opened.count(str(model)) == 1
    assert opened[0] == str(model)


def test_a_statement_of_another_tool_is_verified_and_not_loaded(
    tmp_path: Path, unpickled: list[Any]
) -> None:
    path = tmp_path / "churn.joblib"
    joblib.dump(MODEL, path)
    import hashlib

    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    payload = to_payload(subject="x", resources=[Resource(path.name, digest)], model=None)
    Path(f"{path}.sig").write_bytes(signed_bundle(payload, KEY))
    trusting = _trusting_all(path)

    assert isinstance(safeload.verify(path, trust=trusting).manifest, Manifest)
    fails(path, trusting, unpickled, TrustError, "not-a-model")


# -- without a signature -------------------------------------------------------------------------


def test_an_unsigned_file_needs_no_bundle_and_no_trust_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*given: Any) -> None:
        pytest.fail("a trust file was read")

    monkeypatch.setattr(safeload.TrustFile, "read", never)
    path = tmp_path / "theirs.joblib"
    joblib.dump(MODEL, path)

    assert safeload.load_unsigned(path).coef_.tolist() == MODEL.coef_.tolist()


def test_an_unsigned_file_is_judged_all_the_same(tmp_path: Path, unpickled: list[Any]) -> None:
    path = tmp_path / "theirs.joblib"
    path.write_bytes(Pickle(4).call(Name("posix", "system"), "true").finish())

    with pytest.raises(RefusedError) as caught:
        safeload.load_unsigned(path)
    assert unpickled == []
    assert caught.value.report.verdict == "refuse"
    assert caught.value.exit_code == 1


def test_a_file_that_was_not_read_ends_in_another_exit_code(tmp_path: Path) -> None:
    path = tmp_path / "theirs.joblib"
    path.write_bytes(b"no model")

    with pytest.raises(RefusedError) as caught:
        safeload.load_unsigned(path)
    assert caught.value.report.verdict == "incomplete"
    assert caught.value.exit_code == 3


def test_a_team_adds_its_own_classes_by_name(tmp_path: Path) -> None:
    path, policy = tmp_path / "ours.pkl", tmp_path / "policy.toml"
    path.write_bytes(pickle.dumps(argparse.Namespace(ratio=7)))
    policy.write_text(
        '[[group]]\nreason = "ours"\nuses = ["construct"]\n[group.names]\n'
        '"argparse" = ["Namespace"]\n'
    )

    with pytest.raises(RefusedError):
        safeload.load_unsigned(path)
    assert safeload.load_unsigned(path, policy=policy) == argparse.Namespace(ratio=7)


@pytest.mark.parametrize("mode", ["r+", "w+", "", "R", 1])
def test_a_mode_that_writes_is_a_usage_error(model: Path, trust: Path, mode: Any) -> None:
    with pytest.raises(UsageError) as caught:
        safeload.load(model, trust=trust, mmap_mode=mode)
    assert caught.value.code == "mmap-mode"
    with pytest.raises(UsageError) as caught:
        safeload.load_unsigned(model, mmap_mode=mode)
    assert caught.value.code == "mmap-mode"


def test_a_mode_for_what_cannot_be_mapped_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "theirs.joblib"
    joblib.dump(MODEL, path, compress=3)

    with pytest.warns(UserWarning) as caught:  # noqa: PT030  # never on message text
        loaded = safeload.load_unsigned(path, mmap_mode="r")
    assert {item.filename for item in caught} == {__file__}
    assert loaded.coef_.tolist() == MODEL.coef_.tolist()


# -- tampering -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes, bytes, Any]:
    folder = tmp_path_factory.mktemp("signed")
    path = folder / "churn.joblib"
    safeload.dump(MODEL, path, key=KEY, name="churn", version="1")
    trust = safeload.TrustFile.add(
        folder / "trust.toml", name="alice", key=KEY.public, models=["churn"]
    )
    bundle = Path(f"{path}.sig").read_bytes()
    return path, path.read_bytes(), bundle, safeload.TrustFile.read(trust)


tampering = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


@tampering
@given(data=st.data())
def test_a_flipped_bit_of_the_model_is_a_trust_error(signed: Any, data: st.DataObject) -> None:
    path, model, bundle, trust = signed
    changed = bytearray(model)
    changed[data.draw(st.integers(0, len(model) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(changed)
    Path(f"{path}.sig").write_bytes(bundle)

    with pytest.raises(TrustError) as caught:
        safeload.load(path, trust=trust)
    assert caught.value.code == "digest-mismatch"


@tampering
@given(data=st.data())
def test_a_changed_bundle_is_a_trust_error_or_says_the_same(
    signed: Any, data: st.DataObject
) -> None:
    path, model, bundle, trust = signed
    changed = bytearray(bundle)
    changed[data.draw(st.integers(0, len(bundle) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(model)
    Path(f"{path}.sig").write_bytes(changed)

    try:
        verified = safeload.verify(path, trust=trust)
    except TrustError:
        return
    # A hint or a field that is of no consequence: what was signed is still what was signed.
    signed_statement = json.loads(bundle)["dsseEnvelope"]["payload"]
    assert json.loads(changed)["dsseEnvelope"]["payload"] == signed_statement
    assert verified.signer == "alice"


@tampering
@given(data=st.data())
def test_a_changed_statement_is_a_trust_error(signed: Any, data: st.DataObject) -> None:
    import base64

    path, model, bundle, trust = signed
    document = json.loads(bundle)
    payload = bytearray(base64.b64decode(document["dsseEnvelope"]["payload"]))
    payload[data.draw(st.integers(0, len(payload) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    document["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    path.write_bytes(model)
    Path(f"{path}.sig").write_text(json.dumps(document))

    with pytest.raises(TrustError):
        safeload.load(path, trust=trust)
