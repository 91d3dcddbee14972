"""Whatever storage does, a verb ends in its exit code with an error that says what to do next.

Nothing here is about what a file holds: it is not a file, cannot be read, is far too large,
changes, or has no room beside it.
"""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

import safeload
from safeload.errors import UsageError
from safeload.trust.trustfile import TrustFile
from tests.cli.conftest import Outcome, Run
from tests.costs import cost_of, needs_status

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pipes, links and modes of POSIX")

TRUSTED = ["--trust", "trust.toml"]
SIGNED = ["--key", "signing.key", "--name", "churn", "--version", "2"]
VERBS = {
    "audit": [],
    "explain": [],
    "verify": TRUSTED,
    "load": TRUSTED,
    "load --unsigned": [],
    "sign": SIGNED,
}


def decided_nothing(outcome: Outcome) -> None:
    """No traceback, and a hint with every error."""
    assert "Traceback" not in outcome.err
    assert outcome.error != "internal"
    assert len(outcome.errors) == outcome.err.count("  hint: ")


def verb(run: Run, name: str, path: object) -> Outcome:
    first, *more = name.split()
    return run(first, path, *more, *VERBS[name])


# -- the model ------------------------------------------------------------------------------------

NO_FILES: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "nothing": lambda path: None,
}


@pytest.mark.parametrize("what", NO_FILES)
@pytest.mark.parametrize("name", VERBS)
def test_what_is_no_file_decides_nothing(run: Run, folder: Path, name: str, what: str) -> None:
    NO_FILES[what](folder / "model")
    outcome = verb(run, name, "model")
    assert outcome.code == 3
    decided_nothing(outcome)
    assert not (folder / "model.sig").exists()


@pytest.mark.parametrize("path", ["x" * 300, "x/" * 3_000, "churn.joblib/x"])
@pytest.mark.parametrize("name", VERBS)
def test_a_path_that_leads_nowhere_decides_nothing(
    run: Run, folder: Path, name: str, path: str
) -> None:
    outcome = verb(run, name, path)
    assert outcome.code == 3
    decided_nothing(outcome)


@pytest.mark.parametrize("name", VERBS)
def test_no_path_at_all_is_wrong_usage_and_not_this_folder(
    run: Run, folder: Path, name: str
) -> None:
    outcome = verb(run, name, "")
    assert (outcome.code, outcome.error) == (2, "no-path")
    decided_nothing(outcome)


# Runs a verb once, so that all it needs is imported, and then without the rights of root.
AS_NOBODY = """
import os, sys
from safeload.cli.main import main
legitimate, *arguments = sys.argv[1:]
main([arguments[0], legitimate, *arguments[2:]])
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
sys.stdout.flush()
os.ftruncate(1, 0); os.lseek(1, 0, 0)
sys.exit(main(arguments))
"""


def as_nobody(tmp_path: Path, *arguments: str) -> Outcome:
    Path().chmod(0o755)
    # It is read before the model is.
    Path("trust.toml").chmod(0o644)
    with (tmp_path / "out").open("w+b") as out:
        child = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, "churn.joblib", *arguments],
            stdout=out,
            stderr=subprocess.PIPE,
            check=False,
        )
        out.seek(0)
        return Outcome(child.returncode, out.read().decode(), child.stderr.decode())


@pytest.mark.parametrize("name", ["audit", "verify"])
@pytest.mark.parametrize("path", ["closed/churn.joblib", "unreadable", "unlisted/churn.joblib"])
def test_what_one_may_not_read_decides_nothing(
    folder: Path, tmp_path: Path, name: str, path: str
) -> None:
    for inner, mode in (("closed", 0), ("unlisted", 0o644)):
        (folder / inner).mkdir()
        shutil.copy("churn.joblib", folder / inner)
        (folder / inner).chmod(mode)
    shutil.copy("churn.joblib", "unreadable")
    (folder / "unreadable").chmod(0)
    outcome = as_nobody(tmp_path, name, path, *VERBS[name])
    assert outcome.code == 3
    decided_nothing(outcome)


def test_a_folder_of_which_something_cannot_be_read_is_incomplete(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "models" / "closed").mkdir(parents=True)
    (folder / "models" / "unlisted").mkdir()
    shutil.copy("churn.joblib", folder / "models")
    shutil.copy("churn.joblib", folder / "models" / "unlisted")
    (folder / "models" / "closed").chmod(0)
    (folder / "models" / "unlisted").chmod(0o644)
    outcome = as_nobody(tmp_path, "audit", "models", "--no-cache")
    assert outcome.code == 3
    decided_nothing(outcome)
    assert "3 files: 1 accepted, 0 refused, 2 incomplete" in outcome.out


def test_folders_may_be_nested_deeper_than_python_recurses(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        for _ in range(1_500):
            Path("d").mkdir()
            os.chdir("d")
        shutil.copy(folder / "churn.joblib", "m")
        monkeypatch.chdir(folder)
        assert [file.verdict for file in safeload.audit("d").files] == ["accept"]
    finally:
        os.chdir(folder)
        subprocess.run(["rm", "-rf", "d"], check=True)


def test_many_small_files_are_audited_one_after_the_other(run: Run, folder: Path) -> None:
    (folder / "many").mkdir()
    for number in range(2_000):
        (folder / "many" / f"{number}").write_bytes(b"\x80\x04N.")
    outcome = run("audit", "many")
    assert outcome.code == 0
    assert "2000 files: 2000 accepted" in outcome.out.replace(",", "")


# -- the bundle -----------------------------------------------------------------------------------

NO_BUNDLES: dict[str, Callable[[Path], object]] = {
    "a folder": Path.mkdir,
    "ten gigabytes": lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 10 << 30),
    **{what: make for what, make in NO_FILES.items() if what != "nothing"},
}


@pytest.mark.parametrize("what", NO_BUNDLES)
@pytest.mark.parametrize("name", ["verify", "load"])
def test_what_is_no_bundle_vouches_for_nothing(
    run: Run, folder: Path, name: str, what: str
) -> None:
    bundle = folder / "churn.joblib.sig"
    bundle.unlink()
    NO_BUNDLES[what](bundle)
    outcome = verb(run, name, "churn.joblib")
    assert outcome.code == 1
    assert outcome.error in ("bundle-missing", "bundle-unreadable")
    decided_nothing(outcome)


@needs_status
def test_a_bundle_of_any_size_takes_no_memory(folder: Path) -> None:
    NO_BUNDLES["ten gigabytes"](folder / "churn.joblib.sig")
    cost = cost_of(
        'print(main(["verify", "churn.joblib", "--trust", "trust.toml"]))',
        before="from safeload.cli.main import main",
    )
    assert cost.out == "1\n"
    assert cost.memory < 100 << 20


def test_a_signature_is_not_written_to_where_a_link_leads(run: Run, folder: Path) -> None:
    victim = folder / "victim"
    victim.write_bytes(b"not yours")
    bundle = folder / "churn.joblib.sig"
    bundle.unlink()
    bundle.symlink_to("victim")
    assert run("sign", "churn.joblib", *SIGNED).error == "bundle-taken"
    assert run("sign", "churn.joblib", *SIGNED, "--replace").code == 0
    assert victim.read_bytes() == b"not yours"
    assert not bundle.is_symlink()
    assert run("verify", "churn.joblib", *TRUSTED).code == 0


@pytest.mark.parametrize("was_there", [True, False])
def test_a_model_whose_bundle_has_no_place_stays_what_it_was(folder: Path, was_there: bool) -> None:
    model, bundle = folder / "other.joblib", folder / "other.joblib.sig"
    bundle.mkdir()
    if was_there:
        model.write_bytes(b"old")
    before = sorted(folder.iterdir())
    with pytest.raises(UsageError) as caught:
        safeload.dump([1], model, key=folder / "signing.key", name="churn", version="1")
    assert caught.value.code == "unwritable"
    assert sorted(folder.iterdir()) == before
    assert not was_there or model.read_bytes() == b"old"


def test_where_there_are_no_links_the_old_model_is_kept_as_well(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", unsupported)
    test_a_model_whose_bundle_has_no_place_stays_what_it_was(folder, was_there=True)


def test_a_name_as_long_as_names_can_be_is_signed(folder: Path) -> None:
    model = folder / f"{'x' * 244}.joblib"
    safeload.dump([1], model, key=folder / "signing.key", name="churn", version="1")
    safeload.sign(model, key=folder / "signing.key", name="churn", version="2")
    assert safeload.load(model, trust=folder / "trust.toml") == [1]


# Signs again and again, in processes that are ended at any moment; says how often what lies there
# afterwards was verified, and by how many versions.
KILLED = """
import os, random, signal, sys, time
import safeload
from itertools import count
key, trust = safeload.SigningKey.read("signing.key"), safeload.TrustFile.read("trust.toml")
signed, tell = os.pipe()
numbers = count(1, 10**6)
def start():
    first = next(numbers)
    pid = os.fork()
    if pid: return pid
    for version in count(first):
        safeload.sign("churn.joblib", key=key, name="churn", version=str(version))
        os.write(tell, b".")
def verified():
    return safeload.verify("churn.joblib", trust=trust).manifest.model.version
def end(pid):
    os.kill(pid, signal.SIGKILL); os.waitpid(pid, 0)
safeload.sign("churn.joblib", key=key, name="churn", version="0")
random.seed(0)
seen = set()
for turn in range(50):
    pid = start()
    # It has signed so often at least, and is at it again.
    os.read(signed, turn % 3)
    time.sleep(random.uniform(0, 0.05))
    end(pid)
    seen.add(verified())
print(len(seen))
pids = [start(), start()]
seen, tries = set(), 0
while len(seen) < 4 or tries < 300:
    seen.add(verified())
    tries += 1
print(len(seen))
for pid in pids: end(pid)
"""


def test_a_signer_that_is_killed_leaves_the_old_bundle_or_the_new(folder: Path) -> None:
    child = subprocess.run(
        [sys.executable, "-c", KILLED], capture_output=True, check=False, text=True
    )
    assert (child.returncode, child.stderr) == (0, "")
    assert all(int(versions) > 3 for versions in child.stdout.split())


FULL = """
import resource, sys
from safeload.cli.main import main
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["sign", "churn.joblib", *SIGNED],
        ["keygen", "new.key", "--no-passphrase", "--name", "a"],
        ["keygen", "b", "--no-passphrase", "--name", "a", "--add-to-trust", "trust.toml"],
        ["audit", "churn.joblib", "--output", "report"],
        ["policy", "learn", "churn.joblib", "--output", "policy.toml"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_where_there_is_no_room_nothing_is_written_by_halves(
    folder: Path, arguments: list[str]
) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    child = subprocess.run(
        [sys.executable, "-c", FULL, *arguments], capture_output=True, check=False, text=True
    )
    outcome = Outcome(child.returncode, child.stdout, child.stderr)
    assert outcome.code == 2
    assert outcome.error
    decided_nothing(outcome)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


# -- a container with next to nothing -------------------------------------------------------------


@pytest.fixture
def nobody(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user that has a number, and neither a name nor a home."""

    def unknown(number: int) -> None:
        raise KeyError(f"uid not found: {number}")

    for variable in ("HOME", "XDG_CONFIG_HOME", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    # Before Python 3.13 it is a KeyError that is passed on.
    with pytest.raises((KeyError, OSError)):
        getpass.getuser()


@pytest.mark.usefixtures("nobody")
def test_without_a_home_the_trust_file_must_be_given(run: Run) -> None:
    for name in ("verify", "load"):
        outcome = run(name, "churn.joblib")
        assert (outcome.code, outcome.error) == (2, "trustfile-missing")
        decided_nothing(outcome)
        assert verb(run, name, "churn.joblib").code == 0
    with pytest.raises(UsageError):
        TrustFile.default_path()


@pytest.mark.usefixtures("nobody")
def test_without_a_name_the_holder_of_a_key_must_be_given(run: Run, folder: Path) -> None:
    outcome = run("keygen", "new.key", "--no-passphrase")
    assert (outcome.code, outcome.error) == (2, "name-needed")
    decided_nothing(outcome)
    outcome = run("keygen", "new.key", "--no-passphrase", "--name", "a", "--trust-default")
    assert (outcome.code, outcome.error) == (2, "trustfile-missing")
    assert not (folder / "new.key").exists()
    assert run("keygen", "new.key", "--no-passphrase", "--name", "a").code == 0


def test_without_a_place_for_temporary_files(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere(**_: object) -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "mkdtemp", nowhere)
    monkeypatch.setattr(tempfile, "TemporaryDirectory", nowhere)
    for name in VERBS:
        assert verb(run, name, "churn.joblib").code == 0
    outcome = run("demo")
    assert (outcome.code, outcome.error) == (2, "no-temporary-folder")
    decided_nothing(outcome)
