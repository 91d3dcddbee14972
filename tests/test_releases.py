"""What old releases really wrote: every file is accepted, and loads wherever it can be loaded.

``make releases`` writes the files, with a few thousand for each combination of releases, and runs
these tests. Where there are none, there is nothing to test.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest
import sklearn

from tests.released import ROOT, Outcome, files, outcomes, versions

# Where ``tools/write_releases.py`` wrote.
FOLDER = Path(os.environ.get("SAFELOAD_RELEASES", ROOT / ".releases")) / "files"
FOLDERS = sorted(index.parent for index in FOLDER.glob("*/index.json"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FOLDERS, reason="'make releases' has not been run"),
]
each_folder = pytest.mark.parametrize(
    "folder",
    [
        # One worker scans and loads a folder for all tests that ask about it.
        pytest.param(folder, id=folder.name, marks=pytest.mark.xdist_group(folder.name))
        for folder in FOLDERS
    ],
)

# Models that answer otherwise under the installed releases, by object and method, and why.
ANSWERS_OTHERWISE: dict[tuple[str, str], str] = {}


@cache
def of(folder: Path) -> list[Outcome]:
    return list(outcomes(folder))


def minor(release: str) -> list[str]:
    return release.split(".")[:2]


@each_folder
def test_every_file_is_accepted(folder: Path) -> None:
    refused = {each.file: each.findings for each in of(folder) if each.verdict != "accept"}

    assert refused == {}
    assert len(of(folder)) == len(files(folder)) > 1_000


@each_folder
def test_what_does_not_load_is_an_error_of_loading(folder: Path) -> None:
    other = {each.file: each.error for each in of(folder) if each.error}

    assert [file for file, error in other.items() if error[0] != "LoadError"] == []


@each_folder
def test_what_the_plain_loader_loads_is_loaded_and_answers_alike(folder: Path) -> None:
    loaded = [each for each in of(folder) if each.plain is None]

    assert [(each.file, each.error) for each in loaded if each.error] == []
    assert [(each.file, each.unlike_plain) for each in loaded if each.unlike_plain] == []
    assert len(loaded) > len(files(folder)) / 3


@each_folder
def test_what_loads_answers_as_in_the_release_that_wrote_it(folder: Path) -> None:
    named = {each["file"]: each["object"] for each in files(folder)}
    otherwise = {
        (named[each.file], method) for each in of(folder) for method in each.unlike_written
    }

    assert otherwise - set(ANSWERS_OTHERWISE) == set()


@each_folder
def test_a_model_of_another_minor_release_says_so(folder: Path) -> None:
    wrote = versions(folder)["scikit-learn"]
    models = {each["file"] for each in files(folder) if each["data"] is not None}
    said = f"The model was written by scikit-learn {wrote}; installed is {sklearn.__version__}."
    expected = [] if minor(wrote) == minor(sklearn.__version__) else [said]

    for each in of(folder):
        if each.file not in models:
            continue
        if each.error is None:
            assert each.warned == expected, each.file
        elif expected and each.error[1] in ("missing-name", "load-failed"):
            assert each.error[2].endswith(said), each.file
