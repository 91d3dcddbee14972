"""Legitimate models, hostile ones and others in a tree, in every container: each its verdict."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from safeload.auditing.run import AuditReport, audit
from safeload.verdict import Verdict
from tests.containers import OF_STREAMS, PACKERS
from tests.legitimate.forms import FORMS
from tests.samples import Sample, samples_made_here
from tests.test_legitimate import NAMES, NOT_DUMPED, legitimate

# A recipe of these takes a second to fit its model.
COSTLY = frozenset(["native", "predicting"])
STREAMS = [form for form in FORMS if form.startswith("pickle-")]


def legitimate_files(folder: Path, count: int) -> Iterator[str]:
    """Write legitimate models in containers.

    Yields:
        The name of each file.
    """
    made = random.Random(0)
    for number in range(count):
        packer = [*PACKERS][number % len(PACKERS)]
        name, form = made.choice(NAMES), made.choice(STREAMS if packer in OF_STREAMS else [*FORMS])
        if (name, form) in NOT_DUMPED:
            form = "pickle-4"
        plain = folder / "plain"
        FORMS[form](legitimate(name).model, plain)
        file = f"{number} {name} {form} {packer}.model"
        (folder / file).write_bytes(PACKERS[packer](plain.read_bytes()))
        plain.unlink()
        yield file


def hostile_files(folder: Path, samples: list[Sample]) -> Iterator[tuple[str, Sample]]:
    """Write samples in containers.

    Yields:
        The name of each file, and the sample in it.
    """
    for number, sample in enumerate(samples):
        data = sample.build(str(folder / "canary"))
        kinds = [name for name in PACKERS if name not in OF_STREAMS or sample.format == "pickle"]
        packer = kinds[number % len(kinds)]
        file = f"{sample.name} in {packer}.model"
        (folder / file).write_bytes(PACKERS[packer](data))
        yield file, sample


def other_files(folder: Path, count: int) -> Iterator[str]:
    """Write files that are not models, under names of other files.

    Yields:
        The name of each file.
    """
    made = random.Random(1)
    words = "the model was trained on data of last year and says what it says".split()
    for number in range(count):
        text = " ".join(made.choices(words, k=30))
        file, content = [
            ("notes.txt", text.encode()),
            ("config.json", json.dumps({"text": text, "number": number}).encode()),
            ("table.csv", "\n".join(text.split()).encode()),
            ("photo.jpg", b"\xff\xd8\xff\xe0" + made.randbytes(500)),
            ("paper.pdf", b"%PDF-1.7\n" + text.encode() + made.randbytes(200)),
            ("main.py", f"import os\nprint({text!r})\n".encode()),
            ("page.html", f"<html><body>{text}</body></html>".encode()),
            ("environment.yml", f"channels:\n- conda-forge\n# {text}\n".encode()),
        ][number % 8]
        (folder / f"{number} {file}").write_bytes(content)
        yield f"{number} {file}"


def verdicts(report: AuditReport) -> dict[str, Verdict]:
    return {Path(file.path).name: file.verdict for file in report.files}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("models", "every", "texts"),
    [(60, 25, 40), pytest.param(1_000, 1, 200, marks=pytest.mark.slow)],
)
def test_each_file_of_a_mixed_tree_has_its_verdict(
    models: int, every: int, texts: int, tmp_path: Path
) -> None:
    chosen = [sample for sample in samples_made_here() if not sample.packs]
    if every > 1:
        chosen = [sample for sample in chosen if sample.directory.parent.name not in COSTLY]
    good = list(legitimate_files(tmp_path, models))
    bad = dict(hostile_files(tmp_path, chosen[::every]))
    others = set(other_files(tmp_path, texts))

    report = audit(tmp_path, jobs=1)
    found = verdicts(report)

    assert {name for name in good if found[name] is not Verdict.ACCEPT} == set()
    # What unpacks to more than the limits allow was not read.
    costly = {
        Path(file.path).name
        for file in report.files
        if {f.rule for f in file.findings} == {"SL002"}
    }
    assert {
        name
        for name, sample in bad.items()
        if found[name] is not Verdict.REFUSE
        if (sample.expect == "refuse" and name not in costly) or found[name] is Verdict.ACCEPT
    } == set()
    assert len(costly) <= len(bad) / 40
    assert {Path(one.path).name for one in report.skipped} == others
    assert len(found) == len(good) + len(bad)
    assert not (tmp_path / "canary").exists()
