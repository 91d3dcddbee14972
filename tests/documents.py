"""Documents that are executed: what they show is what happens.

``python`` blocks run one after the other in one namespace; ``console`` blocks are shell sessions
whose output is compared, where ``...`` stands for any text. As a program, this does it to the
document that it is given, in the current directory, with nothing made beforehand.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["ROOT", "blocks_of", "pattern", "session", "walk"]

ROOT = Path(__file__).parent.parent


def blocks_of(text: str) -> list[tuple[str, str]]:
    """Language and content of each fenced block."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def pattern(output: str) -> str:
    """Expected output as a regular expression, in which ``...`` is any text."""
    return ".*".join(re.escape(part) for part in output.split("..."))


def session(block: str) -> None:
    """Run the commands of a block and compare what each writes."""
    for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, expected = step.partition("\n")
        shown = subprocess.run(
            command,
            shell=True,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        ).stdout
        assert re.fullmatch(pattern(expected), shown, re.DOTALL), f"{command}\n{shown}"


def walk(document: Path) -> None:
    """Do what a document shows, from top to bottom."""
    namespace: dict[str, Any] = {}
    for language, block in blocks_of(document.read_text("utf-8")):
        if language == "python":
            exec(compile(block, document.name, "exec"), namespace)
        elif language == "console":
            session(block)


if __name__ == "__main__":
    walk(Path(sys.argv[1]))
