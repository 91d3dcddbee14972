"""What do other tools say of a file? Their findings are added to ours, and take none away.

fickling looks at the programs as safeload understood them. ClamAV's ``clamscan``, where it is
installed, looks at the files by itself, after the audit: should one have been replaced meanwhile,
it speaks of the other.

Trust: what a tool prints holds names that an attacker may have chosen; it is escaped, and believed
only to add a finding to a file that is in the report.
Source: clamscan(1), exit status and output; fickling's ``Analyzer``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from safeload.errors import printable
from safeload.report.decompiled import decompile
from safeload.scan.contents import joined, parts
from safeload.scan.program import Scan
from safeload.verdict import FileReport, Finding, verdict_of

__all__ = ["doubts_of", "with_findings", "with_viruses"]

_VIRUS = "SL501"
_PROGRAM = "clamscan"
# One found something, two had an error; both say what they found.
_ANSWERS = frozenset([0, 1, 2])
_ENDING = " FOUND"


def doubts_of(scanned: Scan, allowed: frozenset[str]) -> Iterator[Finding]:
    """What fickling says of the programs of a file.

    Args:
        scanned: The file, with its members.
        allowed: Globals (``"module.name"``) that the policy allows; no doubt is about their names.

    Yields:
        Notes, which leave the verdict as it is.
    """
    for path, part in parts(scanned):
        for program in part.programs:
            if program.code:
                for doubt in decompile(program, allowed=allowed, lines=0).doubts:
                    yield replace(doubt, member=joined(path, doubt.member))


def with_findings(report: FileReport, findings: Iterable[Finding]) -> FileReport:
    """A report with further findings.

    Args:
        report: The report.
        findings: What is added to it.
    """
    every = (*report.findings, *findings)
    return replace(report, findings=every, verdict=verdict_of(every))


def with_viruses(files: list[FileReport]) -> tuple[list[FileReport], str]:
    """Reports with what ClamAV finds in their files.

    Args:
        files: The reports; the files are read again.

    Returns:
        The reports, and why ClamAV was not asked or did not answer, a sentence or nothing.
    """
    program = shutil.which(_PROGRAM)
    if program is None:
        return files, "No second opinion of ClamAV: clamscan is not installed."
    places = [str(Path(file.path).absolute()) for file in files]
    found, problem = _ask(program, [place for place in places if _is_listable(place)])
    return [
        with_findings(file, _viruses(found.get(place, ())))
        for file, place in zip(files, places, strict=True)
    ], problem


def _is_listable(place: str) -> bool:
    """Whether a list of files, one a line, can name a file."""
    # Path.is_file() raises on a name that is too long.
    return "\n" not in place and os.path.isfile(place)  # noqa: PTH113


def _viruses(names: Iterable[str]) -> Iterator[Finding]:
    for name in names:
        yield Finding(_VIRUS, f"ClamAV finds {printable(name)}.")


def _ask(program: str, paths: list[str]) -> tuple[Mapping[str, list[str]], str]:
    """What is found in each file, and why there is no answer."""
    if not paths:
        return {}, ""
    with tempfile.TemporaryDirectory() as folder:
        listing = Path(folder) / "files"
        listing.write_bytes(b"".join(os.fsencode(path) + b"\n" for path in paths))
        command = [program, "--no-summary", "--infected", "--stdout", f"--file-list={listing}"]
        try:
            done = subprocess.run(  # noqa: S603  # the program is the machine's own
                command, stdin=subprocess.DEVNULL, capture_output=True, check=False
            )
        except OSError as error:
            return {}, f"No second opinion of ClamAV: {error.strerror}."
    found = _parsed(os.fsdecode(done.stdout), frozenset(paths))
    if done.returncode == 0 or (done.returncode in _ANSWERS and found):
        return found, ""
    last = printable(os.fsdecode(done.stderr).strip().rpartition("\n")[2])
    return found, f"No second opinion of ClamAV: {last or f'it ended with {done.returncode}'}."


def _parsed(output: str, paths: frozenset[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in output.split("\n"):
        if line.endswith(_ENDING):
            path, _, name = line.removesuffix(_ENDING).rpartition(": ")
            if path in paths:
                found.setdefault(path, []).append(name)
    return found
