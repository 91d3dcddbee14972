"""Which estimators of scikit-learn come into ONNX, and how near to their own predictions?

``python -m tests.with_onnx.table`` measures it and writes the table of docs/convert.md anew.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from safeload.converting.comparing import Tolerance, compare
from safeload.converting.onnx import check_onnx
from safeload.errors import LoadError
from safeload.isolation.session import Session
from safeload.isolation.written import written
from safeload.limits import Limits
from tests.legitimate import estimators

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "convert.md"
BEGIN, END = "<!-- onnx: begin -->\n", "<!-- onnx: end -->"
_METHODS = ("predict", "predict_proba", "decision_function", "score_samples", "transform")


class _Called:
    """What the comparison asks of an isolated model, of one that is here."""

    def __init__(self, model: Any) -> None:
        self.methods = tuple(name for name in _METHODS if hasattr(model, name))
        for name in self.methods:
            setattr(self, name, getattr(model, name))


def outcome_of(name: str) -> str:
    """What becomes of an estimator: ``"no"``, ``"differs"``, or methods with their difference."""
    legitimate = estimators.estimator(name)
    model: Any = _Called(legitimate.model)
    why = "no"
    for single in (False, True):
        try:
            data = written(
                legitimate.model, "onnx", compress=0, sample=legitimate.data, single=single
            )
            check_onnx(data, Limits())
            other: Any = _Called(Session(data))
            found = compare(model, other, legitimate.data, Tolerance.of("onnx", None))
        except LoadError as error:
            why = {"predictions-differ": "differs", "nothing-compared": "no"}.get(error.code, why)
        except Exception:  # noqa: BLE001  # what onnxruntime raises for rows that it cannot take
            continue
        else:
            return ", ".join(
                f"{method} {'equal' if not apart else f'{apart:.0e}'}"
                for method, apart in found.items()
            )
    return why


def measured() -> dict[str, str]:
    """The outcomes, by estimator."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {name: outcome_of(name) for name in estimators.names()}


def as_table(outcomes: dict[str, str]) -> str:
    """The table of the document."""
    rows = ["| estimator | compared; largest difference |\n|---|---|\n"]
    rows += [
        f"| `{name}` | {outcome} |\n"
        for name, outcome in outcomes.items()
        if outcome not in ("no", "differs")
    ]
    for word, said in (("differs", "Converted, but predicting otherwise"), ("no", "Not converted")):
        names = ", ".join(f"`{name}`" for name, outcome in outcomes.items() if outcome == word)
        rows.append(f"\n{said}: {names}.\n")
    return "".join(rows)


def main() -> None:
    """Write the table."""
    text = DOCUMENT.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{BEGIN}{as_table(measured())}{end}{after}", "utf-8")


if __name__ == "__main__":
    main()
