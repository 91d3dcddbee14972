"""Documents for services that run continuous integration, and their scripts as those run them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft7Validator

__all__ = [
    "ROOT",
    "TOOLS",
    "arguments",
    "documents",
    "problems",
    "put_commands",
    "put_stubs",
    "run_script",
    "unfilled",
]

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent
_PYTHON = f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'


def documents(name: str) -> list[Any]:
    """The documents of a file of the project."""
    return list(yaml.safe_load_all((ROOT / name).read_text("utf-8")))


def problems(document: Any, schema: str) -> list[str]:
    """What a schema that check-jsonschema carries has against a document.

    Args:
        document: As JSON types.
        schema: Its name there, such as ``"github-actions"``.
    """
    text = files("check_jsonschema").joinpath("builtin_schemas", "vendor", f"{schema}.json")
    validator = Draft7Validator(json.loads(text.read_text("utf-8")))
    return [error.message for error in validator.iter_errors(document)]


def put_commands(folder: Path) -> Path:
    """A folder of commands, with ``safeload`` and ``python``, as an environment has one."""
    # As pip makes it: nothing is imported from the current folder.
    start = "from safeload.cli.main import entry_point\nentry_point()\n"
    return _put(folder, safeload=f"#!{sys.executable}\n{start}", python=_PYTHON)


def put_stubs(folder: Path) -> Path:
    """The same, whose ``safeload`` only notes what it is given, for :func:`arguments`."""
    note = f'#!/bin/sh\nprintf "%s\\0" "$@" > "{folder}/arguments"\n'
    return _put(folder, safeload=note, python="#!/bin/sh\necho 0123456789abcdef\n")


def arguments(stubs: Path) -> list[str]:
    """What the ``safeload`` of :func:`put_stubs` was given last."""
    return (stubs / "arguments").read_bytes().decode().split("\0")[:-1]


def _put(folder: Path, **commands: str) -> Path:
    folder.mkdir()
    for name, text in commands.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return folder


def run_script(
    command: list[str], folder: Path, variables: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a script with these variables, and nothing of whoever runs the tests but the path."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    return subprocess.run(
        command,
        cwd=folder,
        env=environment | dict(variables),
        capture_output=True,
        text=True,
        check=False,
    )


def unfilled(text: str) -> list[str]:
    """The expressions that a service would put into a text before a shell reads it."""
    return re.findall(r"\$\{\{.*?\}\}|\$\[\[.*?\]\]", text)
