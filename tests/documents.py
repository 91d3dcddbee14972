"""Documents that are executed: what they show is what happens.

``python`` blocks run one after the other in one namespace; ``console`` blocks are shell sessions
whose output is compared, where ``...`` stands for any text. A ``python`` or ``toml`` block whose
first line is a comment with the name of a file is that file. As a program, this does it to the
document that it is given, in the current directory, with nothing made beforehand.
"""

from __future__ import annotations

import io
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

__all__ = ["ROOT", "blocks_of", "by_a_shell", "here", "pattern", "session", "steps", "walk"]

ROOT = Path(__file__).parent.parent
_FILE = re.compile(r"# ([\w./-]+\.(?:py|toml))\n")
# What a command of a document may end with; the rest of it is words for safeload.
_END = re.compile(
    r"(?P<out> > /dev/null)?(?P<err> 2>(?:&1| /dev/null))?(?P<first> \| head -1)?"
    r"(?P<code>(?:;| \|\|) echo \"exit code \$\?\")?$"
)


def blocks_of(text: str) -> list[tuple[str, str]]:
    """Language and content of each fenced block."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def pattern(output: str) -> str:
    """Expected output as a regular expression, in which ``...`` is any text."""
    return ".*".join(re.escape(part) for part in output.split("..."))


def by_a_shell(command: str) -> str:
    """What a command writes, as whoever types it sees it."""
    return subprocess.run(
        command,
        shell=True,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    ).stdout


def here(command: str) -> str:
    """The same, with the verbs of safeload run in this process: thirty starts take half a minute.

    What is said on the two streams comes in one order, and warnings come from Python as elsewhere.
    """
    if not command.startswith("safeload "):
        return by_a_shell(command)
    from safeload.cli.main import main

    end = _END.search(command)
    assert end is not None
    shown, unseen = io.StringIO(), io.StringIO()
    out = unseen if end["out"] else shown
    err = unseen if end["err"] == " 2> /dev/null" or (end["err"] and end["out"]) else shown
    with redirect_stdout(out), redirect_stderr(err):
        code = main(shlex.split(command[: end.start()])[1:])
    text = shown.getvalue()
    if end["first"]:
        text = text.partition("\n")[0] + "\n"
    if end["code"] and (code or end["code"].startswith(";")):
        text += f"exit code {code}\n"
    return text


def session(block: str, run: Callable[[str], str] = by_a_shell) -> None:
    """Run the commands of a block and compare what each writes."""
    for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, expected = step.partition("\n")
        shown = run(command)
        assert re.fullmatch(pattern(expected), shown, re.DOTALL), f"{command}\n{shown}"


def walk(document: Path, run: Callable[[str], str] = by_a_shell) -> None:
    """Do what a document shows, from top to bottom."""
    steps(document.read_text("utf-8"), document.name, {}, run)


def steps(
    text: str, name: str, namespace: dict[str, Any], run: Callable[[str], str] = by_a_shell
) -> None:
    """Do what a part of a document shows.

    Args:
        text: The part.
        name: What tracebacks call it.
        namespace: Where its Python runs; what parts before it left there, it finds.
        run: Runs a command and returns what it writes.
    """
    for language, block in blocks_of(text):
        file = _FILE.match(block) if language in {"python", "toml"} else None
        if file is not None:
            Path(file[1]).parent.mkdir(parents=True, exist_ok=True)
            Path(file[1]).write_text(block, "utf-8")
        elif language == "python":
            exec(compile(block, name, "exec"), namespace)
        elif language == "console":
            session(block, run)


if __name__ == "__main__":
    walk(Path(sys.argv[1]))
