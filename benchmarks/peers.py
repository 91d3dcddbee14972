"""What each scanner says of the same files: our malicious samples, and legitimate models.

The samples are written by their recipes, the legitimate models are those of the tests; each tool
is given one file at a time in a folder of its own, by the name that its format has, as a user would
give it. A sample counts where an unprotected load was proven to do harm by the tests (``control``),
in the class of what that load does.

The peers live in an environment of their own (``make bench-peers`` makes it).

Usage: ``python benchmarks/peers.py --peers FOLDER [--into FILE]``, FOLDER having their commands
"""

from __future__ import annotations

import argparse
import io
import json
import re
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import joblib

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.legitimate.composites import COMPOSITES, composite
from tests.legitimate.estimators import ARGUMENTS, estimator
from tests.samples import samples_made_here

__all__ = ["main"]

# By what a file's format is called in a sample.
_SUFFIXES = {"pickle": ".pkl", "joblib": ".joblib", "skops": ".skops", "torch": ".pt"}
_CLASSES = {
    "canary": "runs code when it is loaded",
    "canary later": "runs code when the model is used",
    "crash": "crashes the process",
    "hang": "does not end, or takes all memory",
}
_LEGITIMATE = "legitimate models"
# Of one tool over all files, seconds.
_SECONDS = 3600


def main() -> int:
    """Write the files, ask each tool, print the table."""
    parser = argparse.ArgumentParser(description="What does each scanner say of the same files?")
    parser.add_argument("--peers", required=True, type=Path, help="where their commands are")
    parser.add_argument("--into", type=Path, help="write the table into this file, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        classes = dict(_written(Path(folder)))
        answers = {
            f"safeload {_version([sys.executable, '-m', 'safeload', '--version'])}": _ours(folder),
        }
        for name, ask in _PEERS.items():
            release = _release(options.peers, name)
            answers[f"{name} {release}"] = ask(str(options.peers / name), folder)
    table = _table(classes, answers)
    sys.stdout.write(table)
    if options.into is not None:
        options.into.write_text(table, "utf-8")
    return 0


def _written(folder: Path) -> Iterator[tuple[str, str]]:
    """Write every file; yield its name and its class."""
    for sample in samples_made_here():
        suffix = _SUFFIXES.get(sample.format)
        if suffix is None or not sample.is_live_here() or sample.packs:
            continue
        name = f"{sample.name}{suffix}"
        (folder / name).write_bytes(sample.build("/tmp/canary"))
        later = " later" if sample.then and sample.effect == "canary" else ""
        yield name, _CLASSES[sample.effect + later]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for kind, names, make in (
            ("estimator", ARGUMENTS, estimator),
            ("composite", COMPOSITES, composite),
        ):
            for each in sorted(names):
                name = f"legitimate-{kind}-{re.sub(r'[^A-Za-z0-9]+', '-', each)}.joblib"
                data = io.BytesIO()
                joblib.dump(make(each).model, data)
                (folder / name).write_bytes(data.getvalue())
                yield name, _LEGITIMATE


# -- the tools -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """The names of files that a tool flags, and of those that it says it did not read in full."""

    flagged: set[str]
    unread: set[str]


def _ours(folder: str) -> Answer:
    words = [sys.executable, "-m", "safeload", "audit", folder, "--format", "json", "--no-cache"]
    files = json.loads(_run(words))["files"]
    refused, unread = (
        {Path(file["path"]).name for file in files if file["verdict"] == verdict}
        for verdict in ("refuse", "incomplete")
    )
    return Answer(refused, unread)


def _picklescan(command: str, folder: str) -> Answer:
    said = _run([command, "--path", folder])
    found = re.findall(r"^(/\S+): .* FOUND$", said, re.MULTILINE)
    unread = re.findall(r"^ERROR: .*?(/\S+?):? .*$", said, re.MULTILINE)
    return Answer(_names(found), _names(unread))


def _modelscan(command: str, folder: str) -> Answer:
    report = Path(folder).with_suffix(".modelscan.json")
    _run([command, "scan", "--path", folder, "--reporting-format", "json", "-o", str(report)])
    said = json.loads(report.read_text("utf-8"))
    report.unlink()
    read = _names(said["summary"]["scanned"]["scanned_files"])
    failed = _names(error.get("source", "") for error in said["errors"])
    every = {path.name for path in Path(folder).iterdir()}
    return Answer(_names(issue["source"] for issue in said["issues"]), (every - read) | failed)


def _hayward(command: str, folder: str) -> Answer:
    report = json.loads(_run([command, "scan", folder, "--format", "json"]))
    # What ends its command with an error by default.
    grave = [each for each in report["findings"] if each["severity"] in {"critical", "high"}]
    return Answer(_names(each["file"] for each in grave), _names(report["coverage_gaps"]))


def _names(paths: Iterable[str]) -> set[str]:
    return {Path(path).name for path in paths}


def _fickling(command: str, folder: str) -> Answer:
    """Through its own function, as its command takes one file and a second for it."""
    python = Path(command).with_name("python")
    done = _run([str(python), "-c", _ASK_FICKLING, folder])
    flagged, unread = json.loads(done.splitlines()[-1])
    return Answer(set(flagged), set(unread))


_ASK_FICKLING = """
import json, pathlib, sys
import fickling
flagged, unread = [], []
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    try:
        if not fickling.is_likely_safe(str(path)):
            flagged.append(path.name)
    except BaseException:
        unread.append(path.name)
print(json.dumps([flagged, unread]))
"""
_PEERS: dict[str, Callable[[str, str], Answer]] = {
    "picklescan": _picklescan,
    "modelscan": _modelscan,
    "fickling": _fickling,
    "hayward": _hayward,
}


def _run(words: list[str]) -> str:
    """What a command prints, whatever it thinks of the files."""
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=_SECONDS)
    return done.stdout


def _version(words: list[str]) -> str:
    return _run(words).split()[-1]


def _release(folder: Path, name: str) -> str:
    asked = f"from importlib.metadata import version; print(version({name!r}))"
    return _run([str(folder / "python"), "-c", asked]).strip()


# -- the table -------------------------------------------------------------------------------------


def _table(classes: dict[str, str], answers: dict[str, Answer]) -> str:
    """A row for each class of files, a column for each tool: how many it flags + did not read."""
    sizes = Counter(classes.values())
    lines = [
        f"| what the file does | files | {' | '.join(answers)} |",
        f"|---|---:|{'---:|' * len(answers)}",
    ]
    for each in [*_CLASSES.values(), _LEGITIMATE]:
        files = {name for name, of in classes.items() if of == each}
        counts = " | ".join(_counted(files, answer) for answer in answers.values())
        lines.append(f"| {each} | {sizes[each]} | {counts} |")
    return "\n".join(lines) + "\n"


def _counted(files: set[str], answer: Answer) -> str:
    unread = len(files & (answer.unread - answer.flagged))
    return str(len(files & answer.flagged)) + (f" + {unread}" if unread else "")


if __name__ == "__main__":
    sys.exit(main())
