"""The ``git`` command is asked a question, and runs nothing that a repository names.

No hook, file system monitor, filter, remote or helper of a repository is run: questions that could
lead there are asked of a repository of our own (:mod:`.snapshot`), the others with what could lead
there switched off. Who owns a repository is looked at by git itself, as ``safe.directory`` says.

Trust: a repository is hostile, its configuration too. The user's own configuration and environment
are not, but what a hook or alias sets in the environment is about another question.
Source: git(1), git-config(1), protected configuration; gitprotocol, ``GIT_ALLOW_PROTOCOL``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from safeload.errors import UsageError, printable

__all__ = ["answer", "ask", "failure", "question"]

# Seconds; nothing that is asked takes so long, but a pipe in the place of a file has no end.
_PATIENCE = 1_800
# Of what begins with GIT_, the only ones that are about the user and not about some repository.
_KEPT = ("GIT_CEILING_DIRECTORIES", "GIT_CONFIG_", "GIT_DISCOVERY_ACROSS_FILESYSTEM", "GIT_EXEC_")
_FIXED = {
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    # Pathspecs are names, and messages are those that are looked for.
    "GIT_LITERAL_PATHSPECS": "1",
    "LC_ALL": "C",
}
_SWITCHED_OFF = (
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    "protocol.allow=never",
    # No folder of a work tree passes for a repository.
    "safe.bareRepository=explicit",
)
_OWNER = b"dubious ownership"


def question(
    *words: str, folder: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run git.

    Args:
        *words: The command and its arguments.
        folder: Where to run it.
        environment: Variables that are set as well, in place of the user's own configuration.

    Returns:
        How it ended, and what it wrote.

    Raises:
        UsageError: There is no git (``git-missing``), or it does not end (``git-failed``).
    """
    program = _program()
    if program is None:
        raise UsageError(
            "What changed is asked of the git command, and there is none.",
            code="git-missing",
            hint="Install git, or leave out what git is asked for (--changed-since).",
        )
    switches = [word for setting in _SWITCHED_OFF for word in ("-c", setting)]
    try:
        return subprocess.run(  # noqa: S603  # the program is the machine's own
            [program, "--no-pager", *switches, *words],
            cwd=folder,
            env=_environment() if environment is None else {**_bare(), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_PATIENCE,
        )
    except OSError as error:
        raise failure(error.strerror or "it cannot be run") from error
    except subprocess.TimeoutExpired as error:
        raise failure("it does not end") from error


def ask(
    *words: str,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    codes: frozenset[int] = frozenset([0]),
) -> bytes:
    """Run git, and take what it answers.

    Args:
        *words: As for :func:`question`.
        folder: As for :func:`question`.
        environment: As for :func:`question`.
        codes: Exit codes with which it answers.

    Raises:
        UsageError: It does not answer (``git-failed``), or somebody else owns the repository
            (``repository-owner``); or as :func:`question`.
    """
    return answer(question(*words, folder=folder, environment=environment), codes)


def answer(
    done: subprocess.CompletedProcess[bytes], codes: frozenset[int] = frozenset([0])
) -> bytes:
    """Take what git answers.

    Args:
        done: How it ended.
        codes: Exit codes with which it answers.

    Raises:
        UsageError: As for :func:`ask`.
    """
    if _OWNER in done.stderr:
        raise UsageError(
            "The repository belongs to another user, so git does not read it.",
            code="repository-owner",
            hint="If you trust its owner: git config --global --add safe.directory FOLDER.",
        )
    if done.returncode not in codes:
        lines = os.fsdecode(done.stderr).strip().splitlines()
        raise failure(lines[-1] if lines else f"it ended with {done.returncode}")
    return done.stdout


def failure(reason: str) -> UsageError:
    """The error for a question that git does not answer.

    Args:
        reason: What it says, as it says it.
    """
    return UsageError(
        f"git does not say what changed: {printable(reason)}.",
        code="git-failed",
        hint="git 2.31 or later is needed; 'git status' in that folder may say more.",
    )


def _program() -> str | None:
    """The program by its absolute path: never one that lies in the folder that is asked about."""
    path = [entry for entry in os.get_exec_path() if Path(entry).is_absolute()]
    found = shutil.which("git", path=os.pathsep.join(path))
    return found if found is not None and Path(found).is_absolute() else None


def _environment() -> dict[str, str]:
    """The user's environment without what is about another question."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith("GIT_") or name.upper().startswith(_KEPT)
    }
    return {**kept, **_FIXED}


def _bare() -> dict[str, str]:
    """The same without any configuration."""
    kept = {
        name: value for name, value in _environment().items() if not name.startswith("GIT_CONFIG")
    }
    return {**kept, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
