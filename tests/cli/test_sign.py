"""``safeload sign``: facts become a signed manifest; what is wrong leaves no bundle behind."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import safeload
from safeload.cli.probe_file import read_probe
from safeload.trust.model import Model
from tests.cli.conftest import ROWS, Run
from tests.trust.identities import issuing
from tests.trust.identities.instance import IDENTITY, ISSUER, as_json
from tests.trust.identities.services import running, token_of

FACTS = ["--name", "churn", "--version", "2.0"]
BASE = ["--key", "signing.key", *FACTS]


def model_of(path: str) -> Model:
    model = safeload.verify(path, trust="trust.toml").manifest.model
    assert model is not None
    return model


@pytest.fixture
def unsigned_churn(unsigned: Path) -> str:
    return unsigned.name


def test_the_bundle_lies_beside_the_model(run: Run, unsigned: Path) -> None:
    outcome = run("sign", unsigned.name, *BASE)
    assert (outcome.code, outcome.out) == (0, "unsigned.joblib.sig\n")
    assert model_of(unsigned.name).version == "2.0"


def test_the_name_of_a_file_cannot_steer_a_terminal(run: Run, unsigned: Path) -> None:
    odd = unsigned.with_name("a\x1b[2J\nb.joblib")
    unsigned.rename(odd)
    outcome = run("sign", odd, *BASE)
    assert outcome.code == 0
    assert "\x1b" not in outcome.out + outcome.err
    assert outcome.out.count("\n") == 1


def test_facts_from_options(run: Run, unsigned: Path) -> None:
    Path("train.csv").write_text("1,2\n")
    outcome = run(
        "sign", unsigned.name, *BASE, "--dataset", "train.csv",
        "--metric", "roc_auc=0.91", "f1=0.5",
        "--trained", "2026-01-31", "--not-after", "2999-01-01T00:00:00+01:00", "--serial", "7",
        "--rows", "1", "--revision", "v1.0-3-g0123abc-dirty", "--extra", "team=risk", "seed=1=2",
        "empty=",
    )  # fmt: skip
    assert outcome.code == 0
    model = model_of(unsigned.name)
    assert model.serial == 7
    assert model.not_after == datetime(2998, 12, 31, 23, tzinfo=UTC)
    assert model.training.date == datetime(2026, 1, 31, tzinfo=UTC)
    assert model.training.metrics == {"roc_auc": 0.91, "f1": 0.5}
    assert model.training.dataset is not None
    digest = hashlib.sha256(b"1,2\n").hexdigest()
    assert model.training.dataset == safeload.Dataset("train.csv", digest)
    assert model.training.rows == 1
    assert model.training.revision == safeload.Revision("v1.0-3-g0123abc", dirty=True)
    assert model.training.extra == {"team": "risk", "seed": "1=2", "empty": ""}


def test_a_dataset_that_is_called_something_else(run: Run, unsigned: Path) -> None:
    Path("train.csv").write_text("1,2\n")
    options = ["--dataset", "train.csv", "--dataset-id", "customers@7"]
    assert run("sign", unsigned.name, *BASE, *options).code == 0
    dataset = model_of(unsigned.name).training.dataset
    assert dataset == safeload.Dataset("customers@7", hashlib.sha256(b"1,2\n").hexdigest())


DATASETS = {
    '{"dataset": {"path": "train.csv", "name": "a"}}': ("a", hashlib.sha256(b"1,2\n").hexdigest()),
    '{"dataset": {"path": "train.csv"}}': ("train.csv", hashlib.sha256(b"1,2\n").hexdigest()),
    f'{{"dataset": {{"name": "a", "sha256": "{"5" * 64}"}}}}': ("a", "5" * 64),
}


@pytest.mark.parametrize("text", DATASETS)
def test_a_dataset_that_is_described(run: Run, unsigned: Path, text: str) -> None:
    Path("train.csv").write_text("1,2\n")
    Path("facts.json").write_text(text)
    assert run("sign", unsigned.name, *BASE, "--metadata", "facts.json").code == 0
    assert model_of(unsigned.name).training.dataset == safeload.Dataset(*DATASETS[text])


def test_what_git_says_of_the_current_folder_is_signed(run: Run, unsigned: Path) -> None:
    # Without git there is nothing that it could say.
    found = safeload.Revision("5" * 40, dirty=False) if shutil.which("git") else None
    assert run("sign", unsigned.name, *BASE).code == 0
    assert model_of(unsigned.name).training.revision is None
    if found is not None:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        for words in (["init"], [*who, "commit", "--allow-empty", "-m", "first"]):
            subprocess.run(["git", *words], check=True, capture_output=True)
        assert run("sign", unsigned.name, *BASE).code == 0
        found = safeload.find_revision()
    assert model_of(unsigned.name).training.revision == found
    assert run("sign", unsigned.name, *BASE, "--no-revision").code == 0
    assert model_of(unsigned.name).training.revision is None


FACTS_JSON = """{"metrics": {"f1": 0.5}, "trained": "2026-01-31", "serial": 7,
                 "dataset": "train.csv", "not_after": "2999-01-01", "rows": 12,
                 "revision": "abc", "extra": {"team": "risk", "seeds": [1, 2.5, null]}}"""
FACTS_TOML = """
trained = 2026-01-31
serial = 7
dataset = "train.csv"
not_after = 2999-01-01T00:00:00
rows = 12
revision = "abc"
extra.team = "fraud"
extra.seeds = [1, 2.5]
[metrics]
f1 = 0.5
"""


@pytest.mark.parametrize(("name", "text"), [("facts.json", FACTS_JSON), ("facts.toml", FACTS_TOML)])
def test_facts_from_a_file(run: Run, unsigned: Path, name: str, text: str) -> None:
    place = Path("elsewhere")
    place.mkdir()
    (place / "train.csv").write_text("1,2\n")
    (place / name).write_text(text)
    outcome = run(
        "sign", unsigned.name, *BASE, "--metadata", place / name, "--metric", "f1=0.6",
        "--extra", "team=risk",
    )  # fmt: skip
    assert outcome.code == 0
    model = model_of(unsigned.name)
    assert model.training.metrics == {"f1": 0.6}
    assert (model.serial, model.training.date) == (7, datetime(2026, 1, 31, tzinfo=UTC))
    assert (model.training.rows, model.training.revision) == (12, safeload.Revision("abc"))
    assert model.training.extra["team"] == "risk"
    assert model.training.extra["seeds"][:2] == [1, 2.5]
    assert model.training.dataset is not None


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{", '{"name": "churn"}', '{"metrics": []}', '{"metrics": {"f1": "high"}}',
        '{"metrics": {"f1": true}}', '{"serial": "7"}', '{"serial": true}', '{"dataset": 1}',
        '{"rows": "7"}', '{"rows": -1}', '{"revision": 5}', '{"revision": ""}', '{"extra": 5}',
        '{"extra": {"a": [[[[[[[[1]]]]]]]]}}', '{"extra": {"a": 1e999}}',
        '{"dataset": {}}', '{"dataset": {"name": "a"}}', '{"dataset": {"sha256": "5"}}',
        '{"dataset": {"name": "a", "sha256": "5"}}', '{"dataset": {"name": "a", "sha256": 5}}',
        '{"dataset": {"path": "facts.json", "sha256": "5"}}', '{"dataset": {"url": "a"}}',
        '{"dataset": {"path": "nothing"}}', '{"dataset": ""}',
        '{"trained": 5}', '{"not_after": "tomorrow"}', "[" * 100_000,
    ],
)  # fmt: skip
def test_metadata_that_will_not_do(run: Run, unsigned: Path, text: str) -> None:
    Path("facts.json").write_text(text)
    outcome = run("sign", unsigned.name, *BASE, "--metadata", "facts.json")
    assert outcome.code == 2
    assert not Path("unsigned.joblib.sig").exists()


@pytest.mark.parametrize(
    "extra",
    [
        ["--metric", "roc_auc"], ["--metric", "=1"], ["--metric", "roc_auc=high"],
        ["--metric", "roc_auc=nan"], ["--not-after", "soon"], ["--dataset", "nothing"],
        ["--metadata", "nothing.json"], ["--probe", "nothing.npy"], ["--policy", "nothing.toml"],
        ["--serial", "-1"], ["--rows", "-1"], ["--revision", ""], ["--extra", "a"],
        ["--extra", "=a"], ["--extra", "a=" + "x" * 70_000], ["--dataset-id", "a"],
    ],
)  # fmt: skip
def test_facts_that_will_not_do(run: Run, unsigned: Path, extra: list[str]) -> None:
    outcome = run("sign", unsigned.name, *BASE, *extra)
    assert outcome.code == 2
    assert outcome.error
    assert sorted(p.name for p in Path().glob("unsigned*")) == ["unsigned.joblib"]


@pytest.mark.parametrize("key", ["nothing", "signing.key.sig"])
def test_a_key_that_will_not_do(run: Run, unsigned: Path, key: str) -> None:
    outcome = run("sign", unsigned.name, *FACTS, "--key", key)
    assert (outcome.code, outcome.error) == (2, "key-unreadable")
    assert sorted(p.name for p in Path().glob("unsigned*")) == ["unsigned.joblib"]


def test_an_encrypted_key(run: Run, unsigned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    safeload.SigningKey.read("signing.key").write("locked.key", passphrase=b"open sesame")
    sign = ["sign", unsigned.name, *FACTS, "--key", "locked.key"]
    assert run(*sign).error == "passphrase-needed"
    Path("right").write_text("open sesame\n")
    Path("wrong").write_text("open barley\n")
    assert run(*sign, "--passphrase-file", "wrong").error == "passphrase-wrong"
    assert not Path("unsigned.joblib.sig").exists()
    assert run(*sign, "--passphrase-file", "right").code == 0
    piped = SimpleNamespace(buffer=io.BytesIO(b"open sesame\n"))
    monkeypatch.setattr("sys.stdin", piped)
    assert run(*sign, "--passphrase-file", "-").code == 0


def test_what_the_policy_refuses_is_not_signed(run: Run, attack: Path) -> None:
    outcome = run("sign", attack.name, *BASE)
    assert (outcome.code, outcome.error) == (1, "refused")
    assert not Path("attack.pkl.sig").exists()
    assert not Path("canary").exists()


NO_MODELS = {"nothing.joblib": 3, "folder": 2, "fifo": 3, "empty": 3, "text": 3}


@pytest.mark.parametrize(("name", "code"), NO_MODELS.items(), ids=list(NO_MODELS))
def test_what_is_no_model_is_not_signed(run: Run, folder: Path, name: str, code: int) -> None:
    Path("folder").mkdir()
    os.mkfifo("fifo")
    Path("empty").write_bytes(b"")
    Path("text").write_bytes(b"To be or not to be\n")
    before = sorted(folder.iterdir())
    assert run("sign", name, *BASE).code == code
    assert sorted(folder.iterdir()) == before


def test_another_signers_bundle_is_replaced_on_demand_alone(run: Run, folder: Path) -> None:
    run("keygen", "second.key", "--no-passphrase", "--name", "bob")
    before = Path("churn.joblib.sig").read_bytes()
    second = ["sign", "churn.joblib", *BASE]
    second[second.index("signing.key")] = "second.key"
    outcome = run(*second)
    assert (outcome.code, outcome.error, outcome.out) == (2, "bundle-taken", "")
    assert "--add" in outcome.err
    assert "--replace" in outcome.err
    assert Path("churn.joblib.sig").read_bytes() == before
    replaced = run(*second, "--replace")
    assert replaced.code == 0
    # In full, to be compared.
    assert safeload.SigningKey.read("second.key").public.key_id in replaced.err
    assert run("verify", "churn.joblib", "--trust", "trust.toml").error == "signer-unknown"


def test_a_failed_signature_leaves_the_old_one(run: Run, folder: Path) -> None:
    before = Path("churn.joblib.sig").read_bytes()
    assert run("sign", "churn.joblib", *BASE, "--metric", "x").code == 2
    assert Path("churn.joblib.sig").read_bytes() == before


def probe_file(name: str, text: str) -> Path:
    path = Path(name)
    path.write_text(text)
    return path


def test_probes_of_numbers(folder: Path) -> None:
    np.save("probe.npy", ROWS)
    assert np.array_equal(read_probe(Path("probe.npy")), ROWS)
    for name, text in [("a.csv", "1,2.5\n3,4\n"), ("a.json", "[[1, 2.5], [3, 4]]")]:
        assert read_probe(probe_file(name, text)).tolist() == [[1, 2.5], [3, 4]]


def test_probes_with_names(folder: Path) -> None:
    for name, text in [
        ("a.csv", "age,city\n41,Bonn\n17,Ulm\n"),
        ("a.json", '{"age": [41, 17], "city": ["Bonn", "Ulm"]}'),
    ]:
        frame = read_probe(probe_file(name, text))
        assert list(frame.columns) == ["age", "city"]
        assert frame["age"].tolist() == [41, 17]


def test_probes_of_words(folder: Path) -> None:
    assert read_probe(probe_file("a.json", '["one text", "another"]')) == ["one text", "another"]
    rows = read_probe(probe_file("b.json", '[["Bonn", 1], [null, 2]]'))
    assert rows.tolist() == [["Bonn", 1], [None, 2]]


def test_probes_of_records(folder: Path) -> None:
    records = [{"age": 41, "city": "Bonn"}, {"city": None}]
    assert read_probe(probe_file("a.json", json.dumps(records))) == records


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("b.json", b'[{"a": 1}, [2]]'), ("c.json", b'[{}, "text"]'),
        ("a.npy", b""), ("a.npy", b"\x80\x04N."), ("a.csv", b""), ("a.csv", b"1,2\n3\n"),
        ("a.csv", b"\xff"), ("a.json", b"1"), ("a.json", b"[]"), ("a.json", b"[1]"),
        ("a.json", b"[[1], [2, 3]]"), ("a.json", b'{"a": 1}'), ("a.json", b"{"),
        ("a.json", b"[" * 100_000), ("a.txt", b"1"), ("a.pkl", b"\x80\x04N."),
    ],
)  # fmt: skip
def test_probes_that_will_not_do(folder: Path, name: str, data: bytes) -> None:
    Path(name).write_bytes(data)
    with pytest.raises(safeload.UsageError):
        read_probe(Path(name))


def test_fields_that_are_missing(folder: Path) -> None:
    frame = read_probe(probe_file("a.csv", "age,city\n41,\n,Ulm\n"))
    assert frame["age"].tolist()[0] == 41
    assert frame.isna().to_numpy().tolist() == [[False, True], [True, False]]
    for name, text in [("b.csv", "1,\n3,4\n"), ("b.json", "[[1, null], [3, 4]]")]:
        rows = read_probe(probe_file(name, text))
        assert rows.dtype == float
        assert np.isnan(rows).tolist() == [[False, True], [False, False]]


def drawn_from(run: Run, name: str) -> Any:
    options = ["--probe-from", name]
    outcome = run("sign", "unsigned.joblib", *BASE, *options)
    assert (outcome.code, outcome.error) == (0, "")
    probe = model_of("unsigned.joblib").probe
    assert probe is not None
    assert probe["drawn"] is True
    assert "rows that were drawn" in run("verify", "unsigned.joblib", "--trust", "trust.toml").out
    return probe


def test_rows_are_drawn_from_data(run: Run, unsigned: Path) -> None:
    data = np.random.default_rng(0).normal(size=(50, 4))
    np.save("data.npy", data)
    np.savetxt("data.csv", data, delimiter=",")
    Path("data.json").write_text(json.dumps(data.tolist()))
    probes = [drawn_from(run, f"data.{form}") for form in ("npy", "csv", "json")]
    assert all(probe["rows"]["shape"] == [16, 4] for probe in probes)
    assert probes[0] == probes[2]
    assert not set(data.ravel()) & set(probes[0]["rows"]["values"])
    loaded = run("load", "unsigned.joblib", "--trust", "trust.toml")
    assert (loaded.code, loaded.error) == (0, "")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--probe-from", "nowhere.npy"], "probe-from-unreadable"),
        (["--probe-from", "data.txt"], "probe-from-unsuitable"),
        (["--probe-from", "data.csv"], "probe-from-unsuitable"),
        (["--probe-from", "few.csv"], "probe-from-unsuitable"),
        (["--probe-from", "data.parquet"], ""),
        (["--probe-from", "few.csv", "--probe", "few.csv"], ""),
    ],
)
def test_data_that_nothing_is_drawn_from(
    run: Run, unsigned: Path, options: list[str], error: str
) -> None:
    for name, text in [("data.txt", "1"), ("data.csv", "\xff"), ("few.csv", "1,2,3,4\n")]:
        Path(name).write_text(text)
    Path("data.parquet").write_bytes(b"PAR1")
    outcome = run("sign", unsigned.name, *BASE, *options)
    assert outcome.code == 2
    assert not error or outcome.error == error
    assert not Path("unsigned.joblib.sig").exists()


def test_a_probe_of_objects_is_not_unpickled(folder: Path) -> None:
    class Payload:
        def __reduce__(self) -> tuple[object, ...]:
            return os.system, ("touch canary",)

    np.save("a.npy", np.array([Payload()], dtype=object), allow_pickle=True)
    with pytest.raises(safeload.UsageError):
        read_probe(Path("a.npy"))
    assert not Path("canary").exists()


@pytest.mark.parametrize("date", ["2000-01-01", "2000-01-01T00:00:00+01:00"])
def test_a_signature_that_has_expired_is_not_made(run: Run, folder: Path, date: str) -> None:
    Path("churn.joblib.sig").unlink(missing_ok=True)

    outcome = run(
        "sign", "churn.joblib", "--key", "signing.key", "--name", "churn", "--version", "2",
        "--not-after", date,
    )  # fmt: skip

    assert outcome.code == 2
    assert outcome.error == "not-after-past"
    assert not Path("churn.joblib.sig").exists()


def test_a_model_is_signed_with_the_certificate_of_its_key(run: Run, unsigned: Path) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    when: dict[str, Any] = {"start": now - timedelta(days=1), "end": now + timedelta(days=1)}
    key = safeload.SigningKey.read("signing.key")
    top = issuing.root(**when)
    own = issuing.leaf(top, own=key._private, **when)
    Path("chain.pem").write_text(own.pem)
    Path("roots.pem").write_text(top.pem)
    Path("roots.pem").chmod(0o600)
    Path("certificates.toml").write_text(
        '[certificates.acme]\nroots = "roots.pem"\nmodels = ["churn"]\n'
        f'identity = "{issuing.IDENTITY}"\n'
    )
    Path("certificates.toml").chmod(0o600)
    assert run("sign", unsigned.name, *BASE, "--certificate-chain", "chain.pem").code == 0
    verified = safeload.verify(unsigned.name, trust="certificates.toml")
    assert (verified.signer, verified.until) == ("acme", when["end"])
    shown = run("verify", unsigned.name, "--trust", "certificates.toml").out
    assert f"believed until: {when['end'].isoformat()}" in shown
    # The key is trusted by this file, and that says nothing of its certificate.
    assert run("verify", unsigned.name, "--trust", "trust.toml").error == "signer-unknown"


def test_a_chain_of_another_key_leaves_no_bundle(run: Run, unsigned: Path) -> None:
    Path("chain.pem").write_text(issuing.leaf(issuing.root()).pem)
    outcome = run("sign", unsigned.name, *BASE, "--certificate-chain", "chain.pem")
    assert (outcome.code, outcome.error) == (2, "chain-of-another-key")
    assert not Path(f"{unsigned.name}.sig").exists()


# Signing what somebody has signed


@pytest.fixture
def second(folder: Path) -> Path:
    """A key of Bob's, whom the trust file lets countersign."""
    key = safeload.SigningKey.generate()
    key.write(folder / "bob.key", passphrase=None)
    safeload.TrustFile.add(folder / "trust.toml", name="bob", key=key.public, models=["churn"])
    with (folder / "trust.toml").open("a") as file:
        file.write("\n[models.churn]\nthreshold = 2\n")
    return folder / "bob.key"


def test_a_second_signer_adds_a_bundle_of_their_own(run: Run, second: Path) -> None:
    assert run("verify", "churn.joblib", "--trust", "trust.toml").error == "threshold-not-met"
    adding = ("sign", "churn.joblib", "--key", second.name, "--trust", "trust.toml", "--add")
    outcome = run(*adding, "--label", "bob", "--name", "churn")
    assert (outcome.code, outcome.out) == (0, "churn.joblib.bob.sig\n")
    assert "alice" in outcome.err
    verified = run("verify", "churn.joblib", "--trust", "trust.toml")
    assert (verified.code, "alice and bob" in verified.out) == (0, True)
    assert run("load", "churn.joblib", "--trust", "trust.toml").code == 0
    document = run("verify", "churn.joblib", "--trust", "trust.toml", "--format", "json").out
    assert json.loads(document)["results"][0]["signers"] == ["alice", "bob"]


def test_a_second_signer_may_be_an_identity(run: Run, folder: Path) -> None:
    with running() as services:
        Path("config.json").write_bytes(services.config)
        Path("trusted_root.json").write_bytes(as_json(services.instance.trusted_root))
        Path("trusted_root.json").chmod(0o600)
        with Path("trust.toml").open("a") as file:
            file.write(
                f'\n[identities.release]\nidentity = "{IDENTITY}"\nissuer = "{ISSUER}"\n'
                'trusted_root = "trusted_root.json"\nmodels = ["churn"]\n'
                "[models.churn]\nthreshold = 2\n"
            )
        Path("token").write_text(token_of())
        keyless = ["--keyless", "--identity-token", "token", "--sigstore-config", "config.json"]
        outcome = run("sign", "churn.joblib", *keyless, "--trust", "trust.toml", "--add")
    assert outcome.code == 0
    assert f"as {IDENTITY}" in outcome.err
    assert safeload.verify("churn.joblib", trust="trust.toml").signers == ("alice", "release")


WRONG = {
    "a fact that was signed already": ["--add", "--version", "2"],
    "rows of a probe": ["--add", "--probe", "rows.npy"],
    "a label of one's own bundle": ["--name", "a", "--version", "1", "--label", "bob"],
    "a trust file that is not needed": ["--name", "a", "--version", "1", "--trust", "trust.toml"],
    "no name": ["--version", "1"],
    "no version": ["--name", "a"],
}


@pytest.mark.parametrize("options", WRONG.values(), ids=list(WRONG))
def test_adding_a_signature_and_making_a_statement_are_two_things(
    run: Run, second: Path, options: list[str]
) -> None:
    before = sorted(second.parent.iterdir())
    assert run("sign", "churn.joblib", "--key", second.name, *options).code == 2
    assert sorted(second.parent.iterdir()) == before


def test_a_model_is_signed_by_an_identity(run: Run, unsigned: Path) -> None:
    with running() as services:
        Path("config.json").write_bytes(services.config)
        Path("trusted_root.json").write_bytes(as_json(services.instance.trusted_root))
        Path("token").write_text(token_of())
        keyless = ["--keyless", "--identity-token", "token", "--sigstore-config", "config.json"]
        outcome = run("sign", unsigned.name, *keyless, *FACTS)
    assert (outcome.code, outcome.out) == (0, "unsigned.joblib.sig\n")
    assert f"as {IDENTITY}" in outcome.err
    Path("identities.toml").write_text(
        f'[identities.release]\nidentity = "{IDENTITY}"\nissuer = "{ISSUER}"\n'
        'trusted_root = "trusted_root.json"\nmodels = ["churn"]\n'
    )
    for name in ("identities.toml", "trusted_root.json"):
        Path(name).chmod(0o600)
    assert safeload.verify(unsigned.name, trust="identities.toml").signer == "release"
    assert run("verify", unsigned.name, "--trust", "trust.toml").error == "signer-unknown"


def test_a_folder_is_signed_by_an_identity(run: Run, unsigned: Path) -> None:
    Path("folder").mkdir()
    unsigned.rename(Path("folder", "model.joblib"))
    with running() as services:
        Path("config.json").write_bytes(services.config)
        Path("trusted_root.json").write_bytes(as_json(services.instance.trusted_root))
        Path("token").write_text(token_of())
        keyless = ["--keyless", "--identity-token", "token", "--sigstore-config", "config.json"]
        assert run("sign", "folder", *keyless, *FACTS).code == 0
    Path("identities.toml").write_text(
        f'[identities.release]\nidentity = "{IDENTITY}"\nissuer = "{ISSUER}"\n'
        'trusted_root = "trusted_root.json"\nmodels = ["churn"]\n'
    )
    for name in ("identities.toml", "trusted_root.json"):
        Path(name).chmod(0o600)
    assert safeload.load("folder", trust="identities.toml").n_features_in_ == 4
    Path("folder", "more").write_text("")
    assert run("verify", "folder", "--trust", "identities.toml").code == 1


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--key", "signing.key", "--keyless"], ""),
        ([], ""),
        (["--key", "signing.key", "--identity-token", "token"], "keyless-options"),
        (["--key", "signing.key", "--sigstore-config", "config.json"], "keyless-options"),
        (["--keyless", "--identity-token", "missing"], "identity-token"),
        (["--keyless", "--identity-token", "."], "identity-token"),
        (["--keyless", "--identity-token", "token", "--sigstore-config", "."], "sigstore-config"),
    ],
)
def test_who_signs_is_said_once(run: Run, unsigned: Path, options: list[str], error: str) -> None:
    Path("token").write_text("a token")
    outcome = run("sign", unsigned.name, *options, *FACTS)
    assert (outcome.code, outcome.error) == (2, error)
    assert not Path(f"{unsigned.name}.sig").exists()


def test_an_identity_brings_no_other_certificates(run: Run, unsigned: Path) -> None:
    with running() as services:
        Path("config.json").write_bytes(services.config)
        Path("token").write_text(token_of())
        outcome = run(
            "sign", unsigned.name, *FACTS, "--keyless", "--identity-token", "token",
            "--sigstore-config", "config.json", "--certificate-chain", "chain.pem",
        )  # fmt: skip
        assert services.asked == []
    assert (outcome.code, outcome.error) == (2, "chain-with-token")
