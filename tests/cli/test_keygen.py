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


# -- a second key for a user who has one -----------------------------------------------------------

TRUSTING = {
    "a file": ["--add-to-trust", "trust.toml"],
    "the user's": ["--trust-default"],
    "none": [],
}


@pytest.mark.parametrize("name", [[], ["--name", "ann"]], ids=["user", "named"])
@pytest.mark.parametrize("trusting", TRUSTING)
def test_a_second_key_in_every_way(
    run: Run, empty: Path, monkeypatch: pytest.MonkeyPatch, trusting: str, name: list[str]
) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "ann")
    to = TRUSTING[trusting]
    assert run("keygen", "--no-passphrase", *to).code == 0
    second = run("keygen", "second.key", "--no-passphrase", *to, *name)
    if name and to:
        # Whoever says a name means it; the next line says what to do.
        assert (second.code, second.error) == (2, "trustfile-has-name")
        assert "ann-2" in second.err
        assert not Path("second.key").exists()
        assert not Path("second.key.pub").exists()
        second = run("keygen", "second.key", "--no-passphrase", *to, "--name", "ann-2")
    assert second.code == 0
    key = safeload.SigningKey.read("second.key")
    assert key.public.key_id in second.err
    (shown,) = TrustFile.parse(second.out.encode()).signers
    assert shown.key == key.public
    if to:
        where = Path("trust.toml") if "--add-to-trust" in to else TrustFile.default_path()
        signers = TrustFile.read(where).signers
        assert [signer.name for signer in signers] == ["ann", "ann-2"]
        assert signers[1].key == key.public
        third = run("keygen", "third.key", "--no-passphrase", *to)
        assert third.code == 0
        assert "[keys.ann-3]" in third.out


def test_a_second_key_over_the_first_is_refused(run: Run, empty: Path) -> None:
    assert run("keygen", "--no-passphrase", "--trust-default").code == 0
    before = Path("signing.key").read_bytes()
    outcome = run("keygen", "--no-passphrase", "--trust-default")
    assert (outcome.code, outcome.error) == (2, "key-exists")
    assert Path("signing.key").read_bytes() == before
    assert len(TrustFile.read().signers) == 1


def test_a_trust_file_that_names_the_files_of_keys(run: Run, empty: Path) -> None:
    assert run("keygen", "--no-passphrase", "--name", "ann").code == 0
    trust = Path("trust.toml")
    trust.write_text('[keys.ann]\npublic_file = "signing.key.pub"\nmodels = ["*"]\n')
    trust.chmod(0o600)
    outcome = run("keygen", "second.key", "--no-passphrase", "--add-to-trust", "trust.toml")
    assert outcome.code == 0
    assert len(TrustFile.read(trust).signers) == 2
    # One that names the file which is about to be made cannot be read, and stays as it is.
    text = trust.read_bytes().replace(b"signing.key.pub", b"third.key.pub")
    trust.write_bytes(text)
    outcome = run("keygen", "third.key", "--no-passphrase", "--add-to-trust", "trust.toml")
    assert outcome.code == 2
    assert trust.read_bytes() == text
    assert not Path("third.key").exists()


@pytest.mark.parametrize("name", [[], ["--name", "ann"]], ids=["user", "named"])
def test_a_trust_file_that_is_none_leaves_no_key(run: Run, empty: Path, name: list[str]) -> None:
    Path("trust.toml").write_text("?")
    Path("trust.toml").chmod(0o600)
    outcome = run("keygen", "--no-passphrase", "--add-to-trust", "trust.toml", *name)
    assert (outcome.code, outcome.error) == (2, "trustfile-malformed")
    assert names(empty) == {"trust.toml"}
