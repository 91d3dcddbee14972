"""The ``model_signing`` command and safeload verify each other's signatures of a file."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from safeload.errors import TrustError
from safeload.trust.keys import KeyType
from safeload.trust.manifest import Resource
from tests.trust.interop.desks import Desk, every_curve, model_signing
from tests.trust.statements import CONTENT, SHA256, digests


@pytest.fixture
def desk(tmp_path: Path, key_type: KeyType) -> Desk:
    return Desk(tmp_path, key_type)


@every_curve
def test_model_signing_verifies_what_we_sign(desk: Desk) -> None:
    desk.sign(".")
    assert desk.model_signing_verifies(desk.file)


@pytest.mark.parametrize("key_type", [KeyType.P256])
def test_model_signing_verifies_a_file_by_its_basename_in_its_directory(desk: Desk) -> None:
    desk.sign(desk.file.name)
    assert desk.model_signing_verifies(desk.folder)
    (desk.folder / "another").write_bytes(b"")
    assert not desk.model_signing_verifies(desk.folder)
    assert desk.model_signing_verifies(desk.folder, "--ignore_unsigned_files")


@pytest.mark.parametrize("key_type", [KeyType.P256])
def test_model_signing_sees_a_changed_file_and_a_changed_bundle(desk: Desk) -> None:
    desk.sign(".")
    bundle = json.loads(desk.bundle.read_bytes())
    desk.file.write_bytes(CONTENT + b"!")
    assert not desk.model_signing_verifies(desk.file)
    desk.file.write_bytes(CONTENT)
    payload = base64.b64decode(bundle["dsseEnvelope"]["payload"]).replace(b"churn", b"other")
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    desk.bundle.write_text(json.dumps(bundle), encoding="utf-8")
    assert not desk.model_signing_verifies(desk.file)


@every_curve
def test_we_verify_what_model_signing_signs(desk: Desk) -> None:
    done = model_signing(
        *("sign", "key", desk.file, "--signature", desk.bundle, "--private_key", desk.private)
    )
    assert done.returncode == 0, done.stderr
    manifest = desk.manifest()
    assert manifest.model is None
    assert manifest.resources == (Resource(".", SHA256),)
    assert manifest.check_content("churn.joblib", digests(len(CONTENT), SHA256))
    with pytest.raises(TrustError) as caught:
        manifest.check_content("churn.joblib", digests(len(CONTENT), "0" * 64))
    assert caught.value.code == "digest-mismatch"


@pytest.mark.parametrize("key_type", [KeyType.P256])
def test_a_bundle_that_model_signing_signed_and_somebody_changed_is_refused(desk: Desk) -> None:
    done = model_signing(
        *("sign", "key", desk.file, "--signature", desk.bundle, "--private_key", desk.private)
    )
    assert done.returncode == 0, done.stderr
    bundle: dict[str, Any] = json.loads(desk.bundle.read_bytes())
    payload = base64.b64decode(bundle["dsseEnvelope"]["payload"]).replace(b'"."', b'"a"')
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    desk.bundle.write_text(json.dumps(bundle), encoding="utf-8")
    with pytest.raises(TrustError) as caught:
        desk.manifest()
    assert caught.value.code == "signature-invalid"


@pytest.mark.parametrize("key_type", [KeyType.P256])
def test_our_bundle_has_exactly_the_members_of_theirs(desk: Desk) -> None:
    """Members and their types, down to the subject's annotations, which are ours."""
    done = model_signing(
        *("sign", "key", desk.file, "--signature", desk.bundle, "--private_key", desk.private)
    )
    assert done.returncode == 0, done.stderr
    theirs = shape(desk.bundle)
    desk.sign(".")
    ours = shape(desk.bundle)
    assert ours.pop("subject.annotations") == "dict"
    # They list the paths of git that they left out; a single file leaves nothing out.
    assert theirs.pop("predicate.serialization.ignore_paths") == "list"
    assert ours == theirs


def shape(path: Path) -> dict[str, str]:
    bundle = json.loads(path.read_bytes())
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    found: dict[str, str] = {}

    def walk(value: Any, where: str) -> None:
        if where:
            found[where] = type(value).__name__
        if where == "subject.annotations":
            return
        if isinstance(value, dict):
            for name, inner in value.items():
                walk(inner, f"{where}.{name}".lstrip("."))
        elif isinstance(value, list) and where != "predicate.serialization.ignore_paths":
            for inner in value:
                walk(inner, where)

    walk(bundle, "")
    walk(statement, "")
    return found
