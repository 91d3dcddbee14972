"""What old releases really wrote: every file is accepted, and loads wherever it can be loaded.

``make releases`` writes the files, with a few thousand for each combination of releases, and runs
these tests. Where there are none, there is nothing to test.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import NamedTuple

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


class Otherwise(NamedTuple):
    """Models that load without an error and answer otherwise, which is why versions are compared.

    Attributes:
        until: The last minor release of scikit-learn that wrote them so.
        reason: What has changed since.
        objects: The models.
    """

    until: tuple[int, int]
    reason: str
    objects: str


OTHERWISE = (
    Otherwise(
        (1, 3),
        "trees that classify held counts, and hold fractions: probabilities exceed one",
        """
        AdaBoostClassifier BaggingClassifier DecisionTreeClassifier ExtraTreeClassifier
        ExtraTreesClassifier RandomForestClassifier StackingClassifier boosted_trees
        columns_by_dtype forest_of_several_targets forest_with_weights halving_search
        random_search_of_forest stacking tree_with_pruning voting
        """,
    ),
    Otherwise(
        (1, 3),
        "the weights of terms were a matrix, and are a vector: they are left out",
        """
        TfidfTransformer TfidfVectorizer characters_and_linear_svc columns_by_dtype
        latent_semantics text_and_numbers tfidf_and_logistic_regression
        """,
    ),
    Otherwise(
        (1, 3),
        "coefficients were not scaled, and are: predictions are off",
        "CCA PLSCanonical PLSRegression",
    ),
    Otherwise(
        (1, 5),
        "boosting by probabilities is gone: predictions are those of another algorithm",
        "AdaBoostClassifier boosted_trees",
    ),
)


@cache
def of(folder: Path) -> list[Outcome]:
    return list(outcomes(folder))


def minor(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split(".")[:2])


def answering_otherwise(release: str) -> set[str]:
    """The models of a release of scikit-learn that are known to answer otherwise today."""
    return {
        name
        for known in OTHERWISE
        if minor(release) <= known.until
        for name in known.objects.split()
    }


def is_older(folder: Path) -> bool:
    """Whether a folder is of a release before 1.2, of which less is asked."""
    return minor(versions(folder)["scikit-learn"]) < (1, 2)


# Part of the files of older releases that may be refused: searches of 0.22 and 0.23 do not say how
# wide their data is, and tables of old pandas are made otherwise.
REFUSED = 0.15


@each_folder
def test_every_file_is_accepted(folder: Path) -> None:
    refused = {each.file: each.findings for each in of(folder) if each.verdict != "accept"}

    if is_older(folder):
        assert len(refused) < REFUSED * len(files(folder))
        assert {each.verdict for each in of(folder)} <= {"accept", "refuse"}
    else:
        assert refused == {}
    assert len(of(folder)) == len(files(folder)) > 1_000


@each_folder
def test_what_does_not_load_is_an_error_of_loading(folder: Path) -> None:
    accepted = [each for each in of(folder) if each.verdict == "accept"]
    other = {each.file: each.error for each in accepted if each.error}

    assert [file for file, error in other.items() if error[0] != "LoadError"] == []


@each_folder
def test_what_the_plain_loader_loads_is_loaded_and_answers_alike(folder: Path) -> None:
    loaded = [each for each in of(folder) if each.plain is None and each.verdict == "accept"]

    assert [(each.file, each.error) for each in loaded if each.error] == []
    assert [(each.file, each.unlike_plain) for each in loaded if each.unlike_plain] == []
    assert is_older(folder) or len(loaded) > len(files(folder)) / 3


@each_folder
def test_what_loads_answers_as_in_the_release_that_wrote_it(folder: Path) -> None:
    if is_older(folder):
        pytest.skip("nobody promises that a release so old answers alike")
    named = {each["file"]: each["object"] for each in files(folder)}
    otherwise = {
        named[each.file]: each.unlike_written for each in of(folder) if each.unlike_written
    }
    known = answering_otherwise(versions(folder)["scikit-learn"])

    assert {name: methods for name, methods in otherwise.items() if name not in known} == {}


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
