"""Guarantees of SECURITY.md that only the whole gate can show, each by an attack on it.

What would run code if a guarantee were broken runs in a child process, and does no more there than
create a canary file.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import joblib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

import safeload
from safeload import gate
from safeload.errors import RefusedError, SafeloadError, TrustError
from safeload.policy.policy import Policy
from safeload.trust.bundle import read_bundle
from safeload.trust.envelope import signed_bundle, verify
from safeload.trust.keys import SigningKey
from safeload.trust.manifest import Manifest, Resource, to_payload
from safeload.trust.model import SignedGlobal
from safeload.trust.trustfile import ModelRule, TrustFile
from tests.builder import Pickle

ROOT = Path(__file__).parent.parent
# Trains nothing and yet is an estimator with arrays: small, quick to load, easy to compare.
MODEL = StandardScaler().fit(np.arange(6.0).reshape(3, 2))
OTHER = StandardScaler().fit(np.arange(6.0).reshape(3, 2) * 7)


@dataclass(frozen=True)
class Signed:
    """A model called ``churn`` that Alice signed, and a trust file that lets her."""

    path: Path
    trust: TrustFile
    key: SigningKey

    @property
    def bundle(self) -> Path:
        """Where its signature lies."""
        return Path(f"{self.path}.sig")

    def load(self, **given_: Any) -> Any:
        """Load it as its user would."""
        return safeload.load(self.path, trust=self.trust, **given_)


@pytest.fixture
def signed(tmp_path: Path) -> Signed:
    key = SigningKey.generate()
    path = tmp_path / "churn.joblib"
    safeload.dump(MODEL, path, key=key, name="churn", version="1", serial=5)
    TrustFile.add(tmp_path / "trust.toml", name="alice", key=key.public, models=["churn"])
    return Signed(path, TrustFile.read(tmp_path / "trust.toml"), key)


def attack(canary: Path) -> bytes:
    """A pickle that creates the canary."""
    p = Pickle(4).global_("posix", "system").unicode(f"touch '{canary}'")
    return p.tuple1().reduce().finish()


def child(code: str, *arguments: object, path: Path = ROOT) -> str:
    """Run code in a process of its own and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{path}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.strip()


LOAD = """
import sys, safeload
path, trust = sys.argv[1:]
try:
    if trust == "-":
        safeload.load_unsigned(path)
    else:
        safeload.load(path, trust=trust)
    print("loaded")
except safeload.SafeloadError as error:
    print(error.code)
"""
UNPROTECTED = "import pickle, sys; pickle.load(open(sys.argv[1], 'rb'))"


def test_the_attack_of_these_tests_is_live(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    (tmp_path / "attack.pkl").write_bytes(attack(canary))
    child(UNPROTECTED, tmp_path / "attack.pkl")
    assert canary.exists()


# -- before anything is looked at -----------------------------------------------------------------


def forbid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test fail if the content of a file is so much as looked at."""

    def looked_at(*_: object, **__: object) -> NoReturn:
        raise AssertionError("looked at before it was verified")

    monkeypatch.setattr(gate, "admit", looked_at)
    monkeypatch.setattr(gate, "deserialise", looked_at)


def without_bundle(signed: Signed) -> None:
    signed.bundle.unlink()


def with_bundle_of_a_third_party(signed: Signed) -> None:
    third_party = SigningKey.generate()
    safeload.sign(signed.path, key=third_party, name="churn", version="1", replace=True)


def with_bundle_of_another_file(signed: Signed) -> None:
    other = signed.path.with_name("other.joblib")
    safeload.dump(OTHER, other, key=signed.key, name="churn", version="1")
    Path(f"{other}.sig").replace(signed.bundle)


def with_another_content(signed: Signed) -> None:
    joblib.dump(OTHER, signed.path)


def with_one_byte_more(signed: Signed) -> None:
    with signed.path.open("ab") as file:
        file.write(b".")


def with_an_empty_bundle(signed: Signed) -> None:
    signed.bundle.write_bytes(b"")


def under_a_name_that_the_signer_may_not_sign(signed: Signed) -> None:
    safeload.sign(signed.path, key=signed.key, name="fraud", version="1")


@pytest.mark.guarantee("G1")
@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (without_bundle, "bundle-missing"),
        (with_bundle_of_a_third_party, "signer-unknown"),
        (with_bundle_of_another_file, "digest-mismatch"),
        (with_another_content, "digest-mismatch"),
        (with_one_byte_more, "digest-mismatch"),
        (with_an_empty_bundle, "bundle-malformed"),
        (under_a_name_that_the_signer_may_not_sign, "signer-not-allowed"),
    ],
    ids=lambda value: value.__name__.replace("_", "-") if callable(value) else value,
)
def test_what_is_not_verified_is_not_looked_at(
    signed: Signed, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Signed], None], code: str
) -> None:
    spoil(signed)
    forbid(monkeypatch)
    with pytest.raises(TrustError) as caught:
        signed.load()
    assert caught.value.code == code


@pytest.mark.guarantee("G1")
def test_a_statement_about_no_model_loads_nothing(
    signed: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = verified(signed).resources[0].sha256
    payload = to_payload(subject="churn.joblib", resources=[Resource(".", digest)], model=None)
    signed.bundle.write_bytes(signed_bundle(payload, signed.key))
    everything = replace(signed.trust.signers[0], models=("*",))
    trust = replace(signed.trust, signers=(everything,))
    forbid(monkeypatch)
    with pytest.raises(TrustError) as caught:
        safeload.load(signed.path, trust=trust)
    assert caught.value.code == "not-a-model"


@pytest.mark.guarantee("G2")
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), which=st.sampled_from(["path", "bundle"]))
def test_no_byte_of_model_or_bundle_can_be_changed(
    signed: Signed, data: st.DataObject, which: str
) -> None:
    target: Path = getattr(signed, which)
    original = target.read_bytes()
    changed = bytearray(original)
    place = data.draw(st.integers(0, len(original) - 1))
    changed[place] ^= data.draw(st.integers(1, 255))
    target.write_bytes(changed)
    try:
        with pytest.raises(TrustError):
            signed.load()
    finally:
        target.write_bytes(original)


# -- other models, other releases -----------------------------------------------------------------


@pytest.mark.guarantee("G4")
def test_another_signed_model_does_not_pass_for_the_one_asked_for(signed: Signed) -> None:
    assert signed.load(name="churn").scale_.tolist() == MODEL.scale_.tolist()
    with pytest.raises(TrustError) as caught:
        signed.load(name="churn-2")
    assert caught.value.code == "wrong-model"


@pytest.mark.guarantee("G4")
def test_an_old_release_is_not_replayed_below_the_floor(signed: Signed) -> None:
    for floor, code in ((5, ""), (6, "stale")):
        trust = replace(signed.trust, models={"churn": ModelRule(min_serial=floor)})
        try:
            safeload.load(signed.path, trust=trust)
            found = ""
        except TrustError as error:
            found = error.code
        assert found == code


# -- races ----------------------------------------------------------------------------------------


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("mode", [None, "r", "c"])
@pytest.mark.parametrize("how", ["overwrite", "replace", "remove"])
def test_a_file_swapped_after_it_was_verified_is_not_what_loads(
    signed: Signed, monkeypatch: pytest.MonkeyPatch, how: str, mode: str | None
) -> None:
    other = signed.path.with_name("other.joblib")
    joblib.dump(OTHER, other)

    def swap(*args: Any, **given_: Any) -> Any:
        result = verify_first(*args, **given_)
        if how == "overwrite":
            signed.path.write_bytes(other.read_bytes())
        elif how == "replace":
            other.replace(signed.path)
        else:
            signed.path.unlink()
        return result

    verify_first = gate.verify
    monkeypatch.setattr(gate, "verify", swap)
    assert signed.load(mmap_mode=mode).scale_.tolist() == MODEL.scale_.tolist()


# -- looking is not running -----------------------------------------------------------------------


@pytest.mark.guarantee("G7")
@pytest.mark.parametrize("verb", ["audit", "explain", "verify"])
def test_looking_at_a_file_imports_and_runs_nothing_it_names(tmp_path: Path, verb: str) -> None:
    canary = tmp_path / "canary"
    decoy = tmp_path / "decoy.py"
    decoy.write_text(f"open({str(canary)!r}, 'w').close()\ndef act(*_): pass\n")
    file = tmp_path / "decoy.pkl"
    file.write_bytes(Pickle(4).global_("decoy", "act").empty_tuple().reduce().finish())
    key = SigningKey.generate()
    digest = safeload.audit(file).files[0].sha256
    payload = to_payload(subject=file.name, resources=[Resource(".", digest)], model=None)
    Path(f"{file}.sig").write_bytes(signed_bundle(payload, key))
    TrustFile.add(tmp_path / "trust.toml", name="alice", key=key.public, models=["*"])
    trust = ["--trust", str(tmp_path / "trust.toml")] if verb == "verify" else []
    code = (
        "import contextlib, io, sys\n"
        "from safeload.cli.main import main\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    code = main(sys.argv[1:])\n"
        "print(code, 'decoy' in sys.modules)"
    )
    expected = 0 if verb == "verify" else 1
    assert child(code, verb, file, *trust, path=tmp_path) == f"{expected} False"
    assert not canary.exists()
    child(UNPROTECTED, file, path=tmp_path)
    assert canary.exists()


# -- the second reader ----------------------------------------------------------------------------

GUARD = """
import sys
from pathlib import Path
from safeload.errors import LoadError
from safeload.loading.guard import unpickle
from safeload.scan.scan import scan
data = Path(sys.argv[1]).read_bytes()
try:
    unpickle(scan(data).programs[0], data, {})
    print("loaded")
except LoadError as error:
    print(error.code)
"""


@pytest.mark.guarantee("G9")
@pytest.mark.parametrize("protocol", range(6))
def test_a_name_that_nobody_judged_is_refused_while_loading(tmp_path: Path, protocol: int) -> None:
    canary = tmp_path / "canary"
    p = Pickle(protocol)
    if protocol < 4:
        p.global_("posix", "system")
    else:
        p.short_binunicode("posix").short_binunicode("system").stack_global()
    p.mark().unicode(f"touch '{canary}'").tuple_().reduce()
    (tmp_path / "attack.pkl").write_bytes(p.finish())
    assert child(GUARD, tmp_path / "attack.pkl") == "not-granted"
    assert not canary.exists()


@pytest.mark.guarantee("G9")
def test_arrays_that_the_scan_did_not_see_are_refused_while_loading(tmp_path: Path) -> None:
    (tmp_path / "array.pkl").write_bytes(Pickle(4).none().binpersid().finish())
    code = GUARD.replace("scan(data).programs[0]", "Program('', segments=[data])").replace(
        "from safeload.scan.scan import scan", "from safeload.scan.program import Program"
    )
    assert child(code, tmp_path / "array.pkl") == "not-granted"


# -- nothing widens -------------------------------------------------------------------------------


def verified(signed: Signed) -> Manifest:
    """The manifest as signed."""
    return Manifest.from_payload(verify(read_bundle(signed.bundle), [signed.key.public]))


def resign(signed: Signed, **changes: Any) -> None:
    """Sign another manifest about the same file, as a careless or hostile signer could."""
    manifest = verified(signed)
    assert manifest.model is not None
    payload = to_payload(
        subject=manifest.subject,
        resources=manifest.resources,
        model=replace(manifest.model, **changes),
    )
    signed.bundle.write_bytes(signed_bundle(payload, signed.key))


@pytest.mark.guarantee("G12")
def test_what_the_manifest_does_not_list_does_not_load(signed: Signed) -> None:
    manifest = verified(signed)
    assert manifest.model is not None
    for left_out in manifest.model.globals:
        kept = tuple(item for item in manifest.model.globals if item != left_out)
        resign(signed, globals=kept)
        with pytest.raises(RefusedError) as caught:
            signed.load()
        assert "SL101" in {finding.rule for finding in caught.value.report.findings}


@pytest.mark.guarantee("G12")
def test_a_use_that_the_manifest_does_not_list_does_not_load(signed: Signed) -> None:
    manifest = verified(signed)
    assert manifest.model is not None
    resign(signed, globals=tuple(item._replace(uses=("fill",)) for item in manifest.model.globals))
    with pytest.raises(RefusedError) as caught:
        signed.load()
    assert {finding.rule for finding in caught.value.report.findings} <= {"SL102", "SL104"}


@pytest.mark.guarantee("G12")
def test_what_a_trusted_signer_lists_is_not_allowed_for_that(
    signed: Signed, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    data = attack(canary)
    signed.path.write_bytes(data)
    report = safeload.audit(signed.path).files[0]
    manifest = verified(signed)
    assert manifest.model is not None
    listed = (SignedGlobal("posix", "system", ("call",)),)
    payload = to_payload(
        subject="churn.joblib",
        resources=[Resource(".", report.sha256)],
        model=replace(manifest.model, size=len(data), globals=listed),
    )
    signed.bundle.write_bytes(signed_bundle(payload, signed.key))
    assert child(LOAD, signed.path, tmp_path / "trust.toml") == "refused"
    assert not canary.exists()


@pytest.mark.guarantee("G12")
@given(st.dictionaries(st.tuples(st.text(), st.text()), st.frozensets(st.text())))
def test_narrowing_never_adds(listed: dict[tuple[str, str], frozenset[str]]) -> None:
    policy = Policy.default()
    known = dict(list(policy.entries.items())[:50])
    narrowed = policy.narrowed({**listed, **dict.fromkeys(known, frozenset(["call", "reference"]))})
    for name, entry in narrowed.entries.items():
        assert entry.uses <= policy.entries[name].uses
        assert entry.rule == policy.entries[name].rule


# -- text, and signing ----------------------------------------------------------------------------

HOSTILE = "\x1b[2J\x1b]0;x\x07\r\nfile: ACCEPT\u202e\u2028"


@pytest.mark.guarantee("G16")
@pytest.mark.parametrize("form", ["console", "json"])
def test_no_name_in_a_file_steers_the_terminal_or_forges_a_line(tmp_path: Path, form: str) -> None:
    p = Pickle(4).binunicode("os" + HOSTILE).binunicode("system" + HOSTILE).stack_global()
    (tmp_path / "hostile.pkl").write_bytes(p.finish())
    code = "import sys; from safeload.cli.main import main; main(sys.argv[1:])"
    out = child(code, "audit", "--format", form, tmp_path / "hostile.pkl")
    if form == "json":
        assert json.loads(out)["summary"]["refuse"] == 1
    assert all(line.isprintable() for line in out.split("\n"))
    assert not any(line.strip().startswith("file: ACCEPT") for line in out.split("\n"))


@pytest.mark.guarantee("G17")
@pytest.mark.parametrize("cut", [0, 1], ids=["forbidden", "cut-short"])
def test_what_is_refused_or_not_read_is_not_signed(tmp_path: Path, cut: int) -> None:
    canary = tmp_path / "canary"
    path = tmp_path / "attack.pkl"
    path.write_bytes(attack(canary)[: -cut or None])
    SigningKey.generate().write(tmp_path / "key", passphrase=None)
    code = (
        "import sys, safeload\n"
        "try: safeload.sign(sys.argv[1], key=sys.argv[2], name='x', version='1')\n"
        "except safeload.RefusedError as error: print(error.code)"
    )
    assert child(code, path, tmp_path / "key") == "refused"
    assert not Path(f"{path}.sig").exists()
    assert not canary.exists()


# -- what was not read ----------------------------------------------------------------------------


@pytest.mark.guarantee("G14")
@pytest.mark.parametrize(
    "data",
    [b"", b"no model", b"\x89HDF\r\n\x1a\n", b"PK\x05\x06" + bytes(18)],
    ids=["empty", "text", "hdf5", "zip"],
)
def test_what_was_not_read_does_not_load_and_is_no_success(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "model.joblib"
    path.write_bytes(data)
    assert safeload.audit(path).exit_code == 3
    with pytest.raises(RefusedError) as caught:
        safeload.load_unsigned(path)
    assert caught.value.exit_code == 3


@pytest.mark.guarantee("G14")
def test_a_limit_that_was_reached_is_no_success(tmp_path: Path) -> None:
    path = tmp_path / "model.joblib"
    joblib.dump(np.zeros(10_000), path, compress=3)
    for limits in (safeload.Limits(bytes_out=1_000), safeload.Limits(bytes_in=10)):
        assert safeload.audit(path, limits=limits).exit_code == 3
        with pytest.raises(SafeloadError) as caught:
            safeload.load_unsigned(path, limits=limits)
        assert caught.value.exit_code == 3


@pytest.mark.guarantee("G10")
def test_a_straddling_frame_does_not_hide_a_call(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    body = attack(canary)[2:]
    legitimate = pickle.dumps([1, 2], protocol=2)[2:]
    # A frame that ends within the legitimate opcodes: one reader goes on in it, another behind it.
    data = Pickle(4).frame(len(legitimate) - 1).raw(legitimate).raw(body)
    path = tmp_path / "straddle.pkl"
    path.write_bytes(bytes(data))
    assert child(LOAD, path, "-") == "refused"
    assert not canary.exists()
