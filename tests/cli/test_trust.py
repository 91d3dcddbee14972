"""``safeload trust check``: each step of the way to a file, and what the file says."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

import safeload
from safeload.cli.main import main
from safeload.trust.trustfile import TrustFile
from tests.cli.conftest import Run
from tests.owners.users import STRANGER, as_root, posix

pytestmark = posix


def words(line: str) -> list[str]:
    return line.split()


def test_each_step_from_the_root_to_the_file_is_shown(run: Run, folder: Path) -> None:
    outcome = run("trust", "check", "trust.toml")
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    path = folder.resolve() / "trust.toml"
    steps = [words(line) for line in lines if line.startswith("  ok")]
    assert [step[-1] for step in steps] == [
        *[str(parent) for parent in reversed(path.parents)],
        str(path),
    ]
    assert steps[0][:2] == ["ok", "folder"]
    assert steps[-1][:2] == ["ok", "file"]
    assert "0600" in steps[-1]
    assert "WRONG" not in outcome.out


def test_what_the_trust_file_says_is_shown(run: Run, folder: Path) -> None:
    (signer,) = TrustFile.read("trust.toml").signers
    with Path("trust.toml").open("a") as file:
        file.write("[models.churn]\nmin_serial = 7\n[models.fraud]\nmin_serial = 1\n")
    outcome = run("trust", "check", "trust.toml")
    assert outcome.code == 0
    (alice,) = [line for line in outcome.out.splitlines() if "alice:" in line]
    assert signer.key.key_id in alice
    assert "churn" in alice
    # Of a model that no key may sign, the floor holds nothing up.
    assert [
        line for line in outcome.out.splitlines() if "nobody may sign" in line and "fraud" in line
    ]
    assert not [
        line for line in outcome.out.splitlines() if "nobody may sign" in line and "churn" in line
    ]


NOW = int(datetime.now(UTC).timestamp())
# Least serials, and whether there is something to be said of them.
FLOORS = {
    "none": (0, False),
    "one that no serial by the time misses": (2, True),
    "a date that is no time": (20261201, True),
    "a time of before": (NOW - 86_400, False),
    "a time to come": (NOW + 10 * 365 * 86_400, True),
    "milliseconds": (NOW * 1_000, True),
    "the largest": (2**53 - 1, True),
}


@pytest.mark.parametrize("what", FLOORS)
@pytest.mark.parametrize("verb", ["check", "show"])
def test_a_floor_that_nothing_can_meet_or_miss_is_warned_of(
    run: Run, folder: Path, verb: str, what: str
) -> None:
    floor, is_warned_of = FLOORS[what]
    with Path("trust.toml").open("a") as file:
        file.write(f"[models.churn]\nmin_serial = {floor}\n")
    outcome = run("trust", verb, "trust.toml")
    assert outcome.code == 0
    assert ("warning: min_serial" in outcome.out) == is_warned_of
    document = json.loads(run("trust", "show", "trust.toml", "--format", "json").out)
    assert (document["models"]["churn"]["warning"] is not None) == is_warned_of


def test_a_floor_is_warned_of_in_the_table(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path("trust.toml").open("a") as file:
        file.write("[models.churn]\nmin_serial = 2\n")
    monkeypatch.setattr("safeload.cli.trust_show.is_terminal", lambda _: True)
    assert main(["trust", "show", "trust.toml"]) == 0
    assert "warning: min_serial" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("further", "remark"),
    [
        ("not_after = 2020-01-01T00:00:00Z\n", "no longer trusted"),
        ("only = []\n", "retired"),
        ("[revoked]\nkeys = ['{id}']\n", "revoked"),
    ],
)
def test_a_key_that_is_not_trusted_any_more_is_shown_as_such(
    run: Run, folder: Path, further: str, remark: str
) -> None:
    (signer,) = TrustFile.read("trust.toml").signers
    with Path("trust.toml").open("a") as file:
        file.write(further.replace("{id}", signer.key.key_id))
    outcome = run("trust", "check", "trust.toml")
    assert outcome.code == 0
    (alice,) = [line for line in outcome.out.splitlines() if "alice:" in line]
    assert remark in alice


def test_the_default_is_the_trust_file_of_the_user(run: Run, folder: Path) -> None:
    outcome = run("trust", "check")
    assert (outcome.code, outcome.error) == (2, "trustfile-missing")
    default = TrustFile.default_path()
    default.parent.mkdir(parents=True, mode=0o700)
    default.write_bytes(Path("trust.toml").read_bytes())
    assert run("trust", "check").code == 0


def test_the_step_that_is_wrong_is_named_with_what_to_do(run: Run, folder: Path) -> None:
    (folder / "open").mkdir()
    (folder / "open").chmod(0o777)
    Path("trust.toml").rename("open/trust.toml")
    Path("link").symlink_to("open/trust.toml")
    outcome = run("trust", "check", "link")
    assert outcome.code == 1
    lines = outcome.out.splitlines()
    (wrong,) = [number for number, line in enumerate(lines) if "WRONG" in line]
    assert words(lines[wrong])[-1] == str(folder.resolve() / "open")
    assert f"chmod go-w {folder.resolve() / 'open'}" in lines[wrong + 2]
    # The way is shown to its end, and what may be a third party's is not shown as ours.
    assert str(folder.resolve() / "open" / "trust.toml") in lines[wrong + 3]
    assert "alice" not in outcome.out.split("WRONG")[1]
    assert run("verify", "churn.joblib", "--trust", "link").error == "trustfile-writable"


@as_root
def test_the_owner_of_a_link_is_named(run: Run, folder: Path) -> None:
    Path("link").symlink_to("trust.toml")
    os.chown("link", STRANGER, -1, follow_symlinks=False)
    outcome = run("trust", "check", "link")
    assert outcome.code == 1
    (wrong,) = [line for line in outcome.out.splitlines() if "WRONG" in line]
    assert words(wrong)[1:4] == ["link", str(STRANGER), "0777"]


@pytest.mark.parametrize(
    ("content", "error"), [("keys: alice\n", "trustfile-malformed"), (None, "trustfile-missing")]
)
def test_what_is_no_trust_file_is_2(
    run: Run, folder: Path, content: str | None, error: str
) -> None:
    if content is not None:
        Path("other.toml").write_text(content)
    outcome = run("trust", "check", "other.toml")
    assert (outcome.code, outcome.error) == (2, error)


def test_what_is_no_file_at_all_is_2(run: Run, folder: Path) -> None:
    os.mkfifo("pipe")
    for path in ("pipe", "."):
        assert run("trust", "check", path).error == "trustfile-unreadable"


def test_a_key_and_a_policy_are_checked_by_the_same_rule(run: Run, folder: Path) -> None:
    Path("team.toml").write_text("")
    key = safeload.SigningKey.read("signing.key")
    outcome = run("trust", "check", "--key", "signing.key", "--policy", "team.toml")
    assert outcome.code == 0
    assert key.public.key_id in outcome.out
    # The default trust file was not asked for.
    assert "trust.toml" not in outcome.out
    Path("signing.key").chmod(0o640)
    Path("team.toml").chmod(0o666)
    for arguments in (["--key", "signing.key"], ["--policy", "team.toml"]):
        outcome = run("trust", "check", *arguments)
        assert outcome.code == 1
        assert outcome.out.count("WRONG") == 1
    assert run("trust", "check", "trust.toml", "--key", "signing.key", "--key", "none").code == 2


def test_a_key_with_a_passphrase_is_not_asked_for_it(run: Run, folder: Path) -> None:
    safeload.SigningKey.generate().write("shut.key", passphrase=b"open sesame")
    outcome = run("trust", "check", "--key", "shut.key")
    assert outcome.code == 0
    assert "encrypted" in outcome.out


def test_a_policy_that_is_none_is_2(run: Run, folder: Path) -> None:
    Path("team.toml").write_text("keys = 1\n")
    assert run("trust", "check", "--policy", "team.toml").code == 2


def test_names_of_files_steer_no_terminal(run: Run, folder: Path) -> None:
    Path("a\x1b[2J\n").mkdir()
    Path("a\x1b[2J\n").chmod(0o777)
    Path("link").symlink_to("a\x1b[2J\n/trust.toml")
    Path("trust.toml").rename("a\x1b[2J\n/trust.toml")
    outcome = run("trust", "check", "link")
    assert outcome.code == 1
    assert (outcome.out + outcome.err).replace("\n", "").isprintable()


@pytest.mark.parametrize("arguments", [[], ["fly"], ["check", "a", "b"], ["check", "--ke", "x"]])
def test_wrong_usage_is_2(run: Run, arguments: list[str]) -> None:
    outcome = run("trust", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert "usage: safeload" in outcome.err


def test_its_help_names_the_exit_codes(run: Run) -> None:
    outcome = run("trust", "check", "--help")
    assert outcome.code == 0
    assert "exit codes: 0 " in outcome.out


# -- names of models -------------------------------------------------------------------------------

NO_NAMES = ["", "team/churn", "churn\n", "mode\u0301le", "a\u202eb", " churn", "x" * 256]


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_model_is_not_asked_for_by_what_is_no_name(run: Run, folder: Path, name: str) -> None:
    for verb in ("verify", "load"):
        outcome = run(verb, "churn.joblib", "--trust", "trust.toml", f"--name={name}")
        assert (outcome.code, outcome.error) == (2, "model-name")


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_model_is_not_signed_by_what_is_no_name(folder: Path, name: str) -> None:
    before = Path("churn.joblib.sig").read_bytes()
    with pytest.raises(safeload.UsageError) as caught:
        safeload.sign("churn.joblib", key="signing.key", name=name, version="1")
    assert caught.value.code == "manifest-unsuitable"
    assert Path("churn.joblib.sig").read_bytes() == before


def test_a_key_is_not_made_for_what_is_no_pattern(run: Run, folder: Path) -> None:
    outcome = run("keygen", "new.key", "--no-passphrase", "--models", "[^w]*")
    assert (outcome.code, outcome.error) == (2, "trustfile-malformed")
    assert not Path("new.key").exists()


# -- passphrases -----------------------------------------------------------------------------------


def test_a_passphrase_that_somebody_else_could_have_written_is_not_used(
    run: Run, folder: Path
) -> None:
    Path("secret").write_text("open sesame\n")
    Path("secret").chmod(0o666)
    outcome = run("keygen", "new.key", "--passphrase-file", "secret")
    assert (outcome.code, outcome.error) == (2, "passphrase-writable")
    Path("secret").chmod(0o644)
    assert run("keygen", "new.key", "--passphrase-file", "secret").code == 0


def test_a_passphrase_comes_from_a_pipe_that_the_caller_opened(run: Run, folder: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"open sesame\n")
    os.close(writing)
    try:
        assert run("keygen", "new.key", "--passphrase-file", f"/dev/fd/{reading}").code == 0
    finally:
        os.close(reading)
    safeload.SigningKey.read("new.key", passphrase=b"open sesame")


def test_a_pipe_with_a_name_is_not_waited_for(run: Run, folder: Path) -> None:
    os.mkfifo("pipe")
    outcome = run("keygen", "new.key", "--passphrase-file", "pipe")
    assert (outcome.code, outcome.error) == (2, "passphrase-unreadable")
    assert run("keygen", "new.key", "--passphrase-file", "/dev/fd/987654321").code == 2


# Editing, and what is shown of it


@pytest.fixture
def bob(run: Run, folder: Path) -> safeload.SigningKey:
    """Bob's key, in files that are called bob.key."""
    assert run("keygen", "bob.key", "--no-passphrase").code == 0
    return safeload.SigningKey.read("bob.key")


def test_a_team_of_two_is_set_up_by_commands(
    run: Run, folder: Path, bob: safeload.SigningKey
) -> None:
    alice = safeload.SigningKey.read("signing.key")
    Path("alice.pub").write_text(alice.public.pem)
    made = run("trust", "init", "team.toml")
    assert (made.code, made.out) == (0, "team.toml\n")
    assert run("trust", "init", "team.toml").error == "trustfile-exists"
    to = ("--trust", "team.toml")
    added = run("trust", "add", "alice", "--public", "alice.pub", "--models", "churn", *to)
    assert added.code == 0
    assert alice.public.key_id in added.err
    times = ("--not-before", "2020-01-01", "--not-after", "2999-01-01T12:00:00Z")
    public = ("--public", "bob.key.pub", "--models", "churn", "fraud-*")
    assert run("trust", "add", "bob b", *public, *times, *to).code == 0
    assert run("verify", "churn.joblib", *to).code == 0
    shown = run("trust", "show", "team.toml")
    assert shown.code == 0
    (line,) = [line for line in shown.out.splitlines() if line.startswith("bob b:")]
    for part in ("churn, fraud-*", "2020-01-01", "2999-01-01 12:00:00Z", "; trusted"):
        assert part in line
    again = run("trust", "add", "carol", *public, *to)
    assert (again.code, again.error) == (2, "trustfile-has-key")


def test_what_programs_read_is_json(run: Run, folder: Path, bob: safeload.SigningKey) -> None:
    with Path("trust.toml").open("a") as file:
        file.write('[models.churn]\nthreshold = 2\npolicy = "p.toml"\nprobe = "required"\n')
    assert run("trust", "revoke", "--key", bob.public.key_id, "--trust", "trust.toml").code == 0
    document = json.loads(run("trust", "show", "trust.toml", "--format", "json").out)
    (alice,) = document["signers"]
    assert (alice["name"], alice["kind"], alice["models"]) == ("alice", "key", ["churn"])
    assert alice["state"] == "trusted"
    assert document["models"]["churn"] == {
        "min_serial": 0,
        "warning": None,
        "threshold": 2,
        "signers": ["alice"],
        "policy": str(Path("p.toml").absolute()),
        "probe": "required",
        "drift": None,
        "packs": [],
        "forbidden_packs": [],
    }
    assert document["revoked"]["keys"] == [bob.public.key_id]


@pytest.mark.parametrize("columns", [80, 200])
def test_on_a_terminal_it_is_a_table_that_fits(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int
) -> None:
    with Path("trust.toml").open("a") as file:
        file.write("[models.churn]\nthreshold = 2\n[models.fraud]\nmin_serial = 3\n")
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr("safeload.cli.trust_show.is_terminal", lambda _: True)
    capsys.readouterr()
    assert main(["trust", "show", "trust.toml"]) == 0
    out = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert max(len(line) for line in out.splitlines()) <= columns
    (signer,) = TrustFile.read("trust.toml").signers
    # Whole, so that it can be compared with what the key's holder says.
    assert signer.key.key_id in out
    for word in ("alice", "churn", "trusted", "2 of alice"):
        assert word in out


def test_what_a_trust_file_says_steers_no_terminal(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("trust.toml").rename("t\x1b[2J.toml")
    for command in (("show",), ("show", "--format", "json"), ("check",)):
        outcome = run("trust", command[0], "t\x1b[2J.toml", *command[1:])
        assert outcome.code == 0
        assert "\x1b" not in outcome.out + outcome.err


def test_a_key_a_statement_and_a_file_are_revoked(run: Run, folder: Path) -> None:
    before = Path("trust.toml").read_text()
    for option, value, code in (
        ("--key", "alice", "revoked"),
        ("--payload", "churn.joblib.sig", "revoked"),
        ("--file", "churn.joblib", "revoked"),
    ):
        done = run("trust", "revoke", option, value, "--reason", "stolen", "--trust", "trust.toml")
        assert (done.code, done.out) == (0, "trust.toml\n")
        assert run("verify", "churn.joblib", "--trust", "trust.toml").error == code
        text = Path("trust.toml").read_text()
        assert text.startswith(before)
        assert "# stolen" in text
        Path("trust.toml").write_text(before)
    assert run("verify", "churn.joblib", "--trust", "trust.toml").code == 0


def test_a_retired_key_is_trusted_with_what_is_kept(run: Run, folder: Path) -> None:
    to = ("--trust", "trust.toml")
    Path("old.joblib").write_bytes(Path("churn.joblib").read_bytes())
    again = ("--key", "signing.key", "--name", "churn", "--version", "2")
    assert run("sign", "old.joblib", *again).code == 0
    done = run("trust", "retire", "alice", "--keep", "churn.joblib", *to)
    assert (done.code, done.out) == (0, "trust.toml\n")
    assert run("verify", "churn.joblib", *to).code == 0
    assert run("verify", "old.joblib", *to).error == "signer-retired"
    # What is not accepted any more is not kept after all.
    assert run("trust", "retire", "alice", "--keep", "old.joblib", *to).error == "signer-retired"


def test_only_what_the_signer_signed_is_kept(
    run: Run, folder: Path, bob: safeload.SigningKey
) -> None:
    to = ("--trust", "trust.toml")
    assert run("trust", "add", "bob", "--public", "bob.key.pub", "--models", "*", *to).code == 0
    before = Path("trust.toml").read_text()
    refused = run("trust", "retire", "bob", "--keep", "churn.joblib", *to)
    assert (refused.code, refused.error) == (1, "signer-another")
    assert Path("trust.toml").read_text() == before


ADDED_BY_NOBODY = {
    "nothing": [],
    "a key and roots": ["--public", "bob.key.pub", "--roots", "roots.pem"],
    "roots of anybody": ["--roots", "roots.pem"],
    "an identity alone": ["--identity", "a"],
    "an identity without a root": ["--identity", "a", "--issuer", "b"],
}


@pytest.mark.parametrize("options", ADDED_BY_NOBODY.values(), ids=list(ADDED_BY_NOBODY))
def test_a_signer_is_added_in_one_of_three_ways(run: Run, folder: Path, options: list[str]) -> None:
    before = Path("trust.toml").read_bytes()
    to = ("--models", "*", "--trust", "trust.toml")
    assert run("trust", "add", "eve", *options, *to).code == 2
    assert Path("trust.toml").read_bytes() == before


WRONG: dict[str, tuple[str, list[str]]] = {
    "a private key as a public one": (
        "key-malformed",
        ["add", "eve", "--public", "signing.key", "--models", "*"],
    ),
    "a model as a public key": (
        "trust-input",
        ["add", "eve", "--public", "churn.joblib", "--models", "*"],
    ),
    "a key that is not there": (
        "trust-input",
        ["add", "eve", "--public", "none.pub", "--models", "*"],
    ),
    "roots that are a key": (
        "trustfile-malformed",
        ["add", "eve", "--roots", "bob.key.pub", "--identity", "a", "--models", "*"],
    ),
    "a pattern that is none": (
        "trustfile-malformed",
        ["add", "eve", "--public", "bob.key.pub", "--models", "[a]"],
    ),
    "a date that is none": (
        "date",
        ["add", "eve", "--public", "bob.key.pub", "--models", "*", "--not-after", "tomorrow"],
    ),
    "a window that closes before it opens": (
        "trustfile-malformed",
        [
            "add", "eve", "--public", "bob.key.pub", "--models", "*",
            "--not-after", "2026-01-01", "--not-before", "2027-01-01",
        ],
    ),
    "a file that is not there": ("unreadable", ["revoke", "--file", "none.joblib"]),
    "a bundle that is none": ("bundle-malformed", ["revoke", "--payload", "churn.joblib"]),
    "nobody's key": ("trustfile-has-no", ["revoke", "--key", "eve"]),
    "nobody": ("trustfile-has-no", ["retire", "eve"]),
    "a digest that is none": ("digest-malformed", ["retire", "alice", "--payload", "abc"]),
}  # fmt: skip


@pytest.mark.parametrize(("code", "arguments"), WRONG.values(), ids=list(WRONG))
def test_an_edit_that_goes_wrong_changes_nothing(
    run: Run, folder: Path, bob: safeload.SigningKey, code: str, arguments: list[str]
) -> None:
    before = Path("trust.toml").read_bytes()
    assert run("trust", *arguments, "--trust", "trust.toml").error == code
    assert Path("trust.toml").read_bytes() == before
