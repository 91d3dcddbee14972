"""``safeload completion``: keys are pressed in the shells themselves, on terminals of their own."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from safeload.cli.main import main
from tests.cli.conftest import Run

# What a shell reads at its start. At the first prompt it says that it is ready, and at Ctrl-G what
# stands in its line.
BASH = r"""
source ./completion
bind -x '"\C-g": printf "%s\n" "$READLINE_LINE" > ./said'
PROMPT_COMMAND='if [ -z "$asked" ]; then asked=1; echo ready > ./said; fi'
"""
ZSH = r"""
mkdir functions; cp completion functions/_safeload
fpath=($PWD/functions $fpath)
autoload -Uz compinit; compinit -u -D
report() { print -r -- $BUFFER > ./said }
zle -N report
bindkey -e; bindkey '^G' report
precmd() { [[ -n $asked ]] || { asked=1; echo ready > ./said } }
"""
FISH = r"""
source ./completion
bind \cg 'commandline > ./said'
function fish_prompt; if not set -q asked; set -g asked 1; echo ready > ./said; end; end
"""
SHELLS = {
    "bash": (BASH, ["bash", "--noprofile", "--rcfile", "start", "-i"]),
    "zsh": (ZSH, ["zsh", "-d", "-i"]),
    "fish": (FISH, ["fish", "--no-config", "--init-command", "source ./start", "-i"]),
}
WHOLE = {
    "safeload aud": "safeload audit",
    "safeload audit --second": "safeload audit --second-opinion",
    "safeload audit --format sar": "safeload audit --format sarif",
    "safeload audit mod": "safeload audit models/",
    "safeload sign models/ch": "safeload sign models/churn.joblib",
    "safeload audit --policy models/ch": "safeload audit --policy models/churn.joblib",
    "safeload policy le": "safeload policy learn",
    "safeload policy learn --forc": "safeload policy learn --force",
    "safeload completion fi": "safeload completion fish",
}
# Nobody waits as long for a key; a shell that does not answer fails the test.
PATIENCE = 120.0


class Terminal:
    """A shell on a terminal, and the pipe that it answers on."""

    def __init__(self, folder: Path, command: list[str]) -> None:
        os.mkfifo(folder / "said")
        # Open for both, so that it has no end.
        self._said = os.open(folder / "said", os.O_RDWR)
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, 100))
        self._shell = subprocess.Popen(
            ["setsid", "--ctty", *command],
            cwd=folder,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={
                "HOME": str(folder),
                "ZDOTDIR": str(folder),
                "PATH": os.environ["PATH"],
                "TERM": "xterm",
                "LC_ALL": "C.UTF-8",
            },
        )
        os.close(theirs)

    def line(self) -> str:
        """What the shell says next."""
        text, shown = b"", b""
        while not text.endswith(b"\n"):
            # What it shows has to be read, or it would wait.
            ready, _, _ = select.select([self._said, self._ours], [], [], PATIENCE)
            assert ready, shown
            if self._ours in ready:
                shown += os.read(self._ours, 4096)
            if self._said in ready:
                text += os.read(self._said, 4096)
        return text.decode().strip()

    def after(self, keys: str) -> str:
        """The line after some keys and a tab were pressed; it is empty again then."""
        os.write(self._ours, keys.encode() + b"\t\x07")
        line = self.line()
        os.write(self._ours, b"\x15")
        return line

    def close(self) -> None:
        self._shell.kill()
        self._shell.wait()
        os.close(self._ours)
        os.close(self._said)


@pytest.fixture
def terminal(
    request: pytest.FixtureRequest, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> Iterator[Terminal]:
    """A shell in a folder with a model, in which what we print has been read."""
    start, command = SHELLS[request.param]
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]} on this machine")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "churn.joblib").touch()
    assert main(["completion", request.param]) == 0
    (tmp_path / "completion").write_text(capfd.readouterr().out)
    (tmp_path / ("start" if request.param != "zsh" else ".zshrc")).write_text(start)
    opened = Terminal(tmp_path, command)
    try:
        yield opened
    finally:
        opened.close()


@pytest.mark.parametrize("terminal", SHELLS, indirect=True)
def test_a_tab_completes_what_was_begun(terminal: Terminal) -> None:
    assert terminal.line() == "ready"
    assert {begun: terminal.after(begun) for begun in WHOLE} == WHOLE


def test_each_verb_is_in_each_script(run: Run) -> None:
    from safeload.cli.main import _VERBS

    for shell in SHELLS:
        assert set(_VERBS) <= set(re.findall(r"\w+", run("completion", shell).out))


def test_another_shell_is_a_wrong_usage(run: Run) -> None:
    assert run("completion", "tcsh").code == 2
    assert run("completion").code == 2
