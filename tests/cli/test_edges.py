"""The edges of the command line, with real processes, pipes, devices and closed streams.

Whatever an option leads to and whatever becomes of the streams, a command ends in time, in one of
its exit codes, without a traceback; and not in 0 if nobody has its result. Devices that could be
replaced by mistake are made in a folder of the test.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import safeload
from safeload.cli.destination import Destination
from safeload.errors import UsageError
from tests.cli.conftest import Outcome

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pipes, devices and modes of POSIX")

# A command that takes so many seconds would take for ever.
HANGS = 120
SIGN = ["sign", "churn.joblib", "--key", "signing.key", "--name", "churn", "--version", "2"]
TRUSTED = ["--trust", "trust.toml"]
# What each verb prints to stdout, and what it ends with.
RESULTS: dict[str, tuple[list[str], int]] = {
    "audit": (["audit", "churn.joblib"], 0),
    "audit that refuses": (["audit", "attack.pkl"], 1),
    "audit as json": (["audit", "churn.joblib", "--format", "json"], 0),
    "explain": (["explain", "churn.joblib"], 0),
    "explain a rule": (["explain", "SL101"], 0),
    "verify": (["verify", "churn.joblib", *TRUSTED], 0),
    "verify as json": (["verify", "churn.joblib", *TRUSTED, "--format", "json"], 0),
    "verify that refuses, as json": (["verify", "attack.pkl", *TRUSTED, "--format", "json"], 1),
    "load": (["load", "churn.joblib", *TRUSTED], 0),
    "sign": (SIGN, 0),
    "sign as json": ([*SIGN, "--format", "json"], 0),
    "keygen": (["keygen", "new.key", "--no-passphrase", "--name", "ann"], 0),
    "policy learn": (["policy", "learn", "churn.joblib"], 0),
    "policy show": (["policy", "show", "sklearn.pipeline.Pipeline"], 0),
    "policy packs": (["policy", "packs"], 0),
    "policy check": (["policy", "check", "team.toml"], 0),
    "--help": (["--help"], 0),
    "--help of a verb": (["audit", "--help"], 0),
    "--version": (["--version"], 0),
}
TEAM = 'packs = ["statsmodels"]\n'


@pytest.fixture(autouse=True)
def here(folder: Path, attack: Path) -> Path:
    (folder / "team.toml").write_text(TEAM)
    return folder


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "safeload", *map(str, arguments)]


def process(*arguments: object, shell: str = "", **environment: str) -> Outcome:
    """Run a command in a process of its own; ``shell`` is what stands behind it in a shell."""
    line = f"{shlex.join(command(*arguments))} {shell}"
    done = subprocess.run(
        ["/bin/bash", "-c", line],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=HANGS,
        env={**os.environ, **environment},
    )
    return Outcome(
        done.returncode,
        done.stdout.decode("utf-8", "replace"),
        done.stderr.decode("utf-8", "replace"),
    )


def ends_well(outcome: Outcome, *codes: int) -> None:
    assert outcome.code in codes
    assert "Traceback" not in outcome.out + outcome.err
    assert "internal" not in outcome.error
    assert "Exception ignored" not in outcome.err


# Forks for each command, from a process that has imported what they need.
MANY = """
import json, os, sys
import numpy, sklearn.pipeline, safeload.gate, safeload.signing
from safeload.cli.main import entry_point
outcomes = []
for arguments in json.load(sys.stdin):
    child = os.fork()
    if not child:
        for number in (1, 2):
            os.dup2(os.open(f"{number}.txt", os.O_CREAT | os.O_TRUNC | os.O_WRONLY), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        sys.argv = ["safeload", *arguments]
        try:
            entry_point()
        except SystemExit as leaving:
            sys.stdout.flush()
            os._exit(leaving.code)
        finally:
            os._exit(99)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    outcomes.append([code, *(open(f"{n}.txt", errors="replace").read() for n in (1, 2))])
print(json.dumps(outcomes))
"""


def each(commands: list[list[str]]) -> list[Outcome]:
    """Run several commands, each in a process of its own; in less time than one by one."""
    done = subprocess.run(
        [sys.executable, "-c", MANY],
        input=json.dumps(commands),
        capture_output=True,
        check=True,
        timeout=HANGS,
        text=True,
    )
    return [Outcome(*outcome) for outcome in json.loads(done.stdout)]


@pytest.fixture
def full(tmp_path: Path) -> str:
    """A device that is full, and that nobody misses if it is replaced by mistake."""
    if os.geteuid() != 0:
        return "/dev/full"
    path = tmp_path / "full"
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, Path("/dev/full").stat().st_rdev)
        path.open("wb").close()
    except OSError:
        pytest.skip("no devices can be made here")
    return str(path)


def slow(*values: Any) -> Any:
    """A case that differs little from others: every process takes its time."""
    return pytest.param(*values, marks=pytest.mark.slow)


# -- standard streams ------------------------------------------------------------------------------


@pytest.mark.parametrize("what", RESULTS)
def test_a_result_for_a_closed_stdout_is_an_error(what: str) -> None:
    outcome = process(*RESULTS[what][0], shell=">&-")
    ends_well(outcome, 3)
    assert outcome.error == "output-undelivered"


@pytest.mark.parametrize("what", RESULTS)
def test_a_result_for_a_full_stdout_is_an_error(what: str) -> None:
    outcome = process(*RESULTS[what][0], shell=">/dev/full")
    ends_well(outcome, 3)
    assert outcome.errors[-1] == "output-undelivered"


@pytest.mark.parametrize("what", RESULTS)
def test_a_result_that_nobody_reads_is_no_success(what: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        command(*RESULTS[what][0]),
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
        timeout=HANGS,
    )
    os.close(writing)
    ends_well(Outcome(done.returncode, "", done.stderr.decode()), 3)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("what", ["audit", "--help", "--version"])
def test_a_lost_result_is_an_error_whether_python_buffers_or_not(
    what: str, unbuffered: str
) -> None:
    for stream in (">/dev/full", ">&-"):
        outcome = process(*RESULTS[what][0], shell=stream, PYTHONUNBUFFERED=unbuffered)
        ends_well(outcome, 3)
        assert outcome.error == "output-undelivered"


@pytest.mark.parametrize("stream", [slow("2>/dev/full"), "2>&-"])
@pytest.mark.parametrize("what", RESULTS)
def test_remarks_that_are_lost_change_no_exit_code(what: str, stream: str) -> None:
    arguments, code = RESULTS[what]
    outcome = process(*arguments, shell=stream)
    ends_well(outcome, code)
    assert outcome.out
    assert outcome.err == ""


@pytest.mark.parametrize(
    "stream", ["2>/dev/full", slow("2>&-"), ">&- 2>&-", slow(">/dev/full 2>/dev/full")]
)
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["fly"], 2),
        ([], 2),
        (["audit"], 2),
        (["verify", "attack.pkl", *TRUSTED], 1),
        (["explain", "nowhere"], 3),
        (["sign", "churn.joblib", "--key", "nowhere", "--name", "a", "--version", "1"], 2),
    ],
)
def test_an_error_that_nobody_hears_has_its_exit_code(
    arguments: list[str], code: int, stream: str
) -> None:
    # With stdout closed there is no work at all, and so no other error.
    closed = ">&-" in stream.split() and len(arguments) > 1
    ends_well(process(*arguments, shell=stream), 3 if closed else code)


def test_a_closed_stdout_is_said_before_the_work(here: Path) -> None:
    before = sorted(here.iterdir())
    outcome = process("keygen", "new.key", "--no-passphrase", "--name", "ann", shell=">&-")
    ends_well(outcome, 3)
    assert sorted(here.iterdir()) == before


def test_a_report_for_a_file_needs_no_stdout(here: Path) -> None:
    outcome = process("audit", "churn.joblib", "--output", "report", shell="<&- >&- 2>&-")
    ends_well(outcome, 0)
    assert (here / "report").read_text().startswith("ACCEPT")


def test_no_file_of_ours_gets_the_number_of_a_closed_stream(here: Path) -> None:
    outcome = process(
        "keygen", "new.key", "--no-passphrase", "--name", "ann", shell="<&- 2>&-"
    )  # fmt: skip
    ends_well(outcome, 0)
    assert (here / "new.key").read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")


def test_a_passphrase_from_a_closed_stdin_is_an_error() -> None:
    outcome = process("keygen", "new.key", "--name", "a", "--passphrase-file", "-", shell="<&-")
    ends_well(outcome, 2)


def test_the_first_line_for_head_is_the_first_line() -> None:
    outcome = process("audit", "attack.pkl", shell='| { head -n 1; }; echo "${PIPESTATUS[0]}" >&2')
    assert outcome.out.startswith("REFUSE")
    # Either all of it was in the pipe already, or it was not.
    assert outcome.err.split()[-1] in {"1", "3"}


ENVIRONMENTS = [
    {"PYTHONIOENCODING": "ascii:strict"},
    {"LC_ALL": "C", "PYTHONUTF8": "0"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]
NAMES = [b"mod\xc3\xa8le.pkl", b"bytes-\xff\xfe.pkl", b"new\nline.pkl"]
SHOWING: dict[str, tuple[list[str | bytes], int]] = {
    "audit": (["audit", *NAMES], 0),
    "audit as json": (["audit", *NAMES, "--format", "json"], 0),
    "explain": (["explain", NAMES[1]], 0),
    "policy learn": (["policy", "learn", *NAMES], 0),
    "verify": (["verify", NAMES[1], *TRUSTED], 1),
    "sign": (["sign", NAMES[0], *SIGN[2:]], 0),
    "sign what is not UTF-8": (["sign", NAMES[1], *SIGN[2:], "--dataset", NAMES[1]], 0),
    "keygen": (["keygen", b"k-\xff", "--no-passphrase", "--name", "a"], 0),
    "a name that is not UTF-8": (["keygen", "k", "--no-passphrase", "--name", b"\xff"], 2),
    "policy check": (["policy", "check", NAMES[0], NAMES[1]], 2),
    "a name that nobody has": (["audit", "nowhere\u00e9"], 3),
}


@pytest.mark.parametrize(
    ("what", "environment"),
    [
        (what, environment)
        if environment is ENVIRONMENTS[0] or what == "audit"
        else slow(what, environment)
        for what in SHOWING
        for environment in ENVIRONMENTS
    ],
    ids=str,
)
def test_any_name_is_shown_in_any_encoding(
    here: Path, what: str, environment: dict[str, str]
) -> None:
    for name in NAMES:
        (here / os.fsdecode(name)).write_bytes(b"\x80\x04N.")
    arguments, code = SHOWING[what]
    ends_well(process(*[os.fsdecode(one) for one in arguments], **environment), code)


# -- what options lead to --------------------------------------------------------------------------


def bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        # By its name alone: the paths of sockets are short.
        made.bind(path.name)


ODD_FILES: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a link to a pipe": lambda path: path.symlink_to("pipe"),
    "a folder": Path.mkdir,
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a socket": lambda path: bind(path),
    "nothing": lambda path: None,
    "no text": lambda path: path.write_bytes(b"\xff\xfe\x00"),
}
OPTIONS: dict[str, list[str]] = {
    "audit --policy": ["audit", "churn.joblib", "--policy"],
    "explain --policy": ["explain", "churn.joblib", "--policy"],
    "load --policy": ["load", "churn.joblib", *TRUSTED, "--policy"],
    "load --trust": ["load", "churn.joblib", "--trust"],
    "verify --trust": ["verify", "churn.joblib", "--trust"],
    "sign --policy": [*SIGN, "--policy"],
    "sign --probe": [*SIGN, "--probe"],
    "sign --metadata": [*SIGN, "--metadata"],
    "sign --passphrase-file": [
        "sign",
        "churn.joblib",
        *SIGN[4:],
        "--key",
        "locked.key",
        "--passphrase-file",
    ],
    "sign --key": ["sign", "churn.joblib", *SIGN[4:], "--key"],
    "keygen --passphrase-file": ["keygen", "new.key", "--name", "a", "--passphrase-file"],
    "policy show --policy": ["policy", "show", "--policy"],
    "policy packs --policy": ["policy", "packs", "--policy"],
    "policy check": ["policy", "check"],
    "policy learn --policy": ["policy", "learn", "churn.joblib", "--policy"],
    "policy learn -o": ["policy", "learn", "churn.joblib", "--force", "-o"],
    "audit --output": ["audit", "churn.joblib", "--output"],
    "keygen --add-to-trust": [
        "keygen",
        "new.key",
        "--name",
        "a",
        "--no-passphrase",
        "--add-to-trust",
    ],
}
# Where an option takes what the others do not.
GOOD = {
    "policy learn -o": {"nothing", "no text"},
    "audit --output": {"nothing", "no text"},
    "keygen --add-to-trust": {"nothing", "a link to nothing"},
    "keygen --passphrase-file": {"no text"},
}


@pytest.fixture
def locked(here: Path) -> None:
    (here / "secret").write_text("open sesame\n")
    ends_well(process("keygen", "locked.key", "--name", "l", "--passphrase-file", "secret"), 0)


@pytest.mark.usefixtures("locked")
@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_that_leads_to_no_file_is_a_usage_error(here: Path, option: str) -> None:
    ending = ".json" if option == "sign --probe" else ""
    os.mkfifo("pipe")
    odd = {what: f"odd-{number}{ending}" for number, what in enumerate(ODD_FILES)}
    for what, name in odd.items():
        ODD_FILES[what](here / name)
    before = {path.name: path.read_bytes() for path in here.iterdir() if path.is_file()}
    paths = {**odd, "a long name": "x" * 5_000, "a deep name": "x/" * 2_000, "none": ""}
    outcomes = each([[*OPTIONS[option], path] for path in paths.values()])
    for what, outcome in zip(paths, outcomes, strict=True):
        # An output may be new, or be written over what is not a policy; a passphrase may be any
        # bytes.
        ends_well(outcome, 2, *([0] if what in GOOD.get(option, ()) else []))
        assert not outcome.out or outcome.code == 0
    changed = {path.name: path.read_bytes() for path in here.iterdir() if path.is_file()}
    changes = {name for name in before if changed.get(name) != before[name]}
    assert changes <= {odd[what] for what in GOOD.get(option, ())}


@pytest.mark.parametrize(
    "command",
    [
        ["trust", "check"],
        ["trust", "check", "--key"],
        ["trust", "check", "--policy"],
        ["policy", "check"],
        ["keygen"],
        ["keygen", "new.key", "--name", "a", "--passphrase-file"],
        ["keygen", "new.key", "--name", "a", "--no-passphrase", "--add-to-trust"],
    ],
    ids=" ".join,
)
def test_no_text_is_no_path_and_not_this_folder(command: list[str]) -> None:
    outcome = process(*command, "")
    ends_well(outcome, 2)
    assert outcome.error == "no-path"


def test_a_policy_that_cannot_be_read_is_named() -> None:
    outcome = process("policy", "check", "there-is-none.toml")
    ends_well(outcome, 2)
    assert outcome.error == "policy-unreadable"
    assert "there-is-none.toml" in outcome.err


@pytest.mark.parametrize("what", [w for w in ODD_FILES if w != "no text"])
def test_a_dataset_that_is_no_file_is_a_usage_error(here: Path, what: str) -> None:
    bundle = (here / "churn.joblib.sig").read_bytes()
    os.mkfifo("pipe")
    ODD_FILES[what](here / "odd")
    outcome = process(*SIGN, "--dataset", "odd")
    ends_well(outcome, 2)
    assert outcome.error == "dataset-unreadable"
    assert (here / "churn.joblib.sig").read_bytes() == bundle


@pytest.mark.parametrize("endless", ["--dataset", "--metadata", "--policy", "--passphrase-file"])
def test_a_device_without_end_is_not_read_to_it(endless: str) -> None:
    # Only read from, never written to.
    ends_well(process(*SIGN, endless, "/dev/zero"), 0 if endless == "--passphrase-file" else 2)


def test_what_a_shell_opens_for_us_is_read() -> None:
    outcome = process(*SIGN, "--metadata", shell="""<(echo '{"metrics": {"auc": 0.5}}')""")
    ends_well(outcome, 0)
    outcome = process("verify", "churn.joblib", *TRUSTED)
    assert "auc = 0.5" in outcome.out


@pytest.mark.parametrize("name", ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0", "-"])
def test_standard_input_by_any_name_has_a_passphrase(name: str) -> None:
    new = ["keygen", "new.key", "--name", "n", "--passphrase-file", name]
    ends_well(process(*new, shell="<<< 'open sesame'"), 0)
    safeload.SigningKey.read("new.key", passphrase=b"open sesame")


def test_a_pipe_without_end_is_not_read_to_it() -> None:
    ends_well(process(*SIGN, "--metadata", shell="<(cat /dev/zero)"), 2)


# -- outputs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_stdout_by_its_name_is_an_output(here: Path, path: str, form: str) -> None:
    audit = ["audit", "attack.pkl", "--format", form]
    plain = process(*audit)
    assert process(*audit, "--output", path).out == plain.out
    # What stands in the file already stays there.
    (here / "log").write_text("before\n")
    ends_well(process(*audit, "--output", path, shell=">>log"), 1)
    assert (here / "log").read_text() == f"before\n{plain.out}"


def test_a_command_in_the_place_of_an_output_reads_it(here: Path) -> None:
    outcome = process(
        "audit", "attack.pkl", "--output", shell=">(cat >taken); code=$?; wait $!; exit $code"
    )
    ends_well(outcome, 1)
    assert (here / "taken").read_text() == process("audit", "attack.pkl").out


def test_a_pipe_that_nobody_reads_is_no_output(here: Path) -> None:
    os.mkfifo(here / "pipe")
    outcome = process("audit", "attack.pkl", "--output", "pipe")
    ends_well(outcome, 2)
    assert outcome.error == "output-unwritable"
    assert (here / "pipe").is_fifo()


def test_a_pipe_with_a_reader_is_an_output(here: Path) -> None:
    os.mkfifo(here / "pipe")
    with subprocess.Popen(["/bin/cat", "pipe"], stdout=subprocess.PIPE) as reader:
        # Opening it returns as soon as the reader has.
        writer = os.open(here / "pipe", os.O_WRONLY)
        outcome = process("audit", "attack.pkl", "--output", "pipe")
        os.close(writer)
        taken, _ = reader.communicate(timeout=HANGS)
    ends_well(outcome, 1)
    assert taken.decode() == process("audit", "attack.pkl").out
    assert (here / "pipe").is_fifo()


def test_a_device_that_is_full_is_an_error_and_not_replaced(full: str) -> None:
    outcome = process("audit", "attack.pkl", "--output", full)
    ends_well(outcome, 2)
    assert outcome.error == "output-unwritable"
    assert Path(full).is_char_device()


INPUTS = {
    "the model": ["audit", "attack.pkl", "--output", "attack.pkl"],
    "the model by another name": ["audit", "attack.pkl", "--output", "./x/../attack.pkl"],
    "the model by a link": ["audit", "attack.pkl", "--output", "link.pkl"],
    "the model by a hard link": ["audit", "attack.pkl", "--output", "hard.pkl"],
    "the model that a link leads to": ["audit", "link.pkl", "--output", "attack.pkl"],
    "a model of the folder": ["audit", ".", "--output", "attack.pkl"],
    "the policy": ["audit", "attack.pkl", "--policy", "team.toml", "--output", "team.toml"],
    "a model that is learnt from": ["policy", "learn", "attack.pkl", "--force", "-o", "attack.pkl"],
    "a model of a folder that is learnt from": [
        "policy",
        "learn",
        ".",
        "--force",
        "-o",
        "hard.pkl",
    ],
}


@pytest.mark.parametrize("what", INPUTS)
def test_an_output_over_what_it_is_about_is_refused(here: Path, what: str) -> None:
    (here / "x").mkdir()
    (here / "link.pkl").symlink_to("attack.pkl")
    (here / "hard.pkl").hardlink_to(here / "attack.pkl")
    before = {path: path.lstat().st_mtime_ns for path in here.iterdir()}
    outcome = process(*INPUTS[what])
    ends_well(outcome, 2)
    assert outcome.error == "output-is-input"
    assert {path: path.lstat().st_mtime_ns for path in here.iterdir()} == before


def test_the_report_of_yesterday_in_the_same_folder_is_replaced(here: Path) -> None:
    for _ in range(2):
        ends_well(process("audit", ".", "--format", "json", "--output", "report.json"), 1)
        ends_well(process("policy", "learn", ".", "--force", "-o", "learnt.toml"), 1)
    assert (here / "report.json").read_text().startswith("{")


def test_two_outputs_are_a_usage_error(here: Path) -> None:
    ends_well(process("audit", "attack.pkl", "--output", "a", "--output", "b"), 2)
    assert not {"a", "b"} & {path.name for path in here.iterdir()}


@pytest.mark.parametrize(
    ("command", "option", "values"),
    [
        (["verify", "churn.joblib"], "--trust", ("trust.toml", "trust.toml")),
        (["verify", "churn.joblib", *TRUSTED], "--name", ("other", "churn")),
        (["verify", "churn.joblib", *TRUSTED], "--format", ("console", "console")),
        (["audit", "churn.joblib"], "--policy", ("there-is-none.toml", "empty.toml")),
        (["explain", "churn.joblib"], "--lines", ("400", "400")),
        (["load", "churn.joblib", *TRUSTED], "--seconds", ("1", "120")),
        (SIGN, "--serial", ("1", "2")),
        (["policy", "show"], "--library", ("numpy", "scipy")),
    ],
)
def test_of_an_option_that_is_given_twice_none_is_left_out(
    command: list[str], option: str, values: tuple[str, str]
) -> None:
    ends_well(process(*command, option, values[0], f"{option}={values[1]}"), 2)


def test_options_that_collect_are_given_again_and_again() -> None:
    collected = ["--metric", "a=1", "b=2", "--metric", "c=3", "--limit", "seconds=9"]
    ends_well(process(*SIGN, *collected, "--limit", "opcodes=9000"), 0)
    shown = process("verify", "churn.joblib", *TRUSTED).out
    assert all(metric in shown for metric in ("a = 1", "b = 2", "c = 3"))


@pytest.mark.parametrize(("umask", "mode"), [(0o077, 0o600), (0o027, 0o640), (0o022, 0o644)])
def test_a_new_report_has_the_mode_that_the_umask_gives(here: Path, umask: int, mode: int) -> None:
    line = f"umask {umask:03o}; {shlex.join(command('audit', 'attack.pkl', '--output', 'report'))}"
    subprocess.run(["/bin/bash", "-c", line], check=False, timeout=HANGS)
    assert stat.S_IMODE((here / "report").stat().st_mode) == mode


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o444])
def test_a_report_that_is_replaced_keeps_its_mode(here: Path, mode: int) -> None:
    (here / "report").touch()
    (here / "report").chmod(mode)
    (here / "link").symlink_to("report")
    ends_well(process("audit", "attack.pkl", "--output", "link"), 1)
    assert stat.S_IMODE((here / "report").stat().st_mode) == mode
    assert (here / "report").read_text().startswith("REFUSE")
    assert (here / "link").is_symlink()


def test_a_hard_link_to_the_report_of_yesterday_keeps_it(here: Path) -> None:
    (here / "report").write_text("of yesterday")
    (here / "kept").hardlink_to(here / "report")
    ends_well(process("audit", "attack.pkl", "--output", "report"), 1)
    assert (here / "kept").read_text() == "of yesterday"


def test_a_link_that_leads_nowhere_is_no_output(here: Path) -> None:
    (here / "link").symlink_to("elsewhere")
    outcome = process("audit", "attack.pkl", "--output", "link")
    ends_well(outcome, 2)
    assert outcome.error == "output-unwritable"
    assert not (here / "elsewhere").exists()


def test_a_folder_that_cannot_be_written_to_is_no_place_for_an_output() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        child = os.fork()
        if not child:
            if os.geteuid() == 0:
                # Root may write everywhere.
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            try:
                Destination(str(folder / "report"), noun="report")
            except UsageError as error:
                os._exit(0 if error.code == "output-unwritable" else 1)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        folder.chmod(0o755)


# -- signals ---------------------------------------------------------------------------------------


AT_WORK = """
import signal, sys
from safeload.cli import audit
from safeload.cli.main import entry_point
def work(options):
    print("at work", file=sys.stderr, flush=True)
    while True:
        signal.pause()
audit.run = work
sys.argv = ["safeload", "audit", "x"]
entry_point()
"""


# Whoever runs the tests may ignore these signals, as a shell has its background jobs do.
AS_BY_HAND = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
"""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_that_ends_a_command_is_its_exit_code(number: signal.Signals, code: int) -> None:
    code_of_child = AS_BY_HAND + AT_WORK
    with subprocess.Popen([sys.executable, "-c", code_of_child], stderr=subprocess.PIPE) as child:
        assert child.stderr is not None
        assert child.stderr.readline() == b"at work\n"
        child.send_signal(number)
        said = said_before_it_hangs(child)
    assert child.returncode == code
    assert b"Traceback" not in said


def said_before_it_hangs(child: subprocess.Popen[bytes]) -> bytes:
    """What a process says until it ends; it is killed if it does not."""
    try:
        return child.communicate(timeout=HANGS)[1]
    finally:
        child.kill()


def test_a_signal_that_is_ignored_ends_nothing() -> None:
    with subprocess.Popen(
        ["/bin/bash", "-c", f"trap '' HUP; exec {shlex.join([sys.executable, '-c', AT_WORK])}"],
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stderr is not None
        assert child.stderr.readline() == b"at work\n"
        child.send_signal(signal.SIGHUP)
        child.send_signal(signal.SIGTERM)
        said_before_it_hangs(child)
    assert child.returncode == 143
