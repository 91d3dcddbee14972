"""``safeload keygen``: two files, a trust entry, and nothing half-written."""

from __future__ import annotations

import getpass
import io
import stat
import sys
from pathlib import Path

import pytest

import safeload
from safeload.cli import keygen, passphrase
from safeload.trust.trustfile import TrustFile
from tests.cli.conftest import Run


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, and a configuration directory of its own."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return here


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What somebody at a terminal types: passphrases, then the answer to a question."""
    typed: list[str] = []

    for module in (keygen, passphrase):
        monkeypatch.setattr(module, "is_terminal", lambda stream: True)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setattr(sys.stdin, "readline", lambda: f"{typed.pop(0)}\n")
    monkeypatch.setattr(getpass, "getpass", lambda prompt: typed.pop(0))
    return typed


@pytest.mark.parametrize("key_type", ["ed25519", "p256", "p384", "p521"])
def test_a_key_pair_of_every_type(run: Run, empty: Path, key_type: str) -> None:
    outcome = run("keygen", "--no-passphrase", "--type", key_type, "--name", "alice")
    assert outcome.code == 0
    key = safeload.SigningKey.read("signing.key")
    assert key.public.key_type == key_type
    assert stat.S_IMODE(Path("signing.key").stat().st_mode) == 0o600
    public = safeload.VerifyingKey.from_text(Path("signing.key.pub").read_text())
    assert public == key.public
    (signer,) = TrustFile.parse(outcome.out.encode()).signers
    assert (signer.name, signer.key, signer.models) == ("alice", key.public, ("*",))


def test_the_passphrase_comes_from_a_file(run: Run, empty: Path) -> None:
    Path("secret").write_text("open sesame\n")
    assert run("keygen", "mine", "--passphrase-file", "secret").code == 0
    with pytest.raises(safeload.UsageError) as caught:
        safeload.SigningKey.read("mine")
    assert caught.value.code == "passphrase-needed"
    safeload.SigningKey.read("mine", passphrase=b"open sesame")


def test_the_passphrase_is_asked_for_twice(run: Run, empty: Path, answers: list[str]) -> None:
    answers += ["open sesame", "open sesame", "n"]
    assert run("keygen").code == 0
    safeload.SigningKey.read("signing.key", passphrase=b"open sesame")
    assert answers == []


@pytest.mark.parametrize(
    ("typed", "code"),
    [(["one", "another"], "passphrase-differs"), ([""], "passphrase-length")],
)
def test_a_passphrase_that_will_not_do(
    run: Run, empty: Path, answers: list[str], typed: list[str], code: str
) -> None:
    answers += typed
    outcome = run("keygen")
    assert (outcome.code, outcome.error) == (2, code)
    assert names(empty) == set()


def test_nobody_answers(
    run: Run, empty: Path, answers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def end_of_file(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr(getpass, "getpass", end_of_file)
    outcome = run("keygen")
    assert (outcome.code, outcome.error) == (2, "passphrase-needed")
    assert names(empty) == set()


@pytest.mark.parametrize("content", [None, "", "\n"])
def test_a_passphrase_file_that_will_not_do(run: Run, empty: Path, content: str | None) -> None:
    if content is not None:
        Path("secret").write_text(content)
    outcome = run("keygen", "--passphrase-file", "secret")
    assert outcome.code == 2
    assert names(empty) <= {"secret"}


def test_without_a_terminal_a_passphrase_must_be_given(run: Run, empty: Path) -> None:
    outcome = run("keygen")
    assert (outcome.code, outcome.error) == (2, "passphrase-needed")
    assert names(empty) == set()


@pytest.mark.parametrize("taken", ["signing.key", "signing.key.pub"])
def test_nothing_is_overwritten(run: Run, empty: Path, taken: str) -> None:
    Path(taken).write_text("precious")
    outcome = run("keygen", "--no-passphrase")
    assert (outcome.code, outcome.error) == (2, "key-exists")
    assert names(empty) == {taken}
    assert Path(taken).read_text() == "precious"


def test_a_dangling_link_is_not_written_through(run: Run, empty: Path) -> None:
    Path("signing.key").symlink_to("elsewhere")
    assert run("keygen", "--no-passphrase").code == 2
    assert names(empty) == {"signing.key"}


def test_a_folder_that_is_not_there(run: Run, empty: Path) -> None:
    assert run("keygen", "nowhere/signing.key", "--no-passphrase").code == 2
    assert names(empty) == set()


def test_a_trust_file_is_begun_and_added_to(run: Run, empty: Path) -> None:
    run("keygen", "a", "--no-passphrase", "--name", "alice", "--add-to-trust", "trust.toml")
    outcome = run(
        "keygen", "b", "--no-passphrase", "--name", "bob", "--models", "churn", "fraud-*",
        "--add-to-trust", "trust.toml",
    )  # fmt: skip
    assert outcome.code == 0
    signers = TrustFile.read("trust.toml").signers
    assert [(s.name, s.models) for s in signers] == [
        ("alice", ("*",)),
        ("bob", ("churn", "fraud-*")),
    ]


def test_the_trust_file_of_the_user(run: Run, empty: Path) -> None:
    assert run("keygen", "--no-passphrase", "--name", "alice", "--trust-default").code == 0
    assert [signer.name for signer in TrustFile.read().signers] == ["alice"]


@pytest.mark.parametrize(("answer", "added"), [("y", True), ("n", False), ("", False)])
def test_the_offer_to_begin_a_trust_file(
    run: Run, empty: Path, answers: list[str], answer: str, added: bool
) -> None:
    answers += [answer]
    assert run("keygen", "--no-passphrase").code == 0
    assert TrustFile.default_path().exists() is added


def test_a_name_that_is_taken_leaves_no_key_behind(run: Run, empty: Path) -> None:
    arguments = ["--no-passphrase", "--name", "alice", "--add-to-trust", "trust.toml"]
    run("keygen", "a", *arguments)
    before = Path("trust.toml").read_bytes()
    outcome = run("keygen", "b", *arguments)
    assert (outcome.code, outcome.error) == (2, "trustfile-has-name")
    assert names(empty) == {"a", "a.pub", "trust.toml"}
    assert Path("trust.toml").read_bytes() == before


@pytest.mark.parametrize("name", ["", "a\nb", "\x1b[2J"])
def test_a_name_that_does_not_fit_into_a_trust_file(run: Run, empty: Path, name: str) -> None:
    outcome = run("keygen", "--no-passphrase", f"--name={name or chr(10)}")
    assert outcome.code == 2
    assert names(empty) == set()
