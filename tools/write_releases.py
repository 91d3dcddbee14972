"""Write models with old releases: ``python tools/write_releases.py --into .releases``.

Builds one environment for each combination of releases below, in the folder that is given, and runs
``tools/zoo/write.py`` in it, or ``old_python.py`` beside it where Python is older than 3.7. What a
combination wrote lies in ``FOLDER/files/NAME``; the tests of ``tests/test_releases.py`` scan and
load all of it. Environments and files that are there already are kept.

Old releases have wheels for old Pythons only. An interpreter is looked for as ``python3.8`` and so
on on the PATH, and where pyenv keeps them; ``--python`` names further ones. A combination for which
none is found is skipped, and said to be.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ZOO = ROOT / "tools" / "zoo" / "write.py"
OLD_ZOO = ROOT / "tools" / "zoo" / "old_python.py"
# Pythons that the zoo is not written for, and the tool that makes environments for the oldest.
OLD_PYTHONS = ("2.7", "3.6")
VIRTUALENV = "virtualenv<20.22"
DEFAULT = ROOT / ".releases"
_VERSION = re.compile(r"2\.7|3\.[0-9]+")


@dataclass(frozen=True)
class Combination:
    """Releases that are installed together.

    Attributes:
        name: Name of its environment and of the folder with its files.
        pythons: Minor versions of Python that all of them have wheels for, the preferred first.
        requirements: What pip installs.
    """

    name: str
    pythons: tuple[str, ...]
    requirements: tuple[str, ...]


COMBINATIONS = (
    Combination(
        "python-2.7",
        ("2.7",),
        (
            "scikit-learn==0.20.4",
            "numpy==1.16.6",
            "scipy==1.2.3",
            "joblib==0.14.1",
            "pandas==0.24.2",
        ),
    ),
    Combination(
        "scikit-learn-0.20-numpy-1.16",
        ("3.6", "3.7"),
        (
            "scikit-learn==0.20.4",
            "numpy==1.16.6",
            "scipy==1.2.3",
            "joblib==0.13.2",
            "pandas==0.24.2",
        ),
    ),
    Combination(
        "scikit-learn-0.21-numpy-1.17",
        ("3.7",),
        (
            "scikit-learn==0.21.3",
            "numpy==1.17.5",
            "scipy==1.3.3",
            "joblib==0.14.1",
            "pandas==0.25.3",
        ),
    ),
    Combination(
        "scikit-learn-0.22-numpy-1.18",
        ("3.7", "3.8"),
        (
            "scikit-learn==0.22.2.post1",
            "numpy==1.18.5",
            "scipy==1.4.1",
            "joblib==0.15.1",
            "pandas==1.0.5",
        ),
    ),
    Combination(
        "scikit-learn-0.23-numpy-1.19",
        ("3.7", "3.8"),
        (
            "scikit-learn==0.23.2",
            "numpy==1.19.5",
            "scipy==1.5.4",
            "joblib==0.17.0",
            "pandas==1.1.5",
        ),
    ),
    Combination(
        "scikit-learn-0.24-numpy-1.20",
        ("3.8", "3.9"),
        ("scikit-learn==0.24.2", "numpy==1.20.3", "scipy==1.6.3", "joblib==1.0.1", "pandas==1.2.5"),
    ),
    Combination(
        "scikit-learn-1.0-numpy-1.21",
        ("3.9", "3.10"),
        ("scikit-learn==1.0.2", "numpy==1.21.6", "scipy==1.7.3", "joblib==1.1.1", "pandas==1.3.5"),
    ),
    Combination(
        "scikit-learn-1.1-numpy-1.22",
        ("3.9", "3.10"),
        ("scikit-learn==1.1.3", "numpy==1.22.4", "scipy==1.8.1", "joblib==1.1.1", "pandas==1.4.4"),
    ),
    Combination(
        "scikit-learn-1.2-numpy-1.23",
        ("3.8", "3.9", "3.10", "3.11"),
        ("scikit-learn==1.2.2", "numpy==1.23.5", "scipy==1.9.3", "joblib==1.2.0", "pandas==1.5.3"),
    ),
    Combination(
        "scikit-learn-1.2-numpy-1.26",
        ("3.11", "3.10", "3.9"),
        ("scikit-learn==1.2.2", "numpy==1.26.4", "scipy==1.10.1", "joblib==1.2.0", "pandas==2.1.4"),
    ),
    Combination(
        "scikit-learn-1.3-numpy-1.23",
        ("3.9", "3.10", "3.11"),
        ("scikit-learn==1.3.2", "numpy==1.23.5", "scipy==1.11.4", "joblib==1.3.2", "pandas==2.0.3"),
    ),
    Combination(
        "scikit-learn-1.3-numpy-1.26",
        ("3.12", "3.11", "3.10", "3.9"),
        ("scikit-learn==1.3.2", "numpy==1.26.4", "scipy==1.12.0", "joblib==1.3.2", "pandas==2.1.4"),
    ),
    Combination(
        "scikit-learn-1.5-numpy-1.26",
        ("3.10", "3.11", "3.12", "3.9"),
        ("scikit-learn==1.5.2", "numpy==1.26.4", "scipy==1.13.1", "joblib==1.4.2", "pandas==2.2.3"),
    ),
    Combination(
        "scikit-learn-1.5-numpy-2.0",
        ("3.12", "3.11", "3.10"),
        ("scikit-learn==1.5.2", "numpy==2.0.2", "scipy==1.14.1", "joblib==1.4.2", "pandas==2.2.3"),
    ),
    Combination(
        "scikit-learn-1.7-numpy-1.26",
        ("3.10", "3.11", "3.12"),
        ("scikit-learn==1.7.2", "numpy==1.26.4", "scipy==1.15.3", "joblib==1.5.3", "pandas==2.2.3"),
    ),
    Combination(
        "scikit-learn-1.7-numpy-2.3",
        ("3.11", "3.12", "3.13"),
        ("scikit-learn==1.7.2", "numpy==2.3.5", "scipy==1.16.3", "joblib==1.5.3", "pandas==2.3.3"),
    ),
    Combination(
        "newest",
        ("3.14", "3.13", "3.12", "3.11"),
        ("scikit-learn", "numpy", "scipy", "joblib", "pandas"),
    ),
)


def interpreters(given: Iterable[str]) -> dict[str, str]:
    """Interpreters by minor version: given, on the PATH, of pyenv, or this one, in that order.

    Args:
        given: Paths of interpreters.
    """
    wanted = sorted({python for each in COMBINATIONS for python in each.pythons})
    on_path = [path for python in wanted if (path := shutil.which(f"python{python}"))]
    of_pyenv = sorted(map(str, Path.home().glob(".pyenv/versions/*/bin/python")), reverse=True)
    found: dict[str, str] = {}
    for path in (*given, *on_path, *of_pyenv, sys.executable):
        # Python 2 has no venv.
        check = (
            "import sys; sys.version_info > (3,) and __import__('venv') and __import__('ensurepip')"
        )
        command = [path, "-c", f"{check}; print('%d.%d' % sys.version_info[:2])"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        except OSError:
            continue
        # A name on the PATH may be no more than a signpost to what is not there.
        if done.returncode == 0 and _VERSION.fullmatch(done.stdout.strip()):
            found.setdefault(done.stdout.strip(), path)
    return found


def build(combination: Combination, python: str, folder: Path) -> Path:
    """Make an environment, unless it is there.

    Args:
        combination: What is installed in it.
        python: The interpreter.
        folder: Where it is made.

    Returns:
        The environment's interpreter.

    Raises:
        subprocess.CalledProcessError: It cannot be made.
    """
    binary = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    stamp = folder / "installed.txt"
    wanted = "\n".join(combination.requirements)
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return binary
    if combination.pythons == ("2.7",):
        _virtualenv(python, folder)
    else:
        subprocess.run([python, "-m", "venv", "--clear", str(folder)], check=True)  # noqa: S603
    install = ["-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    command = [str(binary), *install, "--only-binary", ":all:", *combination.requirements]
    subprocess.run(command, check=True)  # noqa: S603
    stamp.write_text(wanted, encoding="utf-8")
    return binary


def _virtualenv(python: str, folder: Path) -> None:
    """Make an environment for a Python without ``venv``, by a tool in one of its own."""
    tool = folder.with_name(f"{folder.name}-tool")
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(tool)], check=True)  # noqa: S603
    binary = str(tool / ("Scripts" if sys.platform == "win32" else "bin") / "python")
    pip = [binary, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    subprocess.run([*pip, VIRTUALENV, "setuptools<81"], check=True)  # noqa: S603
    make = [binary, "-m", "virtualenv", "--quiet", "--clear", "--python", python, str(folder)]
    subprocess.run(make, check=True)  # noqa: S603


def write(
    combination: Combination, found: Mapping[str, str], into: Path, *, again: bool
) -> str | None:
    """Write what one combination of releases writes.

    Args:
        combination: The releases.
        found: Interpreters by minor version.
        into: The folder of all environments and files.
        again: Whether to write files that are there already.

    Returns:
        Why it was skipped, or None.

    Raises:
        subprocess.CalledProcessError: An environment cannot be made, or the zoo fails in it.
    """
    files = into / "files" / combination.name
    if (files / "index.json").exists() and not again:
        sys.stdout.write(f"{combination.name}: kept\n")
        return None
    version = next((each for each in combination.pythons if each in found), None)
    if version is None:
        return f"no Python {', '.join(combination.pythons)}"
    binary = build(combination, found[version], into / "environments" / combination.name)
    zoo = OLD_ZOO if version in OLD_PYTHONS else ZOO
    shutil.rmtree(files, ignore_errors=True)
    sys.stdout.write(f"{combination.name}: ")
    sys.stdout.flush()
    subprocess.run([str(binary), "-W", "ignore", str(zoo), str(files)], check=True)  # noqa: S603
    return None


def main() -> int:
    """Run the script.

    Returns:
        0; 1 where something failed. What is skipped for want of a Python is no failure.
    """
    parser = argparse.ArgumentParser(description="Write models with old releases.")
    parser.add_argument(
        "--into", type=Path, default=DEFAULT, help="where environments and files go"
    )
    parser.add_argument("--python", action="append", default=[], help="an interpreter; repeatable")
    parser.add_argument("--only", action="append", help="a combination's name; repeatable")
    parser.add_argument("--again", action="store_true", help="write files that are there already")
    options = parser.parse_args()
    found = interpreters(options.python)
    sys.stdout.write(f"Pythons found: {', '.join(sorted(found)) or 'none'}\n")
    failed = False
    for combination in COMBINATIONS:
        if options.only and combination.name not in options.only:
            continue
        try:
            skipped = write(combination, found, options.into.resolve(), again=options.again)
        except subprocess.CalledProcessError as error:
            skipped, failed = f"failed: {error}", True
        if skipped:
            sys.stdout.write(f"{combination.name}: SKIPPED, {skipped}\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
